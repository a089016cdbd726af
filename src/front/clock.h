/* Time that no clock setting changes. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

enum { NS_PER_SECOND = 1000000000 };

/* CLOCK_MONOTONIC in nanoseconds. */
static inline int64_t
now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

#endif
