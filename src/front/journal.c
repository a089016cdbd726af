/* One JSON line an invocation, appended with one write(2), and the journal's rotation by size. Says
 * nothing anywhere when it cannot. */
#include "journal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h> /* rename */
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "strbuf.h"

enum { JOURNAL_LINE_MAX = 4000 };
static const uint64_t DEFAULT_LIMIT = 10485760;

static void write_utc(time_t seconds, char *out, size_t size);
static int open_journal(struct front *front, char *path, size_t size, uint64_t *limit);
static void rotate(int fd, const char *path, uint64_t limit);

void
journal(struct front *front, enum outcome outcome, enum reason reason, int code)
{
	char path[PATH_SIZE + 32], line[JOURNAL_LINE_MAX], when[40];
	struct timespec now;
	uint64_t limit;

	if (front->rundir.fd < 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
		return;
	write_utc(now.tv_sec, when, sizeof(when));
	int fd = open_journal(front, path, sizeof(path), &limit);
	if (fd < 0)
		return;
	const char *fields = front->have_ticket && front->ticket.journal_fields != NULL ?
	    front->ticket.journal_fields :
	    "\"destination\":null,\"key\":null,\"lane\":\"pass\"";
	/* In hundredths of a millisecond. */
	uint64_t elapsed = (uint64_t)(now_ns() - front->started_ns) / 10000;
	char digits[7][NUMBER_SIZE];
	bool fits = join(line, sizeof(line), "{\"time\":\"", when, ".",
	    number((uint64_t)now.tv_nsec / 1000000, 3, digits[0]), "Z\",\"id\":\"",
	    number((uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, 1, digits[1]),
	    "-", number((uint64_t)getpid(), 1, digits[2]), "\",\"event\":\"session\",", fields,
	    NULL);
	if (reason != NO_REASON)
		fits = fits &&
		    append_text(line, sizeof(line), ",\"why\":\"", reason_names[reason], "\"",
			NULL);
	fits = fits &&
	    append_text(line, sizeof(line), ",\"outcome\":\"", outcome_names[outcome],
		"\",\"code\":", number((uint64_t)code, 1, digits[3]),
		",\"attempts\":", number((uint64_t)front->attempts, 1, digits[4]),
		",\"shard\":", number((uint64_t)front->connection.shard, 1, digits[5]),
		",\"ms\":", number(elapsed / 100, 1, digits[6]), ".",
		number(elapsed % 100, 2, digits[0]),
		",\"asked\":", number((uint64_t)front->asked, 1, digits[1]), NULL);
	if (front->opened_ns != 0) {
		uint64_t opening = (uint64_t)(front->opened_ns - front->started_ns) / 10000;
		fits = fits &&
		    append_text(line, sizeof(line),
			",\"open_ms\":", number(opening / 100, 1, digits[2]), ".",
			number(opening % 100, 2, digits[3]), NULL);
	}
	if (front->fault.stage != NO_STAGE)
		fits = fits &&
		    append_text(line, sizeof(line), ",\"stage\":\"",
			stage_names[front->fault.stage], "\",\"failure\":\"",
			failure_names[front->fault.failure], "\"", NULL);
	if (fits && append_text(line, sizeof(line), "}\n", NULL)) {
		rotate(fd, path, limit);
		/* A full disk, or the caller's limit on the size of files, costs the line and not
		 * the call. */
		struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
		bool spared = sigaction(SIGXFSZ, &ignore, &before) == 0;
		ssize_t written = write(fd, line, strlen(line));
		(void)written;
		if (spared)
			(void)sigaction(SIGXFSZ, &before, NULL);
	}
	(void)close(fd);
}

/* ISO 8601 in UTC. By hand, because the C library's way brings its time zones along, a sixth of
 * this program. */
static void
write_utc(time_t seconds, char *out, size_t size)
{
	int64_t days = seconds / 86400, rest = seconds % 86400;
	/* Years from March on, so that the leap day is the last of one; eras of 400 years. */
	int64_t z = days + 719468, era = z / 146097, of_era = z % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365,
		day = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day + 2) / 153;

	char digits[6][NUMBER_SIZE];
	(void)join(out, size, number((uint64_t)(year + era * 400 + (month >= 10)), 4, digits[0]),
	    "-", number((uint64_t)(month < 10 ? month + 3 : month - 9), 2, digits[1]), "-",
	    number((uint64_t)(day - (153 * month + 2) / 5 + 1), 2, digits[2]), "T",
	    number((uint64_t)rest / 3600, 2, digits[3]), ":",
	    number((uint64_t)rest / 60 % 60, 2, digits[4]), ":",
	    number((uint64_t)rest % 60, 2, digits[5]), NULL);
}

static int
open_journal(struct front *front, char *path, size_t size, uint64_t *limit)
{
	const char *named = front->have_ticket ? front->ticket.journal_path : NULL;

	if (front->have_ticket && named == NULL)
		return -1; /* switched off */
	bool fits = named != NULL ? join(path, size, named, NULL) :
				    join(path, size, front->rundir.path, "/" NAME_JOURNAL, NULL);

	*limit = named != NULL ? front->ticket.journal_limit : DEFAULT_LIMIT;
	if (!fits)
		return -1;
	/* Not a loop over a rotation: a line that lands in the older file is not lost. */
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
	    0600);
}

/* Whoever finds the file too long and gets its lock renames it, once: the lock and the inode's
 * identity make sure of that. */
static void
rotate(int fd, const char *path, uint64_t limit)
{
	char first[PATH_SIZE + 40], second[PATH_SIZE + 40];
	struct stat ours, named;

	if (limit == 0 || fstat(fd, &ours) != 0 || (uint64_t)ours.st_size < limit ||
	    flock(fd, LOCK_EX | LOCK_NB) != 0)
		return;
	(void)join(first, sizeof(first), path, ".1", NULL);
	(void)join(second, sizeof(second), path, ".2", NULL);
	if (stat(path, &named) == 0 && named.st_ino == ours.st_ino && named.st_dev == ours.st_dev) {
		(void)rename(first, second);
		(void)rename(path, first);
	}
	(void)flock(fd, LOCK_UN);
}
