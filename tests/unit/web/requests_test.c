/* The real worker: every status, who may ask, what goes on to core and query, and what comes back. */
#include <unistd.h>

#include "lib/tap.h"
#include "unit/web/stand_in.h"

static struct stand_in *stand;
static char cookie[256]; /* a header line */
static char own[512];    /* cookie, origin and media type: a good write's header lines */

static struct answered *get(const char *path)
{
	return stand_in_ask(stand, "GET", path, cookie, "");
}

static struct answered *post(const char *path, const char *body)
{
	return stand_in_ask(stand, "POST", path, own, body);
}

static bool says(const struct answered *answered, const char *words)
{
	return strstr(answered->body, words) != NULL;
}

static bool has_field(const struct answered *answered, const char *name, const char *words)
{
	const char *value = answered_field(answered, name);
	return value && strstr(value, words);
}

static void test_good(void)
{
	struct answered *a = get("/api/things?seconds=7&reason=a+b%26c");
	CHECK(a->status == 200 && says(a, "\"name\":\"test_list\"") && says(a, "\"seconds\":7") &&
		      says(a, "\"reason\":\"a b&c\""),
	      "a read goes to query, its parameters decoded");
	CHECK(has_field(a, "Content-Type", "application/json") && has_field(a, "Cache-Control", "no-store"),
	      "JSON, and kept by nobody");
	a = get("/api/things/17");
	CHECK(a->status == 200 && says(a, "\"name\":\"test_file\"") && says(a, "\"id\":17"),
	      "a recorded read goes to core, and query answers");
	a = post("/api/things/17", "{\"seconds\":8,\"on\":true,\"items\":[{\"door\":3}]}");
	CHECK(a->status == 200 && says(a, "\"name\":\"test_change\"") && says(a, "\"id\":17") && says(a, "\"door\":3"),
	      "a write goes to core with path and body");
	a = post("/api/things/17/nothing", "{}");
	CHECK(a->status == 200 && says(a, "\"id\":17"), "a write that says nothing more");
	a = stand_in_ask(stand, "DELETE", "/api/session", own, "");
	CHECK(a->status == 200, "DELETE, without a body");
	a = post("/api/things/17", "{\"seconds\":409}");
	CHECK(a->status == 409, "core's refusals keep their status");
	a = get("/api/things?seconds=106");
	CHECK(a->status == 204 && a->body_size == 0, "an answer without a body");
	a = get("/api/things?seconds=108");
	CHECK(a->status == 200 && has_field(a, "Content-Type", "text/plain") &&
		      strcmp(a->body, "c2sp.org/tlog-proof@v1\n") == 0,
	      "a text of its own media type");
}

static void test_sessions(void)
{
	char fields[512];
	(void)snprintf(fields, sizeof fields, "Origin: https://%s\r\nContent-Type: application/json\r\n", stand->host);
	struct answered *a =
		stand_in_ask(stand, "POST", "/api/session", fields, "{\"seconds\":100,\"password\":\"x\"}");
	CHECK(a->status == 200 && has_field(a, "Set-Cookie", stand_in_cookie),
	      "signing in needs no session and gives one");
	CHECK(has_field(a, "Set-Cookie", "; Secure; HttpOnly; SameSite=Strict") && has_field(a, "Set-Cookie", "Path=/"),
	      "that no script and no other page gets");
	a = post("/api/session", "{\"seconds\":101}");
	CHECK(a->status == 200 && has_field(a, "Set-Cookie", "Max-Age=0"), "and its end takes the cookie away");
	uint32_t before = stand_in_count(stand, &stand->requests);
	a = stand_in_ask(stand, "GET", "/api/things", "", "");
	CHECK(a->status == 401 && says(a, "signed-out") && stand_in_count(stand, &stand->requests) == before,
	      "without a session nobody is asked");
	a = stand_in_ask(stand, "GET", "/api/things",
			 "Cookie: __Host-legation=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n", "");
	CHECK(a->status == 401 && stand_in_count(stand, &stand->requests) == before + 1,
	      "an unknown session is asked about");
	uint32_t seen = stand_in_count(stand, &stand->seen);
	for (int i = 0; i < 5; i++)
		(void)get("/api/things");
	CHECK(stand_in_count(stand, &stand->seen) == seen + 1, "that a user is there is said once in 20 s");
}

static void test_guard(void)
{
	char fields[512];
	struct answered *a = stand_in_ask(stand, "GET", "/", "Host: evil.example\r\n", "");
	CHECK(a->status == 421 && says(a, "wrong-host"), "a host that is not ours");
	a = stand_in_ask(stand, "GET", "/api/things", "Host: localhost\r\n", "");
	CHECK(a->status == 421, "ours without its port");
	(void)snprintf(fields, sizeof fields, "%sContent-Type: application/json\r\n", cookie);
	a = stand_in_ask(stand, "POST", "/api/things/1", fields, "{}");
	CHECK(a->status == 403 && says(a, "wrong-origin"), "a write without an origin");
	(void)snprintf(fields, sizeof fields, "%sContent-Type: application/json\r\nOrigin: https://evil.example\r\n",
		       cookie);
	a = stand_in_ask(stand, "POST", "/api/things/1", fields, "{}");
	CHECK(a->status == 403, "a write from somebody else's page");
	(void)snprintf(fields, sizeof fields, "%sContent-Type: application/json\r\nOrigin: http://%s\r\n", cookie,
		       stand->host);
	a = stand_in_ask(stand, "POST", "/api/things/1", fields, "{}");
	CHECK(a->status == 403, "a write from a page without TLS");
	(void)snprintf(fields, sizeof fields, "%sSec-Fetch-Site: cross-site\r\n", cookie);
	a = stand_in_ask(stand, "GET", "/api/things", fields, "");
	CHECK(a->status == 403, "a read that another site's page asks for");
	a = stand_in_ask(stand, "GET", "/", fields, "");
	CHECK(a->status == 200, "following a link to the console is fine");
	(void)snprintf(fields, sizeof fields, "%sOrigin: https://%s\r\nContent-Type: text/plain\r\n", cookie,
		       stand->host);
	a = stand_in_ask(stand, "POST", "/api/things/1", fields, "{}");
	CHECK(a->status == 415 && says(a, "wrong-media-type"), "a body that a plain form could send");
	(void)snprintf(fields, sizeof fields, "%sContent-Type: application/json\r\n", cookie);
	a = stand_in_ask(stand, "GET", "/api/things", fields, "{}");
	CHECK(a->status == 400, "a read with a body");
}

static void test_refused(void)
{
	struct answered *a = get("/api/nothing");
	CHECK(a->status == 404 && says(a, "\"error\":\"unknown-route\"") &&
		      has_field(a, "Content-Type", "application/json"),
	      "an address that is nowhere, in JSON");
	a = get("/api/tool");
	CHECK(a->status == 404, "a tool's route is nowhere");
	a = stand_in_ask(stand, "PUT", "/api/session", own, "");
	CHECK(a->status == 405 && has_field(a, "Allow", "POST, DELETE"), "a method that is not taken");
	a = stand_in_ask(stand, "BREW", "/", own, "");
	CHECK(a->status == 405, "a method that nobody knows");
	a = post("/api/things/17", "{\"secnods\":8}");
	CHECK(a->status == 400 && says(a, "\"field\":\"secnods\"") && says(a, "\"error\":\"invalid\""),
	      "an unknown member, named");
	a = post("/api/things/17", "{\"seconds\":\"8\"}");
	CHECK(a->status == 400 && says(a, "\"field\":\"seconds\""), "a member of the wrong kind, named");
	a = post("/api/things/17", "{\"seconds\":8,\"seconds\":8}");
	CHECK(a->status == 400, "a member twice");
	a = post("/api/things/17", "{\"password\":\"hunter2\",\"x\"");
	CHECK(a->status == 400 && !says(a, "hunter2"), "a broken body, not repeated");
	a = get("/api/things?password=hunter2");
	CHECK(a->status == 400 && says(a, "\"field\":\"password\"") && !says(a, "hunter2"), "a secret in an address");
	uint32_t before = stand_in_count(stand, &stand->requests);
	CHECK(before == stand_in_count(stand, &stand->requests), "none of them went on");
}

static void test_parts(void)
{
	struct answered *a = get("/api/things?seconds=102");
	CHECK(a->status == 200 && strcmp(a->body, "aaaaabbbbbccccc") == 0 &&
		      has_field(a, "Transfer-Encoding", "chunked"),
	      "an answer in parts comes whole and in order");
	a = get("/api/things?seconds=105");
	bool good = a->body_size == 1000000;
	for (size_t i = 0; good && i < a->body_size; i++)
		good = a->body[i] == 'a' + (char)(i / 50000 % 26);
	CHECK(a->status == 200 && good, "a megabyte too");
	static char body[70000];
	size_t size = (size_t)snprintf(body, sizeof body, "{\"reason\":\"");
	memset(body + size, 'x', 29000);
	(void)snprintf(body + size + 29000, sizeof body - size - 29000, "\"}");
	a = post("/api/things/17", body);
	CHECK(a->status == 200 && a->body_size > 29000, "a large body goes through");
	memset(body, ' ', sizeof body);
	memcpy(body, "{\"id\"", 5);
	body[60000] = '\0';
	body[59999] = '}';
	a = post("/api/things/17", body);
	CHECK(a->status == 400, "the largest body is read, if only to be refused");
	memset(body + 60000, ' ', 5);
	body[60001] = '\0';
	a = post("/api/things/17", body);
	CHECK(a->status == 413 && says(a, "too-large"), "one byte more is not");
	size = (size_t)snprintf(body, sizeof body, "{\"zones\":[0");
	for (int i = 0; i < 9999; i++)
		size += (size_t)snprintf(body + size, sizeof body - size, ",1");
	(void)snprintf(body + size, sizeof body - size, "]}");
	a = post("/api/things/17", body);
	CHECK(a->status == 413, "nor is a body that is too large once decoded");
}

static void test_pages(void)
{
	struct answered *a = stand_in_ask(stand, "GET", "/", "", "");
	CHECK(a->status == 200 && strcmp(a->body, "<!doctype html>") == 0, "the console's page needs no session");
	CHECK(has_field(a, "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'") &&
		      has_field(a, "Content-Security-Policy",
				"require-trusted-types-for 'script'; trusted-types svelte-trusted-html") &&
		      has_field(a, "Content-Security-Policy", "frame-ancestors 'none'") &&
		      has_field(a, "Content-Security-Policy", "media-src 'self' blob:") &&
		      !has_field(a, "Content-Security-Policy", "unsafe"),
	      "under its policy");
	CHECK(has_field(a, "X-Content-Type-Options", "nosniff") && has_field(a, "Referrer-Policy", "no-referrer") &&
		      has_field(a, "Cross-Origin-Opener-Policy", "same-origin") &&
		      has_field(a, "Cross-Origin-Resource-Policy", "same-origin") &&
		      has_field(a, "Permissions-Policy", "camera=()"),
	      "and all the others");
	CHECK(has_field(a, "Cache-Control", "no-cache"), "asked for again each time");
	a = stand_in_ask(stand, "GET", "/", "If-None-Match: W/\"x\", \"page\"\r\n", "");
	CHECK(a->status == 304 && a->body_size == 0, "but not sent again");
	a = stand_in_ask(stand, "GET", "/doors/17?x=y", "", "");
	CHECK(a->status == 200 && says(a, "<!doctype"), "an address of the console's own is its page");
	a = stand_in_ask(stand, "GET", "/assets/main-abcdefgh.js", "", "");
	CHECK(a->status == 200 && has_field(a, "Cache-Control", "immutable") &&
		      has_field(a, "Content-Type", "text/javascript"),
	      "a file, kept for ever");
	a = stand_in_ask(stand, "GET", "/assets/gone.js", "", "");
	CHECK(a->status == 404, "a file that is not there");
	a = stand_in_ask(stand, "HEAD", "/", "", "");
	CHECK(a->status == 200 && has_field(a, "Content-Length", "15"), "HEAD");
	a = stand_in_ask(stand, "POST", "/", own, "{}");
	CHECK(a->status == 405 && has_field(a, "Allow", "GET, HEAD"), "a page is only read");
}

static void test_health(void)
{
	struct answered *a = NULL;
	for (int i = 0; i < 40; i++) {
		a = stand_in_ask(stand, "GET", "/healthz", "", "");
		if (a->status == 200)
			break;
		(void)usleep(100000);
	}
	CHECK(a->status == 200 && strcmp(a->body, "{\"status\":\"ok\"}") == 0, "healthy, and anybody may know");
	a = stand_in_ask(stand, "GET", "/metrics", "", "");
	CHECK(a->status == 401 && has_field(a, "WWW-Authenticate", "Bearer"), "metrics want a token");
	a = stand_in_ask(stand, "GET", "/metrics", "Authorization: Bearer metrics-token-012345678X\r\n", "");
	CHECK(a->status == 401, "the right one");
	a = stand_in_ask(stand, "GET", "/metrics", "Authorization: Bearer metrics-token-0123456789\r\n", "");
	CHECK(a->status == 200 && says(a, "core_figure 7\n") && says(a, "legation_web_answers_total{status=\"2xx\"}") &&
		      has_field(a, "Content-Type", "text/plain; version=0.0.4"),
	      "and give core's figures and our own");
}

/* The connection stays; requests sent ahead are answered in order. */
static void test_keep_alive(void)
{
	struct client *client = client_open(stand->tls, stand->port, 0);
	NEED(client->ssl, "a handshake");
	CHECK(SSL_version(client->ssl) == TLS1_3_VERSION, "TLS 1.3");
	for (int i = 0; i < 20; i++)
		(void)client_say(client, "GET /api/things?seconds=%d HTTP/1.1\r\nHost: %s\r\n%s\r\n", i, stand->host,
				 cookie);
	bool good = true;
	for (int i = 0; i < 20; i++) {
		char words[32];
		struct answered *a = client_answer(client, false);
		(void)snprintf(words, sizeof words, "\"seconds\":%d,", i);
		good &= a->status == 200 && says(a, words) && !answered_field(a, "Connection");
	}
	CHECK(good, "twenty requests sent ahead on one connection");
	(void)client_say(
		client,
		"POST /api/things/1 HTTP/1.1\r\nHost: %s\r\n%sContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
		stand->host, own);
	struct answered *a = client_answer(client, true);
	CHECK(a->status == 100, "a client that asks first is told to go on");
	(void)client_say(client, "{}GET / HTTP/1.0\r\nHost: %s\r\n\r\n", stand->host);
	CHECK(client_answer(client, false)->status == 200, "and is answered");
	a = client_answer(client, false);
	CHECK(a->status == 200 && has_field(a, "Connection", "close"), "HTTP/1.0 closes");
	CHECK(!client_read(client), "and it is closed");
	client = client_close(client);
}

static void test_lost(void)
{
	struct client *client = client_open(stand->tls, stand->port, 0);
	(void)client_say(client, "GET /api/things?seconds=103 HTTP/1.1\r\nHost: %s\r\n%s\r\n", stand->host, cookie);
	struct answered *a = client_answer(client, false);
	CHECK(a->status == 504 && says(a, "timeout"), "an answer that never comes");
	(void)client_say(client, "GET /api/things?seconds=104 HTTP/1.1\r\nHost: %s\r\n%s\r\n", stand->host, cookie);
	a = client_answer(client, false);
	CHECK(a->status == -200, "half of an answer is broken off, not ended");
	client = client_close(client);
	client = client_open(stand->tls, stand->port, 0);
	(void)client_say(client, "GET /api/things?seconds=103 HTTP/1.1\r\nHost: %s\r\n%s\r\n", stand->host, cookie);
	(void)usleep(100000);
	stand_in_lose(stand, WORKER_QUERY);
	a = client_answer(client, false);
	CHECK(a->status == 503 && has_field(a, "Retry-After", "1"), "query dies while it is asked");
	a = get("/api/things");
	CHECK(a->status == 503, "and while it is away");
	a = stand_in_ask(stand, "GET", "/healthz", "", "");
	CHECK(a->status == 503, "which is not healthy");
	a = post("/api/things/1", "{}");
	CHECK(a->status == 200, "core still answers");
	stand_in_return(stand, WORKER_QUERY);
	a = NULL;
	for (int i = 0; i < 50 && (!a || a->status != 200); i++) {
		(void)usleep(20000);
		a = get("/api/things");
	}
	CHECK(a->status == 200, "query comes back");
	client = client_close(client);
	/* A client that leaves while its request is under way takes nothing with it. */
	client = client_open(stand->tls, stand->port, 0);
	(void)client_say(client, "GET /api/things?seconds=103 HTTP/1.1\r\nHost: %s\r\n%s\r\n", stand->host, cookie);
	client = client_close(client);
	CHECK(get("/api/things")->status == 200, "a client that leaves");
	/* Query gives a session: it is treated as gone, for it broke its promise. */
	a = get("/api/things?seconds=107");
	CHECK(a->status == 503 && !answered_field(a, "Set-Cookie"), "query may give nobody a session");
	stand_in_lose(stand, WORKER_QUERY);
	stand_in_return(stand, WORKER_QUERY);
	(void)usleep(200000);
	/* Nor may it answer what only core was asked. */
	a = post("/api/things/1", "{\"seconds\":109}");
	CHECK(a->status == 504, "query answers a write: nobody believes it");
	stand_in_lose(stand, WORKER_QUERY);
	stand_in_return(stand, WORKER_QUERY);
}

static void test_malformed(void)
{
	static const struct {
		const char *text;
		int status;
		const char *what;
	} cases[] = {
		{"GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", 400, "bare line feeds"},
		{"nonsense\r\n\r\n", 400, "nonsense"},
		{"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "another version"},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "chunks"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400, "two lengths"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000000\r\n\r\n", 413, "a body of all the world"},
		{"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400, "an address in bytes"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct client *client = client_open(stand->tls, stand->port, 0);
		(void)client_say(client, "%s", cases[i].text);
		struct answered *a = client_answer(client, false);
		CHECK(a->status == cases[i].status && says(a, "\"message\"") && has_field(a, "Connection", "close"),
		      "%s: %d, said in JSON", cases[i].what, cases[i].status);
		CHECK(!client_read(client), "and the connection ends");
		client = client_close(client);
	}
	struct client *client = client_open_plain(stand->port);
	(void)client_say(client, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", stand->host);
	CHECK(client_answer(client, false)->status == 0, "without TLS nobody is answered");
	client = client_close(client);
	SSL_CTX *old = client_tls(NULL);
	(void)SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION);
	client = client_open(old, stand->port, 0);
	CHECK(!client->ssl, "nor with TLS 1.2");
	client = client_close(client);
	(void)SSL_CTX_set_max_proto_version(old, 0);
	(void)SSL_CTX_set_alpn_protos(old, (const unsigned char *)"\x02h2", 3);
	client = client_open(old, stand->port, 0);
	CHECK(!client->ssl, "nor with HTTP/2 alone");
	client = client_close(client);
	(void)SSL_CTX_set_alpn_protos(old, (const unsigned char *)"\x02h2\x08http/1.1", 12);
	client = client_open(old, stand->port, 0);
	const unsigned char *chosen = NULL;
	unsigned size = 0;
	SSL_get0_alpn_selected(client->ssl, &chosen, &size);
	CHECK(size == 8 && memcmp(chosen, "http/1.1", 8) == 0, "HTTP/1.1 is chosen over HTTP/2");
	client = client_close(client);
	SSL_CTX_free(old);
}

int main(void)
{
	struct web_options options = {.call_ms = 700};
	stand = stand_in_start(&options);
	(void)snprintf(cookie, sizeof cookie, "Cookie: %s\r\n", stand_in_cookie);
	(void)snprintf(own, sizeof own,
		       "%sOrigin: https://%s\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n",
		       cookie, stand->host);
	test_sessions();
	test_good();
	test_guard();
	test_refused();
	test_parts();
	test_pages();
	test_health();
	test_keep_alive();
	test_malformed();
	test_lost();
	CHECK(stand_in_stop(stand) == 0, "the worker ends with its supervisor, and in peace");
	return tap_finish();
}
