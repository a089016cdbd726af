/* Notes the signals that end a session or change its size, and gives them back. It acts on none. */
#include "signals.h"

#include <stddef.h>

static void note_signal(int signal_number);

volatile sig_atomic_t ended_by, resized;

/* ssh ends with 255 at the first four (client_loop); at the others it dies, as we do when the relay
 * is empty (rsync kills a failed ssh by SIGUSR1). */
static const int endings[7] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM };

/* From the request on, the endings are noted instead of killing us; one that the caller ignored
 * stays ignored. They are blocked but for the moments in which we wait, so none is missed. */
void
catch_signals(struct signals *signals, bool tty)
{
	struct sigaction note = { .sa_handler = note_signal };
	sigset_t blocked;

	(void)sigemptyset(&note.sa_mask);
	(void)sigemptyset(&blocked);
	for (int i = 0; i < 7; i++)
		(void)sigaddset(&blocked, endings[i]);
	(void)sigaddset(&blocked, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &blocked, &signals->before);
	for (int i = 0; i < 7; i++) {
		(void)sigaction(endings[i], NULL, &signals->old[i]);
		if (signals->old[i].sa_handler != SIG_IGN)
			(void)sigaction(endings[i], &note, NULL);
	}
	if (tty)
		(void)sigaction(SIGWINCH, &note, NULL);
	/* ssh.c main ignores it. */
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	(void)sigaction(SIGPIPE, &ignore, &signals->old_pipe);
}

void
release_signals(struct signals *signals)
{
	for (int i = 0; i < 7; i++)
		(void)sigaction(endings[i], &signals->old[i], NULL);
	(void)signal(SIGWINCH, SIG_DFL);
	(void)sigaction(SIGPIPE, &signals->old_pipe, NULL);
	(void)sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

static void
note_signal(int signal_number)
{
	if (signal_number == SIGWINCH)
		resized = 1;
	else
		ended_by = signal_number;
}
