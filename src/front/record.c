/* Reads the head of a master's record. Refuses a damaged one, which the control plane then
 * replaces. */
#include "record.h"

#include <string.h>
#include <unistd.h>

#include "encode.h"
#include "protocol.h"

bool
record_read(int fd, struct record *record)
{
	char text[MAX_RECORD_BYTES + 1];
	ssize_t length = pread(fd, text, MAX_RECORD_BYTES, 0);
	unsigned seen = 0;
	uint64_t value;

	memset(record, 0, sizeof(*record));
	if (length == 0)
		return true;
	if (length < 0)
		return false;
	text[length] = '\0';
	if (strncmp(text, RECORD_OPENING, strlen(RECORD_OPENING)) != 0)
		return false;
	for (char *line = text + strlen(RECORD_OPENING), *end;
	     (end = strchr(line, '\n')) != NULL && seen != 15; line = end + 1) {
		*end = '\0';
		if (strncmp(line, "character ", 10) == 0) {
			if (strlen(line + 10) >= sizeof(record->character))
				return false;
			strcpy(record->character, line + 10);
			seen |= 1;
		} else if (strncmp(line, "pid ", 4) == 0 && parse_u64(line + 4, &value) &&
		    value <= UINT32_MAX) {
			record->pid = (uint32_t)value;
			seen |= 2;
		} else if (strncmp(line, "created ", 8) == 0 &&
		    parse_u64(line + 8, &record->created)) {
			seen |= 4;
		} else if (strncmp(line, "limit ", 6) == 0 && parse_u64(line + 6, &record->limit)) {
			seen |= 8;
		} else {
			return false;
		}
	}
	record->present = seen == 15;
	return record->present;
}
