/* Where options, host and command lie in an argv, as ssh itself would see it. What an option means
 * is nobody's business here. */
#ifndef SSHIM_ARGV_H
#define SSHIM_ARGV_H

#include <stdbool.h>

struct walk {
	int host;       /* index of the destination, or -1 */
	int command;    /* index of the command's first word, argc if there is none */
	bool ambiguous; /* a letter that versions write differently was met (without `letters`) */
	bool malformed; /* an unknown letter, no argument, "-v-": only the real ssh can judge it */
};

/*
 * Fills `out`. `letters` is the installed ssh's getopt string; NULL stands for the newest one's,
 * and then `ambiguous` is reported. Gives 0 if there is a host and nothing odd, else -1. Where it
 * is odd, `command` is argc. Source: main() of ssh.c.
 */
int walk_argv(int argc, char **argv, const char *letters, struct walk *out);

/* True if the bytes are UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above
 * U+10FFFF. */
bool valid_utf8(const char *text);

#endif
