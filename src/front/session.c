/* One session over a master: mux_client_request_session and mux_client_request_stdio_fwd of mux.c.
 * Never sends a request twice, and never leaves a master alone with a half-opened channel: it would
 * die of it. */
#include "session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ask.h"
#include "clock.h"
#include "identity.h"
#include "journal.h"
#include "lock.h"
#include "realssh.h"
#include "request.h"
#include "signals.h"
#include "strbuf.h"

static void set_lost(struct front *front, const struct connection *connection, enum stage stage,
    enum failure failure);
static bool read_opening(struct front *front, struct connection *connection,
    struct signals *signals, struct relay *relay, uint32_t *session);
static _Noreturn void hold_channel_open(struct front *front, struct connection *connection,
    struct signals *signals);
static _Noreturn void die_by_signal(struct front *front, struct signals *signals, int number);
static _Noreturn void wait_session(struct front *front, struct connection *connection,
    struct signals *signals, struct relay *relay, struct tty *tty, uint32_t session);
static enum mux_read read_beside_relay(struct connection *connection, struct relay *relay,
    struct mux_reply *reply, size_t *length, const void *mask);

void
run_session(struct front *front, struct connection *connection)
{
	bool command = gives_command(front) || front->ticket.command != NULL;
	struct tty tty = choose_tty(&front->ticket, command);
	struct mux_output out = { malloc(MUX_BODY_MAX + 4), MUX_BODY_MAX + 4, 0, true };
	struct signals signals;
	uint32_t session = 0;

	if (front->ticket.stdio_host != NULL)
		tty.wanted = tty.said = false;
	/* A master reads the terminal whoever is in front there; ssh is stopped when it is not. One
	 * that is not ours (Ansible's) has no group for us. */
	pid_t group = tty.wanted ? tcgetpgrp(0) : -1;
	if (group > 0 && group != getpgrp())
		pass(front, REASON_BACKGROUND);
	if (out.bytes == NULL || !build_request(front, &tty, &out))
		pass(front, REASON_REQUEST_TOO_LARGE);
	if (tty.said && front->ticket.loglevel >= 3 && !front->said_no_tty) {
		write_stderr(
		    "Pseudo-terminal will not be allocated because stdin is not a terminal.\r\n",
		    NULL);
		front->said_no_tty = true;
	}
	struct relay relay = no_relay;
	if (front->ticket.stdio_host == NULL)
		relay = open_relay();
	if (!tty.wanted && !front->ticket.stdin_null && isatty(0))
		open_feed(&relay);
	catch_signals(&signals, tty.wanted);
	bool opened = send_request(front, connection, &out, &relay);
	free(out.bytes);
	hand_over_relay(&relay);
	if (opened)
		opened = read_opening(front, connection, &signals, &relay, &session);
	if (opened)
		wait_session(front, connection, &signals, &relay, &tty, session);
	close_relay(&relay);
	release_signals(&signals);
}

static bool
read_opening(struct front *front, struct connection *connection, struct signals *signals,
    struct relay *relay, uint32_t *session)
{
	const size_t kept = sizeof(front->fault.detail) - 1;
	struct mux_reply reply;
	size_t length;
	enum mux_read result;

	while ((result = read_beside_relay(connection, relay, &reply, &length, &signals->before)) ==
	    READ_SIGNAL)
		if (ended_by != 0)
			hold_channel_open(front, connection, signals);
	if (result != READ_FRAME) {
		set_lost(front, connection, STAGE_SESSION,
		    result == READ_EOF ? FAILURE_EOF : FAILURE_NONSENSE);
		return false;
	}
	mux_drop(&connection->input, length);
	/* An answer to another request is none of those that are legal here. */
	switch (reply.first == 1 ? reply.type : 0) {
	case MUX_S_SESSION_OPENED:
		*session = reply.second;
		front->opened_ns = now_ns();
		return true;
	case MUX_S_FAILURE:
	case MUX_S_PERMISSION_DENIED:
		/* Refused: proven that nothing was started. */
		front->sent = false;
		set_fault(front, STAGE_SESSION,
		    reply.type == MUX_S_FAILURE ? FAILURE_FAILURE : FAILURE_DENIED);
		memcpy(front->fault.detail, reply.text,
		    reply.text_length < kept ? reply.text_length : kept);
		return false;
	default:
		set_lost(front, connection, STAGE_SESSION, FAILURE_NONSENSE);
		return false;
	}
}

/* With the pid of the master that had the session: others may have been there before and after. */
static void
set_lost(struct front *front, const struct connection *connection, enum stage stage,
    enum failure failure)
{
	set_fault(front, stage, failure);
	(void)number(connection->pid, 1, front->fault.detail);
}

/* The caller ends us while the channel is still opening. A master whose client goes away now dies
 * when the server answers (mux_session_confirm: "channel lacks control channel"), and takes every
 * other session along. So a child keeps the control socket until the answer is there, holding
 * nothing of the caller's, and we end by the signal at once. */
static _Noreturn void
hold_channel_open(struct front *front, struct connection *connection, struct signals *signals)
{
	int number = ended_by;

	if (fork() == 0) {
		struct mux_reply reply;
		size_t length;
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (setsid() < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
		    dup2(null, 2) < 0 || chdir("/") != 0)
			_exit(1);
		(void)mux_read_frame(connection->fd, &connection->input, &reply, &length,
		    now_ns() + (int64_t)120 * 1000000000, NULL);
		_exit(0);
	}
	die_by_signal(front, signals, number);
}

static _Noreturn void
die_by_signal(struct front *front, struct signals *signals, int number)
{
	journal(front, OUTCOME_SIGNAL, NO_REASON, 128 + number);
	release_signals(signals);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
	_exit(255);
}

static _Noreturn void
wait_session(struct front *front, struct connection *connection, struct signals *signals,
    struct relay *relay, struct tty *tty, uint32_t session)
{
	bool stdio = front->ticket.stdio_host != NULL, exit_seen = false, whole = true;
	uint32_t exit_value = 255;
	struct mux_reply reply;
	size_t length;

	/* At once: what the remote writes before the modes are raw would be shown with one \r too
	 * many. */
	if (tty->wanted)
		enter_raw_mode(tty);
	front->fault = (struct fault){ 0 };
	mark_used(connection);
	if (!stdio && connection->record_fd >= 0 && connection->slot >= 0)
		slot_opened(connection->record_fd, SLOT_BASE, connection->slot);
	start_feed(relay);
	while (ended_by == 0 && whole) {
		enum mux_read result = read_beside_relay(connection, relay, &reply, &length,
		    &signals->before);
		if (result == READ_SIGNAL) {
			/* The master reads the size from the terminal itself. */
			if (resized != 0)
				(void)kill((pid_t)connection->pid, SIGWINCH);
			resized = 0;
			continue;
		}
		if (result == READ_EOF)
			break;
		whole = result == READ_FRAME && !stdio && reply.first == session;
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
	close_feed(relay);
	/* What the session wrote before its end belongs to it. */
	while (whole && ended_by == 0 && !wait_beside_relay(relay, -1, &signals->before))
		;
	int number = ended_by;
	mark_used(connection);
	if (number != 0)
		drain_relay(relay);
	if (number != 0 && number != SIGHUP && number != SIGINT && number != SIGTERM &&
	    number != SIGQUIT)
		die_by_signal(front, signals, number);
	if (number != 0) {
		journal(front, OUTCOME_SIGNAL, NO_REASON, 255);
		exit_value = 255;
	} else if (whole && (exit_seen || stdio)) {
		exit_value = stdio ? 0 : exit_value & 255;
		journal(front, OUTCOME_EXIT, NO_REASON, (int)exit_value);
	} else {
		/* A remote command killed by a signal, or a lost connection: the control plane
		 * knows the master's last words. */
		set_lost(front, connection, STAGE_OPENED, whole ? FAILURE_EOF : FAILURE_NONSENSE);
		(void)close(connection->record_fd);
		struct reply reply = ask(front, REQUEST_HEAL, front->shard, &front->fault);
		exit_value = reply.kind == REPLY_EXIT ? (uint32_t)reply.code : 255;
		journal(front, OUTCOME_LOST, NO_REASON, (int)exit_value);
	}
	/* ssh ended by a signal goes without a word (client_loop), its mux client does not
	 * (mux_client_request_session). */
	if (tty->wanted && front->ticket.loglevel >= 3 && front->ticket.closing != NULL &&
	    (number == 0 || !in_rundir(&front->ticket)))
		write_stderr(front->ticket.closing, "\r\n", NULL);
	_exit((int)exit_value);
}

/* The next frame; what comes on the relay meanwhile goes its way. */
static enum mux_read
read_beside_relay(struct connection *connection, struct relay *relay, struct mux_reply *reply,
    size_t *length, const void *mask)
{
	if (relay_runs(relay) && mux_decode(&connection->input, reply, length) == MUX_MORE &&
	    !wait_beside_relay(relay, connection->fd, mask))
		return READ_SIGNAL;
	return mux_read_frame(connection->fd, &connection->input, reply, length, 0, mask);
}
