/*
 * Times commands from fork to the end of wait, so that no JavaScript runtime stands between the clock and the command.
 * Reads its plan on stdin, runs it, prints one line a sample. It decides nothing and computes no statistics.
 *
 * Plan, one fact a line:      rounds N | warmup N | mode pairs|crowd | pause MICROSECONDS
 *                             command NAME, then arg WORD …, env NAME=VALUE …, stdin PATH, stdout PATH, stderr PATH, directory PATH,
 *                             before PATH (a script run, untimed, before each run in pairs); end
 * pairs: each round runs every command once, in turn, the order reversed in every other round.
 * crowd: all commands at the same moment; every child is forked first and waits on one pipe.
 * Answer:  NAME START_NS WALL_NS EXIT USER_US SYSTEM_US     (EXIT 1000+signal when killed; START since the first start)
 *          total WALL_NS; others USER+SYSTEM_NS of inherited processes that ended meanwhile; left PID USER+SYSTEM_NS for each process that stayed behind (we are their reaper).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static struct command commands[MAX_COMMANDS];
static size_t command_count;
static long long others; /* nanoseconds of processor time */

static void
die(const char *what)
{
	perror(what);
	_exit(1); /* not exit: a child must not write the samples that its parent has still to write */
}

static long long
now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		die("clock_gettime");
	return (long long)t.tv_sec * 1000000000LL + t.tv_nsec;
}

static char *
copy(const char *text)
{
	char *result = strdup(text);

	if (result == NULL)
		die("strdup");
	return result;
}

static void
point(int descriptor, const char *path, int flags)
{
	int opened = open(path, flags, 0600);

	if (opened < 0 || dup2(opened, descriptor) < 0)
		die(path);
	if (opened != descriptor && close(opened) != 0)
		die("close");
}

/* In the child: never returns. `gate` is read until its end when it is not negative. */
static void
become(const struct command *c, int gate)
{
	char byte;

	point(0, c->input ? c->input : "/dev/null", O_RDONLY);
	point(1, c->output ? c->output : "/dev/null", O_WRONLY | O_CREAT | O_APPEND);
	point(2, c->errors ? c->errors : "/dev/null", O_WRONLY | O_CREAT | O_APPEND);
	if (c->directory != NULL && chdir(c->directory) != 0)
		die(c->directory);
	for (size_t i = 0; i < c->environment_count; i++) {
		if (strchr(c->environment[i], '=') != NULL ? putenv(c->environment[i]) : unsetenv(c->environment[i]))
			die("environment");
	}
	if (gate >= 0 && read(gate, &byte, 1) < 0)
		die("gate");
	execv(c->words[0], c->words);
	die(c->words[0]);
}

static long
microseconds(struct timeval t)
{
	return (long)t.tv_sec * 1000000L + (long)t.tv_usec;
}

static void
report(const struct command *c, long long base, long long ended, int status, const struct rusage *used)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);

	printf("%s %lld %lld %d %ld %ld\n", c->name, c->started - base, ended - c->started, code,
	    microseconds(used->ru_utime), microseconds(used->ru_stime));
}

/* Also buries whatever else has ended meanwhile: a dead master that we inherited would look alive to who waits for its end. */
static long long
wait_for(pid_t pid, int *status, struct rusage *used)
{
	for (;;) {
		pid_t ended = wait4(-1, status, 0, used);

		if (ended == pid)
			return now();
		if (ended < 0 && errno != EINTR)
			die("wait4");
		if (ended > 0)
			others += 1000LL * (microseconds(used->ru_utime) + microseconds(used->ru_stime));
	}
}

static void
run_before(const struct command *c)
{
	struct command script = *c;
	struct rusage used;
	int status;
	pid_t pid;

	script.words[0] = c->before;
	script.words[1] = NULL;
	script.input = NULL;
	if ((pid = fork()) < 0)
		die("fork");
	if (pid == 0)
		become(&script, -1);
	wait_for(pid, &status, &used);
	if (status != 0) {
		fprintf(stderr, "timer: %s failed\n", c->before);
		_exit(1);
	}
}

static void
run_one(struct command *c, long long base, int silent)
{
	struct rusage used;
	long long ended;
	int status;

	if (c->before != NULL)
		run_before(c);

	c->started = now();
	if ((c->pid = fork()) < 0)
		die("fork");
	if (c->pid == 0)
		become(c, -1);
	ended = wait_for(c->pid, &status, &used);
	if (!silent)
		report(c, base, ended, status, &used);
}

static void
run_pairs(long rounds, long warmup, long pause)
{
	long long base = now();

	for (long round = -warmup; round < rounds; round++) {
		for (size_t i = 0; i < command_count; i++) {
			run_one(&commands[round % 2 == 0 ? i : command_count - 1 - i], base, round < 0);
			if (pause > 0 && usleep((useconds_t)pause) != 0 && errno != EINTR)
				die("usleep");
		}
	}
	printf("total %lld\n", now() - base);
}

static void
run_crowd(void)
{
	int gate[2];
	size_t left = command_count;
	long long base;

	if (pipe2(gate, O_CLOEXEC) != 0)
		die("pipe2");
	for (size_t i = 0; i < command_count; i++) {
		if ((commands[i].pid = fork()) < 0)
			die("fork");
		if (commands[i].pid == 0) {
			if (close(gate[1]) != 0)
				die("close");
			become(&commands[i], gate[0]);
		}
	}
	if (usleep(100000) != 0 && errno != EINTR)
		die("usleep");
	base = now();
	for (size_t i = 0; i < command_count; i++)
		commands[i].started = base;
	if (close(gate[1]) != 0)
		die("close");
	while (left > 0) {
		struct rusage used;
		size_t i;
		int status;
		pid_t pid = wait4(-1, &status, 0, &used);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			die("wait4");
		for (i = 0; i < command_count && commands[i].pid != pid; i++)
			;
		if (i < command_count) {
			report(&commands[i], base, now(), status, &used);
			left--;
		} else
			others += 1000LL * (microseconds(used.ru_utime) + microseconds(used.ru_stime));
	}
	printf("total %lld\n", now() - base);
}

/* What stayed behind (masters) has become our child: its processor time so far, which no rusage tells. */
static void
report_left(void)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	if (directory == NULL)
		die("/proc");
	while ((entry = readdir(directory)) != NULL) {
		char path[300], line[1024];
		FILE *file;
		char *end;
		int parent;
		long long used;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
		if ((file = fopen(path, "r")) == NULL)
			continue;
		end = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
		fclose(file);
		if (end == NULL || sscanf(end, ") %*c %d", &parent) != 1 || parent != getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/schedstat", entry->d_name);
		if ((file = fopen(path, "r")) == NULL)
			continue;
		if (fscanf(file, "%lld", &used) == 1)
			printf("left %s %lld\n", entry->d_name, used);
		fclose(file);
	}
	closedir(directory);
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
		run_crowd();
	else
		run_pairs(rounds, warmup, pause);
	printf("others %lld\n", others);
	report_left();
	return fflush(stdout) == 0 ? 0 : 1;
}
