/* One session over a master, from the request to the exit code. */
#ifndef SESSION_H
#define SESSION_H

#include "front.h"

/* Ends the process when a session was opened over front->connection. Returns, with front->fault
 * set, when it was not; front->sent tells whether it may have started all the same. */
void run_session(struct front *front);

#endif
