/* The client's half of mux.c as far as "alive": connect, hello, alive check. Refuses a socket of
 * another user, and starts nothing. */
#include "muxclient.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "strbuf.h"

enum { HELLO_SECONDS = 1 };

static bool
connect_socket(int fd, const char *path, struct fault *fault)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* Bounds connect(2) too: with a full backlog in front of a stopped master it would wait for
	 * ever. */
	struct timeval deadline = { HELLO_SECONDS, 0 };
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (!join(address.sun_path, sizeof(address.sun_path), path, NULL) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline)) != 0)
		return set_fault(fault, STAGE_CONNECT, FAILURE_ERROR);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;
		set_fault(fault, STAGE_CONNECT,
		    error == ENOENT || error == ENOTDIR ? FAILURE_NONE :
			error == ECONNREFUSED           ? FAILURE_REFUSED :
			error == EAGAIN                 ? FAILURE_TIMEOUT :
							  FAILURE_ERROR);
		(void)join(fault->detail, sizeof(fault->detail), strerror(error), NULL);
		return false;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
	    (peer.uid != geteuid() && peer.uid != 0))
		return set_fault(fault, STAGE_CONNECT, FAILURE_FOREIGN);
	return true;
}

/* MUX_MSG_HELLO and MUX_C_ALIVE_CHECK in one write; a master says its own hello first
 * (mux_client_hello_exchange, mux_client_request_alive). */
static bool
hello_exchange(struct mux_client *client, struct fault *fault)
{
	int64_t deadline = deadline_in(HELLO_SECONDS);
	unsigned char bytes[32];
	struct mux_output out = { bytes, sizeof(bytes), 0, true };
	enum stage stage = STAGE_HELLO;
	struct mux_reply reply;

	size_t begun = mux_begin(&out);
	mux_put_u32(&out, MUX_MSG_HELLO);
	mux_put_u32(&out, SSHMUX_VER);
	mux_end(&out, begun);
	begun = mux_begin(&out);
	mux_put_u32(&out, MUX_C_ALIVE_CHECK);
	mux_put_u32(&out, 0);
	mux_end(&out, begun);
	client->input.used = client->input.taken = 0;
	if (send(client->fd, bytes, out.used, MSG_NOSIGNAL) != (ssize_t)out.used)
		return set_fault(fault, stage, errno == EAGAIN ? FAILURE_TIMEOUT : FAILURE_EOF);
	for (;;) {
		enum mux_result result = mux_read_frame(client, &reply, deadline);
		if (result != MUX_FRAME)
			return set_fault(fault, stage, mux_failure(result));
		if (stage == STAGE_HELLO && reply.type == MUX_MSG_HELLO &&
		    reply.first == SSHMUX_VER) {
			stage = STAGE_ALIVE;
		} else if (stage == STAGE_ALIVE && reply.type == MUX_S_ALIVE && reply.first == 0 &&
		    reply.second != 0) {
			client->pid = reply.second;
			return true;
		} else {
			return set_fault(fault, stage, FAILURE_NONSENSE);
		}
	}
}

bool
mux_connect(struct mux_client *client, const char *path, struct fault *fault)
{
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect_socket(client->fd, path, fault) && hello_exchange(client, fault))
		return true;
	mux_close(client);
	return false;
}

enum mux_result
mux_read_frame(struct mux_client *client, struct mux_reply *reply, int64_t deadline)
{
	enum mux_result result;

	while ((result = mux_decode(&client->input, reply)) == MUX_MORE) {
		struct pollfd ready = { .fd = client->fd, .events = POLLIN };
		int64_t left = (deadline - now_ns()) / 1000000;
		if (left <= 0)
			return MUX_TIMEOUT;
		int polled = poll(&ready, 1, (int)left);
		if ((polled < 0 && errno != EINTR) || (polled > 0 && !mux_fill(client)))
			return MUX_EOF;
	}
	return result;
}

bool
mux_fill(struct mux_client *client)
{
	struct mux_input *input = &client->input;
	ssize_t got = recv(client->fd, input->bytes + input->used,
	    sizeof(input->bytes) - input->used, 0);

	if (got > 0)
		input->used += (size_t)got;
	return got > 0 || (got < 0 && errno == EINTR);
}

void
mux_close(struct mux_client *client)
{
	if (client->fd >= 0)
		(void)close(client->fd);
	client->fd = -1;
}

enum failure
mux_failure(enum mux_result result)
{
	return result == MUX_EOF  ? FAILURE_EOF :
	    result == MUX_TIMEOUT ? FAILURE_TIMEOUT :
				    FAILURE_NONSENSE;
}
