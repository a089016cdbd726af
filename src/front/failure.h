/* The last failed dial of a key: its words are those of everybody who waited for it. */
#ifndef FAILURE_H
#define FAILURE_H

#include <sys/stat.h>

#include "front.h"

struct failure_seen {
	bool known;
	struct stat before;
};

/* Remembers the failure that is there before we wait. Ends the process with it where it is one that
 * we would have waited for. */
void look_for_failure(struct front *front, struct failure_seen *seen);
/* Ends the process with the words of a dial that failed since we looked. */
void share_failure(struct front *front, const struct failure_seen *seen);

#endif
