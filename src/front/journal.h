/* The journal: one line an invocation. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "front.h"

/* `reason` NULL: the ticket's own, which its JSON fragment holds. */
void journal(struct front *front, const char *outcome, const char *reason, int code);

#endif
