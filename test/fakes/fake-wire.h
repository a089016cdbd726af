/* What the fake master's two halves share: one conversation with one mux client, and the frames
 * that go over it. It knows nothing of scripts (fake-master.c does), and nothing of sshim's own
 * code, so that it can judge it. */
#ifndef FAKE_WIRE_H
#define FAKE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MUX_MSG_HELLO = 0x00000001,
	MUX_C_NEW_SESSION = 0x10000002,
	MUX_C_ALIVE_CHECK = 0x10000004,
	MUX_C_TERMINATE = 0x10000005,
	MUX_C_NEW_STDIO_FWD = 0x10000008,
	MUX_C_STOP_LISTENING = 0x10000009,
	MUX_S_OK = 0x80000001,
	MUX_S_PERMISSION_DENIED = 0x80000002,
	MUX_S_FAILURE = 0x80000003,
	MUX_S_EXIT_MESSAGE = 0x80000004,
	MUX_S_ALIVE = 0x80000005,
	MUX_S_SESSION_OPENED = 0x80000006,
	MUX_S_TTY_ALLOC_FAIL = 0x80000008,
};

struct conversation {
	int socket;
	int log;
	unsigned number;
	uint32_t rid;       /* of the request that was read last */
	uint32_t sid;       /* of the session that this connection opens */
	int descriptors[3]; /* what came with the session, -1 before it came */
	int wanted;         /* how many descriptors this request brings */
	bool session;       /* a NEW_SESSION was read, so there is a command to run */
	char command[65536];
};

struct frame {
	unsigned char bytes[4096];
	size_t length;
};

/* Appends one line to the log in one write, headed by the connection's number. */
void note(const struct conversation *talk, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads one frame and takes its rid, command and the like into TALK; ends the process when the
 * client has gone. Returns its type. */
uint32_t read_frame(struct conversation *talk);
void read_descriptors(struct conversation *talk);
void read_until_closed(struct conversation *talk);

/* COUNT words after the length; the caller adds a text with add_text. */
void make_frame(struct frame *frame, const uint32_t *words, size_t count);
void add_text(struct frame *frame, const char *text);
/* Sends the first LENGTH bytes, in pieces of PIECE bytes. */
void send_bytes(const struct conversation *talk, const void *bytes, size_t length, size_t piece);

#endif
