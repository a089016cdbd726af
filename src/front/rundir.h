/* RUN: where tickets, locks, sockets and records lie. */
#ifndef RUNDIR_H
#define RUNDIR_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

enum { PATH_SIZE = 1024 };

struct rundir {
	char path[PATH_SIZE];
	int fd;       /* -1: none, so pass */
	int locks_fd; /* RUN/locks, -1 until it is needed */
	uint64_t held[MAX_LOCKS];
	int held_count;
};

/* true: RUN is there, ours alone, and open; made where it was missing. */
bool open_rundir(struct rundir *rundir);

#endif
