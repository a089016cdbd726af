/* Encodes and decodes frames of OpenSSH's mux protocol. Every length is checked before it is used;
 * nothing is sent or read here. */
#include "mux.h"

#include <string.h>

#include "ask.h"

struct view {
	const unsigned char *bytes;
	size_t left;
	bool ok;
};

static uint32_t
take_u32(struct view *view)
{
	if (!view->ok || view->left < 4) {
		view->ok = false;
		return 0;
	}
	uint32_t value = (uint32_t)view->bytes[0] << 24 | (uint32_t)view->bytes[1] << 16 |
	    (uint32_t)view->bytes[2] << 8 | view->bytes[3];
	view->bytes += 4;
	view->left -= 4;
	return value;
}

enum mux_result
mux_decode(struct mux_input *input, struct mux_reply *reply)
{
	input->used -= input->taken;
	memmove(input->bytes, input->bytes + input->taken, input->used);
	input->taken = 0;
	struct view head = { input->bytes, input->used, true };
	uint32_t length = take_u32(&head);

	if (!head.ok)
		return MUX_MORE;
	if (length < 4 || length > MUX_REPLY_MAX)
		return MUX_NONSENSE;
	if (head.left < length)
		return MUX_MORE;

	struct view body = { head.bytes, length, true };
	memset(reply, 0, sizeof(*reply));
	reply->type = take_u32(&body);
	switch (reply->type) {
	case MUX_MSG_HELLO: /* version, then name-value extensions, which we do not need */
	case MUX_S_TTY_ALLOC_FAIL:
		reply->first = take_u32(&body);
		break;
	case MUX_S_ALIVE:
	case MUX_S_SESSION_OPENED:
	case MUX_S_EXIT_MESSAGE:
		reply->first = take_u32(&body);
		reply->second = take_u32(&body);
		break;
	case MUX_S_PERMISSION_DENIED:
	case MUX_S_FAILURE:
		reply->first = take_u32(&body);
		reply->text_length = take_u32(&body);
		if (reply->text_length > body.left)
			return MUX_NONSENSE;
		reply->text = (const char *)body.bytes;
		break;
	default:
		return MUX_NONSENSE;
	}
	if (!body.ok)
		return MUX_NONSENSE;
	input->taken = (size_t)length + 4;
	return MUX_FRAME;
}

void
mux_put_bytes(struct mux_output *out, const void *bytes, size_t length)
{
	if (!out->ok || length > out->size - out->used) {
		out->ok = false;
		return;
	}
	if (length > 0)
		memcpy(out->bytes + out->used, bytes, length);
	out->used += length;
}

void
mux_put_u32(struct mux_output *out, uint32_t value)
{
	unsigned char bytes[4] = { (unsigned char)(value >> 24), (unsigned char)(value >> 16),
		(unsigned char)(value >> 8), (unsigned char)value };

	mux_put_bytes(out, bytes, sizeof(bytes));
}

void
mux_put_string(struct mux_output *out, const char *string)
{
	size_t length = strlen(string);

	if (length > MUX_BODY_MAX) {
		out->ok = false;
		return;
	}
	mux_put_u32(out, (uint32_t)length);
	mux_put_bytes(out, string, length);
}

size_t
mux_begin(struct mux_output *out)
{
	size_t begun = out->used;

	mux_put_u32(out, 0);
	return begun;
}

void
mux_end(struct mux_output *out, size_t begun)
{
	if (!out->ok || out->used - begun - 4 > MUX_BODY_MAX) {
		out->ok = false;
		return;
	}
	struct mux_output length = { out->bytes + begun, 4, 0, true };
	mux_put_u32(&length, (uint32_t)(out->used - begun - 4));
}
