#include "base/shape.h"

#include "base/clock.h"

static const void *member(const struct shape_field *field, const void *value)
{
	return (const uint8_t *)value + field->offset;
}

static void *member_to_set(const struct shape_field *field, void *value)
{
	return (uint8_t *)value + field->offset;
}

static uint64_t number_of(const struct shape_field *field, const void *value)
{
	const void *at = member(field, value);
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		return *(const bool *)at;
	case SHAPE_KIND_U32:
		return *(const uint32_t *)at;
	case SHAPE_KIND_ENUM:
		return (uint64_t) * (const unsigned *)at;
	default:
		return *(const uint64_t *)at;
	}
}

static void set_number(const struct shape_field *field, void *value, uint64_t number)
{
	void *at = member_to_set(field, value);
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		*(bool *)at = number != 0;
		break;
	case SHAPE_KIND_U32:
		*(uint32_t *)at = (uint32_t)number;
		break;
	case SHAPE_KIND_ENUM:
		*(unsigned *)at = (unsigned)number;
		break;
	default:
		*(uint64_t *)at = number;
	}
}

static bool is_bytes(const struct shape_field *field)
{
	return field->kind == SHAPE_KIND_TEXT || field->kind == SHAPE_KIND_PROSE || field->kind == SHAPE_KIND_BYTES ||
	       field->kind == SHAPE_KIND_SECRET;
}

static bool is_list(const struct shape_field *field)
{
	return field->kind == SHAPE_KIND_LIST || field->kind == SHAPE_KIND_IDS;
}

static size_t item_size(const struct shape_field *field)
{
	return field->kind == SHAPE_KIND_IDS ? sizeof(uint64_t) : field->of->size;
}

static bool is_zero(const struct shape_field *field, const void *value)
{
	if (is_bytes(field))
		return ((const struct span *)member(field, value))->size == 0;
	if (is_list(field))
		return ((const struct shape_list *)member(field, value))->count == 0;
	return number_of(field, value) == 0;
}

/* ---- bounds ---- */

static struct err number_in_bounds(const struct shape_field *field, uint64_t number)
{
	uint64_t max = field->kind == SHAPE_KIND_BOOL   ? 1
		       : field->kind == SHAPE_KIND_U32  ? UINT32_MAX
		       : field->kind == SHAPE_KIND_ENUM ? field->values->count - 1
							: SHAPE_NUMBER_MAX;
	if (number > max)
		return FAIL(ERR_INVALID, "%s: %llu is over %llu", field->name, (unsigned long long)number,
			    (unsigned long long)max);
	if (field->kind == SHAPE_KIND_ENUM && !field->values->words[number])
		return FAIL(ERR_INVALID, "%s: %llu has no meaning", field->name, (unsigned long long)number);
	return OK;
}

static struct err bytes_in_bounds(const struct shape_field *field, struct span bytes)
{
	if (bytes.size > field->max)
		return FAIL(ERR_TOO_LARGE, "%s: %zu bytes, at most %u", field->name, bytes.size, field->max);
	if (field->kind == SHAPE_KIND_TEXT && !span_is_text(bytes, false))
		return FAIL(ERR_INVALID, "%s: not plain text in UTF-8", field->name);
	if (field->kind == SHAPE_KIND_PROSE && !span_is_text(bytes, true))
		return FAIL(ERR_INVALID, "%s: not text in UTF-8", field->name);
	return OK;
}

static struct err field_validate(const struct shape_field *field, const void *value)
{
	if (is_bytes(field))
		return bytes_in_bounds(field, *(const struct span *)member(field, value));
	if (!is_list(field))
		return number_in_bounds(field, number_of(field, value));
	const struct shape_list *list = member(field, value);
	if (list->count > field->max)
		return FAIL(ERR_TOO_LARGE, "%s: %zu items, at most %u", field->name, list->count, field->max);
	for (size_t i = 0; field->kind == SHAPE_KIND_LIST && i < list->count; i++) {
		struct err e = shape_validate(field->of, (const uint8_t *)list->at + i * field->of->size);
		if (failed(e))
			return err_within(e, "%s[%zu]", field->name, i);
	}
	return OK;
}

struct err shape_validate(const struct shape *shape, const void *value)
{
	for (size_t i = 0; i < shape->field_count; i++)
		TRY(field_validate(&shape->fields[i], value));
	return OK;
}

struct err shape_enum_read(const struct shape_enum *values, struct span word, uint32_t *ret_number)
{
	for (uint32_t i = 0; i < values->count; i++) {
		if (values->words[i] && span_is(word, values->words[i])) {
			*ret_number = i;
			return OK;
		}
	}
	char known[256];
	struct sink s = SINK_OF(known);
	for (uint32_t i = 1; i < values->count; i++)
		if (values->words[i])
			sink_printf(&s, "%s%s", s.size ? ", " : "", values->words[i]);
	return FAIL(ERR_INVALID, "\"%.*s\" is none of %.*s", SPAN_ARGS(word), SPAN_ARGS(sink_span(&s)));
}

/* ---- JSON, writing ---- */

void shape_write_string(struct sink *s, struct span text)
{
	sink_u8(s, '"');
	size_t plain = 0;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.at[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		sink_put(s, (struct span){text.at + plain, i - plain});
		plain = i + 1;
		if (c == '\n' || c == '\t' || c == '"' || c == '\\') {
			uint8_t pair[2] = {'\\', c == '\n' ? 'n' : c == '\t' ? 't' : c};
			sink_put(s, SPAN_OF(pair));
		} else {
			sink_printf(s, "\\u%04x", c);
		}
	}
	if (text.size > plain) /* an empty text may be at no address at all */
		sink_put(s, (struct span){text.at + plain, text.size - plain});
	sink_u8(s, '"');
}

static void write_list(struct sink *s, const struct shape_field *field, const struct shape_list *list, bool sparse)
{
	sink_u8(s, '[');
	for (size_t i = 0; i < list->count; i++) {
		const void *item = (const uint8_t *)list->at + i * item_size(field);
		if (i > 0)
			sink_u8(s, ',');
		if (field->kind == SHAPE_KIND_IDS) {
			sink_decimal(s, *(const uint64_t *)item);
		} else if (sparse) {
			sink_u8(s, '{');
			shape_write_sparse(s, field->of, SHAPE_OPEN, item, false);
			sink_u8(s, '}');
		} else {
			shape_write_full(s, field->of, item);
		}
	}
	sink_u8(s, ']');
}

static void write_value(struct sink *s, const struct shape_field *field, const void *value, bool sparse)
{
	uint64_t number;
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		sink_text(s, number_of(field, value) ? "true" : "false");
		break;
	case SHAPE_KIND_U32:
	case SHAPE_KIND_U64:
	case SHAPE_KIND_ID:
		sink_decimal(s, number_of(field, value));
		break;
	case SHAPE_KIND_TIME:
		number = number_of(field, value);
		sink_u8(s, '"');
		if (number > 0) /* a time not said is an empty text, never 1970 */
			clock_write(s, number);
		sink_u8(s, '"');
		break;
	case SHAPE_KIND_ENUM:
		shape_write_string(s, span_of_string(field->values->words[number_of(field, value)]));
		break;
	case SHAPE_KIND_TEXT:
	case SHAPE_KIND_PROSE:
		shape_write_string(s, *(const struct span *)member(field, value));
		break;
	case SHAPE_KIND_BYTES:
		sink_u8(s, '"');
		sink_hex(s, *(const struct span *)member(field, value));
		sink_u8(s, '"');
		break;
	case SHAPE_KIND_LIST:
	case SHAPE_KIND_IDS:
		write_list(s, field, member(field, value), sparse);
		break;
	case SHAPE_KIND_SECRET:
		ENSURE(field->kind != SHAPE_KIND_SECRET); /* a secret is never JSON */
	}
}

bool shape_write_sparse(struct sink *s, const struct shape *shape, enum shape_part part, const void *value,
			bool comma_first)
{
	bool wrote = false;
	for (size_t i = 0; i < shape->field_count; i++) {
		const struct shape_field *field = &shape->fields[i];
		if (field->sealed != (part == SHAPE_SEALED) || field->kind == SHAPE_KIND_SECRET ||
		    is_zero(field, value))
			continue;
		if (wrote || comma_first)
			sink_u8(s, ',');
		wrote = true;
		sink_u8(s, '"');
		sink_text(s, field->name);
		sink_text(s, "\":");
		write_value(s, field, value, true);
	}
	return wrote;
}

void shape_write_full(struct sink *s, const struct shape *shape, const void *value)
{
	bool wrote = false;
	sink_u8(s, '{');
	for (size_t i = 0; i < shape->field_count; i++) {
		const struct shape_field *field = &shape->fields[i];
		if (field->kind == SHAPE_KIND_SECRET)
			continue;
		sink_text(s, wrote ? ",\"" : "\"");
		wrote = true;
		sink_text(s, field->name);
		sink_text(s, "\":");
		write_value(s, field, value, false);
	}
	sink_u8(s, '}');
}

/* ---- JSON, reading the unique sparse form ---- */

void shape_read_literal(struct cursor *c, const char *text)
{
	struct span expected = span_of_string(text);
	if (!span_equal(cursor_take(c, expected.size), expected))
		c->failed = true;
}

uint64_t shape_read_number(struct cursor *c)
{
	const uint8_t *start = c->at;
	uint64_t value = 0;
	while (!c->failed && c->at < c->end && *c->at >= '0' && *c->at <= '9') {
		value = value * 10 + (uint64_t)(*c->at++ - '0');
		if (value > SHAPE_NUMBER_MAX)
			c->failed = true;
	}
	if (c->at == start || (*start == '0' && c->at - start > 1))
		c->failed = true;
	return c->failed ? 0 : value;
}

/* The one escape that shape_write_string would have made for this byte; 0 for bytes that it leaves alone. */
static uint8_t unescape(struct cursor *c)
{
	uint8_t letter = cursor_u8(c);
	if (letter == '"' || letter == '\\')
		return letter;
	if (letter == 'n')
		return '\n';
	if (letter == 't')
		return '\t';
	uint8_t byte = 0;
	struct span digits = letter == 'u' ? cursor_take(c, 4) : (struct span){0};
	if (digits.size != 4 || digits.at[0] != '0' || digits.at[1] != '0' ||
	    failed(hex_read((struct span){digits.at + 2, 2}, &byte, 1)) || byte >= 0x20 || byte == '\n' || byte == '\t')
		c->failed = true;
	return byte;
}

struct span shape_read_string(struct cursor *c, struct arena *arena)
{
	shape_read_literal(c, "\"");
	const uint8_t *start = c->at;
	size_t escapes = 0;
	while (!c->failed && c->at < c->end && *c->at != '"') {
		if (*c->at < 0x20)
			c->failed = true;
		if (*c->at == '\\' && ++escapes)
			c->at++;
		c->at++;
	}
	if (c->failed || c->at >= c->end) {
		c->failed = true;
		return (struct span){0};
	}
	struct span raw = {start, (size_t)(c->at - start)};
	c->at++;
	if (escapes == 0)
		return raw;
	if (!arena_has_room(arena, raw.size)) {
		c->failed = true;
		return (struct span){0};
	}
	uint8_t *text = arena_take(arena, raw.size);
	size_t size = 0;
	struct cursor inner = cursor_of(raw);
	while (cursor_left(&inner) > 0) {
		uint8_t byte = cursor_u8(&inner);
		text[size++] = byte == '\\' ? unescape(&inner) : byte;
	}
	c->failed |= inner.failed;
	return (struct span){text, size};
}

static struct err read_value(struct cursor *c, const struct shape_field *field, struct arena *arena, void *value);

static struct err read_list(struct cursor *c, const struct shape_field *field, struct arena *arena,
			    struct shape_list *ret_list)
{
	size_t size = item_size(field);
	size_t room = 8;
	uint8_t *items = NULL;
	size_t count = 0;
	shape_read_literal(c, "[");
	while (!c->failed) {
		if (count == field->max)
			return FAIL(ERR_TOO_LARGE, "%s: more than %u items", field->name, field->max);
		if (!items || count == room) {
			room = items ? room * 2 : room;
			if (!arena_has_room(arena, room * size))
				return FAIL(ERR_TOO_LARGE, "%s: too large", field->name);
			uint8_t *grown = arena_take(arena, room * size);
			if (items)
				memcpy(grown, items, count * size);
			items = grown;
		}
		if (field->kind == SHAPE_KIND_IDS) {
			*(uint64_t *)(void *)(items + count * size) = shape_read_number(c);
		} else {
			shape_read_literal(c, "{");
			TRY(shape_read_sparse(c, field->of, SHAPE_OPEN, arena, items + count * size));
			shape_read_literal(c, "}");
		}
		count++;
		if (!c->failed && c->at < c->end && *c->at == ']')
			break;
		shape_read_literal(c, ",");
	}
	shape_read_literal(c, "]");
	*ret_list = (struct shape_list){items, count};
	return OK;
}

static struct err read_bytes(struct cursor *c, const struct shape_field *field, struct arena *arena, void *value)
{
	struct span text = shape_read_string(c, arena);
	if (c->failed)
		return OK; /* said once, by the caller */
	if (field->kind == SHAPE_KIND_BYTES) {
		size_t size = text.size / 2;
		if (size > field->max || !arena_has_room(arena, size + 1))
			return FAIL(ERR_TOO_LARGE, "%s: %zu bytes, at most %u", field->name, size, field->max);
		uint8_t *bytes = arena_take(arena, size + 1);
		TRY(err_within(hex_read(text, bytes, size), "%s", field->name));
		text = (struct span){bytes, size};
	}
	TRY(bytes_in_bounds(field, text));
	*(struct span *)member_to_set(field, value) = text;
	return OK;
}

static struct err read_value(struct cursor *c, const struct shape_field *field, struct arena *arena, void *value)
{
	uint32_t word = 0;
	uint64_t number = 0;
	struct span text;
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		shape_read_literal(c, "true");
		number = 1;
		break;
	case SHAPE_KIND_TIME:
		text = shape_read_string(c, arena);
		if (!c->failed)
			TRY(err_within(clock_read(text, &number), "%s", field->name));
		break;
	case SHAPE_KIND_ENUM:
		text = shape_read_string(c, arena);
		if (!c->failed)
			TRY(err_within(shape_enum_read(field->values, text, &word), "%s", field->name));
		number = word;
		break;
	case SHAPE_KIND_TEXT:
	case SHAPE_KIND_PROSE:
	case SHAPE_KIND_BYTES:
		return read_bytes(c, field, arena, value);
	case SHAPE_KIND_LIST:
	case SHAPE_KIND_IDS:
		return read_list(c, field, arena, member_to_set(field, value));
	case SHAPE_KIND_SECRET:
		return FAIL(ERR_INVALID, "%s: a secret is never JSON", field->name);
	default:
		number = shape_read_number(c);
	}
	TRY(number_in_bounds(field, number));
	set_number(field, value, number);
	return OK;
}

/* Does the next member have this field's name? Consumes `"name":` when it does. */
static bool next_is(struct cursor *c, const struct shape_field *field)
{
	size_t length = strlen(field->name);
	if (cursor_left(c) < length + 3 || c->at[0] != '"' || memcmp(c->at + 1, field->name, length) != 0 ||
	    c->at[length + 1] != '"' || c->at[length + 2] != ':')
		return false;
	c->at += length + 3;
	return true;
}

struct err shape_read_sparse(struct cursor *c, const struct shape *shape, enum shape_part part, struct arena *arena,
			     void *ret_value)
{
	if (part == SHAPE_OPEN)
		memset(ret_value, 0, shape->size);
	bool first = true;
	for (size_t i = 0; i < shape->field_count; i++) {
		const struct shape_field *field = &shape->fields[i];
		if (field->sealed != (part == SHAPE_SEALED))
			continue;
		struct cursor ahead = *c;
		if (!first)
			shape_read_literal(&ahead, ",");
		if (ahead.failed || !next_is(&ahead, field))
			continue;
		*c = ahead;
		first = false;
		TRY(read_value(c, field, arena, ret_value));
		if (c->failed)
			return FAIL(ERR_INVALID, "%s.%s: malformed", shape->name, field->name);
		if (is_zero(field, ret_value))
			return FAIL(ERR_INVALID, "%s.%s: zero is left out, not written", shape->name, field->name);
	}
	if (cursor_left(c) == 0 || *c->at != '}')
		return FAIL(ERR_INVALID, "%s: unknown, repeated or misplaced member", shape->name);
	return OK;
}

/* ---- the binary form ---- */

static void write_binary_value(struct sink *s, const struct shape_field *field, const void *value)
{
	if (is_bytes(field)) {
		const struct span *bytes = member(field, value);
		sink_u32le(s, (uint32_t)bytes->size);
		sink_put(s, *bytes);
		return;
	}
	if (is_list(field)) {
		const struct shape_list *list = member(field, value);
		sink_u32le(s, (uint32_t)list->count);
		for (size_t i = 0; i < list->count; i++) {
			const void *item = (const uint8_t *)list->at + i * item_size(field);
			if (field->kind == SHAPE_KIND_IDS)
				sink_u64le(s, *(const uint64_t *)item);
			else
				shape_write_binary(s, field->of, item);
		}
		return;
	}
	if (field->kind == SHAPE_KIND_BOOL)
		sink_u8(s, (uint8_t)number_of(field, value));
	else if (field->kind == SHAPE_KIND_U32 || field->kind == SHAPE_KIND_ENUM)
		sink_u32le(s, (uint32_t)number_of(field, value));
	else
		sink_u64le(s, number_of(field, value));
}

void shape_write_binary(struct sink *s, const struct shape *shape, const void *value)
{
	for (size_t i = 0; i < shape->field_count; i++)
		write_binary_value(s, &shape->fields[i], value);
}

static struct err read_binary_list(struct cursor *c, const struct shape_field *field, struct arena *arena, void *value)
{
	uint32_t count = cursor_u32le(c);
	if (count > field->max)
		return FAIL(ERR_TOO_LARGE, "%s: %u items, at most %u", field->name, count, field->max);
	size_t size = item_size(field);
	if (count > cursor_left(c) || !arena_has_room(arena, count * size + 1))
		return FAIL(ERR_INVALID, "%s: %u items do not fit", field->name, count);
	uint8_t *items = arena_take(arena, count * size + 1);
	for (uint32_t i = 0; i < count; i++) {
		if (field->kind == SHAPE_KIND_IDS)
			*(uint64_t *)(void *)(items + i * size) = cursor_u64le(c);
		else
			TRY(shape_read_binary(c, field->of, arena, items + i * size));
	}
	*(struct shape_list *)member_to_set(field, value) = (struct shape_list){items, count};
	return OK;
}

static struct err read_binary_value(struct cursor *c, const struct shape_field *field, struct arena *arena, void *value)
{
	if (is_list(field))
		return read_binary_list(c, field, arena, value);
	if (is_bytes(field)) {
		struct span bytes = cursor_take(c, cursor_u32le(c));
		TRY(bytes_in_bounds(field, bytes));
		if (!arena_has_room(arena, bytes.size))
			return FAIL(ERR_TOO_LARGE, "%s: too large", field->name);
		*(struct span *)member_to_set(field, value) = arena_copy(arena, bytes);
		return OK;
	}
	uint64_t number = field->kind == SHAPE_KIND_BOOL                                    ? cursor_u8(c)
			  : field->kind == SHAPE_KIND_U32 || field->kind == SHAPE_KIND_ENUM ? cursor_u32le(c)
											    : cursor_u64le(c);
	TRY(number_in_bounds(field, number));
	set_number(field, value, number);
	return OK;
}

struct err shape_read_binary(struct cursor *c, const struct shape *shape, struct arena *arena, void *ret_value)
{
	memset(ret_value, 0, shape->size);
	for (size_t i = 0; i < shape->field_count; i++)
		TRY(read_binary_value(c, &shape->fields[i], arena, ret_value));
	if (c->failed)
		return FAIL(ERR_INVALID, "%s: ends too early", shape->name);
	return OK;
}
