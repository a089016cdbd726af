/* The real ssh, and ourselves. */
#ifndef REAL_H
#define REAL_H

#include "front.h"

enum verdict { NOT_IT, PROGRAM, SCRIPT };

/* The first program of that name on PATH, or in /usr/bin, that is none of ours. */
bool search_path(struct front *front, const char *name, char *found, size_t size,
    enum verdict *verdict);
/* Where a script that we become finds a mark even when it cleans its environment: a descriptor that
 * ssh closes as it starts. */
enum { MARK_DESCRIPTOR = 250 };

/* How many scripts have led back to us (SSHIM_DEPTH). */
int depth(const struct front *front);

#endif
