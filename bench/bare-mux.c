/*
 * The least that a mux client can do: hello, alive, one session without a tty, three descriptors,
 * wait. A yardstick for the front. It refuses to be useful: no options, no environment, no signals,
 * no retries.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MUX_MSG_HELLO = 0x00000001,
	MUX_C_NEW_SESSION = 0x10000002,
	MUX_C_ALIVE_CHECK = 0x10000004,
	MUX_S_EXIT_MESSAGE = 0x80000004,
	MUX_S_ALIVE = 0x80000005,
	MUX_S_SESSION_OPENED = 0x80000006
};

static unsigned char out[4096];
static size_t out_used;

static void
die(const char *what)
{
	perror(what);
	exit(254);
}

static void
put_u32(uint32_t value)
{
	if (out_used + 4 > sizeof(out))
		die("put_u32");
	for (int shift = 24; shift >= 0; shift -= 8)
		out[out_used++] = (unsigned char)(value >> shift);
}

static void
put_string(const char *text)
{
	size_t length = strlen(text);

	put_u32((uint32_t)length);
	if (out_used + length > sizeof(out))
		die("put_string");
	memcpy(out + out_used, text, length);
	out_used += length;
}

/* A frame is begun with an empty length, which end_frame fills in. */
static size_t
begin_frame(void)
{
	put_u32(0);
	return out_used;
}

static void
end_frame(size_t start)
{
	uint32_t length = (uint32_t)(out_used - start);

	for (int i = 0; i < 4; i++)
		out[start - 4 + (size_t)i] = (unsigned char)(length >> (24 - 8 * i));
}

static void
flush(int master)
{
	if (write(master, out, out_used) != (ssize_t)out_used)
		die("write");
	out_used = 0;
}

static int
read_exactly(int master, unsigned char *bytes, size_t length)
{
	size_t got = 0;

	while (got < length) {
		ssize_t n = read(master, bytes + got, length - got);

		if (n < 0)
			die("read");
		if (n == 0)
			return 0;
		got += (size_t)n;
	}
	return 1;
}

static uint32_t
get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Reads one frame; gives its type, 0 at the end. `value` is its third word. */
static uint32_t
read_frame(int master, uint32_t *value)
{
	unsigned char head[4], body[4096];
	uint32_t length;

	if (!read_exactly(master, head, 4))
		return 0;
	length = get_u32(head);
	if (length < 4 || length > sizeof(body))
		die("frame length");
	if (!read_exactly(master, body, length))
		die("frame");
	*value = length >= 12 ? get_u32(body + 8) : 0;
	return get_u32(body);
}

static void
pass_descriptor(int master, int descriptor)
{
	char zero = 0;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vector = { &zero, 1 };
	struct msghdr message;
	struct cmsghdr *header;

	memset(&message, 0, sizeof(message));
	memset(&control, 0, sizeof(control));
	message.msg_iov = &vector;
	message.msg_iovlen = 1;
	message.msg_control = control.space;
	message.msg_controllen = sizeof(control.space);
	header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
	if (sendmsg(master, &message, 0) != 1)
		die("sendmsg");
}

int
main(int argc, char **argv)
{
	struct sockaddr_un address;
	uint32_t type, value, code = 255;
	size_t frame;
	int master;

	if ((argc != 2 && argc != 3) || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: bare-mux SOCKET [COMMAND]\n");
		return 254;
	}
	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, argv[1], strlen(argv[1]));
	if ((master = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		die("socket");
	if (connect(master, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("connect");

	frame = begin_frame();
	put_u32(MUX_MSG_HELLO);
	put_u32(4);
	end_frame(frame);
	frame = begin_frame();
	put_u32(MUX_C_ALIVE_CHECK);
	put_u32(0);
	end_frame(frame);
	flush(master);
	if (read_frame(master, &value) != MUX_MSG_HELLO ||
	    read_frame(master, &value) != MUX_S_ALIVE)
		die("hello and alive");
	if (argc == 2)
		return 0;

	frame = begin_frame();
	put_u32(MUX_C_NEW_SESSION);
	put_u32(1);
	put_string("");
	put_u32(0);
	put_u32(0);
	put_u32(0);
	put_u32(0);
	put_u32(0xffffffff);
	put_string("");
	put_string(argv[2]);
	end_frame(frame);
	flush(master);
	for (int descriptor = 0; descriptor < 3; descriptor++)
		pass_descriptor(master, descriptor);
	if (read_frame(master, &value) != MUX_S_SESSION_OPENED)
		die("session");
	while ((type = read_frame(master, &value)) != 0)
		if (type == MUX_S_EXIT_MESSAGE)
			code = value;
	return (int)code;
}
