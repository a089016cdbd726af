/* The caller's terminal: whether the session gets one, and raw mode. */
#ifndef TTY_H
#define TTY_H

#include <stdbool.h>
#include <termios.h>

#include "ticket.h"

struct tty {
	bool wanted; /* the session has a terminal */
	bool said;   /* "Pseudo-terminal will not be allocated" belongs on stderr */
	bool raw;
	struct termios saved;
};

/* ssh.c main: who gets a terminal. */
struct tty choose_tty(const struct ticket *ticket, bool command);
/* The session would have a terminal whose modes nobody knows: a master takes them from descriptor 0
 * and, where that is none, sets all of them to zero (mux_master_process_new_session), while ssh
 * itself leaves the server's own. */
bool lacks_modes(const struct ticket *ticket);
/* sshtty.c enter_raw_mode and leave_raw_mode, on descriptor 0. */
void enter_raw_mode(struct tty *tty);
void leave_raw_mode(struct tty *tty);

#endif
