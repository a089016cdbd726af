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

enum reached { REACHED, FULL, BROKEN };

static enum reached
broken(struct fault *fault, enum failure failure)
{
	(void)set_fault(fault, STAGE_RECORD, failure);
	return BROKEN;
}

static bool
shard_path(const struct ticket *ticket, int shard, const char *ending, char path[PATH_SIZE])
{
	char digits[NUMBER_SIZE];

	return join(path, PATH_SIZE, ticket->keydir, "/", number((uint64_t)shard, 1, digits),
	    ending, NULL);
}

static bool
accepted(const struct ticket *ticket, const char *character)
{
	for (size_t i = 0; i < ticket->accept_count; i++)
		if (strcmp(ticket->accept[i], character) == 0)
			return true;
	return false;
}

static bool
still_current(const struct ticket *ticket, const struct connection *connection)
{
	char path[PATH_SIZE];
	struct stat st;

	return shard_path(ticket, connection->shard, ".m", path) && lstat(path, &st) == 0 &&
	    st.st_dev == connection->dev && st.st_ino == connection->ino;
}

static bool
hold_slot(const struct ticket *ticket, struct connection *connection, const struct record *record)
{
	int fd = connection->record_fd, above = 0, below = 0;
	uint64_t limit = record->present && record->limit > 0 ? record->limit : ticket->limit;

	if (ticket->stdio_host != NULL) {
		/* A forwarding is no session for the server: it holds a byte of its own kind,
		 * without a limit. */
		if (connection->slot < 0)
			connection->slot = slot_take(fd, STDIO_BASE, MAX_FORWARDS);
		return connection->slot >= 0;
	}
	int most = limit < MAX_SLOTS ? (int)limit : MAX_SLOTS;
	if (connection->slot >= most) {
		slot_drop(fd, SLOT_BASE, connection->slot);
		connection->slot = -1;
	}
	if (connection->slot >= 0)
		return true;
	/* Sessions above a limit that was learned after they began still count. */
	if (most < MAX_SLOTS)
		above = slots_held(fd, SLOT_BASE + most, MAX_SLOTS - most);
	if (above > 0)
		below = slots_held(fd, SLOT_BASE, most);
	if (above >= 0 && below >= 0 && above + below < most)
		connection->slot = slot_take(fd, SLOT_BASE, most);
	return connection->slot >= 0;
}

/* NO_FAILURE: a master that we may use. */
static enum failure
check_record(const struct ticket *ticket, const struct record *record, const struct stat *st,
    int record_fd)
{
	int64_t now = (int64_t)time(NULL), age = now - (int64_t)record->created,
		idle = now - (int64_t)st->st_mtime;

	if (!accepted(ticket, record->character))
		return FAILURE_CHARACTER;
	/* A clock that jumped back makes a time of the future: that is old too. */
	if (ticket->max_age > 0 && (age > (int64_t)ticket->max_age || age < -1))
		return FAILURE_EXPIRED;
	if (ticket->persist > 0 && (idle > (int64_t)ticket->persist || idle < -1) &&
	    slots_held(record_fd, SLOT_BASE, MAX_SLOTS + MAX_FORWARDS) == 0)
		return FAILURE_IDLE;
	return NO_FAILURE;
}

static enum reached
reach_shard(const struct ticket *ticket, struct connection *connection, int shard,
    struct fault *fault)
{
	char path[PATH_SIZE];
	struct record record;
	struct stat st;

	connection->shard = shard;
	if (!shard_path(ticket, shard, ".m", path))
		return broken(fault, FAILURE_ERROR);
	if (connection->record_fd < 0) {
		connection->record_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		connection->slot = -1;
	}
	if (connection->record_fd < 0)
		return broken(fault, errno == ENOENT ? FAILURE_NONE : FAILURE_ERROR);
	if (fstat(connection->record_fd, &st) != 0 || st.st_uid != geteuid() ||
	    !S_ISREG(st.st_mode))
		return broken(fault, FAILURE_FOREIGN);
	connection->dev = st.st_dev;
	connection->ino = st.st_ino;
	if (!record_read(connection->record_fd, &record))
		return broken(fault, FAILURE_DAMAGED);
	connection->recorded = record.present ? record.pid : 0;
	if (!hold_slot(ticket, connection, &record))
		return FULL;
	enum failure failure = record.present ?
	    check_record(ticket, &record, &st, connection->record_fd) :
	    NO_FAILURE;
	if (failure != NO_FAILURE)
		return broken(fault, failure);
	(void)shard_path(ticket, shard, "", path); /* shorter than the record's */
	if (!mux_connect(&connection->mux, shard == 0 ? ticket->socket : path, fault))
		return BROKEN;
	/* The record must speak of the master that answers, and still be the shard's: else somebody
	 * replaced either in between. */
	bool known = record.present && record.pid == connection->mux.pid;
	if (accepted(ticket, known ? record.character : "-") && still_current(ticket, connection))
		return REACHED;
	mux_close(&connection->mux);
	return broken(fault, FAILURE_CHARACTER);
}

bool
reach_master(const struct ticket *ticket, struct connection *connection, struct fault *fault)
{
	int64_t deadline = deadline_in(ticket->connect_timeout);

	/* A caller that waited for its shard still has its slot there. */
	if (connection->record_fd >= 0 && still_current(ticket, connection)) {
		enum reached reached = reach_shard(ticket, connection, connection->shard, fault);
		if (reached != FULL)
			return reached == REACHED;
	}
	for (unsigned pause = 10;; pause = pause < 80 ? pause * 2 : pause) {
		for (int shard = 0; shard < (int)ticket->shards && shard < MAX_SHARDS; shard++) {
			drop_connection(connection);
			enum reached reached = reach_shard(ticket, connection, shard, fault);
			if (reached != FULL)
				return reached == REACHED;
		}
		if (now_ns() >= deadline)
			return set_fault(fault, STAGE_RECORD, FAILURE_FULL);
		/* Every place is taken: nobody can be told when one is free, so look again, not all
		 * at the same moment. */
		struct timespec nap = { 0, (long)(pause + (unsigned)getpid() % pause) * 1000000 };
		(void)nanosleep(&nap, NULL);
	}
}

bool
same_master(const struct ticket *ticket, const struct connection *connection)
{
	struct record record;

	return connection->record_fd >= 0 && still_current(ticket, connection) &&
	    record_read(connection->record_fd, &record) && record.present &&
	    record.pid == connection->recorded;
}

bool
slot_outgrown(const struct ticket *ticket, int shard, int slot)
{
	char path[PATH_SIZE];
	struct record record;

	if (!shard_path(ticket, shard, ".m", path))
		return false;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool outgrown = fd >= 0 && record_read(fd, &record) && record.present && record.limit > 0 &&
	    (uint64_t)slot >= record.limit;
	if (fd >= 0)
		(void)close(fd);
	return outgrown;
}

void
mark_used(const struct connection *connection)
{
	if (connection->record_fd >= 0)
		(void)futimens(connection->record_fd, NULL);
}

void
drop_connection(struct connection *connection)
{
	mux_close(&connection->mux);
	if (connection->record_fd >= 0)
		(void)close(connection->record_fd); /* frees the slot */
	connection->record_fd = -1;
	connection->slot = -1;
}
