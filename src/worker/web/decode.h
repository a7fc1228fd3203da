/* worker/web/decode.h - a request's path, query and JSON body become the struct of its route's request shape.
 *
 * Third stop of a request: head.h > guard.h > [here] > calls.h. Here what came from outside is bounded for good: what
 * goes on has the fields of the table, each once, of its kind and within its bounds. It does not know what they mean.
 *
 * Strict: a member that the shape does not have, one said twice (also once in the path and once in the body), a
 * number as a text, null, a fraction: each is refused by name. Secrets come only in a body, never in an address.
 */
#ifndef LEGATION_WORKER_WEB_DECODE_H
#define LEGATION_WORKER_WEB_DECODE_H

#include "worker/web/router.h"

enum {
	WEB_JSON_DEPTH_MAX = 16,
	WEB_REQUEST_ARENA_SIZE = 1024 * 1024, /* what one request may take, decoded */
	WEB_FIELDS_MAX = 64,                  /* of one request shape */
};

struct web_refusal {
	uint32_t status; /* HTTP's */
	const char *error;
	char field[101];
	char message[301];
};

/* Must be called once before the sandbox closes and before the first body. */
void web_decode_start(void);

/* Decode one request.
 *
 * needs   body: JSON, or empty for none. An arena of WEB_REQUEST_ARENA_SIZE.
 * gives   true and the struct, zeroed first, its spans in the arena; or false and why not (400 or 413).
 */
bool web_decode(const struct shape *shape, const struct web_match *match, struct span query, struct span body,
		struct arena *arena, void *ret_value, struct web_refusal *ret_refusal) MUST_USE;

void web_refusal_set(struct web_refusal *refusal, uint32_t status, const char *error, const char *field,
		     const char *format, ...) PRINTF_LIKE(5, 6);

#endif
