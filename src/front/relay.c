/* Carries a session's stderr from a pipe of ours to the caller's, and a terminal's lines to a pipe.
 * Touches no other byte of the session, and never holds one back. */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM = 4096 }; /* PIPE_BUF: a pipe that can be written to takes so much without waiting */

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void
open_errors(struct relay *relay)
{
	struct stat st, output;
	int ends[2];

	if (fstat(2, &st) != 0 || (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)) ||
	    pipe2(ends, O_CLOEXEC) != 0)
		return;
	relay->from = ends[0];
	relay->to = ends[1];
	relay->both = fstat(1, &output) == 0 && output.st_dev == st.st_dev &&
	    output.st_ino == st.st_ino;
}

static void
open_feed(struct relay *relay)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	relay->fed = ends[0];
	relay->feed = ends[1];
	/* Of the writing end only: the master's has a file description of its own. */
	if (fcntl(relay->feed, F_SETFL, O_NONBLOCK) != 0) {
		close_fd(&relay->fed);
		close_fd(&relay->feed);
	}
}

void
open_relay(struct relay *relay, bool errors, bool terminal)
{
	relay->from = relay->to = relay->feed = relay->fed = -1;
	relay->feeding = relay->both = false;
	relay->said_from = relay->said_to = relay->typed_from = relay->typed_to = 0;
	if (errors)
		open_errors(relay);
	if (terminal)
		open_feed(relay);
}

void
hand_over_relay(struct relay *relay)
{
	close_fd(&relay->to);
	close_fd(&relay->fed);
}

void
start_feed(struct relay *relay)
{
	relay->feeding = relay->feed >= 0;
}

void
close_feed(struct relay *relay)
{
	close_fd(&relay->feed);
	relay->feeding = false;
}

void
close_relay(struct relay *relay)
{
	hand_over_relay(relay);
	close_feed(relay);
	close_fd(&relay->from);
}

/* One step: what was typed goes in, then more is read. A read from the background stops us, as it
 * stops ssh. */
static void
run_feed(struct relay *relay)
{
	if (relay->typed_from == relay->typed_to) {
		ssize_t got = read(0, relay->typed, sizeof(relay->typed));
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			return;
		if (got <= 0) {
			close_feed(relay);
			return;
		}
		relay->typed_from = 0;
		relay->typed_to = (size_t)got;
	}
	ssize_t written = write(relay->feed, relay->typed + relay->typed_from,
	    relay->typed_to - relay->typed_from);
	if (written > 0)
		relay->typed_from += (size_t)written;
	else if (written < 0 && errno != EAGAIN && errno != EINTR)
		close_feed(relay); /* the remote command reads no more */
}

/* What was read and the caller's stderr has taken no room for yet. Never waits: with a reader that
 * does not read we still have to hear the end of the session, and a signal. */
static void
flush_relay(struct relay *relay)
{
	while (relay->said_from < relay->said_to) {
		struct pollfd room = { .fd = 2, .events = POLLOUT };
		const char *bytes = relay->said + relay->said_from;
		size_t some = relay->said_to - relay->said_from;
		some = some < ROOM ? some : ROOM;
		if (poll(&room, 1, 0) != 1)
			return;
		ssize_t written = send(2, bytes, some, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (written < 0 && errno == ENOTSOCK)
			written = write(2, bytes, some);
		if (written < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (written <
		    0) /* a reader that left is told to the master, as by the pipe itself */
			close_fd(&relay->from);
		relay->said_from = written < 0 ? relay->said_to :
						 relay->said_from + (size_t)written;
	}
}

static void
run_relay(struct relay *relay)
{
	if (relay->said_from == relay->said_to) {
		ssize_t got = read(relay->from, relay->said, sizeof(relay->said));
		if (got < 0 && errno == EINTR)
			return;
		if (got <= 0) {
			close_fd(&relay->from);
			return;
		}
		relay->said_from = 0;
		relay->said_to = (size_t)got;
	}
	flush_relay(relay);
}

void
drain_relay(struct relay *relay)
{
	int there = 0;

	for (flush_relay(relay); relay->said_from == relay->said_to && relay->from >= 0;
	     run_relay(relay))
		if (ioctl(relay->from, FIONREAD, &there) != 0 || there <= 0)
			return;
}

bool
wait_beside_relay(struct relay *relay, int fd, const sigset_t *mask)
{
	for (;;) {
		bool full = relay->typed_from < relay->typed_to,
		     waiting = relay->said_from < relay->said_to;
		struct pollfd ready[4] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = waiting ? 2 : relay->from, .events = waiting ? POLLOUT : POLLIN },
			{ .fd = relay->feeding && !full ? 0 : -1, .events = POLLIN },
			{ .fd = relay->feeding ? relay->feed : -1, .events = full ? POLLOUT : 0 },
		};

		if (fd < 0 && relay->from < 0 && !relay->feeding)
			return true;
		int polled = ppoll(ready, 4, NULL, mask);
		if (polled < 0)
			return errno != EINTR;
		if (ready[1].revents != 0)
			run_relay(relay);
		if ((ready[3].revents & POLLERR) != 0)
			close_feed(relay);
		else if (ready[2].revents != 0 || ready[3].revents != 0)
			run_feed(relay);
		if (ready[0].revents != 0)
			return true;
	}
}
