#include "ledger/entry.h"

#include "base/clock.h"

/* ---- which bytes may stand where ---- */

enum { IN_POST = 1, IN_TYPE = 2, IN_ACTOR = 4, IN_MEMBER = 8, IN_STRING = 16 };

#define LETTERS_LOWER ['a' ... 'z'] = IN_POST | IN_TYPE | IN_ACTOR | IN_MEMBER | IN_STRING

__extension__ static const uint8_t byte_is[256] = {
	[0x20 ... '!'] = IN_STRING,
	['#' ... '+'] = IN_STRING,
	[','] = IN_STRING,
	['-'] = IN_POST | IN_TYPE | IN_ACTOR | IN_STRING,
	['.'] = IN_TYPE | IN_ACTOR | IN_STRING,
	['/'] = IN_ACTOR | IN_STRING,
	['0' ... '9'] = IN_POST | IN_TYPE | IN_ACTOR | IN_MEMBER | IN_STRING,
	[':' ... '@'] = IN_STRING,
	['A' ... 'Z'] = IN_POST | IN_STRING,
	['['] = IN_STRING,
	[']' ... '^'] = IN_STRING,
	['_'] = IN_TYPE | IN_ACTOR | IN_MEMBER | IN_STRING,
	['`'] = IN_STRING,
	LETTERS_LOWER,
	['{' ... '~'] = IN_STRING,
};

static bool is_name(struct span name, uint8_t where, size_t size_max)
{
	if (name.size == 0 || name.size > size_max)
		return false;
	for (size_t i = 0; i < name.size; i++)
		if (!(byte_is[name.at[i]] & where))
			return false;
	return true;
}

static bool cursor_literal(struct cursor *c, const char *text, size_t size)
{
	if (c->failed || (size_t)(c->end - c->at) < size || memcmp(c->at, text, size) != 0)
		return false;
	c->at += size;
	return true;
}

#define NEXT_IS(c, literal) cursor_literal((c), (literal), sizeof(literal) - 1)

/* ---- JSON of unknown shape ---- */

static void walk_value(struct cursor *c, unsigned depth);

static void walk_string(struct cursor *c)
{
	if (!NEXT_IS(c, "\"")) {
		c->failed = true;
		return;
	}
	const uint8_t *start = c->at;
	bool plain = true;
	while (c->at < c->end && *c->at != '"') {
		if (byte_is[*c->at] & IN_STRING) {
			c->at++;
		} else if (*c->at >= 0x80) {
			plain = false;
			c->at++;
		} else if (!NEXT_IS(c, "\\\"") && !NEXT_IS(c, "\\\\") && !NEXT_IS(c, "\\n") && !NEXT_IS(c, "\\t")) {
			c->failed = true; /* a control character, or an escape that we do not write */
			return;
		}
	}
	struct span text = {start, (size_t)(c->at - start)};
	if (!NEXT_IS(c, "\"") || (!plain && !span_is_text(text, false)))
		c->failed = true;
}

static void walk_number(struct cursor *c)
{
	(void)shape_read_number(c);
}

static void walk_list(struct cursor *c, unsigned depth)
{
	c->at++;
	if (NEXT_IS(c, "]"))
		return;
	do
		walk_value(c, depth + 1);
	while (!c->failed && NEXT_IS(c, ","));
	if (!NEXT_IS(c, "]"))
		c->failed = true;
}

static void walk_object(struct cursor *c, unsigned depth)
{
	c->at++;
	if (NEXT_IS(c, "}"))
		return;
	do {
		if (!NEXT_IS(c, "\""))
			c->failed = true;
		const uint8_t *start = c->at;
		while (!c->failed && c->at < c->end && (byte_is[*c->at] & IN_MEMBER))
			c->at++;
		if (c->at == start || !NEXT_IS(c, "\":")) {
			c->failed = true;
			return;
		}
		walk_value(c, depth + 1);
	} while (!c->failed && NEXT_IS(c, ","));
	if (!NEXT_IS(c, "}"))
		c->failed = true;
}

static void walk_value(struct cursor *c, unsigned depth)
{
	if (cursor_left(c) == 0 || depth >= LEDGER_JSON_DEPTH_MAX) {
		c->failed = true;
		return;
	}
	switch (*c->at) {
	case '{':
		walk_object(c, depth);
		break;
	case '[':
		walk_list(c, depth);
		break;
	case '"':
		walk_string(c);
		break;
	case 't':
		if (!NEXT_IS(c, "true"))
			c->failed = true;
		break;
	case 'f':
		if (!NEXT_IS(c, "false"))
			c->failed = true;
		break;
	default:
		walk_number(c);
	}
}

void ledger_json_walk(struct cursor *c)
{
	walk_value(c, 0);
}

/* ---- writing ---- */

#define SINK_LITERAL(s, literal) sink_put((s), SPAN_TEXT(literal))

static struct err check_header(const struct ledger_entry *header)
{
	if (!is_name(header->post, IN_POST, LEDGER_POST_SIZE_MAX))
		return FAIL(ERR_INVALID, "entry: a post's code is 1 to %d letters, digits and '-'",
			    LEDGER_POST_SIZE_MAX);
	if (!is_name(header->type, IN_TYPE, LEDGER_TYPE_SIZE_MAX))
		return FAIL(ERR_INVALID, "entry: a type is 1 to %d of a-z 0-9 . _ -", LEDGER_TYPE_SIZE_MAX);
	if (!is_name(header->actor, IN_ACTOR, LEDGER_ACTOR_SIZE_MAX))
		return FAIL(ERR_INVALID, "entry: an actor is 1 to %d of a-z 0-9 . _ - /", LEDGER_ACTOR_SIZE_MAX);
	if (header->seq > SHAPE_NUMBER_MAX || header->cause > SHAPE_NUMBER_MAX)
		return FAIL(ERR_INVALID, "entry: a number over 2^53 - 1");
	return OK;
}

struct err ledger_entry_write(struct sink *s, const struct ledger_entry *header, const struct shape *shape,
			      const void *value)
{
	TRY(check_header(header));
	SINK_LITERAL(s, "{\"post\":\"");
	sink_put(s, header->post);
	SINK_LITERAL(s, "\",\"seq\":");
	sink_decimal(s, header->seq);
	SINK_LITERAL(s, ",\"time\":\"");
	clock_write(s, header->time_us);
	SINK_LITERAL(s, "\",\"type\":\"");
	sink_put(s, header->type);
	SINK_LITERAL(s, "\",\"actor\":\"");
	sink_put(s, header->actor);
	SINK_LITERAL(s, "\"");
	if (header->has_cause) {
		SINK_LITERAL(s, ",\"cause\":");
		sink_decimal(s, header->cause);
	}
	SINK_LITERAL(s, ",\"body\":");
	if (shape) {
		SINK_LITERAL(s, "{");
		shape_write_sparse(s, shape, SHAPE_OPEN, value, false);
		SINK_LITERAL(s, "}");
	} else {
		sink_put(s, header->body);
	}
	SINK_LITERAL(s, "}");
	if (header->has_sealed)
		ledger_entry_add_sealed(s, &header->sealed);
	return sink_finish(s, "entry");
}

void ledger_entry_add_sealed(struct sink *line, const struct ledger_hash *sealed)
{
	REQUIRE(line->failed || (line->size > 0 && line->start[line->size - 1] == '}'));
	line->size -= line->size > 0; /* its last brace */
	SINK_LITERAL(line, ",\"sealed\":\"");
	sink_hex(line, SPAN_OF(sealed->bytes));
	SINK_LITERAL(line, "\"}");
}

/* ---- reading ---- */

static struct span read_name(struct cursor *c, uint8_t where, size_t size_max)
{
	const uint8_t *start = c->at;
	while (c->at < c->end && (byte_is[*c->at] & where))
		c->at++;
	struct span name = {start, (size_t)(c->at - start)};
	if (name.size == 0 || name.size > size_max || !NEXT_IS(c, "\""))
		c->failed = true;
	return name;
}

static struct err malformed(const char *member)
{
	return FAIL(ERR_INVALID, "entry: %s is not in the form that we write", member);
}

/* Everything before the body; the cursor stops at its brace. */
static struct err read_header(struct cursor *c, struct ledger_entry *entry)
{
	if (!NEXT_IS(c, "{\"post\":\""))
		return malformed("post");
	entry->post = read_name(c, IN_POST, LEDGER_POST_SIZE_MAX);
	if (c->failed || !NEXT_IS(c, ",\"seq\":"))
		return malformed("post");
	entry->seq = shape_read_number(c);
	if (c->failed || !NEXT_IS(c, ",\"time\":\""))
		return malformed("seq");
	struct span time = cursor_take(c, CLOCK_TEXT_SIZE);
	if (c->failed || !NEXT_IS(c, "\",\"type\":\""))
		return malformed("time");
	TRY(err_within(clock_read(time, &entry->time_us), "entry"));
	entry->type = read_name(c, IN_TYPE, LEDGER_TYPE_SIZE_MAX);
	if (c->failed || !NEXT_IS(c, ",\"actor\":\""))
		return malformed("type");
	entry->actor = read_name(c, IN_ACTOR, LEDGER_ACTOR_SIZE_MAX);
	if (c->failed)
		return malformed("actor");
	entry->has_cause = NEXT_IS(c, ",\"cause\":");
	entry->cause = entry->has_cause ? shape_read_number(c) : 0;
	if (c->failed || !NEXT_IS(c, ",\"body\":") || cursor_left(c) == 0 || *c->at != '{')
		return malformed(entry->has_cause ? "cause" : "body");
	return OK;
}

/* The end of a line with a sealed part is `"}`, that of one without is `}}`: so what is sealed is found from behind,
 * and the body is what is left.
 */
static struct err read_tail(struct cursor *c, struct ledger_entry *entry)
{
	size_t left = cursor_left(c);
	if (left < 3 || c->end[-1] != '}')
		return malformed("body");
	entry->has_sealed = c->end[-2] == '"';
	entry->sealed = (struct ledger_hash){0};
	size_t tail = 1 + (entry->has_sealed ? LEDGER_ENTRY_SEALED_SIZE : 0);
	if (left < tail + 2)
		return malformed("sealed");
	entry->body = cursor_take(c, left - tail);
	if (entry->has_sealed) {
		if (!NEXT_IS(c, ",\"sealed\":\""))
			return malformed("sealed");
		TRY(err_within(
			hex_read(cursor_take(c, (size_t)2 * LEDGER_HASH_SIZE), entry->sealed.bytes, LEDGER_HASH_SIZE),
			"entry: sealed"));
	}
	return entry->body.at[entry->body.size - 1] == '}' ? OK : malformed("body");
}

struct err ledger_entry_read_header(struct span line, struct ledger_entry *ret_entry)
{
	struct cursor c = cursor_of(line);
	TRY(read_header(&c, ret_entry));
	return read_tail(&c, ret_entry);
}

struct err ledger_entry_read(struct span line, struct ledger_entry *ret_entry)
{
	if (line.size > LEDGER_ENTRY_SIZE_MAX)
		return FAIL(ERR_TOO_LARGE, "entry: %zu bytes, at most %d", line.size, LEDGER_ENTRY_SIZE_MAX);
	TRY(ledger_entry_read_header(line, ret_entry));
	struct cursor body = cursor_of(ret_entry->body);
	ledger_json_walk(&body);
	return cursor_left(&body) == 0 && !body.failed ? OK : malformed("body");
}

struct err ledger_body_read(const struct shape *shape, struct span body, struct arena *arena, void *ret_value)
{
	struct cursor c = cursor_of(body);
	shape_read_literal(&c, "{");
	TRY(shape_read_sparse(&c, shape, SHAPE_OPEN, arena, ret_value));
	shape_read_literal(&c, "}");
	return cursor_finish(&c, shape->name);
}
