/* worker/web/state.h - the web worker's whole state, for its own files only.
 *
 * web.c      starts, links, turns: nothing is decided there
 * serve.c    what a request gets: pages, the API, the feed, health, metrics
 * answer.c   what core and query answer, and what becomes of a call that nobody answers
 */
#ifndef LEGATION_WORKER_WEB_STATE_H
#define LEGATION_WORKER_WEB_STATE_H

#include "ipc/child.h"
#include "worker/web/calls.h"
#include "worker/web/decode.h"
#include "worker/web/feed.h"
#include "worker/web/guard.h"
#include "worker/web/loop.h"
#include "worker/web/web.h"

enum {
	WEB_FIELDS_SIZE_MAX = 2500, /* the header lines of one answer */
	WEB_SEEN_MAX = 256,
	WEB_METRICS_SIZE_MAX = 256 * 1024,
	WEB_PROBE_EVERY_MS = 1000,
	WEB_PROBE_FRESH_MS = 3000, /* core's last answer may be so old before consoles are told that it is silent */
	WEB_PROBE_FRESH_QUERY_MS = 10000, /* query may be at work on a long report */
};

struct web;

struct web_link {
	struct web_loop_source source; /* first, so that an event finds it */
	struct web *web;
	enum worker_role role;
	struct link *link; /* NULL: gone */
	uint64_t answered_ms;
};

struct web_seen {
	uint8_t token_hash[32];
	uint64_t said_ms;
};

struct web {
	const struct web_options *options;
	struct web_hosts hosts;
	struct child *child;
	struct web_loop *loop;
	struct web_link supervisor;
	struct web_link core;
	struct web_link query;
	struct web_handler handler;
	struct web_front *front;
	struct ssl_ctx_st *tls;
	struct web_rate *rate;
	struct web_rate *rate_public;
	struct web_rate *rate_connections;
	struct web_assets *assets;
	struct web_feed *feed;
	struct web_calls *calls;
	struct arena *arena;         /* one request */
	struct arena *message_arena; /* one message */
	uint64_t now_ms;
	uint64_t beat_ms;
	uint64_t looked_ms;
	uint32_t call_ms;
	bool over; /* the supervisor has gone */
	uint8_t metrics_token[256];
	size_t metrics_token_size;
	struct web_seen seen[WEB_SEEN_MAX];
	uint64_t answered[6]; /* by the first digit of the status */
	uint64_t late_calls;
	uint8_t binary[WEB_BODY_SIZE_MAX];
	char *metrics; /* core's part, while it comes */
	size_t metrics_size;
};

static inline struct span web_token_of(const struct web *web)
{
	return (struct span){web->metrics_token, web->metrics_token_size};
}

/* serve.c */
void web_serve(void *context, struct web_connection *c, const struct web_head *head, struct span body);
void web_serve_malformed(void *context, struct web_connection *c, uint32_t status, const char *why);
/* Answer with a refusal's JSON. `more`: further header lines, or empty. */
void web_refuse(struct web *web, struct web_connection *c, const struct web_head *head,
		const struct web_refusal *refusal, const char *more);

/* answer.c */
struct err web_answer_take(struct web *web, enum worker_role from, const struct answer *answer) MUST_USE;
/* The client of a call has gone; so has the call. */
void web_answer_gone(struct web *web, struct web_call *call);
/* Nobody will answer these any more: the link to `role` has gone. */
void web_answer_lost(struct web *web, enum worker_role role);
/* End the calls whose time is over. */
void web_answer_tick(struct web *web);
/* Our own figures, in Prometheus' text format. */
void web_answer_metrics(struct web *web, struct web_connection *c, struct span of_core);

/* web.c */
/* Send on a link.
 * gives   0, or the status of the refusal: 503.
 */
bool web_link_send(struct web_link *to, enum message_kind kind, const void *body);

#endif
