/* base/span.h - bytes that somebody else owns, a cursor that reads them, a sink that writes them.
 *
 * A cursor's first failed read makes every later one return zero: read the whole thing, then ask cursor_finish once.
 * Left-over bytes are refused there. A sink does the same for writing: once full it stays full, and sink_finish says
 * so.
 */
#ifndef LEGATION_BASE_SPAN_H
#define LEGATION_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct span {
	const uint8_t *at;
	size_t size;
};

#define SPAN_OF(array) ((struct span){(const uint8_t *)(array), sizeof(array)})
#define SPAN_TEXT(literal) ((struct span){(const uint8_t *)(literal), sizeof(literal) - 1})
#define SPAN_ARGS(span) (int)(span).size, (const char *)(span).at /* for "%.*s" */

static inline struct span span_of_string(const char *string)
{
	return (struct span){(const uint8_t *)string, string ? strlen(string) : 0};
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline bool span_is(struct span a, const char *string)
{
	return span_equal(a, span_of_string(string));
}

/* Compare in a time that depends on the sizes alone. */
bool span_equal_secret(struct span a, struct span b);

/* Is this well-formed UTF-8 with no control characters but (if allowed) newline and tab? */
bool span_is_text(struct span text, bool allow_newlines);

/* Wipe memory so that the compiler cannot leave it out. */
void wipe(void *at, size_t size);

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct cursor cursor_of(struct span span)
{
	return (struct cursor){.at = span.at, .end = span.size > 0 ? span.at + span.size : span.at, .failed = false};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->failed ? 0 : (size_t)(c->end - c->at);
}

/* Take `size` bytes; an empty span once failed. */
struct span cursor_take(struct cursor *c, size_t size);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16le(struct cursor *c);
uint32_t cursor_u32le(struct cursor *c);
uint64_t cursor_u64le(struct cursor *c);
uint32_t cursor_u32be(struct cursor *c);
uint64_t cursor_u64be(struct cursor *c);

/* fails   ERR_INVALID when a read ran over the end, or when bytes are left over. `what` names the thing read. */
struct err cursor_finish(const struct cursor *c, const char *what) MUST_USE;

struct sink {
	uint8_t *start;
	size_t size;
	size_t size_max;
	bool failed;
};

static inline struct sink sink_of(void *start, size_t size_max)
{
	return (struct sink){.start = start, .size = 0, .size_max = size_max, .failed = false};
}

#define SINK_OF(array) sink_of((array), sizeof(array))

static inline struct span sink_span(const struct sink *s)
{
	return (struct span){s->start, s->size};
}

void sink_put(struct sink *s, struct span bytes);
void sink_text(struct sink *s, const char *string);
void sink_printf(struct sink *s, const char *format, ...) PRINTF_LIKE(2, 3);
void sink_u8(struct sink *s, uint8_t value);
void sink_u16le(struct sink *s, uint16_t value);
void sink_u32le(struct sink *s, uint32_t value);
void sink_u64le(struct sink *s, uint64_t value);
void sink_u64be(struct sink *s, uint64_t value);
void sink_decimal(struct sink *s, uint64_t value);

/* fails   ERR_TOO_LARGE when something did not fit. `what` names the thing written. */
struct err sink_finish(const struct sink *s, const char *what) MUST_USE;

/* Text forms of bytes. Reading is strict: right alphabet, right length, canonical padding, nothing left over. */
void sink_hex(struct sink *s, struct span bytes);
void sink_base64(struct sink *s, struct span bytes);
struct err hex_read(struct span text, uint8_t *ret_bytes, size_t size) MUST_USE;
struct err base64_read(struct span text, uint8_t *ret_bytes, size_t size_max, size_t *ret_size) MUST_USE;

/* A decimal number without sign or leading zeroes, at most `max`. */
struct err decimal_read(struct span text, uint64_t max, uint64_t *ret_value) MUST_USE;

#endif
