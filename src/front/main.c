/* The front: what every `ssh` call goes through. argv -> ticket -> attach -> exit code; where that
 * cannot be, ask; where that does not help, the real ssh. It decides nothing by itself, and every
 * failure of its own leads to the real ssh. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "clock.h"
#include "connect.h"
#include "identity.h"
#include "journal.h"
#include "lock.h"
#include "modes.h"
#include "realssh.h"
#include "rundir.h"

static void find_ticket(struct front *front);

int
main(int argc, char **argv)
{
	static struct front front; /* zeroed, and off the stack */

	front.argc = argc;
	front.argv = argv;
	front.rundir.fd = front.rundir.locks_fd = -1;
	front.started_ns = now_ns();
	if (!find_self(&front) || argc < 1)
		pass(&front, REASON_NO_SELF);
	run_as_other(&front);
	const char *off = getenv("SSHIM"), *depth = getenv("SSHIM_DEPTH");
	if ((off != NULL && strcmp(off, "off") == 0) || (depth != NULL && *depth != '0'))
		pass(&front, REASON_OFF);
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			pass(&front, REASON_CLOSED_DESCRIPTOR);
	if (!open_rundir(&front.rundir))
		pass(&front, REASON_NO_PLACE);
	/* What the real ssh should say something about, what has no destination, and letters that
	 * its versions write differently. */
	if (walk_argv(argc, argv, NULL, &front.walk) != 0 || front.walk.ambiguous)
		pass(&front, REASON_ARGUMENTS);
	if (!write_call_id(&front))
		pass(&front, REASON_QUESTION);
	find_ticket(&front);
	follow_ticket(&front);
}

/* The ticket of this call: there, or written by the control plane while one of us holds its
 * lock. */
static void
find_ticket(struct front *front)
{
	char name[40] = "ticket/";

	strcpy(name + 7, front->hash);
	for (int round = 0; round < 3; round++) {
		front->have_ticket = ticket_load(&front->ticket, front->rundir.fd, front->hash,
		    front->call_id);
		if (front->have_ticket) {
			unlock_all(&front->rundir);
			return;
		}
		if (front->rundir.held_count > 0)
			break;
		enum lock_result result = lock_try(&front->rundir, name);
		if (result == LOCK_BUSY)
			result = round == 0 ? lock_await(&front->rundir, name, 30) :
					      lock_name(&front->rundir, name, 1, 30);
		if (result != LOCK_GOT && result != LOCK_WAITED)
			pass(front, REASON_NO_LOCK);
	}
	struct reply reply = ask(front, REQUEST_RESOLVE, 0, NULL);
	if (reply.kind == REPLY_EXIT) {
		journal(front, reply.code == 0 ? OUTCOME_ANSWERED : OUTCOME_REFUSED, NO_REASON,
		    reply.code);
		_exit(reply.code);
	}
	if (reply.kind == REPLY_PASS || !front->have_ticket)
		pass(front, front->have_ticket ? NO_REASON : REASON_NO_ANSWER);
}
