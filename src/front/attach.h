/* A connection to a master that answered: one slot held, hello and alive exchanged, nothing started
 * yet. */
#ifndef ATTACH_H
#define ATTACH_H

#include "front.h"
#include "mux.h"

enum purpose { FOR_SESSION, FOR_STDIO, FOR_CHECK };

struct connection {
	int fd;        /* the control socket, -1: none */
	int record_fd; /* keeps the slot, -1: none */
	int shard, slot;
	dev_t dev; /* of the record, to see that it is still the shard's */
	ino_t ino;
	uint32_t pid;      /* of the master */
	uint32_t recorded; /* the pid in the record before we connected, 0: none */
	struct mux_input input;
};

enum reached { REACHED, FULL, BROKEN };

/* A master with room for one more, of any shard; what broke and where, if none, in front->fault and
 * front->shard. */
enum reached reach_master(struct front *front, enum purpose purpose, struct connection *connection);
/* Only connect, hello and alive at a path (-O check, -fN): no slot, no record. */
bool mux_connect(struct front *front, const char *path, struct connection *connection);
/* The shard's record is still the one that we looked at before we connected, and speaks of a
 * master: nobody replaced it since. */
bool same_master(struct front *front, struct connection *connection);
void drop_connection(struct connection *connection);
void drop_socket(struct connection *connection);
/* That slot is beyond what the server allows by now: another caller learned it. */
bool slot_outgrown(struct front *front, int slot);
/* The record's mtime is the last use. */
void mark_used(struct connection *connection);

void set_fault(struct front *front, enum stage stage, enum failure failure);
/* The next frame, waiting until the deadline (ns, 0: none); signals of `mask` may interrupt. */
enum mux_read { READ_FRAME, READ_EOF, READ_NONSENSE, READ_TIMEOUT, READ_SIGNAL };
enum mux_read mux_read_frame(int fd, struct mux_input *input, struct mux_reply *reply,
    size_t *length, int64_t deadline, const void *mask);

#endif
