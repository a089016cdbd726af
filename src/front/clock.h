/* Time that no clock setting changes. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in nanoseconds. */
static inline int64_t
now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* That many seconds from now, as now_ns() tells it. */
static inline int64_t
deadline_in(uint64_t seconds)
{
	return now_ns() + (int64_t)seconds * 1000000000;
}

#endif
