/* store/store.h - one SQL database: transactions, statements, and what to do about its write-ahead log.
 *
 * The only door to the database; no type of it passes this file. SQL is the subset that SQLite and PostgreSQL share,
 * with placeholders $1, $2, ... One process writes (STORE_WRITE), any number read (STORE_READ), each from its own
 * connection, and a connection belongs to one thread at a time. It does not know what the tables mean.
 *
 * Every write connection is WAL with synchronous=FULL: when store_commit comes back, the transaction is on the disk.
 * The log is never checkpointed behind our back: store_checkpoint_wal is the only way, from whichever connection and
 * thread suits.
 *
 *	struct store_statement *find;
 *	TRY(store_statement(store, "SELECT name FROM post_door WHERE id = $1", &find));
 *	store_bind_u64(find, 1, door);
 *	bool row;
 *	TRY(store_step(find, &row));
 *	if (row)
 *		name = arena_copy(arena, store_column_text(find, 0));
 *	TRY(store_done(find));
 */
#ifndef LEGATION_STORE_STORE_H
#define LEGATION_STORE_STORE_H

#include "base/err.h"
#include "base/span.h"

enum {
	STORE_PAGE_SIZE = 4096,                  /* bytes */
	STORE_CACHE_KB_DEFAULT = 3 * 1024,       /* of pages that one connection holds */
	STORE_STATEMENTS_MAX = 1024,             /* prepared on one connection, ever */
	STORE_PARAMETERS_MAX = 32,               /* $1 .. $32 */
	STORE_QUERY_MS_DEFAULT = 5000,           /* the usual query_ms_max of a reader that serves requests */
	STORE_WAL_BYTES_KEPT = 64 * 1024 * 1024, /* a log that grew beyond is cut back to this when it starts over */
	STORE_MMAP_BYTES_MAX = 1024 * 1024 * 1024,
};

#define STORE_U64_MAX ((uint64_t)INT64_MAX) /* the largest number a column holds */

struct store;
struct store_statement;

enum store_mode {
	STORE_READ = 0, /* needs only read permission on the file, its -wal and its -shm */
	STORE_WRITE,
};

struct store_options {
	enum store_mode mode;
	bool create;           /* STORE_WRITE: make the file when it is not there, readable by its group */
	uint32_t cache_kb_max; /* 0: STORE_CACHE_KB_DEFAULT */
	uint64_t mmap_bytes;   /* 0: none (a mapped page counts as memory of the process) */
	uint32_t query_ms_max; /* a statement that runs longer ends with ERR_TOO_LARGE; 0: no limit */
	const char *vfs;       /* how SQLite reaches files: NULL for the system's own; tests bring theirs */
};

/* Open a database.
 *
 * gives   a connection with no transaction.
 * owns    the caller, until store_close.
 * fails   ERR_NOT_FOUND, ERR_DENIED, ERR_BUSY (somebody holds it exclusively), ERR_CORRUPT (not a database, or damaged
 *         where opening looks), ERR_IO, ERR_FULL.
 */
struct err store_open(const char *path, const struct store_options *options, struct store **ret_store) MUST_USE;

/* Close. A transaction that is still open is rolled back; the log stays as it is, so that the next start overwrites it.
 * gives   NULL.
 */
struct store *store_close(struct store *store);
void store_free_at(struct store **store); /* for AUTO_FREE(store) */

/* ---- transactions ---- */

/* Begin a writing transaction at once, so that a second writer learns it now (ERR_BUSY) and not at its commit. */
struct err store_begin(struct store *store) MUST_USE;

/* Begin a reading one: everything until store_commit or store_rollback sees the same moment. Keep it short: while it is
 * open, the log cannot start over.
 */
struct err store_begin_read(struct store *store) MUST_USE;

/* Make it durable. Statements still open are closed first.
 *
 * fails   the transaction is then rolled back, as far as the disk lets us. On anything but ERR_FULL what is durable is
 *         unknown: stop, and come back from the file.
 */
struct err store_commit(struct store *store) MUST_USE;
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);

/* ---- statements ---- */

/* A prepared statement, kept by the address of its text. Whatever its last use left is reset and its parameters are
 * NULL.
 *
 * needs   a string literal: the text must stay where it is and what it is for the life of the store.
 * owns    the store.
 * fails   ERR_INVALID for SQL that does not compile (its sentence says where), and as reading the schema may.
 */
struct err store_statement(struct store *store, const char *sql, struct store_statement **ret_statement) MUST_USE;

/* Set a parameter: 1 is $1. A parameter not set is NULL; one that the SQL lacks is a broken program.
 *
 * needs   text and bytes stay where they are until store_done or the last store_step; numbers up to STORE_U64_MAX.
 */
void store_bind_u64(struct store_statement *statement, uint32_t number, uint64_t value);
void store_bind_text(struct store_statement *statement, uint32_t number, struct span text);
void store_bind_bytes(struct store_statement *statement, uint32_t number, struct span bytes);
void store_bind_null(struct store_statement *statement, uint32_t number);

/* One row further. After ret_row false the statement is done and may be stepped again from its start.
 *
 * fails   ERR_FULL, ERR_IO, ERR_CORRUPT, ERR_BUSY, ERR_DENIED, ERR_EXISTS (a constraint), ERR_TOO_LARGE (the time
 *         limit).
 */
struct err store_step(struct store_statement *statement, bool *ret_row) MUST_USE;

/* The columns of the current row, from 0. Spans live until the next step or the end of the statement. NULL reads as 0
 * or empty. A value of another type than asked for, or a negative number, reads as 0 or empty too, and the next
 * store_step or store_done says ERR_CORRUPT.
 */
uint64_t store_column_u64(struct store_statement *statement, uint32_t column);
struct span store_column_text(struct store_statement *statement, uint32_t column);
struct span store_column_bytes(struct store_statement *statement, uint32_t column);
bool store_column_is_null(struct store_statement *statement, uint32_t column);
uint32_t store_column_count(struct store_statement *statement);

/* Whatever the column holds, for whoever compares or copies tables without knowing them. */
enum store_kind { STORE_KIND_NULL, STORE_KIND_NUMBER, STORE_KIND_TEXT, STORE_KIND_BYTES, STORE_KIND_OTHER };
struct store_value {
	enum store_kind kind;
	int64_t number;
	struct span span; /* of text, bytes, and the printed form of another kind */
};
struct store_value store_column_any(struct store_statement *statement, uint32_t column);

/* End the use of a statement, so that it holds no read transaction open.
 * fails   ERR_CORRUPT when a column since store_statement was not what it was read as.
 */
struct err store_done(struct store_statement *statement) MUST_USE;

/* Run a statement that gives no rows and is bound already: step and done. */
struct err store_run(struct store_statement *statement) MUST_USE;

/* Run a script of statements without parameters: schemas. Nothing is kept. */
struct err store_script(struct store *store, const char *sql) MUST_USE;

/* A statement made for one use, for SQL that is composed at run time (by fsck, from names in our own tables). Never
 * from what came from outside.
 * owns    the caller, until store_statement_free.
 */
struct err store_statement_once(struct store *store, const char *sql, struct store_statement **ret_statement) MUST_USE;
struct store_statement *store_statement_free(struct store_statement *statement); /* gives NULL */

/* Rows that the last INSERT, UPDATE or DELETE changed. */
uint64_t store_changed(const struct store *store);

/* ---- the write-ahead log, the time limit, the check ---- */

struct store_wal {
	uint64_t frames;      /* pages in the log, counted from its last start over */
	uint64_t frames_done; /* of them copied into the database */
	bool behind;          /* a reader, a writer or another checkpoint kept it from finishing; try again later */
};

/* Copy what the log holds into the database as far as readers allow, and flush. Holds up neither readers nor the
 * writer, so it may run from another thread with a connection of its own (STORE_WRITE). Once all is copied and no
 * reader is in the log, the next transaction starts the log over and overwrites it. A log that another thread copies
 * under load is never quite done: the writer itself makes the last step, between transactions, when few frames are
 * left.
 *
 * fails   ERR_IO, ERR_FULL, ERR_CORRUPT. Not because of somebody else's lock: that is `behind`.
 */
struct err store_checkpoint_wal(struct store *store, struct store_wal *ret_wal) MUST_USE;

/* Copy all and empty the log, so that no older version of any page is left in it: after a key was destroyed.
 * fails   ERR_BUSY while somebody reads or writes.
 */
struct err store_empty_wal(struct store *store) MUST_USE;

/* The size of the log file in bytes; 0 when there is none. */
uint64_t store_wal_bytes(const struct store *store);
/* What this connection's last commit left in the log, in bytes: cheap, for the writer after each commit. */
uint64_t store_wal_bytes_used(const struct store *store);

/* End whatever runs on this connection, from any thread or a signal handler; it fails with ERR_TOO_LARGE. */
void store_interrupt(struct store *store);

/* Walk the whole file's structure. `say` gets each complaint, at most `complaints_max`.
 *
 * gives   how many complaints there were; 0 is a sound file.
 */
struct err store_check(struct store *store, uint32_t complaints_max, void (*say)(void *context, const char *complaint),
		       void *context, uint32_t *ret_complaints) MUST_USE;

#endif
