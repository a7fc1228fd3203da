#include "ledger/read.h"

#include <stdlib.h>

#include "ledger/tiles.h"

struct ledger_reader {
	struct store *store;
	uint64_t size;
	/* The tile last read at each level: the hashes of one proof lie close together. */
	bool held[LEDGER_TILE_LEVELS_MAX];
	uint64_t number[LEDGER_TILE_LEVELS_MAX];
	struct ledger_tile tile[LEDGER_TILE_LEVELS_MAX];
};

struct err ledger_line(struct store *store, uint64_t seq, struct arena *arena, struct span *ret_line)
{
	struct store_statement *find;
	bool row;
	if (seq > SHAPE_NUMBER_MAX)
		return FAIL(ERR_NOT_FOUND, "entry %llu: there is none", (unsigned long long)seq);
	TRY(store_statement(store, "SELECT line FROM entry WHERE seq = $1", &find));
	store_bind_u64(find, 1, seq);
	TRY(store_step(find, &row));
	if (!row)
		return FAIL(ERR_NOT_FOUND, "entry %llu: there is none", (unsigned long long)seq);
	struct span stored = store_column_bytes(find, 0);
	bool fits = arena_has_room(arena, stored.size);
	struct span line = fits ? arena_copy(arena, stored) : (struct span){0};
	TRY(store_done(find));
	if (!fits)
		return FAIL(ERR_TOO_LARGE, "entry %llu: no room for it", (unsigned long long)seq);
	*ret_line = line;
	return OK;
}

struct err ledger_latest(struct store *store, struct sink *ret_note, uint64_t *ret_size)
{
	size_t before = ret_note->size;
	TRY(ledger_note_load(store, ret_note, ret_size));
	return ret_note->size > before ? OK : FAIL(ERR_NOT_FOUND, "no checkpoint: the ledger is empty");
}

struct ledger_reader *ledger_reader_new(struct store *store, uint64_t size)
{
	struct ledger_reader *reader = calloc(1, sizeof *reader);
	ENSURE(reader);
	reader->store = store;
	reader->size = size;
	return reader;
}

struct ledger_reader *ledger_reader_free(struct ledger_reader *reader)
{
	free(reader);
	return NULL;
}

void ledger_reader_free_at(struct ledger_reader **reader)
{
	*reader = ledger_reader_free(*reader);
}

static struct err hold(struct ledger_reader *reader, unsigned level, uint64_t number)
{
	if (reader->held[level] && reader->number[level] == number)
		return OK;
	struct ledger_tile *tile = &reader->tile[level];
	reader->held[level] = false;
	if (level == 0 && number == reader->size / LEDGER_TILE_HASHES)
		TRY(ledger_tile_of_lines(reader->store, number * LEDGER_TILE_HASHES, reader->size, tile));
	else
		TRY(ledger_tile_load(reader->store, level, number, tile));
	reader->held[level] = true;
	reader->number[level] = number;
	return OK;
}

static struct err reader_hash(void *context, unsigned level, uint64_t index, struct ledger_hash *ret_hash)
{
	struct ledger_reader *reader = context;
	unsigned tile_level = level / 8;
	size_t count = (size_t)1 << level % 8;
	uint64_t first = index * count;
	uint64_t number = first / LEDGER_TILE_HASHES;
	size_t at = (size_t)(first % LEDGER_TILE_HASHES);
	REQUIRE(tile_level < LEDGER_TILE_LEVELS_MAX);
	TRY(hold(reader, tile_level, number));
	const struct ledger_tile *tile = &reader->tile[tile_level];
	if (tile->count < at + count)
		return FAIL(ERR_CORRUPT, "tile %llu of level %u: %zu hashes where at least %zu belong",
			    (unsigned long long)number, tile_level, tile->count, at + count);
	struct ledger_hash work[LEDGER_TILE_HASHES];
	memcpy(work, &tile->hashes[at], count * sizeof *work);
	*ret_hash = ledger_hash_row(work, count);
	return OK;
}

struct ledger_source ledger_reader_source(struct ledger_reader *reader)
{
	return (struct ledger_source){.hash = reader_hash, .context = reader};
}

static struct err prove(struct store *store, uint64_t seq, struct sink *ret_proof)
{
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	struct sink n = SINK_OF(note);
	uint64_t size = 0;
	AUTO_FREE(arena) struct arena *arena = arena_new(LEDGER_ENTRY_SIZE_MAX + 64);
	struct span line;
	struct ledger_path path;
	TRY(ledger_latest(store, &n, &size));
	TRY(ledger_line(store, seq, arena, &line));
	AUTO_FREE(ledger_reader) struct ledger_reader *reader = ledger_reader_new(store, size);
	struct ledger_source source = ledger_reader_source(reader);
	TRY(ledger_tree_inclusion(&source, seq, size, &path));
	ledger_proof_write_entry(ret_proof, line, seq, &path, sink_span(&n));
	return sink_finish(ret_proof, "proof");
}

static struct err prove_consistency(struct store *store, uint64_t old_size, struct ledger_path *ret_path,
				    uint64_t *ret_size)
{
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	struct sink n = SINK_OF(note);
	uint64_t size = 0;
	TRY(ledger_latest(store, &n, &size));
	AUTO_FREE(ledger_reader) struct ledger_reader *reader = ledger_reader_new(store, size);
	struct ledger_source source = ledger_reader_source(reader);
	TRY(ledger_tree_consistency(&source, old_size, size, ret_path));
	*ret_size = size;
	return OK;
}

struct err ledger_prove(struct store *store, uint64_t seq, struct sink *ret_proof)
{
	bool own = !store_in_transaction(store);
	if (own)
		TRY(store_begin_read(store));
	struct err e = prove(store, seq, ret_proof);
	if (own)
		store_rollback(store);
	return e;
}

struct err ledger_prove_consistency(struct store *store, uint64_t old_size, struct ledger_path *ret_path,
				    uint64_t *ret_size)
{
	bool own = !store_in_transaction(store);
	if (own)
		TRY(store_begin_read(store));
	struct err e = prove_consistency(store, old_size, ret_path, ret_size);
	if (own)
		store_rollback(store);
	return e;
}
