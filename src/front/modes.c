/* The front by other names: launcher of every ssh that the control plane starts, shell of a dial,
 * holder of a lock for a command, scp and sftp. */
#include "modes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "encode.h"
#include "environment.h"
#include "lock.h"
#include "realssh.h"
#include "rundir.h"

extern char **environ;

static _Noreturn void launch(struct front *front);
static _Noreturn void be_shell(struct front *front);
static _Noreturn void with_lock(struct front *front);

void
run_as_other(struct front *front)
{
	const char *slash = strrchr(front->argv[0], '/'),
		   *name = slash != NULL ? slash + 1 : front->argv[0];
	const char *as = getenv("SSHIM_AS");

	if (as != NULL && strcmp(as, "launch") == 0 && front->argc >= 3)
		launch(front);
	if (as != NULL && strcmp(as, "shell") == 0 && front->argc == 3 &&
	    strcmp(front->argv[1], "-c") == 0)
		be_shell(front);
	if (as != NULL && strcmp(as, "with-lock") == 0 && front->argc >= 4)
		with_lock(front);
	if (as != NULL)
		(void)unsetenv("SSHIM_AS");
	if (strcmp(name, "scp") == 0 || strcmp(name, "sftp") == 0)
		become_copy(front, name);
	if (strcmp(name, "sshim") == 0)
		become_control(front);
}

/* The first caller's soft limits are not those of who shares its master: a file too large would
 * kill it by SIGXFSZ, in everybody's session. */
static void
raise_limits(void)
{
	static const int resources[] = { RLIMIT_FSIZE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_NOFILE };
	struct rlimit limit;

	for (int i = 0; i < 4; i++) {
		if (getrlimit(resources[i], &limit) != 0)
			continue;
		/* More descriptors than usual make some ProxyCommands slow. */
		rlim_t enough = resources[i] == RLIMIT_NOFILE && limit.rlim_max > 1024 ?
		    1024 :
		    limit.rlim_max;
		if (limit.rlim_cur >= enough)
			continue;
		limit.rlim_cur = enough;
		(void)setrlimit(resources[i], &limit);
	}
}

/* ARGV0 PROGRAM args…: the caller's environment and signals again; ends with the control plane. */
static _Noreturn void
launch(struct front *front)
{
	unsigned long long ignored = ignored_signals();
	sigset_t none;
	char script[2];

	/* Whoever died before that cannot tell us any more: a dial would go on by itself, without
	 * the lock. */
	const char *given = getenv("SSHIM_PARENT");
	uint64_t parent = (uint64_t)getppid();
	if ((given != NULL && !parse_u64(given, &parent)) ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || (uint64_t)getppid() != parent)
		_exit(255);
	for (int number = 1; number < 64; number++)
		if (number != SIGKILL && number != SIGSTOP)
			(void)signal(number, (ignored >> number & 1) != 0 ? SIG_IGN : SIG_DFL);
	if (sigemptyset(&none) == 0)
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
	raise_limits();
	restore_environment(environ);
	int fd = open(front->argv[2], O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pread(fd, script, 2, 0) == 2 && script[0] == '#' && script[1] == '!')
		(void)setenv("SSHIM_DEPTH", "1", 1); /* it may lead back to us */
	if (fd >= 0)
		(void)close(fd);
	char *program = front->argv[2];
	front->argv[2] = front->argv[1];
	(void)execve(program, front->argv + 2, environ);
	_exit(255);
}

/* What a dial's SHELL names: a ProxyCommand whose stderr ssh threw away gets one again, then the
 * caller's own shell runs it. */
static _Noreturn void
be_shell(struct front *front)
{
	const char *log = getenv("SSHIM_LOG"), *shell = getenv("SSHIM_SHELL");
	int fd = log != NULL ? open(log, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0600) : -1;

	if (fd >= 0 && fd != 2) {
		(void)dup2(fd, 2);
		(void)close(fd);
	}
	char *program = shell != NULL && *shell != '\0' ? strdup(shell) : NULL;
	if (program != NULL)
		(void)setenv("SHELL", program, 1);
	else
		(void)unsetenv("SHELL");
	(void)unsetenv("SSHIM_AS");
	(void)unsetenv("SSHIM_LOG");
	(void)unsetenv("SSHIM_SHELL");
	front->argv[0] = program != NULL ? program : (char *)(uintptr_t) "/bin/sh";
	(void)execve(front->argv[0], front->argv, environ);
	_exit(255);
}

/* NAME SECONDS PROGRAM args…: for operator commands. 75 (EX_TEMPFAIL): the lock was not free.
 */
static _Noreturn void
with_lock(struct front *front)
{
	uint64_t seconds;
	int status;

	(void)unsetenv("SSHIM_AS");
	if (!parse_u64(front->argv[2], &seconds) || seconds > MAX_LOCK_SECONDS ||
	    !open_rundir(&front->rundir))
		_exit(75);
	enum lock_result result = lock_name(&front->rundir, front->argv[1], 1, (unsigned)seconds);
	if (result != LOCK_GOT && result != LOCK_WAITED)
		_exit(75);
	pid_t child = fork();
	if (child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
			_exit(75);
		(void)execvp(front->argv[3], front->argv + 3);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			_exit(75);
	_exit(child < 0 ? 75 : WIFEXITED(status) ? WEXITSTATUS(status) : 255);
}
