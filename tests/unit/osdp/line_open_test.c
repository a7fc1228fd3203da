/* tests/unit/osdp/line_open_test.c - wires: a pty, a TCP port, and what is neither. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "lib/tap.h"
#include "worker/osdp/line_open.h"

static int make_pty(char *ret_address, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	NEED(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "a pty");
	(void)snprintf(ret_address, size, "serial:%s", ptsname(master));
	return master;
}

static void serial(void)
{
	char address[100];
	int master = make_pty(address, sizeof(address)), descriptor = -1, second = -1;
	bool paced = false;
	NEED_OK(osdp_line_open(address, 115200, &descriptor, &paced), "a pty is a serial line");
	CHECK(paced, "whose bytes take no time");
	uint8_t all[256], got[256];
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	NEED(write(descriptor, all, sizeof(all)) == sizeof(all), "every byte there is");
	size_t size = 0;
	while (size < sizeof(got)) {
		ssize_t part = read(master, got + size, sizeof(got) - size);
		NEED(part > 0, "arrives");
		size += (size_t)part;
	}
	CHECK(memcmp(all, got, sizeof(all)) == 0, "goes through as it is");
	NEED(write(master, all, sizeof(all)) == sizeof(all), "and back");
	struct pollfd readable = {.fd = descriptor, .events = POLLIN};
	NEED(poll(&readable, 1, 1000) == 1, "arrives");
	CHECK(read(descriptor, got, sizeof(got)) == sizeof(got) && memcmp(all, got, sizeof(all)) == 0, "as it is");
	CHECK(read(descriptor, got, sizeof(got)) == -1 && errno == EAGAIN,
	      "reading nothing is neither an end nor a wait");
	CHECK((fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0, "it is closed on exec");
	struct termios terminal;
	NEED(tcgetattr(descriptor, &terminal) == 0, "its settings");
	CHECK(cfgetospeed(&terminal) == B115200 && (terminal.c_cflag & (CSIZE | PARENB | CSTOPB)) == CS8,
	      "115200, 8N1");
	CHECK_FAILS(osdp_line_open(address, 115200, &second, &paced), ERR_BUSY, "another process", "it is exclusive");
	(void)close(descriptor);
	CHECK_OK(osdp_line_open(address, 9600, &descriptor, &paced), "until it is closed");
	(void)close(descriptor);
	(void)close(master);
}

static void tcp(int family)
{
	char address[100];
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} here = {.any.sa_family = (sa_family_t)family};
	socklen_t size = family == AF_INET ? sizeof(here.four) : sizeof(here.six);
	if (family == AF_INET)
		here.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		here.six.sin6_addr = in6addr_loopback;
	int listener = socket(family, SOCK_STREAM, 0), descriptor = -1;
	bool paced = false;
	if (listener < 0 || bind(listener, &here.any, size) != 0) {
		CHECK(family == AF_INET6, "this machine has no IPv6");
		return;
	}
	NEED(listen(listener, 1) == 0 && getsockname(listener, &here.any, &size) == 0, "a port");
	(void)snprintf(address, sizeof(address), family == AF_INET ? "tcp:127.0.0.1:%u" : "tcp:[::1]:%u",
		       ntohs(family == AF_INET ? here.four.sin_port : here.six.sin6_port));
	CHECK_OK(osdp_line_open(address, 115200, &descriptor, &paced), "%s", address);
	CHECK(paced && (fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0, "does not block");
	int other = accept(listener, NULL, NULL);
	CHECK(other >= 0 && write(descriptor, "x", 1) == 1, "and is connected");
	(void)close(other);
	(void)close(descriptor);
	(void)close(listener);
}

static void refused(void)
{
	static const struct {
		const char *address;
		uint32_t baud;
		enum err_code code;
		const char *words;
	} cases[] = {
		{"/dev/ttyS0", 9600, ERR_INVALID, "neither"},
		{"", 9600, ERR_INVALID, "neither"},
		{"serial:ttyS0", 9600, ERR_INVALID, "absolute"},
		{"serial:/dev/null", 9600, ERR_INVALID, "no serial port"},
		{"serial:/etc/passwd", 9600, ERR_INVALID, "no serial port"},
		{"serial:/dev/no-such-port", 9600, ERR_NOT_FOUND, "No such"},
		{"serial:/dev/null", 12345, ERR_INVALID, "12345 baud"},
		{"tcp:127.0.0.1:4000", 0, ERR_INVALID, "0 baud"},
		{"tcp:127.0.0.1", 9600, ERR_INVALID, "port"},
		{"tcp:127.0.0.1:", 9600, ERR_INVALID, "port"},
		{"tcp:127.0.0.1:0", 9600, ERR_INVALID, "port"},
		{"tcp:127.0.0.1:65536", 9600, ERR_INVALID, "port"},
		{"tcp:127.0.0.1:4000x", 9600, ERR_INVALID, "port"},
		{"tcp:localhost:4000", 9600, ERR_INVALID, "numeric"},
		{"tcp:::1:4000", 9600, ERR_INVALID, "numeric"},
		{"tcp:[127.0.0.1]:4000", 9600, ERR_INVALID, "numeric"},
		{"tcp:[:4000", 9600, ERR_INVALID, "numeric"},
		{"tcp::4000", 9600, ERR_INVALID, "numeric"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int descriptor = -1;
		bool paced = false;
		CHECK_FAILS(osdp_line_open(cases[i].address, cases[i].baud, &descriptor, &paced), cases[i].code,
			    cases[i].words, "\"%s\" at %u is refused: %s", cases[i].address, cases[i].baud, err_why());
		CHECK(descriptor == -1, "and nothing is opened");
	}
	char longer[400];
	memset(longer, '1', sizeof(longer) - 1);
	memcpy(longer, "tcp:", 4);
	longer[sizeof(longer) - 1] = '\0';
	int descriptor = -1;
	bool paced = false;
	CHECK_FAILS(osdp_line_open(longer, 9600, &descriptor, &paced), ERR_INVALID, "399",
		    "a very long address is refused");
}

int main(void)
{
	serial();
	tcp(AF_INET);
	tcp(AF_INET6);
	refused();
	return tap_finish();
}
