/* Where our files lie (RUN) and what the caller asks (the question). Refuses a directory that
 * anybody else could write. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "front.h"
#include "text.h"

extern char **environ;

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static bool
name_place(char *path, size_t size)
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
open_place(struct front *front)
{
	struct place *place = &front->place;
	struct stat st;

	if (geteuid() != getuid() || !name_place(place->path, sizeof(place->path)))
		return false;
	place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place->fd < 0 && errno == ENOENT && mkdir(place->path, 0700) == 0)
		place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	else if (place->fd < 0 && errno == EEXIST) /* somebody else made it in between */
		place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place->fd < 0)
		return false;
	if (fstat(place->fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return true;
	/* Not ours alone: nothing is read from there, and not even the journal is written there. */
	(void)close(place->fd);
	place->fd = -1;
	return false;
}

static bool
append(struct front *front, const char *word)
{
	if (front->question_length > 0) {
		if (front->question_length + 1 >= sizeof(front->question))
			return false;
		front->question[front->question_length++] = ' ';
	}
	return append_word(front->question, sizeof(front->question), &front->question_length, word);
}

static bool
steers_us(const char *entry)
{
	if (strncmp(entry, "SSHIM", 5) != 0 || (entry[5] != '=' && entry[5] != '_'))
		return false;
	return strncmp(entry, "SSHIM_RAW_", 10) != 0 && !is_mark(entry);
}

static const char *
next_setting(const char *last)
{
	const char *next = NULL;

	for (char **entry = environ; *entry != NULL; entry++)
		if (steers_us(*entry) && strcmp(*entry, last) > 0 &&
		    (next == NULL || strcmp(*entry, next) < 0))
			next = *entry;
	return next;
}

/* The network namespace (`ip netns exec`, `unshare -n`): an address is another machine there. */
static bool
append_network(struct front *front)
{
	char word[NUMBER_SIZE + 8], digits[NUMBER_SIZE];
	struct stat st;

	if (stat("/proc/self/ns/net", &st) != 0)
		return true;
	return join(word, sizeof(word), "network=", number((uint64_t)st.st_ino, 1, digits), NULL) &&
	    append(front, word);
}

/* ssh joins the words: with nothing in them they are no command. */
bool
gives_command(const struct front *front)
{
	int words = front->argc - front->walk.command;

	return words > 1 || (words == 1 && front->argv[front->walk.command][0] != '\0');
}

/* false: too long, or not UTF-8, which must not travel through the control plane. */
bool
write_question(struct front *front)
{
	static const char *const first[] = { "HOME=", "SSH_AUTH_SOCK=", NULL };

	if (!append(front, "1") || !append(front, gives_command(front) ? "command=1" : "command=0"))
		return false;
	for (int i = 0; first[i] != NULL; i++)
		for (char **entry = environ; *entry != NULL; entry++)
			if (strncmp(*entry, first[i], strlen(first[i])) == 0 &&
			    !append(front, *entry))
				return false;
	if (!append_network(front))
		return false;
	/* In the order of their bytes: a script between two of us may turn them round. */
	for (const char *last = "", *next; (next = next_setting(last)) != NULL; last = next)
		if (!append(front, next))
			return false;
	if (!append(front, "--"))
		return false;
	for (int i = 1; i < front->walk.command; i++)
		if (!valid_utf8(front->argv[i]) || !append(front, front->argv[i]))
			return false;
	hash_hex(hash_bytes(front->question, front->question_length), front->hash);
	return true;
}
