/* worker/web/bytes.h - bytes that wait in many connections' queues at once and exist once. */
#ifndef LEGATION_WORKER_WEB_BYTES_H
#define LEGATION_WORKER_WEB_BYTES_H

#include "base/span.h"

struct web_bytes {
	uint32_t holders;
	const uint8_t *at;
	size_t size;
	uint8_t own[]; /* where `at` points, unless the bytes are fixed */
};

/* gives   room for `size` bytes of its own, held once. */
struct web_bytes *web_bytes_new(size_t size) MUST_USE;
struct web_bytes *web_bytes_copy(struct span bytes) MUST_USE;
/* For bytes that live as long as the process. */
struct web_bytes *web_bytes_fixed(struct span bytes) MUST_USE;

/* gives   the same, held once more. */
struct web_bytes *web_bytes_hold(struct web_bytes *bytes);
/* Let go; the last holder wipes and frees. gives NULL */
struct web_bytes *web_bytes_free(struct web_bytes *bytes);

#endif
