/* What is a request, and what is refused because two readers could take it in two ways. */
#include "lib/tap.h"
#include "worker/web/head.h"

static uint32_t status_of(const char *text, struct web_head *ret_head)
{
	struct span bytes = span_of_string(text);
	if (web_head_size(bytes) != bytes.size)
		return 1;
	return web_head_read(bytes, ret_head).status;
}

static void test_good(void)
{
	struct web_head head;
	CHECK(status_of("GET /doors/7?a=1&b=%20 HTTP/1.1\r\nHost: post.example:8443\r\nX: \t y z \r\n\r\n", &head) == 0,
	      "a plain request is read");
	CHECK(head.method == WEB_HEAD_METHOD_GET, "its method");
	CHECK_SPAN(head.path, SPAN_TEXT("/doors/7"), "its path");
	CHECK_SPAN(head.query, SPAN_TEXT("a=1&b=%20"), "its query, not decoded");
	CHECK_SPAN(head.host, SPAN_TEXT("post.example:8443"), "its host");
	CHECK_SPAN(web_head_value(&head, "x"), SPAN_TEXT("y z"), "a field's value without the white space around it");
	CHECK(head.keep_alive && head.chunks && !head.upgrades && head.body_size == 0, "HTTP/1.1 stays open");
	CHECK(status_of("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 12\r\n\r\n", &head) == 0 && !head.keep_alive &&
		      !head.chunks && head.body_size == 12,
	      "HTTP/1.0 ends, and takes no chunks");
	CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n", &head) == 0 &&
		      !head.keep_alive,
	      "Connection: close among others, in any case");
	CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n",
			&head) == 0 &&
		      head.upgrades,
	      "an upgrade");
	CHECK(status_of("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", &head) == 0 && head.method == WEB_HEAD_METHOD_OTHER,
	      "an unknown method is well-formed");
	CHECK(status_of("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", &head) ==
			      0 &&
		      head.expects_continue,
	      "100-continue");
}

static void test_refused(void)
{
	static const struct {
		const char *text;
		uint32_t status;
		const char *what;
	} cases[] = {
		{"GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "a bare line feed"},
		{"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400, "a bare line feed between fields"},
		{"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400, "a bare carriage return"},
		{"GET / HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n", 400, "a folded line"},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "white space before the colon"},
		{"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400, "a field without a colon"},
		{"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400, "a field without a name"},
		{"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400, "a control character"},
		{"GET / HTTP/1.1\r\n\r\n", 400, "no host"},
		{"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "an empty host"},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "two hosts"},
		{"GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\norigin: https://b\r\n\r\n", 400, "two origins"},
		{"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n", 400, "two cookie fields"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400, "two lengths"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400, "a signed length"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400, "a list of lengths"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400, "a hexadecimal length"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400, "an empty length"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400,
		 "a length beyond numbers"},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 411, "chunks"},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400,
		 "chunks and a length"},
		{"POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417, "an unknown expectation"},
		{"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "another server's address"},
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "an asterisk"},
		{"CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a tunnel"},
		{"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a fragment"},
		{"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a byte that is no address"},
		{"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "an address in UTF-8"},
		{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "two spaces"},
		{"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "a space at the end"},
		{"GET /\r\nHost: a\r\n\r\n", 400, "no version"},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP/2"},
		{"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "HTTP/1.2"},
		{"GET / http/1.1\r\nHost: a\r\n\r\n", 400, "the version in small letters"},
		{"GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a method that is no word"},
		{" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "a space first"},
		{"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "an empty line first"},
		{"\x16\x03\x01\x02\x03\r\n\r\n", 400, "TLS where none belongs"},
	};
	struct web_head head;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK(status_of(cases[i].text, &head) == cases[i].status, "%s: %u", cases[i].what, cases[i].status);
}

static void test_bounds(void)
{
	static char text[WEB_HEAD_SIZE_MAX * 2];
	struct web_head head;
	size_t size = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < WEB_HEAD_FIELDS_MAX; i++)
		size += (size_t)snprintf(text + size, sizeof text - size, "X-%d: y\r\n", i);
	(void)snprintf(text + size, sizeof text - size, "\r\n");
	CHECK(status_of(text, &head) == 431, "one field too many");
	size = (size_t)snprintf(text, sizeof text, "GET /");
	memset(text + size, 'a', WEB_HEAD_TARGET_SIZE_MAX);
	(void)snprintf(text + size + WEB_HEAD_TARGET_SIZE_MAX, 64, " HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK(status_of(text, &head) == 414, "an address too long");
	(void)snprintf(text + size + WEB_HEAD_TARGET_SIZE_MAX - 1, 64, " HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK(status_of(text, &head) == 0, "the longest address");
	size = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	memset(text + size, 'a', WEB_HEAD_SIZE_MAX);
	(void)snprintf(text + size + WEB_HEAD_SIZE_MAX, 64, "\r\n\r\n");
	CHECK(status_of(text, &head) == 431, "a head too long");
}

/* No cut and no changed byte of a good head may crash or be read past its end (the sanitizers look). */
static void test_cuts(void)
{
	static const char good[] =
		"POST /api/a?b=c HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nOrigin: https://a\r\n\r\n";
	size_t whole = 0;
	for (size_t cut = 0; cut < sizeof good; cut++) {
		uint8_t *copy = malloc(cut + 1);
		NEED(copy, "memory");
		memcpy(copy, good, cut);
		whole += web_head_size((struct span){copy, cut}) > 0;
		struct web_head head;
		(void)web_head_read((struct span){copy, cut}, &head).status;
		free(copy);
	}
	CHECK(whole == 1, "only with its last byte is a head whole");
}

int main(void)
{
	test_good();
	test_refused();
	test_bounds();
	test_cuts();
	return tap_finish();
}
