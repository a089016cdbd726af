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

const struct relay no_relay = { -1, -1, -1, -1, false, false };

static char typed[4096]; /* a line of a terminal has no more (N_TTY_BUF_SIZE) */
static size_t typed_from, typed_to;
static char said[16384];
static size_t said_from, said_to;
enum { ROOM = 4096 }; /* PIPE_BUF: a pipe that can be written to takes so much without waiting */

static void run_feed(struct relay *relay);

struct relay
open_relay(void)
{
	struct relay relay = no_relay;
	struct stat st, output;
	int ends[2];

	if (fstat(2, &st) != 0 || (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)) ||
	    pipe2(ends, O_CLOEXEC) != 0)
		return relay;
	relay.from = ends[0];
	relay.to = ends[1];
	relay.both = fstat(1, &output) == 0 && output.st_dev == st.st_dev &&
	    output.st_ino == st.st_ino;
	return relay;
}

void
open_feed(struct relay *relay)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	/* Of the writing end only: the master's has a file description of its own. */
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return;
	}
	relay->fed = ends[0];
	relay->feed = ends[1];
}

void
start_feed(struct relay *relay)
{
	relay->feeding = relay->feed >= 0;
	typed_from = typed_to = 0;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void
close_feed(struct relay *relay)
{
	close_fd(&relay->feed);
	relay->feeding = false;
}

bool
relay_runs(const struct relay *relay)
{
	return relay->from >= 0 || relay->feeding;
}

void
hand_over_relay(struct relay *relay)
{
	close_fd(&relay->to);
	close_fd(&relay->fed);
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
	if (typed_from == typed_to) {
		ssize_t got = read(0, typed, sizeof(typed));
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			return;
		typed_from = 0;
		typed_to = got > 0 ? (size_t)got : 0;
		if (got <= 0) {
			close_feed(relay);
			return;
		}
	}
	ssize_t written = write(relay->feed, typed + typed_from, typed_to - typed_from);
	if (written > 0)
		typed_from += (size_t)written;
	else if (written < 0 && errno != EAGAIN && errno != EINTR)
		close_feed(relay); /* the remote command reads no more */
}

/* What was read and the caller's stderr has taken no room for yet. Never waits: with a reader that
 * does not read we still have to hear the end of the session, and a signal. */
static void
flush_relay(struct relay *relay)
{
	while (said_from < said_to) {
		struct pollfd room = { .fd = 2, .events = POLLOUT };
		size_t some = said_to - said_from < ROOM ? said_to - said_from : ROOM;
		if (poll(&room, 1, 0) != 1)
			return;
		ssize_t written = send(2, said + said_from, some, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (written < 0 && errno == ENOTSOCK)
			written = write(2, said + said_from, some);
		if (written < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (written < 0) { /* a reader that left is told to the master, as by the closed
				      pipe itself */
			close_fd(&relay->from);
			said_from = said_to;
			return;
		}
		said_from += (size_t)written;
	}
}

static void
run_relay(struct relay *relay)
{
	if (said_from == said_to) {
		ssize_t got = read(relay->from, said, sizeof(said));
		if (got < 0 && errno == EINTR)
			return;
		if (got <= 0) {
			close_fd(&relay->from);
			return;
		}
		said_from = 0;
		said_to = (size_t)got;
	}
	flush_relay(relay);
}

void
drain_relay(struct relay *relay)
{
	int there = 0;

	for (flush_relay(relay); said_from == said_to && relay->from >= 0; run_relay(relay))
		if (ioctl(relay->from, FIONREAD, &there) != 0 || there <= 0)
			return;
}

bool
wait_beside_relay(struct relay *relay, int fd, const void *mask)
{
	for (;;) {
		bool full = typed_from < typed_to, waiting = said_from < said_to;
		struct pollfd ready[4] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = waiting ? 2 : relay->from, .events = waiting ? POLLOUT : POLLIN },
			{ .fd = relay->feeding && !full ? 0 : -1, .events = POLLIN },
			{ .fd = relay->feeding ? relay->feed : -1, .events = full ? POLLOUT : 0 },
		};

		if (fd < 0 && !relay_runs(relay))
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
