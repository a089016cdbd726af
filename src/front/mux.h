/* The frames of OpenSSH's mux protocol, as the client sees them (mux.c, PROTOCOL.mux). Pure
 * functions over buffers, and one reader. */
#ifndef MUX_H
#define MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MUX_MSG_HELLO = 0x00000001,
	MUX_C_NEW_SESSION = 0x10000002,
	MUX_C_ALIVE_CHECK = 0x10000004,
	MUX_C_NEW_STDIO_FWD = 0x10000008,
	SSHMUX_VER = 4,
	MUX_BODY_MAX = 262144, /* what a master takes (SSHBUF limits in mux_master_read_cb) */
	MUX_REPLY_MAX = 16384 /* what we take: the longest are hello's extensions and error texts */
};
#define MUX_S_PERMISSION_DENIED 0x80000002u
#define MUX_S_FAILURE 0x80000003u
#define MUX_S_EXIT_MESSAGE 0x80000004u
#define MUX_S_ALIVE 0x80000005u
#define MUX_S_SESSION_OPENED 0x80000006u
#define MUX_S_TTY_ALLOC_FAIL 0x80000008u

struct mux_reply {
	uint32_t type;
	uint32_t first; /* request id; session id (EXIT_MESSAGE, TTY_ALLOC_FAIL); version (HELLO) */
	uint32_t second;  /* pid, session id or exit value, where the type has one */
	const char *text; /* of a failure; not terminated */
	size_t text_length;
};

/* A buffer that is filled from the socket and emptied frame by frame. */
struct mux_input {
	unsigned char bytes[MUX_REPLY_MAX + 4];
	size_t used;
	size_t taken; /* of these, by the frame that was decoded last */
};

enum mux_result { MUX_FRAME, MUX_MORE, MUX_NONSENSE, MUX_EOF, MUX_TIMEOUT, MUX_SIGNAL };

/* The next whole frame of input (MUX_FRAME, MUX_MORE, MUX_NONSENSE); reply->text points into input
 * until the next call. */
enum mux_result mux_decode(struct mux_input *input, struct mux_reply *reply);

/* What is to be sent, built in a buffer of a fixed size; `ok` goes false when it does not fit. */
struct mux_output {
	unsigned char *bytes;
	size_t size, used;
	bool ok;
};

void mux_put_u32(struct mux_output *out, uint32_t value);
void mux_put_bytes(struct mux_output *out, const void *bytes, size_t length);
void mux_put_string(struct mux_output *out, const char *string);
/* A frame is begun, filled, and ended, when its length is written. */
size_t mux_begin(struct mux_output *out);
void mux_end(struct mux_output *out, size_t begun);

#endif
