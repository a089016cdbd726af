/* Finds a master with room and makes sure that it is the right one and alive. Refuses a socket of
 * another user, a master whose record the ticket does not accept, and one that does not answer
 * within a second. Starts nothing. */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "lock.h"
#include "record.h"
#include "strbuf.h"

static enum reached reach_shard(struct front *front, enum purpose purpose,
    struct connection *connection, int shard);
static enum reached hold_slot(struct front *front, enum purpose purpose,
    struct connection *connection, const struct record *record);
static bool still_current(struct front *front, struct connection *connection);
static bool judge_record(struct front *front, struct connection *connection,
    const struct record *record, const struct stat *st);
static bool accepted(const struct ticket *ticket, const char *character);
static bool shard_path(struct front *front, int shard, const char *ending, char *path, size_t size);

enum reached
reach_master(struct front *front, enum purpose purpose, struct connection *connection)
{
	int64_t deadline = now_ns() + (int64_t)front->ticket.connect_timeout * 1000000000;

	/* A caller that waited for its shard still has its slot there. */
	if (connection->record_fd >= 0 && still_current(front, connection)) {
		enum reached reached = reach_shard(front, purpose, connection, connection->shard);
		if (reached != FULL)
			return reached;
	}
	drop_connection(connection);
	for (unsigned pause = 10;; pause = pause < 80 ? pause * 2 : pause) {
		for (int shard = 0; shard < (int)front->ticket.shards && shard < MAX_SHARDS;
		     shard++) {
			enum reached reached = reach_shard(front, purpose, connection, shard);
			if (reached != FULL)
				return reached;
			drop_connection(connection);
		}
		if (now_ns() >= deadline)
			break;
		/* Every place is taken: nobody can be told when one is free, so look again, not all
		 * at the same moment. */
		struct timespec nap = { 0, (long)(pause + (unsigned)getpid() % pause) * 1000000 };
		(void)nanosleep(&nap, NULL);
	}
	set_fault(front, STAGE_RECORD, FAILURE_FULL);
	return BROKEN;
}

static enum reached
reach_shard(struct front *front, enum purpose purpose, struct connection *connection, int shard)
{
	char path[PATH_SIZE];
	struct record record;
	struct stat st;

	front->shard = shard;
	if (!shard_path(front, shard, ".m", path, sizeof(path)))
		return BROKEN;
	if (connection->record_fd < 0) {
		connection->record_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		connection->shard = shard;
		connection->slot = -1;
	}
	if (connection->record_fd < 0) {
		set_fault(front, STAGE_RECORD, errno == ENOENT ? FAILURE_NONE : FAILURE_ERROR);
		return BROKEN;
	}
	if (fstat(connection->record_fd, &st) != 0 || st.st_uid != geteuid() ||
	    !S_ISREG(st.st_mode)) {
		set_fault(front, STAGE_RECORD, FAILURE_FOREIGN);
		return BROKEN;
	}
	connection->dev = st.st_dev;
	connection->ino = st.st_ino;
	if (!record_read(connection->record_fd, &record)) {
		set_fault(front, STAGE_RECORD, FAILURE_DAMAGED);
		return BROKEN;
	}
	connection->recorded = record.present ? record.pid : 0;
	enum reached held = hold_slot(front, purpose, connection, &record);
	if (held != REACHED)
		return held;
	if (record.present && !judge_record(front, connection, &record, &st))
		return BROKEN;
	if (shard > 0 && !shard_path(front, shard, "", path, sizeof(path)))
		return BROKEN;
	if (!mux_connect(front, shard == 0 ? front->ticket.socket : path, connection))
		return BROKEN;
	/* The record must speak of the master that answers, and still be the shard's: else somebody
	 * replaced either in between. */
	bool known = record.present && record.pid == connection->pid;
	if (!accepted(&front->ticket, known ? record.character : "-") ||
	    !still_current(front, connection)) {
		set_fault(front, STAGE_RECORD, FAILURE_CHARACTER);
		drop_socket(connection);
		return BROKEN;
	}
	return REACHED;
}

static enum reached
hold_slot(struct front *front, enum purpose purpose, struct connection *connection,
    const struct record *record)
{
	uint64_t limit = record->present && record->limit > 0 ? record->limit : front->ticket.limit;

	if (purpose == FOR_STDIO) {
		/* A forwarding is no session for the server: it holds a byte of its own kind,
		 * without a limit. */
		if (connection->slot < 0)
			connection->slot = slot_take(connection->record_fd, STDIO_BASE,
			    MAX_FORWARDS);
		return connection->slot >= 0 ? REACHED : FULL;
	}
	if (limit > MAX_SLOTS)
		limit = MAX_SLOTS;
	/* Sessions above a limit that was learned after they began still count. */
	int above = limit < MAX_SLOTS ?
	    slots_held(connection->record_fd, SLOT_BASE + (int)limit, MAX_SLOTS - (int)limit) :
	    0;
	if (connection->slot >= (int)limit) {
		slot_drop(connection->record_fd, SLOT_BASE, connection->slot);
		connection->slot = -1;
	}
	int below = above > 0 ? slots_held(connection->record_fd, SLOT_BASE, (int)limit) : 0;
	if (connection->slot < 0 && above >= 0 && below >= 0 && above + below < (int)limit)
		connection->slot = slot_take(connection->record_fd, SLOT_BASE, (int)limit);
	return connection->slot >= 0 ? REACHED : FULL;
}

bool
slot_outgrown(struct front *front, int slot)
{
	char path[PATH_SIZE];
	struct record record;

	if (!shard_path(front, front->shard, ".m", path, sizeof(path)))
		return false;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool outgrown = fd >= 0 && record_read(fd, &record) && record.present && record.limit > 0 &&
	    (uint64_t)slot >= record.limit;
	if (fd >= 0)
		(void)close(fd);
	return outgrown;
}

static bool
still_current(struct front *front, struct connection *connection)
{
	char path[PATH_SIZE];
	struct stat st;

	return shard_path(front, connection->shard, ".m", path, sizeof(path)) &&
	    lstat(path, &st) == 0 && st.st_dev == connection->dev && st.st_ino == connection->ino;
}

bool
same_master(struct front *front, struct connection *connection)
{
	struct record record;

	return connection->record_fd >= 0 && still_current(front, connection) &&
	    record_read(connection->record_fd, &record) && record.present &&
	    record.pid == connection->recorded;
}

static bool
judge_record(struct front *front, struct connection *connection, const struct record *record,
    const struct stat *st)
{
	const struct ticket *ticket = &front->ticket;
	time_t now = time(NULL);
	int64_t age = (int64_t)now - (int64_t)record->created,
		idle = (int64_t)now - (int64_t)st->st_mtime;

	if (!accepted(ticket, record->character)) {
		set_fault(front, STAGE_RECORD, FAILURE_CHARACTER);
		return false;
	}
	/* A clock that jumped back makes a time of the future: that is old too. */
	if (ticket->max_age > 0 && (age > (int64_t)ticket->max_age || age < -1)) {
		set_fault(front, STAGE_RECORD, FAILURE_EXPIRED);
		return false;
	}
	if (ticket->persist > 0 && (idle > (int64_t)ticket->persist || idle < -1) &&
	    slots_held(connection->record_fd, SLOT_BASE, MAX_SLOTS + MAX_FORWARDS) == 0) {
		set_fault(front, STAGE_RECORD, FAILURE_IDLE);
		return false;
	}
	return true;
}

static bool
accepted(const struct ticket *ticket, const char *character)
{
	for (size_t i = 0; i < ticket->accept_count; i++)
		if (strcmp(ticket->accept[i], character) == 0)
			return true;
	return false;
}

void
mark_used(struct connection *connection)
{
	if (connection->record_fd >= 0)
		(void)futimens(connection->record_fd, NULL);
}

void
drop_connection(struct connection *connection)
{
	drop_socket(connection);
	if (connection->record_fd >= 0)
		(void)close(connection->record_fd); /* frees the slot */
	connection->record_fd = -1;
	connection->slot = -1;
}

static bool
shard_path(struct front *front, int shard, const char *ending, char *path, size_t size)
{
	char digits[NUMBER_SIZE];

	if (join(path, size, front->ticket.keydir, "/", number((uint64_t)shard, 1, digits), ending,
		NULL))
		return true;
	set_fault(front, STAGE_RECORD, FAILURE_ERROR);
	return false;
}

void
set_fault(struct front *front, enum stage stage, enum failure failure)
{
	front->fault.stage = stage;
	front->fault.failure = failure;
	memset(front->fault.detail, 0, sizeof(front->fault.detail));
}
