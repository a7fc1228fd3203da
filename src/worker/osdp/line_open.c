#include "worker/osdp/line_open.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "base/span.h"

enum {
	ADDRESS_SIZE_MAX = 200,
	PTY_MAJOR_FIRST = 136, /* the kernel's numbers for the terminal side of a pty */
	PTY_MAJOR_LAST = 143,
};

static const struct {
	uint32_t baud;
	speed_t speed;
} speeds[] = {
	{9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200}, {230400, B230400},
};

static struct err find_speed(uint32_t baud, speed_t *ret_speed)
{
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		if (speeds[i].baud == baud) {
			*ret_speed = speeds[i].speed;
			return OK;
		}
	}
	return FAIL(ERR_INVALID, "line: %u baud; an OSDP line has 9600, 19200, 38400, 57600, 115200 or 230400", baud);
}

/* ---- serial ---- */

static struct err set_raw(int descriptor, speed_t speed, const char *path)
{
	struct termios terminal;
	if (tcgetattr(descriptor, &terminal) != 0)
		return FAIL(ERR_INVALID, "line: %s is no serial port", path);
	cfmakeraw(&terminal);
	terminal.c_cflag &= ~(tcflag_t)(CSTOPB | PARENB | CRTSCTS | CSIZE);
	terminal.c_cflag |= CS8 | CLOCAL | CREAD;
	terminal.c_cc[VMIN] = 1; /* so that a read of nothing is no end of file */
	terminal.c_cc[VTIME] = 0;
	if (cfsetspeed(&terminal, speed) != 0 || tcsetattr(descriptor, TCSANOW, &terminal) != 0)
		return FAIL_ERRNO("line: set up %s", path);
	(void)tcflush(descriptor, TCIOFLUSH);
	return OK;
}

/* The lock ends with the last descriptor, whoever holds it; that of the terminal itself keeps out programs that ask
 * for none.
 */
static struct err make_exclusive(int descriptor, bool is_pty, const char *path)
{
	if (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? FAIL(ERR_BUSY, "line: another process has %s", path)
					    : FAIL_ERRNO("line: lock %s", path);
	if (!is_pty && ioctl(descriptor, TIOCEXCL) != 0)
		return FAIL_ERRNO("line: take %s alone", path);
	return OK;
}

static struct err open_serial(const char *path, uint32_t baud, int *ret_descriptor, bool *ret_paced)
{
	speed_t speed = B0;
	struct stat status;
	TRY(find_speed(baud, &speed));
	if (path[0] != '/')
		return FAIL(ERR_INVALID, "line: %s is no absolute path", path);
	int descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (descriptor < 0)
		return FAIL_ERRNO("line: open %s", path);
	struct err e = OK;
	if (fstat(descriptor, &status) != 0 || !isatty(descriptor))
		e = FAIL(ERR_INVALID, "line: %s is no serial port", path);
	unsigned number = failed(e) ? 0 : major(status.st_rdev);
	bool is_pty = number >= PTY_MAJOR_FIRST && number <= PTY_MAJOR_LAST;
	if (!failed(e))
		e = make_exclusive(descriptor, is_pty, path);
	if (!failed(e))
		e = set_raw(descriptor, speed, path);
	if (failed(e)) {
		(void)close(descriptor);
		return e;
	}
	*ret_descriptor = descriptor;
	*ret_paced = is_pty;
	return OK;
}

/* ---- TCP ---- */

union peer {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

/* "127.0.0.1:4000" or "[::1]:4000". A name would need a resolver, and the resolver a network that we do not ask
 * for.
 */
static struct err read_peer(const char *text, union peer *ret_peer, socklen_t *ret_size)
{
	char host[ADDRESS_SIZE_MAX + 1];
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;
	if (colon == NULL || failed(decimal_read(span_of_string(colon + 1), UINT16_MAX, &port)) || port == 0)
		return FAIL(ERR_INVALID, "line: tcp:%s has no port number at its end", text);
	size_t size = (size_t)(colon - text);
	bool bracketed = size >= 2 && text[0] == '[' && text[size - 1] == ']';
	memcpy(host, text + (bracketed ? 1 : 0), size - (bracketed ? 2 : 0));
	host[size - (bracketed ? 2 : 0)] = '\0';
	memset(ret_peer, 0, sizeof(*ret_peer));
	if (!bracketed && inet_pton(AF_INET, host, &ret_peer->four.sin_addr) == 1) {
		ret_peer->four.sin_family = AF_INET;
		ret_peer->four.sin_port = htons((uint16_t)port);
		*ret_size = sizeof(ret_peer->four);
		return OK;
	}
	if (bracketed && inet_pton(AF_INET6, host, &ret_peer->six.sin6_addr) == 1) {
		ret_peer->six.sin6_family = AF_INET6;
		ret_peer->six.sin6_port = htons((uint16_t)port);
		*ret_size = sizeof(ret_peer->six);
		return OK;
	}
	return FAIL(ERR_INVALID, "line: tcp:%s is no numeric address", text);
}

static struct err open_tcp(const char *text, int *ret_descriptor, bool *ret_paced)
{
	union peer peer;
	socklen_t size = 0;
	int on = 1;
	TRY(read_peer(text, &peer, &size));
	int descriptor = socket(peer.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (descriptor < 0)
		return FAIL_ERRNO("line: make a socket");
	if (setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    (connect(descriptor, &peer.any, size) != 0 && errno != EINPROGRESS)) {
		struct err e = FAIL_ERRNO("line: connect to %s", text);
		(void)close(descriptor);
		return e;
	}
	*ret_descriptor = descriptor;
	*ret_paced = true;
	return OK;
}

struct err osdp_line_open(const char *address, uint32_t baud, int *ret_descriptor, bool *ret_paced)
{
	static const char serial[] = "serial:", tcp[] = "tcp:";
	speed_t speed = B0;
	if (strlen(address) > ADDRESS_SIZE_MAX)
		return FAIL(ERR_INVALID, "line: an address of %zu characters", strlen(address));
	if (strncmp(address, serial, sizeof(serial) - 1) == 0)
		return open_serial(address + sizeof(serial) - 1, baud, ret_descriptor, ret_paced);
	if (strncmp(address, tcp, sizeof(tcp) - 1) == 0) {
		TRY(find_speed(baud, &speed)); /* the other end may be a serial port; our times follow its rate */
		return open_tcp(address + sizeof(tcp) - 1, ret_descriptor, ret_paced);
	}
	return FAIL(ERR_INVALID, "line: %s is neither serial:/dev/... nor tcp:address:port", address);
}
