/* One JSON line an invocation, appended with one write(2), and the journal's rotation by size. Says nothing anywhere when it cannot. */
#include "front.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { JOURNAL_LINE_MAX = 4000 };
static const uint64_t DEFAULT_LIMIT = 10485760;

static int open_journal(struct front *front, char *path, size_t size, uint64_t *limit);
static void rotate(int fd, const char *path, uint64_t limit);

int64_t
now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* `reason` NULL: the ticket's own, which its JSON fragment holds. */
void
journal(struct front *front, const char *outcome, const char *reason, int code)
{
	char path[PATH_SIZE + 32], line[JOURNAL_LINE_MAX], when[40];
	struct timespec now;
	struct tm utc;
	uint64_t limit;
	int length;

	if (front->place.fd < 0 || clock_gettime(CLOCK_REALTIME, &now) != 0 || gmtime_r(&now.tv_sec, &utc) == NULL)
		return;
	if (strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc) == 0)
		return;
	int fd = open_journal(front, path, sizeof(path), &limit);
	if (fd < 0)
		return;
	const char *fields = front->have_ticket && front->ticket.journal_fields != NULL ? front->ticket.journal_fields : "\"destination\":null,\"key\":null,\"lane\":\"pass\"";
	int64_t elapsed = (now_ns() - front->started_ns) / 10000; /* hundredths of a millisecond */
	length = snprintf(line, sizeof(line), "{\"time\":\"%s.%03ldZ\",\"id\":\"%llx%04x\",\"event\":\"session\",%s", when, now.tv_nsec / 1000000,
	    (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000, (unsigned)getpid() & 0xffff, fields);
	if (length > 0 && length < (int)sizeof(line) - 256) {
		if (reason != NULL)
			length += snprintf(line + length, sizeof(line) - (size_t)length, ",\"why\":\"%.60s\"", reason);
		length += snprintf(line + length, sizeof(line) - (size_t)length, ",\"outcome\":\"%s\",\"code\":%d,\"attempts\":%d,\"shard\":%d,\"ms\":%lld.%02lld", outcome,
		    code, front->attempts, front->shard, (long long)elapsed / 100, (long long)elapsed % 100);
		if (front->fault.stage != NULL)
			length += snprintf(line + length, sizeof(line) - (size_t)length, ",\"stage\":\"%s\",\"failure\":\"%s\"", front->fault.stage, front->fault.failure);
		length += snprintf(line + length, sizeof(line) - (size_t)length, "}\n");
		rotate(fd, path, limit);
		ssize_t written = write(fd, line, (size_t)length);
		(void)written; /* a full disk costs the line, not the call */
	}
	(void)close(fd);
}

static int
open_journal(struct front *front, char *path, size_t size, uint64_t *limit)
{
	const char *named = front->have_ticket ? front->ticket.journal_path : NULL;
	int written = named != NULL ? snprintf(path, size, "%s", named) : snprintf(path, size, "%s/journal.jsonl", front->place.path);

	*limit = named != NULL ? front->ticket.journal_limit : DEFAULT_LIMIT;
	if (written <= 0 || (size_t)written >= size)
		return -1;
	/* Not a loop over a rotation: a line that lands in the older file is not lost. */
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
}

/* Whoever finds the file too long and gets its lock renames it, once: the lock and the inode's identity make sure of that. */
static void
rotate(int fd, const char *path, uint64_t limit)
{
	char first[PATH_SIZE + 40], second[PATH_SIZE + 40];
	struct stat ours, named;

	if (limit == 0 || fstat(fd, &ours) != 0 || (uint64_t)ours.st_size < limit || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return;
	(void)snprintf(first, sizeof(first), "%s.1", path);
	(void)snprintf(second, sizeof(second), "%s.2", path);
	if (stat(path, &named) == 0 && named.st_ino == ours.st_ino && named.st_dev == ours.st_dev) {
		(void)rename(first, second);
		(void)rename(path, first);
	}
	(void)flock(fd, LOCK_UN);
}
