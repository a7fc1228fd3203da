#include <openssl/evp.h>

#include "base/clock.h"
#include "worker/web/state.h"

/* ---- refusing ---- */

void web_refuse(struct web *web, struct web_connection *c, const struct web_head *head,
		const struct web_refusal *refusal, const char *more)
{
	uint8_t fields[WEB_FIELDS_SIZE_MAX];
	uint8_t body[4096];
	struct sink f = SINK_OF(fields);
	struct sink b = SINK_OF(body);
	struct route_refusal said = {
		.error = span_of_string(refusal->error),
		.message = span_of_string(refusal->message),
		.field = span_of_string(refusal->field),
	};
	shape_write_full(&b, &route_refusal_shape, &said);
	web_guard_fields(&f, head, false);
	sink_text(&f, "Content-Type: application/json\r\nCache-Control: no-store\r\n");
	sink_text(&f, more);
	ENSURE(!f.failed && !b.failed);
	web->answered[refusal->status / 100]++;
	web_answer(c, refusal->status, sink_span(&f), sink_span(&b));
}

static void refuse(struct web *web, struct web_connection *c, const struct web_head *head, uint32_t status,
		   const char *error, const char *why, const char *more)
{
	struct web_refusal refusal;
	web_refusal_set(&refusal, status, error, "", "%s", why);
	web_refuse(web, c, head, &refusal, more);
}

void web_serve_malformed(void *context, struct web_connection *c, uint32_t status, const char *why)
{
	refuse(context, c, NULL, status,
	       status == 413   ? "too-large"
	       : status == 408 ? "too-slow"
			       : "malformed",
	       why, "");
}

static void refuse_unready(struct web *web, struct web_connection *c, const struct web_head *head, const char *why)
{
	refuse(web, c, head, 503, "starting", why, "Retry-After: 1\r\n");
}

static bool within_rate(struct web *web, struct web_rate *rate, struct web_connection *c, const struct web_head *head)
{
	uint32_t wait_s = web_rate_take(rate, web_connection_address(c), web->now_ms);
	if (wait_s == 0)
		return true;
	char more[48];
	struct sink s = sink_of(more, sizeof more - 1);
	sink_printf(&s, "Retry-After: %u\r\n", wait_s);
	more[s.size] = '\0';
	refuse(web, c, head, 429, "too-many", "too many requests from this address", more);
	return false;
}

/* ---- sessions ---- */

static void hash_token(struct span token, uint8_t ret_hash[32])
{
	ENSURE(EVP_Digest(token.at, token.size, ret_hash, NULL, EVP_sha256(), NULL) == 1);
}

/* Tell core that this session's user is there, but not more often than WEB_SEEN_EVERY_MS. */
static void tell_seen(struct web *web, struct span token)
{
	uint8_t hash[32];
	hash_token(token, hash);
	struct web_seen *place = &web->seen[0];
	for (size_t i = 0; i < WEB_SEEN_MAX; i++) {
		struct web_seen *seen = &web->seen[i];
		if (span_equal_secret(SPAN_OF(seen->token_hash), SPAN_OF(hash))) {
			place = seen;
			break;
		}
		if (seen->said_ms < place->said_ms)
			place = seen;
	}
	bool same = span_equal_secret(SPAN_OF(place->token_hash), SPAN_OF(hash));
	if (same && web->now_ms < place->said_ms + WEB_SEEN_EVERY_MS)
		return;
	memcpy(place->token_hash, hash, sizeof place->token_hash);
	place->said_ms = web->now_ms;
	struct session_seen seen = {token};
	(void)web_link_send(&web->core, MESSAGE_SESSION_SEEN, &seen);
}

/* ---- the API ---- */

static struct web_link *link_for(struct web *web, const struct route *route)
{
	return route->access == ROUTE_READ ? &web->query : &web->core;
}

static void call(struct web *web, struct web_connection *c, const struct web_head *head, uint32_t number,
		 struct span token, struct span body)
{
	const struct route *route = &web->options->routes[number];
	struct web_link *to = link_for(web, route);
	if (!to->link) {
		refuse_unready(web, c, head, "the server is starting");
		return;
	}
	struct web_call *under_way = web_calls_add(web->calls, WEB_CALL_REQUEST, to->role, web->now_ms + web->call_ms);
	if (!under_way) {
		refuse(web, c, head, 503, "busy", "too many requests are under way", "Retry-After: 1\r\n");
		return;
	}
	under_way->c = c;
	under_way->passes_on = route->access == ROUTE_RECORDED;
	web_connection_set_user(c, under_way);
	struct request request = {
		.call = under_way->number,
		.route = number,
		.token = token,
		.from = web_connection_from(c),
		.body = body,
	};
	if (web_link_send(to, MESSAGE_REQUEST, &request))
		return;
	web_calls_end(web->calls, under_way);
	refuse_unready(web, c, head, "the server does not listen");
}

/* application/json, with or without a parameter. */
static bool is_json(const struct web_head *head)
{
	static const char json[] = "application/json";
	struct span type = web_head_value(head, "content-type");
	if (type.size > sizeof json - 1 && (type.at[sizeof json - 1] == ';' || type.at[sizeof json - 1] == ' '))
		type.size = sizeof json - 1;
	return web_head_equal_word(type, SPAN_TEXT("application/json"));
}

static void decode_and_call(struct web *web, struct web_connection *c, const struct web_head *head,
			    const struct web_match *match, struct span token, struct span body)
{
	const struct shape *shape = web->options->routes[match->route].request;
	struct web_refusal refusal;
	void *value = arena_take(web->arena, shape->size);
	if (!web_decode(shape, match, head->query, body, web->arena, value, &refusal)) {
		web_refuse(web, c, head, &refusal, "");
		return;
	}
	struct sink s = SINK_OF(web->binary);
	shape_write_binary(&s, shape, value);
	if (s.failed)
		refuse(web, c, head, 413, "too-large", "the request is too large", "");
	else
		call(web, c, head, match->route, token, sink_span(&s));
	wipe(web->binary, s.size);
}

static void serve_route(struct web *web, struct web_connection *c, const struct web_head *head, struct span body)
{
	const struct web_options *options = web->options;
	struct web_match match;
	uint8_t token[WEB_TOKEN_SIZE];
	char allow[64] = "Allow: ";
	switch (web_router_find(options->routes, options->route_count, head->method, head->path, &match)) {
	case WEB_MATCH_NONE:
		refuse(web, c, head, 404, "unknown-route", "there is nothing at this address", "");
		return;
	case WEB_MATCH_METHOD: {
		struct sink s = sink_of(allow + 7, sizeof allow - 8);
		web_router_allow(options->routes, options->route_count, head->path, &s);
		sink_text(&s, "\r\n");
		refuse(web, c, head, 405, "wrong-method", "this address is not asked in this way", allow);
		return;
	}
	case WEB_MATCH_FOUND:
		break;
	}
	const struct route *route = &options->routes[match.route];
	if (route->access == ROUTE_PUBLIC && !within_rate(web, web->rate_public, c, head))
		return;
	if (route->method != ROUTE_GET && !web_guard_origin(head)) {
		refuse(web, c, head, 403, "wrong-origin", "a change comes from our own pages alone", "");
		return;
	}
	if (body.size > 0 && route->method == ROUTE_GET) {
		refuse(web, c, head, 400, "invalid", "a read has no body", "");
		return;
	}
	if (body.size > 0 && !is_json(head)) {
		refuse(web, c, head, 415, "wrong-media-type", "the body must be application/json", "");
		return;
	}
	bool has_token = web_guard_token(head, token);
	if (!has_token && route->access != ROUTE_PUBLIC) {
		refuse(web, c, head, 401, "signed-out", "sign in first", "");
		return;
	}
	struct span session = {token, has_token ? sizeof token : 0};
	if (route->access == ROUTE_READ) /* of all others core hears itself */
		tell_seen(web, session);
	decode_and_call(web, c, head, &match, session, body);
	wipe(token, sizeof token);
}

/* ---- the feed ---- */

/* "after=17", or nothing. */
static bool read_after(struct span query, bool *ret_has, uint64_t *ret_after)
{
	static const char name[] = "after=";
	*ret_has = query.size > 0;
	*ret_after = 0;
	if (query.size == 0)
		return true;
	if (query.size < sizeof name - 1 || memcmp(query.at, name, sizeof name - 1) != 0)
		return false;
	return !failed(decimal_read((struct span){query.at + sizeof name - 1, query.size - (sizeof name - 1)},
				    SHAPE_NUMBER_MAX - 1, ret_after));
}

static void open_feed(struct web *web, struct web_connection *c, const struct web_head *head, struct span token,
		      bool has_after, uint64_t after)
{
	uint8_t hash[32];
	hash_token(token, hash);
	if (!web->core.link) {
		refuse_unready(web, c, head, "the server is starting");
		return;
	}
	struct web_call *asked = web_calls_add(web->calls, WEB_CALL_FEED, WORKER_CORE, web->now_ms + web->call_ms);
	struct web_console *console = asked ? web_feed_add(web->feed, c, hash, has_after, after) : NULL;
	if (!console) {
		if (asked)
			web_calls_end(web->calls, asked);
		refuse(web, c, head, 503, "busy", "too many consoles are open", "Retry-After: 5\r\n");
		return;
	}
	asked->console = console;
	if (failed(web_answer_upgrade(c, head))) {
		web_calls_end(web->calls, asked);
		web_feed_remove(web->feed, console);
		refuse(web, c, head, 400, "invalid", "the handshake is malformed", "");
		return;
	}
	web_connection_set_user(c, console);
	web->answered[1]++;
	struct feed_open open = {.call = asked->number, .token = token, .from = web_connection_from(c)};
	if (web_link_send(&web->core, MESSAGE_FEED_OPEN, &open))
		return;
	web_calls_end(web->calls, asked);
	web_leave(c, WEB_FRAME_CLOSE_TRY_LATER);
}

static void serve_feed(struct web *web, struct web_connection *c, const struct web_head *head)
{
	uint8_t token[WEB_TOKEN_SIZE];
	bool has_after;
	uint64_t after;
	if (head->method != WEB_HEAD_METHOD_GET)
		refuse(web, c, head, 405, "wrong-method", "the feed is a WebSocket", "Allow: GET\r\n");
	else if (!head->upgrades)
		refuse(web, c, head, 426, "upgrade", "the feed is a WebSocket",
		       "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	else if (!web_guard_origin(head))
		refuse(web, c, head, 403, "wrong-origin", "the feed is for our own pages alone", "");
	else if (!read_after(head->query, &has_after, &after))
		refuse(web, c, head, 400, "invalid", "after: must be a whole number", "");
	else if (!web_guard_token(head, token))
		refuse(web, c, head, 401, "signed-out", "sign in first", "");
	else
		open_feed(web, c, head, SPAN_OF(token), has_after, after);
	wipe(token, sizeof token);
}

static void serve_api(struct web *web, struct web_connection *c, const struct web_head *head, struct span body)
{
	/* Not every browser says where an upgrade comes from in the same way; its Origin is checked there. */
	if (span_is(head->path, "/api/feed"))
		serve_feed(web, c, head);
	else if (!web_guard_site(head))
		refuse(web, c, head, 403, "wrong-origin", "only our own pages may ask this", "");
	else
		serve_route(web, c, head, body);
}

/* ---- health and metrics ---- */

static bool is_fresh(const struct web *web, const struct web_link *link, uint32_t fresh_ms)
{
	return link->link && link->answered_ms > 0 && web->now_ms < link->answered_ms + fresh_ms;
}

static void serve_health(struct web *web, struct web_connection *c, const struct web_head *head)
{
	uint8_t fields[WEB_FIELDS_SIZE_MAX];
	struct sink f = SINK_OF(fields);
	if (!is_fresh(web, &web->core, WEB_PROBE_FRESH_MS + WEB_PROBE_EVERY_MS) ||
	    !is_fresh(web, &web->query, WEB_PROBE_FRESH_QUERY_MS)) {
		refuse_unready(web, c, head, "the server is starting, or does not answer");
		return;
	}
	web_guard_fields(&f, head, false);
	sink_text(&f, "Content-Type: application/json\r\nCache-Control: no-store\r\n");
	web->answered[2]++;
	web_answer(c, 200, sink_span(&f), SPAN_TEXT("{\"status\":\"ok\"}"));
}

static void serve_metrics(struct web *web, struct web_connection *c, const struct web_head *head)
{
	if (web->metrics_token_size == 0) {
		refuse(web, c, head, 404, "unknown-route", "no metrics are given out here", "");
		return;
	}
	if (!web_guard_bearer(head, web_token_of(web))) {
		refuse(web, c, head, 401, "signed-out", "the bearer token is wrong", "WWW-Authenticate: Bearer\r\n");
		return;
	}
	uint32_t number = 0;
	while (number < web->options->route_count && strcmp(web->options->routes[number].name, "metrics") != 0)
		number++;
	struct web_call *asked = NULL;
	if (number < web->options->route_count && web->core.link && !web->metrics)
		asked = web_calls_add(web->calls, WEB_CALL_METRICS, WORKER_CORE, web->now_ms + web->call_ms);
	if (asked) {
		uint8_t body[64];
		uint64_t nothing[8] = {0};
		const struct shape *shape = web->options->routes[number].request;
		REQUIRE(shape->size <= sizeof nothing); /* its request says nothing */
		struct sink s = SINK_OF(body);
		shape_write_binary(&s, shape, nothing);
		struct request request = {
			.call = asked->number, .route = number, .from = web_connection_from(c), .body = sink_span(&s)};
		asked->c = c;
		asked->passes_on = true;
		web_connection_set_user(c, asked);
		if (web_link_send(&web->core, MESSAGE_REQUEST, &request))
			return;
		web_calls_end(web->calls, asked);
	}
	web_answer_metrics(web, c, (struct span){0});
}

/* ---- pages ---- */

static void serve_page(struct web *web, struct web_connection *c, const struct web_head *head)
{
	uint8_t fields[WEB_FIELDS_SIZE_MAX];
	struct sink f = SINK_OF(fields);
	const struct web_asset *asset = web_assets_find(web->assets, head->path);
	if (!asset) {
		refuse(web, c, head, 404, "unknown-route", "there is nothing at this address", "");
		return;
	}
	bool packed = false;
	struct web_bytes *bytes = web_assets_bytes(web->assets, asset, web_assets_takes_brotli(head), &packed);
	if (!bytes) {
		refuse(web, c, head, 500, "failed", "this file of the console is broken", "");
		return;
	}
	web_guard_fields(&f, head, true);
	sink_printf(&f, "ETag: %s\r\nCache-Control: %s\r\n", asset->etag,
		    asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
	if (asset->brotli)
		sink_text(&f, "Vary: Accept-Encoding\r\n");
	bool known = web_head_lists(head, "if-none-match", asset->etag);
	if (!known)
		sink_printf(&f, "Content-Type: %s\r\n%s", asset->media_type, packed ? "Content-Encoding: br\r\n" : "");
	ENSURE(!f.failed);
	web->answered[known ? 3 : 2]++;
	if (known)
		web_answer(c, 304, sink_span(&f), (struct span){0});
	else
		web_answer_bytes(c, 200, sink_span(&f), bytes);
}

/* ---- every request ---- */

static bool is_api(struct span path)
{
	return path.size >= 4 && memcmp(path.at, "/api", 4) == 0 && (path.size == 4 || path.at[4] == '/');
}

void web_serve(void *context, struct web_connection *c, const struct web_head *head, struct span body)
{
	struct web *web = context;
	bool reads = head->method == WEB_HEAD_METHOD_GET || head->method == WEB_HEAD_METHOD_HEAD;
	arena_reset(web->arena);
	if (!within_rate(web, web->rate, c, head))
		return;
	if (!web_guard_host(&web->hosts, head))
		refuse(web, c, head, 421, "wrong-host", "this server is not known by that name", "");
	else if (is_api(head->path))
		serve_api(web, c, head, body);
	else if (!reads)
		refuse(web, c, head, 405, "wrong-method", "this address is only read", "Allow: GET, HEAD\r\n");
	else if (span_is(head->path, "/healthz"))
		serve_health(web, c, head);
	else if (span_is(head->path, "/metrics"))
		serve_metrics(web, c, head);
	else
		serve_page(web, c, head);
	arena_reset(web->arena);
}
