/* The one form of an entry's line: written, read back, and nothing else accepted. */
#include "ledger/entry.h"

#include "lib/random.h"
#include "lib/tap.h"
#include "unit/ledger/shapes.h"

#define SHAPE_TABLE "unit/ledger/shapes.def"
#include "base/shape_tables.h"

static char bytes[LEDGER_ENTRY_SIZE_MAX + 64];

static const struct ledger_entry plain_header = {
	.post = {(const uint8_t *)"BRN", 3},
	.seq = 1042,
	.time_us = UINT64_C(1795387737123456),
	.type = {(const uint8_t *)"access.granted", 14},
	.actor = {(const uint8_t *)"reader/7", 8},
	.has_cause = true,
	.cause = 1041,
};

static const char whole_line[] =
	"{\"post\":\"BRN\",\"seq\":1042,\"time\":\"2026-11-22T22:48:57.123456Z\",\"type\":\"access.granted\","
	"\"actor\":\"reader/7\",\"cause\":1041,\"body\":{\"door\":4,\"strike_ms\":3000,\"colour\":\"blue\"},"
	"\"sealed\":\"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d\"}";

static struct span written(const struct ledger_entry *header, const struct shape *shape, const void *value)
{
	struct sink s = SINK_OF(bytes);
	NEED_OK(ledger_entry_write(&s, header, shape, value), "a line is written");
	return sink_span(&s);
}

static void one_line(void)
{
	struct passage passage = {.door = 4, .strike_ms = 3000, .colour = COLOUR_BLUE};
	struct ledger_entry header = plain_header;
	struct ledger_entry entry;
	NEED_OK(hex_read(SPAN_TEXT("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
			 header.sealed.bytes, LEDGER_HASH_SIZE),
		"hash");
	header.has_sealed = true;
	CHECK(span_is(written(&header, &passage_shape, &passage), whole_line), "a whole line, as the format says");
	CHECK_OK(ledger_entry_read(SPAN_TEXT(whole_line), &entry), "is read");
	CHECK(entry.seq == 1042 && entry.cause == 1041 && entry.has_cause && entry.has_sealed &&
		      entry.time_us == plain_header.time_us && span_is(entry.post, "BRN") &&
		      span_is(entry.type, "access.granted") && span_is(entry.actor, "reader/7") &&
		      span_is(entry.body, "{\"door\":4,\"strike_ms\":3000,\"colour\":\"blue\"}") &&
		      ledger_hash_equal(&entry.sealed, &header.sealed),
	      "with all its parts");

	header.seq = 0;
	header.has_cause = header.has_sealed = false;
	memset(&passage, 0, sizeof passage);
	CHECK(span_is(written(&header, &passage_shape, &passage), "{\"post\":\"BRN\",\"seq\":0,\"time\":\"2026-11-"
								  "22T22:48:57.123456Z\",\"type\":\"access.granted\","
								  "\"actor\":\"reader/7\",\"body\":{}}"),
	      "seq 0 is written; no cause, nothing sealed and an empty body are not");
	CHECK_OK(ledger_entry_read(written(&header, &passage_shape, &passage), &entry), "and it is read");
	CHECK(entry.seq == 0 && !entry.has_cause && !entry.has_sealed && span_is(entry.body, "{}"), "as it was");
}

static void bad_headers(void)
{
	static const struct {
		const char *post, *type, *actor;
	} bad[] = {
		{"", "a", "b"},       {"B N", "a", "b"}, {"B\"N", "a", "b"},  {"01234567890123456", "a", "b"},
		{"BRN", "", "b"},     {"BRN", "A", "b"}, {"BRN", "a/b", "b"}, {"BRN", "a", ""},
		{"BRN", "a", "b\\c"}, {"BRN", "a", "B"}, {"BRN", "a\n", "b"}, {"BRN", "a", "\xC3\xA9"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct ledger_entry header = plain_header;
		struct sink s = SINK_OF(bytes);
		header.post = span_of_string(bad[i].post);
		header.type = span_of_string(bad[i].type);
		header.actor = span_of_string(bad[i].actor);
		header.body = SPAN_TEXT("{}");
		CHECK_FAILS(ledger_entry_write(&s, &header, NULL, NULL), ERR_INVALID, "entry", "header refused (%zu)",
			    i);
	}
	char small[64];
	struct sink s = SINK_OF(small);
	CHECK_FAILS(ledger_entry_write(&s, &plain_header, NULL, NULL), ERR_TOO_LARGE, "entry", "no room");
}

/* A line made from one that is good, by putting `with` in the place of `what`. */
static struct span replaced(const char *what, const char *with)
{
	const char *at = strstr(whole_line, what);
	NEED(at, "\"%s\" is in the line", what);
	struct sink s = SINK_OF(bytes);
	sink_put(&s, (struct span){(const uint8_t *)whole_line, (size_t)(at - whole_line)});
	sink_text(&s, with);
	sink_text(&s, at + strlen(what));
	return sink_span(&s);
}

static void bad_lines(void)
{
	static const char *const changes[][2] = {
		{"{\"post\"", " {\"post\""},
		{"{\"post\"", "{ \"post\""},
		{"\"post\"", "\"Post\""},
		{"\"BRN\"", "\"\""},
		{"\"BRN\"", "\"B\\u0052N\""},
		{"\"BRN\"", "7"},
		{":1042", ":01042"},
		{":1042", ":-1042"},
		{":1042", ":1042.0"},
		{":1042", ":\"1042\""},
		{":1042", ": 1042"},
		{":1042", ":9007199254740992"},
		{":1042", ":1e3"},
		{"123456Z", "123456"},
		{"123456Z", "123456+00:00"},
		{"2026-11-22", "2026-02-30"},
		{"T22", "T24"},
		{"\"seq\":1042,", ""},
		{"\"actor\"", "\"cause\""},
		{"access.granted", "access granted"},
		{"reader/7", "reader/7\\n"},
		{"\"cause\":1041,", "\"cause\":,"},
		{"\"cause\":1041", "\"cause\":null"},
		{"\"body\":", "\"body\": "},
		{"\"body\":{", "\"body\":[{"},
		{"\"door\":4", "\"door\":04"},
		{"\"door\":4", "\"door\":4.5"},
		{"\"door\":4", "\"door\":-4"},
		{"\"door\":4", "\"door\":null"},
		{"\"door\":4", "door:4"},
		{"\"door\":4", "\"Door\":4"},
		{"\"door\":4", "\"door\":4,"},
		{"\"door\":4", "\"door\":{}x"},
		{"\"blue\"", "\"bl\\u0075e\""},
		{"\"blue\"", "\"bl\\/ue\""},
		{"\"blue\"", "\"blue"},
		{"\"blue\"", "\"bl\x7Fue\""},
		{"\"blue\"", "\"bl\nue\""},
		{"\"blue\"", "\"bl\xFFue\""},
		{"\"blue\"", "\"bl\xC2\x85ue\""},
		{"\"blue\"", "\"bl\\"},
		{"\"blue\"", "tru"},
		{"\"sealed\"", "\"Sealed\""},
		{"6e34", "6E34"},
		{"6e34", "6e3"},
		{"6e34", "6e344"},
		{"a01d\"}", "a01d\"} "},
		{"a01d\"}", "a01d\"},"},
		{"a01d\"}", "a01d\"}}"},
		{"a01d\"}", "a01d\""},
		{",\"sealed\"", "\"sealed\""},
		{",\"sealed\"", " ,\"sealed\""},
		{"},\"sealed\"", "}},\"sealed\""},
		{"},\"sealed\"", "]},\"sealed\""},
		{"},\"sealed\"", ",\"sealed\""},
		{"\"reader/7\",", "\"reader/7\",\"extra\":1,"},
	};
	struct ledger_entry entry;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		CHECK_FAILS(ledger_entry_read(replaced(changes[i][0], changes[i][1]), &entry), ERR_INVALID, "entry",
			    "refused: another text for %s (%zu)", changes[i][0], i);
	size_t taken = 0;
	for (size_t size = 0; size < sizeof whole_line - 1; size++)
		taken += !failed(ledger_entry_read((struct span){(const uint8_t *)whole_line, size}, &entry));
	CHECK(taken == 0, "no beginning of a line is a line");
	memset(bytes, ' ', sizeof bytes);
	CHECK_FAILS(ledger_entry_read(SPAN_OF(bytes), &entry), ERR_TOO_LARGE, "at most", "a line over its bound");
}

static bool walks(const char *json)
{
	struct cursor c = cursor_of(span_of_string(json));
	ledger_json_walk(&c);
	return !c.failed && c.at == c.end;
}

static void json(void)
{
	static const char *const good[] = {"{}",
					   "[]",
					   "0",
					   "true",
					   "false",
					   "\"\"",
					   "\"a\\\"b\\\\c\\nd\\te\"",
					   "{\"a\":[1,2,{\"b\":\"\xC3\xA9\"}],\"c_1\":true}",
					   "[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]"};
	static const char *const bad[] = {"",
					  "{",
					  "[",
					  "{]",
					  "[}",
					  "{,}",
					  "[,]",
					  "[1,]",
					  "{\"a\":1,}",
					  "{\"a\"}",
					  "{\"\":1}",
					  "{\"a\":}",
					  "nul",
					  "truE",
					  "00",
					  "\"",
					  "\"\\x\"",
					  "\"\\u0041\"",
					  "9007199254740992",
					  "[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]",
					  "1 ",
					  " 1",
					  "+1",
					  "\"\xED\xA0\x80\""};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		CHECK(walks(good[i]), "JSON as we write it: %s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!walks(bad[i]), "and not: %s", bad[i]);
}

/* ---- random values, written and read ---- */

static struct span random_text(struct arena *arena, size_t size_max, bool prose)
{
	static const char *const pieces[] = {
		"a", "Z", " ",  "\"", "\\", "/", "\xC3\xA9", "\xD8\xB9", "\xE2\x82\xAC", "\xF0\x9F\x9A\xAA",
		"}", "{", "\n", "\t"};
	char text[256];
	struct sink s = SINK_OF(text);
	size_t count = (size_t)random_below(20);
	for (size_t i = 0; i < count && s.size + 4 <= size_max; i++)
		sink_text(&s, pieces[random_below(prose ? 14 : 12)]);
	return arena_copy(arena, sink_span(&s));
}

static uint64_t random_number(void)
{
	return random_below(4) == 0 ? 0 : random_u64() & SHAPE_NUMBER_MAX;
}

static struct passage random_passage(struct arena *arena)
{
	struct passage passage = {
		.door = random_number(),
		.person = random_number(),
		.strike_ms = (uint32_t)random_u64(),
		.colour = (enum colour)random_below(3),
		.reason = random_text(arena, 100, false),
		.note = random_text(arena, 200, true),
	};
	uint8_t *hash = arena_take(arena, 32);
	for (int i = 0; i < 32; i++)
		hash[i] = (uint8_t)random_u64();
	passage.hash = (struct span){hash, (size_t)random_below(33)};
	struct door_list *rows = arena_take(arena, 4 * sizeof *rows);
	passage.rows = (struct shape_list){rows, (size_t)random_below(5)};
	for (size_t i = 0; i < passage.rows.count; i++) {
		uint64_t *doors = arena_take(arena, 3 * sizeof *doors);
		for (int k = 0; k < 3; k++)
			doors[k] = random_number();
		rows[i] = (struct door_list){.person = random_number(),
					     .doors = {doors, (size_t)random_below(4)},
					     .until = random_below(UINT64_C(4000000000000000))};
	}
	return passage;
}

static void random_entries(void)
{
	static char first[8192];
	AUTO_FREE(arena) struct arena *arena = arena_new(1024 * 1024);
	size_t good = 0;
	size_t accepted = 0;
	for (int i = 0; i < 2000; i++) {
		struct ledger_entry entry;
		struct passage read_back;
		struct ledger_entry header = plain_header;
		struct passage passage = random_passage(arena);
		header.seq = random_number();
		header.cause = random_number();
		header.has_cause = random_below(2);
		header.has_sealed = random_below(2);
		header.time_us = random_below(UINT64_C(4000000000000000));
		struct span line = written(&header, &passage_shape, &passage);
		NEED(line.size < sizeof first, "room for a line");
		memcpy(first, line.at, line.size);
		struct span kept = {(uint8_t *)first, line.size};
		if (failed(ledger_entry_read(kept, &entry)) ||
		    failed(ledger_body_read(&passage_shape, entry.body, arena, &read_back))) {
			printf("# %s: %.*s\n", err_why(), SPAN_ARGS(kept));
			break;
		}
		if (!span_equal(written(&entry, &passage_shape, &read_back), kept) ||
		    !span_equal(written(&entry, NULL, NULL), kept))
			break;
		good++;
		/* Any other byte in its place: refused, or another entry, never the same one in another form. */
		size_t at = (size_t)random_below(kept.size);
		first[at] = (char)(first[at] ^ (1 << random_below(8)));
		if (!failed(ledger_entry_read(kept, &entry)) &&
		    !failed(ledger_body_read(&passage_shape, entry.body, arena, &read_back)))
			accepted += !span_equal(written(&entry, &passage_shape, &read_back), kept);
		arena_reset(arena);
	}
	CHECK(good == 2000, "2000 random entries are read back and written again byte for byte");
	CHECK(accepted == 0, "and nothing that is read is written in another form");
}

int main(void)
{
	random_start();
	one_line();
	bad_headers();
	bad_lines();
	json();
	random_entries();
	return tap_finish();
}
