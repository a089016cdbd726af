/* The ticket: the control plane's judgement of (options, host), in the form that the front follows.
 * See docs/protocol.md. */
#ifndef TICKET_H
#define TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

enum lane { LANE_PASS, LANE_ATTACH, LANE_ESTABLISH, LANE_CONTROL };
enum tty_request { TTY_NO, TTY_AUTO, TTY_YES, TTY_FORCE };
enum dependency_kind { DEPENDS_FILE, DEPENDS_NO_FILE, DEPENDS_ENV, DEPENDS_CWD };

struct dependency {
	enum dependency_kind kind;
	char *name; /* a path, or a variable's name */
	char *hash; /* of the variable, or "unset" */
	uint64_t dev, ino, size;
	int64_t seconds, nanoseconds;
};

struct ticket {
	char text[MAX_TICKET_BYTES + 1]; /* everything below points in here */
	char *call_id;
	bool once;
	struct dependency dependencies[MAX_DEPENDENCIES];
	size_t dependency_count;
	enum lane lane;
	char *reason;
	char *journal_path, *journal_fields;
	uint64_t journal_limit;
	uint64_t connect_timeout; /* seconds */
	char *key, *keydir, *socket, *socket_option;
	char *accept[MAX_ACCEPTS];
	size_t accept_count;
	uint64_t shards, limit, persist, max_age;
	enum tty_request tty;
	uint32_t escape, loglevel;
	bool agent, subsystem, stdin_null, check;
	char *stdio_host;
	uint32_t stdio_port;
	char *command, *closing;
	char *sendenv[MAX_VARIABLES], *setenv[MAX_VARIABLES];
	size_t sendenv_count, setenv_count;
};

/* Reads `length` bytes of ticket->text, which it cuts up in place. false: not a ticket that this
 * front understands. */
bool ticket_parse(struct ticket *ticket, size_t length);
/* true: the socket is one of RUN's, so the caller asked for no sharing and gets the words of an
 * unshared ssh. */
bool in_rundir(const struct ticket *ticket);
/* true: nothing that the judgement depended on has changed. */
bool ticket_fresh(const struct ticket *ticket);
/* The ticket of this call id, from RUN/t; false where there is none that is ours, whole and
 * fresh. */
bool ticket_load(struct ticket *ticket, int run_fd, const char *hash, const char *call_id);

#endif
