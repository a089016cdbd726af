/* Who of a crowd asks the control plane: the holder of a lock. */
#ifndef ELECT_H
#define ELECT_H

#include "front.h"
#include "lock.h"

enum { LOCK_NAME_SIZE = 64 };

struct election {
	char lock[LOCK_NAME_SIZE];
	enum { OUTSIDE, AWAITED, HELD } state;
};

/* One step: takes the lock if it is free, else sleeps until its holder is done, so that the caller
 * looks again, and only then queues for it. So of a crowd one asks, and all others wake together.
 * true: we had to wait. */
bool elect(struct front *front, struct election *election, uint64_t seconds);
void withdraw(struct front *front, struct election *election);
/* Returns only if the lock was had; true: we had to wait. */
bool need_lock(struct front *front, enum lock_result result);

#endif
