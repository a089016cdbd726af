/* Asks the control plane and does what its lines say: takes locks for it, keeps a ticket that it
 * sends, and returns its last word. Everything but a good answer is "pass", or 255 where something
 * was already sent; it never waits without a deadline. */
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock.h"
#include "start.h"
#include "text.h"

enum { LINE_MAX_LENGTH = 512, FIRST_WAIT_SECONDS = 10 };

struct talk {
	int fd;
	char bytes[LINE_MAX_LENGTH];
	size_t used;
	int64_t deadline; /* 0: none */
};

static bool hear(struct front *front, struct talk *talk, struct answer *answer);
static bool read_line(struct talk *talk, char *line);
static bool read_some(struct talk *talk, char *into, size_t size, size_t *got);
static bool obey_lock(struct front *front, struct talk *talk, char *arguments);
static bool take_ticket(struct front *front, struct talk *talk, const char *length);

struct answer
ask(struct front *front, const char *question, int shard, const struct fault *fault)
{
	struct answer answer = { front->sent ? ANSWER_EXIT : ANSWER_PASS, 255 };
	struct talk talk = { .fd = -1,
		.deadline = now_ns() + (int64_t)FIRST_WAIT_SECONDS * 1000000000 };
	struct answer heard;

	if (!find_real(front))
		return answer;
	front->asked++;
	pid_t child = start_control(front, question, shard, fault, &talk.fd);
	if (child < 0)
		return answer;
	bool good = hear(front, &talk, &heard);
	(void)close(talk.fd);
	/* With "again" its end is not waited for. Before the real ssh takes over this process, no
	 * child may be left in it. */
	if (!good || heard.kind != ANSWER_AGAIN) {
		(void)kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	unlock_all(&front->place);
	if (good && (heard.kind != ANSWER_PASS || !front->sent))
		answer = heard;
	return answer;
}

/* Its lines until the last one. false: no good answer. */
static bool
hear(struct front *front, struct talk *talk, struct answer *answer)
{
	char line[LINE_MAX_LENGTH];
	uint64_t number;

	for (;;) {
		if (!read_line(talk, line))
			return false;
		if (strcmp(line, "again") == 0 || strcmp(line, "pass") == 0) {
			answer->kind = *line == 'a' ? ANSWER_AGAIN : ANSWER_PASS;
			return true;
		}
		if (strncmp(line, "exit ", 5) == 0) {
			if (!parse_u64(line + 5, &number) || number > 255)
				return false;
			answer->kind = ANSWER_EXIT;
			answer->code = (int)number;
			return true;
		}
		if (strncmp(line, "wait ", 5) == 0) {
			if (!parse_u64(line + 5, &number) || number > 1000000)
				return false;
			talk->deadline = number == 0 ? 0 : now_ns() + (int64_t)number * 1000000000;
		} else if (strncmp(line, "lock ", 5) == 0) {
			if (!obey_lock(front, talk, line + 5))
				return false;
		} else if (strncmp(line, "unlock ", 7) == 0) {
			unlock_name(&front->place, line + 7);
		} else if (strncmp(line, "ticket ", 7) == 0) {
			if (!take_ticket(front, talk, line + 7))
				return false;
		} else {
			return false;
		}
	}
}

static bool
read_line(struct talk *talk, char *line)
{
	for (;;) {
		char *end = memchr(talk->bytes, '\n', talk->used);
		if (end != NULL) {
			size_t length = (size_t)(end - talk->bytes);
			memcpy(line, talk->bytes, length);
			line[length] = '\0';
			talk->used -= length + 1;
			memmove(talk->bytes, end + 1, talk->used);
			return true;
		}
		size_t got;
		if (talk->used == sizeof(talk->bytes) ||
		    !read_some(talk, talk->bytes + talk->used, sizeof(talk->bytes) - talk->used,
			&got))
			return false;
		talk->used += got;
	}
}

static bool
read_some(struct talk *talk, char *into, size_t size, size_t *got)
{
	for (;;) {
		struct pollfd ready = { .fd = talk->fd, .events = POLLIN };
		int64_t left = talk->deadline == 0 ? -1 : (talk->deadline - now_ns()) / 1000000;

		if (talk->deadline != 0 && left <= 0)
			return false;
		int polled = poll(&ready, 1, (int)left);
		if (polled < 0 && errno != EINTR)
			return false;
		if (polled <= 0)
			continue;
		ssize_t count = read(talk->fd, into, size);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		*got = (size_t)count;
		return true;
	}
}

static bool
obey_lock(struct front *front, struct talk *talk, char *arguments)
{
	char *count_text = strchr(arguments, ' '),
	     *seconds_text = count_text != NULL ? strchr(count_text + 1, ' ') : NULL;
	uint64_t count, seconds;

	if (seconds_text == NULL)
		return false;
	*count_text++ = *seconds_text++ = '\0';
	if (!parse_u64(count_text, &count) || count > 16 || !parse_u64(seconds_text, &seconds) ||
	    seconds > 86400)
		return false;
	enum lock_result result = lock_name(&front->place, arguments, (unsigned)count,
	    (unsigned)seconds);
	const char *reply = result == LOCK_GOT ? "locked 0\n" :
	    result == LOCK_WAITED              ? "locked 1\n" :
						 "busy\n";
	/* The time it slept here is not its own. */
	if (talk->deadline != 0)
		talk->deadline = now_ns() + (int64_t)FIRST_WAIT_SECONDS * 1000000000;
	return send(talk->fd, reply, strlen(reply), MSG_NOSIGNAL) == (ssize_t)strlen(reply);
}

static bool
take_ticket(struct front *front, struct talk *talk, const char *length_text)
{
	uint64_t length;

	if (!parse_u64(length_text, &length) || length == 0 || length > TICKET_MAX)
		return false;
	size_t have = talk->used < length ? talk->used : (size_t)length;
	memcpy(front->ticket.text, talk->bytes, have);
	talk->used -= have;
	memmove(talk->bytes, talk->bytes + have, talk->used);
	front->have_ticket = false;
	while (have < length) {
		size_t got;
		if (!read_some(talk, front->ticket.text + have, (size_t)length - have, &got))
			return false;
		have += got;
	}
	front->have_ticket = ticket_parse(&front->ticket, (size_t)length) &&
	    strcmp(front->ticket.question, front->question) == 0;
	return front->have_ticket;
}
