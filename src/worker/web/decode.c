#include "worker/web/decode.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { WEB_FIELD_PATH_SIZE_MAX = 100 };

/* One decoding under way. */
struct decoding {
	struct arena *arena;
	struct web_refusal *refusal;
	char at[WEB_FIELD_PATH_SIZE_MAX + 1]; /* "doors[3]." */
};

/* ---- memory that jansson used is wiped: there was a password in it ---- */

union json_block {
	size_t size;
	_Alignas(16) uint8_t align[16];
};

static void *json_take(size_t size)
{
	union json_block *block = malloc(sizeof *block + size);
	if (!block)
		return NULL;
	block->size = size;
	return block + 1;
}

static void json_give(void *at)
{
	if (!at)
		return;
	union json_block *block = (union json_block *)at - 1;
	wipe(at, block->size);
	free(block);
}

void web_decode_start(void)
{
	json_set_alloc_funcs(json_take, json_give);
	json_object_seed(0); /* opens a file of the system */
}

/* ---- refusing ---- */

void web_refusal_set(struct web_refusal *refusal, uint32_t status, const char *error, const char *field,
		     const char *format, ...)
{
	va_list args;
	refusal->status = status;
	refusal->error = error;
	(void)snprintf(refusal->field, sizeof refusal->field, "%s", field);
	va_start(args, format);
	(void)vsnprintf(refusal->message, sizeof refusal->message, format, args);
	va_end(args);
}

static bool refuse(struct decoding *d, const char *error, struct span name, const char *why)
{
	/* A name from outside may hold anything; what is not plain text is not said back. */
	if (!span_is_text(name, false) || name.size > 60)
		name = SPAN_TEXT("?");
	char field[2 * WEB_FIELD_PATH_SIZE_MAX];
	(void)snprintf(field, sizeof field, "%s%.*s", d->at, SPAN_ARGS(name));
	field[WEB_FIELD_PATH_SIZE_MAX] = '\0';
	web_refusal_set(d->refusal, 400, error, field, "%s: %s", field, why);
	return false;
}

static bool refuse_field(struct decoding *d, const struct shape_field *field, const char *why)
{
	return refuse(d, "invalid", span_of_string(field->name), why);
}

/* ---- setting a field ---- */

static void *place_of(const struct shape_field *field, void *value)
{
	return (uint8_t *)value + field->offset;
}

static bool set_number(struct decoding *d, const struct shape_field *field, void *value, uint64_t number)
{
	void *place = place_of(field, value);
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		*(bool *)place = number != 0;
		return true;
	case SHAPE_KIND_U32:
		if (number > UINT32_MAX)
			return refuse_field(d, field, "the number is too large");
		*(uint32_t *)place = (uint32_t)number;
		return true;
	case SHAPE_KIND_ENUM:
		*(unsigned *)place = (unsigned)number;
		return true;
	default:
		if (number > SHAPE_NUMBER_MAX)
			return refuse_field(d, field, "the number is too large");
		*(uint64_t *)place = number;
		return true;
	}
}

static bool set_bytes(struct decoding *d, const struct shape_field *field, void *value, struct span text)
{
	size_t size = field->kind == SHAPE_KIND_BYTES ? text.size / 2 : text.size;
	if (size > field->max)
		return refuse_field(d, field, "too long");
	if (!arena_has_room(d->arena, size + 1))
		return refuse_field(d, field, "too much in all");
	if ((field->kind == SHAPE_KIND_TEXT && !span_is_text(text, false)) ||
	    (field->kind == SHAPE_KIND_PROSE && !span_is_text(text, true)))
		return refuse_field(d, field, "holds characters that belong in no text");
	struct span *place = place_of(field, value);
	if (field->kind != SHAPE_KIND_BYTES) {
		*place = arena_copy(d->arena, text);
		return true;
	}
	uint8_t *bytes = arena_take(d->arena, size + 1);
	if (failed(hex_read(text, bytes, size)))
		return refuse_field(d, field, "not lower-case hex digits");
	*place = (struct span){bytes, size};
	return true;
}

/* Texts that stand for a value: a word of an enum, a moment. */
static bool set_text(struct decoding *d, const struct shape_field *field, void *value, struct span text)
{
	uint32_t number = 0;
	uint64_t time_us = 0;
	switch (field->kind) {
	case SHAPE_KIND_ENUM:
		if (text.size > 64 || failed(shape_enum_read(field->values, text, &number)))
			return refuse_field(d, field, "not one of the words that belong here");
		return set_number(d, field, value, number);
	case SHAPE_KIND_TIME:
		if (text.size > 0 && failed(clock_read(text, &time_us)))
			return refuse_field(d, field, "not a time like 2026-11-22T22:48:57.123456Z");
		return set_number(d, field, value, time_us);
	default:
		return set_bytes(d, field, value, text);
	}
}

/* Which field has this name? Marks it as said. */
static const struct shape_field *find_field(struct decoding *d, const struct shape *shape, struct span name,
					    uint64_t *said)
{
	REQUIRE(shape->field_count <= WEB_FIELDS_MAX);
	for (size_t i = 0; i < shape->field_count; i++) {
		if (!span_is(name, shape->fields[i].name))
			continue;
		if (*said >> i & 1) {
			refuse(d, "invalid", name, "said twice");
			return NULL;
		}
		*said |= UINT64_C(1) << i;
		return &shape->fields[i];
	}
	refuse(d, "invalid", name, "not known here");
	return NULL;
}

/* ---- JSON ---- */

static bool read_object(struct decoding *d, const struct shape *shape, json_t *json, uint64_t *said, void *value);

static bool read_item(struct decoding *d, const struct shape_field *field, json_t *json, size_t at, void *item)
{
	if (field->kind == SHAPE_KIND_IDS) {
		json_int_t number = json_is_integer(json) ? json_integer_value(json) : -1;
		if (number < 0 || (uint64_t)number > SHAPE_NUMBER_MAX)
			return refuse_field(d, field, "holds what is no number of an object");
		*(uint64_t *)item = (uint64_t)number;
		return true;
	}
	size_t length = strlen(d->at);
	int more = snprintf(d->at + length, sizeof d->at - length, "%s[%zu].", field->name, at);
	if (more < 0 || (size_t)more >= sizeof d->at - length)
		d->at[length] = '\0';
	uint64_t said = 0;
	bool good = json_is_object(json) ? read_object(d, field->of, json, &said, item)
					 : refuse(d, "invalid", SPAN_TEXT("?"), "not an object");
	d->at[length] = '\0';
	return good;
}

static bool read_list(struct decoding *d, const struct shape_field *field, json_t *json, void *value)
{
	size_t count = json_array_size(json);
	size_t size = field->kind == SHAPE_KIND_IDS ? sizeof(uint64_t) : field->of->size;
	if (count > field->max)
		return refuse_field(d, field, "too many items");
	if (!arena_has_room(d->arena, count * size + 1))
		return refuse_field(d, field, "too much in all");
	uint8_t *items = arena_take(d->arena, count * size + 1);
	for (size_t i = 0; i < count; i++)
		if (!read_item(d, field, json_array_get(json, i), i, items + i * size))
			return false;
	*(struct shape_list *)place_of(field, value) = (struct shape_list){items, count};
	return true;
}

static bool read_member(struct decoding *d, const struct shape_field *field, json_t *json, void *value)
{
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		if (!json_is_boolean(json))
			return refuse_field(d, field, "must be true or false");
		return set_number(d, field, value, json_is_true(json));
	case SHAPE_KIND_U32:
	case SHAPE_KIND_U64:
	case SHAPE_KIND_ID:
		if (!json_is_integer(json) || json_integer_value(json) < 0)
			return refuse_field(d, field, "must be a whole number, not below 0");
		return set_number(d, field, value, (uint64_t)json_integer_value(json));
	case SHAPE_KIND_LIST:
	case SHAPE_KIND_IDS:
		if (!json_is_array(json))
			return refuse_field(d, field, "must be a list");
		return read_list(d, field, json, value);
	default:
		if (!json_is_string(json))
			return refuse_field(d, field, "must be a text");
		return set_text(d, field, value,
				(struct span){(const uint8_t *)json_string_value(json), json_string_length(json)});
	}
}

static bool read_object(struct decoding *d, const struct shape *shape, json_t *json, uint64_t *said, void *value)
{
	const char *name;
	json_t *member;
	json_object_foreach(json, name, member)
	{
		const struct shape_field *field = find_field(d, shape, span_of_string(name), said);
		if (!field || !read_member(d, field, member, value))
			return false;
	}
	return true;
}

/* How deep do brackets nest, outside of texts? The parser is recursive, so it is asked first. */
static bool is_shallow(struct span json)
{
	size_t depth = 0;
	bool in_text = false;
	for (size_t i = 0; i < json.size; i++) {
		uint8_t c = json.at[i];
		if (in_text && c == '\\')
			i++;
		else if (c == '"')
			in_text = !in_text;
		else if (!in_text && (c == '{' || c == '['))
			depth++;
		else if (!in_text && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > WEB_JSON_DEPTH_MAX)
			return false;
	}
	return true;
}

static bool read_body(struct decoding *d, const struct shape *shape, struct span body, uint64_t *said, void *value)
{
	json_error_t error;
	if (body.size == 0)
		return true;
	if (!is_shallow(body)) {
		web_refusal_set(d->refusal, 400, "invalid", "", "the body nests deeper than %d", WEB_JSON_DEPTH_MAX);
		return false;
	}
	json_t *json = json_loadb((const char *)body.at, body.size, JSON_REJECT_DUPLICATES, &error);
	if (!json) {
		/* jansson quotes what it did not like, and that may be a password: only the place is said. */
		web_refusal_set(d->refusal, 400, "invalid", "", "the body is not JSON: line %d, column %d", error.line,
				error.column);
		return false;
	}
	bool good = false;
	if (json_is_object(json))
		good = read_object(d, shape, json, said, value);
	else
		web_refusal_set(d->refusal, 400, "invalid", "", "the body must be a JSON object");
	json_decref(json);
	return good;
}

/* ---- the address ---- */

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* application/x-www-form-urlencoded, as URLSearchParams writes it. */
static bool decode_text(struct arena *arena, struct span text, struct span *ret_text)
{
	if (!arena_has_room(arena, text.size + 1))
		return false;
	uint8_t *bytes = arena_take(arena, text.size + 1);
	size_t size = 0;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.at[i];
		if (c == '%') {
			if (text.size - i < 3 || hex_digit(text.at[i + 1]) < 0 || hex_digit(text.at[i + 2]) < 0)
				return false;
			c = (uint8_t)(hex_digit(text.at[i + 1]) << 4 | hex_digit(text.at[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		bytes[size++] = c;
	}
	*ret_text = (struct span){bytes, size};
	return true;
}

/* "3,17,4" */
static bool read_ids(struct decoding *d, const struct shape_field *field, void *value, struct span text)
{
	size_t count = text.size > 0;
	for (size_t i = 0; i < text.size; i++)
		count += text.at[i] == ',';
	if (count > field->max)
		return refuse_field(d, field, "too many items");
	if (!arena_has_room(d->arena, count * sizeof(uint64_t) + 1))
		return refuse_field(d, field, "too much in all");
	uint64_t *ids = arena_take(d->arena, count * sizeof *ids + 1);
	for (size_t i = 0; i < count; i++) {
		size_t size = 0;
		while (size < text.size && text.at[size] != ',')
			size++;
		if (failed(decimal_read((struct span){text.at, size}, SHAPE_NUMBER_MAX, &ids[i])))
			return refuse_field(d, field, "holds what is no number of an object");
		size += size < text.size;
		text = (struct span){text.at + size, text.size - size};
	}
	*(struct shape_list *)place_of(field, value) = (struct shape_list){ids, count};
	return true;
}

static bool read_parameter(struct decoding *d, const struct shape_field *field, void *value, struct span text)
{
	uint64_t number = 0;
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		if (!span_is(text, "true") && !span_is(text, "false"))
			return refuse_field(d, field, "must be true or false");
		return set_number(d, field, value, span_is(text, "true"));
	case SHAPE_KIND_U32:
	case SHAPE_KIND_U64:
	case SHAPE_KIND_ID:
		if (failed(decimal_read(text, SHAPE_NUMBER_MAX, &number)))
			return refuse_field(d, field, "must be a whole number, not below 0");
		return set_number(d, field, value, number);
	case SHAPE_KIND_IDS:
		return read_ids(d, field, value, text);
	case SHAPE_KIND_LIST:
		return refuse_field(d, field, "comes in a body, not in an address");
	case SHAPE_KIND_SECRET:
		return refuse_field(d, field, "is a secret and never comes in an address");
	default:
		return set_text(d, field, value, text);
	}
}

static bool read_query(struct decoding *d, const struct shape *shape, struct span query, uint64_t *said, void *value)
{
	while (query.size > 0) {
		size_t size = 0;
		while (size < query.size && query.at[size] != '&')
			size++;
		size_t equals = 0;
		while (equals < size && query.at[equals] != '=')
			equals++;
		struct span name, text;
		size_t start = equals < size ? equals + 1 : equals;
		if (!decode_text(d->arena, (struct span){query.at, equals}, &name) ||
		    !decode_text(d->arena, (struct span){query.at + start, size - start}, &text)) {
			web_refusal_set(d->refusal, 400, "invalid", "", "the address is malformed");
			return false;
		}
		const struct shape_field *field = find_field(d, shape, name, said);
		if (!field || !read_parameter(d, field, value, text))
			return false;
		size_t used = size < query.size ? size + 1 : size;
		query = (struct span){query.at + used, query.size - used};
	}
	return true;
}

static bool read_path(struct decoding *d, const struct shape *shape, const struct web_match *match, uint64_t *said,
		      void *value)
{
	for (size_t i = 0; i < match->parameter_count; i++) {
		const struct shape_field *field = find_field(d, shape, match->parameters[i].name, said);
		/* Else the route's table names a parameter that its request shape lacks, or has as something else. */
		ENSURE(field && (field->kind == SHAPE_KIND_ID || field->kind == SHAPE_KIND_U64 ||
				 field->kind == SHAPE_KIND_U32));
		if (!set_number(d, field, value, match->parameters[i].number))
			return false;
	}
	return true;
}

bool web_decode(const struct shape *shape, const struct web_match *match, struct span query, struct span body,
		struct arena *arena, void *ret_value, struct web_refusal *ret_refusal)
{
	struct decoding d = {.arena = arena, .refusal = ret_refusal};
	uint64_t said = 0;
	memset(ret_value, 0, shape->size);
	bool good = read_path(&d, shape, match, &said, ret_value) && read_query(&d, shape, query, &said, ret_value) &&
		    read_body(&d, shape, body, &said, ret_value);
	ENSURE(!good || !failed(shape_validate(shape, ret_value)));
	return good;
}
