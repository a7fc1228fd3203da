/* post/check.h - is this a post that can be? Pure; the same for the command that read the file and for core, which
 * trusts nobody's reading.
 *
 * Only post/ includes it.
 */
#ifndef LEGATION_POST_CHECK_H
#define LEGATION_POST_CHECK_H

#include "post/post.h"

#define SHAPE_TABLE "post/routes.def"
#include "core/route_structs.h"

#define POST_NOWHERE SIZE_MAX

/* How every item of the file's lists begins. */
struct post_item {
	uint32_t line;
	uint32_t column;
	struct span key;
};

/* One list of a file by what it lists. POST_OBJECT_POST has none. */
struct post_items {
	const uint8_t *at;
	size_t count;
	size_t size;
	const char *word; /* "doors" */
};
struct post_items post_items(const struct post_import *file, enum post_object what);
const struct post_item *post_item(const struct post_items *items, size_t index);

/* Where each key stands in its list. */
struct post_index {
	const struct post_import *file;
	uint32_t *by_key[POST_OBJECT_PERSON + 1]; /* indexes of the list, in the order of their keys */
};

/* What is wrong with a file, and where. */
struct post_problem {
	enum post_object what;
	size_t index;       /* in its list */
	const char *member; /* as the file writes it: "reader.device"; "" for the whole item */
	char why[300];
};

/* Check a whole file: keys, references, addresses, places on the plan, figures, times, states, people.
 *
 * needs   the bounds of the table have been checked (shape_read_binary or shape_validate).
 * gives   true when all is well, and then the index, in the arena; else the first problem.
 * rules   a refusal is an answer, not an error.
 */
bool post_check(const struct post_import *file, struct arena *arena, struct post_index *ret_index,
		struct post_problem *ret_problem) MUST_USE;

/* The place of a key in its list, or POST_NOWHERE; also for the empty key. */
size_t post_index_find(const struct post_index *index, enum post_object what, struct span key);

/* ---- post/figures.c ---- */

/* Is this a figure that may be drawn within a plan of this size? Its texts hold numbers and nothing else.
 * gives   NULL, or why not.
 */
const char *post_figure_wrong(const struct post_figure *figure, uint32_t width, uint32_t height);

/* "x,y x,y ...": how many points, 0 when it is anything else or leaves the plan. */
size_t post_points_count(struct span points, uint32_t width, uint32_t height);

/* ---- post/findings.c ---- */

struct post_found {
	enum post_finding_kind kind;
	enum post_object what;
	size_t index;
	const char *articles;
	const char *text;
};

/* What a checked file says that should not stay so.
 * gives   a list of struct post_found in the arena.
 */
struct shape_list post_findings_of(const struct post_index *index, struct arena *arena);

/* How a person of the file stands, by post/law. */
struct law_person post_law_person(const struct post_index *index, const struct post_import_person *person);

#endif
