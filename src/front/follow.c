/* Follows a ticket: attach, wait behind a lock, ask, and again, until there is an exit code or the
 * real ssh. */
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "lock.h"
#include "session.h"
#include "text.h"
#include "tty.h"

enum { ATTEMPTS_MAX = 12, ROUNDS_MAX = 200 };

/* Where we stand towards the lock of the shard that has no usable master. */
enum standing { OUTSIDE, AWAITED, HELD };

struct stay {
	struct connection connection;
	enum standing standing;
	int shard;
	char lock[128];
	struct failure_seen failed; /* what lay there when we began to wait */
};

static _Noreturn void attach(struct front *front);
static _Noreturn void check(struct front *front);
static void refused(struct front *front, struct stay *stay);
static void come_closer(struct front *front, struct stay *stay);
static void await_first(struct front *front, struct stay *stay, unsigned seconds);
static void name_lock(struct front *front, struct stay *stay, int shard);
static void heed(struct front *front, struct answer answer);
static bool is(const struct front *front, const char *stage, const char *failure);

_Noreturn void
follow_ticket(struct front *front)
{
	switch (front->ticket.lane) {
	case LANE_PASS:
		pass(front, NULL);
	case LANE_CONTROL:
		if (front->ticket.check)
			check(front);
		heed(front, ask(front, "control", 0, NULL));
		pass(front, "control");
	case LANE_ATTACH:
	case LANE_ESTABLISH:
		break;
	}
	attach(front);
}

static _Noreturn void
attach(struct front *front)
{
	struct stay stay = { .connection = { .fd = -1, .record_fd = -1, .slot = -1 },
		.standing = OUTSIDE };
	enum purpose purpose = front->ticket.stdio_host != NULL ? FOR_STDIO : FOR_SESSION;

	if (front->ticket.lane == LANE_ATTACH && own_socket(&front->ticket) &&
	    lacks_modes(&front->ticket))
		pass(front, "no terminal to take modes from");
	for (int round = 0; front->attempts < ATTEMPTS_MAX && round < ROUNDS_MAX; round++) {
		bool establish = front->ticket.lane == LANE_ESTABLISH;
		if (front->ticket.lane == LANE_PASS)
			pass(front, NULL);
		front->fault = (struct fault){ 0 };
		bool reached = establish ?
		    reach_socket(front, front->ticket.socket, &stay.connection) :
		    reach_master(front, purpose, &stay.connection) == REACHED;
		if (reached && establish) {
			journal(front, "established", NULL, 0);
			_exit(0);
		}
		if (reached) {
			unlock_all(&front->place);
			stay.standing = OUTSIDE;
			/* Returns only if no session was opened. */
			run_session(front, &stay.connection);
			if (front->sent) {
				/* Unknown: 255, but for evidence. */
				heed(front, ask(front, "heal", front->shard, &front->fault));
				front->sent = false;
			} else if (is(front, "session", "failure") ||
			    is(front, "session", "denied")) {
				if (purpose == FOR_STDIO)
					pass(front, "forwarding refused");
				refused(front, &stay);
			}
			drop_connection(&stay.connection);
			continue;
		}
		if (is(front, "record", "full"))
			pass(front, "full");
		bool settled = stay.standing == HELD && stay.shard == front->shard;
		if (!settled) {
			come_closer(front, &stay);
			/* One that let a whole second pass is not asked for another under the lock,
			 * while it is the same one. */
			settled = stay.standing == HELD &&
			    strcmp(front->fault.failure, "timeout") == 0 &&
			    same_master(front, &stay.connection);
		}
		if (settled) {
			bool missing = is(front, "connect", "none") ||
			    is(front, "connect", "refused") || is(front, "record", "none");
			heed(front,
			    ask(front, missing ? "dial" : "heal", front->shard, &front->fault));
			front->attempts++;
			stay.standing = OUTSIDE;
		}
	}
	pass(front, "attempts");
}

/* The server has no room for one more session on that connection. Only the first of those who were
 * refused has to tell; the slot is given back before, so that what is still held is what the server
 * allowed. */
static void
refused(struct front *front, struct stay *stay)
{
	int slot = stay->connection.slot;

	drop_connection(&stay->connection);
	name_lock(front, stay, front->shard);
	enum lock_result result = lock_name(&front->place, stay->lock, 1,
	    (unsigned)front->ticket.connect_timeout);
	if (result == LOCK_BROKEN || result == LOCK_BUSY)
		pass(front, "no lock");
	if (!slot_outgrown(front, slot)) {
		heed(front, ask(front, "heal", front->shard, &front->fault));
		front->attempts++;
	}
	unlock_all(&front->place);
}

/* One step towards the lock: take it if it is free, else sleep until its holder is done and look
 * again, and only then queue for it. So of a crowd one asks, and all others wake together. */
static void
come_closer(struct front *front, struct stay *stay)
{
	/* A second more than the one who dials has: its failure is ours too, and it began a little
	 * later than we. */
	unsigned seconds = (unsigned)front->ticket.connect_timeout + 1;
	enum lock_result result;

	if (stay->standing == HELD || stay->shard != front->shard) {
		unlock_all(&front->place);
		stay->standing = OUTSIDE;
	}
	stay->shard = front->shard;
	if (stay->standing == OUTSIDE) {
		look_for_failure(front, &stay->failed);
		if (stay->shard > 0)
			await_first(front, stay, seconds);
	}
	name_lock(front, stay, stay->shard);
	result = lock_try(&front->place, stay->lock);
	if (result == LOCK_BUSY) {
		result = stay->standing == OUTSIDE ?
		    lock_await(&front->place, stay->lock, seconds) :
		    lock_name(&front->place, stay->lock, 1, seconds);
		if (result == LOCK_WAITED)
			share_failure(front, &stay->failed);
		if (result == LOCK_WAITED && stay->standing == OUTSIDE) {
			stay->standing = AWAITED;
			return;
		}
	}
	if (result == LOCK_BROKEN)
		pass(front, "no lock");
	if (result == LOCK_BUSY)
		pass(front, "lock busy");
	stay->standing = HELD;
}

/* While the first master is being made nobody knows whether the server lets anybody in: more
 * masters beside it would all fail with it. */
static void
await_first(struct front *front, struct stay *stay, unsigned seconds)
{
	name_lock(front, stay, 0);
	enum lock_result result = lock_await(&front->place, stay->lock, seconds);
	if (result != LOCK_WAITED)
		pass(front, result == LOCK_BUSY ? "lock busy" : "no lock");
	share_failure(front, &stay->failed);
}

static void
name_lock(struct front *front, struct stay *stay, int shard)
{
	char digits[NUMBER_SIZE];

	if (!join(stay->lock, sizeof(stay->lock), "key/", front->ticket.key, "/",
		number((uint64_t)shard, 1, digits), NULL))
		pass(front, "no lock");
}

/* -O check, as mux_client_request_alive and muxclient say it; where no master is, the real ssh has
 * the right words. */
static _Noreturn void
check(struct front *front)
{
	struct connection connection = { .fd = -1, .record_fd = -1, .slot = -1 };
	char digits[NUMBER_SIZE];

	if (reach_socket(front, front->ticket.socket, &connection)) {
		say_text("Master running (pid=", number(connection.pid, 1, digits), ")\r\n", NULL);
		journal(front, "checked", NULL, 0);
		_exit(0);
	}
	if (strcmp(front->fault.failure, "timeout") != 0)
		pass(front, NULL);
	say_text("muxclient: master alive check failed\r\n", NULL);
	journal(front, "wedged", NULL, 255);
	_exit(255);
}

static void
heed(struct front *front, struct answer answer)
{
	if (answer.kind == ANSWER_PASS)
		pass(front, NULL);
	if (answer.kind == ANSWER_EXIT) {
		journal(front, answer.code == 0 ? "answered" : "refused", NULL, answer.code);
		_exit(answer.code);
	}
}

static bool
is(const struct front *front, const char *stage, const char *failure)
{
	return front->fault.stage != NULL && strcmp(front->fault.stage, stage) == 0 &&
	    strcmp(front->fault.failure, failure) == 0;
}
