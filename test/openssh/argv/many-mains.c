/*
 * Preloaded into the real ssh: runs its main() once for each of many argument lists, each in a
 * child of its own. What a start of the program costs (linking, OpenSSL's setting-up) is paid once;
 * and the words may hold bytes that Node could not pass on.
 *
 * stdin: lists, each a uint32 count and that many NUL-terminated words. stdout: for each list an
 * int32 exit code (minus the signal), a uint32 length and that many bytes of what it wrote on
 * stdout and stderr. Before each run the list's number goes to the socket that ORACLE_MARK names,
 * and one byte comes back.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 64, OUTPUT_MAX = 1 << 20, SECONDS_MAX = 20, OPENSSL_NO_ATEXIT = 0x80000 };

typedef int main_function(int, char **, char **);
static main_function *real_main;

static void
die(const char *what)
{
	perror(what);
	_exit(1);
}

static int
connect_mark(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		die(path);
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		die(path);
	return fd;
}

/* All of stdin. Not by stdio: a child would inherit what it has read ahead. */
static char *
read_input(size_t *length)
{
	size_t room = 0;
	char *text = NULL;
	for (*length = 0;;) {
		if (room - *length < 65536 && (text = realloc(text, room += 1 << 20)) == NULL)
			die("input");
		ssize_t got = read(0, text + *length, room - *length);
		if (got < 0)
			die("stdin");
		if (got == 0)
			return text;
		*length += (size_t)got;
	}
}

static void
write_all(const void *bytes, size_t length)
{
	for (const char *at = bytes; length > 0;) {
		ssize_t done = write(1, at, length);
		if (done <= 0)
			die("stdout");
		at += done;
		length -= (size_t)done;
	}
}

/* Sets up once what every child would set up for itself; none of it changes what ssh does. */
static void
warm_up(void)
{
	int (*init)(uint64_t, const void *) = (int (*)(uint64_t, const void *))dlsym(RTLD_DEFAULT,
	    "OPENSSL_init_crypto");
	int (*seed)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "RAND_status");
	if (init != NULL)
		init(OPENSSL_NO_ATEXIT, NULL);
	if (seed != NULL)
		seed();
	getservbyname("ssh", "tcp");
	getpwuid(getuid());
}

static int
run_child(int count, char **words, int output)
{
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(126);
	alarm(SECONDS_MAX);
	return real_main(count, words, environ);
}

static void
collect(pid_t pid, int from)
{
	static char output[OUTPUT_MAX];
	uint32_t length = 0;
	ssize_t got;
	while ((got = read(from, output + length, OUTPUT_MAX - length)) > 0)
		length += (uint32_t)got;
	close(from);
	int status;
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	int32_t code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	write_all(&code, sizeof code);
	write_all(&length, sizeof length);
	write_all(output, length);
}

static int
serve(int argc, char **argv, char **environment)
{
	(void)argc, (void)argv, (void)environment;
	const char *path = getenv("ORACLE_MARK");
	int mark = path != NULL ? connect_mark(path) : -1;
	unsetenv("ORACLE_MARK");
	unsetenv("LD_PRELOAD");
	warm_up();
	size_t length;
	char *at = read_input(&length);
	const char *end = at + length;
	for (uint32_t number = 0; at < end; number++) {
		static char name[] = "ssh";
		static char *words[WORDS_MAX] = { name };
		uint32_t count;
		memcpy(&count, at, sizeof count);
		at += sizeof count;
		if (count > WORDS_MAX - 2)
			die("too many words");
		for (uint32_t word = 1; word <= count; at += strlen(at) + 1)
			words[word++] = at;
		words[count + 1] = NULL;
		char byte;
		if (mark >= 0 &&
		    (write(mark, &number, sizeof number) != sizeof number ||
			read(mark, &byte, 1) != 1))
			die("mark");
		int ends[2];
		if (pipe2(ends, O_CLOEXEC) != 0)
			die("pipe");
		pid_t pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0)
			return run_child((int)count + 1, words, ends[1]);
		close(ends[1]);
		collect(pid, ends[0]);
	}
	return 0;
}

typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void),
    void (*)(void), void *);
start_function __libc_start_main;

int
__libc_start_main(main_function *program, int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*unload)(void), void *end)
{
	start_function *next = (start_function *)dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = program;
	return next(serve, argc, argv, init, fini, unload, end);
}
