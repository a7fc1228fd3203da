/* worker/osdp/line.h - one half-duplex line and its devices: who speaks next.
 *
 * It stands between worker.c, which has the descriptor and the clock, and device.h, which knows what to say. It is
 * pure: bytes and times are given, bytes are taken.
 *
 * Order of turns: an unlock first, always; then orders (lights, sounds), but never two of them without a turn
 * between; then everybody in rounds. A device that was not there last time is tried rarely, for a short wait, and
 * all such waits together take at most a tenth of the line. After a card or keys the line stays idle for a moment,
 * so that the unlock's first byte does not stand behind a poll.
 */
#ifndef LEGATION_WORKER_OSDP_LINE_H
#define LEGATION_WORKER_OSDP_LINE_H

#include "worker/osdp/device.h"

enum {
	OSDP_DEVICES_MAX = 127,         /* addresses 0..126 */
	OSDP_HOLD_AFTER_READ_US = 6000, /* how long core's decision is awaited with an idle line */
	OSDP_IDLE_CHARACTERS = 2,       /* before anybody drives the line */
	OSDP_CHARACTER_BITS = 10,       /* start bit, eight, stop bit */
	OSDP_CHARACTER_GAP_US = 20000,  /* longer inside a frame: the frame is given up */
	OSDP_PROBE_SHARE = 10,          /* after a wait in vain, this many times as long without another */
	OSDP_BAUD_LEAST = 9600,
	OSDP_BAUD_MOST = 230400,
};

struct osdp_bus {
	uint32_t line;
	uint64_t character_ns;
	const struct osdp_port *port;
	bool open; /* there is a wire */
	struct osdp_decoder decoder;

	struct osdp_peripheral devices[OSDP_DEVICES_MAX]; /* slots; which are in use, and in which order: */
	uint8_t turns[OSDP_DEVICES_MAX];                  /* slots in order of turns, those that carry strikes first */
	size_t turn_count;
	size_t turn_next;
	bool order_was_last;

	int speaker;    /* slot that was spoken to and has not answered; -1: none */
	bool listening; /* for a reply */
	bool probing;   /* of a device that was not there last time */
	bool damaged;   /* something came that was no frame */
	uint64_t spoke_us;
	uint64_t wire_free_us;   /* when the last byte of ours, or of theirs, was over */
	uint64_t reply_until_us; /* when a reply must have begun */
	uint64_t reply_ends_us;  /* when even the longest must be over */
	uint64_t deadline_us;    /* of what is awaited now: the reply, or its next byte */
	uint64_t probe_after_us;
	uint64_t hold_until_us; /* 0: no hold */
	uint64_t hold_device;
};

/* Make a line without devices; all memory and all AES contexts that it will ever need.
 *
 * owns    the caller, until osdp_bus_free. The port outlives it.
 * fails   ERR_UNSUPPORTED without AES.
 */
struct err osdp_bus_new(uint32_t line, const struct osdp_port *port, struct osdp_bus **ret_bus) MUST_USE;
struct osdp_bus *osdp_bus_free(struct osdp_bus *bus);

/* The line has been (re)opened: every device begins anew.
 *
 * needs   a baud rate of OSDP_BAUD_LEAST to _MOST.
 */
void osdp_bus_open(struct osdp_bus *bus, uint32_t baud, uint64_t now_us);

/* The line is lost. Time goes on for what waits, but nobody is spoken to. */
void osdp_bus_close(struct osdp_bus *bus);

/* Any of core's messages for this line; osdp_line sets the devices. Those that stay the same keep their session. */
void osdp_bus_told(struct osdp_bus *bus, enum message_kind kind, const void *body, uint64_t now_us);

/* Core is gone: nobody would decide anything, so nothing is said until its successor sets the devices again. */
void osdp_bus_forget(struct osdp_bus *bus);

/* Bytes came. now_us is when the last of them was there. */
void osdp_bus_received(struct osdp_bus *bus, struct span bytes, uint64_t now_us);

/* Do what is due.
 *
 * gives   the bytes to write now, or an empty span. Somebody is spoken to then, and osdp_bus_sent must follow.
 */
struct span osdp_bus_speak(struct osdp_bus *bus, uint64_t now_us) MUST_USE;
void osdp_bus_sent(struct osdp_bus *bus, uint64_t first_byte_us, size_t size);

/* When must osdp_bus_speak be called again, if nothing comes before? OSDP_NEVER: not at all. */
uint64_t osdp_bus_due(const struct osdp_bus *bus, uint64_t now_us) MUST_USE;

#endif
