/* ledger/read.h - the ledger as anybody reads it who may open the database: lines, the checkpoint, proofs.
 *
 * Needs no key. Whoever asks for several things that must fit together does so within store_begin_read.
 */
#ifndef LEGATION_LEDGER_READ_H
#define LEGATION_LEDGER_READ_H

#include "ledger/checkpoint.h"
#include "ledger/entry.h"
#include "ledger/proof.h"
#include "store/store.h"

enum {
	LEDGER_TILE_HASHES = 256, /* hashes side by side in one tile */
	LEDGER_TILE_LEVELS_MAX = 8,
};

/* One line into the arena.
 * fails   ERR_NOT_FOUND; ERR_TOO_LARGE when the arena has no room.
 */
struct err ledger_line(struct store *store, uint64_t seq, struct arena *arena, struct span *ret_line) MUST_USE;

/* The latest checkpoint's note into the sink, and its size (from the row, unverified).
 * fails   ERR_NOT_FOUND before the first entry.
 */
struct err ledger_latest(struct store *store, struct sink *ret_note, uint64_t *ret_size) MUST_USE;

/* A source of hashes over the stored tiles and the lines behind the last complete one.
 *
 * needs   `size` entries are there; the store outlives it; use it within one store_begin_read.
 * owns    the caller, until ledger_reader_free.
 */
struct ledger_reader;
struct ledger_reader *ledger_reader_new(struct store *store, uint64_t size) MUST_USE;
struct ledger_reader *ledger_reader_free(struct ledger_reader *reader);
void ledger_reader_free_at(struct ledger_reader **reader);
struct ledger_source ledger_reader_source(struct ledger_reader *reader);

/* A whole tlog-proof of one entry under the latest checkpoint, the entry as its extra line.
 * fails   ERR_NOT_FOUND when the checkpoint does not cover it.
 */
struct err ledger_prove(struct store *store, uint64_t seq, struct sink *ret_proof) MUST_USE;

/* How the tree of the latest checkpoint follows from its first old_size entries.
 *
 * gives   the path; the size it leads to.
 * fails   ERR_INVALID when old_size is 0 or over the latest size.
 */
struct err ledger_prove_consistency(struct store *store, uint64_t old_size, struct ledger_path *ret_path,
				    uint64_t *ret_size) MUST_USE;

#endif
