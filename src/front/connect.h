/* One call from ticket to exit. */
#ifndef CONNECT_H
#define CONNECT_H

#include "front.h"

_Noreturn void follow_ticket(struct front *front);

#endif
