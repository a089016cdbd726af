/* Carries stdin and stdout to a port of this machine and back (tcp-pipe PORT), as a ProxyCommand
 * does. It opens nothing else, and no environment variable steers it. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool copy(int from, int to);

int
main(int count, char **words)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int link = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (count != 2 || link < 0)
		return 64;
	address.sin_port = htons((uint16_t)strtoul(words[1], NULL, 10));
	if (connect(link, (struct sockaddr *)&address, sizeof address) < 0)
		return 1;
	struct pollfd watched[2] = { { .fd = 0, .events = POLLIN },
		{ .fd = link, .events = POLLIN } };
	while (poll(watched, 2, -1) > 0) {
		if (watched[0].revents && !copy(0, link)) {
			watched[0].fd = -1;
			if (shutdown(link, SHUT_WR) < 0)
				return 1;
		}
		if (watched[1].revents && !copy(link, 1))
			return 0;
	}
	return 1;
}

static bool
copy(int from, int to)
{
	char bytes[65536];
	ssize_t got = read(from, bytes, sizeof bytes);
	for (ssize_t done = 0; done < got;) {
		ssize_t written = write(to, bytes + done, (size_t)(got - done));
		if (written < 0)
			return false;
		done += written;
	}
	return got > 0;
}
