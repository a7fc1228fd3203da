/* sim/reader/json.h - reading JSON strictly, with the place of every mistake.
 *
 * A place is a value and the way to it. What is wrong there is said as `file:line:column:
 * lines[0].devices[2].address: 300 is over 126`. The column is found by walking the text once more, only
 * when something is wrong.
 */
#ifndef LEGATION_SIM_READER_JSON_H
#define LEGATION_SIM_READER_JSON_H

#include <jansson.h>

#include "base/span.h"

enum { SIM_JSON_SIZE_MAX = 4 * 1024 * 1024 };

struct sim_json_source {
	const char *name; /* the file's, or "command" */
	struct span text;
	json_t *root;
};

struct sim_json {
	const struct sim_json_source *source;
	const struct sim_json *up; /* NULL at the root */
	const char *key;           /* NULL in a list */
	size_t index;
	json_t *value; /* NULL when the member is not there */
};

/* Parse. The text must outlive the source.
 *
 * owns    the caller: sim_json_close.
 * fails   ERR_INVALID with name, line and column.
 */
struct err sim_json_open(const char *name, struct span text, struct sim_json_source *ret_source) MUST_USE;
void sim_json_close(struct sim_json_source *source);
struct sim_json sim_json_root(const struct sim_json_source *source);

struct sim_json sim_json_member(const struct sim_json *up, const char *key);
struct sim_json sim_json_item(const struct sim_json *up, size_t index);
size_t sim_json_count(const struct sim_json *list);

/* An error at this place. */
struct err sim_json_fail(const struct sim_json *at, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* Is this an object with no other keys than these, a list ended by NULL? */
struct err sim_json_object(const struct sim_json *at, const char *const *keys) MUST_USE;
struct err sim_json_list(const struct sim_json *at, size_t count_max) MUST_USE;

/* Members; a missing one leaves `ret_value` as it is. */
struct err sim_json_number(const struct sim_json *up, const char *key, uint64_t least, uint64_t most,
			   uint64_t *ret_value) MUST_USE;
struct err sim_json_bool(const struct sim_json *up, const char *key, bool *ret_value) MUST_USE;
/* needs   size: room for the text and a NUL. */
struct err sim_json_text(const struct sim_json *up, const char *key, char *ret_text, size_t size) MUST_USE;
/* Exactly `size` bytes as hex. */
struct err sim_json_hex(const struct sim_json *up, const char *key, uint8_t *ret_bytes, size_t size,
			bool *ret_given) MUST_USE;
/* One of the words, a list ended by NULL; gives its index. */
struct err sim_json_word(const struct sim_json *up, const char *key, const char *const *words,
			 unsigned *ret_index) MUST_USE;
bool sim_json_has(const struct sim_json *up, const char *key);
/* fails   ERR_INVALID when the member is not there. */
struct err sim_json_needs(const struct sim_json *up, const char *key) MUST_USE;

#endif
