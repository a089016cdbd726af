/*
 * What the two halves of the timer share: a command, and the ways to run commands.
 */
#ifndef TIMER_H
#define TIMER_H

#include <stddef.h>
#include <sys/types.h>

enum { MAX_COMMANDS = 1024, MAX_WORDS = 64 };

struct command {
	char *name;
	char *words[MAX_WORDS + 1];
	size_t word_count;
	char *environment[MAX_WORDS];
	size_t environment_count;
	char *input, *output, *errors, *directory, *before;
	pid_t pid;
	long long started;
};

/* Ends this process at once: a child must not write the samples that its parent has still to write.
 */
void die(const char *what);

/* Each round every command once, in turn, the order reversed in every other round; negative rounds
 * are the warm-up. Pause in microseconds. */
void run_pairs(struct command *commands, size_t count, long rounds, long warmup, long pause);

/* All at the same moment. */
void run_crowd(struct command *commands, size_t count);

/* The lines `others` and `left`. */
void report_left(void);

#endif
