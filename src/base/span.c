#include "base/span.h"

#include <stdarg.h>
#include <stdio.h>

bool span_equal_secret(struct span a, struct span b)
{
	if (a.size != b.size)
		return false;
	volatile uint8_t difference = 0;
	for (size_t i = 0; i < a.size; i++)
		difference = (uint8_t)(difference | (a.at[i] ^ b.at[i]));
	return difference == 0;
}

void wipe(void *at, size_t size)
{
	if (size > 0)
		explicit_bzero(at, size);
}

/* The length of one well-formed UTF-8 sequence (Unicode 15, table 3-7), or 0. */
static size_t utf8_length(const uint8_t *at, size_t left)
{
	uint8_t a = at[0];
	if (a < 0x80)
		return 1;
	size_t length = a >= 0xF0 ? 4 : a >= 0xE0 ? 3 : 2;
	if (a < 0xC2 || a > 0xF4 || left < length)
		return 0;
	uint8_t low = a == 0xE0 ? 0xA0 : a == 0xF0 ? 0x90 : 0x80;
	uint8_t high = a == 0xED ? 0x9F : a == 0xF4 ? 0x8F : 0xBF;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (at[i] < 0x80 || at[i] > 0xBF)
			return 0;
	return length;
}

bool span_is_text(struct span text, bool allow_newlines)
{
	for (size_t i = 0; i < text.size;) {
		uint8_t a = text.at[i];
		if (a < 0x20 && !(allow_newlines && (a == '\n' || a == '\t')))
			return false;
		if (a == 0x7F)
			return false;
		size_t length = utf8_length(text.at + i, text.size - i);
		if (length == 0)
			return false;
		if (a == 0xC2 && text.at[i + 1] < 0xA0) /* C1 controls */
			return false;
		i += length;
	}
	return true;
}

struct span cursor_take(struct cursor *c, size_t size)
{
	if (c->failed || (size_t)(c->end - c->at) < size) {
		c->failed = true;
		return (struct span){0};
	}
	struct span taken = {c->at, size};
	c->at += size;
	return taken;
}

static uint64_t little_endian(struct cursor *c, size_t size)
{
	struct span bytes = cursor_take(c, size);
	uint64_t value = 0;
	for (size_t i = bytes.size; i > 0; i--)
		value = value << 8 | bytes.at[i - 1];
	return value;
}

static uint64_t big_endian(struct cursor *c, size_t size)
{
	struct span bytes = cursor_take(c, size);
	uint64_t value = 0;
	for (size_t i = 0; i < bytes.size; i++)
		value = value << 8 | bytes.at[i];
	return value;
}

uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)little_endian(c, 1);
}

uint16_t cursor_u16le(struct cursor *c)
{
	return (uint16_t)little_endian(c, 2);
}

uint32_t cursor_u32le(struct cursor *c)
{
	return (uint32_t)little_endian(c, 4);
}

uint64_t cursor_u64le(struct cursor *c)
{
	return little_endian(c, 8);
}

uint32_t cursor_u32be(struct cursor *c)
{
	return (uint32_t)big_endian(c, 4);
}

uint64_t cursor_u64be(struct cursor *c)
{
	return big_endian(c, 8);
}

struct err cursor_finish(const struct cursor *c, const char *what)
{
	if (c->failed)
		return FAIL(ERR_INVALID, "%s: ends too early", what);
	if (c->at != c->end)
		return FAIL(ERR_INVALID, "%s: %zu bytes left over", what, (size_t)(c->end - c->at));
	return OK;
}

void sink_put(struct sink *s, struct span bytes)
{
	if (s->failed || s->size_max - s->size < bytes.size) {
		s->failed = true;
		return;
	}
	if (bytes.size > 0)
		memcpy(s->start + s->size, bytes.at, bytes.size);
	s->size += bytes.size;
}

void sink_text(struct sink *s, const char *string)
{
	sink_put(s, span_of_string(string));
}

void sink_printf(struct sink *s, const char *format, ...)
{
	if (s->failed)
		return;
	va_list args;
	va_start(args, format);
	/* vsnprintf wants room for its NUL, which we do not keep; so the last byte of a full sink goes by way of a
	 * second buffer only when it must. */
	char aside[1024];
	int length = vsnprintf(aside, sizeof aside, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof aside) {
		s->failed = true;
		return;
	}
	sink_put(s, (struct span){(const uint8_t *)aside, (size_t)length});
}

static void put_little_endian(struct sink *s, uint64_t value, size_t size)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	sink_put(s, (struct span){bytes, size});
}

void sink_u8(struct sink *s, uint8_t value)
{
	put_little_endian(s, value, 1);
}

void sink_u16le(struct sink *s, uint16_t value)
{
	put_little_endian(s, value, 2);
}

void sink_u32le(struct sink *s, uint32_t value)
{
	put_little_endian(s, value, 4);
}

void sink_u64le(struct sink *s, uint64_t value)
{
	put_little_endian(s, value, 8);
}

void sink_u64be(struct sink *s, uint64_t value)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (56 - 8 * i));
	sink_put(s, SPAN_OF(bytes));
}

void sink_decimal(struct sink *s, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	sink_put(s, (struct span){(const uint8_t *)digits + at, sizeof digits - at});
}

struct err sink_finish(const struct sink *s, const char *what)
{
	if (s->failed)
		return FAIL(ERR_TOO_LARGE, "%s: more than %zu bytes", what, s->size_max);
	return OK;
}

void sink_hex(struct sink *s, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < bytes.size; i++) {
		uint8_t pair[2] = {(uint8_t)digits[bytes.at[i] >> 4], (uint8_t)digits[bytes.at[i] & 15]};
		sink_put(s, SPAN_OF(pair));
	}
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void sink_base64(struct sink *s, struct span bytes)
{
	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t left = bytes.size - i;
		uint32_t group = (uint32_t)bytes.at[i] << 16;
		if (left > 1)
			group |= (uint32_t)bytes.at[i + 1] << 8;
		if (left > 2)
			group |= bytes.at[i + 2];
		uint8_t four[4] = {
			(uint8_t)base64_digits[group >> 18],
			(uint8_t)base64_digits[group >> 12 & 63],
			left > 1 ? (uint8_t)base64_digits[group >> 6 & 63] : (uint8_t)'=',
			left > 2 ? (uint8_t)base64_digits[group & 63] : (uint8_t)'=',
		};
		sink_put(s, SPAN_OF(four));
	}
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

struct err hex_read(struct span text, uint8_t *ret_bytes, size_t size)
{
	if (text.size != 2 * size)
		return FAIL(ERR_INVALID, "hex: %zu digits where %zu belong", text.size, 2 * size);
	for (size_t i = 0; i < text.size; i++)
		if (hex_digit(text.at[i]) < 0)
			return FAIL(ERR_INVALID, "hex: not a lower-case hex digit at %zu", i);
	for (size_t i = 0; i < size; i++)
		ret_bytes[i] = (uint8_t)(hex_digit(text.at[2 * i]) << 4 | hex_digit(text.at[2 * i + 1]));
	return OK;
}

static int base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct err base64_read(struct span text, uint8_t *ret_bytes, size_t size_max, size_t *ret_size)
{
	if (text.size % 4 != 0)
		return FAIL(ERR_INVALID, "base64: length %zu is not a multiple of 4", text.size);
	size_t padding = 0;
	while (padding < 2 && padding < text.size && text.at[text.size - 1 - padding] == '=')
		padding++;
	size_t size = text.size / 4 * 3 - padding;
	if (size > size_max)
		return FAIL(ERR_TOO_LARGE, "base64: %zu bytes where at most %zu belong", size, size_max);
	uint32_t group = 0;
	size_t out = 0;
	for (size_t i = 0; i < text.size; i++) {
		bool pad = i >= text.size - padding;
		int digit = pad ? 0 : base64_digit(text.at[i]);
		if (digit < 0)
			return FAIL(ERR_INVALID, "base64: not in the alphabet at %zu", i);
		group = group << 6 | (uint32_t)digit;
		if (i % 4 != 3)
			continue;
		for (size_t k = 0; k < 3 && out < size; k++)
			ret_bytes[out++] = (uint8_t)(group >> (16 - 8 * k));
		if (i == text.size - 1 && padding > 0 && (group & ((1u << (8 * padding)) - 1)) != 0)
			return FAIL(ERR_INVALID, "base64: the unused bits at the end are not zero");
		group = 0;
	}
	*ret_size = size;
	return OK;
}

struct err decimal_read(struct span text, uint64_t max, uint64_t *ret_value)
{
	if (text.size == 0 || text.size > 20 || (text.size > 1 && text.at[0] == '0'))
		return FAIL(ERR_INVALID, "not a plain decimal number");
	uint64_t value = 0;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t digit = (uint8_t)(text.at[i] - '0');
		if (digit > 9)
			return FAIL(ERR_INVALID, "not a plain decimal number");
		if (digit > max || value > (max - digit) / 10)
			return FAIL(ERR_TOO_LARGE, "number over %llu", (unsigned long long)max);
		value = value * 10 + digit;
	}
	*ret_value = value;
	return OK;
}
