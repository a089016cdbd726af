/*
 * The walk over argv that tells where options, host and command lie, by the rules of BSD getopt as
 * ssh's main() uses it. It never interprets an option, never changes a byte and never allocates.
 */
#include "argv.h"

#include <stddef.h>
#include <string.h>

#include "options.h"

static int walk_options(int argc, char **argv, int index, const char *letters, struct walk *out);
static size_t sequence_length(const unsigned char *at);

int
walk_argv(int argc, char **argv, const char *letters, struct walk *out)
{
	*out = (struct walk){ .host = -1, .command = argc };
	if (argc < 2)
		return -1;

	int index = walk_options(argc, argv, 1, letters, out);
	if (out->malformed || index >= argc)
		return -1;
	/* ssh looks at the word before the host, whatever it was there for: an option's argument
	 * "--" ends the options too. */
	bool terminated = index > 1 && strcmp(argv[index - 1], "--") == 0;

	out->host = index++;
	if (!terminated)
		index = walk_options(argc, argv, index, letters, out);
	if (out->malformed)
		return -1;
	out->command = index;
	return 0;
}

bool
valid_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	while (*at != '\0') {
		size_t length = sequence_length(at);
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

/* Reads options from `index` on, as far as they go; gives the index of the word after them. */
static int
walk_options(int argc, char **argv, int index, const char *letters, struct walk *out)
{
	const char *known = letters != NULL ? letters : OPTION_LETTERS;

	for (; index < argc; index++) {
		const char *word = argv[index];
		if (word[0] != '-' || word[1] == '\0')
			return index; /* a plain word, an empty one, or a lone "-" */
		if (strcmp(word, "--") == 0)
			return index + 1;

		for (const char *letter = word + 1; *letter != '\0'; letter++) {
			if (letters == NULL && strchr(OPTION_LETTERS_VARYING, *letter) != NULL)
				out->ambiguous = true;

			/* Also a "-" inside: getopt stops at "-v-", which then is an option and the
			 * next word at once. */
			const char *found = *letter == ':' ? NULL : strchr(known, *letter);
			if (found == NULL) {
				out->malformed = true;
				return argc;
			}
			if (found[1] != ':')
				continue;
			/* The argument is the rest of this word, or the whole next one. */
			if (letter[1] == '\0' && ++index >= argc) {
				out->malformed = true;
				return argc;
			}
			break;
		}
	}
	return index;
}

/* The length of the one sequence at `at`, 0 if it is not valid. A string's final NUL is no
 * continuation byte, so nothing is read past it. */
static size_t
sequence_length(const unsigned char *at)
{
	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	/* The second byte's range is narrower where a longer form could say something shorter, a
	 * surrogate, or too much. */
	unsigned char low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
	if (at[1] < low || at[1] > high)
		return 0;

	size_t length = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	for (size_t i = 2; i < length; i++)
		if (at[i] < 0x80 || at[i] > 0xbf)
			return 0;
	return length;
}
