#include "worker/web/web.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/web/state.h"
#include "worker/web/tls.h"

enum {
	WEB_TURN_MS_MAX = 100,
	WEB_LOOK_EVERY_MS = 50, /* for time-outs */
	WEB_MESSAGES_A_TURN_MAX = 64,
	WEB_MESSAGE_ARENA_SIZE = 256 * 1024,
	WEB_SEND_BUFFER_SIZE = 256 * 1024, /* of the kernel, for each client: what waits beyond is ours, and counted */
};

static const struct web_rate_rule rate_usual = {.burst = 400, .per_minute = 3000};
static const struct web_rate_rule rate_public_usual = {.burst = 10, .per_minute = 20};
static const struct web_rate_rule rate_connections_usual = {.burst = 200, .per_minute = 600};

/* ---- links ---- */

static void want(struct web_link *link)
{
	uint32_t wanted = WEB_LOOP_READ;
	if (link->link && link_wants_write(link->link))
		wanted |= WEB_LOOP_WRITE;
	web_loop_want(link->web->loop, &link->source, wanted);
}

/* A peer has gone, or broke its promise: the supervisor brings a new link, or starts us again. */
static void lose(struct web_link *link, const char *why)
{
	struct web *web = link->web;
	if (!link->link)
		return;
	log_warning("link=%s lost=1 why=\"%s\"", link_name(link->link), why);
	web_loop_remove(web->loop, &link->source);
	if (link == &web->supervisor) {
		web->over = true;
		return; /* the child closes it */
	}
	link->link = link_close(link->link);
	link->answered_ms = 0;
	web_answer_lost(web, link->role);
	if (link == &web->core)
		web_feed_forget(web->feed);
}

bool web_link_send(struct web_link *to, enum message_kind kind, const void *body)
{
	if (!to->link)
		return false;
	struct err e = link_send(to->link, kind, body);
	if (failed(e) && e.code != ERR_FULL)
		lose(to, err_why());
	else
		want(to);
	return !failed(e);
}

static void link_ready(struct web_loop_source *source, uint32_t events);

static void use_link(struct web *web, struct web_link *place, enum worker_role role, struct link *link)
{
	if (place->link)
		lose(place, "replaced by a new one");
	*place = (struct web_link){
		.source = {.descriptor = link_descriptor(link), .ready = link_ready},
		.web = web,
		.role = role,
		.link = link,
	};
	ENSURE(!failed(web_loop_add(web->loop, &place->source, WEB_LOOP_READ)));
}

static struct err take_peer(struct web *web, const struct message *message)
{
	struct child_peer peer;
	TRY(child_peer(message, &peer));
	if (peer.role == WORKER_CORE) {
		use_link(web, &web->core, peer.role, peer.link);
	} else if (peer.role == WORKER_QUERY) {
		use_link(web, &web->query, peer.role, peer.link);
	} else {
		peer.link = link_close(peer.link);
		return FAIL(ERR_INVALID, "a peer that web does not talk to");
	}
	return OK;
}

static struct err take_message(struct web_link *from, const struct message *message)
{
	struct web *web = from->web;
	if (from == &web->supervisor && message->kind == MESSAGE_SUPERVISOR_PEER)
		return take_peer(web, message);
	if (from != &web->supervisor && message->kind == MESSAGE_ANSWER)
		return web_answer_take(web, from->role, message->body);
	if (from == &web->core && message->kind == MESSAGE_FEED_LINES)
		return web_feed_take(web->feed, message->body);
	if (from == &web->core && message->kind == MESSAGE_SESSION_OVER) {
		const struct session_over *over = message->body;
		web_feed_end_session(web->feed, over->token_hash);
		return OK;
	}
	if (message->descriptor >= 0)
		(void)close(message->descriptor);
	return FAIL(ERR_INVALID, "unexpected message %s", message_name(message->kind));
}

static struct err drain(struct web_link *from)
{
	struct web *web = from->web;
	TRY(link_flush(from->link));
	for (size_t i = 0; i < WEB_MESSAGES_A_TURN_MAX && from->link; i++) {
		struct message message;
		bool there = false;
		arena_reset(web->message_arena);
		TRY(link_receive(from->link, web->message_arena, &message, &there));
		if (!there)
			break;
		TRY(take_message(from, &message));
	}
	arena_reset(web->message_arena);
	return OK;
}

static void link_ready(struct web_loop_source *source, uint32_t events)
{
	struct web_link *link = (struct web_link *)source;
	(void)events; /* whatever it is, reading tells */
	link->web->now_ms = clock_boot_us() / 1000;
	struct err e = drain(link);
	if (failed(e))
		lose(link, err_why());
	else if (link->link)
		want(link);
}

/* ---- the front's callbacks ---- */

static bool on_accept(void *context, const struct web_address *address)
{
	struct web *web = context;
	return web_rate_take(web->rate_connections, address, web->now_ms) == 0;
}

static void on_request(void *context, struct web_connection *c, const struct web_head *head, struct span body)
{
	struct web *web = context;
	web->now_ms = clock_boot_us() / 1000;
	web_serve(web, c, head, body);
}

static void on_drained(void *context, struct web_connection *c)
{
	struct web *web = context;
	web_feed_drained(web->feed, c);
}

static void on_gone(void *context, struct web_connection *c, void *user)
{
	struct web *web = context;
	struct web_owner *owner = user;
	(void)c;
	if (owner->kind == WEB_OWNER_CALL) {
		web_answer_gone(web, user);
		return;
	}
	for (struct web_call *call = web_calls_next(web->calls, NULL); call; call = web_calls_next(web->calls, call))
		if (call->console == user)
			web_calls_end(web->calls, call);
	web_feed_remove(web->feed, user);
}

/* ---- starting ---- */

static struct err read_descriptor(int descriptor, uint8_t *bytes, size_t *ret_size)
{
	size_t size = 0;
	for (;;) {
		/* Not read: the descriptor, and so its place, may be shared with the one that was here before us. */
		ssize_t got = pread(descriptor, bytes + size, WEB_FILE_SIZE_MAX - size, (off_t)size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return FAIL_ERRNO("read");
		if (got == 0)
			break;
		size += (size_t)got;
		if (size == WEB_FILE_SIZE_MAX)
			return FAIL(ERR_TOO_LARGE, "over %d bytes", WEB_FILE_SIZE_MAX);
	}
	*ret_size = size;
	return OK;
}

static struct err read_file(const struct web_file *file, const char *what, uint8_t *bytes, size_t *ret_size)
{
	if (!file->path)
		return err_within(read_descriptor(file->descriptor, bytes, ret_size), "%s", what);
	int descriptor = open(file->path, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return FAIL_ERRNO("%s %s", what, file->path);
	struct err e = err_within(read_descriptor(descriptor, bytes, ret_size), "%s %s", what, file->path);
	(void)close(descriptor);
	return e;
}

static struct err start_tls(struct web *web)
{
	uint8_t *certificate = malloc(WEB_FILE_SIZE_MAX);
	uint8_t *key = malloc(WEB_FILE_SIZE_MAX);
	size_t certificate_size = 0;
	size_t key_size = 0;
	ENSURE(certificate && key);
	struct err e = read_file(&web->options->certificate, "certificate", certificate, &certificate_size);
	if (!failed(e))
		e = read_file(&web->options->key, "key", key, &key_size);
	if (!failed(e))
		e = web_tls_new((struct span){certificate, certificate_size}, (struct span){key, key_size}, &web->tls);
	wipe(key, key_size);
	free(key);
	free(certificate);
	return e;
}

static struct err start_metrics(struct web *web)
{
	const struct web_file *file = &web->options->metrics;
	if (!file->path && file->descriptor == 0)
		return OK;
	uint8_t *token = malloc(WEB_FILE_SIZE_MAX);
	size_t size = 0;
	ENSURE(token);
	struct err e = read_file(file, "metrics token", token, &size);
	while (!failed(e) && size > 0 && (token[size - 1] == '\n' || token[size - 1] == '\r'))
		size--;
	if (!failed(e) && (size < 16 || size > sizeof web->metrics_token))
		e = FAIL(ERR_INVALID, "metrics token: not 16 to 256 bytes");
	if (!failed(e)) {
		memcpy(web->metrics_token, token, size);
		web->metrics_token_size = size;
	}
	wipe(token, size);
	free(token);
	return e;
}

static void start_listener(int listener)
{
	int flags = fcntl(listener, F_GETFL);
	int size = WEB_SEND_BUFFER_SIZE;
	int on = 1;
	ENSURE(flags >= 0 && fcntl(listener, F_SETFL, flags | O_NONBLOCK) == 0);
	/* Whatever is accepted inherits these. */
	(void)setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	(void)setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static struct web_rate_rule rule_of(struct web_rate_rule given, struct web_rate_rule usual)
{
	return given.burst > 0 ? given : usual;
}

static struct err start(struct web *web)
{
	const struct web_options *options = web->options;
	web->loop = web_loop_new();
	web->arena = arena_new(WEB_REQUEST_ARENA_SIZE);
	web->message_arena = arena_new(WEB_MESSAGE_ARENA_SIZE);
	web->rate = web_rate_new(rule_of(options->rate, rate_usual));
	web->rate_public = web_rate_new(rule_of(options->rate_public, rate_public_usual));
	web->rate_connections = web_rate_new(rule_of(options->rate_connections, rate_connections_usual));
	web->assets = web_assets_new(options->assets, options->asset_count);
	web->feed = web_feed_new();
	web->calls = web_calls_new();
	web->hosts = (struct web_hosts){options->hosts, options->host_count};
	web->call_ms = options->call_ms ? options->call_ms : WEB_CALL_MS;
	web->handler = (struct web_handler){
		.context = web,
		.accept = on_accept,
		.request = on_request,
		.malformed = web_serve_malformed,
		.drained = on_drained,
		.gone = on_gone,
	};
	web_decode_start();
	TRY(start_tls(web));
	TRY(start_metrics(web));
	start_listener(options->listener);
	return web_front_new(web->loop, &web->handler, options->limits ? options->limits : &web_front_limits_usual,
			     web->tls, options->listener, &web->front);
}

static struct err start_links(struct web *web)
{
	static const enum worker_role roles[] = {WORKER_CORE, WORKER_QUERY};
	struct link *links[2];
	TRY(child_peers_wait(web->child, web->message_arena, roles, 2, links));
	use_link(web, &web->supervisor, WORKER_NONE, child_link(web->child));
	use_link(web, &web->core, WORKER_CORE, links[0]);
	use_link(web, &web->query, WORKER_QUERY, links[1]);
	return OK;
}

static struct err close_sandbox(struct web *web)
{
	const struct sandbox_policy policy = {.role = WORKER_WEB};
	struct sandbox_report report;
	if (web->options->uid != 0 && sandbox_can_drop())
		TRY(sandbox_drop(web->options->uid, web->options->gid));
	TRY(sandbox_enter(&policy, &report));
	if (report.missing[0])
		log_warning("sandbox=\"%s\"", report.missing);
	return child_sandbox(web->child, &report);
}

/* ---- turning ---- */

static void probe(struct web *web, struct web_link *to)
{
	struct web_call *call =
		to->link ? web_calls_add(web->calls, WEB_CALL_PROBE, to->role, web->now_ms + web->call_ms) : NULL;
	if (!call)
		return;
	/* Questions whose answer is a refusal, and which change nothing: only that there is one matters. */
	struct feed_open nobody = {.call = call->number};
	struct request nothing = {.call = call->number, .route = UINT32_MAX};
	bool sent = to == &web->core ? web_link_send(to, MESSAGE_FEED_OPEN, &nobody)
				     : web_link_send(to, MESSAGE_REQUEST, &nothing);
	if (!sent && web_calls_find(web->calls, call->number) == call)
		web_calls_end(web->calls, call);
}

static void beat(struct web *web)
{
	if (web->now_ms < web->beat_ms + WEB_PROBE_EVERY_MS)
		return;
	web->beat_ms = web->now_ms;
	if (web->core.link && web->core.answered_ms > 0 && web->now_ms < web->core.answered_ms + WEB_PROBE_FRESH_MS)
		web_feed_beat(web->feed, clock_wall_us());
	probe(web, &web->core);
	probe(web, &web->query);
}

static struct err turn(struct web *web)
{
	TRY(child_alive(web->child, clock_boot_us()));
	want(&web->supervisor);
	web_loop_wait(web->loop, WEB_TURN_MS_MAX);
	web->now_ms = clock_boot_us() / 1000;
	if (web->now_ms >= web->looked_ms + WEB_LOOK_EVERY_MS) {
		web->looked_ms = web->now_ms;
		web_answer_tick(web);
		beat(web);
	}
	web_front_tick(web->front, web->now_ms);
	return OK;
}

static void end(struct web *web)
{
	web->front = web_front_free(web->front);
	web->core.link = link_close(web->core.link);
	web->query.link = link_close(web->query.link);
	web->feed = web_feed_free(web->feed);
	web->calls = web_calls_free(web->calls);
	web->assets = web_assets_free(web->assets);
	web->rate = web_rate_free(web->rate);
	web->rate_public = web_rate_free(web->rate_public);
	web->rate_connections = web_rate_free(web->rate_connections);
	web->arena = arena_free(web->arena);
	web->message_arena = arena_free(web->message_arena);
	web->tls = web_tls_free(web->tls);
	web->loop = web_loop_free(web->loop);
	web->child = child_free(web->child);
	free(web->metrics);
	wipe(web->metrics_token, sizeof web->metrics_token);
}

int web_worker_run(const struct web_options *options)
{
	struct web *web = calloc(1, sizeof *web);
	ENSURE(web);
	web->options = options;
	web->now_ms = clock_boot_us() / 1000;
	log_start("web", LOG_INFO);
	(void)signal(SIGPIPE, SIG_IGN); /* TLS writes by write(2) */
	struct err e = child_start(WORKER_WEB, 0, &web->child);
	if (!failed(e))
		e = start(web);
	if (!failed(e))
		e = start_links(web);
	if (!failed(e))
		e = close_sandbox(web);
	if (!failed(e))
		e = child_ready(web->child);
	if (!failed(e))
		log_info("ready=1 hosts=%zu routes=%zu files=%zu", options->host_count, options->route_count,
			 options->asset_count);
	while (!failed(e) && !web->over)
		e = turn(web);
	if (failed(e))
		log_error("ended=1 kind=%s why=\"%s\"", err_name(e.code), err_why());
	end(web);
	free(web);
	return failed(e) ? 1 : 0;
}
