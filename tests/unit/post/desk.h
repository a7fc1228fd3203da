/* tests/unit/post/desk.h - the writer's side of core/core.h over a database of its own and one module, without
 * processes, keys and a ledger: so that a story's entries, tables and answers can be looked at one by one.
 */
#ifndef LEGATION_TESTS_DESK_H
#define LEGATION_TESTS_DESK_H

#include "core/core.h"
#include "post/check.h"
#include "post/post.h"

enum { DESK_ENTRIES_MAX = 40000 };

/* One entry as it was recorded: enough to replay it. */
struct desk_entry {
	const struct core_entry_kind *kind;
	char *open;   /* the sparse JSON of the open members, in braces */
	char *sealed; /* of the sealed ones */
	uint64_t subject;
	uint64_t cause;
	bool has_cause;
	char actor[32];
};

struct desk_answer {
	bool there;
	uint32_t status; /* 200, or what core_refuse said */
	char error[64];
	char field[64];
	char message[600];
	const void *reply;
};

struct core *desk_new(const char *code);
struct core *desk_free(struct core *core);

/* Ask as a tool's user. `body` is the route's request. */
void desk_ask(struct core *core, struct err (*write)(struct core *, const struct core_request *), const void *body);
const struct desk_answer *desk_answer(const struct core *core);

/* Read as query does. */
struct err desk_read(struct core *core, struct err (*read)(struct core_read *, void *), const void *request,
		     void *reply);

size_t desk_count(const struct core *core);
const struct desk_entry *desk_entry(const struct core *core, size_t index);
size_t desk_lines(const struct core *core, struct supervisor_lines *ret_lines); /* how often they were set */

/* What ledger.subject_erased does: the entry, and the key gone. */
void desk_erase(struct core *core, uint64_t subject);

/* A second desk by replay of the first one's entries; and one that loads the first one's tables, as a start does. */
struct core *desk_replay(const struct core *core);
void desk_reload(struct core *core);

/* The first difference between the tables of two desks, or NULL. */
const char *desk_differs(struct core *a, struct core *b);

#endif
