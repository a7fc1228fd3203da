/* sim/reader/pace.h - when bytes would be on a real wire.
 *
 * Ten bits a byte (8N1). What is heard: the bytes of a command come in one burst over a pty, but on the wire
 * the last one arrives a wire time after the first. What is said: a reply is handed over whole at the moment
 * its last byte would have left, so that whoever reads it cannot have it earlier than over a real line, and
 * no byte costs a wake-up of its own. The reply starts the reply delay, but at least two characters, after
 * the command's end.
 *
 * Pure: no clock. Times are nanoseconds of the boot clock; a speed of 0 means a wire of no length in time.
 */
#ifndef LEGATION_SIM_READER_PACE_H
#define LEGATION_SIM_READER_PACE_H

#include <stddef.h>
#include <stdint.h>

enum { SIM_BITS_PER_BYTE = 10, SIM_IDLE_CHARACTERS = 2, SIM_BAUD_MAX = 4000000 };

struct sim_pace {
	uint64_t free_ns; /* the wire is idle from here on */
};

/* The time that so many bytes take, rounded up to a nanosecond once for all of them. */
uint64_t sim_pace_wire_ns(uint32_t baud, size_t bytes);

/* Bytes came at `now_ns`.
 *
 * gives   when the last of them was on the wire.
 */
uint64_t sim_pace_heard(struct sim_pace *pace, uint32_t baud, size_t bytes, uint64_t now_ns);

/* A reply of so many bytes to what ended at `heard_ns`.
 *
 * gives   when its last byte leaves; the wire is taken until then.
 */
uint64_t sim_pace_reply(struct sim_pace *pace, uint32_t baud, size_t bytes, uint64_t heard_ns, uint64_t delay_ns);

#endif
