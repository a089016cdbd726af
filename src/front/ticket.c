/* Loads a ticket and tells whether it is still fresh. Refuses a file that is not ours alone; what
 * the lines mean is ticket-parse.c's. */
#include "ticket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode.h"

bool
in_rundir(const struct ticket *ticket)
{
	size_t length = strlen(ticket->keydir);

	return strncmp(ticket->socket, ticket->keydir, length) == 0 &&
	    ticket->socket[length] == '/';
}

bool
ticket_fresh(const struct ticket *ticket)
{
	for (size_t i = 0; i < ticket->dependency_count; i++) {
		const struct dependency *d = &ticket->dependencies[i];
		struct stat st;
		char hash[17];

		switch (d->kind) {
		case DEPENDS_FILE:
			if (stat(d->name, &st) != 0 || (uint64_t)st.st_dev != d->dev ||
			    (uint64_t)st.st_ino != d->ino || (uint64_t)st.st_size != d->size ||
			    (int64_t)st.st_mtim.tv_sec != d->seconds ||
			    (int64_t)st.st_mtim.tv_nsec != d->nanoseconds)
				return false;
			break;
		case DEPENDS_NO_FILE:
			if (stat(d->name, &st) == 0 || (errno != ENOENT && errno != ENOTDIR))
				return false;
			break;
		case DEPENDS_ENV: {
			const char *value = getenv(d->name);
			if (value == NULL)
				strcpy(hash, "unset");
			else
				hash_hex(hash_bytes(value, strlen(value)), hash);
			if (strcmp(hash, d->hash) != 0)
				return false;
			break;
		}
		case DEPENDS_CWD:
			if (stat(".", &st) != 0 || (uint64_t)st.st_dev != d->dev ||
			    (uint64_t)st.st_ino != d->ino)
				return false;
			break;
		}
	}
	return true;
}

bool
ticket_load(struct ticket *ticket, int run_fd, const char *hash, const char *call_id)
{
	char name[20] = NAME_TICKETS "/";
	struct stat st;
	size_t length = 0;

	strcpy(name + 2, hash);
	int fd = openat(run_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool ours = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & 022) == 0 && st.st_size <= MAX_TICKET_BYTES;
	while (ours && length < MAX_TICKET_BYTES) {
		ssize_t got = read(fd, ticket->text + length, MAX_TICKET_BYTES - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			ours = got == 0;
			break;
		}
		length += (size_t)got;
	}
	(void)close(fd);
	return ours && ticket_parse(ticket, length) && !ticket->once &&
	    strcmp(ticket->call_id, call_id) == 0 && ticket_fresh(ticket);
}
