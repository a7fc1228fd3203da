#include "post/plan.h"

#include <math.h>

struct point {
	double x, y;
};

struct pen {
	struct cursor in;
	struct sink *out;
	const struct post_affine *affine;
	uint32_t width, height;
	struct point at;      /* in the drawing's own units, before the affine */
	struct point start;   /* of this part of the path */
	struct point control; /* the last one of a curve */
	char last;            /* the curve it was of: 'C', 'Q' or 0 */
	const char *wrong;
};

static bool take(struct pen *pen, double *ret_number)
{
	if (!pen->wrong && !post_svg_number(&pen->in, ret_number))
		pen->wrong = "a number is missing in a path";
	return !pen->wrong;
}

static bool take_point(struct pen *pen, bool relative, struct point *ret_point)
{
	if (!take(pen, &ret_point->x) || !take(pen, &ret_point->y))
		return false;
	if (relative) {
		ret_point->x += pen->at.x;
		ret_point->y += pen->at.y;
	}
	return true;
}

/* An arc's flag is one digit, and the next may follow at once. */
static bool take_flag(struct pen *pen, bool *ret_flag)
{
	while (pen->in.at < pen->in.end && (*pen->in.at == ' ' || *pen->in.at == ',' || *pen->in.at == '\t' ||
					    *pen->in.at == '\n' || *pen->in.at == '\r'))
		pen->in.at++;
	if (pen->in.at == pen->in.end || (*pen->in.at != '0' && *pen->in.at != '1')) {
		pen->wrong = "a flag of an arc is 0 or 1";
		return false;
	}
	*ret_flag = *pen->in.at++ == '1';
	return true;
}

static void put_point(struct pen *pen, struct point point, bool control)
{
	uint32_t x, y;
	double px = point.x * pen->affine->scale_x + pen->affine->shift_x;
	double py = point.y * pen->affine->scale_y + pen->affine->shift_y;
	if (!post_svg_hundredths(px, control ? POST_SIZE_MAX : pen->width, &x) ||
	    !post_svg_hundredths(py, control ? POST_SIZE_MAX : pen->height, &y))
		pen->wrong = control ? "a control point of a path lies above or left of the drawing"
				     : "a path leaves the drawing";
	else
		sink_printf(pen->out, "%u,%u", x, y);
}

static void go(struct pen *pen, char letter, struct point to)
{
	sink_u8(pen->out, (uint8_t)letter);
	put_point(pen, to, false);
	pen->at = to;
	pen->last = 0;
}

static void curve(struct pen *pen, char letter, struct point first, struct point second, struct point to)
{
	sink_u8(pen->out, (uint8_t)letter);
	put_point(pen, first, true);
	sink_u8(pen->out, ' ');
	if (letter == 'C') {
		put_point(pen, second, true);
		sink_u8(pen->out, ' ');
	}
	put_point(pen, to, false);
	pen->control = letter == 'C' ? second : first;
	pen->at = to;
	pen->last = letter;
}

/* The control point mirrored at the current point, when the last command was a curve of this kind. */
static struct point mirrored(const struct pen *pen, char letter)
{
	if (pen->last != letter)
		return pen->at;
	return (struct point){2 * pen->at.x - pen->control.x, 2 * pen->at.y - pen->control.y};
}

static void arc(struct pen *pen, bool relative)
{
	double radius_x, radius_y, turn;
	bool large, sweep;
	struct point to;
	if (!take(pen, &radius_x) || !take(pen, &radius_y) || !take(pen, &turn) || !take_flag(pen, &large) ||
	    !take_flag(pen, &sweep) || !take_point(pen, relative, &to))
		return;
	const struct post_affine *affine = pen->affine;
	bool mirrors = affine->scale_x * affine->scale_y < 0;
	double degrees = fmod(mirrors ? -turn : turn, 360);
	uint32_t rx, ry;
	if (degrees != 0 && fabs(fabs(affine->scale_x) - fabs(affine->scale_y)) > 1e-9) {
		pen->wrong = "a turned arc cannot be scaled to two sizes";
		return;
	}
	if (!post_svg_hundredths(fabs(radius_x * affine->scale_x), POST_SIZE_MAX, &rx) ||
	    !post_svg_hundredths(fabs(radius_y * affine->scale_y), POST_SIZE_MAX, &ry)) {
		pen->wrong = "an arc's radius is too large";
		return;
	}
	if (rx == 0 || ry == 0) {
		go(pen, 'L', to);
		return;
	}
	uint32_t whole = (uint32_t)lround(degrees < 0 ? degrees + 360 : degrees) % 360;
	sink_printf(pen->out, "A%u,%u %u %d,%d ", rx, ry, whole, large, sweep != mirrors);
	put_point(pen, to, false);
	pen->at = to;
	pen->last = 0;
}

/* One command with one set of numbers. */
static void command(struct pen *pen, char letter)
{
	bool relative = letter >= 'a';
	char upper = relative ? (char)(letter - 'a' + 'A') : letter;
	struct point a = {0}, b = {0}, to = pen->at;
	double number = 0;
	switch (upper) {
	case 'M':
		if (take_point(pen, relative, &to)) {
			go(pen, 'M', to);
			pen->start = to;
		}
		break;
	case 'L':
		if (take_point(pen, relative, &to))
			go(pen, 'L', to);
		break;
	case 'H':
		if (take(pen, &number))
			go(pen, 'L', (struct point){relative ? to.x + number : number, to.y});
		break;
	case 'V':
		if (take(pen, &number))
			go(pen, 'L', (struct point){to.x, relative ? to.y + number : number});
		break;
	case 'C':
		if (take_point(pen, relative, &a) && take_point(pen, relative, &b) && take_point(pen, relative, &to))
			curve(pen, 'C', a, b, to);
		break;
	case 'S':
		if (take_point(pen, relative, &b) && take_point(pen, relative, &to))
			curve(pen, 'C', mirrored(pen, 'C'), b, to);
		break;
	case 'Q':
		if (take_point(pen, relative, &a) && take_point(pen, relative, &to))
			curve(pen, 'Q', a, a, to);
		break;
	case 'T':
		if (take_point(pen, relative, &to))
			curve(pen, 'Q', mirrored(pen, 'Q'), a, to);
		break;
	case 'A':
		arc(pen, relative);
		break;
	case 'Z':
		sink_u8(pen->out, 'Z');
		pen->at = pen->start;
		pen->last = 0;
		break;
	default:
		pen->wrong = "a path has a command that does not exist";
	}
}

static bool is_letter(uint8_t byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r' || *c->at == ','))
		c->at++;
}

const char *post_svg_path(struct span d, const struct post_affine *affine, uint32_t width, uint32_t height,
			  struct sink *ret_d)
{
	struct pen pen = {.in = cursor_of(d), .out = ret_d, .affine = affine, .width = width, .height = height};
	char letter = 0;
	skip_space(&pen.in);
	if (pen.in.at == pen.in.end || (*pen.in.at != 'M' && *pen.in.at != 'm'))
		return "a path begins with M";
	while (pen.in.at < pen.in.end && !pen.wrong) {
		if (is_letter(*pen.in.at))
			letter = (char)*pen.in.at++;
		else if (letter == 'Z' || letter == 'z')
			pen.wrong = "a path has numbers after Z";
		else if (letter == 'M' || letter == 'm')
			letter = letter == 'M' ? 'L' : 'l'; /* further points of a move are lines */
		if (!pen.wrong)
			command(&pen, letter);
		skip_space(&pen.in);
	}
	if (!pen.wrong && ret_d->failed)
		pen.wrong = "a path is too long";
	return pen.wrong;
}
