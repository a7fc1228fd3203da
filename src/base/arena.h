/* base/arena.h - memory for one message or one request: many small takes, one free.
 *
 * An arena has a cap. Reaching it is not an error to carry around but a broken promise about a bound, so arena_take
 * dies; whoever takes by an amount that came from outside asks arena_has_room first and answers with ERR_TOO_LARGE.
 */
#ifndef LEGATION_BASE_ARENA_H
#define LEGATION_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

struct arena;

/* needs   size_max > 0, in bytes.
 * gives   an empty arena; memory is asked of the system as it is taken.
 * owns    the caller, until arena_free.
 */
struct arena *arena_new(size_t size_max) MUST_USE;
struct arena *arena_free(struct arena *arena); /* gives NULL */
void arena_free_at(struct arena **arena);      /* for AUTO_FREE(arena) */

/* Zeroed memory, aligned for any type, until arena_reset or arena_free. Dies over the cap. */
void *arena_take(struct arena *arena, size_t size) MUST_USE;
bool arena_has_room(const struct arena *arena, size_t size) MUST_USE;

/* A copy of the bytes that lives in the arena. */
struct span arena_copy(struct arena *arena, struct span bytes) MUST_USE;
/* The same with a NUL behind it. */
char *arena_string(struct arena *arena, struct span text) MUST_USE;

/* Forget everything taken and keep one block for the next round. What was in it is wiped. */
void arena_reset(struct arena *arena);

#endif
