/* A connection to a master that answered: one slot held, hello and alive exchanged, nothing started
 * yet. */
#ifndef ATTACH_H
#define ATTACH_H

#include <sys/types.h>

#include "muxclient.h"
#include "ticket.h"

struct connection {
	struct mux_client mux;
	int record_fd; /* keeps the slot, -1: none */
	int shard, slot;
	dev_t dev; /* of the record, to see that it is still the shard's */
	ino_t ino;
	uint32_t recorded; /* the pid in the record before we connected, 0: none */
};

/* A master with room for one more, of any shard. false: connection->shard is where it broke. */
bool reach_master(const struct ticket *ticket, struct connection *connection, struct fault *fault);
/* The shard's record is still the one that we looked at before we connected, and speaks of a
 * master: nobody replaced it since. */
bool same_master(const struct ticket *ticket, const struct connection *connection);
/* That slot of the shard is beyond what the server allows by now: another caller learned it. */
bool slot_outgrown(const struct ticket *ticket, int shard, int slot);
/* The record's mtime is the last use. */
void mark_used(const struct connection *connection);
void drop_connection(struct connection *connection);

#endif
