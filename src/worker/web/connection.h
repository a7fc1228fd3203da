/* worker/web/connection.h - one connection's bytes: TLS or none, what came and is not read yet, what waits to go.
 *
 * Below front.c, which knows what the bytes mean. Nothing here blocks, and nothing calls back.
 */
#ifndef LEGATION_WORKER_WEB_CONNECTION_H
#define LEGATION_WORKER_WEB_CONNECTION_H

#include <openssl/ssl.h>

#include "worker/web/front.h"

enum {
	WEB_INPUT_SIZE_MAX = WEB_HEAD_SIZE_MAX + WEB_BODY_SIZE_MAX, /* one request; further ones wait in the socket */
	WEB_RECORD_SIZE_MAX = 16 * 1024,                            /* of TLS: one read takes all of it */
};

enum web_connection_state {
	WEB_HANDSHAKE = 0,
	WEB_READING_HEAD,
	WEB_READING_BODY,
	WEB_ANSWERING, /* somebody above is at work on the request */
	WEB_FRAMES,
	WEB_LEAVING,   /* what waits still goes, nothing more is read */
	WEB_LINGERING, /* all has gone; until the peer has seen it, or linger_ms */
	WEB_DEAD,
};

struct web_waiting; /* one piece of output */

struct web_connection {
	struct web_loop_source source;
	struct web_front *front;
	struct web_connection *next; /* of the front's list */
	SSL *ssl;                    /* NULL: plain */
	enum web_connection_state state;
	struct web_address address;
	char from[WEB_FROM_SIZE_MAX + 1];
	void *user;
	uint64_t since_ms;    /* when the state, or the head's first byte, began */
	uint64_t progress_ms; /* when output last went, or began to wait */
	uint64_t heard_ms;    /* from a console */
	uint64_t pinged_ms;
	uint64_t frames_since_ms;
	uint32_t frames_count;

	uint8_t *input;
	size_t input_size;
	size_t input_room;
	size_t scanned;   /* of the head, for its end */
	size_t head_size; /* of the request under way */
	size_t body_size;

	struct web_waiting *first;
	struct web_waiting **last_next;
	size_t waiting;
	size_t mark;
	bool has_mark;

	bool wants_write_to_read; /* TLS must write before it can go on reading */
	bool keep_alive;
	bool chunks;    /* the client understands them */
	bool head_only; /* HEAD: no body goes */
	bool in_parts;
	bool first_request;
	bool working; /* front.c is in web_front_work for it */
	bool timed_out;
};

/* What a try to read gave. */
enum web_read {
	WEB_READ_NOTHING = 0,
	WEB_READ_SOME,
	WEB_READ_FULL, /* the input's bound is reached: work on it first */
	WEB_READ_END,  /* the peer has ended, or broke TLS */
};

/* needs   scratch: WEB_RECORD_SIZE_MAX bytes, shared by all connections. */
enum web_read web_connection_read(struct web_connection *c, uint8_t *scratch);
/* Forget the first bytes of the input, wiped. */
void web_connection_used(struct web_connection *c, size_t size);

/* Queue; the caller keeps its own hold of the bytes. */
void web_connection_queue(struct web_connection *c, struct web_bytes *bytes);
/* Send what the socket takes.
 *
 * gives   false when the connection is broken.
 */
bool web_connection_flush(struct web_connection *c, uint8_t *scratch, uint64_t now_ms);

/* gives   1 when TLS is set up, 0 when it waits, -1 when it failed. */
int web_connection_handshake(struct web_connection *c);
/* Tell the peer that no more comes. */
void web_connection_shut(struct web_connection *c);
/* Close and free all that it holds, but not `c` itself. */
void web_connection_close(struct web_connection *c);

#endif
