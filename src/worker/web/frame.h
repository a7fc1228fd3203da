/* worker/web/frame.h - WebSocket frames (RFC 6455): what a console may send, and the heads of what it is sent.
 *
 * Pure: bytes in, bytes out. No extensions, so the reserved bits are zero; a client's frames are masked, ours never
 * are.
 */
#ifndef LEGATION_WORKER_WEB_FRAME_H
#define LEGATION_WORKER_WEB_FRAME_H

#include "base/span.h"

enum {
	WEB_FRAME_HEAD_SIZE_MAX = 10,      /* of ours; a client's has 4 bytes more, the mask */
	WEB_FRAME_INCOMING_SIZE_MAX = 125, /* bytes of payload that a console may send in one frame */
	WEB_FRAME_ACCEPT_SIZE = 28,
};

enum web_frame_kind {
	WEB_FRAME_CONTINUATION = 0,
	WEB_FRAME_TEXT = 1,
	WEB_FRAME_BINARY = 2,
	WEB_FRAME_CLOSE = 8,
	WEB_FRAME_PING = 9,
	WEB_FRAME_PONG = 10,
};

/* RFC 6455 7.4, and two of our own. */
enum web_frame_close {
	WEB_FRAME_CLOSE_NORMAL = 1000,
	WEB_FRAME_CLOSE_GOING = 1001,
	WEB_FRAME_CLOSE_PROTOCOL = 1002,
	WEB_FRAME_CLOSE_UNACCEPTABLE = 1003,
	WEB_FRAME_CLOSE_TOO_LARGE = 1009,
	WEB_FRAME_CLOSE_RESTART = 1012,
	WEB_FRAME_CLOSE_TRY_LATER = 1013,
	WEB_FRAME_CLOSE_SIGNED_OUT = 4401, /* no session, or no longer */
};

struct web_frame {
	enum web_frame_kind kind;
	struct span payload; /* unmasked, in place */
	size_t size;         /* of the whole frame */
};

enum web_frame_state {
	WEB_FRAME_MORE = 0, /* not all of it is there yet */
	WEB_FRAME_WHOLE,
	WEB_FRAME_BROKEN,    /* against the protocol: close with WEB_FRAME_CLOSE_PROTOCOL */
	WEB_FRAME_TOO_LARGE, /* close with WEB_FRAME_CLOSE_TOO_LARGE */
};

/* Read the first frame of the bytes, unmasking it where it lies. */
enum web_frame_state web_frame_read(uint8_t *bytes, size_t size, struct web_frame *ret_frame);

/* Write the head of a whole, unmasked frame. */
void web_frame_write_head(struct sink *s, enum web_frame_kind kind, size_t payload_size);

/* The answer to Sec-WebSocket-Key, without a NUL.
 *
 * fails   ERR_INVALID unless the key is 16 bytes in base64.
 */
struct err web_frame_accept(struct span key, uint8_t ret_accept[WEB_FRAME_ACCEPT_SIZE]) MUST_USE;

#endif
