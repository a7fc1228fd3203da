/* The whole binary: a pty, a TCP port, a control socket and a script; the pace of the wire; how it ends.
 * argv[1]: it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/tap.h"
#include "sim/reader/frame.h"
#include "sim/reader/pace.h"

enum { PATIENCE_MS = 5000, SAID_SIZE = 256 * 1024 };

static const char *binary;
static char folder[] = "/tmp/sim_process_XXXXXX";
static pid_t child;
static int to_child, from_child, pty_fd, tcp_fd;
static char said[SAID_SIZE];
static size_t said_size;

static void write_file(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	NEED(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s is written", name);
}

static pid_t start(const char *const *words, int *ret_in, int *ret_out)
{
	int in[2], out[2];
	NEED(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipes");
	pid_t pid = fork();
	NEED(pid >= 0, "fork");
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		execv(binary, (char *const *)(uintptr_t)words);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	*ret_in = in[1];
	*ret_out = out[0];
	return pid;
}

/* Wait until the child has said this, from the place after what was last waited for. */
static bool says(const char *words)
{
	static size_t from;
	uint64_t end_us = clock_boot_us() + PATIENCE_MS * 1000;
	while (clock_boot_us() < end_us) {
		char *found = strstr(said + from, words);
		if (found) {
			from = (size_t)(found - said) + strlen(words);
			return true;
		}
		struct pollfd can = {.fd = from_child, .events = POLLIN};
		if (poll(&can, 1, 100) != 1)
			continue;
		ssize_t size = read(from_child, said + said_size, SAID_SIZE - 1 - said_size);
		if (size <= 0)
			break;
		said_size += (size_t)size;
		said[said_size] = '\0';
	}
	printf("# it said: %s\n", said + from);
	return false;
}

static void order(const char *text)
{
	NEED(dprintf(to_child, "%s\n", text) > 0, "an order is given");
}

/* One exchange. gives the reply's size, mark and all; 0 for silence. */
static size_t exchange(int fd, const char *hex, uint8_t *ret_reply, uint64_t *ret_ns, int patience_ms)
{
	uint8_t command[128];
	size_t size = strlen(hex) / 2, got = 0;
	NEED_OK(hex_read(span_of_string(hex), command, size), "hex");
	uint64_t from_ns = clock_boot_ns();
	NEED(write(fd, command, size) == (ssize_t)size, "a command is sent");
	while (got < 6 || got < 1u + (size_t)(ret_reply[3] | ret_reply[4] << 8)) {
		struct pollfd can = {.fd = fd, .events = POLLIN};
		if (poll(&can, 1, patience_ms) != 1)
			return 0;
		ssize_t more = read(fd, ret_reply + got, 256 - got);
		NEED(more > 0, "a reply is read");
		got += (size_t)more;
	}
	*ret_ns = clock_boot_ns() - from_ns;
	return got;
}

static void ready(void)
{
	static const char config[] =
		"{\"baud\":115200,\"lines\":["
		"{\"transport\":\"pty\",\"path\":\"%s/line\",\"devices\":["
		"{\"address\":0,\"name\":\"gate\",\"secure\":\"none\",\"unlocks\":{\"device\":5,\"output\":0}},"
		"{\"address\":5,\"kind\":\"io\",\"secure\":\"none\"}],"
		"\"doors\":[{\"name\":\"gate\",\"lock\":{\"device\":5,\"output\":0},\"contact\":{\"device\":5,"
		"\"input\":0}}]},"
		"{\"transport\":\"tcp\",\"baud\":0,\"port\":0,\"devices\":[{\"address\":0,\"secure\":\"none\",\"mark\":"
		"true}]}]}";
	char text[2048], config_path[128], control_path[128], line_path[128];
	NEED(mkdtemp(folder), "a folder");
	snprintf(text, sizeof text, config, folder);
	write_file("config.json", text);
	write_file("script", "{\"wait_ms\":1}\n{\"command\":\"tamper\",\"device\":5,\"tag\":\"scripted\"}\n");
	snprintf(config_path, sizeof config_path, "%s/config.json", folder);
	snprintf(control_path, sizeof control_path, "%s/control", folder);
	snprintf(line_path, sizeof line_path, "%s/line", folder);
	snprintf(text, sizeof text, "%s/script", folder);
	child = start((const char *[]){"sim-reader", "--config", config_path, "--control", control_path, "--script",
				       text, "--summary", "--json", NULL},
		      &to_child, &from_child);
	CHECK(says("\"happening\":\"ready\""), "it says when it is ready");
	CHECK(says("\"port\":"), "and which port it chose");
	unsigned port = (unsigned)atoi(strstr(said, "\"port\":") + 7);
	CHECK(says("\"tag\":\"scripted\",\"ok\":true"), "a script runs");
	pty_fd = open(line_path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	NEED(pty_fd >= 0, "the pty is where the configuration says");
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	NEED(connect(tcp_fd, (struct sockaddr *)&address, sizeof address) == 0, "the port is open");
}

static char *clear_command(char *ret_hex, uint8_t address, uint8_t sequence, uint8_t id, struct span data)
{
	uint8_t raw[128];
	struct sink s = SINK_OF(raw);
	sim_frame_begin(&s, address, sequence, true, (struct span){NULL, 0}, id, data, 0);
	sim_frame_end(&s);
	for (size_t i = 0; i < s.size; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", raw[i]);
	return ret_hex;
}

static void talk(void)
{
	uint8_t reply[256];
	char hex[257];
	uint64_t ns;
	struct span none = {NULL, 0};
	size_t size = exchange(pty_fd, clear_command(hex, 0, 0, OSDP_COMMAND_POLL, none), reply, &ns, PATIENCE_MS);
	CHECK(size == 9 && reply[0] == OSDP_MARK && reply[2] == 0x80 && reply[6] == OSDP_REPLY_ACK,
	      "POLL, ACK over the pty");
	uint64_t wire_ns = sim_pace_wire_ns(115200, 8) + 1000000 + sim_pace_wire_ns(115200, 9);
	CHECK(ns + 100000 >= wire_ns, "and not before a real wire could have brought it");
	size = exchange(tcp_fd, hex, reply, &ns, PATIENCE_MS);
	CHECK(size == 9 && reply[6] == OSDP_REPLY_ACK, "POLL, ACK over TCP");
	CHECK(exchange(pty_fd, clear_command(hex, 3, 0, OSDP_COMMAND_POLL, none), reply, &ns, 100) == 0,
	      "no answer for an address that is not there");
}

static void swipe(void)
{
	uint8_t reply[256];
	char hex[257];
	uint64_t ns;
	struct span none = {NULL, 0}, on = SPAN_TEXT("\x00\x05\x02\x00");
	order("{\"command\":\"swipe\",\"device\":\"gate\",\"bits\":\"aabb\",\"tag\":\"one\"}");
	CHECK(says("\"answer\":\"swipe\",\"tag\":\"one\",\"swipe\":1,\"ok\":true"), "a card is shown");
	size_t size = exchange(pty_fd, clear_command(hex, 0, 1, OSDP_COMMAND_POLL, none), reply, &ns, PATIENCE_MS);
	CHECK(size == 15 && reply[6] == OSDP_REPLY_RAW && reply[11] == 0xAA && reply[12] == 0xBB, "and read");
	CHECK(says("\"happening\":\"card_sent\",\"line\":0,\"device\":0,\"swipe\":1,\"boot_us\":"),
	      "the reply's last byte is told");
	uint64_t sent_us = strtoull(strstr(said, "\"swipe\":1,\"boot_us\":") + 20, NULL, 10);
	CHECK(sent_us <= clock_boot_us() && sent_us + 10000000 > clock_boot_us(), "with its time");
	(void)exchange(pty_fd, clear_command(hex, 5, 0, OSDP_COMMAND_POLL, none), reply, &ns, PATIENCE_MS);
	size = exchange(pty_fd, clear_command(hex, 5, 1, OSDP_COMMAND_OUT, on), reply, &ns, PATIENCE_MS);
	CHECK(size > 0 && reply[6] == OSDP_REPLY_ACK &&
		      says("\"output\":0,\"control\":5,\"time_100ms\":2,\"boot_us\":"),
	      "the unlock is told");
	order("{\"command\":\"door\",\"door\":\"gate\",\"action\":\"open\"}");
	CHECK(says("\"state\":\"open\"") && says("\"answer\":\"door\",\"ok\":true"), "the door opens");
	CHECK(says("\"output_state\"") && says("\"state\":\"locked\""), "and its lock's time ends by itself");
	order("{\"command\":\"summary\"}");
	CHECK(says("\"cards_sent\":1,\"unlocks\":1,\"unanswered\":0,\"latency_p50_us\":"), "the swipe was measured");
}

static void wrong_speed(void)
{
	uint8_t reply[256];
	char hex[257];
	uint64_t ns;
	struct termios settings;
	struct span none = {NULL, 0};
	NEED(tcgetattr(pty_fd, &settings) == 0 && cfsetspeed(&settings, B9600) == 0 &&
		     tcsetattr(pty_fd, TCSANOW, &settings) == 0,
	     "another speed");
	CHECK(exchange(pty_fd, clear_command(hex, 0, 0, OSDP_COMMAND_POLL, none), reply, &ns, 100) == 0,
	      "at a wrong speed nobody hears");
	CHECK(says("\"happening\":\"wrong_speed\"") && says("\"panel_baud\":9600,\"device_baud\":115200"),
	      "and it is said");
}

static void control(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat there;
	char got[4096];
	snprintf(address.sun_path, sizeof address.sun_path, "%s/control", folder);
	CHECK(stat(address.sun_path, &there) == 0 && (there.st_mode & 077) == 0, "the control socket is ours alone");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	NEED(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connected");
	NEED(dprintf(fd, "{\"command\":\"state\",\"device\":5}\nnonsense\n") > 0 && shutdown(fd, SHUT_WR) == 0,
	     "asked");
	size_t size = 0;
	ssize_t more;
	while (size < sizeof got - 1 && (more = read(fd, got + size, sizeof got - 1 - size)) > 0)
		size += (size_t)more;
	got[size] = '\0';
	CHECK(strstr(got, "\"tamper\":true") && strstr(got, "\"outputs\":[false,false]"), "a client is answered");
	CHECK(strstr(got, "\"ok\":false,\"error\":\"command:1:"), "nonsense too");
	close(fd);
}

static int status_of(const char *const *words)
{
	int in, out, status = 0;
	pid_t pid = start(words, &in, &out);
	while (read(out, said, SAID_SIZE - 1) > 0)
		;
	NEED(waitpid(pid, &status, 0) == pid, "it ended");
	close(in);
	close(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void ending(void)
{
	char path[128];
	struct stat there;
	int status;
	kill(child, SIGTERM);
	CHECK(says("\"happening\":\"summary\""), "at its end it sums up");
	NEED(waitpid(child, &status, 0) == child, "it ended");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a SIGTERM is a good end");
	snprintf(path, sizeof path, "%s/line", folder);
	CHECK(lstat(path, &there) != 0, "the symlink is gone");
	snprintf(path, sizeof path, "%s/control", folder);
	CHECK(lstat(path, &there) != 0, "the socket too");

	write_file("bad.json", "{\"lines\":[],\n\"x\":1}");
	snprintf(path, sizeof path, "%s/bad.json", folder);
	memset(said, 0, sizeof said);
	CHECK(status_of((const char *[]){"sim-reader", "--config", path, "--check", NULL}) == 2 &&
		      strstr(said, "bad.json:2:5: x: nobody knows this key"),
	      "a bad configuration: status 2, file and place");
	CHECK(status_of((const char *[]){"sim-reader", "--config", "/nowhere/x", NULL}) == 2,
	      "no configuration: status 2");
	CHECK(status_of((const char *[]){"sim-reader", NULL}) == 2, "no options: status 2");
	CHECK(status_of((const char *[]){"sim-reader", "--self-check", NULL}) == 0, "the self-check passes");
	CHECK(status_of((const char *[]){"sim-reader", "--help", NULL}) == 0, "--help");
	static const char *const files[] = {"config.json", "bad.json", "script"};
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
}

int main(int count, char **words)
{
	NEED(count == 2, "usage: process_test SIM-READER");
	binary = words[1];
	signal(SIGPIPE, SIG_IGN);
	ready();
	talk();
	swipe();
	wrong_speed();
	control();
	ending();
	return tap_finish();
}
