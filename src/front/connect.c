/* Does what a ticket says: reach a master, wait behind a lock, ask, and again, until there is an
 * exit code or the real ssh. */
#include "connect.h"

#include <unistd.h>

#include "ask.h"
#include "elect.h"
#include "failure.h"
#include "journal.h"
#include "lock.h"
#include "realssh.h"
#include "session.h"
#include "strbuf.h"
#include "tty.h"

enum { ROUNDS_MAX = 200 };

/* Our turn to have a master made for the shard that has none. */
struct attempt {
	struct election election;
	int shard;
	struct failure_seen failed; /* what lay there when we began to wait */
};

void
apply_reply(struct front *front, struct reply reply)
{
	if (reply.kind == REPLY_PASS)
		pass(front, front->have_ticket ? NO_REASON : REASON_NO_ANSWER);
	if (reply.kind == REPLY_EXIT) {
		journal(front, reply.code == 0 ? OUTCOME_ANSWERED : OUTCOME_REFUSED, NO_REASON,
		    reply.code);
		_exit(reply.code);
	}
}

static void
ask_about_master(struct front *front, enum request request)
{
	apply_reply(front, ask(front, request, front->connection.shard, &front->fault));
	front->attempts++;
}

static void
name_lock(char lock[LOCK_NAME_SIZE], const struct ticket *ticket, int shard)
{
	char digits[NUMBER_SIZE];

	(void)join(lock, LOCK_NAME_SIZE, "key/", ticket->key, "/",
	    number((uint64_t)shard, 1, digits), NULL);
}

/* While the first master is being made nobody knows whether the server lets anybody in: more
 * masters beside it would all fail with it. */
static void
wait_first_dial(struct front *front, struct attempt *attempt, uint64_t seconds)
{
	char lock[LOCK_NAME_SIZE];

	name_lock(lock, &front->ticket, 0);
	(void)need_lock(front, lock_await(&front->rundir, lock, seconds));
	share_failure(front, &attempt->failed);
}

/* One step towards the lock of the shard that has no usable master. true: it is on us to ask. */
static bool
acquire_turn(struct front *front, struct attempt *attempt)
{
	/* A second more than the one who dials has: its failure is ours too, and it began a little
	 * later than we. */
	uint64_t seconds = front->ticket.connect_timeout + 1;
	struct election *election = &attempt->election;
	int shard = front->connection.shard;

	if (election->state == HELD && attempt->shard == shard)
		return true; /* we looked again under the lock */
	if (election->state == HELD || attempt->shard != shard)
		withdraw(front, election);
	attempt->shard = shard;
	name_lock(election->lock, &front->ticket, shard);
	if (election->state == OUTSIDE) {
		look_for_failure(front, &attempt->failed);
		if (shard > 0)
			wait_first_dial(front, attempt, seconds);
	}
	if (elect(front, election, seconds))
		share_failure(front, &attempt->failed);
	/* One that let a whole second pass is not asked for another under the lock, while it is the
	 * same one. */
	return election->state == HELD && front->fault.failure == FAILURE_TIMEOUT &&
	    same_master(&front->ticket, &front->connection);
}

/* The server has no room for one more session on that connection. Only the first of those who were
 * refused has to tell; the slot is given back before, so that what is still held is what the server
 * allowed. */
static void
session_refused(struct front *front)
{
	int slot = front->connection.slot, shard = front->connection.shard;
	char lock[LOCK_NAME_SIZE];

	if (front->ticket.stdio_host != NULL)
		pass(front, REASON_FORWARDING_REFUSED);
	drop_connection(&front->connection);
	name_lock(lock, &front->ticket, shard);
	(void)need_lock(front, lock_name(&front->rundir, lock, 1, front->ticket.connect_timeout));
	if (!slot_outgrown(&front->ticket, shard, slot))
		ask_about_master(front, REQUEST_HEAL);
	unlock_all(&front->rundir);
}

_Noreturn void
attach(struct front *front)
{
	const struct ticket *ticket = &front->ticket;
	struct connection *connection = &front->connection;
	struct fault *fault = &front->fault;
	struct attempt attempt = { .election.state = OUTSIDE };

	if (ticket->lane == LANE_ATTACH && in_rundir(ticket) && lacks_modes(ticket))
		pass(front, REASON_NO_TERMINAL_TO_TAKE_MODES_FROM);
	for (int round = 0; front->attempts < MAX_ATTEMPTS && round < ROUNDS_MAX; round++) {
		bool establish = ticket->lane == LANE_ESTABLISH;
		if (ticket->lane == LANE_PASS)
			pass(front, NO_REASON);
		*fault = (struct fault){ NO_STAGE, NO_FAILURE, "" };
		bool reached = establish ? mux_connect(&connection->mux, ticket->socket, fault) :
					   reach_master(ticket, connection, fault);
		if (reached && establish) {
			journal(front, OUTCOME_ESTABLISHED, NO_REASON, 0);
			_exit(0);
		}
		if (reached) {
			withdraw(front, &attempt.election);
			run_session(front); /* returns only if no session was opened */
			if (front->sent) {
				/* Unknown: 255, but for evidence. */
				apply_reply(front,
				    ask(front, REQUEST_HEAL, connection->shard, fault));
				front->sent = false;
			} else if (fault_is(fault, STAGE_SESSION, FAILURE_FAILURE) ||
			    fault_is(fault, STAGE_SESSION, FAILURE_DENIED)) {
				session_refused(front);
			}
			drop_connection(connection);
		} else if (fault_is(fault, STAGE_RECORD, FAILURE_FULL)) {
			pass(front, REASON_FULL);
		} else if (acquire_turn(front, &attempt)) {
			bool missing = fault_is(fault, STAGE_CONNECT, FAILURE_NONE) ||
			    fault_is(fault, STAGE_CONNECT, FAILURE_REFUSED) ||
			    fault_is(fault, STAGE_RECORD, FAILURE_NONE);
			ask_about_master(front, missing ? REQUEST_DIAL : REQUEST_HEAL);
			withdraw(front, &attempt.election);
		}
	}
	pass(front, REASON_ATTEMPTS);
}

/* -O check, as mux_client_request_alive and muxclient say it; where no master is, the real ssh has
 * the right words. */
static _Noreturn void
check(struct front *front)
{
	struct mux_client *mux = &front->connection.mux;
	char digits[NUMBER_SIZE];

	if (mux_connect(mux, front->ticket.socket, &front->fault)) {
		write_stderr("Master running (pid=", number(mux->pid, 1, digits), ")\r\n", NULL);
		journal(front, OUTCOME_CHECKED, NO_REASON, 0);
		_exit(0);
	}
	if (front->fault.failure != FAILURE_TIMEOUT)
		pass(front, NO_REASON);
	write_stderr("muxclient: master alive check failed\r\n", NULL);
	journal(front, OUTCOME_WEDGED, NO_REASON, 255);
	_exit(255);
}

_Noreturn void
control(struct front *front)
{
	if (front->ticket.check)
		check(front);
	apply_reply(front, ask(front, REQUEST_CONTROL, 0, NULL));
	pass(front, REASON_CONTROL);
}
