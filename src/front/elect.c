/* Who of a crowd asks the control plane. A lock that cannot be had leads to the real ssh. */
#include "elect.h"

#include "lock.h"
#include "realssh.h"

bool
need_lock(struct front *front, enum lock_result result)
{
	if (result == LOCK_BROKEN)
		pass(front, REASON_NO_LOCK);
	if (result == LOCK_BUSY)
		pass(front, REASON_LOCK_BUSY);
	return result == LOCK_WAITED;
}

bool
elect(struct front *front, struct election *election, uint64_t seconds)
{
	enum lock_result result = lock_try(&front->rundir, election->lock);

	if (result == LOCK_BUSY && election->state == OUTSIDE) {
		election->state = AWAITED;
		return need_lock(front, lock_await(&front->rundir, election->lock, seconds));
	}
	if (result == LOCK_BUSY)
		result = lock_name(&front->rundir, election->lock, 1, seconds);
	election->state = HELD;
	return need_lock(front, result);
}

void
withdraw(struct front *front, struct election *election)
{
	unlock_all(&front->rundir);
	election->state = OUTSIDE;
}
