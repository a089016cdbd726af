/* The caller's terminal, as ssh.c and sshtty.c treat it. Touches descriptor 0 only, and only
 * between a session's start and its end. */
#include "tty.h"

#include <unistd.h>

struct tty
choose_tty(const struct ticket *ticket, bool command)
{
	struct tty tty = { .wanted = ticket->tty == TTY_YES || ticket->tty == TTY_FORCE };

	if (ticket->stdio_host != NULL)
		return (struct tty){ .wanted = false };
	if (!command)
		tty.wanted = ticket->tty != TTY_NO;
	if (ticket->tty != TTY_FORCE && (ticket->stdin_null || !isatty(0))) {
		tty.said = tty.wanted;
		tty.wanted = false;
	}
	return tty;
}

bool
lacks_modes(const struct ticket *ticket)
{
	return ticket->tty == TTY_FORCE && ticket->stdio_host == NULL &&
	    (ticket->stdin_null || !isatty(0));
}

void
enter_raw_mode(struct tty *tty)
{
	struct termios mode;

	if (tcgetattr(0, &mode) != 0)
		return; /* -tt without a terminal */
	tty->saved = mode;
	mode.c_iflag |= IGNPAR;
	mode.c_iflag &= (tcflag_t) ~(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF);
#ifdef IUCLC
	mode.c_iflag &= (tcflag_t)~IUCLC;
#endif
	mode.c_lflag &= (tcflag_t) ~(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
	mode.c_oflag &= (tcflag_t)~OPOST;
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	tty->raw = tcsetattr(0, TCSADRAIN, &mode) == 0;
}

void
leave_raw_mode(struct tty *tty)
{
	if (tty->raw)
		(void)tcsetattr(0, TCSADRAIN, &tty->saved);
	tty->raw = false;
}
