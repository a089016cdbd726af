/* Streams that a master must not hold itself.
 * The caller's stderr, where it is a pipe or a socket: whoever reads it waits for its end. A master
 * keeps the stderr that it was given until the remote command ends, even when we are gone
 * (channel_free closes efd, chan_write_failed does not), so it gets a pipe of ours instead. The
 * caller's terminal as stdin of a session that has none: the kernel stops who reads it from the
 * background, but not a master, which would take what is typed for the shell. So it gets a pipe,
 * and we read. */
#ifndef RELAY_H
#define RELAY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct relay {
	int from;     /* our end of stderr, -1: none, the master has the caller's own */
	int to;       /* the master's end, until it has it */
	int feed;     /* where we write what the terminal has, -1: the master reads stdin itself */
	int fed;      /* the master's end, until it has it */
	bool feeding; /* the session is open; what is typed before may be another's */
	bool both;    /* stdout is the very same pipe: it goes the same way, to keep the order */
	size_t said_from, said_to, typed_from, typed_to;
	char said[16384];
	char typed[4096]; /* a line of a terminal has no more (N_TTY_BUF_SIZE) */
};

/* With a pipe for stderr where it needs one, and one for the terminal; where no pipe can be had the
 * master gets the caller's own. */
void open_relay(struct relay *relay, bool errors, bool terminal);
/* The master has its ends. */
void hand_over_relay(struct relay *relay);
/* The session is open: what is typed is its. */
void start_feed(struct relay *relay);
/* Waits until the control socket (-1: no more) has something, or the relay has ended. false: a
 * signal of `mask` came. Runs the relay meanwhile. */
bool wait_beside_relay(struct relay *relay, int fd, const sigset_t *mask);
void close_feed(struct relay *relay);
/* Copies what is there now, as far as the caller's stderr takes it without waiting: our end is
 * near. */
void drain_relay(struct relay *relay);
void close_relay(struct relay *relay);

#endif
