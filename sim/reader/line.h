/* sim/reader/line.h - one line: a pty or a TCP port, the devices on it, and the pace of its wire.
 *
 * Stop 0: [here] > frame.c > device.c. Reads what the panel sends, lets the addressed device answer, and
 * hands the reply over at the moment its last byte would have left a real wire (see pace.h). Every wait is a
 * time that line_next tells: it never sleeps itself. A sleeper wakes some microseconds after its time, so
 * the line asks to be woken earlier by the median of that delay: sends are early as often as late. On a
 * paced pty the devices hear the panel only at their own speed, as set by the panel's termios; on TCP the
 * line's speed is the configured one, as with a serial server.
 *
 * It does not model collisions but one: several devices answering a broadcast give the bitwise AND of their
 * replies.
 */
#ifndef LEGATION_SIM_READER_LINE_H
#define LEGATION_SIM_READER_LINE_H

#include "sim/reader/device.h"
#include "sim/reader/pace.h"

enum {
	SIM_LINES_MAX = 32,
	SIM_DEVICES_MAX = 127,
	SIM_SENDS_MAX = 8,
	SIM_PATH_MAX = 200,
	SIM_READ_SIZE = 2048,
	SIM_EARLY_NS_MAX = 100 * 1000,
	SIM_EARLY_STEP_NS = 1000,
	SIM_SEND_SIZE_MAX = SIM_NOISE_SIZE_MAX + 1 + OSDP_FRAME_SIZE_MAX,
};

enum sim_transport { SIM_TRANSPORT_PTY, SIM_TRANSPORT_TCP };

struct sim_send {
	uint64_t due_ns; /* when its last byte leaves */
	struct sim_device *device;
	uint32_t swipe;
	bool repeat;
	bool is_reply; /* else noise or an echo: nothing follows from it */
	size_t size;
	uint8_t bytes[SIM_SEND_SIZE_MAX];
};

struct sim_line {
	unsigned index;
	char name[SIM_NAME_MAX + 1];
	enum sim_transport transport;
	char path[SIM_PATH_MAX + 1]; /* the pty's symlink; "" for none */
	uint16_t port;
	uint32_t baud; /* 0: not paced */
	uint64_t reply_delay_ns;
	struct sim_device *devices[SIM_DEVICES_MAX];
	size_t device_count;

	int fd;       /* pty master or connection; -1 without one */
	int slave_fd; /* kept open, so that the pty outlives its users */
	int listen_fd;
	char slave_name[64];
	struct sim_scanner scanner;
	struct sim_pace pace;
	struct sim_send sends[SIM_SENDS_MAX]; /* by due_ns */
	size_t send_count;
	uint64_t tick_ns;
	bool speed_told; /* a wrong speed has been said aloud */

	uint64_t early_ns; /* how much before its time a send is woken for: the usual delay of waking up */
	uint64_t frames_in, frames_out, bytes_lost;
	int64_t late_ns_sum; /* of all sends, early ones negative */
	int64_t late_ns_max;
};

/* Open the pty or port.
 *
 * fails   ERR_IO, ERR_EXISTS when something that is no symlink stands at the path.
 */
struct err sim_line_open(struct sim_line *line) MUST_USE;
void sim_line_close(struct sim_line *line);

/* The descriptor to poll for reading, or -1. */
int sim_line_fd(const struct sim_line *line);
void sim_line_readable(struct sim_line *line, uint64_t now_ns);

/* Send what is due, run the devices' timers.
 *
 * gives   when to come again; SIM_NEVER if never.
 */
uint64_t sim_line_run(struct sim_line *line, uint64_t now_ns);

/* Somebody touched a device of this line: look at its timers at the next run. */
void sim_line_touch(struct sim_line *line);

/* gives   NULL when no device has this address. */
struct sim_device *sim_line_device(const struct sim_line *line, unsigned address);

#endif
