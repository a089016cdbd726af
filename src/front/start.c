/* Starts the control plane with a request: a child that dies with us, holds a channel to us and the
 * caller's stderr, and nothing else. */
#include "start.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "encode.h"
#include "environment.h"
#include "identity.h"
#include "realssh.h"
#include "strbuf.h"

extern char **environ;

static void send_call_id(const struct front *front, int fd);
static _Noreturn void exec_control(struct front *front, enum request request, int shard,
    const struct fault *fault, int fd);

pid_t
start_control(struct front *front, enum request request, int shard, const struct fault *fault,
    int *fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	pid_t child = fork();
	if (child == 0)
		exec_control(front, request, shard, fault, pair[1]);
	(void)close(pair[1]);
	if (child < 0)
		(void)close(pair[0]);
	else
		send_call_id(front, pair[0]);
	*fd = pair[0];
	return child;
}

/* The first line: nobody else composes it. The socket's buffer has room for it. */
static void
send_call_id(const struct front *front, int fd)
{
	struct iovec parts[2] = { { (char *)(uintptr_t)front->call_id, front->call_id_length },
		{ (char *)(uintptr_t) "\n", 1 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		return; /* it is gone already, which is seen when it does not answer */
}

static _Noreturn void
exec_control(struct front *front, enum request request, int shard, const struct fault *fault,
    int fd)
{
	size_t words = (size_t)front->walk.command + 20;
	char shard_text[NUMBER_SIZE], attempt_text[NUMBER_SIZE];
	char **argv = calloc(words, sizeof(*argv)), **environment = clean_environment(environ);
	char program[PATH_SIZE + 16];
	int n = 0;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(127);
	if (argv == NULL || environment == NULL)
		_exit(127);
	const char *control = getenv("SSHIM_CONTROL");
	if (control == NULL || *control == '\0' ?
		!beside_self(front, "sshim-control", program, sizeof(program)) :
		!join(program, sizeof(program), control, NULL))
		_exit(127);

	argv[n++] = program;
	argv[n++] = "answer";
	argv[n++] = (char *)(uintptr_t)request_names[request];
	struct {
		const char *name, *value;
		bool encoded;
	} fields[] = {
		{ "run=", front->rundir.path, false },
		{ "front=", front->self, false },
		{ "ticket=", front->hash, false },
		{ "command=", gives_command(front) ? "1" : "0", false },
		{ "shard=", number((uint64_t)shard, 1, shard_text), false },
		{ "attempt=", number((uint64_t)front->attempts, 1, attempt_text), false },
		{ "argv0=", front->argv[0], true }, /* these three may hold anything */
		{ "real=", front->real, true },
		{ "detail=", fault != NULL ? fault->detail : "", true },
		{ "stage=", fault != NULL ? stage_names[fault->stage] : NULL, false },
		{ "failure=", fault != NULL ? failure_names[fault->failure] : NULL, false },
	};
	static char lines[sizeof(fields) / sizeof(fields[0])][PATH_SIZE * 3 + 16];
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t length = strlen(fields[i].name);
		if (fields[i].value == NULL)
			continue;
		if (!join(lines[i], sizeof(lines[i]), fields[i].name,
			fields[i].encoded ? "" : fields[i].value, NULL) ||
		    (fields[i].encoded &&
			!append_word(lines[i], sizeof(lines[i]), &length, fields[i].value)))
			_exit(127);
		argv[n++] = lines[i];
	}
	argv[n++] = "--";
	for (int i = 1; i < front->walk.command; i++)
		argv[n++] = front->argv[i];

	/* Its runtime's own words (a crash, a warning) are nobody's: the caller's stderr is 4, for
	 * the ssh that it starts and for what ssh would say. */
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), line = fcntl(fd, F_DUPFD_CLOEXEC, 5);
	if (null < 0 || line < 0 || dup2(2, 4) < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(null, 2) < 0 || dup2(line, 3) < 0)
		_exit(127);
	(void)execve(program, argv, environment);
	_exit(127);
}
