/* Seeded malformed inputs: takes examples and breaks them, COUNT times for each reader, always the
 * same for one SEED.
 *
 *     malformed SEED COUNT READER EXAMPLE…      READER: ticket, frames, record */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers.h"

enum { INPUT_MAX = 70000 };

static uint64_t state;

static uint32_t
next_random(uint32_t below)
{
	/* xorshift64*: the same numbers everywhere, which rand() does not promise. */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return below == 0 ? 0 : (uint32_t)((state * 0x2545f4914f6cdd1dull) >> 32) % below;
}

static size_t
break_input(uint8_t *bytes, size_t length)
{
	static const uint32_t edges[] = { 0, 1, 0x7f, 0xff, 0x7fffffff, 0x80000000, 0xffffffff };
	for (uint32_t times = 1 + next_random(6); times > 0; times--) {
		size_t at = next_random((uint32_t)length + 1), span = next_random(64);
		if (span > length - at)
			span = length - at;
		switch (next_random(7)) {
		case 0: /* other bytes */
			for (size_t i = 0; i < span; i++)
				bytes[at + i] = (uint8_t)next_random(256);
			break;
		case 1: /* cut */
			length = at;
			break;
		case 2: /* take out */
			memmove(bytes + at, bytes + at + span, length - at - span);
			length -= span;
			break;
		case 3: /* double */
			if (length + span <= INPUT_MAX) {
				memmove(bytes + at + span, bytes + at, length - at);
				length += span;
			}
			break;
		case 4: /* a bit */
			if (at < length)
				bytes[at] ^= (uint8_t)(1u << next_random(8));
			break;
		case 5: /* a number at its edge */
			if (length - at >= 4) {
				uint32_t edge = edges[next_random(7)];
				for (size_t i = 0; i < 4; i++)
					bytes[at + i] = (uint8_t)(edge >> (24 - 8 * i));
			}
			break;
		default: /* what separates */
			if (at < length)
				bytes[at] = (uint8_t) " \n%\0"[next_random(4)];
		}
	}
	return length;
}

int
main(int argc, char **argv)
{
	static uint8_t examples[128][INPUT_MAX], input[INPUT_MAX + 64];
	static size_t lengths[128];
	int count = argc - 4;

	if (count < 1 || count > 128)
		return 64;
	state = strtoull(argv[1], NULL, 10) * 2 + 1;
	for (int i = 0; i < count; i++) {
		int file = open(argv[4 + i], O_RDONLY | O_CLOEXEC);
		ssize_t got = file < 0 ? -1 : read(file, examples[i], INPUT_MAX);
		if (got < 0 || close(file) < 0)
			return 66;
		lengths[i] = (size_t)got;
	}
	void (*feed)(const uint8_t *, size_t) = strcmp(argv[3], "ticket") == 0 ? feed_ticket :
	    strcmp(argv[3], "frames") == 0                                     ? feed_frames :
										 feed_record;
	unsigned long times = strtoul(argv[2], NULL, 10);
	for (unsigned long i = 0; i < times; i++) {
		uint32_t chosen = next_random((uint32_t)count);
		memcpy(input, examples[chosen], lengths[chosen]);
		feed(input, break_input(input, lengths[chosen]));
	}
	return printf("%lu inputs\n", times) < 0;
}
