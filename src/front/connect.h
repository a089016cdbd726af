/* What a ticket says, done. */
#ifndef CONNECT_H
#define CONNECT_H

#include "ask.h"

/* A session over a shared connection. */
_Noreturn void attach(struct front *front);
/* -O and its like. */
_Noreturn void control(struct front *front);
/* Returns where the control plane said "again". */
void apply_reply(struct front *front, struct reply reply);

#endif
