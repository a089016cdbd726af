/* The environment on its way through the control plane. */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "front.h"

/* A copy for the control plane: BUN_*, NODE_* and what is not UTF-8 as SSHIM_RAW_<n>=<hex>. NULL:
 * no memory. */
char **clean_environment(char **environment);
/* In place: the caller's own again, without our marks; SSHIM_THEN_AS becomes SSHIM_AS. */
void restore_environment(char **environment);
/* An entry by which the front and what it starts tell each other something: no part of the
 * call id. */
bool is_mark(const char *entry);
/* The signals that the caller ignored, one bit each (SSHIM_IGNORED). */
uint64_t ignored_signals(void);

#endif
