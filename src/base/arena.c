#include "base/arena.h"

#include <stdlib.h>

enum { ARENA_BLOCK_SIZE = 16 * 1024, ARENA_ALIGN = 16 };

struct block {
	struct block *next;
	size_t size;
	size_t used;
	_Alignas(ARENA_ALIGN) uint8_t bytes[];
};

struct arena {
	struct block *first; /* the newest block */
	size_t taken;
	size_t size_max;
};

struct arena *arena_new(size_t size_max)
{
	REQUIRE(size_max > 0);
	struct arena *arena = calloc(1, sizeof *arena);
	ENSURE(arena);
	arena->size_max = size_max;
	return arena;
}

struct arena *arena_free(struct arena *arena)
{
	if (!arena)
		return NULL;
	arena_reset(arena);
	free(arena->first);
	free(arena);
	return NULL;
}

void arena_free_at(struct arena **arena)
{
	*arena = arena_free(*arena);
}

static size_t rounded(size_t size)
{
	return (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

bool arena_has_room(const struct arena *arena, size_t size)
{
	return size <= arena->size_max && rounded(size) <= arena->size_max - arena->taken;
}

void *arena_take(struct arena *arena, size_t size)
{
	ENSURE(arena_has_room(arena, size));
	size_t wanted = rounded(size);
	struct block *block = arena->first;
	if (!block || block->size - block->used < wanted) {
		size_t room = wanted > ARENA_BLOCK_SIZE ? wanted : ARENA_BLOCK_SIZE;
		block = malloc(sizeof *block + room);
		ENSURE(block);
		*block = (struct block){.next = arena->first, .size = room, .used = 0};
		arena->first = block;
	}
	void *taken = block->bytes + block->used;
	memset(taken, 0, wanted);
	block->used += wanted;
	arena->taken += wanted;
	return taken;
}

struct span arena_copy(struct arena *arena, struct span bytes)
{
	if (bytes.size == 0)
		return (struct span){0};
	uint8_t *copy = arena_take(arena, bytes.size);
	memcpy(copy, bytes.at, bytes.size);
	return (struct span){copy, bytes.size};
}

char *arena_string(struct arena *arena, struct span text)
{
	char *copy = arena_take(arena, text.size + 1);
	if (text.size > 0)
		memcpy(copy, text.at, text.size);
	return copy;
}

void arena_reset(struct arena *arena)
{
	struct block *kept = NULL;
	for (struct block *block = arena->first, *next; block; block = next) {
		next = block->next;
		wipe(block->bytes, block->used);
		if (!kept && block->size == ARENA_BLOCK_SIZE) {
			block->used = 0;
			block->next = NULL;
			kept = block;
		} else {
			free(block);
		}
	}
	arena->first = kept;
	arena->taken = 0;
}
