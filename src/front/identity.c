/* The call id: the text that stands for this caller, these options and this host, and its hash. */
#include "identity.h"

#include <string.h>
#include <sys/stat.h>

#include "argv.h"
#include "encode.h"
#include "environment.h"
#include "strbuf.h"

extern char **environ;

static bool
append(struct front *front, const char *word)
{
	if (front->call_id_length > 0) {
		if (front->call_id_length + 1 >= sizeof(front->call_id))
			return false;
		front->call_id[front->call_id_length++] = ' ';
	}
	return append_word(front->call_id, sizeof(front->call_id), &front->call_id_length, word);
}

static bool
steers_us(const char *entry)
{
	if (strncmp(entry, "SSHIM", 5) != 0 || (entry[5] != '=' && entry[5] != '_'))
		return false;
	return strncmp(entry, RAW_PREFIX, strlen(RAW_PREFIX)) != 0 && !is_mark(entry);
}

static const char *
next_setting(const char *last)
{
	const char *next = NULL;

	for (char **entry = environ; *entry != NULL; entry++)
		if (steers_us(*entry) && strcmp(*entry, last) > 0 &&
		    (next == NULL || strcmp(*entry, next) < 0))
			next = *entry;
	return next;
}

/* In another namespace the same address is another machine, and the same path another file. */
static bool
append_namespaces(struct front *front)
{
	static const struct {
		const char *word, *path;
	} spaces[] = { { "network=", "/proc/self/ns/net" }, { "mounts=", "/proc/self/ns/mnt" } };
	char word[NUMBER_SIZE + 8], digits[NUMBER_SIZE];
	struct stat st;

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (stat(spaces[i].path, &st) != 0)
			continue;
		(void)join(word, sizeof(word), spaces[i].word,
		    number((uint64_t)st.st_ino, 1, digits), NULL);
		if (!append(front, word))
			return false;
	}
	return true;
}

/* ssh joins the words: with nothing in them they are no command. */
bool
gives_command(const struct front *front)
{
	int words = front->argc - front->walk.command;

	return words > 1 || (words == 1 && front->argv[front->walk.command][0] != '\0');
}

/* false: too long, or not UTF-8, which must not travel through the control plane. */
bool
write_call_id(struct front *front)
{
	static const char *const first[] = { "HOME=", "SSH_AUTH_SOCK=", NULL };

	if (!append(front, CALL_ID_VERSION) ||
	    !append(front, gives_command(front) ? "command=1" : "command=0"))
		return false;
	for (int i = 0; first[i] != NULL; i++)
		for (char **entry = environ; *entry != NULL; entry++)
			if (strncmp(*entry, first[i], strlen(first[i])) == 0 &&
			    !append(front, *entry))
				return false;
	if (!append_namespaces(front))
		return false;
	/* In the order of their bytes: a script between two of us may turn them round. */
	for (const char *last = "", *next; (next = next_setting(last)) != NULL; last = next)
		if (!append(front, next))
			return false;
	if (!append(front, "--"))
		return false;
	for (int i = 1; i < front->walk.command; i++)
		if (!valid_utf8(front->argv[i]) || !append(front, front->argv[i]))
			return false;
	hash_hex(hash_bytes(front->call_id, front->call_id_length), front->hash);
	return true;
}
