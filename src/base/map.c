#include "base/map.h"

#include <stdlib.h>

/* Fibonacci hashing: ids are small and close together, fingerprints are random already. */
static size_t home(const struct map *map, uint64_t key)
{
	return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (map->room - 1);
}

static struct map_slot *find(const struct map *map, uint64_t key)
{
	for (size_t at = home(map, key);; at = (at + 1) & (map->room - 1))
		if (map->slots[at].value == MAP_NONE || map->slots[at].key == key)
			return &map->slots[at];
}

uint64_t map_get(const struct map *map, uint64_t key)
{
	return map->room == 0 ? MAP_NONE : find(map, key)->value;
}

static void grow(struct map *map)
{
	struct map old = *map;
	map->room = old.room ? old.room * 2 : 16;
	map->slots = malloc(map->room * sizeof *map->slots);
	ENSURE(map->slots);
	for (size_t i = 0; i < map->room; i++)
		map->slots[i] = (struct map_slot){.value = MAP_NONE};
	for (size_t i = 0; i < old.room; i++)
		if (old.slots[i].value != MAP_NONE)
			*find(map, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

void map_put(struct map *map, uint64_t key, uint64_t value)
{
	REQUIRE(value != MAP_NONE);
	if ((map->count + 1) * 2 > map->room)
		grow(map);
	struct map_slot *slot = find(map, key);
	map->count += slot->value == MAP_NONE;
	*slot = (struct map_slot){key, value};
}

void map_remove(struct map *map, uint64_t key)
{
	if (map->room == 0)
		return;
	struct map_slot *slot = find(map, key);
	if (slot->value == MAP_NONE)
		return;
	slot->value = MAP_NONE;
	map->count--;
	/* Whoever was pushed past this place moves up, or it could not be found any more. */
	size_t at = (size_t)(slot - map->slots);
	for (size_t next = (at + 1) & (map->room - 1); map->slots[next].value != MAP_NONE;
	     next = (next + 1) & (map->room - 1)) {
		struct map_slot moved = map->slots[next];
		map->slots[next].value = MAP_NONE;
		*find(map, moved.key) = moved;
	}
}

void map_clear(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}
