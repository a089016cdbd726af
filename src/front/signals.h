/* The signals that end a session or change its size: noted while it lasts, so that what there is to
 * do is done first. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* The signal flags: which one ended us (0: none), and whether the window has another size. */
extern volatile sig_atomic_t ended_by, resized;

struct signals {
	sigset_t before; /* the caller's mask, which the waits use */
	struct sigaction old[7], old_pipe;
};

void catch_signals(struct signals *signals, bool tty);
/* As the caller had them. */
void release_signals(struct signals *signals);

#endif
