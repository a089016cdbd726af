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
#include "tty.h"

/* What a session has beside its connection. */
struct session {
	struct front *front;
	struct tty tty;
	struct relay relay;
	struct signals signals;
	uint32_t id;
};

/* With the pid of the master that had the session: others may have been there before and after. */
static void
set_lost(struct front *front, enum stage stage, enum failure failure)
{
	(void)set_fault(&front->fault, stage, failure);
	(void)number(front->connection.mux.pid, 1, front->fault.detail);
}

/* The next frame; what comes on the relay meanwhile goes its way. */
static enum mux_result
next_frame(struct session *session, struct mux_reply *reply)
{
	struct mux_client *mux = &session->front->connection.mux;
	enum mux_result result;

	while ((result = mux_decode(&mux->input, reply)) == MUX_MORE) {
		if (!wait_beside_relay(&session->relay, mux->fd, &session->signals.before))
			return MUX_SIGNAL;
		if (!mux_fill(mux))
			return MUX_EOF;
	}
	return result;
}

static _Noreturn void
die_by_signal(struct session *session, int number)
{
	journal(session->front, OUTCOME_SIGNAL, NO_REASON, 128 + number);
	release_signals(&session->signals);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
	_exit(255);
}

/* The caller ends us while the channel is still opening. A master whose client goes away now dies
 * when the server answers (mux_session_confirm: "channel lacks control channel"), and takes every
 * other session along. So a child keeps the control socket until the answer is there, holding
 * nothing of the caller's, and we end by the signal at once. */
static _Noreturn void
hold_channel_open(struct session *session)
{
	int number = ended_by;

	if (fork() == 0) {
		struct mux_reply reply;
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (setsid() < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
		    dup2(null, 2) < 0 || chdir("/") != 0)
			_exit(1);
		(void)mux_read_frame(&session->front->connection.mux, &reply, deadline_in(120));
		_exit(0);
	}
	die_by_signal(session, number);
}

/* The answer to the request. false: no session, and the fault is set. */
static bool
read_opening(struct session *session)
{
	struct front *front = session->front;
	struct mux_reply reply;
	enum mux_result result;

	while ((result = next_frame(session, &reply)) == MUX_SIGNAL)
		if (ended_by != 0)
			hold_channel_open(session);
	/* An answer to another request is none of those that are legal here. */
	switch (result == MUX_FRAME && reply.first == 1 ? reply.type : 0) {
	case MUX_S_SESSION_OPENED:
		session->id = reply.second;
		front->opened_ns = now_ns();
		return true;
	case MUX_S_FAILURE:
	case MUX_S_PERMISSION_DENIED: {
		size_t kept = sizeof(front->fault.detail) - 1;
		/* Refused: proven that nothing was started. */
		front->sent = false;
		(void)set_fault(&front->fault, STAGE_SESSION,
		    reply.type == MUX_S_FAILURE ? FAILURE_FAILURE : FAILURE_DENIED);
		memcpy(front->fault.detail, reply.text,
		    reply.text_length < kept ? reply.text_length : kept);
		return false;
	}
	default:
		set_lost(front, STAGE_SESSION, mux_failure(result));
		return false;
	}
}

/* Until the socket's end, a signal, or what no master says (false). `code` is -1 until the exit
 * message comes. */
static bool
read_until_end(struct session *session, int *code)
{
	struct mux_reply reply;

	while (ended_by == 0) {
		enum mux_result result = next_frame(session, &reply);
		if (result == MUX_EOF)
			return true;
		if (result == MUX_SIGNAL) {
			/* The master reads the size from the terminal itself. */
			if (resized != 0)
				(void)kill((pid_t)session->front->connection.mux.pid, SIGWINCH);
			resized = 0;
		} else if (result != MUX_FRAME || reply.first != session->id ||
		    session->front->ticket.stdio_host != NULL) {
			return false;
		} else if (reply.type == MUX_S_TTY_ALLOC_FAIL) {
			leave_raw_mode(&session->tty);
		} else if (reply.type == MUX_S_EXIT_MESSAGE && *code < 0) {
			*code = (int)(reply.second & 255);
		} else {
			return false;
		}
	}
	return true;
}

/* A remote command killed by a signal, or a lost connection: the control plane knows the master's
 * last words. */
static int
report_loss(struct front *front, enum failure failure)
{
	set_lost(front, STAGE_OPENED, failure);
	(void)close(front->connection.record_fd);
	struct reply reply = ask(front, REQUEST_HEAL, front->connection.shard, &front->fault);
	int code = reply.kind == REPLY_EXIT ? reply.code : 255;
	journal(front, OUTCOME_LOST, NO_REASON, code);
	return code;
}

static _Noreturn void
wait_session(struct session *session)
{
	struct front *front = session->front;
	const struct ticket *ticket = &front->ticket;
	struct connection *connection = &front->connection;
	int code = -1;

	/* At once: what the remote writes before the modes are raw would be shown with one \r too
	 * many. */
	if (session->tty.wanted)
		enter_raw_mode(&session->tty);
	front->fault = (struct fault){ 0 };
	mark_used(connection);
	if (ticket->stdio_host == NULL)
		slot_opened(connection->record_fd, SLOT_BASE, connection->slot);
	start_feed(&session->relay);
	bool legal = read_until_end(session, &code);
	mux_close(&connection->mux);
	leave_raw_mode(&session->tty);
	close_feed(&session->relay);
	/* What the session wrote before its end belongs to it. */
	while (legal && ended_by == 0 &&
	    !wait_beside_relay(&session->relay, -1, &session->signals.before))
		;
	int number = ended_by;
	mark_used(connection);
	if (number != 0)
		drain_relay(&session->relay);
	if (number != 0 && number != SIGHUP && number != SIGINT && number != SIGTERM &&
	    number != SIGQUIT)
		die_by_signal(session, number);
	if (legal && ticket->stdio_host != NULL)
		code = 0;
	if (number != 0) {
		code = 255;
		journal(front, OUTCOME_SIGNAL, NO_REASON, code);
	} else if (legal && code >= 0) {
		journal(front, OUTCOME_EXIT, NO_REASON, code);
	} else {
		code = report_loss(front, legal ? FAILURE_EOF : FAILURE_NONSENSE);
	}
	/* ssh ended by a signal goes without a word (client_loop), its mux client does not
	 * (mux_client_request_session). */
	if (session->tty.wanted && ticket->loglevel >= 3 && ticket->closing != NULL &&
	    (number == 0 || !in_rundir(ticket)))
		write_stderr(ticket->closing, "\r\n", NULL);
	_exit(code);
}

void
run_session(struct front *front)
{
	const struct ticket *ticket = &front->ticket;
	struct mux_output out = { malloc(MUX_BODY_MAX + 4), MUX_BODY_MAX + 4, 0, true };
	struct session session;

	session.front = front;
	session.tty = choose_tty(ticket, gives_command(front) || ticket->command != NULL);
	/* A master reads the terminal whoever is in front there; ssh is stopped when it is not. One
	 * that is not ours (Ansible's) has no group for us. */
	pid_t group = session.tty.wanted ? tcgetpgrp(0) : -1;
	if (group > 0 && group != getpgrp())
		pass(front, REASON_BACKGROUND);
	if (out.bytes == NULL || !build_request(front, session.tty.wanted, &out))
		pass(front, REASON_REQUEST_TOO_LARGE);
	if (session.tty.said && ticket->loglevel >= 3 && !front->said_no_tty) {
		front->said_no_tty = true;
		write_stderr("Pseudo-terminal will not be allocated because "
			     "stdin is not a terminal.\r\n",
		    NULL);
	}
	open_relay(&session.relay, ticket->stdio_host == NULL,
	    !session.tty.wanted && !ticket->stdin_null && isatty(0));
	catch_signals(&session.signals, session.tty.wanted);
	(void)set_fault(&front->fault, STAGE_ALIVE, FAILURE_EOF);
	front->sent = send_request(front->connection.mux.fd, ticket, &out, &session.relay);
	free(out.bytes);
	hand_over_relay(&session.relay);
	if (front->sent && read_opening(&session))
		wait_session(&session);
	close_relay(&session.relay);
	release_signals(&session.signals);
}
