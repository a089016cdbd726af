/* Carries a session's stderr from a pipe of ours to the caller's. Touches no other byte of the session, and never holds one back. */
#include "elsewhere.h"
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(const char *bytes, size_t length);

struct relay
open_relay(void)
{
	struct relay relay = { -1, -1, false };
	struct stat st, output;
	int ends[2];

	if (fstat(2, &st) != 0 || (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)) || pipe2(ends, O_CLOEXEC) != 0)
		return relay;
	relay.from = ends[0];
	relay.to = ends[1];
	relay.both = fstat(1, &output) == 0 && output.st_dev == st.st_dev && output.st_ino == st.st_ino;
	return relay;
}

void
hand_over_relay(struct relay *relay)
{
	if (relay->to >= 0)
		(void)close(relay->to);
	relay->to = -1;
}

void
close_relay(struct relay *relay)
{
	hand_over_relay(relay);
	if (relay->from >= 0)
		(void)close(relay->from);
	relay->from = -1;
}

void
run_relay(struct relay *relay)
{
	char bytes[16384];
	ssize_t got = read(relay->from, bytes, sizeof(bytes));

	if (got < 0 && errno == EINTR)
		return;
	/* A reader that left is told to the master, as by the closed pipe itself. */
	if (got <= 0 || !write_all(bytes, (size_t)got))
		close_relay(relay);
}

void
drain_relay(struct relay *relay)
{
	char bytes[4096]; /* PIPE_BUF: a pipe that can be written to takes so much without waiting */
	int there = 0;

	if (relay->from < 0 || ioctl(relay->from, FIONREAD, &there) != 0)
		return;
	while (there > 0) {
		struct pollfd ready[2] = { { .fd = relay->from, .events = POLLIN }, { .fd = 2, .events = POLLOUT } };
		if (poll(ready, 2, 0) != 2 || (ready[1].revents & POLLOUT) == 0)
			return;
		ssize_t got = read(relay->from, bytes, sizeof(bytes));
		if (got <= 0 || !write_all(bytes, (size_t)got))
			return;
		there -= (int)got;
	}
}

bool
wait_beside_relay(struct relay *relay, int fd, const void *mask)
{
	for (;;) {
		struct pollfd ready[2] = { { .fd = fd, .events = POLLIN }, { .fd = relay->from, .events = POLLIN } };

		if (fd < 0 && relay->from < 0)
			return true;
		int polled = ppoll(ready, 2, NULL, mask);
		if (polled < 0)
			return errno != EINTR;
		if (ready[1].revents != 0)
			run_relay(relay);
		if (ready[0].revents != 0)
			return true;
	}
}

/* The caller's stderr may have been made non-blocking by somebody else. */
static bool
write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(2, bytes, length);
		if (written < 0 && errno == EAGAIN) {
			struct pollfd room = { .fd = 2, .events = POLLOUT };
			(void)poll(&room, 1, -1);
			continue;
		}
		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
	return true;
}
