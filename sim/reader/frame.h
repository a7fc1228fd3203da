/* sim/reader/frame.h - bytes of the wire to frames, and frames to bytes.
 *
 * Stop 1 of the simulator's way: line.c > [here] > device.c > commands.c. Written from the protocol's facts
 * alone and apart from the panel's code. It knows no keys: a MAC is four bytes with a place.
 */
#ifndef LEGATION_SIM_READER_FRAME_H
#define LEGATION_SIM_READER_FRAME_H

#include "base/span.h"
#include "sim/reader/constants.h"

enum {
	SIM_FRAME_SIZE_LEAST = OSDP_HEADER_SIZE + 2, /* header, id, checksum */
	SIM_SCANNER_SIZE = 4096,
};

/* A frame taken apart; every span points into `raw`. */
struct sim_frame {
	struct span raw; /* start byte to last check byte */
	uint8_t address; /* 7 bits */
	bool is_reply;
	uint8_t sequence;
	bool has_crc; /* else a checksum */
	bool has_block;
	uint8_t block_type;
	struct span block_data; /* behind length and type */
	uint8_t id;
	struct span data;
	struct span mac; /* 4 bytes with the four session block types, else empty */
};

uint16_t sim_crc16(struct span bytes);
uint8_t sim_checksum(struct span bytes);

/* Is the check at the end of these bytes right, as its control byte asks? needs at least
 * SIM_FRAME_SIZE_LEAST bytes.
 */
bool sim_frame_check_good(struct span raw);

/* Take a frame apart.
 *
 * needs   raw: one frame as a scanner gives it, its check good.
 * fails   ERR_INVALID when the inner lengths do not fit together.
 */
struct err sim_frame_read(struct span raw, struct sim_frame *ret_frame) MUST_USE;

/* Write a frame up to the place of its MAC, with the final length already in it; the caller adds `mac_size`
 * bytes and ends with sim_frame_end. `block` is the security block without its length byte; empty for none.
 */
void sim_frame_begin(struct sink *s, uint8_t address_byte, uint8_t sequence, bool has_crc, struct span block,
		     uint8_t id, struct span data, size_t mac_size);
void sim_frame_end(struct sink *s);

/* Finds frames in a stream of bytes: skips marks and noise, and after a bad check starts again one byte
 * later.
 */
struct sim_scanner {
	uint8_t bytes[SIM_SCANNER_SIZE];
	size_t size;
	uint64_t started_ns; /* when the first byte still held arrived */
	uint64_t fed_ns;     /* when the last one did */
	bool marked;         /* the byte just skipped was a mark: it began the frame to come */
};

enum sim_scan {
	SIM_SCAN_NOTHING, /* no whole frame yet */
	SIM_SCAN_FRAME,
	SIM_SCAN_BAD_CHECK, /* a whole frame by its length, but its check is wrong */
};

/* Add bytes that arrived. A gap over `gap_ns_max` since the last ones drops what was held.
 *
 * needs   sim_scanner_next has been called until SIM_SCAN_NOTHING; bytes.size at most SIM_SCANNER_SIZE minus
 *         OSDP_FRAME_SIZE_MAX.
 */
void sim_scanner_feed(struct sim_scanner *scanner, struct span bytes, uint64_t now_ns, uint64_t gap_ns_max);

/* gives   with SIM_SCAN_FRAME and SIM_SCAN_BAD_CHECK, a copy of the frame in `ret_raw` (needs
 * OSDP_FRAME_SIZE_MAX bytes)
 *         and when its first byte arrived.
 */
enum sim_scan sim_scanner_next(struct sim_scanner *scanner, uint8_t *ret_raw, size_t *ret_size,
			       uint64_t *ret_started_ns);

#endif
