/* The encoding of docs/protocol.md: words without spaces, hashes, decimal numbers. Refuses what
 * does not fit instead of cutting it. */
#include "encode.h"

#include <string.h>

uint64_t
hash_bytes(const char *bytes, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return hash;
}

void
hash_hex(uint64_t hash, char out[17])
{
	for (int i = 0; i < 16; i++)
		out[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
	out[16] = '\0';
}

bool
append_word(char *buffer, size_t size, size_t *length, const char *word)
{
	size_t at = *length;

	if (*word == '\0') {
		if (at + 2 > size)
			return false;
		buffer[at++] = '%';
	}
	for (; *word != '\0'; word++) {
		unsigned char byte = (unsigned char)*word;
		bool plain = byte > ' ' && byte <= '~' && byte != '%';

		if (at + 4 > size)
			return false;
		if (plain) {
			buffer[at++] = (char)byte;
			continue;
		}
		buffer[at++] = '%';
		buffer[at++] = "0123456789ABCDEF"[byte >> 4];
		buffer[at++] = "0123456789ABCDEF"[byte & 15];
	}
	buffer[at] = '\0';
	*length = at;
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
decode_word(char *word)
{
	char *out = word;

	if (strcmp(word, "%") == 0) {
		*word = '\0';
		return true;
	}
	for (char *in = word; *in != '\0'; in++) {
		if (*in != '%') {
			*out++ = *in;
			continue;
		}
		int high = hex_digit(in[1]), low = high < 0 ? -1 : hex_digit(in[2]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		*out++ = (char)(high << 4 | low);
		in += 2;
	}
	*out = '\0';
	return true;
}

bool
hex_to_bytes(char *text)
{
	char *out = text;

	for (char *in = text; *in != '\0'; in += 2) {
		int high = hex_digit(in[0]), low = high < 0 ? -1 : hex_digit(in[1]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		*out++ = (char)(high << 4 | low);
	}
	*out = '\0';
	return true;
}

bool
parse_u64(const char *text, uint64_t *value)
{
	uint64_t sum = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		unsigned digit = (unsigned)(*text - '0');
		if (sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return true;
}
