/* Does a drawing become figures, and nothing but figures? */
#include "lib/random.h"
#include "lib/tap.h"
#include "post/check.h"
#include "post/plan.h"

#define HEAD "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 50\">\n"
#define TAIL "</svg>\n"

static struct arena *arena;
static uint32_t width, height;
static struct shape_list figures;

static struct err read_bytes(struct span text)
{
	arena_reset(arena);
	return post_plan_read("p.svg", text, arena, &width, &height, &figures);
}

static const struct post_figure *only(const char *inner)
{
	char text[4000];
	(void)snprintf(text, sizeof text, HEAD "%s" TAIL, inner);
	struct err e = read_bytes(span_of_string(text));
	NEED(!failed(e) && figures.count == 1, "one figure: %s (%s)", inner, failed(e) ? err_why() : "");
	return figures.at;
}

static void same_text(struct span got, const char *expected, const char *what)
{
	if (!CHECK(span_is(got, expected), "%s", what))
		printf("# got: %.*s\n", SPAN_ARGS(got));
}

static void each_kind(void)
{
	const struct post_figure *f = only("<rect x='1' y='2.5' width='30' height='10' rx='2' class='room'/>");
	CHECK(width == 10000 && height == 5000, "the viewBox is the size, in hundredths");
	CHECK(f->kind == POST_FIGURE_RECT && f->x == 100 && f->y == 250 && f->width == 3000 && f->height == 1000 &&
		      f->rx == 200 && f->ry == 200 && f->class == POST_CLASS_ROOM,
	      "a rect");
	f = only("<line x1='1' y1='2' x2='3' y2='4'/>");
	CHECK(f->kind == POST_FIGURE_LINE && f->x == 100 && f->y == 200 && f->x2 == 300 && f->y2 == 400, "a line");
	f = only("<polyline points='0,0 10,5 20 5'/>");
	CHECK(f->kind == POST_FIGURE_POLYLINE, "a polyline");
	same_text(f->points, "0,0 1000,500 2000,500", "its points are made plain");
	f = only("<polygon points='0 0, 10 0, 10 10'/>");
	CHECK(f->kind == POST_FIGURE_POLYGON, "a polygon");
	f = only("<circle cx='10' cy='10' r='3'/>");
	CHECK(f->kind == POST_FIGURE_CIRCLE && f->x == 1000 && f->r == 300 && f->rx == 0, "a circle");
	f = only("<ellipse cx='10' cy='10' rx='3' ry='2px'/>");
	CHECK(f->kind == POST_FIGURE_ELLIPSE && f->rx == 300 && f->ry == 200, "an ellipse");
	f = only("<text x='5' y='6' class='label'>\n  Visa &amp;  hall\n  <!-- a remark "
		 "-->\xD9\x82\xD8\xA7\xD8\xB9\xD8\xA9 </text>");
	CHECK(f->kind == POST_FIGURE_TEXT && f->x == 500 && f->class == POST_CLASS_LABEL, "a label");
	same_text(f->text, "Visa & hall \xD9\x82\xD8\xA7\xD8\xB9\xD8\xA9", "its words, with single spaces");
	f = only("<text x='5' y='6'>&lt;script&gt;</text>");
	same_text(f->text, "<script>", "what looks like markup in a label is plain text");
}

static void paths(void)
{
	same_text(only("<path d='M10,10 20,10 l5 5 h-5 V20 z'/>")->d,
		  "M1000,1000L2000,1000L2500,1500L2000,1500L2000,2000Z", "lines become absolute");
	same_text(only("<path d='M10 10C10 20 20 20 20 10S30 0 30 10'/>")->d,
		  "M1000,1000C1000,2000 2000,2000 2000,1000C2000,0 3000,0 3000,1000",
		  "smooth curves get their control point");
	same_text(only("<path d='M10 20q5-10 10 0t10 0'/>")->d, "M1000,2000Q1500,1000 2000,2000Q2500,3000 3000,2000",
		  "so do quadratic ones");
	same_text(only("<path d='M10 10a5 5 0 0110 0'/>")->d, "M1000,1000A500,500 0 0,1 2000,1000",
		  "flags may stand close");
	same_text(only("<path d='M10 10A0 5 0 0 1 20 10'/>")->d, "M1000,1000L2000,1000",
		  "an arc without a radius is a line");
	same_text(only("<path d='m1e1,.5e1-5 0'/>")->d, "M1000,500L500,500", "numbers as SVG writes them");
	same_text(only("<path transform='scale(-1 1) translate(-50)' d='M10 10A5 8 0 0 1 20 10'/>")->d,
		  "M4000,1000A500,800 0 0,0 3000,1000", "a mirrored arc turns the other way");
	same_text(only("<path transform='scale(1,2)' d='M10 10A5 5 0 0 1 20 10'/>")->d,
		  "M1000,2000A500,1000 0 0,1 2000,2000", "a stretched one is an ellipse's");
}

static void transforms(void)
{
	const struct post_figure *f = only("<g transform='translate(10 20)'><g transform='scale(2) translate(1,1)'>"
					   "<rect x='1' y='1' width='3' height='4'/></g></g>");
	CHECK(f->x == 1400 && f->y == 2400 && f->width == 600 && f->height == 800,
	      "transforms are worked in, outer first");
	f = only("<rect transform='translate(50,50) scale(-1)' x='1' y='1' width='3' height='4'/>");
	CHECK(f->x == 4600 && f->y == 4500 && f->width == 300 && f->height == 400,
	      "a mirrored rect has its corner moved");
	f = only("<circle transform='scale(2 1)' cx='10' cy='10' r='3'/>");
	CHECK(f->kind == POST_FIGURE_ELLIPSE && f->rx == 600 && f->ry == 300 && f->r == 0,
	      "a stretched circle is an ellipse");
	f = only("<g class='wall'><g><line x1='1' y1='1' x2='2' y2='2'/></g></g>");
	CHECK(f->class == POST_CLASS_WALL, "a group's class counts for what is in it");
	f = only("<g class='wall'><line class='outside' x1='1' y1='1' x2='2' y2='2'/></g>");
	CHECK(f->class == POST_CLASS_OUTSIDE, "unless it has its own");
}

struct attack {
	const char *text;
	const char *why;
};

/* Each with its exact line. */
static const struct attack attacks[] = {
	{HEAD "<script>alert(1)</script>" TAIL, "p.svg:2: <script> is not taken"},
	{HEAD "<rect x='1' y='1' width='2' height='2' onload='x()'/>" TAIL,
	 "p.svg:2: <rect> has an attribute that is not taken: onload"},
	{HEAD "\n<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>" TAIL,
	 "p.svg:3: <foreignObject> is not taken"},
	{HEAD "<a href='javascript:x'><rect width='1' height='1'/></a>" TAIL, "p.svg:2: <a> is not taken"},
	{HEAD "<image href='http://example.invalid/x.png'/>" TAIL, "p.svg:2: <image> is not taken"},
	{HEAD "<use href='#x'/>" TAIL, "p.svg:2: <use> is not taken"},
	{HEAD "<rect width='2' height='2' style='fill:url(http://example.invalid/)'/>" TAIL,
	 "p.svg:2: <rect> has an attribute that is not taken: style"},
	{HEAD "<rect width='2' height='2' fill='url(#x)'/>" TAIL,
	 "p.svg:2: <rect> has an attribute that is not taken: fill"},
	{HEAD "<style>*{}</style>" TAIL, "p.svg:2: <style> is not taken"},
	{HEAD "<animate attributeName='x'/>" TAIL, "p.svg:2: <animate> is not taken"},
	{HEAD "<g xmlns:xlink='http://www.w3.org/1999/xlink' xlink:href='x'/>" TAIL,
	 "p.svg:2: <g> has an attribute that is not taken: xlink:href"},
	{HEAD "<h:rect xmlns:h='http://www.w3.org/1999/xhtml'/>" TAIL, "p.svg:2: <h:rect> is not taken"},
	{HEAD "<rect xmlns='http://www.w3.org/1999/xhtml' width='1' height='1'/>" TAIL, "p.svg:2: <rect> is not taken"},
	{"<svg viewBox='0 0 1 1'/>", "p.svg:1: <svg> is not taken: it is not in SVG's namespace"},
	{"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'>\n" HEAD
		 TAIL,
	 "p.svg:1: a document type is not taken"},
	{"<?xml version='1.0'?>\n<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c "
	 "'&b;&b;&b;&b;'>]>\n" HEAD "<text x='1' y='1'>&c;</text>" TAIL,
	 "p.svg:2: a document type is not taken"},
	{"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>\n" HEAD TAIL, "p.svg:1: a document type is not taken"},
	{HEAD "<text x='1' y='1'>&unknown;</text>" TAIL, "p.svg:2: an entity is not taken"},
	{HEAD "<rect x='&unknown;' width='1' height='1'/>" TAIL, "p.svg:2: an entity is not taken"},
	{"<?xml-stylesheet href='http://example.invalid/x.css'?>" HEAD TAIL,
	 "p.svg:1: a processing instruction is not taken"},
	{HEAD "<text x='1' y='1'><![CDATA[<script>]]></text>" TAIL, "p.svg:2: a CDATA section is not taken"},
	{HEAD "<text x='1' y='1'>a<tspan>b</tspan></text>" TAIL, "p.svg:2: <tspan> is not taken"},
	{HEAD "<text x='1' y='1'>a<rect width='1' height='1'/></text>" TAIL, "p.svg:2: <rect> does not belong here"},
	{HEAD "words" TAIL, "p.svg:2: words stand outside a <text>"},
	{HEAD "<svg viewBox='0 0 1 1'/>" TAIL, "p.svg:2: <svg> does not belong here"},
	{"<g xmlns='http://www.w3.org/2000/svg'/>", "p.svg:1: <g> does not belong here"},
	{HEAD "<rect class='alarm' width='1' height='1'/>" TAIL,
	 "p.svg:2: class=\"alarm\" is none of wall, room, furniture, outside, label"},
	{HEAD "<rect class='wall room' width='1' height='1'/>" TAIL,
	 "p.svg:2: class=\"wall room\" is none of wall, room, furniture, outside, label"},
	{HEAD "<rect transform='rotate(45)' width='1' height='1'/>" TAIL,
	 "p.svg:2: a transform is translate(x y) or scale(s), nothing else"},
	{HEAD "<rect transform='matrix(1 0 0 1 0 0)' width='1' height='1'/>" TAIL,
	 "p.svg:2: a transform is translate(x y) or scale(s), nothing else"},
	{HEAD "<rect transform='scale(0)' width='1' height='1'/>" TAIL, "p.svg:2: a transform leaves nothing to draw"},
	{HEAD "<rect x='99' width='2' height='1'/>" TAIL, "p.svg:2: lies outside the viewBox"},
	{HEAD "<rect x='-1' width='2' height='1'/>" TAIL, "p.svg:2: lies outside the viewBox"},
	{HEAD "<rect width='0' height='1'/>" TAIL, "p.svg:2: has no size"},
	{HEAD "<rect width='-2' height='1'/>" TAIL, "p.svg:2: a length is negative or too large"},
	{HEAD "<rect width='50%' height='1'/>" TAIL, "p.svg:2: width=\"50%\" is not a number"},
	{HEAD "<rect width='nan' height='1'/>" TAIL, "p.svg:2: width=\"nan\" is not a number"},
	{HEAD "<rect width='1e99' height='1'/>" TAIL, "p.svg:2: width=\"1e99\" is not a number"},
	{HEAD "<circle cx='1' cy='1' r='0'/>" TAIL, "p.svg:2: has no size"},
	{HEAD "<polygon points='1,1 2,2'/>" TAIL, "p.svg:2: has too few points, or one outside the plan"},
	{HEAD "<polyline points='1,1 2'/>" TAIL, "p.svg:2: points are pairs of numbers"},
	{HEAD "<polyline/>" TAIL, "p.svg:2: has a member that its kind does not have, or lacks one"},
	{HEAD "<path/>" TAIL, "p.svg:2: a path begins with M"},
	{HEAD "<path d='L1 1'/>" TAIL, "p.svg:2: a path begins with M"},
	{HEAD "<path d='M1 1 X2 2'/>" TAIL, "p.svg:2: a path has a command that does not exist"},
	{HEAD "<path d='M1 1 L2'/>" TAIL, "p.svg:2: a number is missing in a path"},
	{HEAD "<path d='M1 1Z5'/>" TAIL, "p.svg:2: a path has numbers after Z"},
	{HEAD "<path d='M1 1A1 1 0 2 0 3 3'/>" TAIL, "p.svg:2: a flag of an arc is 0 or 1"},
	{HEAD "<path d='M1 1L200 1'/>" TAIL, "p.svg:2: a path leaves the drawing"},
	{HEAD "<path d='M1 1C-5 1 2 2 3 3'/>" TAIL,
	 "p.svg:2: a control point of a path lies above or left of the drawing"},
	{HEAD "<path transform='scale(1 2)' d='M1 1A2 1 30 0 0 3 3'/>" TAIL,
	 "p.svg:2: a turned arc cannot be scaled to two sizes"},
	{HEAD "<text x='1' y='1'> </text>" TAIL, "p.svg:2: a label is empty, or holds a character that is no text"},
	{"<svg xmlns='http://www.w3.org/2000/svg' viewBox='10 0 5 5'/>",
	 "p.svg:1: the viewBox must be \"0 0 WIDTH HEIGHT\""},
	{"<svg xmlns='http://www.w3.org/2000/svg'/>", "p.svg:1: the viewBox must be \"0 0 WIDTH HEIGHT\""},
	{"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1e6 5'/>",
	 "p.svg:1: the viewBox must be \"0 0 WIDTH HEIGHT\""},
	{"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 5 5' onload='x'/>",
	 "p.svg:1: <svg> has an attribute that is not taken: onload"},
	{"", "p.svg:1: "},
	{"no xml", "p.svg:1: Document is empty"},
	{HEAD "<rect", "p.svg:"},
	{HEAD "<g>" TAIL, "p.svg:2: Opening and ending tag mismatch"},
	{HEAD "\xFF" TAIL, "p.svg:2: not text in UTF-8"},
	{HEAD "<rect width='1' height='1' x='1' x='1'/>" TAIL, "p.svg:2: Attribute x redefined"},
	{HEAD TAIL "<!-- after --><x/>", "p.svg:3: Extra content at the end of the document"},
};

static void refusals(void)
{
	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
		struct err e = read_bytes(span_of_string(attacks[i].text));
		bool good = e.code == ERR_INVALID && strncmp(err_why(), attacks[i].why, strlen(attacks[i].why)) == 0;
		if (!CHECK(good, "%s", attacks[i].why))
			printf("# got: %s\n", err_why());
	}
}

static void bounds(void)
{
	char *text = malloc(POST_PLAN_SIZE_MAX + 100);
	size_t size = (size_t)sprintf(text, HEAD);
	for (int i = 0; i < POST_FIGURES_MAX + 1; i++)
		size += (size_t)sprintf(text + size, "<rect width='1' height='1'/>\n");
	size += (size_t)sprintf(text + size, TAIL);
	CHECK_FAILS(read_bytes((struct span){(uint8_t *)text, size}), ERR_TOO_LARGE,
		    "p.svg:4002: more than 4000 figures", "too many figures are refused where they begin");
	size = (size_t)sprintf(text, HEAD);
	for (int i = 0; i < 20; i++)
		size += (size_t)sprintf(text + size, "<g>");
	CHECK_FAILS(read_bytes((struct span){(uint8_t *)text, size}), ERR_TOO_LARGE,
		    "p.svg:2: more than 16 levels deep", "so is depth");
	size = (size_t)sprintf(text, HEAD "<text x='1' y='1'>");
	for (int i = 0; i < 300; i++)
		size += (size_t)sprintf(text + size, "a");
	size += (size_t)sprintf(text + size, "</text>" TAIL);
	CHECK_FAILS(read_bytes((struct span){(uint8_t *)text, size}), ERR_TOO_LARGE,
		    "p.svg:2: a label is longer than 200 bytes", "and a long label");
	size = (size_t)sprintf(text, HEAD "<polyline points='");
	for (int i = 0; i < 2000; i++)
		size += (size_t)sprintf(text + size, "10,10 ");
	size += (size_t)sprintf(text + size, "'/>" TAIL);
	CHECK_FAILS(read_bytes((struct span){(uint8_t *)text, size}), ERR_TOO_LARGE,
		    "p.svg:2: has more points than fit", "and too many points");
	size = (size_t)sprintf(text, HEAD "<path d='M1 1");
	for (int i = 0; i < 2000; i++)
		size += (size_t)sprintf(text + size, "L10 10");
	size += (size_t)sprintf(text + size, "'/>" TAIL);
	CHECK_FAILS(read_bytes((struct span){(uint8_t *)text, size}), ERR_INVALID, "p.svg:2: a path is too long",
		    "and a path");
	memset(text, ' ', POST_PLAN_SIZE_MAX + 1);
	CHECK_FAILS(read_bytes((struct span){(uint8_t *)text, POST_PLAN_SIZE_MAX + 1}), ERR_TOO_LARGE,
		    "p.svg:1: the drawing has", "and a large file");
	free(text);
}

/* What the reader lets through is always a figure that core takes too. */
static void random_drawings(void)
{
	static const char *const pieces[] = {"<g>",
					     "</g>",
					     "<g class='wall'>",
					     "<g transform='translate(5 5)'>",
					     "<g transform='scale(.5)'>",
					     "<rect x='1' y='1' width='9' height='9'/>",
					     "<circle cx='20' cy='20' r='5'/>",
					     "<path d='M1 1",
					     "L20 20",
					     "c1 1 2 2 3 3",
					     "a2 2 0 0 1 3 3",
					     "S9 9 8 8",
					     "t3 3",
					     "h4",
					     "V9",
					     "z",
					     "'/>",
					     "<text x='3' y='3'>",
					     "</text>",
					     "word",
					     "<polyline points='1,1 5,5 9,1'/>",
					     "<polygon points='1,1 5,5 9,1",
					     "0",
					     " ",
					     "-",
					     "1.5",
					     "&amp;",
					     "<!-- x -->",
					     "<",
					     ">",
					     "'",
					     "\"",
					     "&#65;",
					     "\xC3\xA9"};
	size_t taken = 0;
	for (int round = 0; round < 20000; round++) {
		char text[1500];
		struct sink s = SINK_OF(text);
		sink_text(&s, HEAD);
		for (uint64_t i = random_below(8); i > 0; i--)
			sink_text(&s, pieces[random_below(4) ? 5 + random_below(2)
							     : random_below(sizeof pieces / sizeof *pieces)]);
		sink_text(&s, TAIL);
		struct err e = read_bytes(sink_span(&s));
		if (failed(e) && strncmp(err_why(), "p.svg:", 6) != 0) {
			CHECK(0, "a refusal without a place: %s", err_why());
			return;
		}
		const struct post_figure *f = figures.at;
		for (size_t i = 0; !failed(e) && i < figures.count; i++, taken++) {
			if (post_figure_wrong(&f[i], width, height) ||
			    failed(shape_validate(&post_figure_shape, &f[i]))) {
				CHECK(0, "a figure that core would refuse: %.*s", SPAN_ARGS(sink_span(&s)));
				return;
			}
		}
	}
	CHECK(taken > 1000, "%zu figures of random drawings are sound", taken);
}

/* Figures that no drawing gives, but a liar might send. */
static void lying_figures(void)
{
	static const struct {
		struct post_figure figure;
		const char *why;
	} lies[] = {
		{{.kind = POST_FIGURE_NONE}, "no kind"},
		{{.kind = POST_FIGURE_PATH, .d = {(const uint8_t *)"M1,1\"><script>", 14}}, "markup in a path"},
		{{.kind = POST_FIGURE_PATH, .d = {(const uint8_t *)"L1,1", 4}}, "a path without a start"},
		{{.kind = POST_FIGURE_PATH, .d = {(const uint8_t *)"M1,1X2,2", 8}}, "a letter that is no command"},
		{{.kind = POST_FIGURE_PATH, .d = {(const uint8_t *)"M1,1L2,2 ", 9}}, "a path with a space at its end"},
		{{.kind = POST_FIGURE_PATH, .d = {(const uint8_t *)"M1,99999", 8}}, "a path that leaves the plan"},
		{{.kind = POST_FIGURE_PATH, .d = {(const uint8_t *)"M01,1", 5}}, "a number with a zero in front"},
		{{.kind = POST_FIGURE_PATH, .d = {(const uint8_t *)"M1,1A1,1 400 0,0 2,2", 20}},
		 "more than a full turn"},
		{{.kind = POST_FIGURE_POLYLINE, .points = {(const uint8_t *)"1,1 2,2 ", 8}},
		 "points with a space at their end"},
		{{.kind = POST_FIGURE_POLYLINE, .points = {(const uint8_t *)"1,1  2,2", 8}}, "points with two spaces"},
		{{.kind = POST_FIGURE_RECT, .width = 1, .height = 1, .text = {(const uint8_t *)"x", 1}},
		 "a rect with words"},
		{{.kind = POST_FIGURE_RECT, .x = 9999, .width = 2, .height = 1}, "a rect across the edge"},
		{{.kind = POST_FIGURE_RECT, .width = UINT32_MAX, .height = 1}, "a rect wider than numbers go"},
		{{.kind = POST_FIGURE_LINE, .x2 = 10001}, "a line across the edge"},
		{{.kind = POST_FIGURE_TEXT}, "a label without words"},
	};
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
		CHECK(post_figure_wrong(&lies[i].figure, 10000, 5000), "refused: %s", lies[i].why);
	CHECK(post_points_count(SPAN_TEXT("0,0 1,1 2,2"), 5, 5) == 3, "three points are three");
	CHECK(post_points_count(SPAN_TEXT("0,0 1,6"), 5, 5) == 0 && post_points_count((struct span){0}, 5, 5) == 0,
	      "one outside spoils all");
}

int main(void)
{
	arena = arena_new(8 * 1024 * 1024);
	random_start();
	each_kind();
	paths();
	transforms();
	refusals();
	bounds();
	lying_figures();
	random_drawings();
	arena_free(arena);
	return tap_finish();
}
