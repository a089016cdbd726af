/* The front by other names (SSHIM_AS, scp, sftp, sshim). */
#ifndef MODES_H
#define MODES_H

#include "front.h"

/* Returns only where it is called as ssh. */
void run_as_other(struct front *front);

#endif
