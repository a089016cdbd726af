/* A master's control socket: connected, greeted, and read frame by frame. */
#ifndef MUXCLIENT_H
#define MUXCLIENT_H

#include "fault.h"
#include "mux.h"

struct mux_client {
	int fd;       /* -1: none */
	uint32_t pid; /* of the master, as it says itself */
	struct mux_input input;
};

/* Connect, hello and alive check, within a second each. false: not reached, and the fault is set.
 */
bool mux_connect(struct mux_client *client, const char *path, struct fault *fault);
/* The next frame, until the deadline (ns). */
enum mux_result mux_read_frame(struct mux_client *client, struct mux_reply *reply,
    int64_t deadline);
/* Takes in what the socket has. false: its end. */
bool mux_fill(struct mux_client *client);
void mux_close(struct mux_client *client);
enum failure mux_failure(enum mux_result result);

#endif
