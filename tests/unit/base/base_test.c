/* Text forms of bytes, times, maps: known answers first, then what must be refused. */
#include "base/clock.h"
#include "base/map.h"
#include "base/span.h"
#include "lib/random.h"
#include "lib/tap.h"

static void check_base64(void)
{
	static const char *const vectors[][2] = {
		/* RFC 4648, section 10 */
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		char text[20];
		uint8_t bytes[20];
		size_t size = 99;
		struct sink s = SINK_OF(text);
		sink_base64(&s, span_of_string(vectors[i][0]));
		CHECK_SPAN(sink_span(&s), span_of_string(vectors[i][1]), "base64 %zu", i);
		CHECK(!failed(base64_read(span_of_string(vectors[i][1]), bytes, sizeof bytes, &size)) &&
			      span_is((struct span){bytes, size}, vectors[i][0]),
		      "and back");
	}
	static const char *const bad[] = {"Zg=", "Zg", "Z===", "Zh==", "Zm9=", "Zm 9", "Zm9v=", "=Zm9", "Zm-v"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint8_t bytes[20];
		size_t size;
		CHECK(failed(base64_read(span_of_string(bad[i]), bytes, sizeof bytes, &size)), "refused: %zu", i);
	}
}

static void check_decimal(void)
{
	uint64_t value = 0;
	CHECK(!failed(decimal_read(SPAN_TEXT("18446744073709551615"), UINT64_MAX, &value)) && value == UINT64_MAX,
	      "the largest number");
	CHECK(failed(decimal_read(SPAN_TEXT("18446744073709551616"), UINT64_MAX, &value)), "one more is refused");
	CHECK(failed(decimal_read(SPAN_TEXT("11"), 10, &value)), "over the bound is refused");
	CHECK(failed(decimal_read(SPAN_TEXT("9"), 5, &value)), "one digit over the bound is refused");
	CHECK(failed(decimal_read(SPAN_TEXT("00"), 10, &value)) && failed(decimal_read(SPAN_TEXT(""), 10, &value)) &&
		      failed(decimal_read(SPAN_TEXT("-1"), 10, &value)) &&
		      failed(decimal_read(SPAN_TEXT("1 "), 10, &value)),
	      "anything but plain digits is refused");
}

static void check_text(void)
{
	CHECK(span_is_text(SPAN_TEXT("\xd8\xa7\xd9\x84\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85"), false), "Arabic is text");
	CHECK(!span_is_text(SPAN_TEXT("a\nb"), false) && span_is_text(SPAN_TEXT("a\nb"), true),
	      "newlines where allowed");
	static const char *const bad[] = {
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\xe0\x80\x80", "\x80", "\xc3",
		"\x7f",         "\xc2\x85",         "\x1b[0m"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!span_is_text(span_of_string(bad[i]), true), "not text: malformed or control %zu", i);
}

static void check_clock(void)
{
	static const struct {
		uint64_t us;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{951782400000000, "2000-02-29T00:00:00.000000Z"},
		{4107542399999999, "2100-02-28T23:59:59.999999Z"},
		{4107542400000000, "2100-03-01T00:00:00.000000Z"},
		{253402300799999999, "9999-12-31T23:59:59.999999Z"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[CLOCK_TEXT_SIZE];
		uint64_t us = 1;
		struct sink s = SINK_OF(text);
		clock_write(&s, rows[i].us);
		CHECK_SPAN(sink_span(&s), span_of_string(rows[i].text), "time %zu", i);
		CHECK(!failed(clock_read(sink_span(&s), &us)) && us == rows[i].us, "and back");
	}
}

/* Against a plain array, through thousands of puts and removals. */
static void check_map(void)
{
	enum { KEYS = 700 };
	struct map map = {0};
	uint64_t plain[KEYS];
	size_t wrong = 0, count = 0;
	for (size_t i = 0; i < KEYS; i++)
		plain[i] = MAP_NONE;
	for (int round = 0; round < 60000; round++) {
		uint64_t key = random_below(KEYS);
		if (random_below(3) == 0) {
			map_remove(&map, key * 1024);
			plain[key] = MAP_NONE;
		} else {
			plain[key] = random_below(1000000);
			map_put(&map, key * 1024, plain[key]);
		}
		uint64_t other = random_below(KEYS);
		wrong += map_get(&map, other * 1024) != plain[other];
	}
	for (size_t i = 0; i < KEYS; i++) {
		wrong += map_get(&map, i * 1024) != plain[i];
		count += plain[i] != MAP_NONE;
	}
	CHECK(wrong == 0 && map.count == count, "a map agrees with an array");
	map_clear(&map);
	CHECK(map_get(&map, 0) == MAP_NONE, "an empty map holds nothing");
}

int main(void)
{
	check_base64();
	check_decimal();
	check_text();
	check_clock();
	random_start();
	check_map();
	return tap_finish();
}
