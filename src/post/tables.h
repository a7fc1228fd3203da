/* post/tables.h - the post's projections. Only post/ includes it. */
#ifndef LEGATION_POST_TABLES_H
#define LEGATION_POST_TABLES_H

#include "post/state.h"

extern const char post_schema[];
extern const char *const post_tables[];

/* One entry into the tables. Before post_state_apply: it compares with what stands. */
struct err post_tables_apply(struct core *core, const struct core_entry *entry) MUST_USE;

/* The memory state from the tables, at start. */
struct err post_tables_load(struct core *core) MUST_USE;

/* A name as it is searched: lower case, Latin letters without their accents; other scripts as they are.
 * gives   at most as many bytes as `name` has.
 */
void post_fold(struct sink *s, struct span name);

#endif
