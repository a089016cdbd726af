/* The front: what every `ssh` call goes through. argv -> ticket -> attach -> exit code; where that
 * cannot be, ask; where that does not help, the real ssh. It decides nothing by itself, and every
 * failure of its own leads to the real ssh. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "clock.h"
#include "connect.h"
#include "elect.h"
#include "identity.h"
#include "modes.h"
#include "realssh.h"
#include "rundir.h"
#include "strbuf.h"

enum { TICKET_SECONDS = 30 };

/* What a ticket is looked for with. A reason: the call is the real ssh's. */
static enum reason
prepare(struct front *front)
{
	const char *off = getenv("SSHIM"), *depth = getenv("SSHIM_DEPTH");

	if ((off != NULL && strcmp(off, "off") == 0) || (depth != NULL && *depth != '0'))
		return REASON_OFF;
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return REASON_CLOSED_DESCRIPTOR;
	if (!open_rundir(&front->rundir))
		return REASON_NO_PLACE;
	/* What the real ssh should say something about, what has no destination, and letters that
	 * its versions write differently. */
	if (walk_argv(front->argc, front->argv, NULL, &front->walk) != 0 || front->walk.ambiguous)
		return REASON_ARGUMENTS;
	return write_call_id(front) ? NO_REASON : REASON_QUESTION;
}

/* The ticket of this call: there, or written by the control plane while one of us holds its
 * lock. */
static void
find_ticket(struct front *front)
{
	struct election election = { .state = OUTSIDE };

	(void)join(election.lock, sizeof(election.lock), "ticket/", front->hash, NULL);
	while (!(front->have_ticket = ticket_load(&front->ticket, front->rundir.fd, front->hash,
		     front->call_id))) {
		if (election.state == HELD) {
			apply_reply(front, ask(front, REQUEST_RESOLVE, 0, NULL));
			if (!front->have_ticket)
				pass(front, REASON_NO_ANSWER);
			return;
		}
		(void)elect(front, &election, TICKET_SECONDS);
	}
	withdraw(front, &election);
}

int
main(int argc, char **argv)
{
	static struct front front; /* zeroed, and off the stack */

	front.argc = argc;
	front.argv = argv;
	front.started_ns = now_ns();
	front.rundir.fd = front.rundir.locks_fd = -1;
	front.connection.mux.fd = front.connection.record_fd = front.connection.slot = -1;
	if (argc < 1 || !find_self(&front))
		pass(&front, REASON_NO_SELF);
	run_as_other(&front);
	enum reason reason = prepare(&front);
	if (reason != NO_REASON)
		pass(&front, reason);
	find_ticket(&front);
	switch (front.ticket.lane) {
	case LANE_PASS:
		pass(&front, NO_REASON);
	case LANE_CONTROL:
		control(&front);
	case LANE_ATTACH:
	case LANE_ESTABLISH:
		attach(&front);
	}
}
