/* Asks the control plane and does what its lines say: takes locks for it, keeps a ticket that it
 * sends, and returns its last word. Everything but a good answer is "pass", or 255 where something
 * was already sent; it never waits without a deadline. */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "encode.h"
#include "lock.h"
#include "realssh.h"
#include "start.h"
#include "strbuf.h"

struct channel {
	int fd;
	char bytes[MAX_LINE_BYTES];
	size_t used;
	int64_t deadline; /* 0: none */
};

static bool serve_control(struct front *front, struct channel *channel, struct reply *reply);
static bool read_line(struct channel *channel, char *line);
static bool read_some(struct channel *channel, char *into, size_t size, size_t *got);
static bool handle_lock(struct front *front, struct channel *channel, char *arguments);
static bool handle_ticket(struct front *front, struct channel *channel, const char *length);

struct reply
ask(struct front *front, enum request request, int shard, const struct fault *fault)
{
	struct reply reply = { front->sent ? REPLY_EXIT : REPLY_PASS, 255 };
	struct channel channel = { .fd = -1,
		.deadline = now_ns() + (int64_t)MAX_ANSWER_SECONDS * 1000000000 };
	struct reply heard;

	if (!find_real(front))
		return reply;
	front->asked++;
	pid_t child = start_control(front, request, shard, fault, &channel.fd);
	if (child < 0)
		return reply;
	bool good = serve_control(front, &channel, &heard);
	(void)close(channel.fd);
	/* With "again" its end is not waited for. Before the real ssh takes over this process, no
	 * child may be left in it. */
	if (!good || heard.kind != REPLY_AGAIN) {
		(void)kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	unlock_all(&front->rundir);
	if (good && (heard.kind != REPLY_PASS || !front->sent))
		reply = heard;
	return reply;
}

/* Its lines until the last one. false: no good answer. */
static bool
serve_control(struct front *front, struct channel *channel, struct reply *reply)
{
	char line[MAX_LINE_BYTES];
	uint64_t number;

	for (;;) {
		if (!read_line(channel, line))
			return false;
		if (strcmp(line, "again") == 0 || strcmp(line, "pass") == 0) {
			reply->kind = *line == 'a' ? REPLY_AGAIN : REPLY_PASS;
			return true;
		}
		if (strncmp(line, "exit ", 5) == 0) {
			if (!parse_u64(line + 5, &number) || number > 255)
				return false;
			reply->kind = REPLY_EXIT;
			reply->code = (int)number;
			return true;
		}
		if (strncmp(line, "wait ", 5) == 0) {
			if (!parse_u64(line + 5, &number) || number > 1000000)
				return false;
			channel->deadline = number == 0 ? 0 :
							  now_ns() + (int64_t)number * 1000000000;
		} else if (strncmp(line, "lock ", 5) == 0) {
			if (!handle_lock(front, channel, line + 5))
				return false;
		} else if (strncmp(line, "unlock ", 7) == 0) {
			unlock_name(&front->rundir, line + 7);
		} else if (strncmp(line, "ticket ", 7) == 0) {
			if (!handle_ticket(front, channel, line + 7))
				return false;
		} else {
			return false;
		}
	}
}

static bool
read_line(struct channel *channel, char *line)
{
	for (;;) {
		char *end = memchr(channel->bytes, '\n', channel->used);
		if (end != NULL) {
			size_t length = (size_t)(end - channel->bytes);
			memcpy(line, channel->bytes, length);
			line[length] = '\0';
			channel->used -= length + 1;
			memmove(channel->bytes, end + 1, channel->used);
			return true;
		}
		size_t got;
		if (channel->used == sizeof(channel->bytes) ||
		    !read_some(channel, channel->bytes + channel->used,
			sizeof(channel->bytes) - channel->used, &got))
			return false;
		channel->used += got;
	}
}

static bool
read_some(struct channel *channel, char *into, size_t size, size_t *got)
{
	for (;;) {
		struct pollfd ready = { .fd = channel->fd, .events = POLLIN };
		int64_t left = channel->deadline == 0 ? -1 :
							(channel->deadline - now_ns()) / 1000000;

		if (channel->deadline != 0 && left <= 0)
			return false;
		int polled = poll(&ready, 1, (int)left);
		if (polled < 0 && errno != EINTR)
			return false;
		if (polled <= 0)
			continue;
		ssize_t count = read(channel->fd, into, size);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		*got = (size_t)count;
		return true;
	}
}

static bool
handle_lock(struct front *front, struct channel *channel, char *arguments)
{
	char *count_text = strchr(arguments, ' '),
	     *seconds_text = count_text != NULL ? strchr(count_text + 1, ' ') : NULL;
	uint64_t count, seconds;

	if (seconds_text == NULL)
		return false;
	*count_text++ = *seconds_text++ = '\0';
	if (!parse_u64(count_text, &count) || count > MAX_LOCK_CHOICES ||
	    !parse_u64(seconds_text, &seconds) || seconds > MAX_LOCK_SECONDS)
		return false;
	enum lock_result result = lock_name(&front->rundir, arguments, (unsigned)count,
	    (unsigned)seconds);
	const char *reply = result == LOCK_GOT ? "locked 0\n" :
	    result == LOCK_WAITED              ? "locked 1\n" :
						 "busy\n";
	/* The time it slept here is not its own. */
	if (channel->deadline != 0)
		channel->deadline = now_ns() + (int64_t)MAX_ANSWER_SECONDS * 1000000000;
	return send(channel->fd, reply, strlen(reply), MSG_NOSIGNAL) == (ssize_t)strlen(reply);
}

static bool
handle_ticket(struct front *front, struct channel *channel, const char *length_text)
{
	uint64_t length;

	if (!parse_u64(length_text, &length) || length == 0 || length > MAX_TICKET_BYTES)
		return false;
	size_t have = channel->used < length ? channel->used : (size_t)length;
	memcpy(front->ticket.text, channel->bytes, have);
	channel->used -= have;
	memmove(channel->bytes, channel->bytes + have, channel->used);
	front->have_ticket = false;
	while (have < length) {
		size_t got;
		if (!read_some(channel, front->ticket.text + have, (size_t)length - have, &got))
			return false;
		have += got;
	}
	front->have_ticket = ticket_parse(&front->ticket, (size_t)length) &&
	    strcmp(front->ticket.call_id, front->call_id) == 0;
	return front->have_ticket;
}
