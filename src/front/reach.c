/* Reaches a control socket: connect, hello and alive, within a second each. Refuses a socket of
 * another user, and starts nothing. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "clock.h"
#include "strbuf.h"

enum { HELLO_SECONDS = 1 };

static bool connect_socket(struct front *front, const char *path, int *fd);
static bool hello_exchange(struct front *front, struct connection *connection);

bool
mux_connect(struct front *front, const char *path, struct connection *connection)
{
	return connect_socket(front, path, &connection->fd) && hello_exchange(front, connection);
}

static bool
connect_socket(struct front *front, const char *path, int *fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* Bounds connect(2) too: with a full backlog in front of a stopped master it would wait for
	 * ever. */
	struct timeval deadline = { HELLO_SECONDS, 0 };

	if (strlen(path) >= sizeof(address.sun_path)) {
		set_fault(front, STAGE_CONNECT, FAILURE_ERROR);
		return false;
	}
	strcpy(address.sun_path, path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline)) != 0) {
		set_fault(front, STAGE_CONNECT, FAILURE_ERROR);
	} else if (connect(*fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;
		set_fault(front, STAGE_CONNECT,
		    error == ENOENT || error == ENOTDIR ? FAILURE_NONE :
			error == ECONNREFUSED           ? FAILURE_REFUSED :
			error == EAGAIN                 ? FAILURE_TIMEOUT :
							  FAILURE_ERROR);
		(void)join(front->fault.detail, sizeof(front->fault.detail), strerror(error), NULL);
	} else {
		uid_t uid = (uid_t)-1;
		struct ucred peer;
		socklen_t length = sizeof(peer);
		if (getsockopt(*fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0)
			uid = peer.uid;
		if (uid == geteuid() || uid == 0)
			return true;
		set_fault(front, STAGE_CONNECT, FAILURE_FOREIGN);
	}
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	return false;
}

/* MUX_MSG_HELLO and MUX_C_ALIVE_CHECK in one write; a master says its own hello first
 * (mux_client_hello_exchange, mux_client_request_alive). */
static bool
hello_exchange(struct front *front, struct connection *connection)
{
	unsigned char bytes[32];
	struct mux_output out = { bytes, sizeof(bytes), 0, true };
	struct mux_reply reply;
	size_t begun, length;
	int64_t deadline = now_ns() + (int64_t)HELLO_SECONDS * 1000000000;

	begun = mux_begin(&out);
	mux_put_u32(&out, MUX_MSG_HELLO);
	mux_put_u32(&out, SSHMUX_VER);
	mux_end(&out, begun);
	begun = mux_begin(&out);
	mux_put_u32(&out, MUX_C_ALIVE_CHECK);
	mux_put_u32(&out, 0);
	mux_end(&out, begun);
	connection->input.used = 0;
	bool sent = out.ok &&
	    send(connection->fd, bytes, out.used, MSG_NOSIGNAL) == (ssize_t)out.used;
	bool hello = false;
	enum failure failure = sent ? NO_FAILURE : errno == EAGAIN ? FAILURE_TIMEOUT : FAILURE_EOF;
	while (failure == NO_FAILURE) {
		enum mux_read result = mux_read_frame(connection->fd, &connection->input, &reply,
		    &length, deadline, NULL);
		if (result == READ_SIGNAL)
			continue;
		if (result != READ_FRAME) {
			failure = result == READ_EOF ? FAILURE_EOF :
			    result == READ_TIMEOUT   ? FAILURE_TIMEOUT :
						       FAILURE_NONSENSE;
			break;
		}
		mux_drop(&connection->input, length);
		if (!hello && reply.type == MUX_MSG_HELLO && reply.first == SSHMUX_VER) {
			hello = true;
		} else if (hello && reply.type == MUX_S_ALIVE && reply.first == 0 &&
		    reply.second != 0) {
			connection->pid = reply.second;
			return true;
		} else {
			failure = FAILURE_NONSENSE;
		}
	}
	set_fault(front, hello ? STAGE_ALIVE : STAGE_HELLO, failure);
	drop_socket(connection);
	return false;
}

enum mux_read
mux_read_frame(int fd, struct mux_input *input, struct mux_reply *reply, size_t *length,
    int64_t deadline, const void *mask)
{
	for (;;) {
		enum mux_next next = mux_decode(input, reply, length);
		if (next != MUX_MORE)
			return next == MUX_FRAME ? READ_FRAME : READ_NONSENSE;
		int64_t left = deadline - now_ns();
		if (deadline != 0 && left <= 0)
			return READ_TIMEOUT;
		struct timespec timeout = { left / 1000000000, left % 1000000000 };
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int polled = ppoll(&ready, 1, deadline != 0 ? &timeout : NULL, mask);
		if (polled < 0 && errno == EINTR)
			return READ_SIGNAL;
		if (polled < 0)
			return READ_EOF;
		if (polled == 0)
			continue;
		ssize_t got = recv(fd, input->bytes + input->used,
		    sizeof(input->bytes) - input->used, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return READ_EOF;
		input->used += (size_t)got;
	}
}

void
drop_socket(struct connection *connection)
{
	if (connection->fd >= 0)
		(void)close(connection->fd);
	connection->fd = -1;
}
