/* What Linux has and other systems write differently or lack. Only builds are tried there (macOS,
 * with a cross compiler): nobody has run it. */
#ifndef ELSEWHERE_H
#define ELSEWHERE_H

#ifndef __linux__
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define st_mtim st_mtimespec
#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0 /* ssh closes what it inherits */
#endif
#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

static inline int
pipe2(int ends[2], int flags)
{
	if (pipe(ends) != 0)
		return -1;
	return (flags & O_CLOEXEC) == 0 ||
		(fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 &&
		    fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0) ?
	    0 :
	    -1;
}

/* Not in one step: a signal between the two is noticed with the next event. */
static inline int
ppoll(struct pollfd *descriptors, nfds_t count, const struct timespec *timeout,
    const sigset_t *mask)
{
	sigset_t before;
	int milliseconds = timeout != NULL ?
	    (int)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000) :
	    -1;

	if (mask != NULL && sigprocmask(SIG_SETMASK, mask, &before) != 0)
		return -1;
	int result = poll(descriptors, count, milliseconds);
	if (mask != NULL)
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
#endif

#endif
