#include "sim/reader/line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

static const struct {
	speed_t code;
	uint32_t baud;
} speeds[] = {{B9600, 9600},     {B19200, 19200},   {B38400, 38400},   {B57600, 57600},
	      {B115200, 115200}, {B230400, 230400}, {B460800, 460800}, {B921600, 921600}};

/* ---- opening ---- */

static struct err set_raw(struct sim_line *line)
{
	struct termios settings;
	if (tcgetattr(line->slave_fd, &settings) != 0)
		return FAIL_ERRNO("line %u: tcgetattr", line->index);
	cfmakeraw(&settings);
	for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++)
		if (speeds[i].baud == line->baud)
			cfsetspeed(&settings, speeds[i].code);
	if (tcsetattr(line->slave_fd, TCSANOW, &settings) != 0)
		return FAIL_ERRNO("line %u: tcsetattr", line->index);
	return OK;
}

static struct err link_path(const struct sim_line *line)
{
	struct stat there;
	if (line->path[0] == '\0')
		return OK;
	if (lstat(line->path, &there) == 0) {
		if (!S_ISLNK(there.st_mode))
			return FAIL(ERR_EXISTS, "%s is there and is no symlink", line->path);
		if (unlink(line->path) != 0)
			return FAIL_ERRNO("unlink %s", line->path);
	}
	if (symlink(line->slave_name, line->path) != 0)
		return FAIL_ERRNO("symlink %s", line->path);
	return OK;
}

static struct err open_pty(struct sim_line *line)
{
	line->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (line->fd < 0 || grantpt(line->fd) != 0 || unlockpt(line->fd) != 0 ||
	    ptsname_r(line->fd, line->slave_name, sizeof line->slave_name) != 0)
		return FAIL_ERRNO("line %u: pty", line->index);
	line->slave_fd = open(line->slave_name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (line->slave_fd < 0)
		return FAIL_ERRNO("open %s", line->slave_name);
	TRY(set_raw(line));
	return link_path(line);
}

static struct err open_tcp(struct sim_line *line)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(line->port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t size = sizeof address;
	int one = 1;
	line->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (line->listen_fd < 0 || setsockopt(line->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    bind(line->listen_fd, (struct sockaddr *)&address, size) != 0 || listen(line->listen_fd, 4) != 0 ||
	    getsockname(line->listen_fd, (struct sockaddr *)&address, &size) != 0)
		return FAIL_ERRNO("line %u: listen on 127.0.0.1:%u", line->index, line->port);
	line->port = ntohs(address.sin_port);
	return OK;
}

struct err sim_line_open(struct sim_line *line)
{
	line->fd = line->slave_fd = line->listen_fd = -1;
	return line->transport == SIM_TRANSPORT_PTY ? open_pty(line) : open_tcp(line);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void sim_line_close(struct sim_line *line)
{
	char target[sizeof line->slave_name] = "";
	if (line->path[0] && line->slave_name[0]) {
		ssize_t size = readlink(line->path, target, sizeof target - 1);
		if (size > 0 && strcmp(target, line->slave_name) == 0) /* still ours */
			(void)unlink(line->path);
	}
	close_fd(&line->fd);
	close_fd(&line->slave_fd);
	close_fd(&line->listen_fd);
}

/* ---- sending ---- */

static struct sim_send *send_new(struct sim_line *line, uint64_t due_ns)
{
	if (line->send_count == SIM_SENDS_MAX)
		return NULL;
	size_t at = line->send_count++;
	for (; at > 0 && line->sends[at - 1].due_ns > due_ns; at--)
		line->sends[at] = line->sends[at - 1];
	line->sends[at].due_ns = due_ns;
	line->sends[at].device = NULL;
	line->sends[at].swipe = 0;
	line->sends[at].repeat = false;
	line->sends[at].is_reply = false;
	line->sends[at].size = 0;
	return &line->sends[at];
}

static size_t put_noise(struct sim_device *device, uint8_t *bytes, size_t size)
{
	if (size)
		device->listener->random(device->listener->context, bytes, size);
	return size;
}

static void plan(struct sim_line *line, struct sim_device *device, const struct sim_reply *reply, uint32_t baud,
		 uint64_t heard_ns)
{
	if (reply->lost) {
		sim_device_replied(device);
		return;
	}
	size_t size = reply->noise_before + (device->setup.mark ? 1u : 0u) + reply->size;
	/* A late reply comes when nobody waits for it: it must not hold up the others' wire until then. */
	struct sim_pace apart = line->pace;
	struct sim_pace *pace = reply->late_ms ? &apart : &line->pace;
	uint64_t delay_ns = line->reply_delay_ns + reply->late_ms * SIM_NS_PER_MS;
	for (int round = 0; round < (reply->twice ? 2 : 1); round++) {
		uint64_t due_ns = sim_pace_reply(pace, baud, size, heard_ns, delay_ns);
		struct sim_send *out = send_new(line, due_ns);
		if (!out)
			return;
		out->device = device;
		out->is_reply = round == 0;
		out->swipe = round == 0 ? reply->swipe : 0;
		out->repeat = reply->repeat;
		out->size = put_noise(device, out->bytes, reply->noise_before);
		if (device->setup.mark)
			out->bytes[out->size++] = OSDP_MARK;
		memcpy(out->bytes + out->size, reply->bytes, reply->size);
		out->size += reply->size;
		heard_ns = due_ns;
		delay_ns = line->reply_delay_ns;
	}
	if (reply->noise_after) {
		uint64_t due_ns = sim_pace_reply(pace, baud, reply->noise_after, heard_ns, line->reply_delay_ns);
		struct sim_send *out = send_new(line, due_ns);
		if (out)
			out->size = put_noise(device, out->bytes, reply->noise_after);
	}
}

static void hang_up(struct sim_line *line)
{
	if (line->transport != SIM_TRANSPORT_TCP || line->fd < 0)
		return;
	close_fd(&line->fd);
	line->send_count = 0;
	line->scanner.size = 0;
}

/* Follow the median of the wake-up delay, one step a send. */
static void measure(struct sim_line *line, int64_t late_ns)
{
	line->frames_out++;
	line->late_ns_sum += late_ns;
	if (late_ns > line->late_ns_max)
		line->late_ns_max = late_ns;
	if (late_ns > 0 && line->early_ns < SIM_EARLY_NS_MAX)
		line->early_ns += SIM_EARLY_STEP_NS;
	else if (late_ns < 0 && line->early_ns >= SIM_EARLY_STEP_NS)
		line->early_ns -= SIM_EARLY_STEP_NS;
}

static void send_first(struct sim_line *line)
{
	struct sim_send *out = &line->sends[0];
	uint64_t now_ns = clock_boot_ns();
	ssize_t written = line->fd >= 0 ? write(line->fd, out->bytes, out->size) : (ssize_t)out->size;
	bool gone = written < 0 && errno != EAGAIN && errno != EINTR;
	if (written < (ssize_t)out->size) /* a wire does not wait: what nobody takes is lost */
		line->bytes_lost += out->size - (written > 0 ? (size_t)written : 0);
	measure(line, (int64_t)(now_ns - out->due_ns));
	if (out->is_reply) {
		const struct sim_listener *listener = out->device->listener;
		if (out->swipe && line->fd >= 0)
			listener->card_sent(listener->context, out->device, out->swipe, out->repeat, now_ns / 1000);
		sim_device_replied(out->device);
	}
	line->send_count--;
	for (size_t i = 0; i < line->send_count; i++)
		line->sends[i] = line->sends[i + 1];
	if (gone)
		hang_up(line);
}

/* ---- hearing ---- */

/* The speed at which the panel drives the line; 0 when the line is not paced. */
static uint32_t panel_baud(const struct sim_line *line)
{
	if (line->baud == 0 || line->transport == SIM_TRANSPORT_TCP)
		return line->baud;
	struct termios settings;
	if (tcgetattr(line->slave_fd, &settings) != 0)
		return line->baud;
	speed_t code = cfgetospeed(&settings);
	for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++)
		if (speeds[i].code == code)
			return speeds[i].baud;
	return line->baud;
}

static bool hears(struct sim_line *line, struct sim_device *device, uint32_t baud, uint64_t now_ns)
{
	if (baud == 0 || device->baud == baud)
		return true;
	if (!line->speed_told) {
		struct sim_news news;
		sim_device_begin(device, &news, "wrong_speed");
		sim_news_number(&news, "panel_baud", baud);
		sim_news_number(&news, "device_baud", device->baud);
		sim_device_tell(device, &news, now_ns / 1000);
	}
	line->speed_told = true;
	return false;
}

/* One device's timers changed: no need to look at the others'. */
static void tick(struct sim_line *line, struct sim_device *device, uint64_t now_ns)
{
	uint64_t next_ns = sim_device_tick(device, now_ns);
	if (next_ns < line->tick_ns)
		line->tick_ns = next_ns;
}

static void hear_broadcast(struct sim_line *line, const struct sim_frame *frame, uint32_t baud, uint64_t now_ns,
			   uint64_t first_byte_ns, uint64_t heard_ns)
{
	struct sim_reply mixed = {.size = 0};
	struct sim_device *speaker = NULL;
	for (size_t i = 0; i < line->device_count; i++) {
		struct sim_reply reply;
		struct sim_device *device = line->devices[i];
		if (!hears(line, device, baud, now_ns) ||
		    !sim_device_receive(device, frame, now_ns, first_byte_ns, &reply))
			continue;
		if (!speaker) {
			mixed = reply;
			speaker = device;
			continue;
		}
		for (size_t at = 0; at < reply.size; at++)
			mixed.bytes[at] = at < mixed.size ? mixed.bytes[at] & reply.bytes[at] : reply.bytes[at];
		mixed.size = reply.size > mixed.size ? reply.size : mixed.size;
		sim_device_replied(device);
	}
	sim_line_touch(line);
	if (speaker)
		plan(line, speaker, &mixed, baud, heard_ns);
}

static void hear(struct sim_line *line, struct span raw, bool check_good, uint32_t baud, uint64_t now_ns,
		 uint64_t first_byte_ns, uint64_t heard_ns)
{
	struct sim_frame frame;
	struct sim_reply reply;
	if (raw.at[1] & OSDP_REPLY_BIT)
		return;
	struct sim_device *device = sim_line_device(line, raw.at[1]);
	if (!check_good) {
		if (device && hears(line, device, baud, now_ns) && sim_device_bad_check(device, raw, &reply))
			plan(line, device, &reply, baud, heard_ns);
		return;
	}
	line->frames_in++;
	if (failed(sim_frame_read(raw, &frame))) {
		if (device)
			sim_device_violation(device, err_why(), now_ns);
		return;
	}
	if (frame.address == OSDP_ADDRESS_BROADCAST) {
		hear_broadcast(line, &frame, baud, now_ns, first_byte_ns, heard_ns);
	} else if (device && hears(line, device, baud, now_ns)) {
		if (sim_device_receive(device, &frame, now_ns, first_byte_ns, &reply))
			plan(line, device, &reply, baud, heard_ns);
		tick(line, device, now_ns);
	}
}

static void accept_panel(struct sim_line *line)
{
	int one = 1;
	line->fd = accept4(line->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (line->fd >= 0)
		(void)setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int sim_line_fd(const struct sim_line *line)
{
	return line->fd >= 0 ? line->fd : line->listen_fd;
}

void sim_line_readable(struct sim_line *line, uint64_t now_ns)
{
	uint8_t bytes[SIM_READ_SIZE];
	if (line->fd < 0) {
		accept_panel(line);
		return;
	}
	ssize_t size = read(line->fd, bytes, sizeof bytes);
	if (size <= 0) {
		if (size == 0 || (errno != EAGAIN && errno != EINTR))
			hang_up(line);
		return;
	}
	uint32_t baud = panel_baud(line);
	uint64_t heard_ns = sim_pace_heard(&line->pace, baud, (size_t)size, now_ns);
	sim_scanner_feed(&line->scanner, (struct span){bytes, (size_t)size}, now_ns,
			 OSDP_CHARACTER_TIMEOUT_MS * SIM_NS_PER_MS);
	uint8_t raw[OSDP_FRAME_SIZE_MAX];
	size_t raw_size;
	uint64_t first_byte_ns;
	enum sim_scan found;
	while ((found = sim_scanner_next(&line->scanner, raw, &raw_size, &first_byte_ns)) != SIM_SCAN_NOTHING)
		hear(line, (struct span){raw, raw_size}, found == SIM_SCAN_FRAME, baud, now_ns, first_byte_ns,
		     heard_ns);
}

/* ---- time ---- */

void sim_line_touch(struct sim_line *line)
{
	line->tick_ns = 0;
}

uint64_t sim_line_run(struct sim_line *line, uint64_t now_ns)
{
	while (line->send_count > 0 && line->sends[0].due_ns <= now_ns + line->early_ns)
		send_first(line);
	if (now_ns >= line->tick_ns) {
		line->tick_ns = SIM_NEVER;
		for (size_t i = 0; i < line->device_count; i++) {
			uint64_t next_ns = sim_device_tick(line->devices[i], now_ns);
			line->tick_ns = next_ns < line->tick_ns ? next_ns : line->tick_ns;
		}
	}
	uint64_t next_ns = line->send_count > 0 ? line->sends[0].due_ns - line->early_ns : SIM_NEVER;
	return next_ns < line->tick_ns ? next_ns : line->tick_ns;
}

struct sim_device *sim_line_device(const struct sim_line *line, unsigned address)
{
	for (size_t i = 0; i < line->device_count; i++)
		if (line->devices[i]->address == address)
			return line->devices[i];
	return NULL;
}
