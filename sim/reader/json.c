#include "sim/reader/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct err sim_json_open(const char *name, struct span text, struct sim_json_source *ret_source)
{
	json_error_t error;
	if (text.size > SIM_JSON_SIZE_MAX)
		return FAIL(ERR_TOO_LARGE, "%s: %zu bytes; %d are enough", name, text.size, SIM_JSON_SIZE_MAX);
	json_t *root = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return FAIL(ERR_INVALID, "%s:%d:%d: %s", name, error.line, error.column, error.text);
	*ret_source = (struct sim_json_source){.name = name, .text = text, .root = root};
	return OK;
}

void sim_json_close(struct sim_json_source *source)
{
	json_decref(source->root);
	source->root = NULL;
}

struct sim_json sim_json_root(const struct sim_json_source *source)
{
	return (struct sim_json){.source = source, .value = source->root};
}

struct sim_json sim_json_member(const struct sim_json *up, const char *key)
{
	return (struct sim_json){.source = up->source, .up = up, .key = key, .value = json_object_get(up->value, key)};
}

struct sim_json sim_json_item(const struct sim_json *up, size_t index)
{
	return (struct sim_json){
		.source = up->source, .up = up, .index = index, .value = json_array_get(up->value, index)};
}

size_t sim_json_count(const struct sim_json *list)
{
	return json_array_size(list->value);
}

/* ---- where in the text ---- */

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

static struct span skip_string(struct cursor *c)
{
	const uint8_t *start = ++c->at;
	while (c->at < c->end && *c->at != '"')
		c->at += *c->at == '\\' ? 2 : 1;
	struct span text = {start, (size_t)(c->at - start)};
	c->at++;
	return text;
}

/* Over one value, whatever it holds. The parser has accepted the text: it is well-formed. */
static void skip_value(struct cursor *c)
{
	size_t depth = 0;
	do {
		skip_space(c);
		if (c->at >= c->end)
			return;
		switch (*c->at) {
		case '"':
			(void)skip_string(c);
			break;
		case '{':
		case '[':
			depth++;
			c->at++;
			break;
		case '}':
		case ']':
			depth--;
			c->at++;
			break;
		case ',':
		case ':':
			c->at++;
			break;
		default:
			while (c->at < c->end && !strchr(",:]} \t\r\n", *c->at))
				c->at++;
		}
	} while (depth > 0);
}

/* Go from the start of an object or list to the start of what `at` names in it; stay if it is not there. */
static void enter(struct cursor *c, const struct sim_json *at)
{
	struct cursor in = *c;
	in.at++;
	for (size_t index = 0; in.at < in.end; index++) {
		skip_space(&in);
		if (in.at >= in.end || *in.at == '}' || *in.at == ']')
			return;
		bool here = index == at->index;
		if (at->key) {
			here = span_is(skip_string(&in), at->key);
			skip_space(&in);
			in.at++; /* the colon */
			skip_space(&in);
		}
		if (here) {
			*c = in;
			return;
		}
		skip_value(&in);
		skip_space(&in);
		if (in.at < in.end && *in.at == ',')
			in.at++;
	}
}

static void walk(struct cursor *c, const struct sim_json *at, struct sink *path)
{
	if (!at->up) {
		skip_space(c);
		return;
	}
	walk(c, at->up, path);
	enter(c, at);
	if (at->key)
		sink_printf(path, "%s%s", path->size ? "." : "", at->key);
	else
		sink_printf(path, "[%zu]", at->index);
}

struct err sim_json_fail(const struct sim_json *at, const char *format, ...)
{
	char why[ERR_WHY_SIZE_MAX / 2], path_text[ERR_WHY_SIZE_MAX / 4];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	struct sink path = SINK_OF(path_text);
	struct cursor c = cursor_of(at->source->text);
	walk(&c, at, &path);
	unsigned line = 1, column = 1;
	for (const uint8_t *p = at->source->text.at; p < c.at && p < c.end; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	return FAIL(ERR_INVALID, "%s:%u:%u: %.*s%s%s", at->source->name, line, column, SPAN_ARGS(sink_span(&path)),
		    path.size ? ": " : "", why);
}

/* ---- reading ---- */

struct err sim_json_object(const struct sim_json *at, const char *const *keys)
{
	if (!json_is_object(at->value))
		return sim_json_fail(at, "an object is needed");
	const char *key;
	json_t *value;
	json_object_foreach(at->value, key, value)
	{
		size_t i = 0;
		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (!keys[i]) {
			struct sim_json unknown = sim_json_member(at, key);
			return sim_json_fail(&unknown, "nobody knows this key");
		}
	}
	return OK;
}

struct err sim_json_list(const struct sim_json *at, size_t count_max)
{
	if (!json_is_array(at->value))
		return sim_json_fail(at, "a list is needed");
	if (json_array_size(at->value) > count_max)
		return sim_json_fail(at, "%zu items; %zu fit", json_array_size(at->value), count_max);
	return OK;
}

struct err sim_json_number(const struct sim_json *up, const char *key, uint64_t least, uint64_t most,
			   uint64_t *ret_value)
{
	struct sim_json at = sim_json_member(up, key);
	if (!at.value)
		return OK;
	if (!json_is_integer(at.value))
		return sim_json_fail(&at, "a whole number is needed");
	json_int_t value = json_integer_value(at.value);
	if (value < 0 || (uint64_t)value < least || (uint64_t)value > most)
		return sim_json_fail(&at, "%lld is not in %llu to %llu", (long long)value, (unsigned long long)least,
				     (unsigned long long)most);
	*ret_value = (uint64_t)value;
	return OK;
}

struct err sim_json_bool(const struct sim_json *up, const char *key, bool *ret_value)
{
	struct sim_json at = sim_json_member(up, key);
	if (!at.value)
		return OK;
	if (!json_is_boolean(at.value))
		return sim_json_fail(&at, "true or false is needed");
	*ret_value = json_is_true(at.value);
	return OK;
}

struct err sim_json_text(const struct sim_json *up, const char *key, char *ret_text, size_t size)
{
	struct sim_json at = sim_json_member(up, key);
	if (!at.value)
		return OK;
	if (!json_is_string(at.value))
		return sim_json_fail(&at, "a text is needed");
	if (json_string_length(at.value) >= size)
		return sim_json_fail(&at, "a text of %zu bytes; %zu fit", json_string_length(at.value), size - 1);
	memcpy(ret_text, json_string_value(at.value), json_string_length(at.value) + 1);
	return OK;
}

struct err sim_json_hex(const struct sim_json *up, const char *key, uint8_t *ret_bytes, size_t size, bool *ret_given)
{
	struct sim_json at = sim_json_member(up, key);
	if (!at.value)
		return OK;
	struct span text = span_of_string(json_string_value(at.value));
	if (!json_is_string(at.value) || text.size != 2 * size || failed(hex_read(text, ret_bytes, size)))
		return sim_json_fail(&at, "%zu lower-case hex digits are needed", 2 * size);
	if (ret_given)
		*ret_given = true;
	return OK;
}

struct err sim_json_word(const struct sim_json *up, const char *key, const char *const *words, unsigned *ret_index)
{
	struct sim_json at = sim_json_member(up, key);
	if (!at.value)
		return OK;
	const char *word = json_string_value(at.value);
	char known[ERR_WHY_SIZE_MAX / 4];
	struct sink s = SINK_OF(known);
	for (unsigned i = 0; words[i]; i++) {
		if (word && strcmp(word, words[i]) == 0) {
			*ret_index = i;
			return OK;
		}
		sink_printf(&s, "%s%s", i ? ", " : "", words[i]);
	}
	return sim_json_fail(&at, "one of these is needed: %.*s", SPAN_ARGS(sink_span(&s)));
}

bool sim_json_has(const struct sim_json *up, const char *key)
{
	return json_object_get(up->value, key) != NULL;
}

struct err sim_json_needs(const struct sim_json *up, const char *key)
{
	return sim_json_has(up, key) ? OK : sim_json_fail(up, "\"%s\" is missing", key);
}
