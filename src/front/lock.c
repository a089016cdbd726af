/* Kernel locks on bytes of RUN/locks and of record files. Refuses to guess: what the kernel does
 * not grant is not held. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "encode.h"
#include "strbuf.h"

static bool open_locks(struct rundir *rundir);
static int set_lock(int fd, int command, short type, uint64_t offset);
static enum lock_result wait_lock(struct rundir *rundir, short type, uint64_t offset,
    unsigned seconds);
static uint64_t offset_of(const char *name);
static void interrupt(int signal_number);

static enum lock_result
remember(struct rundir *rundir, uint64_t offset, enum lock_result result)
{
	if (rundir->held_count >= MAX_LOCKS) {
		(void)set_lock(rundir->locks_fd, F_OFD_SETLK, F_UNLCK, offset);
		return LOCK_BROKEN;
	}
	rundir->held[rundir->held_count++] = offset;
	return result;
}

enum lock_result
lock_try(struct rundir *rundir, const char *name)
{
	if (!open_locks(rundir))
		return LOCK_BROKEN;
	if (set_lock(rundir->locks_fd, F_OFD_SETLK, F_WRLCK, offset_of(name)) == 0)
		return remember(rundir, offset_of(name), LOCK_GOT);
	return errno == EAGAIN || errno == EACCES ? LOCK_BUSY : LOCK_BROKEN;
}

enum lock_result
lock_name(struct rundir *rundir, const char *name, unsigned count, unsigned seconds)
{
	char one[256], digits[NUMBER_SIZE];
	enum lock_result result;

	if (count <= 1) {
		result = lock_try(rundir, name);
		if (result != LOCK_BUSY || seconds == 0)
			return result;
		result = wait_lock(rundir, F_WRLCK, offset_of(name), seconds);
		return result == LOCK_WAITED ? remember(rundir, offset_of(name), result) : result;
	}
	for (unsigned i = 0; i < count; i++) {
		if (!join(one, sizeof(one), name, "/", number(i, 1, digits), NULL))
			return LOCK_BROKEN;
		result = lock_try(rundir, one);
		if (result != LOCK_BUSY)
			return result;
	}
	/* All taken: wait for one of them, spread by pid so that not all wait for the same. */
	if (!join(one, sizeof(one), name, "/", number((unsigned)getpid() % count, 1, digits), NULL))
		return LOCK_BROKEN;
	return lock_name(rundir, one, 1, seconds);
}

enum lock_result
lock_await(struct rundir *rundir, const char *name, unsigned seconds)
{
	if (!open_locks(rundir))
		return LOCK_BROKEN;
	enum lock_result result = wait_lock(rundir, F_RDLCK, offset_of(name), seconds);
	if (result == LOCK_WAITED)
		(void)set_lock(rundir->locks_fd, F_OFD_SETLK, F_UNLCK, offset_of(name));
	return result;
}

void
unlock_name(struct rundir *rundir, const char *name)
{
	uint64_t offset = offset_of(name);
	char one[256], digits[NUMBER_SIZE];

	for (int i = rundir->held_count - 1; i >= 0; i--) {
		bool same = rundir->held[i] == offset;
		for (unsigned n = 0;
		     !same && n < MAX_LOCK_CHOICES && strncmp(name, "dial/", 5) == 0; n++)
			same = join(one, sizeof(one), name, "/", number(n, 1, digits), NULL) &&
			    rundir->held[i] == offset_of(one);
		if (!same)
			continue;
		(void)set_lock(rundir->locks_fd, F_OFD_SETLK, F_UNLCK, rundir->held[i]);
		rundir->held[i] = rundir->held[--rundir->held_count];
		return;
	}
}

void
unlock_all(struct rundir *rundir)
{
	while (rundir->held_count > 0)
		(void)set_lock(rundir->locks_fd, F_OFD_SETLK, F_UNLCK,
		    rundir->held[--rundir->held_count]);
}

int
slot_take(int fd, int base, int most)
{
	for (int i = 0; i < most; i++)
		if (set_lock(fd, F_OFD_SETLK, F_WRLCK, (uint64_t)(base + i)) == 0)
			return i;
	return -1;
}

void
slot_drop(int fd, int base, int slot)
{
	(void)set_lock(fd, F_OFD_SETLK, F_UNLCK, (uint64_t)(base + slot));
}

void
slot_opened(int fd, int base, int slot)
{
	(void)set_lock(fd, F_OFD_SETLK, F_RDLCK, (uint64_t)(base + slot));
}

int
slots_held(int fd, int base, int most)
{
	int held = 0;

	for (int at = base; at < base + most;) {
		struct flock lock = { .l_type = F_WRLCK,
			.l_whence = SEEK_SET,
			.l_start = at,
			.l_len = base + most - at };

		if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
			return -1;
		if (lock.l_type == F_UNLCK)
			return held;
		/* The kernel names any conflicting lock, not the first: count this one byte and
		 * look left and right of it. */
		int found = (int)lock.l_start;
		int left = found > at ? slots_held(fd, at, found - at) : 0;
		if (left < 0)
			return -1;
		held += left + 1;
		at = found + 1;
	}
	return held;
}

static bool
open_locks(struct rundir *rundir)
{
	if (rundir->locks_fd < 0)
		rundir->locks_fd = openat(rundir->fd, NAME_LOCKS,
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return rundir->locks_fd >= 0;
}

static int
set_lock(int fd, int command, short type, uint64_t offset)
{
	struct flock lock = { .l_type = type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)offset,
		.l_len = 1 };

	return fcntl(fd, command, &lock);
}

/* A blocking lock with a deadline: a timer interrupts the wait, again and again, so that a signal
 * that comes before the system call is not the last one. A POSIX timer, because the caller may have
 * an alarm(2) of its own running, and SIGURG, because nobody misses it. By its system calls: the C
 * library's way brings threads along. */
static enum lock_result
wait_lock(struct rundir *rundir, short type, uint64_t offset, unsigned seconds)
{
	struct sigaction act = { .sa_handler = interrupt }, old;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG };
	struct itimerspec every = { .it_interval = { 0, 50000000 },
		.it_value = { seconds, 1000000 } };
	sigset_t urgent, old_mask;
	int64_t deadline = now_ns() + (int64_t)seconds * 1000000000;
	int timer;

	if (sigemptyset(&urgent) != 0 || sigaddset(&urgent, SIGURG) != 0 ||
	    sigaction(SIGURG, &act, &old) != 0)
		return LOCK_BROKEN;
	if (sigprocmask(SIG_UNBLOCK, &urgent, &old_mask) != 0 ||
	    syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0) {
		(void)sigaction(SIGURG, &old, NULL);
		return LOCK_BROKEN;
	}
	int error = syscall(SYS_timer_settime, timer, 0, &every, NULL) == 0 ? EINTR : errno;
	int result = -1;
	while (error == EINTR && now_ns() < deadline) {
		result = set_lock(rundir->locks_fd, F_OFD_SETLKW, type, offset);
		if (result == 0)
			break;
		error = errno;
	}
	(void)syscall(SYS_timer_delete, timer);
	(void)sigprocmask(SIG_SETMASK, &old_mask, NULL);
	(void)sigaction(SIGURG, &old, NULL);
	if (result == 0)
		return LOCK_WAITED;
	return error == EINTR ? LOCK_BUSY : LOCK_BROKEN;
}

static void
interrupt(int signal_number)
{
	(void)signal_number; /* its arrival ends the system call: that is all */
}

static uint64_t
offset_of(const char *name)
{
	return hash_bytes(name, strlen(name)) & 0x3fffffffffffffffu;
}
