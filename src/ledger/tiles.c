#include "ledger/tiles.h"

const char ledger_schema[] =
	"CREATE TABLE entry (seq INTEGER PRIMARY KEY, line BLOB NOT NULL);"
	"CREATE TABLE sealed (seq INTEGER PRIMARY KEY, subject INTEGER NOT NULL, box BLOB NOT NULL);"
	"CREATE TABLE subject_key (subject INTEGER PRIMARY KEY, wrapped BLOB NOT NULL, created_seq INTEGER NOT NULL,"
	" erased_seq INTEGER);"
	"CREATE TABLE tile (level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL,"
	" PRIMARY KEY (level, number)) WITHOUT ROWID;"
	"CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, note BLOB NOT NULL);"
	"CREATE TABLE key (name TEXT PRIMARY KEY NOT NULL, wrapped BLOB NOT NULL, public BLOB NOT NULL) WITHOUT ROWID;";

static struct ledger_hash row_root(const struct ledger_hash *hashes, size_t count)
{
	struct ledger_hash work[LEDGER_TILE_HASHES];
	memcpy(work, hashes, count * sizeof *hashes);
	return ledger_hash_row(work, count);
}

struct err ledger_tiles_push(struct ledger_tiles *tiles, unsigned level, const struct ledger_hash *hash,
			     struct err (*store)(void *context, unsigned level, uint64_t number,
						 const struct ledger_tile *tile),
			     void *context)
{
	struct ledger_hash risen = *hash;
	uint64_t before = tiles->size;
	REQUIRE(before % (UINT64_C(1) << 8 * level) == 0);
	tiles->size += UINT64_C(1) << 8 * level;
	for (;; level++) {
		REQUIRE(level < LEDGER_TILE_LEVELS_MAX);
		struct ledger_tile *tile = &tiles->level[level];
		tile->hashes[tile->count++] = risen;
		bool complete = tile->count == LEDGER_TILE_HASHES;
		if (level > 0 || complete)
			TRY(store(context, level, before >> 8 * (level + 1), tile));
		if (!complete)
			return OK;
		risen = row_root(tile->hashes, LEDGER_TILE_HASHES);
		tile->count = 0;
	}
}

struct ledger_frontier ledger_tiles_frontier(const struct ledger_tiles *tiles)
{
	struct ledger_frontier frontier = {.size = tiles->size};
	for (unsigned level = 0; level < LEDGER_TILE_LEVELS_MAX; level++) {
		const struct ledger_tile *tile = &tiles->level[level];
		size_t at = 0;
		for (unsigned bit = 8; bit-- > 0;) {
			if (!(tile->count >> bit & 1))
				continue;
			ENSURE(8 * level + bit < LEDGER_LEVELS_MAX);
			frontier.node[8 * level + bit] = row_root(&tile->hashes[at], (size_t)1 << bit);
			at += (size_t)1 << bit;
		}
	}
	return frontier;
}

struct err ledger_tile_load(struct store *store, unsigned level, uint64_t number, struct ledger_tile *ret_tile)
{
	struct store_statement *find;
	bool row;
	TRY(store_statement(store, "SELECT hashes FROM tile WHERE level = $1 AND number = $2", &find));
	store_bind_u64(find, 1, level);
	store_bind_u64(find, 2, number);
	TRY(store_step(find, &row));
	struct span hashes = row ? store_column_bytes(find, 0) : (struct span){0};
	bool sound = hashes.size % LEDGER_HASH_SIZE == 0 && hashes.size <= sizeof ret_tile->hashes;
	ret_tile->count = sound ? hashes.size / LEDGER_HASH_SIZE : 0;
	if (ret_tile->count > 0)
		memcpy(ret_tile->hashes, hashes.at, hashes.size);
	TRY(store_done(find));
	return sound ? OK
		     : FAIL(ERR_CORRUPT, "tile %llu of level %u: not a row of hashes", (unsigned long long)number,
			    level);
}

struct err ledger_tile_save(struct store *store, unsigned level, uint64_t number, const struct ledger_tile *tile)
{
	struct store_statement *save;
	TRY(store_statement(store,
			    "INSERT INTO tile (level, number, hashes) VALUES ($1, $2, $3)"
			    " ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes",
			    &save));
	store_bind_u64(save, 1, level);
	store_bind_u64(save, 2, number);
	store_bind_bytes(save, 3, (struct span){tile->hashes[0].bytes, tile->count * LEDGER_HASH_SIZE});
	return store_run(save);
}

struct err ledger_tile_of_lines(struct store *store, uint64_t start, uint64_t end, struct ledger_tile *ret_tile)
{
	REQUIRE(end - start <= LEDGER_TILE_HASHES);
	struct store_statement *find;
	ret_tile->count = 0;
	TRY(store_statement(store, "SELECT seq, line FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq", &find));
	store_bind_u64(find, 1, start);
	store_bind_u64(find, 2, end);
	for (bool row;;) {
		TRY(store_step(find, &row));
		if (!row || store_column_u64(find, 0) != start + ret_tile->count)
			break;
		ret_tile->hashes[ret_tile->count++] = ledger_hash_leaf(store_column_bytes(find, 1));
	}
	TRY(store_done(find));
	return ret_tile->count == end - start
		       ? OK
		       : FAIL(ERR_CORRUPT, "entry %llu is missing", (unsigned long long)(start + ret_tile->count));
}

struct err ledger_tiles_load(struct store *store, uint64_t size, struct ledger_tiles *ret_tiles)
{
	memset(ret_tiles, 0, sizeof *ret_tiles);
	ret_tiles->size = size;
	for (unsigned level = 1; level < LEDGER_TILE_LEVELS_MAX; level++) {
		uint64_t number = level < 7 ? size >> 8 * (level + 1) : 0;
		size_t expected = ledger_tiles_count(size, level);
		struct ledger_tile *tile = &ret_tiles->level[level];
		TRY(ledger_tile_load(store, level, number, tile));
		if (tile->count != expected)
			return FAIL(ERR_CORRUPT, "tile %llu of level %u: %zu hashes where %zu belong",
				    (unsigned long long)number, level, tile->count, expected);
	}
	uint64_t start = size - size % LEDGER_TILE_HASHES;
	return ledger_tile_of_lines(store, start, size, &ret_tiles->level[0]);
}

struct err ledger_lines_end(struct store *store, uint64_t *ret_end)
{
	struct store_statement *find;
	bool row;
	TRY(store_statement(store, "SELECT seq FROM entry ORDER BY seq DESC LIMIT 1", &find));
	TRY(store_step(find, &row));
	uint64_t end = row ? store_column_u64(find, 0) + 1 : 0;
	TRY(store_done(find));
	*ret_end = end;
	return OK;
}

struct err ledger_note_load(struct store *store, struct sink *ret_note, uint64_t *ret_size)
{
	struct store_statement *find;
	bool row;
	TRY(store_statement(store, "SELECT size, note FROM checkpoint WHERE id = 1", &find));
	TRY(store_step(find, &row));
	uint64_t size = row ? store_column_u64(find, 0) : 0;
	if (row)
		sink_put(ret_note, store_column_bytes(find, 1));
	TRY(store_done(find));
	if (size > LEDGER_SIZE_MAX)
		return FAIL(ERR_CORRUPT, "checkpoint: a size of %llu", (unsigned long long)size);
	*ret_size = size;
	return sink_finish(ret_note, "checkpoint");
}

struct err ledger_note_save(struct store *store, struct span note, uint64_t size)
{
	struct store_statement *save;
	TRY(store_statement(store,
			    "INSERT INTO checkpoint (id, size, note) VALUES (1, $1, $2)"
			    " ON CONFLICT (id) DO UPDATE SET size = excluded.size, note = excluded.note",
			    &save));
	store_bind_u64(save, 1, size);
	store_bind_bytes(save, 2, note);
	return store_run(save);
}
