/* Becomes the real ssh: same argv, environment, signals and mask. Refuses to find itself, and names
 * a circle that it is sent in. */
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elsewhere.h"
#include "environment.h"
#include "real.h"
#include "text.h"

extern char **environ;

static int before_host(const struct front *front);
static char **add_socket_option(struct front *front, const char *path, int place);
static void leave_mark(struct front *front);
static _Noreturn void say(const struct front *front, const char *what, const char *why,
    const char *origin);

_Noreturn void
pass(struct front *front, const char *reason)
{
	const char *named = getenv("SSHIM_REAL_SSH");
	char mark[NUMBER_SIZE];

	if (named != NULL && *named == '\0')
		named = NULL;
	if (!find_real(front))
		say(front, "cannot find the real ssh", named != NULL ? named : "no other ssh there",
		    named != NULL ? "SSHIM_REAL_SSH" : "PATH");
	journal(front, "pass", reason, 0);
	/* A script may lead back to us: it is told how deep we are, so that the next one of us goes
	 * round scripts. */
	if (front->real_is_script) {
		(void)setenv("SSHIM_DEPTH", number((uint64_t)depth(front) + 1, 1, mark), 1);
		leave_mark(front);
	}
	char **argv = front->argv;
	if (front->have_ticket && front->ticket.lane == LANE_ATTACH)
		argv = add_socket_option(front, "none", before_host(front));
	else if (front->have_ticket && front->ticket.socket_option != NULL)
		argv = add_socket_option(front, front->ticket.socket_option, 1);
	(void)execve(front->real, argv, environ);
	say(front, "cannot start the real ssh", strerror(errno), front->real);
}

/* scp and sftp run a compiled-in /usr/bin/ssh, past any PATH: they are started with -S and us; a
 * caller's own -S comes later and wins. */
_Noreturn void
become_copy(struct front *front, const char *name)
{
	char found[PATH_SIZE], ours[PATH_SIZE + 8];
	enum verdict verdict;

	if (!search_path(front, name, found, sizeof(found), &verdict))
		say(front, "cannot find the real program", name, "PATH");
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
	say(front, "cannot start the real program", strerror(errno), found);
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
	say(front, "cannot start the control plane", strerror(errno), program);
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
leave_mark(struct front *front)
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
say(const struct front *front, const char *what, const char *why, const char *origin)
{
	say_text("sshim: ", what, ": ", why, depth(front) > 0 ? ", which leads back to sshim" : "",
	    " (set by ", origin, ")\n", NULL);
	_exit(255);
}
