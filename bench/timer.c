/*
 * Times commands from fork to the end of wait, so that no JavaScript runtime stands between the
 * clock and the command. Reads its plan on stdin, runs it, prints one line a sample. It decides
 * nothing and computes no statistics.
 *
 * Plan, one fact a line:      rounds N | warmup N | mode pairs|crowd | pause MICROSECONDS
 *                             command NAME, then arg WORD …, env NAME=VALUE …, stdin PATH, stdout
 * PATH, stderr PATH, directory PATH, before PATH (a script run, untimed, before each run in pairs);
 * end pairs: each round runs every command once, in turn, the order reversed in every other round.
 * crowd: all commands at the same moment; every child is forked first and waits on one pipe.
 * Answer:  NAME START_NS WALL_NS EXIT USER_US SYSTEM_US     (EXIT 1000+signal when killed; START
 * since the first start) total WALL_NS; others USER+SYSTEM_NS of inherited processes that ended
 * meanwhile; left PID USER+SYSTEM_NS for each process that stayed behind (we are their reaper).
 */
#define _GNU_SOURCE
#include "timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct command commands[MAX_COMMANDS];
static size_t command_count;

static char *
copy(const char *text)
{
	char *result = strdup(text);

	if (result == NULL)
		die("strdup");
	return result;
}

int
main(void)
{
	char line[8192], mode[16] = "pairs";
	long rounds = 1, warmup = 0, pause = 0;
	struct command *c = NULL;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		die("prctl");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *value;

		line[strcspn(line, "\n")] = '\0';
		if ((value = strchr(line, ' ')) != NULL)
			*value++ = '\0';
		else
			value = line + strlen(line);
		if (strcmp(line, "end") == 0)
			break;
		if (strcmp(line, "rounds") == 0)
			rounds = atol(value);
		else if (strcmp(line, "warmup") == 0)
			warmup = atol(value);
		else if (strcmp(line, "pause") == 0)
			pause = atol(value);
		else if (strcmp(line, "mode") == 0)
			snprintf(mode, sizeof(mode), "%.15s", value);
		else if (strcmp(line, "command") == 0 && command_count < MAX_COMMANDS) {
			c = &commands[command_count++];
			c->name = copy(value);
		} else if (c == NULL) {
			fprintf(stderr, "timer: a fact before the first command: %s\n", line);
			return 1;
		} else if (strcmp(line, "arg") == 0 && c->word_count < MAX_WORDS)
			c->words[c->word_count++] = copy(value);
		else if (strcmp(line, "env") == 0 && c->environment_count < MAX_WORDS)
			c->environment[c->environment_count++] = copy(value);
		else if (strcmp(line, "stdin") == 0)
			c->input = copy(value);
		else if (strcmp(line, "stdout") == 0)
			c->output = copy(value);
		else if (strcmp(line, "stderr") == 0)
			c->errors = copy(value);
		else if (strcmp(line, "directory") == 0)
			c->directory = copy(value);
		else if (strcmp(line, "before") == 0)
			c->before = copy(value);
		else {
			fprintf(stderr, "timer: unknown fact %s\n", line);
			return 1;
		}
	}
	if (setvbuf(stdout, NULL, _IOFBF, 1 << 16) != 0)
		die("setvbuf");
	if (strcmp(mode, "crowd") == 0)
		run_crowd(commands, command_count);
	else
		run_pairs(commands, command_count, rounds, warmup, pause);
	report_left();
	return fflush(stdout) == 0 ? 0 : 1;
}
