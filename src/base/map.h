/* base/map.h - numbers to numbers: a hash table that grows, with a bound.
 *
 * Open addressing with linear probing, at most half full. Key 0 is allowed; a value of MAP_NONE is not.
 */
#ifndef LEGATION_BASE_MAP_H
#define LEGATION_BASE_MAP_H

#include <stddef.h>

#include "base/err.h"

#define MAP_NONE UINT64_MAX

struct map_slot {
	uint64_t key;
	uint64_t value; /* MAP_NONE: free */
};

struct map {
	struct map_slot *slots;
	size_t room; /* a power of two, or 0 */
	size_t count;
};

/* The value of a key, or MAP_NONE. */
uint64_t map_get(const struct map *map, uint64_t key) MUST_USE;
void map_put(struct map *map, uint64_t key, uint64_t value);
void map_remove(struct map *map, uint64_t key);
void map_clear(struct map *map); /* and free */

#endif
