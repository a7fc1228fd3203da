/* worker/osdp/frame.h - frames of an OSDP line, in and out.
 *
 * Where bytes from the wire first become something: the decoder takes any chunks, finds the start byte among noise,
 * checks length, check bytes and the security block, and gives one frame at a time. What it gives depends on the
 * bytes alone and never on how they were cut. The encoder is its inverse. Neither knows keys, devices or time.
 */
#ifndef LEGATION_WORKER_OSDP_FRAME_H
#define LEGATION_WORKER_OSDP_FRAME_H

#include "base/span.h"
#include "worker/osdp/constants.h"

struct osdp_frame {
	uint8_t address; /* 0..0x7F, without the reply bit */
	bool reply;
	uint8_t sequence;
	bool crc;              /* else a checksum */
	uint8_t scs;           /* enum osdp_scs; OSDP_SCS_NONE: no security block */
	uint8_t scs_value;     /* third byte of the block in SCS_11..14 */
	uint8_t id;            /* command or reply */
	struct span data;      /* still encrypted under SCS_17 and SCS_18 */
	struct span mac;       /* four bytes under SCS_15..18, else empty */
	struct span under_mac; /* start byte to the end of the data */
};

/* ---- in ---- */

struct osdp_decoder {
	uint8_t bytes[OSDP_NUMBER_FRAME_SIZE_MAX];
	size_t size;
	size_t given;         /* bytes of the frame given last, which still lie in front */
	uint64_t noise_bytes; /* skipped: neither frame nor mark */
	uint64_t bad_check_count;
	uint64_t malformed_count;
};

enum osdp_decoded {
	OSDP_DECODED_NOTHING, /* needs more bytes */
	OSDP_DECODED_FRAME,
	OSDP_DECODED_DAMAGED, /* what looked like a frame had wrong check bytes or broke the format; search on */
};

void osdp_decoder_reset(struct osdp_decoder *d);

/* Take in as many bytes as there is room for; call osdp_decoder_next until it needs more, then give the rest.
 *
 * gives   how many were taken: never 0 after osdp_decoder_next said NOTHING.
 */
size_t osdp_decoder_take(struct osdp_decoder *d, struct span bytes);

/* gives   in ret_frame, a frame whose spans lie in the decoder until its next call. */
enum osdp_decoded osdp_decoder_next(struct osdp_decoder *d, struct osdp_frame *ret_frame);

/* The line has been quiet for too long for what is there to be completed: give up the unfinished frame in front and
 * look for one behind its first byte. Call it until it says NOTHING; the decoder is empty then.
 */
enum osdp_decoded osdp_decoder_quiet(struct osdp_decoder *d, struct osdp_frame *ret_frame);

/* ---- out ---- */

/* Write the frame up to the end of its data, with its final length; for SCS_15..18 that is what the MAC covers.
 *
 * needs   frame's `mac` and `under_mac` unset; an address of at most 0x7F; a sink with only a mark byte or nothing.
 * gives   the place of the start byte in the sink.
 * fails   ERR_TOO_LARGE, over the sink or over the largest frame.
 */
struct err osdp_frame_open(const struct osdp_frame *frame, struct sink *s, size_t *ret_start) MUST_USE;

/* Add the MAC (empty without one) and the check bytes.
 *
 * fails   ERR_TOO_LARGE, over the sink.
 */
struct err osdp_frame_close(const struct osdp_frame *frame, size_t start, struct span mac, struct sink *s) MUST_USE;

/* Does a frame with this security block carry a MAC? */
static inline bool osdp_scs_has_mac(uint8_t scs)
{
	return scs >= OSDP_SCS_COMMAND_MAC && scs <= OSDP_SCS_REPLY_ENCRYPTED;
}

uint16_t osdp_crc(struct span bytes);
uint8_t osdp_checksum(struct span bytes);

#endif
