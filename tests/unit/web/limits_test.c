/* The real worker against those who are slow, many or greedy: each is sent away, and nobody else notices. */
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/tap.h"
#include "unit/web/stand_in.h"

enum { MANY = 100 };

static char cookie[256];

static uint64_t now_ms(void)
{
	return clock_boot_us() / 1000;
}

static int status_of(struct stand_in *stand, const char *path)
{
	return stand_in_ask(stand, "GET", path, cookie, "")->status;
}

static void test_slow(void)
{
	struct web_front_limits limits = web_front_limits_usual;
	limits.handshake_ms = 400;
	limits.head_ms = 600;
	limits.body_ms = 600;
	limits.idle_ms = 800;
	limits.stall_ms = 600;
	struct web_options options = {.limits = &limits, .call_ms = 3000};
	struct stand_in *stand = stand_in_start(&options);
	struct client *mute = client_open_plain(stand->port);
	struct client *silent = client_open(stand->tls, stand->port, 0);
	struct client *dripping = client_open(stand->tls, stand->port, 0);
	struct client *lazy = client_open(stand->tls, stand->port, 0);
	struct client *idle = client_open(stand->tls, stand->port, 0);
	(void)client_say(lazy, "POST /api/session HTTP/1.1\r\nHost: %s\r\nContent-Length: 10\r\n\r\n{", stand->host);
	(void)client_say(idle, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", stand->host);
	CHECK(client_answer(idle, false)->status == 200, "one who asks and then thinks");
	uint64_t start = now_ms();
	static const char drip[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";
	for (size_t i = 0; i < sizeof drip - 1 && now_ms() - start < 1500; i++) {
		if (!client_send(dripping, drip + i, 1))
			break;
		(void)usleep(20000);
	}
	CHECK(client_answer(dripping, false)->status == 408, "a head that drips in is refused, however steadily");
	CHECK(client_answer(lazy, false)->status == 408, "so is a body that does not come");
	CHECK(!client_read(mute), "who does not even shake hands is sent away");
	CHECK(!client_read(silent), "so is who then says nothing");
	CHECK(!client_read(idle), "and who is idle too long");
	CHECK(now_ms() - start < 5000, "all of them in time (%llu ms)", (unsigned long long)(now_ms() - start));
	CHECK(status_of(stand, "/api/things") == 200, "meanwhile others are served");
	mute = client_close(mute);
	silent = client_close(silent);
	dripping = client_close(dripping);
	lazy = client_close(lazy);
	idle = client_close(idle);
	/* Someone who asks for a megabyte and takes nothing of it. */
	struct client *greedy = client_open(stand->tls, stand->port, 4096);
	for (int i = 0; i < 4; i++)
		(void)client_say(greedy, "GET /api/things?seconds=105 HTTP/1.1\r\nHost: %s\r\n%s\r\n", stand->host,
				 cookie);
	(void)usleep(1500000);
	CHECK(status_of(stand, "/api/things") == 200, "others do not wait for one who does not read");
	size_t total = 0;
	while (client_read(greedy)) {
		total += greedy->input_size;
		greedy->input_size = 0;
	}
	CHECK(total < 4 * 1000000, "who loses the rest");
	greedy = client_close(greedy);
	CHECK(stand_in_stop(stand) == 0, "the worker ends in peace");
}

static void test_many(void)
{
	static struct client *clients[MANY];
	struct stand_in *stand = stand_in_start(NULL);
	for (int i = 0; i < MANY; i++) {
		clients[i] = client_open(stand->tls, stand->port, 0);
		NEED(clients[i]->ssl, "connection %d", i);
	}
	for (int i = 0; i < MANY; i++)
		(void)client_say(clients[i], "GET /api/things?seconds=%d HTTP/1.1\r\nHost: %s\r\n%s\r\n", i,
				 stand->host, cookie);
	int good = 0;
	for (int i = 0; i < MANY; i++) {
		char words[32];
		struct answered *a = client_answer(clients[i], false);
		(void)snprintf(words, sizeof words, "\"seconds\":%d,", i);
		good += (i == 0 || strstr(a->body, words)) && a->status == 200;
	}
	CHECK(good == MANY, "a hundred connections at once each get their own answer (%d)", good);
	for (int i = 0; i < MANY; i++)
		clients[i] = client_close(clients[i]);
	CHECK(stand_in_stop(stand) == 0, "the worker ends in peace");
}

static void test_bounds(void)
{
	struct web_front_limits limits = web_front_limits_usual;
	limits.connections_max = 8;
	limits.connections_per_address_max = 8;
	struct web_options options = {.limits = &limits, .call_ms = 5000, .rate_public = {3, 1}};
	struct stand_in *stand = stand_in_start(&options);
	struct client *clients[8];
	for (int i = 0; i < 8; i++) {
		clients[i] = client_open(stand->tls, stand->port, 0);
		(void)client_say(clients[i], "GET /api/things?seconds=103 HTTP/1.1\r\nHost: %s\r\n%s\r\n", stand->host,
				 cookie);
	}
	(void)usleep(200000);
	struct client *ninth = client_open(stand->tls, stand->port, 0);
	CHECK(!ninth->ssl, "one connection too many is sent away");
	ninth = client_close(ninth);
	clients[7] = client_close(clients[7]);
	(void)usleep(300000);
	CHECK(status_of(stand, "/") == 200, "and let in once another has gone");
	for (int i = 0; i < 7; i++)
		clients[i] = client_close(clients[i]);
	(void)usleep(300000);
	char fields[512];
	(void)snprintf(fields, sizeof fields, "Origin: https://%s\r\nContent-Type: application/json\r\n", stand->host);
	int statuses[5];
	for (int i = 0; i < 5; i++)
		statuses[i] = stand_in_ask(stand, "POST", "/api/session", fields, "{}")->status;
	CHECK(statuses[2] == 200 && statuses[3] == 429 && statuses[4] == 429, "signing in is bounded more tightly");
	struct answered *a = stand_in_ask(stand, "POST", "/api/session", fields, "{}");
	CHECK(a->status == 429 && atoi(answered_field(a, "Retry-After") ? answered_field(a, "Retry-After") : "0") > 30,
	      "and says when to come back");
	CHECK(status_of(stand, "/api/things") == 200, "other requests are not counted with it");
	CHECK(stand_in_stop(stand) == 0, "the worker ends in peace");
	/* A busy address, not a busy server. */
	struct web_options narrow = {.rate = {5, 1}};
	stand = stand_in_start(&narrow);
	int last = 0;
	for (int i = 0; i < 6; i++)
		last = status_of(stand, "/");
	CHECK(last == 429, "an address that asks too often");
	CHECK(stand_in_stop(stand) == 0, "the worker ends in peace");
}

/* More requests under way than there is room for. */
static void test_calls(void)
{
	enum { TOO_MANY = WEB_CALLS_MAX + 4 };
	static struct client *clients[TOO_MANY];
	struct web_front_limits limits = web_front_limits_usual;
	limits.connections_per_address_max = limits.connections_max;
	struct web_options options = {.limits = &limits, .call_ms = 20000};
	struct stand_in *stand = stand_in_start(&options);
	for (int i = 0; i < TOO_MANY; i++) {
		clients[i] = client_open(stand->tls, stand->port, 0);
		NEED(clients[i]->ssl, "connection %d", i);
		if (i < WEB_CALLS_MAX)
			(void)client_say(clients[i], "GET /api/things?seconds=103 HTTP/1.1\r\nHost: %s\r\n%s\r\n",
					 stand->host, cookie);
	}
	for (int i = 0; i < 100 && stand_in_count(stand, &stand->requests) < WEB_CALLS_MAX; i++)
		(void)usleep(20000);
	CHECK(stand_in_count(stand, &stand->requests) == WEB_CALLS_MAX, "that many are asked at once");
	(void)client_say(clients[WEB_CALLS_MAX], "GET /api/things HTTP/1.1\r\nHost: %s\r\n%s\r\n", stand->host, cookie);
	struct answered *a = client_answer(clients[WEB_CALLS_MAX], false);
	CHECK(a->status == 503 && strstr(a->body, "busy"), "the next is told that too many are under way");
	clients[0] = client_close(clients[0]);
	(void)usleep(300000);
	(void)client_say(clients[WEB_CALLS_MAX + 1], "GET /api/things HTTP/1.1\r\nHost: %s\r\n%s\r\n", stand->host,
			 cookie);
	CHECK(client_answer(clients[WEB_CALLS_MAX + 1], false)->status == 200, "until one has gone");
	for (int i = 0; i < TOO_MANY; i++)
		clients[i] = client_close(clients[i]);
	CHECK(stand_in_stop(stand) == 0, "the worker ends in peace");
}

int main(void)
{
	(void)snprintf(cookie, sizeof cookie, "Cookie: %s\r\n", stand_in_cookie);
	test_slow();
	test_many();
	test_bounds();
	test_calls();
	return tap_finish();
}
