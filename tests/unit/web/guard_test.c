/* Host, Origin, cookie and bearer; how often one address may ask; which route an address means; which file a path. */
#include "lib/tap.h"
#include "unit/web/test_routes.h"
#include "worker/web/assets.h"
#include "worker/web/guard.h"
#include "worker/web/rate.h"
#include "worker/web/router.h"

static struct web_head head_of(const char *fields)
{
	static char text[4096];
	struct web_head head;
	(void)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n%s\r\n", fields);
	NEED(web_head_read(span_of_string(text), &head).status == 0, "the head of this test");
	return head;
}

static void test_host_and_origin(void)
{
	static const char *const names[] = {"post.example:8443", "localhost"};
	struct web_hosts hosts = {names, 2};
	struct web_head head = head_of("Host: POST.example:8443\r\nOrigin: https://post.example:8443\r\n");
	CHECK(web_guard_host(&hosts, &head), "a host of ours, in whatever case");
	CHECK(web_guard_origin(&head), "its own origin");
	head = head_of("Host: post.example\r\nOrigin: https://post.example\r\n");
	CHECK(!web_guard_host(&hosts, &head), "the host without its port is another one");
	head = head_of("Host: localhost\r\nOrigin: http://localhost\r\n");
	CHECK(web_guard_host(&hosts, &head) && !web_guard_origin(&head), "an origin without TLS");
	head = head_of("Host: localhost\r\nOrigin: https://evil.example\r\n");
	CHECK(!web_guard_origin(&head), "somebody else's origin");
	head = head_of("Host: localhost\r\nOrigin: https://localhost.evil.example\r\n");
	CHECK(!web_guard_origin(&head), "an origin that only begins like ours");
	head = head_of("Host: localhost\r\nOrigin: null\r\n");
	CHECK(!web_guard_origin(&head), "an origin that is hidden");
	head = head_of("Host: localhost\r\n");
	CHECK(!web_guard_origin(&head), "no origin");
	CHECK(web_guard_site(&head), "a browser that does not say where from");
	head = head_of("Host: localhost\r\nSec-Fetch-Site: same-site\r\n");
	CHECK(!web_guard_site(&head), "another server of the same site");
	head = head_of("Host: localhost\r\nSec-Fetch-Site: same-origin\r\n");
	CHECK(web_guard_site(&head), "our own page");
}

static void test_cookie(void)
{
	uint8_t token[WEB_TOKEN_SIZE];
	uint8_t room[256];
	uint8_t secret[WEB_TOKEN_SIZE];
	for (size_t i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)(0xFB + 5 * i); /* has both of base64's odd digits */
	struct sink s = SINK_OF(room);
	web_guard_cookie(&s, SPAN_OF(secret));
	room[s.size] = '\0';
	CHECK(strncmp((char *)room, "Set-Cookie: __Host-legation=", 28) == 0 &&
		      strstr((char *)room, "; Path=/; Secure; HttpOnly; SameSite=Strict\r\n"),
	      "a cookie that only our pages send, and no script reads");
	CHECK(!strchr((char *)room, '+') && !memchr(room + 28, '/', 43) && room[28 + 43] == ';',
	      "base64url, not padded");
	char fields[512];
	(void)snprintf(fields, sizeof fields, "Host: a\r\nCookie: x=1; __Host-legation=%.43s; y=2\r\n",
		       (char *)room + 28);
	struct web_head head = head_of(fields);
	CHECK(web_guard_token(&head, token), "it comes back");
	CHECK_SPAN(SPAN_OF(token), SPAN_OF(secret), "the same");
	(void)snprintf(fields, sizeof fields, "Host: a\r\nCookie: __Host-legation=%.43s; __Host-legation=%.43s\r\n",
		       (char *)room + 28, (char *)room + 28);
	head = head_of(fields);
	CHECK(!web_guard_token(&head, token), "two of them are none");
	(void)snprintf(fields, sizeof fields, "Host: a\r\nCookie: __Host-legation=%.42s\r\n", (char *)room + 28);
	head = head_of(fields);
	CHECK(!web_guard_token(&head, token), "one too short");
	(void)snprintf(fields, sizeof fields, "Host: a\r\nCookie: __Host-legation=%.42s=\r\n", (char *)room + 28);
	head = head_of(fields);
	CHECK(!web_guard_token(&head, token), "one with padding");
	(void)snprintf(fields, sizeof fields, "Host: a\r\nCookie: a__Host-legation=%.43s\r\n", (char *)room + 28);
	head = head_of(fields);
	CHECK(!web_guard_token(&head, token), "one whose name only ends like ours");
	(void)snprintf(fields, sizeof fields, "Host: a\r\nCookie: legation=%.43s\r\n", (char *)room + 28);
	head = head_of(fields);
	CHECK(!web_guard_token(&head, token), "one without the prefix that binds it to the host");
	s = SINK_OF(room);
	web_guard_cookie(&s, (struct span){0});
	room[s.size] = '\0';
	CHECK(strstr((char *)room, "__Host-legation=; ") && strstr((char *)room, "Max-Age=0"), "the end of a session");
}

static void test_bearer(void)
{
	struct web_head head = head_of("Host: a\r\nAuthorization: Bearer 0123456789abcdef\r\n");
	CHECK(web_guard_bearer(&head, SPAN_TEXT("0123456789abcdef")), "the right token");
	CHECK(!web_guard_bearer(&head, SPAN_TEXT("0123456789abcdeg")), "a wrong one");
	CHECK(!web_guard_bearer(&head, SPAN_TEXT("0123456789abcde")), "a shorter one");
	CHECK(!web_guard_bearer(&head, (struct span){0}), "no token set: nobody");
	head = head_of("Host: a\r\nAuthorization: Bearer \r\n");
	CHECK(!web_guard_bearer(&head, (struct span){0}), "nothing is not the same as nothing");
}

static void test_rate(void)
{
	struct web_rate *rate = web_rate_new((struct web_rate_rule){.burst = 3, .per_minute = 60});
	struct web_address one = {{1}};
	struct web_address two = {{2}};
	uint64_t now = 1000000;
	CHECK(!web_rate_take(rate, &one, now) && !web_rate_take(rate, &one, now) && !web_rate_take(rate, &one, now),
	      "three at once");
	uint32_t wait_s = web_rate_take(rate, &one, now);
	CHECK(wait_s == 1 || wait_s == 2, "the fourth waits a second (%u)", wait_s);
	CHECK(web_rate_take(rate, &two, now) == 0, "another address does not");
	CHECK(web_rate_take(rate, &one, now + 1000) == 0, "a second later there is one more");
	CHECK(web_rate_take(rate, &one, now + 1000) > 0, "and only one");
	CHECK(!web_rate_take(rate, &one, now + 100000) && !web_rate_take(rate, &one, now + 100000) &&
		      !web_rate_take(rate, &one, now + 100000) && web_rate_take(rate, &one, now + 100000) > 0,
	      "never more than three at once");
	/* More addresses than the table holds: no crash, and the newest is still counted. */
	for (uint32_t i = 0; i < 3 * WEB_RATE_ADDRESSES_MAX; i++) {
		struct web_address many = {{3}};
		memcpy(many.bytes + 4, &i, sizeof i);
		(void)!web_rate_take(rate, &many, now + 200000);
	}
	struct web_address last = {{4}};
	CHECK(!web_rate_take(rate, &last, now + 200000) && !web_rate_take(rate, &last, now + 200000) &&
		      !web_rate_take(rate, &last, now + 200000) && web_rate_take(rate, &last, now + 200000),
	      "a crowd does not lift the bound for the newest");
	rate = web_rate_free(rate);
}

static enum web_matched match_of(enum web_head_method method, const char *path, struct web_match *ret_match)
{
	return web_router_find(test_routes, TEST_ROUTE_COUNT, method, span_of_string(path), ret_match);
}

static void test_router(void)
{
	struct web_match match;
	CHECK(match_of(WEB_HEAD_METHOD_GET, "/api/things", &match) == WEB_MATCH_FOUND && match.route == TEST_LIST,
	      "a path");
	CHECK(match_of(WEB_HEAD_METHOD_POST, "/api/things/17", &match) == WEB_MATCH_FOUND && match.route == TEST_CHANGE,
	      "a path with a number");
	CHECK(match.parameter_count == 1 && match.parameters[0].number == 17, "which is read");
	CHECK(match_of(WEB_HEAD_METHOD_DELETE, "/api/things/17", &match) == WEB_MATCH_METHOD,
	      "a method that is not there");
	CHECK(match_of(WEB_HEAD_METHOD_HEAD, "/api/things", &match) == WEB_MATCH_METHOD, "HEAD is none of the API's");
	CHECK(match_of(WEB_HEAD_METHOD_OTHER, "/api/things", &match) == WEB_MATCH_METHOD, "nor are unknown methods");
	static const char nowhere[][40] = {
		"/api",
		"/api/",
		"/api/thing",
		"/api/things/",
		"/api/things/017",
		"/api/things/-1",
		"/api/things/x",
		"/api/things/17/",
		"/api/things/9007199254740992",
		"/api/things/17/nothing/more",
		"//api/things",
		"/api/tool",
		"/API/things",
		"/api/things%2F1",
	};
	for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++)
		CHECK(match_of(WEB_HEAD_METHOD_POST, nowhere[i], &match) == WEB_MATCH_NONE, "%s is nowhere",
		      nowhere[i]);
	char room[64];
	struct sink s = SINK_OF(room);
	web_router_allow(test_routes, TEST_ROUTE_COUNT, SPAN_TEXT("/api/session"), &s);
	CHECK_SPAN(sink_span(&s), SPAN_TEXT("POST, DELETE"), "what an address takes");
}

static void test_assets(void)
{
	/* brotli of "hello hello hello hello\n", by the reference encoder */
	static const uint8_t packed[] = {
		0x1f, 0x17, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x55, 0x86, 0xd6,
		0x0a, 0x20, 0x6c, 0x6f, 0x4a, 0x11, 0x79, 0xe2, 0x80, 0xae, 0x16,
	};
	struct web_asset table[] = {
		{"/index.html", "text/html", "\"a\"", (const uint8_t *)"page", 4, 4, false, false},
		{"/assets/main-abcdefgh.js", "text/javascript", "\"b\"", packed, sizeof packed, 24, true, true},
		{"/assets/broken-abcdefgh.js", "text/javascript", "\"c\"", packed, sizeof packed, 25, true, true},
	};
	struct web_assets *assets = web_assets_new(table, 3);
	bool is_packed;
	CHECK(web_assets_find(assets, SPAN_TEXT("/")) == &table[0], "the front page");
	CHECK(web_assets_find(assets, SPAN_TEXT("/doors/7")) == &table[0], "a page of the console's own");
	CHECK(web_assets_find(assets, SPAN_TEXT("/assets/main-abcdefgh.js")) == &table[1], "a file");
	CHECK(!web_assets_find(assets, SPAN_TEXT("/assets/gone.js")), "a file that is not there is not the front page");
	CHECK(!web_assets_find(assets, SPAN_TEXT("/../etc/passwd.txt")), "nothing lies above");
	struct web_bytes *bytes = web_assets_bytes(assets, &table[1], true, &is_packed);
	CHECK(bytes && is_packed && bytes->size == sizeof packed, "packed for a browser that takes it so");
	bytes = web_assets_bytes(assets, &table[1], false, &is_packed);
	CHECK(bytes && !is_packed && bytes->size == 24 && memcmp(bytes->at, "hello hello", 11) == 0,
	      "unpacked for one that does not");
	CHECK(web_assets_bytes(assets, &table[1], false, &is_packed) == bytes, "once");
	CHECK(!web_assets_bytes(assets, &table[2], false, &is_packed), "a broken one is none");
	assets = web_assets_free(assets);
	struct web_head head = head_of("Host: a\r\nAccept-Encoding: gzip, deflate, br\r\n");
	CHECK(web_assets_takes_brotli(&head), "br among others");
	head = head_of("Host: a\r\nAccept-Encoding: gzip, deflate, zbr\r\n");
	CHECK(!web_assets_takes_brotli(&head), "another word that ends like it");
	head = head_of("Host: a\r\nAccept-Encoding: br;q=0\r\n");
	CHECK(!web_assets_takes_brotli(&head), "br;q=0 says no");
	CHECK(web_console_asset_count > 0 && web_console_assets[0].size > 0, "this build carries a page");
}

int main(void)
{
	test_host_and_origin();
	test_cookie();
	test_bearer();
	test_rate();
	test_router();
	test_assets();
	return tap_finish();
}
