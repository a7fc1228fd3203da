/* post/state.h - the post in core's memory: every description that stands, by id and by key. Only post/ includes it.
 *
 * A list holds copies of the entries' structs, each in one block of memory together with its texts. Plans are not here:
 * nothing in core draws.
 */
#ifndef LEGATION_POST_STATE_H
#define LEGATION_POST_STATE_H

#include "post/post.h"

struct post_list {
	const struct shape *shape; /* its first field is the id; NULL: nothing of this kind is kept in a list */
	size_t key_offset;         /* of the FIELD_TEXT or SEALED_TEXT `key` */
	size_t item_size;          /* of the struct kept: the shape's, or one that begins with it */
	void **items;              /* in the order of their ids */
	size_t count;
	size_t room;
	uint32_t *slots; /* by key: index + 1; made when asked for */
	size_t slot_count;
};

enum { POST_OBJECT_COUNT = POST_OBJECT_PERSON + 1 };

struct post_state {
	uint64_t generation;
	struct post_described *described;          /* NULL before the first import */
	struct post_list lists[POST_OBJECT_COUNT]; /* by enum post_object */
	struct post_list findings;                 /* struct post_standing */
};

/* A finding that stands: its id, then the entry. */
struct post_standing {
	uint64_t id;
	struct post_finding is;
};

void *post_state_new(void);
void post_state_free(void *state);
struct post_state *post_state_of(struct core *core);

/* Put a description in, or in the place of the one with its id. `value` is the list's struct; its texts are copied. */
void post_list_put(struct post_list *list, const void *value);
void post_list_remove(struct post_list *list, uint64_t id);
void *post_list_find(const struct post_list *list, uint64_t id);
void *post_list_find_key(struct post_list *list, struct span key);

/* One copy of a struct with its texts, in one block that free() frees. */
void *post_copy(const struct shape *shape, size_t item_size, const void *value);

/* One entry into the memory state. */
void post_state_apply(struct post_state *state, const struct core_entry *entry);

/* The lines as the supervisor wants them. */
void post_lines_send(struct core *core);

#endif
