/* One table, three forms: what is written is read back, and nothing else is read. */
#include "base/shape.h"
#include "lib/random.h"
#include "lib/tap.h"

#define SHAPE_TABLE "unit/base/test_shapes.def"
#include "base/shape_structs.h"
#define SHAPE_TABLE "unit/base/test_shapes.def"
#include "base/shape_tables.h"

static struct arena *arena;

static struct span sparse(const struct test_thing *thing, char *room, size_t size)
{
	struct sink s = sink_of(room, size);
	sink_text(&s, "{");
	shape_write_sparse(&s, &test_thing_shape, SHAPE_OPEN, thing, false);
	sink_text(&s, "}");
	return sink_span(&s);
}

static struct err read_sparse(const char *text, struct test_thing *ret_thing)
{
	struct cursor c = cursor_of(span_of_string(text));
	shape_read_literal(&c, "{");
	TRY(shape_read_sparse(&c, &test_thing_shape, SHAPE_OPEN, arena, ret_thing));
	shape_read_literal(&c, "}");
	return cursor_finish(&c, "thing");
}

static void check_round_trip(void)
{
	char room[1000], again[1000];
	struct test_item items[] = {{7, SPAN_TEXT("one")}, {8, SPAN_TEXT("t\"wo\\")}};
	uint64_t ids[] = {1, 2, 3};
	struct test_thing thing = {
		.id = 42,
		.on = true,
		.count = 5,
		.total = 1ull << 50,
		.at = 1795387737123456,
		.colour = TEST_GREEN,
		.text = SPAN_TEXT("d\xc3\xa9j\xc3\xa0"),
		.prose = SPAN_TEXT("a\nb\tc"),
		.bytes = SPAN_TEXT("\x01\xff"),
		.items = {items, 2},
		.ids = {ids, 3},
		.sealed_name = SPAN_TEXT("Ada"),
	};
	struct span text = sparse(&thing, room, sizeof room);
	CHECK_SPAN(
		text,
		SPAN_TEXT("{\"id\":42,\"on\":true,\"count\":5,\"total\":1125899906842624,"
			  "\"at\":\"2026-11-22T22:48:57.123456Z\",\"colour\":\"green\",\"text\":\"d\xc3\xa9j\xc3\xa0\","
			  "\"prose\":\"a\\nb\\tc\",\"bytes\":\"01ff\",\"items\":[{\"id\":7,\"name\":\"one\"},"
			  "{\"id\":8,\"name\":\"t\\\"wo\\\\\"}],\"ids\":[1,2,3]}"),
		"the sparse form, without what is sealed: %.*s", SPAN_ARGS(text));
	struct test_thing got;
	room[text.size] = 0;
	CHECK_OK(read_sparse(room, &got), "it is read");
	CHECK_SPAN(sparse(&got, again, sizeof again), text, "and written again to the same bytes");
	CHECK(got.sealed_name.size == 0, "the sealed member is not in it");
}

static void check_refusals(void)
{
	static const struct {
		const char *text, *words, *why;
	} rows[] = {
		{"{\"count\":5,\"id\":42}", "misplaced", "members out of order"},
		{"{\"id\":42,\"id\":42}", "misplaced", "a member twice"},
		{"{\"other\":1}", "unknown", "an unknown member"},
		{"{\"id\":0}", "zero", "a zero that should have been left out"},
		{"{\"id\":01}", "malformed", "a leading zero"},
		{"{\"id\":9007199254740993}", "malformed", "a number that a browser cannot hold"},
		{"{\"count\":4294967296}", "over", "a count over its width"},
		{"{\"on\":false}", "malformed", "false, which is left out"},
		{"{\"colour\":\"blue\"}", "none of", "a word that is none of the enum's"},
		{"{\"at\":\"2026-02-30T00:00:00.000000Z\"}", "no such moment", "a day that is none"},
		{"{\"at\":\"2026-02-03T00:00:00Z\"}", "form", "a time of another form"},
		{"{\"text\":\"a\\nb\"}", "plain text", "a newline in a line"},
		{"{\"text\":\"\\u0041\"}", "malformed", "an escape that we would not have written"},
		{"{\"text\":\"\xc0\xaf\"}", "plain text", "overlong UTF-8"},
		{"{\"bytes\":\"0G\"}", "hex", "hex that is none"},
		{"{\"bytes\":\"0102030405060708090a0b0c0d0e0f1011\"}", "at most 16", "too many bytes"},
		{"{\"ids\":[1,2,3,4,5]}", "more than 4", "too many items"},
		{"{\"ids\":[]}", "malformed", "an empty list, which is left out"},
		{"{\"secret\":\"00\"}", "never JSON", "a secret in JSON"},
		{"{ \"id\":1}", "unknown", "a space"},
		{"{\"id\":1", "unknown", "no end"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct test_thing got;
		CHECK_FAILS(read_sparse(rows[i].text, &got),
			    rows[i].words[0] == 'm' && rows[i].words[1] == 'o' ? ERR_TOO_LARGE
			    : strstr(rows[i].words, "at most")                 ? ERR_TOO_LARGE
									       : ERR_INVALID,
			    rows[i].words, "refused: %s", rows[i].why);
	}
}

static void check_binary(void)
{
	size_t wrong = 0, grown = 0;
	for (int round = 0; round < 3000; round++) {
		uint8_t bytes[16], secret[8], room[600], again[600];
		uint64_t ids[4];
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = secret[i % 8] = (uint8_t)random_u64();
		for (size_t i = 0; i < 4; i++)
			ids[i] = random_below(SHAPE_NUMBER_MAX);
		struct test_thing thing = {
			.id = random_below(SHAPE_NUMBER_MAX),
			.on = random_below(2),
			.count = (uint32_t)random_below(UINT32_MAX),
			.colour = (enum test_colour)random_below(3),
			.bytes = {bytes, random_below(17)},
			.secret = {secret, random_below(9)},
			.ids = {ids, random_below(5)},
			.text = SPAN_TEXT("text"),
		};
		struct sink s = SINK_OF(room), t = SINK_OF(again);
		shape_write_binary(&s, &test_thing_shape, &thing);
		struct test_thing got;
		struct cursor c = cursor_of(sink_span(&s));
		arena_reset(arena);
		if (failed(shape_read_binary(&c, &test_thing_shape, arena, &got)) ||
		    failed(cursor_finish(&c, "thing"))) {
			wrong++;
			continue;
		}
		shape_write_binary(&t, &test_thing_shape, &got);
		wrong += !span_equal(sink_span(&s), sink_span(&t));
		/* A byte changed anywhere is refused or is another value, and never more than was given. */
		room[random_below(s.size)] ^= (uint8_t)(1 + random_below(255));
		c = cursor_of(sink_span(&s));
		if (!failed(shape_read_binary(&c, &test_thing_shape, arena, &got)))
			grown += failed(shape_validate(&test_thing_shape, &got));
	}
	CHECK(wrong == 0, "3000 values through the binary form");
	CHECK(grown == 0, "what is read from damaged bytes still keeps every bound");
}

int main(void)
{
	arena = arena_new(1 << 20);
	check_round_trip();
	check_refusals();
	random_start();
	check_binary();
	arena_free(arena);
	return tap_finish();
}
