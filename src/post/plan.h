/* post/plan.h - an SVG drawing of a floor, read once and never passed on.
 *
 * What comes out is a list of figures (post/entries.def): numbers, words of a table, plain text. Taken are rect, line,
 * polyline, polygon, path, circle, ellipse, text and g, with transform= of translate() and scale() worked in, and the
 * classes wall, room, furniture, outside and label; a g's class counts for what is in it. The drawing's viewBox
 * begins at 0 0 and everything lies within it. Everything else is refused, with its line: styles, scripts, links,
 * images, entities, document types, other namespaces, whatever SVG grows next. Runs in the process of a person's
 * command.
 */
#ifndef LEGATION_POST_PLAN_H
#define LEGATION_POST_PLAN_H

#include "post/post.h"

enum {
	POST_PLAN_SIZE_MAX = 2 * 1024 * 1024, /* bytes of a drawing */
	POST_PLAN_DEPTH_MAX = 16,             /* g within g */
};

/* needs   name: how the drawing is called in refusals.
 * gives   width and height in hundredths, and a list of struct post_figure in the arena.
 * fails   ERR_INVALID, ERR_TOO_LARGE: its sentence begins NAME:LINE.
 */
struct err post_plan_read(const char *name, struct span text, struct arena *arena, uint32_t *ret_width,
			  uint32_t *ret_height, struct shape_list *ret_figures) MUST_USE;

/* ---- post/plan_number.c and post/plan_path.c ---- */

/* What transforms amount to: only ever sizes and shifts. */
struct post_affine {
	double scale_x, scale_y, shift_x, shift_y;
};

/* The next number of SVG's grammar after white space and one comma at most; false when there is none. */
bool post_svg_number(struct cursor *c, double *ret_number);

/* A coordinate in hundredths; false when it lies outside 0..max. */
bool post_svg_hundredths(double value, uint32_t max, uint32_t *ret_hundredths);

/* A path's data, made absolute, whole and plain: "M0,0L10,10Z".
 * gives   NULL, or why it is not taken.
 */
const char *post_svg_path(struct span d, const struct post_affine *affine, uint32_t width, uint32_t height,
			  struct sink *ret_d);

#endif
