/* Finds our own file and the real ssh: the next one on PATH that is neither us nor a copy of us.
 * Refuses scripts where one has led back to us already. */
#include "real.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <mach-o/dyld.h>
#endif

#include "text.h"

/* Another copy of this program is told by these bytes in it. */
static const char MAGIC[] = "sshim\tfront\tmagic\t1";
enum {
	COPY_SIZE_MAX =
#ifdef __SANITIZE_ADDRESS__
	    64 << 20
#else
	    256 << 10
#endif
};

static enum verdict judge(struct front *front, const char *path, bool scripts);
static bool is_copy(int fd, size_t size);

/* Our own file, to be told from the others; without /proc by the path that we were started by. */
bool
find_self(struct front *front)
{
	struct stat st;
	ssize_t length = readlink("/proc/self/exe", front->self, sizeof(front->self) - 1);

	if (length > 0)
		front->self[length] = '\0';
#ifdef __linux__
	const char *started = (const char *)getauxval(AT_EXECFN);
	if (length <= 0 && started != NULL && strlen(started) < sizeof(front->self)) {
		strcpy(front->self, started);
		length = (ssize_t)strlen(started);
	}
#elif defined(__APPLE__)
	uint32_t size = sizeof(front->self);
	if (length <= 0 && _NSGetExecutablePath(front->self, &size) == 0)
		length = (ssize_t)strlen(front->self);
#endif
	if (length <= 0 || stat(front->self, &st) != 0)
		return false;
	front->self_dev = st.st_dev;
	front->self_ino = st.st_ino;
	return true;
}

bool
beside_self(struct front *front, const char *name, char *path, size_t size)
{
	const char *slash = strrchr(front->self, '/');
	size_t folder = slash != NULL ? (size_t)(slash - front->self) + 1 : 0;

	if (folder >= size)
		return false;
	memcpy(path, front->self, folder);
	path[folder] = '\0';
	return append_text(path, size, name, NULL);
}

bool
find_real(struct front *front)
{
	const char *named = getenv("SSHIM_REAL_SSH");
	enum verdict verdict = NOT_IT;

	if (front->real[0] != '\0')
		return true;
	if (named != NULL && *named != '\0') {
		verdict = strlen(named) < sizeof(front->real) ?
		    judge(front, named, depth(front) == 0) :
		    NOT_IT;
		if (verdict != NOT_IT)
			strcpy(front->real, named);
	} else if (!search_path(front, "ssh", front->real, sizeof(front->real), &verdict)) {
		verdict = NOT_IT;
	}
	front->real_is_script = verdict == SCRIPT;
	return verdict != NOT_IT;
}

bool
search_path(struct front *front, const char *name, char *found, size_t size, enum verdict *verdict)
{
	const char *path = getenv("PATH");

	if (path == NULL || *path == '\0')
		path = "/usr/bin";
	for (const char *at = path; at != NULL;) {
		const char *end = strchr(at, ':');
		size_t length = end != NULL ? (size_t)(end - at) : strlen(at);
		if (length + strlen(name) + 2 <= size) {
			memcpy(found, at, length);
			found[length] = '\0';
			(void)append_text(found, size, length > 0 ? "/" : "", name, NULL);
			*verdict = judge(front, found, depth(front) == 0);
			if (*verdict != NOT_IT)
				return true;
		}
		at = end != NULL ? end + 1 : NULL;
	}
	/* A PATH that leads nowhere is no reason to fail: OpenSSH's own programs do not look there
	 * either. */
	*verdict = join(found, size, "/usr/bin/", name, NULL) ?
	    judge(front, found, depth(front) == 0) :
	    NOT_IT;
	if (*verdict == NOT_IT)
		found[0] = '\0';
	return *verdict != NOT_IT;
}

static enum verdict
judge(struct front *front, const char *path, bool scripts)
{
	struct stat st;
	char start[2];

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || access(path, X_OK) != 0 ||
	    (st.st_dev == front->self_dev && st.st_ino == front->self_ino))
		return NOT_IT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return PROGRAM; /* executable but not readable: nobody's copy of ours */
	enum verdict verdict = PROGRAM;
	if (pread(fd, start, 2, 0) == 2 && start[0] == '#' && start[1] == '!')
		verdict = scripts ? SCRIPT : NOT_IT;
	else if (st.st_size <= COPY_SIZE_MAX && is_copy(fd, (size_t)st.st_size))
		verdict = NOT_IT;
	(void)close(fd);
	return verdict;
}

static bool
is_copy(int fd, size_t size)
{
	char *bytes = malloc(size + 1);
	ssize_t got = bytes != NULL ? pread(fd, bytes, size, 0) : -1;
	bool found = got > 0 && memmem(bytes, (size_t)got, MAGIC, sizeof(MAGIC)) != NULL;

	free(bytes);
	return found;
}

int
depth(const struct front *front)
{
	const char *mark = getenv("SSHIM_DEPTH");

	struct stat st;
	uint64_t value;

	if (mark != NULL && parse_u64(mark, &value) && value < 100)
		return (int)value;
	return fstat(MARK_DESCRIPTOR, &st) == 0 && st.st_dev == front->self_dev &&
	    st.st_ino == front->self_ino;
}
