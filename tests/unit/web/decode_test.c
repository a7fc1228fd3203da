/* A request's address and body against its shape: what fits, and which field is named when it does not. */
#include "lib/random.h"
#include "lib/tap.h"
#include "unit/web/test_routes.h"
#include "worker/web/decode.h"

static struct arena *arena;
static struct web_refusal refusal;

static bool decode(const char *query, const char *body, struct test_everything *ret_value)
{
	struct web_match match = {.route = TEST_LIST};
	arena_reset(arena);
	refusal = (struct web_refusal){0};
	return web_decode(&test_everything_shape, &match, span_of_string(query), span_of_string(body), arena, ret_value,
			  &refusal);
}

static void test_good(void)
{
	struct test_everything value;
	NEED(decode("",
		    "{\"id\":7,\"seconds\":4294967295,\"large\":9007199254740991,\"on\":true,"
		    "\"since\":\"2026-11-22T22:48:57.123456Z\",\"name\":\"caf\\u00e9 "
		    "\\ud83d\\ude80\",\"reason\":\"a\\nb\","
		    "\"hash\":\"00ff\",\"password\":\"p\\u00e4ss\",\"colour\":\"green\","
		    "\"items\":[{\"door\":1,\"name\":\"x\"},{}],\"zones\":[3,1,2]} ",
		    &value),
	     "a body with everything: %s", refusal.message);
	CHECK(value.id == 7 && value.seconds == UINT32_MAX && value.large == SHAPE_NUMBER_MAX && value.on, "numbers");
	CHECK(value.since == 1795387737123456, "a time");
	CHECK_SPAN(value.name, SPAN_TEXT("caf\xc3\xa9 \xf0\x9f\x9a\x80"), "a text with escapes");
	CHECK_SPAN(value.reason, SPAN_TEXT("a\nb"), "prose");
	CHECK_SPAN(value.hash, SPAN_TEXT("\x00\xff"), "bytes");
	CHECK_SPAN(value.password, SPAN_TEXT("p\xc3\xa4ss"), "a secret");
	CHECK(value.colour == TEST_COLOUR_GREEN, "a word");
	const struct test_item *items = value.items.at;
	CHECK(value.items.count == 2 && items[0].door == 1 && span_is(items[0].name, "x") && items[1].door == 0,
	      "a list");
	const uint64_t *zones = value.zones.at;
	CHECK(value.zones.count == 3 && zones[0] == 3 && zones[2] == 2, "numbers of objects");
	CHECK(decode("", "", &value) && value.id == 0 && value.zones.count == 0, "no body");
	CHECK(decode("", "{}", &value) && !value.on, "an empty object");
	CHECK(decode("id=7&name=a+b%26c%C3%A9&on=true&colour=red&zones=1,2&hash=ab&since=", "", &value) &&
		      value.id == 7 && value.on && value.colour == TEST_COLOUR_RED && value.zones.count == 2 &&
		      value.hash.size == 1 && span_is(value.name, "a b&c\xc3\xa9"),
	      "an address with nearly everything: %s", refusal.message);
	CHECK(decode("id=7", "{\"on\":true}", &value) && value.id == 7 && value.on, "an address and a body");
}

static void test_refused(void)
{
	static const struct {
		const char *query, *body, *field, *what;
	} cases[] = {
		{"", "{\"id\":1,\"id\":2}", "", "a member twice"},
		{"id=1", "{\"id\":1}", "id", "once in the address and once in the body"},
		{"id=1&id=1", "", "id", "twice in the address"},
		{"", "{\"colour \":\"red\"}", "colour ", "an unknown member"},
		{"size=1", "", "size", "an unknown parameter"},
		{"", "{\"seconds\":4294967296}", "seconds", "a number too large"},
		{"", "{\"large\":9007199254740992}", "large", "a number that a browser would not hold"},
		{"", "{\"large\":99999999999999999999}", "", "a number that nothing holds"},
		{"", "{\"seconds\":-1}", "seconds", "a number below 0"},
		{"", "{\"seconds\":1.0}", "seconds", "a fraction"},
		{"", "{\"seconds\":1e2}", "seconds", "an exponent"},
		{"", "{\"seconds\":\"1\"}", "seconds", "a number as a text"},
		{"", "{\"seconds\":null}", "seconds", "null"},
		{"", "{\"on\":1}", "on", "a number where true or false belongs"},
		{"on=1", "", "on", "the same in the address"},
		{"", "{\"name\":7}", "name", "a text as a number"},
		{"", "{\"name\":\"a\\nb\"}", "name", "a line feed in a text"},
		{"name=%0A", "", "name", "a line feed in an address"},
		{"name=%ff", "", "name", "no UTF-8 in an address"},
		{"name=%0", "", "", "half an escape"},
		{"name=%zz", "", "", "an escape that is none"},
		{"", "{\"name\":\"\\u0000\"}", "", "a NUL"},
		{"", "{\"name\":\"\xff\"}", "", "no UTF-8"},
		{"", "{\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "name", "a text too long"},
		{"", "{\"hash\":\"0F\"}", "hash", "capital hex digits"},
		{"", "{\"hash\":\"0\"}", "hash", "half a byte"},
		{"", "{\"hash\":\"0011223344\"}", "hash", "too many bytes"},
		{"", "{\"colour\":\"blue\"}", "colour", "a word that is none"},
		{"", "{\"colour\":1}", "colour", "a word as a number"},
		{"", "{\"since\":\"2026-02-30T00:00:00.000000Z\"}", "since", "a day that never was"},
		{"", "{\"since\":\"2026-11-22\"}", "since", "a date alone"},
		{"", "{\"items\":{}}", "items", "an object for a list"},
		{"", "{\"items\":[{},{},{},{}]}", "items", "too many items"},
		{"", "{\"items\":[{},{\"wall\":1}]}", "items[1].wall", "an unknown member of an item"},
		{"", "{\"items\":[{},{},{\"name\":7}]}", "items[2].name", "a wrong member of an item"},
		{"", "{\"items\":[7]}", "items[0].?", "a number for an item"},
		{"items=1", "", "items", "a list in an address"},
		{"", "{\"zones\":[1,-2]}", "zones", "a number of an object below 0"},
		{"zones=1,,2", "", "zones", "an empty number in an address"},
		{"password=secret", "", "password", "a secret in an address"},
		{"", "[]", "", "a list for a body"},
		{"", "7", "", "a number for a body"},
		{"", "{\"id\":1", "", "half a body"},
		{"", "{\"id\":1}{}", "", "two bodies"},
		{"", "{'id':1}", "", "another language"},
		{"", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", "", "too deep"},
	};
	struct test_everything value;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool good = decode(cases[i].query, cases[i].body, &value);
		CHECK(!good && refusal.status == 400 && strcmp(refusal.field, cases[i].field) == 0, "%s: \"%s\" (%s)",
		      cases[i].what, refusal.field, refusal.message);
	}
	CHECK(!decode("", "{\"password\":\"hunter2", &value) && !strstr(refusal.message, "hunter2"),
	      "a refusal does not repeat a password");
	struct web_match match = {.route = TEST_CHANGE, .parameter_count = 1};
	match.parameters[0] = (struct web_parameter){SPAN_TEXT("id"), 17};
	CHECK(web_decode(&test_everything_shape, &match, (struct span){0}, (struct span){0}, arena, &value, &refusal) &&
		      value.id == 17,
	      "a number in the path");
	CHECK(!web_decode(&test_everything_shape, &match, (struct span){0}, SPAN_TEXT("{\"id\":17}"), arena, &value,
			  &refusal),
	      "is not said again in the body");
}

/* Whatever decodes goes through the binary form unchanged, and keeps within its bounds. */
static void test_property(void)
{
	static const char *const pieces[] = {
		"{",        "}",          "[",         "]",        ",",           ":",    "\"id\"",
		"\"name\"", "\"items\"",  "\"zones\"", "1",        "0",           "-1",   "true",
		"\"red\"",  "\"colour\"", "\"on\"",    "\"door\"", "\"\\u00e9\"", "null", "1e9",
		"\"a\"",    "\"\\",       "\"hash\"",  "\"00\"",   "\xff",        " ",    "\n",
	};
	static uint8_t room[65536];
	struct test_everything value;
	struct test_everything again;
	uint32_t good = 0;
	for (int round = 0; round < 200000; round++) {
		char text[256] = "{";
		size_t count = random_below(14);
		for (size_t i = 0; i < count; i++)
			(void)strncat(text, pieces[random_below(sizeof pieces / sizeof *pieces)], 16);
		(void)strncat(text, random_below(4) ? "}" : "", 2);
		if (!decode("", text, &value))
			continue;
		good++;
		struct sink s = SINK_OF(room);
		shape_write_binary(&s, &test_everything_shape, &value);
		struct cursor c = cursor_of(sink_span(&s));
		NEED_OK(shape_read_binary(&c, &test_everything_shape, arena, &again), "binary form of %s", text);
		NEED_OK(cursor_finish(&c, "all"), "nothing is left over of %s", text);
	}
	CHECK(good > 1000, "%u of 200000 random bodies were good, and all of them went through", good);
}

int main(void)
{
	web_decode_start();
	random_start();
	arena = arena_new(WEB_REQUEST_ARENA_SIZE);
	test_good();
	test_refused();
	test_property();
	arena = arena_free(arena);
	return tap_finish();
}
