/* Follows a ticket: attach, wait behind a lock, ask, and again, until there is an exit code or the
 * real ssh. */
#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "failure.h"
#include "journal.h"
#include "lock.h"
#include "realssh.h"
#include "session.h"
#include "strbuf.h"
#include "tty.h"

enum { ROUNDS_MAX = 200 };

/* Where we stand towards the lock of the shard that has no usable master. */
enum wait_state { OUTSIDE, AWAITED, HELD };

struct attempt {
	struct connection connection;
	enum wait_state wait_state;
	int shard;
	char lock[128];
	struct failure_seen failed; /* what lay there when we began to wait */
};

static _Noreturn void attach(struct front *front);
static _Noreturn void check(struct front *front);
static void session_refused(struct front *front, struct attempt *attempt);
static void acquire_turn(struct front *front, struct attempt *attempt);
static void wait_first_dial(struct front *front, struct attempt *attempt, unsigned seconds);
static void name_lock(struct front *front, struct attempt *attempt, int shard);
static void apply_reply(struct front *front, struct reply reply);
static bool fault_is(const struct front *front, enum stage stage, enum failure failure);

_Noreturn void
follow_ticket(struct front *front)
{
	switch (front->ticket.lane) {
	case LANE_PASS:
		pass(front, NO_REASON);
	case LANE_CONTROL:
		if (front->ticket.check)
			check(front);
		apply_reply(front, ask(front, REQUEST_CONTROL, 0, NULL));
		pass(front, REASON_CONTROL);
	case LANE_ATTACH:
	case LANE_ESTABLISH:
		break;
	}
	attach(front);
}

static _Noreturn void
attach(struct front *front)
{
	struct attempt attempt = { .connection = { .fd = -1, .record_fd = -1, .slot = -1 },
		.wait_state = OUTSIDE };
	enum purpose purpose = front->ticket.stdio_host != NULL ? FOR_STDIO : FOR_SESSION;

	if (front->ticket.lane == LANE_ATTACH && in_rundir(&front->ticket) &&
	    lacks_modes(&front->ticket))
		pass(front, REASON_NO_TERMINAL_TO_TAKE_MODES_FROM);
	for (int round = 0; front->attempts < MAX_ATTEMPTS && round < ROUNDS_MAX; round++) {
		bool establish = front->ticket.lane == LANE_ESTABLISH;
		if (front->ticket.lane == LANE_PASS)
			pass(front, NO_REASON);
		front->fault = (struct fault){ 0 };
		bool reached = establish ?
		    mux_connect(front, front->ticket.socket, &attempt.connection) :
		    reach_master(front, purpose, &attempt.connection) == REACHED;
		if (reached && establish) {
			journal(front, OUTCOME_ESTABLISHED, NO_REASON, 0);
			_exit(0);
		}
		if (reached) {
			unlock_all(&front->rundir);
			attempt.wait_state = OUTSIDE;
			/* Returns only if no session was opened. */
			run_session(front, &attempt.connection);
			if (front->sent) {
				/* Unknown: 255, but for evidence. */
				apply_reply(front,
				    ask(front, REQUEST_HEAL, front->shard, &front->fault));
				front->sent = false;
			} else if (fault_is(front, STAGE_SESSION, FAILURE_FAILURE) ||
			    fault_is(front, STAGE_SESSION, FAILURE_DENIED)) {
				if (purpose == FOR_STDIO)
					pass(front, REASON_FORWARDING_REFUSED);
				session_refused(front, &attempt);
			}
			drop_connection(&attempt.connection);
			continue;
		}
		if (fault_is(front, STAGE_RECORD, FAILURE_FULL))
			pass(front, REASON_FULL);
		bool settled = attempt.wait_state == HELD && attempt.shard == front->shard;
		if (!settled) {
			acquire_turn(front, &attempt);
			/* One that let a whole second pass is not asked for another under the lock,
			 * while it is the same one. */
			settled = attempt.wait_state == HELD &&
			    front->fault.failure == FAILURE_TIMEOUT &&
			    same_master(front, &attempt.connection);
		}
		if (settled) {
			bool missing = fault_is(front, STAGE_CONNECT, FAILURE_NONE) ||
			    fault_is(front, STAGE_CONNECT, FAILURE_REFUSED) ||
			    fault_is(front, STAGE_RECORD, FAILURE_NONE);
			apply_reply(front,
			    ask(front, missing ? REQUEST_DIAL : REQUEST_HEAL, front->shard,
				&front->fault));
			front->attempts++;
			attempt.wait_state = OUTSIDE;
		}
	}
	pass(front, REASON_ATTEMPTS);
}

/* The server has no room for one more session on that connection. Only the first of those who were
 * refused has to tell; the slot is given back before, so that what is still held is what the server
 * allowed. */
static void
session_refused(struct front *front, struct attempt *attempt)
{
	int slot = attempt->connection.slot;

	drop_connection(&attempt->connection);
	name_lock(front, attempt, front->shard);
	enum lock_result result = lock_name(&front->rundir, attempt->lock, 1,
	    (unsigned)front->ticket.connect_timeout);
	if (result == LOCK_BROKEN || result == LOCK_BUSY)
		pass(front, REASON_NO_LOCK);
	if (!slot_outgrown(front, slot)) {
		apply_reply(front, ask(front, REQUEST_HEAL, front->shard, &front->fault));
		front->attempts++;
	}
	unlock_all(&front->rundir);
}

/* One step towards the lock: take it if it is free, else sleep until its holder is done and look
 * again, and only then queue for it. So of a crowd one asks, and all others wake together. */
static void
acquire_turn(struct front *front, struct attempt *attempt)
{
	/* A second more than the one who dials has: its failure is ours too, and it began a little
	 * later than we. */
	unsigned seconds = (unsigned)front->ticket.connect_timeout + 1;
	enum lock_result result;

	if (attempt->wait_state == HELD || attempt->shard != front->shard) {
		unlock_all(&front->rundir);
		attempt->wait_state = OUTSIDE;
	}
	attempt->shard = front->shard;
	if (attempt->wait_state == OUTSIDE) {
		look_for_failure(front, &attempt->failed);
		if (attempt->shard > 0)
			wait_first_dial(front, attempt, seconds);
	}
	name_lock(front, attempt, attempt->shard);
	result = lock_try(&front->rundir, attempt->lock);
	if (result == LOCK_BUSY) {
		result = attempt->wait_state == OUTSIDE ?
		    lock_await(&front->rundir, attempt->lock, seconds) :
		    lock_name(&front->rundir, attempt->lock, 1, seconds);
		if (result == LOCK_WAITED)
			share_failure(front, &attempt->failed);
		if (result == LOCK_WAITED && attempt->wait_state == OUTSIDE) {
			attempt->wait_state = AWAITED;
			return;
		}
	}
	if (result == LOCK_BROKEN)
		pass(front, REASON_NO_LOCK);
	if (result == LOCK_BUSY)
		pass(front, REASON_LOCK_BUSY);
	attempt->wait_state = HELD;
}

/* While the first master is being made nobody knows whether the server lets anybody in: more
 * masters beside it would all fail with it. */
static void
wait_first_dial(struct front *front, struct attempt *attempt, unsigned seconds)
{
	name_lock(front, attempt, 0);
	enum lock_result result = lock_await(&front->rundir, attempt->lock, seconds);
	if (result != LOCK_WAITED)
		pass(front, result == LOCK_BUSY ? REASON_LOCK_BUSY : REASON_NO_LOCK);
	share_failure(front, &attempt->failed);
}

static void
name_lock(struct front *front, struct attempt *attempt, int shard)
{
	char digits[NUMBER_SIZE];

	if (!join(attempt->lock, sizeof(attempt->lock), "key/", front->ticket.key, "/",
		number((uint64_t)shard, 1, digits), NULL))
		pass(front, REASON_NO_LOCK);
}

/* -O check, as mux_client_request_alive and muxclient say it; where no master is, the real ssh has
 * the right words. */
static _Noreturn void
check(struct front *front)
{
	struct connection connection = { .fd = -1, .record_fd = -1, .slot = -1 };
	char digits[NUMBER_SIZE];

	if (mux_connect(front, front->ticket.socket, &connection)) {
		write_stderr("Master running (pid=", number(connection.pid, 1, digits), ")\r\n",
		    NULL);
		journal(front, OUTCOME_CHECKED, NO_REASON, 0);
		_exit(0);
	}
	if (front->fault.failure != FAILURE_TIMEOUT)
		pass(front, NO_REASON);
	write_stderr("muxclient: master alive check failed\r\n", NULL);
	journal(front, OUTCOME_WEDGED, NO_REASON, 255);
	_exit(255);
}

static void
apply_reply(struct front *front, struct reply reply)
{
	if (reply.kind == REPLY_PASS)
		pass(front, NO_REASON);
	if (reply.kind == REPLY_EXIT) {
		journal(front, reply.code == 0 ? OUTCOME_ANSWERED : OUTCOME_REFUSED, NO_REASON,
		    reply.code);
		_exit(reply.code);
	}
}

static bool
fault_is(const struct front *front, enum stage stage, enum failure failure)
{
	return front->fault.stage == stage && front->fault.failure == failure;
}
