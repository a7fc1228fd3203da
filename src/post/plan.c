#include "post/plan.h"

#include <libxml/parser.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "post/check.h"

#define SVG_NAMESPACE "http://www.w3.org/2000/svg"

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

static bool take_byte(struct cursor *c, uint8_t byte)
{
	if (c->at == c->end || *c->at != byte)
		return false;
	c->at++;
	return true;
}

/* ---- the reader ---- */

struct frame {
	struct post_affine affine;
	enum post_figure_class class;
};

struct attribute {
	struct span name;
	struct span value;
};

enum { ATTRIBUTES_MAX = 24, TEXT_ROOM = 400 };

struct plan {
	const char *name;
	struct arena *arena;
	xmlParserCtxt *parser;
	struct err err;
	uint32_t width, height;
	struct frame frames[POST_PLAN_DEPTH_MAX + 2];
	size_t depth; /* open elements that hold others; 0: outside the svg element */
	bool seen_svg;
	bool in_leaf; /* within a figure's element */
	bool in_text;
	uint8_t text[TEXT_ROOM];
	struct sink text_sink;
	struct post_figure *figures;
	size_t count;
	struct attribute attributes[ATTRIBUTES_MAX]; /* of the element being read */
	size_t attribute_count;
};

/* The first refusal counts. The parser is not stopped at once, for that would free the attributes in our hands: every
 * callback comes back at once from then on, and a drawing is short.
 */
static void refuse(struct plan *plan, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);
static void refuse(struct plan *plan, enum err_code code, const char *format, ...)
{
	char why[300];
	va_list args;
	if (failed(plan->err))
		return;
	va_start(args, format);
	(void)vsnprintf(why, sizeof why, format, args);
	va_end(args);
	plan->err = FAIL(code, "%s:%d: %s", plan->name, plan->parser->input ? plan->parser->input->line : 1, why);
}

/* ---- attributes ---- */

static struct span attribute(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->attribute_count; i++)
		if (span_is(plan->attributes[i].name, name))
			return plan->attributes[i].value;
	return (struct span){0};
}

/* A number that may carry "px"; `otherwise` when it does not stand there. */
static double number_attribute(struct plan *plan, const char *name, double otherwise)
{
	struct span text = attribute(plan, name);
	double number = otherwise;
	if (text.size == 0)
		return otherwise;
	struct cursor c = cursor_of(text);
	bool good = post_svg_number(&c, &number);
	if (good && c.end - c.at >= 2 && c.at[0] == 'p' && c.at[1] == 'x')
		c.at += 2;
	skip_space(&c);
	if (!good || c.at != c.end) {
		refuse(plan, ERR_INVALID, "%s=\"%.*s\" is not a number", name, (int)(text.size > 40 ? 40 : text.size),
		       (const char *)text.at);
		return 0;
	}
	return number;
}

static bool word_in(struct span word, const char *const *words)
{
	for (; *words; words++)
		if (span_is(word, *words))
			return true;
	return false;
}

static void read_class(struct plan *plan, struct frame *frame)
{
	struct span word = attribute(plan, "class");
	uint32_t number = 0;
	if (word.size == 0)
		return;
	for (uint32_t i = 1; i < post_figure_class_words.count; i++)
		if (span_is(word, post_figure_class_words.words[i]))
			number = i;
	if (number == 0)
		refuse(plan, ERR_INVALID, "class=\"%.*s\" is none of wall, room, furniture, outside, label",
		       (int)(word.size > 40 ? 40 : word.size), (const char *)word.at);
	else
		frame->class = (enum post_figure_class)number;
}

static bool take_word(struct cursor *c, const char *word)
{
	size_t size = strlen(word);
	if ((size_t)(c->end - c->at) < size || memcmp(c->at, word, size) != 0)
		return false;
	c->at += size;
	return true;
}

/* translate(x y) scale(s) ...: each in the coordinates of those before it. */
static void read_transform(struct plan *plan, struct post_affine *affine)
{
	struct span text = attribute(plan, "transform");
	struct cursor c = cursor_of(text);
	skip_space(&c);
	while (c.at < c.end) {
		bool scale = take_word(&c, "scale");
		bool known = scale || take_word(&c, "translate");
		double x = 0, y = 0;
		skip_space(&c);
		known = known && take_byte(&c, '(') && post_svg_number(&c, &x);
		struct cursor ahead = c;
		bool two = known && post_svg_number(&ahead, &y);
		if (two)
			c = ahead;
		skip_space(&c);
		if (!known || !take_byte(&c, ')')) {
			refuse(plan, ERR_INVALID, "a transform is translate(x y) or scale(s), nothing else");
			return;
		}
		if (scale) {
			affine->scale_x *= x;
			affine->scale_y *= two ? y : x;
		} else {
			affine->shift_x += affine->scale_x * x;
			affine->shift_y += affine->scale_y * y;
		}
		skip_space(&c);
		if (take_byte(&c, ','))
			skip_space(&c);
	}
	if (affine->scale_x == 0 || affine->scale_y == 0 || !isfinite(affine->scale_x * affine->scale_y) ||
	    !isfinite(affine->shift_x + affine->shift_y))
		refuse(plan, ERR_INVALID, "a transform leaves nothing to draw");
}

/* ---- figures ---- */

static const struct post_affine *affine_of(const struct plan *plan)
{
	return &plan->frames[plan->depth].affine;
}

/* A point of the drawing, transformed, in hundredths. */
static void place(struct plan *plan, double x, double y, uint32_t *ret_x, uint32_t *ret_y)
{
	const struct post_affine *affine = affine_of(plan);
	if (!post_svg_hundredths(x * affine->scale_x + affine->shift_x, plan->width, ret_x) ||
	    !post_svg_hundredths(y * affine->scale_y + affine->shift_y, plan->height, ret_y))
		refuse(plan, ERR_INVALID, "lies outside the viewBox");
}

static void length(struct plan *plan, double value, double scale, uint32_t *ret_length)
{
	if (value < 0 || !post_svg_hundredths(value * fabs(scale), POST_SIZE_MAX, ret_length))
		refuse(plan, ERR_INVALID, "a length is negative or too large");
}

static void read_rect(struct plan *plan, struct post_figure *f)
{
	double x = number_attribute(plan, "x", 0), y = number_attribute(plan, "y", 0);
	double width = number_attribute(plan, "width", 0), height = number_attribute(plan, "height", 0);
	double rx = number_attribute(plan, "rx", -1), ry = number_attribute(plan, "ry", -1);
	uint32_t x2 = 0, y2 = 0;
	if (width < 0 || height < 0)
		refuse(plan, ERR_INVALID, "a length is negative or too large");
	place(plan, x, y, &f->x, &f->y);
	place(plan, x + width, y + height, &x2, &y2);
	f->width = x2 > f->x ? x2 - f->x : f->x - x2; /* a negative scale mirrors it */
	f->height = y2 > f->y ? y2 - f->y : f->y - y2;
	f->x = x2 < f->x ? x2 : f->x;
	f->y = y2 < f->y ? y2 : f->y;
	rx = rx < 0 && ry < 0 ? 0 : rx < 0 ? ry : rx;
	ry = ry < 0 ? rx : ry;
	length(plan, rx, affine_of(plan)->scale_x, &f->rx);
	length(plan, ry, affine_of(plan)->scale_y, &f->ry);
}

static void read_line(struct plan *plan, struct post_figure *f)
{
	place(plan, number_attribute(plan, "x1", 0), number_attribute(plan, "y1", 0), &f->x, &f->y);
	place(plan, number_attribute(plan, "x2", 0), number_attribute(plan, "y2", 0), &f->x2, &f->y2);
}

static void read_round(struct plan *plan, struct post_figure *f)
{
	const struct post_affine *affine = affine_of(plan);
	bool circle = f->kind == POST_FIGURE_CIRCLE;
	double rx = number_attribute(plan, circle ? "r" : "rx", 0), ry = circle ? rx : number_attribute(plan, "ry", 0);
	place(plan, number_attribute(plan, "cx", 0), number_attribute(plan, "cy", 0), &f->x, &f->y);
	length(plan, rx, affine->scale_x, &f->rx);
	length(plan, ry, affine->scale_y, &f->ry);
	if (!circle)
		return;
	if (f->rx != f->ry) {
		f->kind = POST_FIGURE_ELLIPSE;
		return;
	}
	f->r = f->rx;
	f->rx = f->ry = 0;
}

enum { FIGURE_TEXT_MAX = 8000 }; /* of points and d, as entries.def says */

static void keep_text(struct plan *plan, const struct sink *s, struct span *ret_text)
{
	if (!arena_has_room(plan->arena, s->size + 1))
		refuse(plan, ERR_TOO_LARGE, "the drawing is too large");
	else
		*ret_text = arena_copy(plan->arena, sink_span(s));
}

static void read_points(struct plan *plan, struct post_figure *f)
{
	uint8_t room[FIGURE_TEXT_MAX];
	struct sink s = SINK_OF(room);
	struct cursor c = cursor_of(attribute(plan, "points"));
	double x, y;
	skip_space(&c);
	while (c.at < c.end && !failed(plan->err)) {
		uint32_t px = 0, py = 0;
		if (!post_svg_number(&c, &x) || !post_svg_number(&c, &y)) {
			refuse(plan, ERR_INVALID, "points are pairs of numbers");
			return;
		}
		place(plan, x, y, &px, &py);
		sink_printf(&s, "%s%u,%u", s.size ? " " : "", px, py);
		skip_space(&c);
	}
	if (s.failed)
		refuse(plan, ERR_TOO_LARGE, "has more points than fit");
	else
		keep_text(plan, &s, &f->points);
}

static void read_path(struct plan *plan, struct post_figure *f)
{
	uint8_t room[FIGURE_TEXT_MAX];
	struct sink s = SINK_OF(room);
	const char *wrong = post_svg_path(attribute(plan, "d"), affine_of(plan), plan->width, plan->height, &s);
	if (wrong)
		refuse(plan, ERR_INVALID, "%s", wrong);
	else
		keep_text(plan, &s, &f->d);
}

static void read_text(struct plan *plan, struct post_figure *f)
{
	place(plan, number_attribute(plan, "x", 0), number_attribute(plan, "y", 0), &f->x, &f->y);
	plan->in_text = true;
	plan->text_sink = SINK_OF(plan->text);
}

static void check_figure(struct plan *plan, const struct post_figure *f)
{
	const char *wrong = failed(plan->err) ? NULL : post_figure_wrong(f, plan->width, plan->height);
	if (wrong)
		refuse(plan, ERR_INVALID, "%s", wrong);
}

/* ---- elements ---- */

static const char *const common_attributes[] = {"class", "transform", "id", NULL};

static const struct element {
	const char *name;
	const char *const *attributes;
	enum post_figure_kind kind;
	void (*read)(struct plan *plan, struct post_figure *f);
} elements[] = {
	{"svg", (const char *const[]){"viewBox", "width", "height", "version", "id", NULL}, POST_FIGURE_NONE, NULL},
	{"g", (const char *const[]){NULL}, POST_FIGURE_NONE, NULL},
	{"rect", (const char *const[]){"x", "y", "width", "height", "rx", "ry", NULL}, POST_FIGURE_RECT, read_rect},
	{"line", (const char *const[]){"x1", "y1", "x2", "y2", NULL}, POST_FIGURE_LINE, read_line},
	{"polyline", (const char *const[]){"points", NULL}, POST_FIGURE_POLYLINE, read_points},
	{"polygon", (const char *const[]){"points", NULL}, POST_FIGURE_POLYGON, read_points},
	{"path", (const char *const[]){"d", NULL}, POST_FIGURE_PATH, read_path},
	{"circle", (const char *const[]){"cx", "cy", "r", NULL}, POST_FIGURE_CIRCLE, read_round},
	{"ellipse", (const char *const[]){"cx", "cy", "rx", "ry", NULL}, POST_FIGURE_ELLIPSE, read_round},
	{"text", (const char *const[]){"x", "y", NULL}, POST_FIGURE_TEXT, read_text},
};

static const struct element *element_named(const xmlChar *name)
{
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
		if (strcmp((const char *)name, elements[i].name) == 0)
			return &elements[i];
	return NULL;
}

/* Five pointers each: name, prefix, namespace, the value's start and end. */
static void take_attributes(struct plan *plan, const struct element *element, int count, const xmlChar **five)
{
	bool is_svg = element == &elements[0];
	plan->attribute_count = 0;
	for (int i = 0; i < count; i++, five += 5) {
		struct span name = span_of_string((const char *)five[0]);
		bool known = !five[1] &&
			     (word_in(name, element->attributes) || (!is_svg && word_in(name, common_attributes)));
		if (!known || plan->attribute_count == ATTRIBUTES_MAX) {
			refuse(plan, ERR_INVALID, "<%s> has an attribute that is not taken: %s%s%.60s", element->name,
			       five[1] ? (const char *)five[1] : "", five[1] ? ":" : "", (const char *)five[0]);
			return;
		}
		plan->attributes[plan->attribute_count++] =
			(struct attribute){name, {five[3], (size_t)(five[4] - five[3])}};
	}
}

static void start_svg(struct plan *plan)
{
	struct cursor c = cursor_of(attribute(plan, "viewBox"));
	double x = -1, y = -1, width = 0, height = 0;
	bool good = post_svg_number(&c, &x) && post_svg_number(&c, &y) && post_svg_number(&c, &width) &&
		    post_svg_number(&c, &height);
	skip_space(&c);
	if (plan->seen_svg || !good || c.at != c.end || x != 0 || y != 0 ||
	    !post_svg_hundredths(width, POST_SIZE_MAX, &plan->width) ||
	    !post_svg_hundredths(height, POST_SIZE_MAX, &plan->height) || plan->width == 0 || plan->height == 0)
		refuse(plan, ERR_INVALID,
		       plan->seen_svg ? "an svg within an svg is not taken"
				      : "the viewBox must be \"0 0 WIDTH HEIGHT\"");
	plan->seen_svg = true;
	plan->frames[1] = (struct frame){.affine = {1, 1, 0, 0}};
	plan->depth = 1;
}

static void start_figure(struct plan *plan, const struct element *element)
{
	if (plan->count == POST_FIGURES_MAX) {
		refuse(plan, ERR_TOO_LARGE, "more than %d figures", POST_FIGURES_MAX);
		return;
	}
	struct post_figure *figure = &plan->figures[plan->count];
	*figure = (struct post_figure){.kind = element->kind, .class = plan->frames[plan->depth].class};
	element->read(plan, figure);
	if (element->kind != POST_FIGURE_TEXT)
		check_figure(plan, figure);
	plan->count++;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespace_count,
		     const xmlChar **namespaces, int attribute_count, int defaulted, const xmlChar **attributes)
{
	struct plan *plan = context;
	const struct element *element = element_named(name);
	(void)namespace_count, (void)namespaces, (void)defaulted;
	if (failed(plan->err))
		return;
	if (!element || prefix || !uri || strcmp((const char *)uri, SVG_NAMESPACE) != 0) {
		refuse(plan, ERR_INVALID, "<%s%s%.60s> is not taken%s", prefix ? (const char *)prefix : "",
		       prefix ? ":" : "", (const char *)name, element && !uri ? ": it is not in SVG's namespace" : "");
		return;
	}
	if (plan->in_leaf || (plan->depth == 0) != (element == &elements[0])) {
		refuse(plan, ERR_INVALID, "<%s> does not belong here", element->name);
		return;
	}
	take_attributes(plan, element, attribute_count, attributes);
	if (element == &elements[0]) {
		if (!failed(plan->err))
			start_svg(plan);
		return;
	}
	if (plan->depth == POST_PLAN_DEPTH_MAX + 1) {
		refuse(plan, ERR_TOO_LARGE, "more than %d levels deep", POST_PLAN_DEPTH_MAX);
		return;
	}
	plan->frames[plan->depth + 1] = plan->frames[plan->depth];
	plan->depth++;
	read_class(plan, &plan->frames[plan->depth]);
	read_transform(plan, &plan->frames[plan->depth].affine);
	if (element->kind != POST_FIGURE_NONE && !failed(plan->err)) {
		plan->in_leaf = true;
		start_figure(plan, element);
	}
}

/* A label's words with single spaces between them. */
static void end_text(struct plan *plan)
{
	struct post_figure *figure = &plan->figures[plan->count - 1];
	uint8_t words[TEXT_ROOM];
	struct sink s = SINK_OF(words);
	for (size_t i = 0; i < plan->text_sink.size; i++) {
		uint8_t a = plan->text[i];
		bool space = a == ' ' || a == '\n' || a == '\t' || a == '\r';
		if (!space)
			sink_u8(&s, a);
		else if (s.size > 0 && words[s.size - 1] != ' ')
			sink_u8(&s, ' ');
	}
	while (s.size > 0 && words[s.size - 1] == ' ')
		s.size--;
	if (plan->text_sink.failed || s.size > 200)
		refuse(plan, ERR_TOO_LARGE, "a label is longer than 200 bytes");
	else if (s.size == 0 || !span_is_text(sink_span(&s), false))
		refuse(plan, ERR_INVALID, "a label is empty, or holds a character that is no text");
	else
		keep_text(plan, &s, &figure->text);
	plan->in_text = false;
	check_figure(plan, figure);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct plan *plan = context;
	(void)name, (void)prefix, (void)uri;
	if (failed(plan->err))
		return;
	if (plan->in_text)
		end_text(plan);
	plan->in_leaf = false;
	plan->depth--;
}

static void on_characters(void *context, const xmlChar *at, int size)
{
	struct plan *plan = context;
	struct span text = {at, (size_t)size};
	if (failed(plan->err))
		return;
	if (plan->in_text) {
		sink_put(&plan->text_sink, text);
		return;
	}
	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] != ' ' && text.at[i] != '\n' && text.at[i] != '\t' && text.at[i] != '\r') {
			refuse(plan, ERR_INVALID, "words stand outside a <text>");
			return;
		}
	}
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	struct plan *plan = context;
	(void)name, (void)external, (void)system;
	refuse(plan, ERR_INVALID, "a document type is not taken");
	xmlStopParser(plan->parser); /* its entities are not even read */
}

static void on_instruction(void *context, const xmlChar *target, const xmlChar *data)
{
	(void)target, (void)data;
	refuse(context, ERR_INVALID, "a processing instruction is not taken");
}

static void on_cdata(void *context, const xmlChar *at, int size)
{
	(void)at, (void)size;
	refuse(context, ERR_INVALID, "a CDATA section is not taken");
}

static void on_reference(void *context, const xmlChar *name)
{
	(void)name;
	refuse(context, ERR_INVALID, "an entity is not taken");
}

static xmlEntity *no_entity(void *context, const xmlChar *name)
{
	(void)name;
	refuse(context, ERR_INVALID, "an entity is not taken");
	return NULL;
}

static void on_error(void *context, xmlError *error)
{
	struct plan *plan = context;
	char why[200];
	size_t size = 0;
	for (const char *at = error->message ? error->message : ""; *at && *at != '\n' && size + 1 < sizeof why; at++)
		why[size++] = (uint8_t)*at >= 0x20 ? *at : ' ';
	why[size] = 0;
	if (error->level > XML_ERR_WARNING)
		refuse(plan, ERR_INVALID, "%s", why);
}

/* ---- the drawing ---- */

static struct err check_bytes(const char *name, struct span text)
{
	if (text.size > POST_PLAN_SIZE_MAX)
		return FAIL(ERR_TOO_LARGE, "%s:1: the drawing has %zu bytes, at most %d", name, text.size,
			    POST_PLAN_SIZE_MAX);
	uint32_t line = 1;
	for (size_t at = 0, start = 0; at <= text.size; at++) {
		if (at < text.size && text.at[at] != '\n' && text.at[at] != '\r')
			continue;
		struct span piece = {text.at + start, at - start};
		if (!span_is_text(piece, true))
			return FAIL(ERR_INVALID, "%s:%u: not text in UTF-8", name, line);
		if (piece.size > 9 && memmem(piece.at, piece.size, "<!DOCTYPE", 9))
			return FAIL(ERR_INVALID, "%s:%u: a document type is not taken", name, line);
		line += at < text.size && text.at[at] == '\n';
		start = at + 1;
	}
	return OK;
}

static struct err parse(struct plan *plan, struct span text)
{
	xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_characters,
		.ignorableWhitespace = on_characters,
		.internalSubset = on_doctype,
		.externalSubset = on_doctype,
		.processingInstruction = on_instruction,
		.cdataBlock = on_cdata,
		.reference = on_reference,
		.getEntity = no_entity,
		.serror = (xmlStructuredErrorFunc)on_error,
	};
	plan->parser = xmlCreatePushParserCtxt(&handler, plan, NULL, 0, NULL);
	ENSURE(plan->parser);
	(void)xmlCtxtUseOptions(plan->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	(void)xmlParseChunk(plan->parser, (const char *)text.at, (int)text.size, 1);
	if (!plan->parser->wellFormed)
		refuse(plan, ERR_INVALID, "not well-formed XML");
	if (!plan->seen_svg)
		refuse(plan, ERR_INVALID, "no svg element");
	xmlFreeParserCtxt(plan->parser);
	return plan->err;
}

struct err post_plan_read(const char *name, struct span text, struct arena *arena, uint32_t *ret_width,
			  uint32_t *ret_height, struct shape_list *ret_figures)
{
	TRY(check_bytes(name, text));
	struct plan plan = {.name = name, .arena = arena};
	plan.figures = calloc(POST_FIGURES_MAX, sizeof *plan.figures);
	ENSURE(plan.figures);
	struct err e = parse(&plan, text);
	struct span bytes = {(const uint8_t *)plan.figures, plan.count * sizeof *plan.figures};
	if (!failed(e) && !arena_has_room(arena, bytes.size))
		e = FAIL(ERR_TOO_LARGE, "%s:1: the drawings are too large together", name);
	if (!failed(e)) {
		*ret_figures = (struct shape_list){arena_copy(arena, bytes).at, plan.count};
		*ret_width = plan.width;
		*ret_height = plan.height;
	}
	free(plan.figures);
	return e;
}
