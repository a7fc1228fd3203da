#include "post/check.h"

/* ---- numbers in texts ---- */

/* A whole number without sign or leading zeroes; false when there is none here, or it is over max. */
static bool take_number(struct cursor *c, uint32_t max, uint32_t *ret_number)
{
	uint64_t number = 0;
	const uint8_t *start = c->at;
	while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && c->at - start < 10)
		number = number * 10 + (uint64_t)(*c->at++ - '0');
	if (c->at == start || (*start == '0' && c->at - start > 1) || number > max)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static bool take_byte(struct cursor *c, uint8_t byte)
{
	if (c->at == c->end || *c->at != byte)
		return false;
	c->at++;
	return true;
}

static bool take_point(struct cursor *c, uint32_t width, uint32_t height)
{
	uint32_t x, y;
	return take_number(c, width, &x) && take_byte(c, ',') && take_number(c, height, &y);
}

size_t post_points_count(struct span points, uint32_t width, uint32_t height)
{
	struct cursor c = cursor_of(points);
	size_t count = 0;
	while (points.size > 0) {
		if (!take_point(&c, width, height))
			return 0;
		count++;
		if (c.at == c.end)
			break;
		if (!take_byte(&c, ' '))
			return 0;
	}
	return count;
}

/* An arc: "rx,ry turn large,sweep x,y"; the turn in whole degrees. */
static bool take_arc(struct cursor *c, uint32_t width, uint32_t height)
{
	uint32_t radius, turn, flag;
	return take_number(c, POST_SIZE_MAX, &radius) && take_byte(c, ',') && take_number(c, POST_SIZE_MAX, &radius) &&
	       take_byte(c, ' ') && take_number(c, 359, &turn) && take_byte(c, ' ') && take_number(c, 1, &flag) &&
	       take_byte(c, ',') && take_number(c, 1, &flag) && take_byte(c, ' ') && take_point(c, width, height);
}

/* A path as post/plan.c writes it: "M0,0L10,10C0,0 1,1 2,2Q0,0 1,1A5,5 0 0,1 9,9Z". Control points may lie anywhere
 * that a plan could reach.
 */
static bool path_is_sound(struct span d, uint32_t width, uint32_t height)
{
	struct cursor c = cursor_of(d);
	if (d.size == 0 || d.at[0] != 'M')
		return false;
	while (c.at < c.end) {
		uint8_t letter = *c.at++;
		size_t controls = letter == 'C' ? 2 : letter == 'Q' ? 1 : 0;
		bool sound = letter == 'Z' || letter == 'M' || letter == 'L' || letter == 'C' || letter == 'Q' ||
			     letter == 'A';
		for (size_t i = 0; sound && i < controls; i++)
			sound = take_point(&c, POST_SIZE_MAX, POST_SIZE_MAX) && take_byte(&c, ' ');
		if (sound && letter == 'A')
			sound = take_arc(&c, width, height);
		else if (sound && letter != 'Z')
			sound = take_point(&c, width, height);
		if (!sound)
			return false;
	}
	return true;
}

/* ---- one figure ---- */

const char *post_figure_wrong(const struct post_figure *f, uint32_t width, uint32_t height)
{
	bool has_points = f->kind == POST_FIGURE_POLYLINE || f->kind == POST_FIGURE_POLYGON;
	if (f->x > width || f->y > height || f->x2 > width || f->y2 > height || f->width > width - f->x ||
	    f->height > height - f->y)
		return "lies outside the plan";
	if (f->r > POST_SIZE_MAX || f->rx > POST_SIZE_MAX || f->ry > POST_SIZE_MAX)
		return "is too large";
	if ((f->points.size > 0) != has_points || (f->d.size > 0) != (f->kind == POST_FIGURE_PATH) ||
	    (f->text.size > 0) != (f->kind == POST_FIGURE_TEXT))
		return "has a member that its kind does not have, or lacks one";
	if (has_points && post_points_count(f->points, width, height) < (f->kind == POST_FIGURE_POLYGON ? 3 : 2))
		return "has too few points, or one outside the plan";
	if (f->kind == POST_FIGURE_PATH && !path_is_sound(f->d, width, height))
		return "has a path that is malformed or leaves the plan";
	if (f->kind == POST_FIGURE_NONE)
		return "is of no kind";
	if ((f->kind == POST_FIGURE_RECT && (f->width == 0 || f->height == 0)) ||
	    (f->kind == POST_FIGURE_CIRCLE && f->r == 0) ||
	    (f->kind == POST_FIGURE_ELLIPSE && (f->rx == 0 || f->ry == 0)))
		return "has no size";
	return NULL;
}
