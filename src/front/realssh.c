/* Becomes the real ssh: same argv, environment, signals and mask. Finds it as the next one on PATH
 * that is neither us nor a copy of us; refuses scripts where one has led back to us already, and
 * names a circle that it is sent in. */
#include "realssh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode.h"
#include "environment.h"
#include "journal.h"
#include "strbuf.h"

extern char **environ;

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

enum program { NO_PROGRAM, PROGRAM, SCRIPT };

/* Where a script that we become finds a mark even when it cleans its environment: a descriptor that
 * ssh closes as it starts. */
enum { MARK_DESCRIPTOR = 250 };

static bool search_path(struct front *front, const char *name, char *found, size_t size,
    enum program *kind);
static int depth(const struct front *front);
static enum program classify(struct front *front, const char *path, bool scripts);
static bool is_copy(int fd, size_t size);
static int before_host(const struct front *front);
static char **add_socket_option(struct front *front, const char *path, int place);
static void mark_recursion(struct front *front);
static _Noreturn void fatal(const struct front *front, const char *what, const char *why,
    const char *origin);

_Noreturn void
pass(struct front *front, enum reason reason)
{
	const char *named = getenv("SSHIM_REAL_SSH");
	char mark[NUMBER_SIZE];

	if (named != NULL && *named == '\0')
		named = NULL;
	if (!find_real(front))
		fatal(front, "cannot find the real ssh",
		    named != NULL ? named : "no other ssh there",
		    named != NULL ? "SSHIM_REAL_SSH" : "PATH");
	journal(front, OUTCOME_PASS, reason, 0);
	/* A script may lead back to us: it is told how deep we are, so that the next one of us goes
	 * round scripts. */
	if (front->real_is_script) {
		(void)setenv("SSHIM_DEPTH", number((uint64_t)depth(front) + 1, 1, mark), 1);
		mark_recursion(front);
	}
	char **argv = front->argv;
	if (front->have_ticket && front->ticket.lane == LANE_ATTACH)
		argv = add_socket_option(front, "none", before_host(front));
	else if (front->have_ticket && front->ticket.socket_option != NULL)
		argv = add_socket_option(front, front->ticket.socket_option, 1);
	(void)execve(front->real, argv, environ);
	fatal(front, "cannot start the real ssh", strerror(errno), front->real);
}

/* scp and sftp run a compiled-in /usr/bin/ssh, past any PATH: they are started with -S and us; a
 * caller's own -S comes later and wins. */
_Noreturn void
become_copy(struct front *front, const char *name)
{
	char found[PATH_SIZE], ours[PATH_SIZE + 8];
	enum program kind;

	if (!search_path(front, name, found, sizeof(found), &kind))
		fatal(front, "cannot find the real program", name, "PATH");
	char **argv = calloc((size_t)front->argc + 3, sizeof(*argv));
	if (argv == NULL || !beside_self(front, "ssh", ours, sizeof(ours)) ||
	    access(ours, X_OK) != 0) {
		(void)execve(found, front->argv, environ);
	} else {
		argv[0] = front->argv[0];
		argv[1] = "-S";
		argv[2] = ours;
		memcpy(argv + 3, front->argv + 1, (size_t)front->argc * sizeof(*argv));
		(void)execve(found, argv, environ);
	}
	fatal(front, "cannot start the real program", strerror(errno), found);
}

/* `sshim`, typed by a person: the control plane, with nothing in its environment that steers its
 * runtime. */
_Noreturn void
become_control(struct front *front)
{
	char program[PATH_SIZE + 32];
	char **environment = clean_environment(environ);

	if (environment != NULL && beside_self(front, "sshim-control", program, sizeof(program)))
		(void)execve(program, front->argv, environment);
	fatal(front, "cannot start the control plane", strerror(errno), program);
}

/* A session that could not be shared goes by itself, past the master that failed us: ssh's own mux
 * client would try it again, say so, and run the command a second time where only the reply was
 * lost. The last -S counts, so ours comes last, but before a `--` that ends the options. */
static int
before_host(const struct front *front)
{
	int host = front->walk.host;

	return host > 1 && strcmp(front->argv[host - 1], "--") != 0 ? host : 1;
}

/* The argv with `-S path` at that place; the caller's own where there is no memory for it. */
static char **
add_socket_option(struct front *front, const char *path, int place)
{
	char **argv = calloc((size_t)front->argc + 3, sizeof(*argv));

	if (argv == NULL)
		return front->argv;
	memcpy(argv, front->argv, (size_t)place * sizeof(*argv));
	argv[place] = (char *)(uintptr_t) "-S";
	argv[place + 1] = (char *)(uintptr_t)path;
	memcpy(argv + place + 2, front->argv + place,
	    (size_t)(front->argc - place) * sizeof(*argv));
	return argv;
}

/* A script may clean the environment: our own file, open as a descriptor that nobody uses, tells
 * the next one of us all the same. */
static void
mark_recursion(struct front *front)
{
	int fd = open(front->self, O_PATH);

	if (fd >= 0 && fd != MARK_DESCRIPTOR) {
		(void)dup2(fd, MARK_DESCRIPTOR);
		(void)close(fd);
	}
}

/* The only words that this program has of its own: without a real ssh there is nothing else to
 * show. */
static _Noreturn void
fatal(const struct front *front, const char *what, const char *why, const char *origin)
{
	write_stderr("sshim: ", what, ": ", why,
	    depth(front) > 0 ? ", which leads back to sshim" : "", " (set by ", origin, ")\n",
	    NULL);
	_exit(255);
}

/* Our own file, to be told from the others; without /proc by the path that we were started by. */
bool
find_self(struct front *front)
{
	struct stat st;
	ssize_t length = readlink("/proc/self/exe", front->self, sizeof(front->self) - 1);

	if (length > 0)
		front->self[length] = '\0';
	const char *started = (const char *)getauxval(AT_EXECFN);
	if (length <= 0 && started != NULL && strlen(started) < sizeof(front->self)) {
		strcpy(front->self, started);
		length = (ssize_t)strlen(started);
	}
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
	enum program kind = NO_PROGRAM;

	if (front->real[0] != '\0')
		return true;
	if (named != NULL && *named != '\0') {
		kind = strlen(named) < sizeof(front->real) ?
		    classify(front, named, depth(front) == 0) :
		    NO_PROGRAM;
		if (kind != NO_PROGRAM)
			strcpy(front->real, named);
	} else if (!search_path(front, "ssh", front->real, sizeof(front->real), &kind)) {
		kind = NO_PROGRAM;
	}
	front->real_is_script = kind == SCRIPT;
	return kind != NO_PROGRAM;
}

/* The first program of that name on PATH, or in /usr/bin, that is none of ours. */
static bool
search_path(struct front *front, const char *name, char *found, size_t size, enum program *kind)
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
			*kind = classify(front, found, depth(front) == 0);
			if (*kind != NO_PROGRAM)
				return true;
		}
		at = end != NULL ? end + 1 : NULL;
	}
	/* A PATH that leads nowhere is no reason to fail: OpenSSH's own programs do not look there
	 * either. */
	*kind = join(found, size, "/usr/bin/", name, NULL) ?
	    classify(front, found, depth(front) == 0) :
	    NO_PROGRAM;
	if (*kind == NO_PROGRAM)
		found[0] = '\0';
	return *kind != NO_PROGRAM;
}

static enum program
classify(struct front *front, const char *path, bool scripts)
{
	struct stat st;
	char start[2];

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || access(path, X_OK) != 0 ||
	    (st.st_dev == front->self_dev && st.st_ino == front->self_ino))
		return NO_PROGRAM;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return PROGRAM; /* executable but not readable: nobody's copy of ours */
	enum program kind = PROGRAM;
	if (pread(fd, start, 2, 0) == 2 && start[0] == '#' && start[1] == '!')
		kind = scripts ? SCRIPT : NO_PROGRAM;
	else if (st.st_size <= COPY_SIZE_MAX && is_copy(fd, (size_t)st.st_size))
		kind = NO_PROGRAM;
	(void)close(fd);
	return kind;
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

/* How many scripts have led back to us (SSHIM_DEPTH). */
static int
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
