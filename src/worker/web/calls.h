/* worker/web/calls.h - the requests under way in core and query: who waits for which answer, and until when. */
#ifndef LEGATION_WORKER_WEB_CALLS_H
#define LEGATION_WORKER_WEB_CALLS_H

#include "ipc/link.h"
#include "worker/web/owner.h"

enum web_call_kind {
	WEB_CALL_NONE = 0, /* the place is free */
	WEB_CALL_REQUEST,  /* somebody's request; the connection's user is this call */
	WEB_CALL_METRICS,  /* the same, for /metrics: our own figures go behind the answer */
	WEB_CALL_FEED,     /* may this console have the feed? */
	WEB_CALL_PROBE,    /* do core or query answer at all? */
};

struct web_call {
	struct web_owner owner;
	enum web_call_kind kind;
	uint64_t number;
	struct web_connection *c;    /* NULL: it has gone, or there is none */
	struct web_console *console; /* of WEB_CALL_FEED */
	uint64_t until_ms;
	enum worker_role asked; /* core or query */
	bool passes_on;         /* core may let query answer */
	bool started;           /* a first part has gone to the client */
};

struct web_calls;

struct web_calls *web_calls_new(void) MUST_USE;
struct web_calls *web_calls_free(struct web_calls *calls); /* gives NULL */

/* gives   NULL when WEB_CALLS_MAX are under way. Probes have room of their own. */
struct web_call *web_calls_add(struct web_calls *calls, enum web_call_kind kind, enum worker_role asked,
			       uint64_t until_ms) MUST_USE;
/* gives   NULL for a number of which nothing waits any more. */
struct web_call *web_calls_find(struct web_calls *calls, uint64_t number);
void web_calls_end(struct web_calls *calls, struct web_call *call);

/* The next call after `call` (NULL: the first), in no order; NULL at the end. Ending the one just given is fine. */
struct web_call *web_calls_next(struct web_calls *calls, struct web_call *call);
uint32_t web_calls_count(const struct web_calls *calls);

#endif
