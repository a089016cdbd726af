/* Where our files lie (RUN). Refuses a directory that anybody else could write. */
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "strbuf.h"

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static bool
name_rundir(char *path, size_t size)
{
	const char *directory = variable("SSHIM_DIR");
	const char *runtime = variable("XDG_RUNTIME_DIR");
	char digits[NUMBER_SIZE];
	bool fits;

	if (directory != NULL)
		fits = join(path, size, directory, NULL);
	else if (runtime != NULL)
		fits = join(path, size, runtime, "/sshim", NULL);
	else
		fits = join(path, size, variable("CI") != NULL ? "/dev/shm" : "/tmp", "/sshim-",
		    number(geteuid(), 1, digits), NULL);
	return fits && path[0] == '/' && path[1] != '\0';
}

/* true: RUN is there, ours alone, and open; made where it was missing. */
bool
open_rundir(struct rundir *rundir)
{
	struct stat st;

	if (geteuid() != getuid() || !name_rundir(rundir->path, sizeof(rundir->path)))
		return false;
	rundir->fd = open(rundir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rundir->fd < 0 && errno == ENOENT && mkdir(rundir->path, 0700) == 0)
		rundir->fd = open(rundir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	else if (rundir->fd < 0 && errno == EEXIST) /* somebody else made it in between */
		rundir->fd = open(rundir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rundir->fd < 0)
		return false;
	if (fstat(rundir->fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return true;
	/* Not ours alone: nothing is read from there, and not even the journal is written there. */
	(void)close(rundir->fd);
	rundir->fd = -1;
	return false;
}
