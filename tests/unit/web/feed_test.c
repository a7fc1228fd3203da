/* The real worker's feed: order, resume, gaps, consoles that are slow, dead, rude or signed out. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/tap.h"
#include "unit/web/stand_in.h"

static struct stand_in *stand;

/* Numbers stand-in lines, as core would send them: {"seq":17} */
static void feed_lines(uint64_t first, uint32_t count, size_t padding, const char *checkpoint)
{
	static char text[50001];
	size_t size = 0;
	for (uint32_t i = 0; i < count; i++)
		size += (size_t)snprintf(text + size, sizeof text - size, "{\"seq\":%llu,\"pad\":\"%*s\"}\n",
					 (unsigned long long)(first + i), (int)padding, "");
	stand_in_feed(stand, first, count, first + count, checkpoint, text);
}

static bool starts(const char *text, const char *with)
{
	bool good = strncmp(text, with, strlen(with)) == 0;
	if (!good)
		printf("# got %.200s\n", text);
	return good;
}

static void test_order(void)
{
	struct client *early = stand_in_console(stand, "", 0);
	NEED(early, "a console");
	(void)usleep(100000);
	stand_in_feed(stand, 0, 0, 10, "post.example/ledger\n10\nrootrootroot=\n\n\xe2\x80\x94 key sig==\n", "");
	CHECK(starts(stand_in_next(early),
		     "{\"kind\":\"hello\",\"size\":10,\"checkpoint\":\"post.example/ledger\\n10\\nrootrootroot="
		     "\\n\\n\xe2\x80\x94 key sig==\\n\"}"),
	      "hello comes first, once the ledger's size is known");
	stand_in_feed(stand, 10, 2, 12, "note 12", "{\"seq\":10,\"text\":\"a\\\"b\"}\n{\"seq\":11}\n");
	CHECK(starts(stand_in_next_said(early),
		     "{\"kind\":\"lines\",\"first\":10,\"lines\":[\"{\\\"seq\\\":10,\\\"text\\\":"
		     "\\\"a\\\\\\\"b\\\"}\",\"{\\\"seq\\\":11}\"],\"size\":12,\"checkpoint\":\"note 12\"}"),
	      "lines come as they are stored, as strings");
	stand_in_feed(stand, 12, 1, 0, "", "{\"seq\":12}\n");
	CHECK(starts(stand_in_next_said(early),
		     "{\"kind\":\"lines\",\"first\":12,\"lines\":[\"{\\\"seq\\\":12}\"],\"size\":13,"
		     "\"checkpoint\":\"\"}"),
	      "the first part of a commit has no checkpoint");
	stand_in_feed(stand, 13, 1, 14, "note 14", "{\"seq\":13}\n");
	CHECK(starts(stand_in_next_said(early), "{\"kind\":\"lines\",\"first\":13,"), "the last part has");
	const char *said = stand_in_next(early);
	CHECK(starts(said, "{\"kind\":\"beat\",\"time\":\"2"), "and a beat each second");
	struct client *second = stand_in_console(stand, "?after=11", 0);
	NEED(second, "a second console, that has seen 11");
	CHECK(starts(stand_in_next_said(second), "{\"kind\":\"hello\",\"size\":14,\"checkpoint\":\"note 14\"}"),
	      "is greeted");
	CHECK(starts(stand_in_next_said(second), "{\"kind\":\"lines\",\"first\":12,\"lines\":[\"{\\\"seq\\\":12}\","
						 "\"{\\\"seq\\\":13}\"],\"size\":14,\"checkpoint\":\"\"}"),
	      "and gets what it has missed");
	struct client *third = stand_in_console(stand, "?after=3", 0);
	NEED(third, "a third, that has seen 3");
	(void)stand_in_next_said(third);
	CHECK(starts(stand_in_next_said(third), "{\"kind\":\"gap\",\"from\":4,\"to\":9}"),
	      "is told what it has to fetch");
	CHECK(starts(stand_in_next_said(third), "{\"kind\":\"lines\",\"first\":10,"), "and gets the rest");
	/* Core had to drop 14 to 16. */
	stand_in_feed(stand, 17, 1, 18, "note 18", "{\"seq\":17}\n");
	CHECK(starts(stand_in_next_said(early), "{\"kind\":\"gap\",\"from\":14,\"to\":16}"),
	      "what core could not send is a gap");
	CHECK(starts(stand_in_next_said(early), "{\"kind\":\"lines\",\"first\":17,"), "and the feed goes on");
	/* The last line of a commit was too large for a message. */
	stand_in_feed(stand, 0, 0, 19, "note 19", "");
	CHECK(starts(stand_in_next_said(early), "{\"kind\":\"lines\",\"first\":18,\"lines\":[],\"size\":19,"),
	      "a checkpoint alone");
	CHECK(starts(stand_in_next_said(early), "{\"kind\":\"gap\",\"from\":18,\"to\":18}"),
	      "tells of a line that did not come");
	early = client_close(early);
	second = client_close(second);
	third = client_close(third);
}

static void test_who(void)
{
	struct client *client = client_open(stand->tls, stand->port, 0);
	(void)client_say(
		client,
		"GET /api/feed HTTP/1.1\r\nHost: %s\r\nOrigin: https://%s\r\n"
		"Cookie: __Host-legation=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
		"dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		stand->host, stand->host);
	struct answered *a = client_answer(client, true);
	CHECK(a->status == 101 &&
		      strcmp(answered_field(a, "Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == 0,
	      "an upgrade is answered as the RFC says");
	CHECK(strcmp(stand_in_next(client), "close 4401") == 0,
	      "and closed at once for a session that core does not know");
	client = client_close(client);
	static const struct {
		const char *fields;
		int status;
		const char *what;
	} cases[] = {
		{"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
		 "dGhlIHNhbXBsZSBub25jZQ==\r\n",
		 403, "no origin"},
		{"Origin: https://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
		 "13\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
		 403, "somebody else's page"},
		{"Origin: https://%s\r\n", 426, "no upgrade"},
		{"Origin: https://%s\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n", 426, "another upgrade"},
		{"Origin: https://%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 12\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
		 400, "another version"},
		{"Origin: https://%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
		 400, "no key"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char fields[1024];
		char line[1400];
		(void)snprintf(fields, sizeof fields, "%s", cases[i].fields);
		char *at = strstr(fields, "%s");
		if (at) {
			*at = '\0';
			(void)snprintf(line, sizeof line, "%s%s%s", fields, stand->host, at + 2);
		} else {
			(void)snprintf(line, sizeof line, "%s", fields);
		}
		client = client_open(stand->tls, stand->port, 0);
		(void)client_say(client, "GET /api/feed HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n%s\r\n", stand->host,
				 stand_in_cookie, line);
		CHECK(client_answer(client, false)->status == cases[i].status, "%s: %d", cases[i].what,
		      cases[i].status);
		client = client_close(client);
	}
	CHECK(!stand_in_console(stand, "?after=x", 0), "after what is no number");
	CHECK(!stand_in_console(stand, "?token=x", 0), "another parameter");
	CHECK(stand_in_ask(stand, "POST", "/api/feed", "", "")->status == 405, "POST");
}

static void test_rude(void)
{
	static const struct {
		int kind;
		const char *payload;
		size_t size;
		const char *answer;
	} cases[] = {
		{1, "hello", 5, "close 1003"}, {2, "", 0, "close 1003"},         {0, "", 0, "close 1003"},
		{3, "", 0, "close 1002"},      {8, "\x03\xe8", 2, "close 1000"}, {8, "", 0, "close 1000"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct client *console = stand_in_console(stand, "", 0);
		(void)client_frame(console, cases[i].kind, cases[i].payload, cases[i].size);
		const char *said;
		do
			said = stand_in_next(console);
		while (said[0] == '{');
		CHECK(strcmp(said, cases[i].answer) == 0, "a frame of kind %d: %s", cases[i].kind, said);
		CHECK(!client_read(console), "and the connection ends");
		console = client_close(console);
	}
	struct client *console = stand_in_console(stand, "", 0);
	(void)client_send(console, "\x81\x05Hello", 7);
	const char *said;
	do
		said = stand_in_next(console);
	while (said[0] == '{');
	CHECK(strcmp(said, "close 1002") == 0, "a frame without a mask");
	console = client_close(console);
	console = stand_in_console(stand, "", 0);
	(void)client_send(console, "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff....", 14);
	do
		said = stand_in_next(console);
	while (said[0] == '{');
	CHECK(strcmp(said, "close 1009") == 0, "a frame larger than the world");
	console = client_close(console);
	console = stand_in_console(stand, "", 0);
	char *payload;
	size_t size;
	(void)client_frame(console, 9, "are you there", 13);
	int kind;
	do
		kind = client_next_frame(console, false, &payload, &size);
	while (kind == 1);
	CHECK(kind == 10 && size == 13 && memcmp(payload, "are you there", 13) == 0,
	      "a ping is answered with what it said");
	for (int i = 0; i < 100 && client_frame(console, 9, "", 0); i++)
		;
	do
		kind = client_next_frame(console, false, &payload, &size);
	while (kind == 1 || kind == 10 || kind == 9);
	CHECK(kind == 8, "a hundred pings are too many");
	console = client_close(console);
}

/* A console that reads nothing: others get all, the worker holds a bounded amount, and afterwards there is a gap. */
static void test_slow(uint64_t first)
{
	enum { ROUNDS = 200, LINES = 40, PADDING = 1000 };
	struct client *slow = stand_in_console(stand, "", 4096);
	struct client *quick = stand_in_console(stand, "", 0);
	(void)usleep(200000);
	uint64_t start = clock_boot_us();
	uint64_t next = first;
	bool good = starts(stand_in_next_said(quick), "{\"kind\":\"hello\"");
	for (int i = 0; i < ROUNDS; i++) {
		char words[64];
		feed_lines(next, LINES, PADDING, "note");
		(void)snprintf(words, sizeof words, "{\"kind\":\"lines\",\"first\":%llu,", (unsigned long long)next);
		good &= starts(stand_in_next_said(quick), words);
		next += LINES;
	}
	uint64_t took_ms = (clock_boot_us() - start) / 1000;
	CHECK(good, "a quick console gets 8 MB of lines in order beside a slow one");
	printf("# took %llu ms\n", (unsigned long long)took_ms);
	CHECK(starts(stand_in_next_said(slow), "{\"kind\":\"hello\""), "the slow one is greeted");
	uint64_t expected = first;
	uint64_t gap_from = 0;
	uint64_t gap_to = 0;
	uint64_t lines_before = 0;
	for (int i = 0; i < 2 * ROUNDS && gap_to == 0; i++) {
		unsigned long long from, to;
		const char *said = stand_in_next_said(slow);
		if (sscanf(said, "{\"kind\":\"gap\",\"from\":%llu,\"to\":%llu}", &from, &to) == 2) {
			gap_from = from;
			gap_to = to;
		} else if (sscanf(said, "{\"kind\":\"lines\",\"first\":%llu,", &from) == 1 && from == expected) {
			expected += LINES;
			lines_before += LINES;
		} else {
			printf("# unexpected %.100s\n", said);
			break;
		}
	}
	CHECK(gap_from == expected && gap_to == next - 1,
	      "the slow one gets %llu lines in order, then a gap from %llu to %llu", (unsigned long long)lines_before,
	      (unsigned long long)gap_from, (unsigned long long)gap_to);
	CHECK(lines_before * PADDING < 4 * 1000 * 1000, "and no more than a bounded amount was held for it");
	CHECK(starts(stand_in_next_said(slow), "{\"kind\":\"lines\",\"first\""), "with the checkpoint that it missed");
	feed_lines(next, 1, 0, "note");
	char words[64];
	(void)snprintf(words, sizeof words, "{\"kind\":\"lines\",\"first\":%llu,", (unsigned long long)next);
	CHECK(starts(stand_in_next_said(slow), words), "and then it is up to date");
	slow = client_close(slow);
	quick = client_close(quick);
}

static void test_core_away(void)
{
	struct client *console = stand_in_console(stand, "", 0);
	(void)stand_in_next_said(console);
	stand_in_pause(stand, true);
	struct timeval patience = {.tv_sec = 2, .tv_usec = 500000};
	(void)setsockopt(console->descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	int beats = 0;
	while (beats < 8 && strncmp(stand_in_next(console), "{\"kind\":\"beat\"", 14) == 0)
		beats++;
	CHECK(beats >= 1 && beats <= 4,
	      "when core is silent the beats stop, so that the console says that it is stale (%d)", beats);
	stand_in_pause(stand, false);
	console = client_close(console);
	console = stand_in_console(stand, "", 0);
	(void)stand_in_next_said(console);
	stand_in_session_over(stand);
	CHECK(strcmp(stand_in_next_said(console), "close 4401") == 0, "a session that is over loses its feed");
	console = client_close(console);
	console = stand_in_console(stand, "", 0);
	(void)stand_in_next_said(console);
	stand_in_lose(stand, WORKER_CORE);
	CHECK(strcmp(stand_in_next_said(console), "close 1012") == 0, "core's death closes the feed: come back soon");
	console = client_close(console);
	CHECK(!stand_in_console(stand, "", 0), "nobody is let in while it is away");
	stand_in_return(stand, WORKER_CORE);
	for (int i = 0; i < 50 && !console; i++) {
		(void)usleep(20000);
		console = stand_in_console(stand, "", 0);
	}
	NEED(console, "and afterwards again");
	stand_in_feed(stand, 5, 1, 6, "note of a new start", "{\"seq\":5}\n");
	CHECK(starts(stand_in_next(console), "{\"kind\":\"hello\",\"size\":6,\"checkpoint\":\"note of a new start\"}"),
	      "with what the new one says");
	console = client_close(console);
}

/* Lines that are none end core's link, and nothing else. */
static void test_broken_core(void)
{
	struct client *console = stand_in_console(stand, "", 0);
	(void)stand_in_next_said(console);
	stand_in_feed(stand, 6, 2, 8, "note", "{\"seq\":6}\n");
	CHECK(strcmp(stand_in_next_said(console), "close 1012") == 0, "fewer lines than promised");
	console = client_close(console);
	CHECK(stand_in_ask(stand, "GET", "/", "", "")->status == 200, "the pages are still there");
	stand_in_lose(stand, WORKER_CORE);
	stand_in_return(stand, WORKER_CORE);
}

static void test_crowd(void)
{
	static struct client *consoles[WEB_CONSOLES_PER_SESSION_MAX + 1];
	(void)usleep(200000);
	for (int i = 0; i < WEB_CONSOLES_PER_SESSION_MAX + 1; i++)
		consoles[i] = stand_in_console(stand, "", 0);
	CHECK(consoles[WEB_CONSOLES_PER_SESSION_MAX - 1] && !consoles[WEB_CONSOLES_PER_SESSION_MAX],
	      "one session has a bounded number of feeds");
	for (int i = 0; i < WEB_CONSOLES_PER_SESSION_MAX; i++)
		consoles[i] = client_close(consoles[i]);
}

/* A console whose machine has died: its connection is open and nobody is there. */
static void test_dead(void)
{
	struct web_front_limits limits = web_front_limits_usual;
	limits.ping_ms = 300;
	limits.silence_ms = 1200;
	struct web_options options = {.limits = &limits};
	stand = stand_in_start(&options);
	struct client *dead = stand_in_console(stand, "", 0);
	struct client *alive = stand_in_console(stand, "", 0);
	stand_in_feed(stand, 0, 0, 1, "note", "");
	uint64_t start = clock_boot_us();
	char *payload;
	size_t size;
	bool good = true;
	while (clock_boot_us() - start < 2500000 && good)
		good = client_next_frame(alive, true, &payload, &size) == 1; /* answers pings as it goes */
	CHECK(good, "who answers pings stays");
	int kind;
	int pings = 0;
	while ((kind = client_next_frame(dead, false, &payload, &size)) > 0)
		pings += kind == 9;
	CHECK(kind == -1 && pings >= 2 && pings <= 6, "who does not is gone (%d pings)", pings);
	dead = client_close(dead);
	alive = client_close(alive);
	CHECK(stand_in_stop(stand) == 0, "the worker ends in peace");
}

int main(void)
{
	stand = stand_in_start(NULL);
	test_order();
	test_who();
	test_rude();
	test_slow(19);
	test_core_away();
	test_broken_core();
	test_crowd();
	CHECK(stand_in_stop(stand) == 0, "the worker ends in peace");
	test_dead();
	return tap_finish();
}
