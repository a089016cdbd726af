/* The journal: one line an invocation. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "front.h"

/* NO_REASON: the ticket's own, which its JSON fragment holds. */
void journal(struct front *front, enum outcome outcome, enum reason reason, int code);

#endif
