/*
 * The timer's running half: forks, waits, reports. It knows nothing of the plan's text.
 */
#define _GNU_SOURCE
#include "timer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long others; /* nanoseconds of processor time of inherited processes */

void
die(const char *what)
{
	perror(what);
	_exit(1); /* not exit: a child must not write its parent's samples */
}

static long long
now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		die("clock_gettime");
	return (long long)t.tv_sec * 1000000000LL + t.tv_nsec;
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
		if (strchr(c->environment[i], '=') != NULL ? putenv(c->environment[i]) :
							     unsetenv(c->environment[i]))
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
report(const struct command *c, long long base, long long ended, int status,
    const struct rusage *used)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);

	printf("%s %lld %lld %d %ld %ld\n", c->name, c->started - base, ended - c->started, code,
	    microseconds(used->ru_utime), microseconds(used->ru_stime));
}

/* Also buries whatever else has ended meanwhile: a dead master that we inherited would look alive
 * to who waits for its end. */
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
			others += 1000LL *
			    (microseconds(used->ru_utime) + microseconds(used->ru_stime));
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

void
run_pairs(struct command *commands, size_t count, long rounds, long warmup, long pause)
{
	long long base = now();

	for (long round = -warmup; round < rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			run_one(&commands[round % 2 == 0 ? i : count - 1 - i], base, round < 0);
			if (pause > 0 && usleep((useconds_t)pause) != 0 && errno != EINTR)
				die("usleep");
		}
	}
	printf("total %lld\n", now() - base);
}

void
run_crowd(struct command *commands, size_t count)
{
	int gate[2];
	size_t left = count;
	long long base;

	if (pipe2(gate, O_CLOEXEC) != 0)
		die("pipe2");
	for (size_t i = 0; i < count; i++) {
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
	for (size_t i = 0; i < count; i++)
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
		for (i = 0; i < count && commands[i].pid != pid; i++)
			;
		if (i < count) {
			report(&commands[i], base, now(), status, &used);
			left--;
		} else
			others += 1000LL *
			    (microseconds(used.ru_utime) + microseconds(used.ru_stime));
	}
	printf("total %lld\n", now() - base);
}

/* What stayed behind (masters) has become our child: its processor time so far, which no rusage
 * tells. */
void
report_left(void)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	printf("others %lld\n", others);
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
