/* Says what the front's readers make of an example: for the tests that compare it with test/golden.
 * It reads nothing else.
 *
 *     golden-driver ticket FILE       good | bad
 *     golden-driver record FILE       good | bad
 *     golden-driver frame HEX         TYPE FIRST SECOND TEXT | more | nonsense
 *     golden-driver word HEX          the encoded word; then the bytes in hex that come out of
 * decoding it golden-driver hash HEX          the hash of these bytes */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encode.h"
#include "mux.h"
#include "record.h"
#include "ticket.h"

static int judge_ticket(const char *path);
static int judge_record(const char *path);
static int judge_frame(const unsigned char *bytes, size_t length);
static int show_word(const char *bytes, size_t length);

int
main(int argc, char **argv)
{
	static unsigned char bytes[65536];
	size_t length = 0;

	if (argc != 3)
		return 64;
	if (strcmp(argv[1], "ticket") == 0)
		return judge_ticket(argv[2]);
	if (strcmp(argv[1], "record") == 0)
		return judge_record(argv[2]);
	for (const char *at = argv[2]; at[0] != '\0' && at[0] != '-' && length < sizeof(bytes) - 1;
	     at += 2) {
		char pair[3] = { at[0], at[1], '\0' };
		bytes[length++] = (unsigned char)strtoul(pair, NULL, 16);
	}
	if (strcmp(argv[1], "frame") == 0)
		return judge_frame(bytes, length);
	if (strcmp(argv[1], "word") == 0)
		return show_word((const char *)bytes, length);
	char hex[17];
	hash_hex(hash_bytes((const char *)bytes, length), hex);
	return puts(hex) < 0;
}

static int
judge_ticket(const char *path)
{
	static struct ticket ticket;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, ticket.text, MAX_TICKET_BYTES + 1);

	if (length < 0)
		return 66;
	return puts(ticket_parse(&ticket, (size_t)length) ? "good" : "bad") < 0;
}

static int
judge_record(const char *path)
{
	struct record record;
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return 66;
	return puts(record_read(file, &record) ? "good" : "bad") < 0;
}

static int
judge_frame(const unsigned char *bytes, size_t length)
{
	static struct mux_input input;
	struct mux_reply reply;

	if (length > sizeof(input.bytes))
		return 65;
	memcpy(input.bytes, bytes, length);
	input.used = length;
	switch (mux_decode(&input, &reply)) {
	case MUX_MORE:
		return puts("more") < 0;
	case MUX_NONSENSE:
		return puts("nonsense") < 0;
	default:
		return printf("%08x %u %u %.*s\n", reply.type, reply.first, reply.second,
			   (int)reply.text_length, reply.text == NULL ? "" : reply.text) < 0 ||
		    input.taken != length;
	}
}

static int
show_word(const char *bytes, size_t length)
{
	static char word[200000], text[65536];
	size_t used = 0;

	memcpy(text, bytes, length);
	text[length] = '\0';
	if (!append_word(word, sizeof(word), &used, text) || puts(word) < 0)
		return 65;
	if (!decode_word(word))
		return puts("undecodable") < 0;
	for (const char *at = word; *at != '\0'; at++)
		if (printf("%02x", (unsigned char)*at) < 0)
			return 74;
	return puts("") < 0;
}
