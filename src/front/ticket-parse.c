/* Reads a ticket's text. Refuses every line that it does not know, and everything behind it; it
 * never repairs. */
#include <string.h>

#include "encode.h"
#include "front.h"
#include "ticket.h"

enum { FIELDS_MAX = 40 };

static bool parse_line(struct ticket *ticket, char *line);
static bool parse_dependency(struct ticket *ticket, char **field, int count);
static bool parse_number_line(struct ticket *ticket, char **field, int count, bool *known);
static bool parse_word_line(struct ticket *ticket, char **field, int count, bool *known);
static bool parse_list(char **list, size_t *used, size_t most, char **field, int count);
static bool is_key(const char *key);
static int split(char *line, char **field);
static int choice(const char *word, const char *const *words);

bool
ticket_parse(struct ticket *ticket, size_t length)
{
	if (length == 0 || length > MAX_TICKET_BYTES)
		return false;
	memset((char *)ticket + sizeof(ticket->text), 0,
	    offsetof(struct ticket, dependencies) - sizeof(ticket->text));
	memset(&ticket->dependency_count, 0,
	    sizeof(*ticket) - offsetof(struct ticket, dependency_count));
	ticket->text[length] = '\0';
	if (strlen(ticket->text) != length ||
	    strncmp(ticket->text, TICKET_OPENING, strlen(TICKET_OPENING)) != 0)
		return false;

	bool lane_known = false;
	char *line = ticket->text + strlen(TICKET_OPENING);
	for (;;) {
		char *end = strchr(line, '\n');
		if (end == NULL)
			return false;
		*end = '\0';
		if (strcmp(line, "end") == 0)
			return end + 1 == ticket->text + length && lane_known &&
			    ticket->call_id != NULL && ticket->reason != NULL &&
			    (ticket->lane == LANE_PASS ||
				(is_key(ticket->key) && ticket->keydir != NULL &&
				    ticket->socket != NULL));
		lane_known = lane_known || strncmp(line, "lane ", 5) == 0;
		if (!parse_line(ticket, line))
			return false;
		line = end + 1;
	}
}

static bool
parse_line(struct ticket *ticket, char *line)
{
	static const char *const lanes[] = { "pass", "attach", "establish", "control", NULL };
	static const char *const ttys[] = { "no", "auto", "yes", "force", NULL };

	/* The call id is compared as it stands, so it is not cut into fields. */
	if (strncmp(line, "question ", 9) == 0) {
		ticket->call_id = line + 9;
		return true;
	}
	char *field[FIELDS_MAX];
	int count = split(line, field);
	if (count < 1)
		return false;
	const char *name = field[0];
	if (count == 1 && strcmp(name, "once") == 0) {
		ticket->once = true;
		return true;
	}
	if (strcmp(name, "file") == 0 || strcmp(name, "nofile") == 0 || strcmp(name, "env") == 0 ||
	    strcmp(name, "cwd") == 0)
		return parse_dependency(ticket, field, count);
	if (strcmp(name, "accept") == 0)
		return parse_list(ticket->accept, &ticket->accept_count, MAX_ACCEPTS, field, count);
	if (strcmp(name, "sendenv") == 0)
		return parse_list(ticket->sendenv, &ticket->sendenv_count, MAX_VARIABLES, field,
		    count);
	if (strcmp(name, "setenv") == 0)
		return parse_list(ticket->setenv, &ticket->setenv_count, MAX_VARIABLES, field,
		    count);
	if (count >= 2 && strcmp(name, "lane") == 0) {
		int lane = choice(field[1], lanes);
		ticket->lane = (enum lane)lane;
		return lane >= 0;
	}
	if (count >= 2 && strcmp(name, "tty") == 0) {
		int tty = choice(field[1], ttys);
		ticket->tty = (enum tty_request)tty;
		return tty >= 0 &&
		    (count == 2 ||
			parse_number_line(ticket, field + 2, count - 2, &(bool){ false }));
	}
	bool known = false;
	if (parse_word_line(ticket, field, count, &known))
		return true;
	return !known && parse_number_line(ticket, field, count, &known);
}

static bool
parse_dependency(struct ticket *ticket, char **field, int count)
{
	struct dependency *dependency = &ticket->dependencies[ticket->dependency_count];
	uint64_t seconds, nanoseconds;

	if (ticket->dependency_count >= MAX_DEPENDENCIES)
		return false;
	if (strcmp(field[0], "file") == 0) {
		dependency->kind = DEPENDS_FILE;
		bool before_1970 = count == 7 && field[5][0] == '-';
		if (count != 7 || !decode_word(field[1]) ||
		    !parse_u64(field[2], &dependency->dev) ||
		    !parse_u64(field[3], &dependency->ino) ||
		    !parse_u64(field[4], &dependency->size) ||
		    !parse_u64(field[5] + before_1970, &seconds) ||
		    !parse_u64(field[6], &nanoseconds) || seconds > INT64_MAX ||
		    nanoseconds > 999999999)
			return false;
		dependency->seconds = before_1970 ? -(int64_t)seconds : (int64_t)seconds;
		dependency->nanoseconds = (int64_t)nanoseconds;
	} else if (strcmp(field[0], "nofile") == 0) {
		dependency->kind = DEPENDS_NO_FILE;
		if (count != 2 || !decode_word(field[1]))
			return false;
	} else if (strcmp(field[0], "env") == 0) {
		dependency->kind = DEPENDS_ENV;
		if (count != 3)
			return false;
		dependency->hash = field[2];
	} else {
		dependency->kind = DEPENDS_CWD;
		if (count != 3 || !parse_u64(field[1], &dependency->dev) ||
		    !parse_u64(field[2], &dependency->ino))
			return false;
	}
	dependency->name = field[1];
	ticket->dependency_count++;
	return true;
}

/* Lines of one or more `name number` pairs. */
static bool
parse_number_line(struct ticket *ticket, char **field, int count, bool *known)
{
	for (int i = 0; i < count; i += 2) {
		uint64_t value;

		if (i + 1 >= count || !parse_u64(field[i + 1], &value))
			return false;
		struct {
			const char *name;
			uint64_t *wide;
			uint32_t *narrow;
			bool *flag;
		} names[] = {
			{ "connect_timeout", &ticket->connect_timeout, NULL, NULL },
			{ "shards", &ticket->shards, NULL, NULL },
			{ "limit", &ticket->limit, NULL, NULL },
			{ "persist", &ticket->persist, NULL, NULL },
			{ "max_age", &ticket->max_age, NULL, NULL },
			{ "escape", NULL, &ticket->escape, NULL },
			{ "loglevel", NULL, &ticket->loglevel, NULL },
			{ "agent", NULL, NULL, &ticket->agent },
			{ "subsystem", NULL, NULL, &ticket->subsystem },
			{ "stdin_null", NULL, NULL, &ticket->stdin_null },
		};
		*known = false;
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			if (strcmp(field[i], names[n].name) != 0)
				continue;
			*known = true;
			if (names[n].wide != NULL)
				*names[n].wide = value;
			else if (names[n].narrow != NULL && value <= UINT32_MAX)
				*names[n].narrow = (uint32_t)value;
			else if (names[n].flag != NULL && value <= 1)
				*names[n].flag = value == 1;
			else
				return false;
		}
		if (!*known)
			return false;
	}
	return count > 0;
}

static bool
parse_word_line(struct ticket *ticket, char **field, int count, bool *known)
{
	struct {
		const char *name;
		char **word;
	} names[] = {
		{ "reason", &ticket->reason },
		{ "key", &ticket->key },
		{ "keydir", &ticket->keydir },
		{ "socket", &ticket->socket },
		{ "socket_option", &ticket->socket_option },
		{ "command", &ticket->command },
		{ "closing", &ticket->closing },
	};
	uint64_t port;

	*known = true;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		if (strcmp(field[0], names[n].name) != 0)
			continue;
		*names[n].word = field[1];
		return count == 2 && decode_word(field[1]);
	}
	if (strcmp(field[0], "journal") == 0) {
		if (count != 4 || !decode_word(field[1]) ||
		    !parse_u64(field[2], &ticket->journal_limit) || !decode_word(field[3]))
			return false;
		ticket->journal_path = field[1];
		ticket->journal_fields = field[3];
		return true;
	}
	if (strcmp(field[0], "stdio") == 0) {
		if (count != 3 || !decode_word(field[1]) || !parse_u64(field[2], &port) ||
		    port > UINT32_MAX)
			return false;
		ticket->stdio_host = field[1];
		ticket->stdio_port = (uint32_t)port;
		return true;
	}
	if (strcmp(field[0], "control") == 0) {
		if (count != 2)
			return false;
		ticket->check = strcmp(field[1], "check") == 0;
		return ticket->check || strcmp(field[1], "other") == 0;
	}
	*known = false;
	return false;
}

static bool
parse_list(char **list, size_t *used, size_t most, char **field, int count)
{
	for (int i = 1; i < count; i++) {
		if (*used >= most || !decode_word(field[i]))
			return false;
		list[(*used)++] = field[i];
	}
	return count > 1;
}

static bool
is_key(const char *key)
{
	return key != NULL && strlen(key) == 32 && strspn(key, "0123456789abcdef") == 32;
}

static int
split(char *line, char **field)
{
	int count = 0;

	for (char *at = line; at != NULL;) {
		if (count >= FIELDS_MAX)
			return -1;
		field[count++] = at;
		at = strchr(at, ' ');
		while (at != NULL && *at == ' ')
			*at++ = '\0';
	}
	return count;
}

static int
choice(const char *word, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return -1;
}
