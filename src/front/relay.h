/* The caller's stderr, where it is a pipe or a socket: whoever reads it waits for its end. A master keeps the stderr that it was given until the
 * remote command ends, even when we are gone (channel_free closes efd, chan_write_failed does not), so it gets a pipe of ours instead. */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>

struct relay {
	int from;   /* our end, -1: none, the master has the caller's own stderr */
	int to;     /* the master's end, until it has it */
	bool both;  /* stdout is the very same pipe: it goes the same way, so that the order of what is written stays */
};

/* Where descriptor 2 needs none, or none can be had, `from` and `to` are -1. */
struct relay open_relay(void);
/* The master has its end. */
void hand_over_relay(struct relay *relay);
/* Copies what is there; closes our end when there is no more to come, or nobody reads. */
void run_relay(struct relay *relay);
/* Copies what is there now, as far as the caller's stderr takes it without waiting: our end is near. */
void drain_relay(struct relay *relay);
void close_relay(struct relay *relay);
/* Waits until the control socket (-1: no more), or the relay, has something; false: a signal of `mask` came. Runs the relay meanwhile. */
bool wait_beside_relay(struct relay *relay, int fd, const void *mask);

#endif
