#include "worker/web/calls.h"

#include <stdlib.h>

#include "worker/web/web.h"

enum {
	CALLS_FOR_PROBES = 16,
	CALLS_PLACES = 2 * WEB_CALLS_MAX, /* a number finds its place by itself, and seldom two want the same */
};

struct web_calls {
	uint64_t last_number;
	uint32_t count;
	struct web_call places[CALLS_PLACES];
};

struct web_calls *web_calls_new(void)
{
	struct web_calls *calls = calloc(1, sizeof *calls);
	ENSURE(calls);
	return calls;
}

struct web_calls *web_calls_free(struct web_calls *calls)
{
	free(calls);
	return NULL;
}

uint32_t web_calls_count(const struct web_calls *calls)
{
	return calls->count;
}

struct web_call *web_calls_add(struct web_calls *calls, enum web_call_kind kind, enum worker_role asked,
			       uint64_t until_ms)
{
	uint32_t max = kind == WEB_CALL_PROBE ? WEB_CALLS_MAX + CALLS_FOR_PROBES : WEB_CALLS_MAX;
	if (calls->count >= max)
		return NULL;
	while (calls->places[++calls->last_number % CALLS_PLACES].kind != WEB_CALL_NONE)
		; /* half of the places are free */
	struct web_call *call = &calls->places[calls->last_number % CALLS_PLACES];
	calls->count++;
	*call = (struct web_call){
		.owner.kind = WEB_OWNER_CALL,
		.kind = kind,
		.number = calls->last_number,
		.until_ms = until_ms,
		.asked = asked,
	};
	return call;
}

struct web_call *web_calls_find(struct web_calls *calls, uint64_t number)
{
	struct web_call *call = &calls->places[number % CALLS_PLACES];
	return call->kind != WEB_CALL_NONE && call->number == number ? call : NULL;
}

void web_calls_end(struct web_calls *calls, struct web_call *call)
{
	REQUIRE(call->kind != WEB_CALL_NONE);
	if (call->c && web_connection_user(call->c) == call)
		web_connection_set_user(call->c, NULL);
	*call = (struct web_call){0};
	calls->count--;
}

struct web_call *web_calls_next(struct web_calls *calls, struct web_call *call)
{
	size_t at = call ? (size_t)(call - calls->places) + 1 : 0;
	while (at < CALLS_PLACES && calls->places[at].kind == WEB_CALL_NONE)
		at++;
	return at < CALLS_PLACES ? &calls->places[at] : NULL;
}
