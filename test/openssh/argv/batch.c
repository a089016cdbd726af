/*
 * Runs one program with many argument lists, one after the other, with argument bytes that Node
 * could not pass on. batch PROGRAM [MARK] stdin: lists, each a uint32 count and that many
 * NUL-terminated words. stdout: for each list an int32 exit code (minus the signal), a uint32
 * length and that many bytes of what it wrote on stdout and stderr. Before each run the list's
 * number goes to the socket MARK, and one byte comes back.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 64, TEXT_MAX = 16384, OUTPUT_MAX = 1 << 20, SECONDS_MAX = 20 };

static void
die(const char *what)
{
	perror(what);
	exit(1);
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

/* Reads one list into `words` (from index 1 on); 0 at the end of the input. */
static int
read_list(char **words, char *text)
{
	uint32_t count;
	if (fread(&count, sizeof count, 1, stdin) != 1)
		return 0;
	if (count > WORDS_MAX - 2)
		die("too many words");
	size_t used = 0;
	for (uint32_t i = 1; i <= count; i++) {
		words[i] = text + used;
		int character;
		do {
			character = getchar();
			if (character == EOF || used >= TEXT_MAX)
				die("words");
			text[used++] = (char)character;
		} while (character != '\0');
	}
	words[count + 1] = NULL;
	return 1;
}

static void
run(const char *program, char **words, char *output)
{
	int ends[2];
	if (pipe(ends) != 0)
		die("pipe");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);
		if (null < 0 || dup2(null, 0) < 0 || dup2(ends[1], 1) < 0 || dup2(ends[1], 2) < 0)
			_exit(126);
		close(null);
		close(ends[0]);
		close(ends[1]);
		alarm(SECONDS_MAX);
		execv(program, words);
		_exit(127);
	}
	close(ends[1]);
	uint32_t length = 0;
	for (;;) {
		ssize_t got = read(ends[0], output + length, OUTPUT_MAX - length);
		if (got <= 0)
			break;
		length += (uint32_t)got;
	}
	close(ends[0]);
	int status;
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	int32_t code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	if (fwrite(&code, sizeof code, 1, stdout) != 1 ||
	    fwrite(&length, sizeof length, 1, stdout) != 1 ||
	    fwrite(output, 1, length, stdout) != length)
		die("stdout");
}

int
main(int argc, char **argv)
{
	static char *words[WORDS_MAX];
	static char text[TEXT_MAX], output[OUTPUT_MAX];
	if (argc < 2)
		return 2;
	int mark = argc > 2 ? connect_mark(argv[2]) : -1;
	words[0] = "ssh";
	for (uint32_t number = 0; read_list(words, text); number++) {
		char byte;
		if (mark >= 0 &&
		    (write(mark, &number, sizeof number) != sizeof number ||
			read(mark, &byte, 1) != 1))
			die("mark");
		run(argv[1], words, output);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
