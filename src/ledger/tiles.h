/* ledger/tiles.h - the tree's hashes as they are stored: rows of up to 256 side by side. Private to this folder.
 *
 * Tile n of level 0 holds the leaf hashes of entries 256 n to 256 n + 255. Each complete tile's root is one hash of a
 * tile one level up, and so on. A tile of level 0 is stored when it is complete, those above whenever they grow: so
 * one row is written for 256 entries, and the hashes at the end of level 0 are made from the last lines again.
 */
#ifndef LEGATION_LEDGER_TILES_H
#define LEGATION_LEDGER_TILES_H

#include "ledger/hash.h"
#include "ledger/read.h"

extern const char ledger_schema[]; /* all tables of this folder */

struct ledger_tile {
	size_t count;
	struct ledger_hash hashes[LEDGER_TILE_HASHES];
};

/* The tile at the right edge of each level; every one but the last of `level` that has a hash is there. */
struct ledger_tiles {
	uint64_t size; /* leaves */
	struct ledger_tile level[LEDGER_TILE_LEVELS_MAX];
};

/* Add a hash at a level: a leaf at level 0; the root of a whole tile at level 1, when level 0 is empty. For each tile
 * that is to be stored now, `store` is called, lowest level first.
 */
struct err ledger_tiles_push(struct ledger_tiles *tiles, unsigned level, const struct ledger_hash *hash,
			     struct err (*store)(void *context, unsigned level, uint64_t number,
						 const struct ledger_tile *tile),
			     void *context) MUST_USE;

/* The frontier of the same tree. */
struct ledger_frontier ledger_tiles_frontier(const struct ledger_tiles *tiles);

/* Hashes that the tile at the right edge of this level holds, in a tree of `size`. */
static inline size_t ledger_tiles_count(uint64_t size, unsigned level)
{
	return (size_t)(size >> 8 * level) % LEDGER_TILE_HASHES;
}

/* Read a stored tile.
 * gives   count 0 when there is no such row.
 * fails   ERR_CORRUPT when its size is no multiple of a hash's, or over that of 256.
 */
struct err ledger_tile_load(struct store *store, unsigned level, uint64_t number,
			    struct ledger_tile *ret_tile) MUST_USE;
struct err ledger_tile_save(struct store *store, unsigned level, uint64_t number,
			    const struct ledger_tile *tile) MUST_USE;

/* The leaf hashes of the lines from `start` up to `end`, at most 256 of them.
 * fails   ERR_CORRUPT, naming the first that is missing.
 */
struct err ledger_tile_of_lines(struct store *store, uint64_t start, uint64_t end,
				struct ledger_tile *ret_tile) MUST_USE;

/* All right edges of a tree of `size`, from the stored tiles and the last lines.
 * fails   ERR_CORRUPT, naming the level or the line.
 */
struct err ledger_tiles_load(struct store *store, uint64_t size, struct ledger_tiles *ret_tiles) MUST_USE;

/* One more than the last entry's seq; 0 when there is none. */
struct err ledger_lines_end(struct store *store, uint64_t *ret_end) MUST_USE;

/* The latest checkpoint's row as it is. gives an empty note when there is none. */
struct err ledger_note_load(struct store *store, struct sink *ret_note, uint64_t *ret_size) MUST_USE;
struct err ledger_note_save(struct store *store, struct span note, uint64_t size) MUST_USE;

#endif
