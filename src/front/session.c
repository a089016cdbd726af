/* One session over a master: mux_client_request_session and mux_client_request_stdio_fwd of mux.c. Never sends a request twice, and never
 * leaves a master alone with a half-opened channel: it would die of it. */
#include "session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lock.h"
#include "relay.h"
#include "tty.h"
#include "text.h"

extern char **environ;

/* The signal flags. */
static volatile sig_atomic_t ended_by, resized;

struct signals {
	sigset_t before;     /* the caller's mask, which the waits use */
	struct sigaction old[3], old_pipe;
};
static const int endings[3] = { SIGHUP, SIGINT, SIGTERM };

static bool build_request(struct front *front, const struct tty *tty, struct mux_output *out);
static void put_command(struct front *front, struct mux_output *out);
static void put_environment(const struct ticket *ticket, struct mux_output *out);
static bool match_pattern(const char *text, const char *pattern);
static bool send_request(struct front *front, struct connection *connection, const struct mux_output *out, const struct relay *relay);
static bool send_descriptor(int fd, int descriptor);
static void set_lost(struct front *front, const struct connection *connection, const char *stage, const char *failure);
static bool hear_opening(struct front *front, struct connection *connection, struct signals *signals, struct relay *relay, uint32_t *session);
static _Noreturn void leave_guard(struct front *front, struct connection *connection, struct signals *signals);
static _Noreturn void wait_session(struct front *front, struct connection *connection, struct signals *signals, struct relay *relay, struct tty *tty, uint32_t session);
static enum heard hear_beside_relay(struct connection *connection, struct relay *relay, struct mux_reply *reply, size_t *length, const void *mask);
static void catch_signals(struct signals *signals, bool tty);
static void release_signals(struct signals *signals);
static void note_signal(int signal_number);

void
run_session(struct front *front, struct connection *connection)
{
	bool command = front->walk.command < front->argc || front->ticket.command != NULL;
	struct tty tty = choose_tty(&front->ticket, command);
	struct mux_output out = { malloc(MUX_BODY_MAX + 4), MUX_BODY_MAX + 4, 0, true };
	struct signals signals;
	uint32_t session = 0;

	if (front->ticket.stdio_host != NULL)
		tty.wanted = tty.said = false;
	if (out.bytes == NULL || !build_request(front, &tty, &out))
		pass(front, "request too large");
	if (tty.said && front->ticket.loglevel >= 3 && !front->said_no_tty) {
		say_text("Pseudo-terminal will not be allocated because stdin is not a terminal.\r\n", NULL);
		front->said_no_tty = true;
	}
	struct relay relay = { -1, -1, false };
	if (front->ticket.stdio_host == NULL)
		relay = open_relay();
	catch_signals(&signals, tty.wanted);
	bool opened = send_request(front, connection, &out, &relay);
	free(out.bytes);
	hand_over_relay(&relay);
	if (opened)
		opened = hear_opening(front, connection, &signals, &relay, &session);
	if (opened)
		wait_session(front, connection, &signals, &relay, &tty, session);
	close_relay(&relay);
	release_signals(&signals);
}

static bool
build_request(struct front *front, const struct tty *tty, struct mux_output *out)
{
	const struct ticket *ticket = &front->ticket;
	size_t begun = mux_begin(out);

	if (ticket->stdio_host != NULL) {
		mux_put_u32(out, MUX_C_NEW_STDIO_FWD);
		mux_put_u32(out, 1);
		mux_put_string(out, "");
		mux_put_string(out, ticket->stdio_host);
		mux_put_u32(out, ticket->stdio_port);
		mux_end(out, begun);
		return out->ok;
	}
	const char *term = NULL;
	for (size_t i = 0; i < ticket->setenv_count && term == NULL; i++)
		if (strncmp(ticket->setenv[i], "TERM=", 5) == 0)
			term = ticket->setenv[i] + 5;
	if (term == NULL || *term == '\0')
		term = getenv("TERM");
	mux_put_u32(out, MUX_C_NEW_SESSION);
	mux_put_u32(out, 1);
	mux_put_string(out, "");
	mux_put_u32(out, tty->wanted);
	mux_put_u32(out, 0); /* X11: passed */
	mux_put_u32(out, ticket->agent);
	mux_put_u32(out, ticket->subsystem);
	mux_put_u32(out, ticket->escape);
	mux_put_string(out, term != NULL ? term : "");
	put_command(front, out);
	put_environment(ticket, out);
	mux_end(out, begun);
	return out->ok;
}

static void
put_command(struct front *front, struct mux_output *out)
{
	if (front->walk.command >= front->argc) {
		mux_put_string(out, front->ticket.command != NULL ? front->ticket.command : "");
		return;
	}
	size_t begun = mux_begin(out);
	for (int i = front->walk.command; i < front->argc; i++) {
		if (i > front->walk.command)
			mux_put_bytes(out, " ", 1);
		mux_put_bytes(out, front->argv[i], strlen(front->argv[i]));
	}
	mux_end(out, begun);
}

/* SendEnv's variables, then SetEnv's, as mux_client_request_session orders them (env_permitted: names of less than 1024 bytes). */
static void
put_environment(const struct ticket *ticket, struct mux_output *out)
{
	char name[1024];

	for (char **entry = environ; ticket->sendenv_count > 0 && *entry != NULL; entry++) {
		const char *end = strchr(*entry, '=');
		if (end == NULL || end == *entry || (size_t)(end - *entry) >= sizeof(name))
			continue;
		memcpy(name, *entry, (size_t)(end - *entry));
		name[end - *entry] = '\0';
		for (size_t i = 0; i < ticket->sendenv_count; i++)
			if (match_pattern(name, ticket->sendenv[i])) {
				mux_put_string(out, *entry);
				break;
			}
	}
	for (size_t i = 0; i < ticket->setenv_count; i++)
		mux_put_string(out, ticket->setenv[i]);
}

/* match.c match_pattern: `*` and `?`. */
static bool
match_pattern(const char *text, const char *pattern)
{
	const char *star = NULL, *resume = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* A master acts only when it has the whole request and all descriptors, so until the last one is gone nothing can have started. */
static bool
send_request(struct front *front, struct connection *connection, const struct mux_output *out, const struct relay *relay)
{
	int streams[3] = { 0, relay->both ? relay->to : 1, relay->to >= 0 ? relay->to : 2 };
	int descriptors = front->ticket.stdio_host != NULL ? 2 : 3;
	int null = -1;

	set_fault(front, "alive", "eof");
	if (front->ticket.stdin_null) {
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null < 0)
			return false;
	}
	bool sent = true;
	for (size_t at = 0; sent && at < out->used;) {
		ssize_t some = send(connection->fd, out->bytes + at, out->used - at, MSG_NOSIGNAL);
		sent = some > 0;
		at += sent ? (size_t)some : 0;
	}
	for (int i = 0; sent && i < descriptors; i++)
		sent = send_descriptor(connection->fd, i == 0 && null >= 0 ? null : streams[i]);
	if (null >= 0)
		(void)close(null);
	front->sent = sent;
	return sent;
}

/* monitor_fdpass.c mm_send_fd: one byte and one descriptor a message. */
static bool
send_descriptor(int fd, int descriptor)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char nothing = '\0';
	struct iovec vector = { &nothing, 1 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes) };

	memset(&control, 0, sizeof(control));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_len = CMSG_LEN(sizeof(int));
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
	return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

static bool
hear_opening(struct front *front, struct connection *connection, struct signals *signals, struct relay *relay, uint32_t *session)
{
	const size_t kept = sizeof(front->fault.detail) - 1;
	struct mux_reply reply;
	size_t length;
	enum heard heard;

	while ((heard = hear_beside_relay(connection, relay, &reply, &length, &signals->before)) == HEARD_SIGNAL)
		if (ended_by != 0)
			leave_guard(front, connection, signals);
	if (heard != HEARD) {
		set_lost(front, connection, "session", heard == HEARD_EOF ? "eof" : "nonsense");
		return false;
	}
	mux_drop(&connection->input, length);
	if (reply.first != 1) {
		set_lost(front, connection, "session", "nonsense");
		return false;
	}
	switch (reply.type) {
	case MUX_S_SESSION_OPENED:
		*session = reply.second;
		front->opened_ns = now_ns();
		return true;
	case MUX_S_FAILURE:
	case MUX_S_PERMISSION_DENIED:
		/* Refused: proven that nothing was started. */
		front->sent = false;
		set_fault(front, "session", reply.type == MUX_S_FAILURE ? "failure" : "denied");
		memcpy(front->fault.detail, reply.text, reply.text_length < kept ? reply.text_length : kept);
		return false;
	default:
		set_lost(front, connection, "session", "nonsense");
		return false;
	}
}

/* With the pid of the master that had the session: others may have been there before and after it. */
static void
set_lost(struct front *front, const struct connection *connection, const char *stage, const char *failure)
{
	set_fault(front, stage, failure);
	(void)number(connection->pid, 1, front->fault.detail);
}

/* The caller ends us while the channel is still opening. A master whose client goes away now dies when the server answers
 * (mux_session_confirm: "channel lacks control channel"), and takes every other session along. So a child keeps the control socket until the answer is
 * there, holding nothing of the caller's, and we end by the signal at once. */
static _Noreturn void
leave_guard(struct front *front, struct connection *connection, struct signals *signals)
{
	int number = ended_by;

	if (fork() == 0) {
		struct mux_reply reply;
		size_t length;
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (setsid() < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || chdir("/") != 0)
			_exit(1);
		(void)hear_frame(connection->fd, &connection->input, &reply, &length, now_ns() + (int64_t)120 * 1000000000, NULL);
		_exit(0);
	}
	journal(front, "signal", NULL, 128 + number);
	release_signals(signals);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
	_exit(255);
}

static _Noreturn void
wait_session(struct front *front, struct connection *connection, struct signals *signals, struct relay *relay, struct tty *tty, uint32_t session)
{
	bool stdio = front->ticket.stdio_host != NULL, exit_seen = false, whole = true;
	uint32_t exit_value = 255;
	struct mux_reply reply;
	size_t length;

	front->fault = (struct fault){ 0 };
	mark_used(connection);
	if (!stdio && connection->record_fd >= 0 && connection->slot >= 0)
		slot_opened(connection->record_fd, SLOT_BASE, connection->slot);
	if (tty->wanted)
		enter_raw_mode(tty);
	while (ended_by == 0 && whole) {
		enum heard heard = hear_beside_relay(connection, relay, &reply, &length, &signals->before);
		if (heard == HEARD_SIGNAL) {
			/* The master reads the size from the terminal itself. */
			if (resized != 0)
				(void)kill((pid_t)connection->pid, SIGWINCH);
			resized = 0;
			continue;
		}
		if (heard == HEARD_EOF)
			break;
		whole = heard == HEARD && !stdio && reply.first == session;
		if (whole && reply.type == MUX_S_TTY_ALLOC_FAIL)
			leave_raw_mode(tty);
		else if (whole && reply.type == MUX_S_EXIT_MESSAGE && !exit_seen)
			exit_seen = true, exit_value = reply.second;
		else
			whole = false;
		if (whole)
			mux_drop(&connection->input, length);
	}
	(void)close(connection->fd);
	leave_raw_mode(tty);
	/* What the session wrote before its end belongs to it. */
	while (whole && ended_by == 0 && !wait_beside_relay(relay, -1, &signals->before))
		;
	int number = ended_by;
	mark_used(connection);
	if (number != 0) {
		journal(front, "signal", NULL, 255);
		exit_value = 255;
	} else if (whole && (exit_seen || stdio)) {
		exit_value = stdio ? 0 : exit_value & 255;
		journal(front, "exit", NULL, (int)exit_value);
	} else {
		/* A remote command killed by a signal, or a lost connection: the control plane knows the master's last words. */
		set_lost(front, connection, "opened", whole ? "eof" : "nonsense");
		(void)close(connection->record_fd);
		struct answer answer = ask(front, "heal", front->shard, &front->fault);
		exit_value = answer.kind == ANSWER_EXIT ? (uint32_t)answer.code : 255;
		journal(front, "lost", NULL, (int)exit_value);
	}
	/* ssh ended by a signal goes without a word (client_loop), its mux client does not (mux_client_request_session). */
	if (tty->wanted && front->ticket.loglevel >= 3 && front->ticket.closing != NULL && (number == 0 || !own_socket(&front->ticket)))
		say_text(front->ticket.closing, "\r\n", NULL);
	_exit((int)exit_value);
}

/* The next frame; what comes on the relay meanwhile goes its way. */
static enum heard
hear_beside_relay(struct connection *connection, struct relay *relay, struct mux_reply *reply, size_t *length, const void *mask)
{
	if (relay->from >= 0 && mux_decode(&connection->input, reply, length) == MUX_MORE && !wait_beside_relay(relay, connection->fd, mask))
		return HEARD_SIGNAL;
	return hear_frame(connection->fd, &connection->input, reply, length, 0, mask);
}

/* From the request on, HUP, INT and TERM are noted instead of killing us; one that the caller ignored stays ignored. They are blocked but
 * for the moments in which we wait, so none is missed. */
static void
catch_signals(struct signals *signals, bool tty)
{
	struct sigaction note = { .sa_handler = note_signal };
	sigset_t blocked;

	(void)sigemptyset(&note.sa_mask);
	(void)sigemptyset(&blocked);
	for (int i = 0; i < 3; i++)
		(void)sigaddset(&blocked, endings[i]);
	(void)sigaddset(&blocked, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &blocked, &signals->before);
	for (int i = 0; i < 3; i++) {
		(void)sigaction(endings[i], NULL, &signals->old[i]);
		if (signals->old[i].sa_handler != SIG_IGN)
			(void)sigaction(endings[i], &note, NULL);
	}
	if (tty)
		(void)sigaction(SIGWINCH, &note, NULL);
	/* ssh.c main ignores it. */
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	(void)sigaction(SIGPIPE, &ignore, &signals->old_pipe);
}

static void
release_signals(struct signals *signals)
{
	for (int i = 0; i < 3; i++)
		(void)sigaction(endings[i], &signals->old[i], NULL);
	(void)signal(SIGWINCH, SIG_DFL);
	(void)sigaction(SIGPIPE, &signals->old_pipe, NULL);
	(void)sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

static void
note_signal(int signal_number)
{
	if (signal_number == SIGWINCH)
		resized = 1;
	else
		ended_by = signal_number;
}
