/* fuzz/web_front.c - a stranger's bytes for the whole front: HTTP heads, bodies, upgrades, frames, and what serves
 * them.
 *
 * No TLS and no sandbox; otherwise the worker's own code, with a core and a query that answer everything. An input's
 * first byte says how large the pieces are in which the rest arrives (0: all at once), so that every state is cut
 * everywhere. What must hold: no crash, no endless loop, a bounded answer, and whatever the front says first is HTTP.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/web/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TURNS_MAX = 2000 };

static const struct route routes[] = {
	{"test_list", ROUTE_GET, "/api/things", ROUTE_READ, ROUTE_EVERYBODY, &route_object_shape, &route_done_shape},
	{"test_file", ROUTE_GET, "/api/things/:id", ROUTE_RECORDED, ROUTE_EVERYBODY, &route_object_shape,
	 &route_done_shape},
	{"test_change", ROUTE_POST, "/api/things/:id", ROUTE_WRITE, ROUTE_EVERYBODY, &route_object_shape,
	 &route_done_shape},
	{"test_say", ROUTE_POST, "/api/session", ROUTE_PUBLIC, ROUTE_EVERYBODY, &route_refusal_shape,
	 &route_done_shape},
	{"test_out", ROUTE_DELETE, "/api/session", ROUTE_WRITE, ROUTE_EVERYBODY, &route_nothing_shape,
	 &route_done_shape},
	{"metrics", ROUTE_GET, NULL, ROUTE_PUBLIC, ROUTE_EVERYBODY, &route_nothing_shape, &route_text_shape},
};
static const struct web_asset assets[] = {
	{"/index.html", "text/html", "\"a\"", (const uint8_t *)"page", 4, 4, false, false},
	{"/assets/a-12345678.js", "text/javascript", "\"b\"", (const uint8_t *)"1", 1, 1, false, true},
};
static const char *const hosts[] = {"a"};
static const struct web_options options = {.routes = routes, .route_count = 6, .assets = assets, .asset_count = 2};

static struct web web;
static struct link *ends[2]; /* core's and query's */
static struct arena *end_arena;

/* ---- core and query ---- */

static void say(enum worker_role from, uint64_t call, uint32_t status, bool more, bool with_session)
{
	static const uint8_t token[32] = {7};
	struct answer answer = {
		.call = call,
		.status = status,
		.more = more,
		.body = SPAN_TEXT("{\"seq\":1}"),
		.token = {token, with_session ? sizeof token : 0},
	};
	ENSURE(!failed(web_answer_take(&web, from, &answer)));
}

static void answer_request(enum worker_role from, const struct request *request)
{
	ENSURE(request->route < 6);
	struct cursor c = cursor_of(request->body);
	const struct shape *shape = routes[request->route].request;
	void *value = arena_take(end_arena, shape->size);
	ENSURE(!failed(shape_read_binary(&c, shape, end_arena, value)) && !failed(cursor_finish(&c, "request")));
	ENSURE(request->token.size == 32 || routes[request->route].access == ROUTE_PUBLIC);
	if (routes[request->route].access == ROUTE_RECORDED)
		from = WORKER_QUERY;
	say(from, request->call, 200, from == WORKER_QUERY, from == WORKER_CORE);
	if (from == WORKER_QUERY)
		say(from, request->call, 200, false, false);
}

static void be_end(size_t at)
{
	for (;;) {
		struct message message;
		bool there = false;
		enum worker_role role = at == 0 ? WORKER_CORE : WORKER_QUERY;
		arena_reset(end_arena);
		ENSURE(!failed(link_receive(ends[at], end_arena, &message, &there)));
		if (!there)
			return;
		if (message.kind == MESSAGE_REQUEST)
			answer_request(role, message.body);
		else if (message.kind == MESSAGE_FEED_OPEN)
			say(role, ((const struct feed_open *)message.body)->call, 200, false, false);
	}
}

static void feed(uint64_t seq)
{
	struct feed_lines lines = {
		.first = seq,
		.count = 1,
		.size = seq + 1,
		.checkpoint = SPAN_TEXT("note\n"),
		.lines = SPAN_TEXT("{\"seq\":1}\n"),
	};
	ENSURE(!failed(web_feed_take(web.feed, &lines)));
}

/* ---- the worker around the front, as web.c has it ---- */

bool web_link_send(struct web_link *to, enum message_kind kind, const void *body)
{
	return to->link && !failed(link_send(to->link, kind, body));
}

static bool on_accept(void *context, const struct web_address *address)
{
	(void)context;
	(void)address;
	return true;
}

static void on_drained(void *context, struct web_connection *c)
{
	(void)context;
	web_feed_drained(web.feed, c);
}

static void on_gone(void *context, struct web_connection *c, void *user)
{
	struct web_owner *owner = user;
	(void)context;
	(void)c;
	if (owner->kind == WEB_OWNER_CALL) {
		web_answer_gone(&web, user);
		return;
	}
	for (struct web_call *call = web_calls_next(web.calls, NULL); call; call = web_calls_next(web.calls, call))
		if (call->console == user)
			web_calls_end(web.calls, call);
	web_feed_remove(web.feed, user);
}

static struct link *link_new(struct link **ret_end)
{
	int pair[2];
	ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	*ret_end = link_open(pair[1], "web");
	return link_open(pair[0], "end");
}

static void start(void)
{
	const struct web_rate_rule wide = {1000000000, 1000000000};
	web.options = &options;
	web.loop = web_loop_new();
	web.arena = arena_new(WEB_REQUEST_ARENA_SIZE);
	web.rate = web_rate_new(wide);
	web.rate_public = web_rate_new(wide);
	web.assets = web_assets_new(assets, 2);
	web.calls = web_calls_new();
	web.hosts = (struct web_hosts){hosts, 1};
	web.call_ms = WEB_CALL_MS;
	web.handler = (struct web_handler){&web, on_accept, web_serve, web_serve_malformed, on_drained, on_gone};
	web.core = (struct web_link){
		.source.descriptor = -1, .web = &web, .role = WORKER_CORE, .link = link_new(&ends[0])};
	web.query = (struct web_link){
		.source.descriptor = -1, .web = &web, .role = WORKER_QUERY, .link = link_new(&ends[1])};
	memcpy(web.metrics_token, "0123456789abcdef", 16);
	web.metrics_token_size = 16;
	end_arena = arena_new(1024 * 1024);
	web_decode_start();
}

static void turn(void)
{
	web_loop_wait(web.loop, 0);
	be_end(0);
	be_end(1);
	web_front_tick(web.front, web.now_ms);
}

/* Read what the front said, and look at how it begins. */
static void listen_to(int descriptor, size_t *heard)
{
	char bytes[65536];
	for (;;) {
		ssize_t size = recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
		if (size <= 0)
			return;
		if (*heard == 0)
			ENSURE(size > 12 && memcmp(bytes, "HTTP/1.1 ", 9) == 0);
		*heard += (size_t)size;
		ENSURE(*heard < 64 * 1024 * 1024);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	int pair[2];
	size_t heard = 0;
	if (!started) {
		start();
		started = true;
	}
	if (size < 1)
		return 0;
	web.now_ms = clock_boot_us() / 1000;
	web.feed = web_feed_new();
	feed(9);
	ENSURE(!failed(web_front_new(web.loop, &web.handler, &web_front_limits_usual, NULL, -1, &web.front)));
	ENSURE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	ENSURE(!failed(web_front_adopt(web.front, pair[0])));
	size_t piece = data[0] ? data[0] : size;
	for (size_t at = 1, turns = 0; at < size && turns < TURNS_MAX; turns++) {
		size_t part = size - at < piece ? size - at : piece;
		ssize_t sent = send(pair[1], data + at, part, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && web_front_counts(web.front).open == 0)
			break;
		at += sent > 0 ? (size_t)sent : 0;
		turn();
		listen_to(pair[1], &heard);
	}
	feed(10);
	web_feed_beat(web.feed, 0);
	turn();
	turn();
	listen_to(pair[1], &heard);
	(void)close(pair[1]);
	turn();
	turn();
	ENSURE(web_front_counts(web.front).open == 0); /* who has gone leaves nothing behind */
	ENSURE(web_calls_count(web.calls) == 0 && web_feed_counts(web.feed).consoles == 0);
	web.front = web_front_free(web.front);
	web.feed = web_feed_free(web.feed);
	return 0;
}
