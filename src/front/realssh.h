/* The real ssh, and ourselves. */
#ifndef REALSSH_H
#define REALSSH_H

#include "front.h"

bool find_self(struct front *front);
bool find_real(struct front *front);
/* The path of another file in our own folder. */
bool beside_self(struct front *front, const char *name, char *path, size_t size);
/* NO_REASON: the ticket's own. */
_Noreturn void pass(struct front *front, enum reason reason);
_Noreturn void become_copy(struct front *front, const char *name);
_Noreturn void become_control(struct front *front);

#endif
