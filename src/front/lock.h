/* Kernel locks on bytes: open-file-description locks, freed when the holder dies, whatever it dies
 * of. */
#ifndef LOCK_H
#define LOCK_H

#include "rundir.h"

enum lock_result { LOCK_GOT, LOCK_WAITED, LOCK_BUSY, LOCK_BROKEN };

/* The bytes of a record file after its text: a session's slots, then those of forwardings. */
enum { SLOT_BASE = MAX_RECORD_BYTES, STDIO_BASE = SLOT_BASE + MAX_SLOTS };

/* Takes the lock called name (with count > 1, any of name/0 … name/count-1), waiting up to
 * `seconds`. */
enum lock_result lock_name(struct rundir *rundir, const char *name, unsigned count,
    unsigned seconds);
/* Sleeps until nobody holds it, without taking it: a crowd behind one leader wakes all at once. */
enum lock_result lock_await(struct rundir *rundir, const char *name, unsigned seconds);
/* Takes it only if it is free now. */
enum lock_result lock_try(struct rundir *rundir, const char *name);
void unlock_name(struct rundir *rundir, const char *name);
void unlock_all(struct rundir *rundir);

/* The lowest free byte of [base, base + most) of a record file, taken; -1: none. */
int slot_take(int fd, int base, int most);
void slot_drop(int fd, int base, int slot);
/* The server opened the session: a read lock from now on, so that anybody can count those in
 * /proc/locks apart from the ones still asking. */
void slot_opened(int fd, int base, int slot);
/* How many bytes of [base, base + most) others hold; -1: cannot tell. */
int slots_held(int fd, int base, int most);

#endif
