/* core/request.c - who asks for what, and may he.
 *
 * Web and the tools send a route's number and the binary form of its request. Here it becomes known who asks: a
 * session's user, or the uid at the other end of the local socket. A read that is recorded becomes an entry here and
 * goes on to query; a tool's plain read goes there too, and its answer comes back this way.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/internal.h"

enum { ANSWER_PART_BYTES_MAX = 60000 };

/* ---- answering ---- */

void core_answer_raw(struct core *core, struct core_caller caller, const struct answer *answer)
{
	core->answered = true;
	struct answer part = *answer;
	struct span body = answer->body;
	part.call = caller.call;
	do {
		size_t size = body.size > ANSWER_PART_BYTES_MAX ? ANSWER_PART_BYTES_MAX : body.size;
		part.body = (struct span){body.at, size};
		body = (struct span){body.at + size, body.size - size};
		part.more = body.size > 0;
		core_release_message(core, caller.link, MESSAGE_ANSWER, &part);
	} while (body.size > 0);
}

void core_answer(struct core *core, struct core_caller caller, const struct shape *shape, const void *reply)
{
	struct sink s = sink_of(core->answer, CORE_ANSWER_BYTES_MAX);
	shape_write_full(&s, shape, reply);
	ENSURE(!failed(sink_finish(&s, shape->name)));
	core_answer_raw(core, caller, &(struct answer){.status = 200, .body = sink_span(&s)});
	wipe(core->answer, s.size); /* an invitation's link was in it, say */
}

void core_refuse(struct core *core, struct core_caller caller, uint32_t status, const char *error, const char *field,
		 const char *format, ...)
{
	char message[500];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof message, format, args);
	va_end(args);
	struct route_refusal refusal = {
		.error = span_of_string(error),
		.message = span_of_string(message),
		.field = span_of_string(field),
	};
	uint8_t body[2048];
	struct sink s = SINK_OF(body);
	shape_write_full(&s, &route_refusal_shape, &refusal);
	core_answer_raw(core, caller, &(struct answer){.status = status, .body = sink_span(&s)});
}

/* ---- who asks ---- */

static struct core_session session_of(struct core *core, struct span token, bool seen)
{
	struct core_session session = {0};
	for (size_t m = 0; token.size == 32 && m < core->options->module_count; m++)
		if (core->options->modules[m]->session)
			core->options->modules[m]->session(core, token, seen, &session);
	return session;
}

/* A tool's user: root, or the uid that core itself runs as. The socket's folder keeps everybody else away too. */
static bool tool_may(const struct core *core, const struct core_peer *peer)
{
	return peer->uid == 0 || peer->uid == core->own_uid;
}

static bool identify(struct core *core, const struct core_peer *peer, struct span token, struct core_request *request)
{
	request->tool = peer->role == WORKER_NONE;
	if (request->tool) {
		request->role = tool_may(core, peer) ? ROLE_ADMINISTRATOR : ROLE_NONE;
		(void)snprintf(request->actor, sizeof request->actor, "uid/%u", peer->uid);
		return request->role != ROLE_NONE;
	}
	struct core_session session = session_of(core, token, true);
	request->user = session.user;
	request->role = session.role;
	if (session.role == ROLE_NONE)
		(void)snprintf(request->actor, sizeof request->actor, "web");
	else
		(void)snprintf(request->actor, sizeof request->actor, "user/%llu", (unsigned long long)session.user);
	const struct route *route = request->route;
	return route->access == ROUTE_PUBLIC || (route->access != ROUTE_TOOL && route_allows(route, session.role));
}

/* ---- passing reads on to query ---- */

static struct err pass_to_query(struct core *core, const struct core_request *request, uint32_t number,
				struct span body)
{
	const struct core_peer *query = core_peer_find(core, WORKER_QUERY, 0);
	uint64_t call = request->caller.call;
	if (!query) {
		core_refuse(core, request->caller, 503, "starting", "", "the reader of the ledger is starting again");
		return OK;
	}
	if (request->tool) {
		struct core_passed *place = &core->passed[++core->passed_numbers % CORE_PASSED_MAX];
		*place = (struct core_passed){.number = core->passed_numbers, .caller = request->caller};
		call = place->number;
	}
	struct request_passed passed = {
		.call = call,
		.route = number,
		.user = request->user,
		.to_web = !request->tool,
		.body = body,
	};
	core_release_message(core, query->number, MESSAGE_REQUEST_PASSED, &passed);
	core->answered = true;
	return OK;
}

struct err core_answer_pass_on(struct core *core, const struct answer *answer)
{
	struct core_passed *place = &core->passed[answer->call % CORE_PASSED_MAX];
	if (answer->call == 0 || place->number != answer->call)
		return OK; /* so long ago that its place was used again */
	struct answer passed_on = *answer;
	passed_on.call = place->caller.call;
	core_release_message(core, place->caller.link, MESSAGE_ANSWER, &passed_on);
	if (!answer->more)
		*place = (struct core_passed){0};
	return OK;
}

/* ---- taking ---- */

/* Join a body that a tool sends in parts.
 * gives   true when it is whole.
 */
static bool join(struct core_peer *peer, const struct request *request, struct span *ret_body, bool *ret_too_large)
{
	*ret_too_large = request->body.size > CORE_REQUEST_BODY_MAX - peer->body_size;
	if (*ret_too_large)
		return true;
	if (!request->more && peer->body_size == 0) {
		*ret_body = request->body;
		return true;
	}
	uint8_t *grown = realloc(peer->body, peer->body_size + request->body.size + 1);
	ENSURE(grown);
	memcpy(grown + peer->body_size, request->body.at, request->body.size);
	peer->body = grown;
	peer->body_size += request->body.size;
	*ret_body = (struct span){peer->body, peer->body_size};
	return !request->more;
}

static struct err handle(struct core *core, const struct core_route *route, uint32_t number, struct span body,
			 struct core_request *request)
{
	struct cursor c = cursor_of(body);
	void *decoded = arena_take(core->arena, route->route.request->size);
	struct err e = shape_read_binary(&c, route->route.request, core->arena, decoded);
	if (!failed(e))
		e = cursor_finish(&c, route->route.name);
	if (failed(e)) {
		core_refuse(core, request->caller, 400, "invalid", "", "%s", err_why());
		return OK;
	}
	request->body = decoded;
	core->answered = false;
	if (route->write) {
		TRY(route->write(core, request));
		if (core->answered || route->route.access != ROUTE_RECORDED)
			return OK;
	}
	return pass_to_query(core, request, number, body);
}

struct err core_request_take(struct core *core, struct core_peer *peer, const struct request *in)
{
	struct core_request request = {
		.caller = {.link = peer->number, .call = in->call},
		.arena = core->arena,
		.from = in->from,
		.token = in->token,
	};
	if (in->route >= core->route_count) {
		core_refuse(core, request.caller, 404, "unknown-route", "", "no route %u in this version", in->route);
		return OK;
	}
	if (in->more && peer->role != WORKER_NONE)
		return FAIL(ERR_INVALID, "only a tool sends a request in parts");
	const struct core_route *route = core->routes[in->route];
	request.route = &route->route;
	struct span body = {0};
	bool too_large = false;
	if (peer->refused_call == in->call && in->call != 0)
		return OK; /* the rest of a request that was too large */
	if (!join(peer, in, &body, &too_large))
		return OK;
	if (too_large)
		peer->refused_call = in->call;
	struct err e = OK;
	if (too_large)
		core_refuse(core, request.caller, 413, "too-large", "", "a request of over %u bytes",
			    CORE_REQUEST_BODY_MAX);
	else if (!identify(core, peer, in->token, &request))
		core_refuse(core, request.caller, request.role == ROLE_NONE && !request.tool ? 401 : 403,
			    request.role == ROLE_NONE && !request.tool ? "signed-out" : "not-allowed", "",
			    "%s may not ask for %s", request.actor, route->route.name);
	else
		e = handle(core, route, in->route, body, &request);
	if (peer->body) {
		wipe(peer->body, peer->body_size);
		free(peer->body);
		peer->body = NULL;
		peer->body_size = 0;
	}
	return e;
}

struct err core_feed_opened(struct core *core, struct core_peer *peer, const struct feed_open *open)
{
	struct core_session session = session_of(core, open->token, true);
	struct answer answer = {.call = open->call, .status = session.role == ROLE_NONE ? 401 : 200};
	core_release_message(core, peer->number, MESSAGE_ANSWER, &answer);
	core->feed_wanted |= answer.status == 200; /* a quiet post tells its size all the same */
	return OK;
}

struct err core_session_seen(struct core *core, struct span token)
{
	(void)session_of(core, token, true);
	return OK;
}
