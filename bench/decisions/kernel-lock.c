/*
 * One kernel lock, for bench/decisions: held, waited for, or taken and freed many times. It refuses
 * to do anything with what it locks. kernel-lock ofd|flock hold|wait|cost FILE [N]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static void
die(const char *what)
{
	perror(what);
	exit(1);
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
take(int file, int ofd)
{
	struct flock lock;

	memset(&lock, 0, sizeof(lock));
	lock.l_type = F_WRLCK;
	lock.l_whence = SEEK_SET;
	lock.l_start = 42;
	lock.l_len = 1;
	if (ofd ? fcntl(file, F_OFD_SETLKW, &lock) : flock(file, LOCK_EX))
		die("lock");
}

static int
open_file(const char *path)
{
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (file < 0)
		die(path);
	return file;
}

int
main(int argc, char **argv)
{
	int ofd = argc > 3 && strcmp(argv[1], "ofd") == 0;

	if (argc < 4) {
		fprintf(stderr, "usage: kernel-lock ofd|flock hold|wait|cost FILE [N]\n");
		return 1;
	}
	if (strcmp(argv[2], "cost") == 0) {
		int count = argc > 4 ? atoi(argv[4]) : 1000;
		long long start = now();

		for (int i = 0; i < count; i++) {
			int file = open_file(argv[3]);

			take(file, ofd);
			if (close(file) != 0)
				die("close");
		}
		printf("%lld\n", (now() - start) / count);
		return 0;
	}
	take(open_file(argv[3]), ofd);
	printf("%lld\n", now());
	if (fflush(stdout) != 0)
		die("stdout");
	if (strcmp(argv[2], "hold") == 0)
		pause();
	return 0;
}
