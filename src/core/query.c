/* core/query.c - the process `query`: the domains' read routes over a read-only connection, so that a slow report never
 * delays a door.
 *
 * Web asks for plain reads and says who asks by a session's token; core passes on recorded reads and tools' reads,
 * and has judged them already. One request runs at a time; one that takes over five seconds is ended.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/internal.h"
#include "ipc/child.h"

enum {
	QUERY_ARENA_MAX = 8 * 1024 * 1024,
	QUERY_REPLY_BYTES_MAX = 2 * 1024 * 1024,
	QUERY_PART_BYTES_MAX = 60000,
	QUERY_WAIT_MS = 400,
};

struct query {
	const struct core_options *options;
	const struct core_route *routes[CORE_ROUTES_MAX];
	size_t route_count;
	struct store *store;
	struct child *child;
	struct link *core;
	struct link *web;
	struct arena *arena;
	uint8_t *reply; /* QUERY_REPLY_BYTES_MAX */
};

/* ---- answering ---- */

static struct err answer_send(struct link *to, uint64_t call, uint32_t status, const char *media_type, struct span body)
{
	do {
		size_t size = body.size > QUERY_PART_BYTES_MAX ? QUERY_PART_BYTES_MAX : body.size;
		struct answer part = {
			.call = call,
			.status = status,
			.media_type = span_of_string(media_type),
			.body = {body.at, size},
			.more = size < body.size,
		};
		body = (struct span){body.at + size, body.size - size};
		TRY(link_send(to, MESSAGE_ANSWER, &part));
	} while (body.size > 0);
	return OK;
}

static struct err refuse(struct query *query, struct link *to, uint64_t call, uint32_t status, const char *error,
			 const char *message)
{
	struct route_refusal refusal = {.error = span_of_string(error), .message = span_of_string(message)};
	struct sink s = sink_of(query->reply, QUERY_REPLY_BYTES_MAX);
	shape_write_full(&s, &route_refusal_shape, &refusal);
	return answer_send(to, call, status, "", sink_span(&s));
}

static struct err refuse_failed(struct query *query, struct link *to, uint64_t call, struct err e)
{
	switch (e.code) {
	case ERR_NOT_FOUND:
		return refuse(query, to, call, 404, "not-found", err_why());
	case ERR_INVALID:
		return refuse(query, to, call, 400, "invalid", err_why());
	case ERR_TOO_LARGE:
		return refuse(query, to, call, 413, "too-large", err_why());
	case ERR_BUSY:
		return refuse(query, to, call, 503, "busy", "the ledger is busy; ask again");
	default:
		log_error("failed=read kind=%s why=\"%s\"", err_name(e.code), err_why());
		return refuse(query, to, call, 500, "failed", "the read failed; the log says why");
	}
}

/* ---- reading ---- */

static struct err run(struct query *query, const struct core_route *route, struct core_read *read, struct sink *s)
{
	void *reply = arena_take(query->arena, route->route.reply->size);
	TRY(store_begin_read(query->store));
	struct err e = route->read(read, reply);
	store_rollback(query->store);
	TRY(e);
	if (route->route.reply != &route_text_shape)
		shape_write_full(s, route->route.reply, reply);
	return sink_finish(s, route->route.name);
}

static struct err serve(struct query *query, struct link *to, uint64_t call, uint32_t number, struct span body,
			struct core_session who)
{
	const struct core_route *route = query->routes[number];
	struct cursor c = cursor_of(body);
	void *request = arena_take(query->arena, route->route.request->size);
	struct err e = shape_read_binary(&c, route->route.request, query->arena, request);
	if (!failed(e))
		e = cursor_finish(&c, route->route.name);
	struct sink s = sink_of(query->reply, QUERY_REPLY_BYTES_MAX);
	struct core_read read = {
		.store = query->store,
		.arena = query->arena,
		.request = request,
		.user = who.user,
		.role = who.role,
		.now_us = clock_wall_us(),
		.text = &s,
		.media_type = "",
	};
	if (!failed(e))
		e = run(query, route, &read, &s);
	if (failed(e))
		return refuse_failed(query, to, call, e);
	return answer_send(to, call, 200, read.media_type, sink_span(&s));
}

static struct err session_find(struct query *query, struct span token, struct core_session *ret_session)
{
	*ret_session = (struct core_session){0};
	for (size_t m = 0; token.size == 32 && m < query->options->module_count; m++)
		if (query->options->modules[m]->session_read)
			TRY(query->options->modules[m]->session_read(query->store, token, clock_wall_us(),
								     ret_session));
	return OK;
}

static struct err web_asks(struct query *query, const struct request *request)
{
	struct core_session who;
	if (request->route >= query->route_count || query->routes[request->route]->route.access != ROUTE_READ)
		return refuse(query, query->web, request->call, 404, "unknown-route", "no such read");
	struct err e = session_find(query, request->token, &who);
	if (failed(e))
		return refuse_failed(query, query->web, request->call, e);
	if (who.role == ROLE_NONE)
		return refuse(query, query->web, request->call, 401, "signed-out", "sign in first");
	if (!route_allows(&query->routes[request->route]->route, who.role))
		return refuse(query, query->web, request->call, 403, "not-allowed", "not for this role");
	return serve(query, query->web, request->call, request->route, request->body, who);
}

static struct err core_passes(struct query *query, const struct request_passed *passed)
{
	struct core_session who = {.user = passed->user, .role = ROLE_ADMINISTRATOR};
	struct link *to = passed->to_web ? query->web : query->core;
	if (!to)
		return OK;
	if (passed->route >= query->route_count || !query->routes[passed->route]->read)
		return refuse(query, to, passed->call, 404, "unknown-route", "no such read");
	return serve(query, to, passed->call, passed->route, passed->body, who);
}

/* ---- the loop ---- */

static struct err link_drain(struct query *query, struct link *link)
{
	enum { DRAIN_MAX = 32 };
	for (size_t i = 0; i < DRAIN_MAX; i++) {
		struct message message;
		bool there = false;
		arena_reset(query->arena);
		TRY(link_receive(link, query->arena, &message, &there));
		if (!there)
			return OK;
		if (message.kind == MESSAGE_REQUEST && link == query->web)
			TRY(web_asks(query, message.body));
		else if (message.kind == MESSAGE_REQUEST_PASSED && link == query->core)
			TRY(core_passes(query, message.body));
		else
			return FAIL(ERR_INVALID, "%s said %s", link_name(link), message_name(message.kind));
	}
	return OK;
}

/* A new link to web comes when web was started again. */
static struct err supervisor_drain(struct query *query)
{
	for (;;) {
		struct message message;
		struct child_peer peer;
		bool there = false;
		arena_reset(query->arena);
		TRY(child_receive(query->child, query->arena, &message, &there));
		if (!there)
			return OK;
		if (message.kind != MESSAGE_SUPERVISOR_PEER)
			continue;
		TRY(child_peer(&message, &peer));
		struct link **place = peer.role == WORKER_WEB ? &query->web : &query->core;
		link_close(*place);
		*place = peer.link;
	}
}

static struct pollfd watched(const struct link *link)
{
	return (struct pollfd){
		.fd = link ? link_descriptor(link) : -1,
		.events = link && link_wants_write(link) ? POLLIN | POLLOUT : POLLIN,
	};
}

static struct err round_once(struct query *query)
{
	struct pollfd ready[] = {watched(child_link(query->child)), watched(query->core), watched(query->web)};
	if (poll(ready, 3, QUERY_WAIT_MS) < 0 && errno != EINTR)
		return FAIL_ERRNO("wait for requests");
	TRY(child_alive(query->child, clock_boot_us()));
	if (ready[0].revents)
		TRY(supervisor_drain(query));
	if (ready[1].revents) {
		TRY(link_flush(query->core));
		TRY(link_drain(query, query->core));
	}
	if (!ready[2].revents || !query->web)
		return OK;
	struct err e = link_flush(query->web);
	if (!failed(e))
		e = link_drain(query, query->web);
	if (failed(e)) { /* web has gone; the supervisor brings a new one */
		log_warning("lost=web why=\"%s\"", err_why());
		query->web = link_close(query->web);
	}
	return OK;
}

static struct err prepare(struct query *query)
{
	const struct core_options *options = query->options;
	const enum worker_role peers[] = {WORKER_CORE};
	TRY(child_start(WORKER_QUERY, 0, &query->child));
	log_start(child_name(query->child), LOG_INFO);
	query->arena = arena_new(QUERY_ARENA_MAX);
	query->reply = malloc(QUERY_REPLY_BYTES_MAX);
	ENSURE(query->reply);
	TRY(child_peers_wait(query->child, query->arena, peers, 1, &query->core));
	TRY(core_reader_enter(query->child, options, WORKER_QUERY));
	TRY(core_reader_open(query->child, options, STORE_QUERY_MS_DEFAULT, &query->store));
	return child_ready(query->child);
}

static struct err live(struct query *query)
{
	TRY(prepare(query));
	for (;;)
		TRY(round_once(query));
}

int query_run(const struct core_options *options)
{
	struct query query = {.options = options};
	for (size_t m = 0; m < options->module_count; m++)
		for (size_t i = 0; i < options->modules[m]->route_count; i++) {
			ENSURE(query.route_count < CORE_ROUTES_MAX);
			query.routes[query.route_count++] = &options->modules[m]->routes[i];
		}
	struct err e = live(&query);
	log_error("stopped=failed kind=%s why=\"%s\"", err_name(e.code), err_why());
	store_close(query.store);
	link_close(query.web);
	link_close(query.core);
	child_free(query.child);
	free(query.reply);
	arena_free(query.arena);
	return 1;
}
