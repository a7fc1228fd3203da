/* worker/web/head.h - the head of one HTTP/1.1 request: request line and header fields (RFC 9112), read strictly.
 *
 * First stop of a request: [here] > guard.h > decode.h > calls.h > core or query. Pure: no sockets, no clock. It
 * knows nothing of routes. What two readers could take in two ways (a bare line feed, folded lines, a length said
 * twice, a transfer coding) is refused, never repaired.
 */
#ifndef LEGATION_WORKER_WEB_HEAD_H
#define LEGATION_WORKER_WEB_HEAD_H

#include "base/span.h"

enum {
	WEB_HEAD_SIZE_MAX = 16 * 1024,   /* bytes, request line and blank line included */
	WEB_HEAD_TARGET_SIZE_MAX = 4096, /* bytes of path and query */
	WEB_HEAD_FIELDS_MAX = 64,
};

enum web_head_method {
	WEB_HEAD_METHOD_OTHER = 0, /* well-formed, but none that we serve */
	WEB_HEAD_METHOD_GET,
	WEB_HEAD_METHOD_HEAD,
	WEB_HEAD_METHOD_POST,
	WEB_HEAD_METHOD_DELETE,
};

struct web_head_field {
	struct span name;
	struct span value; /* without the white space around it */
};

/* All spans point into the bytes that were read. */
struct web_head {
	enum web_head_method method;
	struct span path;  /* as sent: starts with "/", nothing decoded */
	struct span query; /* after the "?", or empty */
	struct span host;
	bool keep_alive;
	bool chunks; /* HTTP/1.1: an answer of unknown length may go in chunks */
	bool expects_continue;
	bool upgrades; /* to a WebSocket, by its Connection and Upgrade fields */
	uint64_t body_size;
	struct web_head_field fields[WEB_HEAD_FIELDS_MAX];
	size_t field_count;
};

struct web_head_refusal {
	uint32_t status; /* HTTP's; 0 when the head is good */
	const char *why; /* an English sentence for the answer */
};

/* How many bytes does the head have, blank line included?
 *
 * gives   0 while the blank line has not come yet.
 */
size_t web_head_size(struct span bytes);

/* Read one head.
 *
 * needs   bytes: exactly a head, as web_head_size measured it.
 * gives   status 0 and the head, or why not: 400, 411, 414, 417, 431, 501 or 505.
 */
struct web_head_refusal web_head_read(struct span bytes, struct web_head *ret_head) MUST_USE;

/* The value of a field that may stand once, by its lower-case name; an empty span when it is not there. A head in
 * which one of the fields that we ask for stands twice has been refused by web_head_read.
 */
struct span web_head_value(const struct web_head *head, const char *name);
bool web_head_has(const struct web_head *head, const char *name);

/* Does a comma-separated field hold this word, in whatever case? */
bool web_head_lists(const struct web_head *head, const char *name, const char *word);

/* ASCII without regard to case. */
bool web_head_equal_word(struct span a, struct span b);

#endif
