/* The environment on its way through the control plane: what would steer its runtime, or would not
 * survive it, travels as hex, and is given back to every ssh that it starts. Refuses nothing: a
 * variable is changed in form or not at all. */
#include "environment.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "strbuf.h"

static bool
must_be_hidden(const char *entry)
{
	return strncmp(entry, "BUN_", 4) == 0 || strncmp(entry, "NODE_", 5) == 0 ||
	    !valid_utf8(entry);
}

bool
is_mark(const char *entry)
{
	for (int i = 0; mark_names[i] != NULL; i++) {
		size_t length = strlen(mark_names[i]);
		if (strncmp(entry, mark_names[i], length) == 0 && entry[length] == '=')
			return true;
	}
	return false;
}

static char *
hide(const char *entry, size_t index)
{
	size_t length = strlen(entry);
	char *hidden = malloc(length * 2 + 48), digits[NUMBER_SIZE];

	if (hidden == NULL || !join(hidden, 48, RAW_PREFIX, number(index, 1, digits), "=", NULL))
		return NULL;
	char *at = hidden + strlen(hidden);
	for (size_t i = 0; i < length; i++) {
		*at++ = "0123456789abcdef"[(unsigned char)entry[i] >> 4];
		*at++ = "0123456789abcdef"[(unsigned char)entry[i] & 15];
	}
	*at = '\0';
	return hidden;
}

char **
clean_environment(char **environment)
{
	size_t count = 0, kept = 0;
	uint64_t ignored = 0;
	struct sigaction act;
	char digits[NUMBER_SIZE];

	while (environment[count] != NULL)
		count++;
	char **clean = calloc(count + 2, sizeof(*clean));
	char *mark = malloc(48);
	if (clean == NULL || mark == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		/* What was hidden before stays so: a script may stand between the front and the
		 * control plane. */
		char *entry = must_be_hidden(environment[i]) ? hide(environment[i], i) :
							       environment[i];
		if (entry == NULL)
			return NULL;
		if (!is_mark(environment[i]))
			clean[kept++] = entry;
	}
	for (int signal_number = 1; signal_number < 64; signal_number++)
		if (sigaction(signal_number, NULL, &act) == 0 && act.sa_handler == SIG_IGN)
			ignored |= 1ull << signal_number;
	if (!join(mark, 48, "SSHIM_IGNORED=", number(ignored, 1, digits), NULL))
		return NULL;
	clean[kept] = mark;
	return clean;
}

void
restore_environment(char **environment)
{
	const char *then = NULL;
	size_t kept = 0;

	for (size_t i = 0; environment[i] != NULL; i++) {
		char *entry = environment[i];
		char *value = strchr(entry, '=');

		if (strncmp(entry, RAW_PREFIX, strlen(RAW_PREFIX)) == 0 && value != NULL &&
		    hex_to_bytes(value + 1))
			environment[kept++] = value + 1;
		else if (strncmp(entry, "SSHIM_THEN_AS=", 14) == 0)
			then = entry + 14;
		else if (!is_mark(entry))
			environment[kept++] = entry;
	}
	environment[kept] = NULL;
	if (then != NULL)
		(void)setenv("SSHIM_AS", then, 1);
}

uint64_t
ignored_signals(void)
{
	const char *mark = getenv("SSHIM_IGNORED");
	uint64_t ignored;

	return mark != NULL && parse_u64(mark, &ignored) ? ignored : 0;
}
