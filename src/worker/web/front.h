/* worker/web/front.h - everybody who is connected: sockets, TLS, HTTP/1.1 and WebSocket frames, and nothing of ours.
 *
 * The thin wall between the protocol and what is asked: above it nobody knows a socket, below it nobody knows a
 * route. It calls struct web_handler and is answered, at once or later, by the web_answer functions. One request a
 * connection is under way at a time; further ones wait in its bounded input.
 *
 * Why it is ours: the WebSocket library of Debian 12 (libwebsockets 4.1.6) reads freed memory after two plain
 * requests of a stranger, the second with an upgrade that it does not know, before its user is asked anything.
 *
 * Every bound is in struct web_front_limits or named below. What a client does too slowly, too often or too much of
 * ends its own connection and touches no other.
 */
#ifndef LEGATION_WORKER_WEB_FRONT_H
#define LEGATION_WORKER_WEB_FRONT_H

#include "worker/web/bytes.h"
#include "worker/web/frame.h"
#include "worker/web/head.h"
#include "worker/web/loop.h"

enum {
	WEB_BODY_SIZE_MAX = 60000,                 /* bytes of a request's body */
	WEB_ANSWER_WAITING_MAX = 16 * 1024 * 1024, /* bytes that a client has not taken yet; past it, it is dropped */
	WEB_FRAMES_PER_SECOND_MAX = 20,            /* a console has nothing to say but pongs */
	WEB_FROM_SIZE_MAX = 64,
};

/* Who it is, for counting: an IPv4 address, or the first half of an IPv6 address, behind which one peer has many. */
struct web_address {
	uint8_t bytes[16];
};

struct web_front_limits {
	uint32_t connections_max;
	uint32_t connections_per_address_max;
	uint32_t handshake_ms; /* TLS, from accept to the last message */
	uint32_t head_ms;      /* a request's head, from its first byte (the first request: from the handshake) */
	uint32_t body_ms;      /* its body */
	uint32_t idle_ms;      /* between requests */
	uint32_t stall_ms;     /* an answer of which the client takes nothing */
	uint32_t linger_ms;    /* a connection that we have ended, until the client sees it */
	uint32_t ping_ms;      /* a console is pinged so often */
	uint32_t silence_ms;   /* and is gone when it has said nothing for so long */
};

extern const struct web_front_limits web_front_limits_usual;

struct web_front;
struct web_connection;

struct web_handler {
	void *context;
	/* Somebody connects. gives false to send it away at once. */
	bool (*accept)(void *context, const struct web_address *address);
	/* One whole request. Its spans live until this returns. Answer it exactly once. */
	void (*request)(void *context, struct web_connection *c, const struct web_head *head, struct span body);
	/* One that cannot be read; answer it with this status at once. The connection ends after it. */
	void (*malformed)(void *context, struct web_connection *c, uint32_t status, const char *why);
	/* A console that fell behind has taken what waited, down to the mark that web_send_mark set. */
	void (*drained)(void *context, struct web_connection *c);
	/* The connection is gone, answered or not; told when a user pointer was set. */
	void (*gone)(void *context, struct web_connection *c, void *user);
};

struct ssl_ctx_st;

/* needs   handler and loop live longer.
 * owns    the listening descriptor stays the caller's; -1 for none. It must not block.
 * fails   when the listener cannot be waited for.
 */
struct err web_front_new(struct web_loop *loop, const struct web_handler *handler,
			 const struct web_front_limits *limits, struct ssl_ctx_st *tls, int listener,
			 struct web_front **ret_front) MUST_USE;
struct web_front *web_front_free(struct web_front *front); /* gives NULL; drops everybody */

/* Take over a connected, non-blocking socket without TLS. Only for the fuzzer and tests of this file: what listens
 * has TLS.
 */
struct err web_front_adopt(struct web_front *front, int descriptor) MUST_USE;

/* After each turn of the loop: ends what is over, frees what has gone. */
void web_front_tick(struct web_front *front, uint64_t now_ms);

struct web_front_counts {
	uint32_t open;
	uint64_t accepted;
	uint64_t turned_away; /* a bound or the handler said no */
	uint64_t failed_handshakes;
	uint64_t timed_out;
};
struct web_front_counts web_front_counts(const struct web_front *front);

/* ---- a connection ---- */

/* The peer's address as text, for core and the log; lives as long as the connection. */
struct span web_connection_from(const struct web_connection *c);
const struct web_address *web_connection_address(const struct web_connection *c);
void *web_connection_user(const struct web_connection *c);
void web_connection_set_user(struct web_connection *c, void *user);

/* ---- answering. `fields` are whole header lines, each with its line end ---- */

void web_answer(struct web_connection *c, uint32_t status, struct span fields, struct span body);
/* The same with bytes that are shared, not copied; the caller keeps its own hold. */
void web_answer_bytes(struct web_connection *c, uint32_t status, struct span fields, struct web_bytes *body);
/* In parts, the length not known before. */
void web_answer_begin(struct web_connection *c, uint32_t status, struct span fields);
void web_answer_part(struct web_connection *c, struct span part);
void web_answer_end(struct web_connection *c);

/* Accept the upgrade. From now on the connection takes frames.
 *
 * fails   ERR_INVALID when the handshake is malformed; nothing is sent, answer with 400.
 */
struct err web_answer_upgrade(struct web_connection *c, const struct web_head *head) MUST_USE;

/* A text frame to be sent to one or many. */
struct web_bytes *web_frame_of(struct span payload) MUST_USE;
void web_send(struct web_connection *c, struct web_bytes *frame);
/* Bytes that the client has not taken yet, of those that we hold. */
size_t web_waiting(const struct web_connection *c);
/* Call `drained` once when no more than this waits. */
void web_send_mark(struct web_connection *c, size_t mark);
/* Say why and close. */
void web_leave(struct web_connection *c, enum web_frame_close code);

/* End it without a word. `gone` follows in web_front_tick. */
void web_drop(struct web_connection *c);

#endif
