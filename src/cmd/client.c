#include "cmd/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/cmd.h"

enum {
	CLIENT_WAIT_MS = 30 * 1000,
	CLIENT_BODY_SIZE_MAX = 4 * 1024 * 1024,
	CLIENT_PART_SIZE_MAX = 60000,
	CLIENT_ANSWER_SIZE_MAX = 16 * 1024 * 1024,
};

struct client {
	struct link *link;
	struct arena *arena;
	uint64_t calls;
	uint8_t *answer;
	size_t answer_size;
};

struct err client_open(const char *directory, struct client **ret_client)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int length = snprintf(to.sun_path, sizeof to.sun_path, "%s/run/tool.sock", directory);
	if (length < 0 || (size_t)length >= sizeof to.sun_path)
		return FAIL(ERR_TOO_LARGE, "%s: the folder's name is too long for a socket in it", directory);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return FAIL_ERRNO("socket");
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
		struct err e = FAIL_ERRNO("%s: is this post being served?", to.sun_path);
		(void)close(fd);
		return e;
	}
	struct client *client = calloc(1, sizeof *client);
	ENSURE(client);
	client->link = link_open(fd, "core");
	client->arena = arena_new(CLIENT_ANSWER_SIZE_MAX);
	*ret_client = client;
	return OK;
}

struct client *client_close(struct client *client)
{
	if (!client)
		return NULL;
	link_close(client->link);
	arena_free(client->arena);
	free(client->answer);
	free(client);
	return NULL;
}

static const struct route *route_find(const char *name, uint32_t *ret_number)
{
	uint32_t number = 0;
	for (size_t m = 0; m < cmd_module_count; m++) {
		for (size_t i = 0; i < cmd_modules[m]->route_count; i++, number++) {
			if (strcmp(cmd_modules[m]->routes[i].route.name, name) != 0)
				continue;
			*ret_number = number;
			return &cmd_modules[m]->routes[i].route;
		}
	}
	return NULL;
}

static struct err send_parts(struct client *client, uint32_t number, struct span body)
{
	do {
		size_t size = body.size > CLIENT_PART_SIZE_MAX ? CLIENT_PART_SIZE_MAX : body.size;
		struct request part = {
			.call = client->calls,
			.route = number,
			.more = size < body.size,
			.body = {body.at, size},
		};
		body = (struct span){body.at + size, body.size - size};
		TRY(link_send(client->link, MESSAGE_REQUEST, &part));
	} while (body.size > 0);
	return OK;
}

static struct err answer_add(struct client *client, struct span part)
{
	if (part.size > CLIENT_ANSWER_SIZE_MAX - client->answer_size)
		return FAIL(ERR_TOO_LARGE, "an answer of over %d bytes", CLIENT_ANSWER_SIZE_MAX);
	uint8_t *grown = realloc(client->answer, client->answer_size + part.size + 1);
	ENSURE(grown);
	if (part.size > 0)
		memcpy(grown + client->answer_size, part.at, part.size);
	client->answer = grown;
	client->answer_size += part.size;
	client->answer[client->answer_size] = 0;
	return OK;
}

/* The sentence of a refusal, or the status when there is none. */
static struct err refused(const struct client *client, uint32_t status)
{
	json_t *json = json_loadb((const char *)client->answer, client->answer_size, 0, NULL);
	const char *message = json_string_value(json_object_get(json, "message"));
	struct err e = FAIL(status == 404 ? ERR_NOT_FOUND : ERR_DENIED, "%s", message ? message : "refused");
	json_decref(json);
	return e;
}

static struct err collect(struct client *client)
{
	for (;;) {
		struct message message;
		arena_reset(client->arena);
		TRY(link_wait(client->link, client->arena, CLIENT_WAIT_MS, &message));
		const struct answer *answer = message.body;
		if (message.kind != MESSAGE_ANSWER || answer->call != client->calls)
			continue;
		TRY(answer_add(client, answer->body));
		if (answer->more)
			continue;
		return answer->status == 200 ? OK : refused(client, answer->status);
	}
}

struct err client_ask(struct client *client, const char *name, const void *request, struct span *ret_body)
{
	uint32_t number = 0;
	const struct route *route = route_find(name, &number);
	REQUIRE(route);
	uint8_t *room = malloc(CLIENT_BODY_SIZE_MAX);
	ENSURE(room);
	struct sink s = sink_of(room, CLIENT_BODY_SIZE_MAX);
	client->calls++;
	client->answer_size = 0;
	struct err e = shape_validate(route->request, request);
	if (!failed(e)) {
		shape_write_binary(&s, route->request, request);
		e = sink_finish(&s, "the request");
	}
	if (!failed(e))
		e = send_parts(client, number, sink_span(&s));
	wipe(room, s.size);
	free(room);
	TRY(e);
	TRY(collect(client));
	*ret_body = (struct span){client->answer, client->answer_size};
	return OK;
}

struct err client_ask_json(struct client *client, const char *route, const void *request, json_t **ret_json)
{
	struct span body;
	json_error_t error;
	TRY(client_ask(client, route, request, &body));
	*ret_json = json_loadb((const char *)body.at, body.size, 0, &error);
	return *ret_json ? OK : FAIL(ERR_INVALID, "an answer that is no JSON: %s", error.text);
}
