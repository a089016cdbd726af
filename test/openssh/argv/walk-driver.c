/*
 * The front's walk over many argument lists: `walk-driver [LETTERS]`. stdin as for many-mains.c;
 * one line a list on stdout: "host command ambiguous odd result utf8", utf8 being 1 if every word
 * up to the command is valid UTF-8.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../src/front/argv.h"

/* A copy of its own for each word, so that a sanitizer sees a read past its end. */
static char *
read_word(void)
{
	char buffer[16384];
	size_t length = 0;
	int character;
	while ((character = getchar()) != '\0' && character != EOF && length < sizeof buffer - 1)
		buffer[length++] = (char)character;
	char *word = malloc(length + 1);
	if (word == NULL)
		exit(1);
	memcpy(word, buffer, length);
	word[length] = '\0';
	return word;
}

int
main(int argc, char **argv)
{
	const char *letters = argc > 1 ? argv[1] : NULL;
	uint32_t count;
	while (fread(&count, sizeof count, 1, stdin) == 1 && count < 1024) {
		char **words = calloc((size_t)count + 2, sizeof *words);
		if (words == NULL)
			return 1;
		words[0] = strdup("ssh");
		for (uint32_t i = 1; i <= count; i++)
			words[i] = read_word();

		struct walk walk;
		int result = walk_argv((int)count + 1, words, letters, &walk);
		int utf8 = 1;
		for (int i = 1; i < walk.command; i++)
			utf8 = utf8 && valid_utf8(words[i]);
		printf("%d %d %d %d %d %d\n", walk.host, walk.command, walk.ambiguous,
		    walk.malformed, result, utf8);
		fflush(stdout);

		for (uint32_t i = 0; i <= count; i++)
			free(words[i]);
		free(words);
	}
	return 0;
}
