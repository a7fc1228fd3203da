#include <stdlib.h>

#include "worker/web/state.h"

static void fields_of(struct sink *f, const struct answer *answer)
{
	web_guard_fields(f, NULL, false);
	sink_text(f, "Cache-Control: no-store\r\nContent-Type: ");
	if (answer->media_type.size > 0)
		sink_put(f, answer->media_type);
	else
		sink_text(f, "application/json");
	sink_text(f, "\r\n");
	if (answer->token.size == WEB_TOKEN_SIZE)
		web_guard_cookie(f, answer->token);
	else if (answer->session_ended)
		web_guard_cookie(f, (struct span){0});
	if (answer->status == 503)
		sink_text(f, "Retry-After: 1\r\n");
	ENSURE(!f->failed);
}

static void refuse(struct web *web, struct web_connection *c, uint32_t status, const char *error, const char *why)
{
	struct web_refusal refusal;
	web_refusal_set(&refusal, status, error, "", "%s", why);
	web_refuse(web, c, NULL, &refusal, status == 503 ? "Retry-After: 1\r\n" : "");
}

/* ---- metrics ---- */

void web_answer_metrics(struct web *web, struct web_connection *c, struct span of_core)
{
	static const char *const classes[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
	uint8_t ours[4096];
	uint8_t fields[WEB_FIELDS_SIZE_MAX];
	struct sink s = SINK_OF(ours);
	struct sink f = SINK_OF(fields);
	struct web_front_counts front = web_front_counts(web->front);
	struct web_feed_counts feed = web_feed_counts(web->feed);
	sink_text(&s, "# TYPE legation_web_answers_total counter\n");
	for (size_t i = 1; i < 6; i++)
		sink_printf(&s, "legation_web_answers_total{status=\"%s\"} %llu\n", classes[i],
			    (unsigned long long)web->answered[i]);
#define FIGURE(kind, name, value)                                                                                      \
	sink_printf(&s, "# TYPE legation_web_" name " " kind "\nlegation_web_" name " %llu\n",                         \
		    (unsigned long long)(value))
	FIGURE("gauge", "connections", front.open);
	FIGURE("counter", "connections_total", front.accepted);
	FIGURE("counter", "turned_away_total", front.turned_away);
	FIGURE("counter", "failed_handshakes_total", front.failed_handshakes);
	FIGURE("counter", "timeouts_total", front.timed_out);
	FIGURE("gauge", "calls", web_calls_count(web->calls));
	FIGURE("counter", "late_calls_total", web->late_calls);
	FIGURE("gauge", "consoles", feed.consoles);
	FIGURE("counter", "feed_lines_total", feed.lines);
	FIGURE("counter", "feed_gaps_total", feed.gaps);
#undef FIGURE
	web_guard_fields(&f, NULL, false);
	sink_text(&f, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nCache-Control: no-store\r\n");
	ENSURE(!s.failed && !f.failed);
	struct web_bytes *body = web_bytes_new(of_core.size + s.size);
	if (of_core.size > 0)
		memcpy(body->own, of_core.at, of_core.size);
	memcpy(body->own + of_core.size, ours, s.size);
	web->answered[2]++;
	web_answer_bytes(c, 200, sink_span(&f), body);
	(void)web_bytes_free(body);
}

static void forget_metrics(struct web *web)
{
	free(web->metrics);
	web->metrics = NULL;
	web->metrics_size = 0;
}

/* Core's part may come in several. Whatever goes wrong with it, ours are given. */
static void take_metrics(struct web *web, struct web_call *call, const struct answer *answer)
{
	if (!web->metrics) {
		web->metrics = malloc(WEB_METRICS_SIZE_MAX);
		ENSURE(web->metrics);
	}
	if (answer->status == 200 && answer->body.size > 0 &&
	    answer->body.size <= WEB_METRICS_SIZE_MAX - web->metrics_size) {
		memcpy(web->metrics + web->metrics_size, answer->body.at, answer->body.size);
		web->metrics_size += answer->body.size;
	}
	if (answer->more)
		return;
	struct web_connection *c = call->c;
	web_calls_end(web->calls, call);
	if (c)
		web_answer_metrics(web, c, (struct span){(const uint8_t *)web->metrics, web->metrics_size});
	forget_metrics(web);
}

/* ---- answers to requests ---- */

/* The call ends before the answer goes: with it, the connection's next request may begin. */
static void take_first_part(struct web *web, struct web_call *call, const struct answer *answer)
{
	struct web_connection *c = call->c;
	uint8_t fields[WEB_FIELDS_SIZE_MAX];
	struct sink f = SINK_OF(fields);
	fields_of(&f, answer);
	web->answered[answer->status / 100]++;
	if (answer->more) {
		call->started = true;
		web_answer_begin(c, answer->status, sink_span(&f));
		web_answer_part(c, answer->body);
	} else {
		web_calls_end(web->calls, call);
		web_answer(c, answer->status, sink_span(&f), answer->body);
	}
	wipe(fields, f.size);
}

static void take_part(struct web *web, struct web_call *call, const struct answer *answer)
{
	struct web_connection *c = call->c;
	call->until_ms = web->now_ms + web->call_ms;
	if (!call->started) {
		take_first_part(web, call, answer);
		return;
	}
	if (!answer->more)
		web_calls_end(web->calls, call);
	web_answer_part(c, answer->body);
	if (!answer->more)
		web_answer_end(c);
}

static void take_admission(struct web *web, struct web_call *call, const struct answer *answer)
{
	struct web_console *console = call->console;
	web_calls_end(web->calls, call);
	if (answer->status == 200)
		web_feed_admit(web->feed, console);
	else
		web_leave(console->c, answer->status == 401 || answer->status == 403 ? WEB_FRAME_CLOSE_SIGNED_OUT
										     : WEB_FRAME_CLOSE_TRY_LATER);
}

/* May this process answer that? A new session's token comes from core alone. */
static bool may_answer(const struct web_call *call, enum worker_role from, const struct answer *answer)
{
	if (answer->status < 200 || answer->status > 599)
		return false;
	if (from == WORKER_QUERY && (answer->token.size > 0 || answer->session_ended))
		return false;
	return call->asked == from || (call->passes_on && from == WORKER_QUERY);
}

struct err web_answer_take(struct web *web, enum worker_role from, const struct answer *answer)
{
	struct web_call *call = web_calls_find(web->calls, answer->call);
	if (from == WORKER_CORE)
		web->core.answered_ms = web->now_ms;
	else
		web->query.answered_ms = web->now_ms;
	if (!call)
		return OK; /* its client has gone, or its time was over */
	if (!may_answer(call, from, answer))
		return FAIL(ERR_INVALID, "an answer that is not its to give");
	switch (call->kind) {
	case WEB_CALL_PROBE:
		web_calls_end(web->calls, call);
		return OK;
	case WEB_CALL_FEED:
		take_admission(web, call, answer);
		return OK;
	case WEB_CALL_METRICS:
		take_metrics(web, call, answer);
		return OK;
	default:
		take_part(web, call, answer);
		return OK;
	}
}

/* ---- calls that come to nothing ---- */

static void give_up(struct web *web, struct web_call *call, uint32_t status, const char *error, const char *why)
{
	struct web_connection *c = call->c;
	struct web_console *console = call->console;
	enum web_call_kind kind = call->kind;
	bool started = call->started;
	web_calls_end(web->calls, call);
	if (kind == WEB_CALL_FEED) {
		web_leave(console->c, WEB_FRAME_CLOSE_TRY_LATER);
	} else if (kind == WEB_CALL_METRICS && c) {
		web_answer_metrics(web, c, (struct span){0});
		forget_metrics(web);
	} else if (c && started) {
		web_drop(c); /* half of it has gone: only breaking off says that the rest is missing */
	} else if (c) {
		refuse(web, c, status, error, why);
	}
}

void web_answer_gone(struct web *web, struct web_call *call)
{
	call->c = NULL;
	if (call->kind == WEB_CALL_METRICS)
		forget_metrics(web);
	web_calls_end(web->calls, call);
}

void web_answer_lost(struct web *web, enum worker_role role)
{
	struct web_call *next = web_calls_next(web->calls, NULL);
	while (next) {
		struct web_call *call = next;
		next = web_calls_next(web->calls, call);
		if (call->asked == role || (call->passes_on && role == WORKER_QUERY))
			give_up(web, call, 503, "starting",
				"the server is starting again; what was asked may have been done");
	}
}

void web_answer_tick(struct web *web)
{
	struct web_call *next = web_calls_next(web->calls, NULL);
	while (next) {
		struct web_call *call = next;
		next = web_calls_next(web->calls, call);
		if (web->now_ms < call->until_ms)
			continue;
		web->late_calls += call->kind != WEB_CALL_PROBE;
		give_up(web, call, 504, "timeout",
			"the server did not answer in time; what was asked may have been done");
	}
}
