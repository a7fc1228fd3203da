#include "unit/web/stand_in.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/supervisor.h"
#include "lib/tap.h"
#include "worker/web/ca.h"

/* 32 bytes of 0x5A */
const char *const stand_in_cookie = "__Host-legation=WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo";

static struct {
	struct stand_in stand;
	pthread_mutex_t lock;
	pthread_t thread;
	struct link *supervisor, *core, *query;
	struct arena *arena;
	bool stop, paused;
	char folder[64];
	uint8_t reply[256 * 1024];
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void token_bytes(uint8_t token[32])
{
	memset(token, 0x5A, 32);
}

void stand_in_token_hash(uint8_t ret_hash[32])
{
	uint8_t token[32];
	token_bytes(token);
	ENSURE(EVP_Digest(token, sizeof token, ret_hash, NULL, EVP_sha256(), NULL) == 1);
}

static bool is_known(struct span token)
{
	uint8_t known[32];
	token_bytes(known);
	return span_equal(token, SPAN_OF(known));
}

/* ---- answering as core and query ---- */

static void say(struct link *link, const struct answer *answer)
{
	ENSURE(!failed(link_send(link, MESSAGE_ANSWER, answer)));
}

static void answer_in_parts(struct link *link, struct answer answer, size_t part_size, size_t count)
{
	static uint8_t part[50000];
	for (size_t i = 0; i < count; i++) {
		memset(part, 'a' + (int)(i % 26), part_size);
		answer.body = (struct span){part, part_size};
		answer.more = i + 1 < count;
		say(link, &answer);
	}
}

static void answer_request(struct link *link, const struct request *request, const struct test_everything *asked)
{
	uint8_t token[32];
	struct sink s = SINK_OF(all.reply);
	struct test_everything echo = *asked;
	struct answer answer = {.call = request->call, .status = 200};
	echo.name = span_of_string(test_routes[request->route].name);
	shape_write_full(&s, &test_everything_shape, &echo);
	answer.body = sink_span(&s);
	token_bytes(token);
	switch (asked->seconds) {
	case 100:
	case 107:
		answer.token = SPAN_OF(token);
		break;
	case 101:
		answer.session_ended = true;
		break;
	case 102:
		answer_in_parts(link, answer, 5, 3);
		return;
	case 103:
		return;
	case 104:
		answer.more = true;
		break;
	case 105:
		answer_in_parts(link, answer, 50000, 20);
		return;
	case 106:
		answer.status = 204;
		answer.body = (struct span){0};
		break;
	case 109:
		say(all.query, &answer);
		return;
	case 108:
		answer.media_type = SPAN_TEXT("text/plain; charset=utf-8");
		answer.body = SPAN_TEXT("c2sp.org/tlog-proof@v1\n");
		break;
	default:
		if (asked->seconds >= 400)
			answer.status = asked->seconds;
	}
	say(link, &answer);
}

static void take_request(struct link *link, const struct request *request)
{
	struct test_everything asked = {0};
	if (request->route >= TEST_ROUTE_COUNT) { /* the worker asks whether anybody is there */
		say(link, &(struct answer){.call = request->call, .status = 404});
		return;
	}
	all.stand.requests++;
	const struct route *route = &test_routes[request->route];
	if (request->route == TEST_METRICS) {
		say(link, &(struct answer){.call = request->call, .status = 200, .body = SPAN_TEXT("core_figure 7\n")});
		return;
	}
	ENSURE((route->access == ROUTE_READ) == (link == all.query));
	ENSURE(route->access == ROUTE_PUBLIC || request->token.size == 32);
	ENSURE(span_is(request->from, "127.0.0.1"));
	struct cursor c = cursor_of(request->body);
	if (route->request == &test_everything_shape) {
		ENSURE(!failed(shape_read_binary(&c, route->request, all.arena, &asked)));
	} else {
		union {
			struct route_object object;
			struct route_nothing nothing;
		} other = {.object = {0}};
		ENSURE(!failed(shape_read_binary(&c, route->request, all.arena, &other)));
		asked.id = route->request == &route_object_shape ? other.object.id : 0;
	}
	ENSURE(!failed(cursor_finish(&c, "request")));
	if (route->access != ROUTE_PUBLIC && !is_known(request->token))
		asked.seconds = 401;
	/* A recorded read is passed on: query answers what core was asked. */
	answer_request(route->access == ROUTE_RECORDED ? all.query : link, request, &asked);
}

static void take_message(struct link *link, const struct message *message)
{
	if (message->kind == MESSAGE_REQUEST)
		take_request(link, message->body);
	if (message->kind == MESSAGE_SESSION_SEEN)
		all.stand.seen++;
	if (message->kind != MESSAGE_FEED_OPEN)
		return;
	const struct feed_open *open = message->body;
	all.stand.feed_opens += open->token.size > 0;
	say(link, &(struct answer){.call = open->call, .status = is_known(open->token) ? 200 : 401});
}

static void drain(struct link **link)
{
	for (;;) {
		struct message message;
		bool there = false;
		arena_reset(all.arena);
		if (!*link || failed(link_flush(*link)) || failed(link_receive(*link, all.arena, &message, &there)) ||
		    !there)
			return;
		if (link != &all.supervisor)
			take_message(*link, &message);
	}
}

static struct pollfd watched(const struct link *link)
{
	struct pollfd one = {.fd = link ? link_descriptor(link) : -1, .events = POLLIN};
	return one;
}

static void *run(void *unused)
{
	(void)unused;
	ENSURE(pthread_mutex_lock(&all.lock) == 0);
	while (!all.stop) {
		struct pollfd ready[] = {watched(all.supervisor), watched(all.paused ? NULL : all.core),
					 watched(all.paused ? NULL : all.query)};
		ENSURE(pthread_mutex_unlock(&all.lock) == 0);
		(void)poll(ready, 3, 5);
		ENSURE(pthread_mutex_lock(&all.lock) == 0);
		drain(&all.supervisor);
		if (!all.paused) {
			drain(&all.core);
			drain(&all.query);
		}
	}
	ENSURE(pthread_mutex_unlock(&all.lock) == 0);
	return NULL;
}

/* ---- starting ---- */

static int listener_new(int *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t size = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ENSURE(listener >= 0 && bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 128) == 0);
	ENSURE(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
	*ret_port = ntohs(at.sin_port);
	return listener;
}

static const uint8_t script[] = "console.log('hello')\n";
static const struct web_asset assets[] = {
	{"/index.html", "text/html; charset=utf-8", "\"page\"", (const uint8_t *)"<!doctype html>", 15, 15, false,
	 false},
	{"/assets/main-abcdefgh.js", "text/javascript; charset=utf-8", "\"main\"", script, sizeof script - 1,
	 sizeof script - 1, false, true},
};

_Noreturn static void be_worker(const struct web_options *given, const struct web_ca *ca, int supervisor, int listener,
				const char *token_path)
{
	const char *const hosts[] = {all.stand.host};
	struct web_options options = {
		.routes = test_routes,
		.route_count = TEST_ROUTE_COUNT,
		.assets = assets,
		.asset_count = 2,
		.certificate.path = ca->certificate,
		.key.path = ca->key,
		.metrics.path = token_path,
		.listener = SUPERVISOR_LISTEN_DESCRIPTOR,
		.hosts = hosts,
		.host_count = 1,
		.rate = {100000, 100000},
		.rate_public = {100000, 100000},
		.rate_connections = {100000, 100000},
	};
	if (given) {
		options.limits = given->limits;
		options.call_ms = given->call_ms;
		options.rate = given->rate.burst ? given->rate : options.rate;
		options.rate_public = given->rate_public.burst ? given->rate_public : options.rate_public;
	}
	int aside = fcntl(listener, F_DUPFD, 100);
	int aside_supervisor = fcntl(supervisor, F_DUPFD, 100);
	ENSURE(dup2(aside_supervisor, SUPERVISOR_DESCRIPTOR) >= 0 && dup2(aside, SUPERVISOR_LISTEN_DESCRIPTOR) >= 0);
	const int kept[] = {SUPERVISOR_DESCRIPTOR, SUPERVISOR_LISTEN_DESCRIPTOR};
	sandbox_close_others(kept, 2);
	int code = web_worker_run(&options);
	exit(code);
}

static void give_peer(enum worker_role role, struct link **ret_link)
{
	int pair[2];
	struct supervisor_peer peer = {.role = role};
	ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	ENSURE(!failed(link_send_descriptor(all.supervisor, MESSAGE_SUPERVISOR_PEER, &peer, pair[1])));
	(void)close(pair[1]);
	*ret_link = link_open(pair[0], "web");
}

static void write_token(const char *path)
{
	FILE *file = fopen(path, "w");
	ENSURE(file && fputs("metrics-token-0123456789\n", file) >= 0 && fclose(file) == 0);
}

struct stand_in *stand_in_start(const struct web_options *options)
{
	static const char *const names[] = {"localhost"};
	struct web_ca ca;
	char token_path[96];
	int pair[2];
	log_start("stand-in", LOG_ERROR);
	memset(&all.stand, 0, sizeof all.stand);
	all.stop = all.paused = false;
	(void)snprintf(all.folder, sizeof all.folder, "/tmp/legation-web-XXXXXX");
	ENSURE(mkdtemp(all.folder));
	ENSURE(!failed(web_ca_ensure(all.folder, names, 1, 0, 0, &ca)));
	(void)snprintf(token_path, sizeof token_path, "%s/token", all.folder);
	write_token(token_path);
	int listener = listener_new(&all.stand.port);
	(void)snprintf(all.stand.host, sizeof all.stand.host, "localhost:%d", all.stand.port);
	ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	(void)fflush(stdout);
	all.stand.worker = fork();
	ENSURE(all.stand.worker >= 0);
	if (all.stand.worker == 0)
		be_worker(options, &ca, pair[1], listener, token_path);
	(void)close(pair[1]);
	(void)close(listener);
	all.arena = arena_new(4 * 1024 * 1024);
	all.supervisor = link_open(pair[0], "web");
	give_peer(WORKER_CORE, &all.core);
	give_peer(WORKER_QUERY, &all.query);
	for (;;) {
		struct message message;
		NEED_OK(link_wait(all.supervisor, all.arena, 20000, &message), "the worker gets ready");
		if (message.kind == MESSAGE_SUPERVISOR_READY)
			break;
		arena_reset(all.arena);
	}
	all.stand.tls = client_tls(ca.authority);
	ENSURE(pthread_create(&all.thread, NULL, run, NULL) == 0);
	return &all.stand;
}

int stand_in_stop(struct stand_in *stand)
{
	int status = 0;
	char command[96];
	ENSURE(pthread_mutex_lock(&all.lock) == 0);
	all.stop = true;
	ENSURE(pthread_mutex_unlock(&all.lock) == 0);
	ENSURE(pthread_join(all.thread, NULL) == 0);
	all.supervisor = link_close(all.supervisor); /* its death is the worker's */
	ENSURE(waitpid(stand->worker, &status, 0) == stand->worker);
	all.core = link_close(all.core);
	all.query = link_close(all.query);
	all.arena = arena_free(all.arena);
	SSL_CTX_free(stand->tls);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", all.folder);
	ENSURE(system(command) == 0);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- doing as a test wants ---- */

void stand_in_feed(struct stand_in *stand, uint64_t first, uint32_t count, uint64_t size, const char *checkpoint,
		   const char *lines)
{
	(void)stand;
	struct feed_lines said = {
		.first = first,
		.count = count,
		.size = size,
		.checkpoint = span_of_string(checkpoint),
		.lines = span_of_string(lines),
	};
	ENSURE(pthread_mutex_lock(&all.lock) == 0);
	struct err e = link_send(all.core, MESSAGE_FEED_LINES, &said);
	ENSURE(pthread_mutex_unlock(&all.lock) == 0);
	ENSURE(!failed(e)); /* the worker takes the feed as fast as it comes */
}

void stand_in_session_over(struct stand_in *stand)
{
	uint8_t hash[32];
	(void)stand;
	stand_in_token_hash(hash);
	struct session_over over = {SPAN_OF(hash)};
	ENSURE(pthread_mutex_lock(&all.lock) == 0);
	ENSURE(!failed(link_send(all.core, MESSAGE_SESSION_OVER, &over)));
	ENSURE(pthread_mutex_unlock(&all.lock) == 0);
}

void stand_in_lose(struct stand_in *stand, enum worker_role role)
{
	(void)stand;
	ENSURE(pthread_mutex_lock(&all.lock) == 0);
	if (role == WORKER_CORE)
		all.core = link_close(all.core);
	else
		all.query = link_close(all.query);
	ENSURE(pthread_mutex_unlock(&all.lock) == 0);
}

void stand_in_return(struct stand_in *stand, enum worker_role role)
{
	(void)stand;
	ENSURE(pthread_mutex_lock(&all.lock) == 0);
	give_peer(role, role == WORKER_CORE ? &all.core : &all.query);
	ENSURE(pthread_mutex_unlock(&all.lock) == 0);
}

void stand_in_pause(struct stand_in *stand, bool paused)
{
	(void)stand;
	ENSURE(pthread_mutex_lock(&all.lock) == 0);
	all.paused = paused;
	ENSURE(pthread_mutex_unlock(&all.lock) == 0);
}

uint32_t stand_in_count(struct stand_in *stand, const uint32_t *counter)
{
	(void)stand;
	ENSURE(pthread_mutex_lock(&all.lock) == 0);
	uint32_t count = *counter;
	ENSURE(pthread_mutex_unlock(&all.lock) == 0);
	return count;
}

struct answered *stand_in_ask(struct stand_in *stand, const char *method, const char *path, const char *fields,
			      const char *body)
{
	struct client *client = client_open(stand->tls, stand->port, 0);
	NEED(client->ssl, "a handshake");
	(void)client_say(client, "%s %s HTTP/1.1\r\n%s%s%s%s%sConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
			 method, path,
			 strstr(fields, "Host:") ? "" : "Host: ", strstr(fields, "Host:") ? "" : stand->host,
			 strstr(fields, "Host:") ? "" : "\r\n", fields, "", strlen(body), body);
	struct answered *answered = client_answer(client, strcmp(method, "HEAD") == 0);
	client = client_close(client);
	return answered;
}

struct client *stand_in_console(struct stand_in *stand, const char *after, int receive_buffer)
{
	struct client *client = client_open(stand->tls, stand->port, receive_buffer);
	NEED(client->ssl, "a handshake");
	(void)client_say(client,
			 "GET /api/feed%s HTTP/1.1\r\nHost: %s\r\nOrigin: https://%s\r\nCookie: %s\r\n"
			 "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
			 after, stand->host, stand->host, stand_in_cookie);
	if (client_answer(client, true)->status != 101)
		return client_close(client);
	return client;
}

const char *stand_in_next(struct client *console)
{
	static char close_text[32];
	char *payload;
	size_t size;
	switch (client_next_frame(console, true, &payload, &size)) {
	case 1:
		return payload;
	case 8:
		(void)snprintf(close_text, sizeof close_text, "close %d",
			       size >= 2 ? (uint8_t)payload[0] << 8 | (uint8_t)payload[1] : 0);
		return close_text;
	default:
		return "";
	}
}

const char *stand_in_next_said(struct client *console)
{
	for (;;) {
		const char *said = stand_in_next(console);
		if (strncmp(said, "{\"kind\":\"beat\"", 14) != 0)
			return said;
	}
}
