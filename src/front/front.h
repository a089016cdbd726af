/* What the parts of the front share. The front walks argv, follows a ticket, attaches, and
 * otherwise asks or becomes the real ssh; it decides nothing. docs/protocol.md names every file and
 * line that is read here. */
#ifndef FRONT_H
#define FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "argv.h"
#include "attach.h"
#include "fault.h"
#include "rundir.h"
#include "ticket.h"

struct front {
	int argc;
	char **argv;
	struct walk walk;
	char self[PATH_SIZE]; /* our own file */
	dev_t self_dev;
	ino_t self_ino;
	char real[PATH_SIZE]; /* the real ssh, once it was looked for */
	bool real_is_script;
	struct rundir rundir;
	char call_id[MAX_CALL_ID_BYTES + 1];
	size_t call_id_length;
	char hash[17];
	bool have_ticket;
	struct ticket ticket;
	struct connection connection;
	int64_t started_ns;
	int attempts;
	int asked;         /* requests to the control plane; 0 is what the journal calls warm */
	int64_t opened_ns; /* when the session was opened, 0: it was not */
	bool sent;         /* NEW_SESSION and its descriptors are with a master: never again */
	bool said_no_tty;
	struct fault fault; /* the last one, for the journal */
};

#endif
