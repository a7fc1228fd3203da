/* post/describe.h - an item of the file as the entry that would describe it: keys become ids. */
#ifndef LEGATION_POST_DESCRIBE_H
#define LEGATION_POST_DESCRIBE_H

#include "ledger/hash.h"
#include "post/check.h"
#include "post/state.h"

enum { POST_LISTED_MAX = 1000 }; /* changes and findings that an answer lists */

/* The struct of any object's entry; all begin with the id. */
union post_description {
	uint64_t id;
	struct post_building building;
	struct post_floor floor;
	struct post_zone zone;
	struct post_line line;
	struct post_device device;
	struct post_door door;
	struct post_person_changed person;
};

/* What the file's items are called in the ledger. */
struct post_names {
	uint64_t *ids[POST_OBJECT_COUNT]; /* by list and place; provisional until recorded */
	uint32_t *line_numbers;
	struct ledger_hash *plans; /* of each floor */
};

/* Give each line of the file its number: its own if it stands, else the lowest that is free. Hash each floor's plan. */
void post_names_number_lines(struct post_names *names, const struct post_index *index, const struct post_list *lines,
			     struct arena *arena);

/* needs   an object that has a list. The texts of the result are the file's. */
void post_describe(const struct post_names *names, const struct post_index *index, enum post_object what, size_t at,
		   union post_description *ret_description);
const struct core_entry_kind *post_description_kind(enum post_object what);

/* Write the names of the fields that differ, "name, level"; nothing when both are alike. */
void post_differ(const struct shape *shape, const void *before, const void *now, struct sink *ret_members);

/* The figures of one post.plan from `first` on: as many as fit, one at least. */
struct shape_list post_plan_part(const struct shape_list *plan, size_t first);

#endif
