/* The request for a session or a forwarding, and how it is sent with its descriptors:
 * mux_client_request_session and mux_client_request_stdio_fwd of mux.c up to the reply. It never
 * sends one twice. */
#include "request.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "identity.h"

extern char **environ;

/* match.c match_pattern: `*` and `?`. */
static bool
match_pattern(const char *text, const char *pattern)
{
	const char *star = NULL, *resume = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static void
put_command(const struct front *front, struct mux_output *out)
{
	if (!gives_command(front)) {
		mux_put_string(out, front->ticket.command != NULL ? front->ticket.command : "");
		return;
	}
	size_t begun = mux_begin(out);
	for (int i = front->walk.command; i < front->argc; i++) {
		if (i > front->walk.command)
			mux_put_bytes(out, " ", 1);
		mux_put_bytes(out, front->argv[i], strlen(front->argv[i]));
	}
	mux_end(out, begun);
}

/* SendEnv's variables, then SetEnv's, as mux_client_request_session orders them (env_permitted:
 * names of less than 1024 bytes). */
static void
put_environment(const struct ticket *ticket, struct mux_output *out)
{
	char name[1024];

	for (char **entry = environ; ticket->sendenv_count > 0 && *entry != NULL; entry++) {
		const char *end = strchr(*entry, '=');
		if (end == NULL || end == *entry || (size_t)(end - *entry) >= sizeof(name))
			continue;
		memcpy(name, *entry, (size_t)(end - *entry));
		name[end - *entry] = '\0';
		for (size_t i = 0; i < ticket->sendenv_count; i++)
			if (match_pattern(name, ticket->sendenv[i])) {
				mux_put_string(out, *entry);
				break;
			}
	}
	for (size_t i = 0; i < ticket->setenv_count; i++)
		mux_put_string(out, ticket->setenv[i]);
}

bool
build_request(const struct front *front, bool tty, struct mux_output *out)
{
	const struct ticket *ticket = &front->ticket;
	size_t begun = mux_begin(out);

	if (ticket->stdio_host != NULL) {
		mux_put_u32(out, MUX_C_NEW_STDIO_FWD);
		mux_put_u32(out, 1);
		mux_put_string(out, "");
		mux_put_string(out, ticket->stdio_host);
		mux_put_u32(out, ticket->stdio_port);
		mux_end(out, begun);
		return out->ok;
	}
	const char *term = NULL;
	for (size_t i = 0; i < ticket->setenv_count && term == NULL; i++)
		if (strncmp(ticket->setenv[i], "TERM=", 5) == 0)
			term = ticket->setenv[i] + 5;
	if (term == NULL || *term == '\0')
		term = getenv("TERM");
	mux_put_u32(out, MUX_C_NEW_SESSION);
	mux_put_u32(out, 1);
	mux_put_string(out, "");
	mux_put_u32(out, tty);
	mux_put_u32(out, 0); /* X11: passed */
	mux_put_u32(out, ticket->agent);
	mux_put_u32(out, ticket->subsystem);
	mux_put_u32(out, ticket->escape);
	mux_put_string(out, term != NULL ? term : "");
	put_command(front, out);
	put_environment(ticket, out);
	mux_end(out, begun);
	return out->ok;
}

/* monitor_fdpass.c mm_send_fd: one byte and one descriptor a message. */
static bool
send_descriptor(int fd, int descriptor)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char nothing = '\0';
	struct iovec vector = { &nothing, 1 };
	struct msghdr message = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };

	memset(&control, 0, sizeof(control));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_len = CMSG_LEN(sizeof(int));
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
	return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

/* A master acts only when it has the whole request and all descriptors, so until the last one is
 * gone nothing can have started. */
bool
send_request(int fd, const struct ticket *ticket, const struct mux_output *out,
    const struct relay *relay)
{
	int streams[3] = { relay->fed >= 0 ? relay->fed : 0, relay->both ? relay->to : 1,
		relay->to >= 0 ? relay->to : 2 };
	int descriptors = ticket->stdio_host != NULL ? 2 : 3;
	int null = -1;

	if (ticket->stdin_null) {
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null < 0)
			return false;
	}
	bool sent = true;
	for (size_t at = 0; sent && at < out->used;) {
		ssize_t some = send(fd, out->bytes + at, out->used - at, MSG_NOSIGNAL);
		sent = some > 0;
		at += sent ? (size_t)some : 0;
	}
	for (int i = 0; sent && i < descriptors; i++)
		sent = send_descriptor(fd, i == 0 && null >= 0 ? null : streams[i]);
	if (null >= 0)
		(void)close(null);
	return sent;
}
