/* The control plane, started. */
#ifndef START_H
#define START_H

#include "front.h"

/* Its pid, and our end of the channel to it; -1: it could not be started. */
pid_t start_control(struct front *front, enum request request, int shard, const struct fault *fault,
    int *fd);

#endif
