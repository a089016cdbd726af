/* Reads and writes the frames of OpenSSH's mux protocol as a master does (mux.c, mux_master_read_cb
 * and the functions it calls), and logs what it received. It refuses to be lenient: a frame that a
 * real master would not understand ends the process with a log line. */
#include "fake-wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void read_exactly(struct conversation *talk, unsigned char *bytes, size_t length);
static uint32_t take_word(struct conversation *talk, const unsigned char *body, size_t length,
    size_t *at);
static void take_text(struct conversation *talk, const unsigned char *body, size_t length,
    size_t *at, char *text, size_t size);
static void take_session(struct conversation *talk, const unsigned char *body, size_t length);

void
note(const struct conversation *talk, const char *format, ...)
{
	char line[70000];
	int head = snprintf(line, sizeof line, "%u ", talk->number);
	va_list words;
	va_start(words, format);
	int body = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, words);
	va_end(words);
	size_t length = strlen(line);
	if (body < 0)
		exit(70);
	line[length] = '\n';
	if (write(talk->log, line, length + 1) < 0)
		exit(74);
}

uint32_t
read_frame(struct conversation *talk)
{
	static unsigned char body[262144];
	unsigned char head[4];
	read_exactly(talk, head, 4);
	size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 |
	    head[3];
	if (length < 4 || length > sizeof body) {
		note(talk, "bad-length %zu", length);
		exit(65);
	}
	read_exactly(talk, body, length);
	size_t at = 0;
	uint32_t type = take_word(talk, body, length, &at);
	uint32_t first = take_word(talk, body, length, &at);
	if (type == MUX_MSG_HELLO) {
		note(talk, "hello %u", first);
		return type;
	}
	talk->rid = first;
	if (type == MUX_C_NEW_SESSION || type == MUX_C_NEW_STDIO_FWD)
		take_session(talk, body, length);
	else if (type == MUX_C_ALIVE_CHECK)
		note(talk, "alive %u", first);
	else if (type == MUX_C_STOP_LISTENING)
		note(talk, "stop %u", first);
	else if (type == MUX_C_TERMINATE)
		note(talk, "terminate %u", first);
	else
		note(talk, "unexpected %08x", type);
	return type;
}

void
read_descriptors(struct conversation *talk)
{
	for (int i = 0; i < talk->wanted; i++) {
		char byte;
		union {
			char space[CMSG_SPACE(sizeof(int))];
			struct cmsghdr align;
		} control;
		struct iovec part = { .iov_base = &byte, .iov_len = 1 };
		struct msghdr message = { .msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = control.space,
			.msg_controllen = sizeof control.space };
		ssize_t got = recvmsg(talk->socket, &message, 0);
		struct cmsghdr *header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
		if (got == 0 || got < 0) {
			note(talk, "hangup");
			exit(0);
		}
		if (!header || header->cmsg_type != SCM_RIGHTS ||
		    header->cmsg_len != CMSG_LEN(sizeof(int)) || message.msg_flags & MSG_CTRUNC ||
		    byte != 0) {
			note(talk, "bad-descriptor %d", i);
			exit(65);
		}
		memcpy(&talk->descriptors[i], CMSG_DATA(header), sizeof(int));
		note(talk, "descriptor %d", i);
	}
}

void
read_until_closed(struct conversation *talk)
{
	char bytes[512];
	ssize_t got;
	while ((got = read(talk->socket, bytes, sizeof bytes)) > 0)
		note(talk, "more %zd", got);
	note(talk, "hangup");
}

void
make_frame(struct frame *frame, const uint32_t *words, size_t count)
{
	frame->length = 4 + 4 * count;
	for (size_t i = 0; i <= count; i++) {
		uint32_t word = i == 0 ? (uint32_t)(4 * count) : words[i - 1];
		for (size_t shift = 0; shift < 4; shift++)
			frame->bytes[4 * i + shift] = (unsigned char)(word >> (24 - 8 * shift));
	}
}

void
add_text(struct frame *frame, const char *text)
{
	size_t length = strlen(text);
	if (frame->length + 4 + length > sizeof frame->bytes)
		exit(70);
	unsigned char head[4] = { 0, 0, (unsigned char)(length >> 8), (unsigned char)length };
	memcpy(frame->bytes + frame->length, head, 4);
	memcpy(frame->bytes + frame->length + 4, text, length);
	frame->length += 4 + length;
	size_t body = frame->length - 4;
	frame->bytes[2] = (unsigned char)(body >> 8);
	frame->bytes[3] = (unsigned char)body;
}

void
send_bytes(const struct conversation *talk, const void *bytes, size_t length, size_t piece)
{
	const char *next = bytes;
	while (length > 0) {
		ssize_t sent = write(talk->socket, next, length < piece ? length : piece);
		if (sent <= 0) {
			note(talk, "unsent %zu", length);
			return;
		}
		next += sent;
		length -= (size_t)sent;
	}
}

static void
read_exactly(struct conversation *talk, unsigned char *bytes, size_t length)
{
	for (size_t have = 0; have < length;) {
		ssize_t got = read(talk->socket, bytes + have, length - have);
		if (got <= 0) {
			note(talk, have > 0 ? "hangup in a frame" : "hangup");
			exit(0);
		}
		have += (size_t)got;
	}
}

static uint32_t
take_word(struct conversation *talk, const unsigned char *body, size_t length, size_t *at)
{
	if (length - *at < 4) {
		note(talk, "bad-frame");
		exit(65);
	}
	const unsigned char *bytes = body + *at;
	*at += 4;
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	    bytes[3];
}

static void
take_text(struct conversation *talk, const unsigned char *body, size_t length, size_t *at,
    char *text, size_t size)
{
	size_t count = take_word(talk, body, length, at);
	if (count > length - *at || count >= size) {
		note(talk, "bad-frame");
		exit(65);
	}
	memcpy(text, body + *at, count);
	text[count] = '\0';
	*at += count;
}

/* mux_master_process_new_session, mux_master_process_stdio_fwd. */
static void
take_session(struct conversation *talk, const unsigned char *body, size_t length)
{
	static char text[65536];
	size_t at = 0;
	uint32_t type = take_word(talk, body, length, &at);
	talk->rid = take_word(talk, body, length, &at);
	take_text(talk, body, length, &at, text, sizeof text);
	if (type == MUX_C_NEW_STDIO_FWD) {
		talk->wanted = 2;
		take_text(talk, body, length, &at, text, sizeof text);
		note(talk, "forward %u %s %u", talk->rid, text, take_word(talk, body, length, &at));
		return;
	}
	talk->wanted = 3;
	uint32_t tty = take_word(talk, body, length, &at), x11 = take_word(talk, body, length, &at);
	uint32_t agent = take_word(talk, body, length, &at),
		 subsystem = take_word(talk, body, length, &at);
	uint32_t escape = take_word(talk, body, length, &at);
	take_text(talk, body, length, &at, text, sizeof text);
	take_text(talk, body, length, &at, talk->command, sizeof talk->command);
	talk->session = true;
	note(talk, "session %u tty=%u x11=%u agent=%u subsystem=%u escape=%u term=%s command=%s",
	    talk->rid, tty, x11, agent, subsystem, escape, text, talk->command);
	while (at < length) {
		take_text(talk, body, length, &at, text, sizeof text);
		note(talk, "environment %s", text);
	}
}
