/* A scripted ControlMaster: listens at a path and follows a script for each connection, so that a
 * test can have it die, stall, refuse or answer nonsense at any step of the mux protocol. It
 * refuses to decide anything: a step that does not come is a step that does not happen.
 *
 *     fake-master SOCKET LOG SCRIPT [SCRIPT…]      the n-th connection follows the n-th script,
 * later ones the last
 *
 * A script is a list of steps with commas between them. It prints "ready" when it listens. What it
 * received goes to LOG, one line an event. When NEW_SESSION and all three descriptors have come,
 * the step `run` gives the command to /bin/sh with them: that is what "started" means. */
#include "fake-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void follow_script(struct conversation *talk, char *script, const char *path);
static bool follow_read(struct conversation *talk, const char *step);
static bool follow_send(struct conversation *talk, const char *step);
static void run_command(struct conversation *talk);
static void kill_master(struct conversation *talk);

int
main(int count, char **words)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (count < 4 || strlen(words[1]) >= sizeof address.sun_path) {
		fprintf(stderr, "usage: fake-master SOCKET LOG SCRIPT [SCRIPT...]\n");
		return 64;
	}
	memcpy(address.sun_path, words[1], strlen(words[1]));
	static struct conversation talk = { .sid = 2, .descriptors = { -1, -1, -1 } };
	talk.log = open(words[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (talk.log < 0 || listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(listener, 64) < 0) {
		perror("fake-master");
		return 71;
	}
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGCHLD, SIG_IGN) == SIG_ERR ||
	    puts("ready") < 0 || fflush(stdout) != 0)
		return 71;
	for (unsigned number = 0;; number++) {
		talk.socket = accept(listener, NULL, NULL);
		if (talk.socket < 0)
			return errno == EINTR ? 0 : 71;
		talk.number = number;
		pid_t child = fork();
		if (child < 0)
			return 71;
		if (child == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || close(listener) < 0 ||
			    signal(SIGCHLD, SIG_DFL) == SIG_ERR)
				return 71;
			note(&talk, "connected");
			unsigned last = (unsigned)count - 4;
			follow_script(&talk, words[3 + (number < last ? number : last)], words[1]);
			note(&talk, "closed");
			return 0;
		}
		if (close(talk.socket) < 0)
			return 71;
	}
}

/* Steps that are neither a frame read nor a frame sent. */
static void
follow_script(struct conversation *talk, char *script, const char *path)
{
	char *rest = NULL;
	for (char *step = strtok_r(script, ",", &rest); step; step = strtok_r(NULL, ",", &rest)) {
		if (strcmp(step, "close") == 0)
			return;
		else if (strcmp(step, "run") == 0)
			run_command(talk);
		else if (strcmp(step, "drop-descriptors") == 0) {
			for (int i = 0; i < 3; i++)
				if (talk->descriptors[i] >= 0 && close(talk->descriptors[i]) == 0)
					talk->descriptors[i] = -1;
		} else if (strcmp(step, "read-to-end") == 0)
			read_until_closed(talk);
		else if (strcmp(step, "stall") == 0) {
			note(talk, "stalled");
			for (;;)
				pause();
		} else if (strcmp(step, "unlink") == 0) {
			if (unlink(path) < 0)
				note(talk, "unlink failed");
		} else if (strcmp(step, "die") == 0)
			kill_master(talk);
		else if (!follow_read(talk, step) && !follow_send(talk, step)) {
			note(talk, "unknown step %s", step);
			fprintf(stderr, "fake-master: unknown step %s\n", step);
			exit(64);
		}
	}
}

static bool
follow_read(struct conversation *talk, const char *step)
{
	if (strcmp(step, "read-fds") == 0) {
		read_descriptors(talk);
		return true;
	}
	static const struct {
		const char *step;
		uint32_t type, other;
	} table[] = { { "read-hello", MUX_MSG_HELLO, 0 }, { "read-alive", MUX_C_ALIVE_CHECK, 0 },
		{ "read-session", MUX_C_NEW_SESSION, MUX_C_NEW_STDIO_FWD },
		{ "read-stop", MUX_C_STOP_LISTENING, 0 }, { "read-terminate", MUX_C_TERMINATE, 0 },
		{ "read-half-session", 0, 0 } };
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (strcmp(step, table[i].step) != 0)
			continue;
		if (table[i].type == 0) {
			char bytes[20];
			note(talk, "half %zd", read(talk->socket, bytes, sizeof bytes));
			return true;
		}
		uint32_t type = read_frame(talk);
		if (type != table[i].type && type != table[i].other) {
			note(talk, "unexpected %08x instead of %s", type, step);
			exit(65);
		}
		return true;
	}
	return false;
}

/* NAME or NAME:ARGUMENT, with `half-` before it for the first half of the bytes, or `slow-` for one
 * byte a write. */
static bool
follow_send(struct conversation *talk, const char *step)
{
	bool half = strncmp(step, "half-", 5) == 0, slow = strncmp(step, "slow-", 5) == 0;
	if (half || slow)
		step += 5;
	const char *colon = strchr(step, ':');
	const char *argument = colon ? colon + 1 : "";
	size_t length = colon ? (size_t)(colon - step) : strlen(step);
	uint32_t number = (uint32_t)strtoul(argument, NULL, 0), pid = (uint32_t)getppid(),
		 rid = talk->rid, sid = talk->sid;
	const struct {
		const char *name;
		uint32_t words[3];
		size_t count;
		const char *text;
	} table[] = {
		{ "hello", { MUX_MSG_HELLO, 4 }, 2, NULL },
		{ "hello-version", { MUX_MSG_HELLO, number }, 2, NULL },
		{ "hello-info", { MUX_MSG_HELLO, 4 }, 2, "info" },
		{ "alive", { MUX_S_ALIVE, rid, pid }, 3, NULL },
		{ "alive-wrong-rid", { MUX_S_ALIVE, rid + 7, pid }, 3, NULL },
		{ "alive-short", { MUX_S_ALIVE, rid }, 2, NULL },
		{ "ok", { MUX_S_OK, rid }, 2, NULL },
		{ "ok-wrong-rid", { MUX_S_OK, rid + 7 }, 2, NULL },
		{ "opened", { MUX_S_SESSION_OPENED, rid, sid }, 3, NULL },
		{ "opened-wrong-rid", { MUX_S_SESSION_OPENED, rid + 7, sid }, 3, NULL },
		{ "opened-short", { MUX_S_SESSION_OPENED, rid }, 2, NULL },
		{ "failure", { MUX_S_FAILURE, rid }, 2,
		    *argument ? argument : "Session open refused by peer" },
		{ "failure-wrong-rid", { MUX_S_FAILURE, rid + 7 }, 2,
		    "Session open refused by peer" },
		{ "denied", { MUX_S_PERMISSION_DENIED, rid }, 2,
		    *argument ? argument : "Permission denied" },
		{ "exit", { MUX_S_EXIT_MESSAGE, sid, number }, 3, NULL },
		{ "exit-wrong-sid", { MUX_S_EXIT_MESSAGE, sid + 7, number }, 3, NULL },
		{ "exit-short", { MUX_S_EXIT_MESSAGE, sid }, 2, NULL },
		{ "tty-fail", { MUX_S_TTY_ALLOC_FAIL, sid }, 2, NULL },
		{ "tty-fail-wrong-sid", { MUX_S_TTY_ALLOC_FAIL, sid + 7 }, 2, NULL },
		{ "type", { number, rid, sid }, 3, NULL },
		{ "nothing", { 0 }, 0, NULL },
	};
	if (length == 9 && strncmp(step, "oversized", 9) == 0) {
		/* A length that no master may send (262144 is mux.c's most), and bytes to go with
		 * it. */
		static unsigned char bytes[4 + 300000] = { 0, 4, 0x93, 0xe0 };
		send_bytes(talk, bytes, sizeof bytes, sizeof bytes);
		return true;
	}
	if (length == 4 && strncmp(step, "huge", 4) == 0) {
		send_bytes(talk, "\xff\xff\xff\xff\x80\x00\x00\x06", 8, 8);
		return true;
	}
	if (length == 4 && strncmp(step, "text", 4) == 0) {
		send_bytes(talk, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, 28);
		return true;
	}
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (strlen(table[i].name) != length || strncmp(step, table[i].name, length) != 0)
			continue;
		struct frame frame;
		make_frame(&frame, table[i].words, table[i].count);
		if (table[i].text)
			add_text(&frame, table[i].text);
		if (strncmp(step, "hello-info", length) == 0 && length == 10)
			add_text(&frame, "0");
		send_bytes(talk, frame.bytes, half ? frame.length / 2 : frame.length,
		    slow ? 1 : frame.length);
		return true;
	}
	return false;
}

static void
run_command(struct conversation *talk)
{
	if (!talk->session || talk->descriptors[0] < 0 || talk->descriptors[1] < 0 ||
	    talk->descriptors[2] < 0) {
		note(talk, "nothing to run");
		return;
	}
	pid_t child = fork();
	if (child == 0) {
		for (int i = 0; i < 3; i++)
			if (dup2(talk->descriptors[i], i) < 0)
				_exit(71);
		execl("/bin/sh", "sh", "-c", talk->command, (char *)NULL);
		_exit(71);
	}
	int status = 0;
	if (child < 0 || waitpid(child, &status, 0) < 0)
		note(talk, "run failed");
	note(talk, "ran %s", talk->command);
}

/* The whole master goes, as by a crash: the listener and every conversation, at once and without a
 * word. */
static void
kill_master(struct conversation *talk)
{
	note(talk, "died");
	if (kill(getppid(), SIGKILL) < 0)
		note(talk, "could not die");
	exit(0);
}
