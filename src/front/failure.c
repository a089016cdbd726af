/* Shares the failure of a dial with those who waited for it: the same words on stderr, the same
 * 255. Refuses one that was there before them. */
#include "failure.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "journal.h"
#include "strbuf.h"

static const int64_t MEANWHILE_NS = 2000000000;

static bool failed_path(const struct front *front, char *path, size_t size);
static bool failed_identity(const struct front *front, struct stat *st);
static bool failed_meanwhile(const struct front *front, const struct stat *failed);
static bool same_failure(const struct stat *one, const struct stat *other);

void
look_for_failure(struct front *front, struct failure_seen *seen)
{
	seen->known = failed_identity(front, &seen->before);
	if (seen->known && failed_meanwhile(front, &seen->before)) {
		seen->known = false;
		share_failure(front, seen);
	}
}

void
share_failure(struct front *front, const struct failure_seen *seen)
{
	char path[PATH_SIZE], bytes[4096];
	struct stat now;
	ssize_t got;

	if (!failed_identity(front, &now) || (seen->known && same_failure(&now, &seen->before)))
		return;
	if (!failed_path(front, path, sizeof(path)))
		return;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		if (write(2, bytes, (size_t)got) != got)
			break;
	journal(front, OUTCOME_FAILURE_SHARED, NO_REASON, 255);
	_exit(255);
}

/* On a caller's ControlPath others dial with other options: only a failure of the same connection
 * is ours too. */
static bool
failed_path(const struct front *front, char *path, size_t size)
{
	return front->ticket.accept_count > 0 &&
	    join(path, size, front->ticket.keydir, "/failed.", front->ticket.accept[0], NULL);
}

static bool
failed_identity(const struct front *front, struct stat *st)
{
	char path[PATH_SIZE];

	return failed_path(front, path, sizeof(path)) && lstat(path, st) == 0;
}

/* Of a crowd on a busy machine some come to look only when the first one's dial is over: a failure
 * from after our own start is one that we would have waited for. Not for long: who had to wait for
 * other things may find the server well again. */
static bool
failed_meanwhile(const struct front *front, const struct stat *failed)
{
	struct timespec now;
	int64_t own_age = now_ns() - front->started_ns;

	if (front->asked > 0 || own_age > MEANWHILE_NS || clock_gettime(CLOCK_REALTIME, &now) != 0)
		return false;
	int64_t age = ((int64_t)now.tv_sec - failed->st_mtim.tv_sec) * 1000000000 + now.tv_nsec -
	    failed->st_mtim.tv_nsec;
	return age >= 0 && age < own_age;
}

static bool
same_failure(const struct stat *one, const struct stat *other)
{
	return one->st_ino == other->st_ino && one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	    one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}
