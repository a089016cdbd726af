/* Runs a program on a pseudo-terminal of its own: what comes on stdin goes to the terminal, what
 * the terminal shows goes to stdout. It interprets nothing that passes through.
 *
 *     pty-bridge PROGRAM ARGV0 [ARGUMENT…]
 *
 * Orders come on descriptor 3, one a line: `resize ROWS COLUMNS`, `signal NUMBER` (to the program),
 * `modes` (report them now). Reports go to descriptor 4: `pid N`, `modes <hex of the terminal's
 * modes>` (at the start, when asked, at the end), `exit N` or `signal N`. The program's stderr is
 * the bridge's own when PTY_STDERR is set, else the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

static void obey_orders(int terminal, pid_t program);
static void report_modes(int terminal);
static bool copy(int from, int to);

int
main(int count, char **words)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int terminal, other;
	if (count < 3 || openpty(&terminal, &other, NULL, NULL, &size) < 0 ||
	    fcntl(terminal, F_SETFD, FD_CLOEXEC) < 0)
		return 71;
	report_modes(other);
	pid_t program = fork();
	if (program < 0)
		return 71;
	if (program == 0) {
		int errors = getenv("PTY_STDERR") ? fcntl(2, F_DUPFD_CLOEXEC, 10) : -1;
		unsetenv("PTY_STDERR");
		if (login_tty(other) < 0 || (errors >= 0 && dup2(errors, 2) < 0))
			_exit(71);
		if (close(3) < 0 || close(4) < 0)
			_exit(71);
		execvp(words[1], words + 2);
		_exit(127);
	}
	dprintf(4, "pid %d\n", (int)program);
	/* `other` stays open here, so that the modes can be read after the program's end. */
	struct pollfd watched[3] = { { .fd = terminal, .events = POLLIN },
		{ .fd = 0, .events = POLLIN }, { .fd = 3, .events = POLLIN } };
	int status = 0;
	for (bool over = false; !over;) {
		over = waitpid(program, &status, WNOHANG) == program;
		int ready = poll(watched, 3, over ? 50 : 20);
		if (ready < 0 && errno != EINTR)
			return 71;
		if (watched[0].revents & POLLIN)
			copy(terminal, 1);
		if (watched[1].revents & (POLLIN | POLLHUP) && !copy(0, terminal))
			watched[1].fd = -1;
		if (watched[2].revents & POLLIN)
			obey_orders(terminal, program);
		else if (watched[2].revents & POLLHUP)
			watched[2].fd = -1;
	}
	for (struct pollfd last = { .fd = terminal, .events = POLLIN };
	     poll(&last, 1, 50) > 0 && last.revents & POLLIN && copy(terminal, 1);)
		;
	report_modes(other);
	dprintf(4, WIFSIGNALED(status) ? "signal %d\n" : "exit %d\n",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

static void
obey_orders(int terminal, pid_t program)
{
	char text[512];
	ssize_t got = read(3, text, sizeof text - 1);
	if (got <= 0)
		return;
	text[got] = '\0';
	char *rest = NULL;
	for (char *order = strtok_r(text, "\n", &rest); order;
	     order = strtok_r(NULL, "\n", &rest)) {
		unsigned short rows, columns;
		int number;
		if (sscanf(order, "resize %hu %hu", &rows, &columns) == 2) {
			struct winsize size = { .ws_row = rows, .ws_col = columns };
			if (ioctl(terminal, TIOCSWINSZ, &size) < 0)
				exit(71);
		} else if (sscanf(order, "signal %d", &number) == 1) {
			if (kill(program, number) < 0)
				exit(71);
		} else if (strcmp(order, "modes") == 0)
			report_modes(terminal);
		else
			exit(64);
	}
}

static void
report_modes(int terminal)
{
	struct termios modes;
	memset(&modes, 0, sizeof modes);
	if (tcgetattr(terminal, &modes) < 0)
		exit(71);
	dprintf(4, "modes %x.%x.%x.%x.", (unsigned)modes.c_iflag, (unsigned)modes.c_oflag,
	    (unsigned)modes.c_cflag, (unsigned)modes.c_lflag);
	for (size_t i = 0; i < NCCS; i++)
		dprintf(4, "%02x", modes.c_cc[i]);
	dprintf(4, "\n");
}

static bool
copy(int from, int to)
{
	char bytes[16384];
	ssize_t got = read(from, bytes, sizeof bytes);
	for (ssize_t done = 0; done < got;) {
		ssize_t written = write(to, bytes + done, (size_t)(got - done));
		if (written < 0)
			return false;
		done += written;
	}
	return got > 0;
}
