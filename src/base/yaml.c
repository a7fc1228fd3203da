#include "base/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/clock.h"

/* ---- refusals ---- */

static struct err refuse(enum err_code code, const struct yaml_file *file, uint32_t line, uint32_t column,
			 const char *format, va_list args) PRINTF_LIKE(5, 0);
static struct err refuse(enum err_code code, const struct yaml_file *file, uint32_t line, uint32_t column,
			 const char *format, va_list args)
{
	char why[ERR_WHY_SIZE_MAX];
	vsnprintf(why, sizeof why, format, args);
	return FAIL(code, "%.*s:%u:%u: %s", YAML_NAME_SIZE_MAX, file->name, line, column, why);
}

struct err yaml_refuse_at(const struct yaml_file *file, uint32_t line, uint32_t column, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct err e = refuse(ERR_INVALID, file, line, column, format, args);
	va_end(args);
	return e;
}

struct err yaml_refuse(const struct yaml_file *file, const struct yaml_node *node, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct err e = refuse(ERR_INVALID, file, node->line, node->column, format, args);
	va_end(args);
	return e;
}

static struct err too_large(const struct yaml_file *file, uint32_t line, uint32_t column, const char *format, ...)
	PRINTF_LIKE(4, 5);
static struct err too_large(const struct yaml_file *file, uint32_t line, uint32_t column, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct err e = refuse(ERR_TOO_LARGE, file, line, column, format, args);
	va_end(args);
	return e;
}

/* ---- reading: events into a tree ---- */

struct reader {
	const struct yaml_file *file;
	struct span text;
	struct arena *arena;
	yaml_parser_t parser;
	yaml_event_t event; /* the last one taken, until the next */
	bool has_event;
	size_t nodes;
};

static uint32_t mark_line(yaml_mark_t mark)
{
	return (uint32_t)mark.line + 1;
}

static uint32_t mark_column(yaml_mark_t mark)
{
	return (uint32_t)mark.column + 1;
}

/* Bytes that are no text at all have no mark of their own, only an offset. */
static struct err undecodable(struct reader *r)
{
	uint32_t line = 1, column = 1;
	for (size_t i = 0; i < r->text.size && i < r->parser.problem_offset; i++) {
		column = r->text.at[i] == '\n' ? 1 : column + ((r->text.at[i] & 0xC0) != 0x80);
		line += r->text.at[i] == '\n';
	}
	return yaml_refuse_at(r->file, line, column, "%s", r->parser.problem);
}

static struct err unparsable(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	if (p->error == YAML_READER_ERROR)
		return undecodable(r);
	const char *problem = p->problem ? p->problem : "not YAML";
	return yaml_refuse_at(r->file, mark_line(p->problem_mark), mark_column(p->problem_mark), "%s%s%s", problem,
			      p->context ? ", " : "", p->context ? p->context : "");
}

static struct err next_event(struct reader *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = false;
	if (!yaml_parser_parse(&r->parser, &r->event))
		return unparsable(r);
	r->has_event = true;
	return OK;
}

static struct err refuse_event(struct reader *r, const char *why)
{
	return yaml_refuse_at(r->file, mark_line(r->event.start_mark), mark_column(r->event.start_mark), "%s", why);
}

static struct err no_decoration(struct reader *r, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return refuse_event(r, "anchors are not taken here");
	if (tag)
		return refuse_event(r, "tags are not taken here");
	return OK;
}

static struct err new_node(struct reader *r, enum yaml_kind kind, struct yaml_node **ret_node)
{
	uint32_t line = mark_line(r->event.start_mark), column = mark_column(r->event.start_mark);
	if (++r->nodes > YAML_NODES_MAX || !arena_has_room(r->arena, sizeof(struct yaml_node)))
		return too_large(r->file, line, column, "more than %d values in one file", YAML_NODES_MAX);
	struct yaml_node *node = arena_take(r->arena, sizeof *node);
	*node = (struct yaml_node){.kind = kind, .line = line, .column = column};
	*ret_node = node;
	return OK;
}

static struct err read_scalar(struct reader *r, struct yaml_node **ret_node)
{
	TRY(no_decoration(r, r->event.data.scalar.anchor, r->event.data.scalar.tag));
	TRY(new_node(r, YAML_SCALAR, ret_node));
	struct span text = {r->event.data.scalar.value, r->event.data.scalar.length};
	if (!arena_has_room(r->arena, text.size))
		return too_large(r->file, (*ret_node)->line, (*ret_node)->column, "the file is too large");
	(*ret_node)->text = arena_copy(r->arena, text);
	(*ret_node)->plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return OK;
}

static struct err read_node(struct reader *r, uint32_t depth, struct yaml_node **ret_node);

static struct err read_list(struct reader *r, uint32_t depth, struct yaml_node *list)
{
	const struct yaml_node **tail = &list->first;
	for (;;) {
		TRY(next_event(r));
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			return OK;
		struct yaml_node *item;
		TRY(read_node(r, depth + 1, &item));
		*tail = item;
		tail = &item->next;
		list->count++;
	}
}

static struct err read_member(struct reader *r, uint32_t depth, const struct yaml_node *map,
			      struct yaml_node **ret_member)
{
	struct yaml_node *key = NULL;
	if (r->event.type != YAML_SCALAR_EVENT)
		return refuse_event(r, r->event.type == YAML_ALIAS_EVENT ? "aliases are not taken here"
									 : "a key must be a word");
	TRY(read_scalar(r, &key));
	if (!span_is_text(key->text, false) || key->text.size == 0)
		return yaml_refuse(r->file, key, "a key must be a word");
	for (const struct yaml_node *other = map->first; other; other = other->next)
		if (span_equal(other->key, key->text))
			return yaml_refuse(r->file, key, "\"%.*s\" stands here twice; first on line %u",
					   SPAN_ARGS(key->text), other->key_line);
	if (map->count == YAML_MEMBERS_MAX)
		return too_large(r->file, key->line, key->column, "more than %d keys in one mapping", YAML_MEMBERS_MAX);
	TRY(next_event(r));
	TRY(read_node(r, depth + 1, ret_member));
	(*ret_member)->key = key->text;
	(*ret_member)->key_line = key->line;
	(*ret_member)->key_column = key->column;
	return OK;
}

static struct err read_map(struct reader *r, uint32_t depth, struct yaml_node *map)
{
	const struct yaml_node **tail = &map->first;
	for (;;) {
		TRY(next_event(r));
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return OK;
		struct yaml_node *member = NULL;
		TRY(read_member(r, depth, map, &member));
		*tail = member;
		tail = &member->next;
		map->count++;
	}
}

static struct err read_node(struct reader *r, uint32_t depth, struct yaml_node **ret_node)
{
	if (depth > YAML_DEPTH_MAX)
		return too_large(r->file, mark_line(r->event.start_mark), mark_column(r->event.start_mark),
				 "more than %d levels deep", YAML_DEPTH_MAX);
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r, ret_node);
	case YAML_SEQUENCE_START_EVENT:
		TRY(no_decoration(r, r->event.data.sequence_start.anchor, r->event.data.sequence_start.tag));
		TRY(new_node(r, YAML_LIST, ret_node));
		return read_list(r, depth, *ret_node);
	case YAML_MAPPING_START_EVENT:
		TRY(no_decoration(r, r->event.data.mapping_start.anchor, r->event.data.mapping_start.tag));
		TRY(new_node(r, YAML_MAP, ret_node));
		return read_map(r, depth, *ret_node);
	case YAML_ALIAS_EVENT:
		return refuse_event(r, "aliases are not taken here");
	default:
		return refuse_event(r, "a value is missing");
	}
}

static struct err read_document(struct reader *r, struct yaml_node **ret_root)
{
	TRY(next_event(r)); /* the stream's start */
	TRY(next_event(r));
	if (r->event.type != YAML_DOCUMENT_START_EVENT)
		return refuse_event(r, "the file is empty");
	if (r->event.data.document_start.version_directive ||
	    r->event.data.document_start.tag_directives.start != r->event.data.document_start.tag_directives.end)
		return refuse_event(r, "directives are not taken here");
	TRY(next_event(r));
	TRY(read_node(r, 0, ret_root));
	TRY(next_event(r)); /* the document's end */
	TRY(next_event(r));
	if (r->event.type != YAML_STREAM_END_EVENT)
		return refuse_event(r, "a second document begins here");
	return OK;
}

struct err yaml_read(const char *name, struct span text, struct arena *arena, struct yaml_file *ret_file)
{
	struct yaml_file file = {.name = name};
	if (text.size > YAML_SIZE_MAX)
		return too_large(&file, 1, 1, "the file has %zu bytes, at most %d", text.size, YAML_SIZE_MAX);
	struct reader r = {.file = &file, .text = text, .arena = arena};
	ENSURE(yaml_parser_initialize(&r.parser));
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, text.at ? text.at : (const uint8_t *)"", text.size);
	struct yaml_node *root = NULL;
	struct err e = read_document(&r, &root);
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	TRY(e);
	file.root = root;
	*ret_file = file;
	return OK;
}

static struct err open_failed(const char *path)
{
	enum err_code code = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
			     : errno == EACCES                   ? ERR_DENIED
								 : ERR_IO;
	return FAIL(code, "%s: %s", path, strerror(errno));
}

struct err yaml_load(const char *path, size_t size_max, struct arena *arena, struct span *ret_text)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return open_failed(path);
	struct stat about;
	if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
		close(file);
		return FAIL(ERR_INVALID, "%s: not a file", path);
	}
	if ((uint64_t)about.st_size > size_max || !arena_has_room(arena, (size_t)about.st_size + 1)) {
		close(file);
		return FAIL(ERR_TOO_LARGE, "%s: %lld bytes, at most %zu", path, (long long)about.st_size, size_max);
	}
	size_t size = (size_t)about.st_size, got = 0;
	uint8_t *bytes = arena_take(arena, size + 1);
	while (got < size) {
		ssize_t more = read(file, bytes + got, size - got);
		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			break;
		got += (size_t)more;
	}
	close(file);
	if (got < size)
		return FAIL(ERR_IO, "%s: could not be read to its end", path);
	*ret_text = (struct span){bytes, size};
	return OK;
}

/* ---- taking a value ---- */

static const struct yaml_node *member_named(const struct yaml_node *map, struct span key)
{
	for (const struct yaml_node *member = map->kind == YAML_MAP ? map->first : NULL; member; member = member->next)
		if (span_equal(member->key, key))
			return member;
	return NULL;
}

const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key)
{
	const char *dot = strchr(key, '.');
	if (!dot)
		return member_named(map, span_of_string(key));
	const struct yaml_node *inner = member_named(map, (struct span){(const uint8_t *)key, (size_t)(dot - key)});
	return inner ? yaml_member(inner, dot + 1) : NULL;
}

static const char *kind_word(enum yaml_kind kind)
{
	return kind == YAML_MAP ? "a mapping" : kind == YAML_LIST ? "a list" : "a single value";
}

struct err yaml_need_map(const struct yaml_file *file, const struct yaml_node *node, const char *what)
{
	if (node->kind != YAML_MAP)
		return yaml_refuse(file, node, "%s: must be a mapping, and is %s", what, kind_word(node->kind));
	return OK;
}

struct err yaml_need_list(const struct yaml_file *file, const struct yaml_node *node, const char *what,
			  size_t count_max)
{
	if (node->kind != YAML_LIST)
		return yaml_refuse(file, node, "%s: must be a list, and is %s", what, kind_word(node->kind));
	if (node->count > count_max)
		return too_large(file, node->line, node->column, "%s: %zu items, at most %zu", what, node->count,
				 count_max);
	return OK;
}

static struct err need_scalar(const struct yaml_file *file, const struct yaml_node *node, const char *what)
{
	if (node->kind != YAML_SCALAR)
		return yaml_refuse(file, node, "%s: must be a single value, and is %s", what, kind_word(node->kind));
	if (node->text.size == 0 || (node->plain && (span_is(node->text, "~") || span_is(node->text, "null"))))
		return yaml_refuse(file, node, "%s: a value is missing", what);
	return OK;
}

struct err yaml_text(const struct yaml_file *file, const struct yaml_node *node, const char *what, size_t size_max,
		     bool newlines, struct span *ret_text)
{
	TRY(need_scalar(file, node, what));
	if (node->text.size > size_max)
		return too_large(file, node->line, node->column, "%s: %zu bytes, at most %zu", what, node->text.size,
				 size_max);
	if (!span_is_text(node->text, newlines))
		return yaml_refuse(file, node, "%s: holds a character that is no text", what);
	*ret_text = node->text;
	return OK;
}

static bool read_decimal(struct span text, uint32_t decimals, uint64_t max, uint64_t *ret_value)
{
	const uint8_t *dot = text.size ? memchr(text.at, '.', text.size) : NULL;
	struct span whole = {text.at, dot ? (size_t)(dot - text.at) : text.size};
	struct span rest = {dot ? dot + 1 : NULL, dot ? text.size - whole.size - 1 : 0};
	uint64_t scale = 1, part = 0, value;
	if (rest.size > decimals || (dot && rest.size == 0))
		return false;
	for (uint32_t i = 0; i < decimals; i++) {
		scale *= 10;
		if (i < rest.size && (rest.at[i] < '0' || rest.at[i] > '9'))
			return false;
		part = part * 10 + (i < rest.size ? (uint64_t)(rest.at[i] - '0') : 0);
	}
	if (failed(decimal_read(whole, SHAPE_NUMBER_MAX / scale, &value)) || value * scale + part > max)
		return false;
	*ret_value = value * scale + part;
	return true;
}

struct err yaml_decimal(const struct yaml_file *file, const struct yaml_node *node, const char *what, uint32_t decimals,
			uint64_t max, uint64_t *ret_value)
{
	REQUIRE(decimals <= 6);
	TRY(need_scalar(file, node, what));
	uint64_t scale = 1;
	for (uint32_t i = 0; i < decimals; i++)
		scale *= 10;
	if (!node->plain || !read_decimal(node->text, decimals, max, ret_value))
		return yaml_refuse(file, node, "%s: \"%.*s\" is not a number from 0 to %llu, %u decimals at most", what,
				   (int)(node->text.size > 40 ? 40 : node->text.size), (const char *)node->text.at,
				   (unsigned long long)(max / scale), decimals);
	return OK;
}

struct err yaml_bool(const struct yaml_file *file, const struct yaml_node *node, const char *what, bool *ret_value)
{
	TRY(need_scalar(file, node, what));
	bool yes = span_is(node->text, "true");
	if (!node->plain || (!yes && !span_is(node->text, "false")))
		return yaml_refuse(file, node, "%s: must be true or false", what);
	*ret_value = yes;
	return OK;
}

struct err yaml_enum(const struct yaml_file *file, const struct yaml_node *node, const char *what,
		     const struct shape_enum *values, uint32_t *ret_number)
{
	TRY(need_scalar(file, node, what));
	uint32_t number = 0;
	if (node->text.size <= 60 && !failed(shape_enum_read(values, node->text, &number)) && number > 0) {
		*ret_number = number;
		return OK;
	}
	char known[256] = "";
	struct sink s = SINK_OF(known);
	for (uint32_t i = 1; i < values->count; i++)
		if (values->words[i])
			sink_printf(&s, "%s%s", s.size ? ", " : "", values->words[i]);
	return yaml_refuse(file, node, "%s: \"%.*s\" is none of %.*s", what,
			   (int)(node->text.size > 60 ? 60 : node->text.size), (const char *)node->text.at,
			   SPAN_ARGS(sink_span(&s)));
}

struct err yaml_time(const struct yaml_file *file, const struct yaml_node *node, const char *what,
		     uint64_t *ret_wall_us)
{
	TRY(need_scalar(file, node, what));
	char full[CLOCK_TEXT_SIZE];
	struct sink s = SINK_OF(full);
	if (node->text.size == 10) {
		sink_put(&s, node->text);
		sink_text(&s, "T00:00:00.000000Z");
	} else if (node->text.size == 20 && node->text.at[19] == 'Z') {
		sink_put(&s, (struct span){node->text.at, 19});
		sink_text(&s, ".000000Z");
	}
	if (s.size != CLOCK_TEXT_SIZE || failed(clock_read(sink_span(&s), ret_wall_us)))
		return yaml_refuse(file, node, "%s: must be a day, 2026-11-22, or a time in UTC, 2026-11-22T22:48:57Z",
				   what);
	return OK;
}

/* ---- a mapping into a struct ---- */

static const struct shape_field *field_named(const struct shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->field_count; i++)
		if (strcmp(shape->fields[i].name, name) == 0)
			return &shape->fields[i];
	return NULL;
}

static struct err fill_field(const struct yaml_file *file, const struct yaml_node *node, const struct yaml_rule *rule,
			     const struct shape_field *field, void *value)
{
	REQUIRE(field); /* a rule names a field of the shape */
	void *at = (uint8_t *)value + field->offset;
	uint64_t number = 0;
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		return yaml_bool(file, node, rule->key, at);
	case SHAPE_KIND_U32:
		TRY(yaml_decimal(file, node, rule->key, rule->decimals, UINT32_MAX, &number));
		*(uint32_t *)at = (uint32_t)number;
		return OK;
	case SHAPE_KIND_U64:
		return yaml_decimal(file, node, rule->key, rule->decimals, SHAPE_NUMBER_MAX, at);
	case SHAPE_KIND_TIME:
		return yaml_time(file, node, rule->key, at);
	case SHAPE_KIND_ENUM:
		return yaml_enum(file, node, rule->key, field->values, at);
	case SHAPE_KIND_TEXT:
	case SHAPE_KIND_PROSE:
		return yaml_text(file, node, rule->key, field->max, field->kind == SHAPE_KIND_PROSE, at);
	default:
		break;
	}
	const bool a_scalar_fills_this_field = false;
	REQUIRE(a_scalar_fills_this_field);
	return OK;
}

/* Is `key`, within the mapping called `outer` ("" at the top), one that a rule knows? */
static bool key_is_known(struct span key, struct span outer, const struct yaml_rule *rules, size_t rule_count)
{
	for (size_t i = 0; i < rule_count; i++) {
		struct span rest = span_of_string(rules[i].key);
		if (outer.size > 0) {
			if (rest.size <= outer.size || memcmp(rest.at, outer.at, outer.size) != 0 ||
			    rest.at[outer.size] != '.')
				continue;
			rest = (struct span){rest.at + outer.size + 1, rest.size - outer.size - 1};
		}
		const uint8_t *dot = memchr(rest.at, '.', rest.size);
		if (span_equal(key, (struct span){rest.at, dot ? (size_t)(dot - rest.at) : rest.size}))
			return true;
	}
	return false;
}

static struct err check_keys(const struct yaml_file *file, const struct yaml_node *map, struct span outer,
			     const struct yaml_rule *rules, size_t rule_count)
{
	for (const struct yaml_node *member = map->first; member; member = member->next)
		if (!key_is_known(member->key, outer, rules, rule_count))
			return yaml_refuse_at(file, member->key_line, member->key_column, "unknown key \"%.*s\"",
					      (int)(member->key.size > 60 ? 60 : member->key.size),
					      (const char *)member->key.at);
	return OK;
}

/* The mapping that a rule's member is in: `map` itself, or an inner one; NULL when that does not stand there. */
static struct err home_of(const struct yaml_file *file, const struct yaml_node *map, const struct yaml_rule *rules,
			  size_t rule_count, const char *key, const struct yaml_node **ret_home)
{
	const char *dot = strchr(key, '.');
	*ret_home = map;
	if (!dot)
		return OK;
	struct span outer = {(const uint8_t *)key, (size_t)(dot - key)};
	const struct yaml_node *inner = member_named(map, outer);
	*ret_home = inner;
	if (!inner)
		return OK;
	char what[60];
	snprintf(what, sizeof what, "%.*s", SPAN_ARGS(outer));
	TRY(yaml_need_map(file, inner, what));
	return check_keys(file, inner, outer, rules, rule_count);
}

struct err yaml_fill(const struct yaml_file *file, const struct yaml_node *map, const struct shape *shape,
		     const struct yaml_rule *rules, size_t rule_count, void *value)
{
	TRY(yaml_need_map(file, map, shape->name));
	TRY(check_keys(file, map, (struct span){0}, rules, rule_count));
	for (size_t i = 0; i < rule_count; i++) {
		const struct yaml_rule *rule = &rules[i];
		const struct yaml_node *home;
		TRY(home_of(file, map, rules, rule_count, rule->key, &home));
		const char *dot = strchr(rule->key, '.');
		const struct yaml_node *member = home ? yaml_member(home, dot ? dot + 1 : rule->key) : NULL;
		if (!member && rule->required && home)
			return yaml_refuse(file, home, "\"%s\" is missing", rule->key);
		if (member && rule->field)
			TRY(fill_field(file, member, rule, field_named(shape, rule->field), value));
	}
	return OK;
}
