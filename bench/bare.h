/* bench/bare.h - the floor under every write: SQLite alone, told to write what the server has just written.
 *
 * The floor starts from a copy of the server's own database, byte for byte, in the same folder, with the pragmas of
 * store/sqlite.c and its policy for the write-ahead log; it inserts the same rows in the same order with the same
 * SQL, and commits where the server committed. What it does not do is the server's work: no messages, no JSON, no
 * hashes, no signature. It calls sqlite3 directly, so that a cost hidden in our store would show as well.
 */
#ifndef LEGATION_BENCH_BARE_H
#define LEGATION_BENCH_BARE_H

#include <sqlite3.h>

#include "base/span.h"

/* What one entry puts into the tables; the spans live as long as the rows. */
struct bare_row {
	uint64_t seq;
	struct span line;
	struct span type, actor;
	bool has_cause;
	uint64_t cause;
	/* Of a passage, else 0: */
	uint64_t time, person, door;
};

struct bare_rows {
	struct bare_row *at;
	size_t count;
	uint64_t first;         /* seq of the first */
	struct span note;       /* the checkpoint */
	uint8_t tile[256 * 32]; /* any bytes: hashes are as good as random */
};

/* The rows of the entries from `first` up to, and without, `end`, read from a database that may be in use. */
void bare_rows_load(const char *database, uint64_t first, uint64_t end, struct bare_rows *ret_rows);
void bare_rows_free(struct bare_rows *rows);
/* How many entries the last checkpoint in this database counts. */
uint64_t bare_size(sqlite3 *handle);

struct bare {
	sqlite3 *handle;
	sqlite3_stmt *begin, *commit, *entry, *index, *tile, *checkpoint, *passage, *door;
	uint64_t wal_bytes; /* that the log holds */
};

sqlite3 *bare_open_reader(const char *database);
/* Copy FROM with its log to TO, flushed; the server must be at rest. */
void bare_copy(const char *from, const char *to);
void bare_open(const char *database, struct bare *ret_bare);
void bare_close(struct bare *bare);

void bare_begin(struct bare *bare);
void bare_write(struct bare *bare, const struct bare_rows *rows, const struct bare_row *row);
/* The checkpoint's row, then COMMIT. */
void bare_commit(struct bare *bare, const struct bare_rows *rows, uint64_t size);
/* Copy the log into the database when it holds more than this, as core/loop.c does. */
void bare_tidy(struct bare *bare, uint64_t wal_bytes_max);

#endif
