/* The installed ssh's option letters, which matter only where versions differ: kept by the control
 * plane in RUN/letters with the identity of the ssh that they belong to. Refuses letters of another
 * ssh. */
#include "letters.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "encode.h"
#include "realssh.h"
#include "strbuf.h"

static bool read_letters(struct front *front, char *letters, size_t size);

bool
installed_letters(struct front *front, char *letters, size_t size)
{
	if (!find_real(front))
		return false;
	if (read_letters(front, letters, size))
		return true;
	(void)ask(front, "letters", 0, NULL);
	return read_letters(front, letters, size);
}

static bool
read_letters(struct front *front, char *letters, size_t size)
{
	char text[2048], expected[PATH_SIZE * 3 + 128] = "sshim-letters 1\nfile ";
	size_t length = strlen(expected);
	struct stat st;

	int fd = openat(front->rundir.fd, NAME_LETTERS, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (got <= 0 || stat(front->real, &st) != 0 ||
	    !append_word(expected, sizeof(expected), &length, front->real))
		return false;
	text[got] = '\0';
	char digits[5][NUMBER_SIZE];
	if (!append_text(expected, sizeof(expected), " ", number((uint64_t)st.st_dev, 1, digits[0]),
		" ", number((uint64_t)st.st_ino, 1, digits[1]), " ",
		number((uint64_t)st.st_size, 1, digits[2]), " ",
		number((uint64_t)st.st_mtim.tv_sec, 1, digits[3]), " ",
		number((uint64_t)st.st_mtim.tv_nsec, 1, digits[4]), "\nletters ", NULL))
		return false;
	length = strlen(expected);
	if (strncmp(text, expected, length) != 0)
		return false;
	const char *start = text + length, *end = strchr(start, '\n');
	if (end == NULL || (size_t)(end - start) >= size)
		return false;
	memcpy(letters, start, (size_t)(end - start));
	letters[end - start] = '\0';
	return true;
}
