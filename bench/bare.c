#include "bench/bare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench.h"

enum { PAGE_SIZE = 4096, CACHE_KB = 3 * 1024, TILE_HASHES = 256, HASH_SIZE = 32, TILE_LEVELS = 8 };

#define SQL_OK(handle, call)                                                                                           \
	do {                                                                                                           \
		int result_ = (call);                                                                                  \
		if (result_ != SQLITE_OK && result_ != SQLITE_DONE && result_ != SQLITE_ROW)                           \
			bench_fail("%s: %s", #call, sqlite3_errmsg(handle));                                           \
	} while (0)

static sqlite3_stmt *prepare(sqlite3 *handle, const char *sql)
{
	sqlite3_stmt *statement;
	SQL_OK(handle, sqlite3_prepare_v3(handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL));
	return statement;
}

static void set(sqlite3 *handle, const char *pragma)
{
	SQL_OK(handle, sqlite3_exec(handle, pragma, NULL, NULL, NULL));
}

/* ---- reading what was written ---- */

sqlite3 *bare_open_reader(const char *database)
{
	sqlite3 *handle;
	SQL_OK(handle, sqlite3_open_v2(database, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
	(void)sqlite3_busy_timeout(handle, 2000);
	return handle;
}

static struct span column_copy(sqlite3_stmt *statement, int column)
{
	const void *at = sqlite3_column_blob(statement, column);
	size_t size = (size_t)sqlite3_column_bytes(statement, column);
	uint8_t *copy = malloc(size + 1);
	ENSURE(copy);
	if (size > 0)
		memcpy(copy, at, size);
	return (struct span){copy, size};
}

static void row_load(sqlite3_stmt *from, struct bare_row *row)
{
	row->seq = (uint64_t)sqlite3_column_int64(from, 0);
	row->line = column_copy(from, 1);
	row->type = column_copy(from, 2);
	row->actor = column_copy(from, 3);
	row->has_cause = sqlite3_column_type(from, 4) != SQLITE_NULL;
	row->cause = (uint64_t)sqlite3_column_int64(from, 4);
	row->time = (uint64_t)sqlite3_column_int64(from, 5);
	row->person = (uint64_t)sqlite3_column_int64(from, 6);
	row->door = (uint64_t)sqlite3_column_int64(from, 7);
}

void bare_rows_load(const char *database, uint64_t first, uint64_t end, struct bare_rows *ret_rows)
{
	sqlite3 *handle = bare_open_reader(database);
	sqlite3_stmt *from =
		prepare(handle, "SELECT e.seq, e.line, i.type, i.actor, i.cause, p.time, p.person, p.door FROM entry e"
				" JOIN ledger_index i ON i.seq = e.seq LEFT JOIN access_passage p ON p.seq = e.seq"
				" WHERE e.seq >= $1 AND e.seq < $2 ORDER BY e.seq");
	*ret_rows = (struct bare_rows){.at = calloc(end - first + 1, sizeof *ret_rows->at), .first = first};
	ENSURE(ret_rows->at);
	(void)sqlite3_bind_int64(from, 1, (sqlite3_int64)first);
	(void)sqlite3_bind_int64(from, 2, (sqlite3_int64)end);
	while (ret_rows->count < end - first && sqlite3_step(from) == SQLITE_ROW)
		row_load(from, &ret_rows->at[ret_rows->count++]);
	BENCH_NEED(ret_rows->count == end - first, "%zu rows where %llu belong", ret_rows->count,
		   (unsigned long long)(end - first));
	(void)sqlite3_finalize(from);
	from = prepare(handle, "SELECT note FROM checkpoint WHERE id = 1");
	BENCH_NEED(sqlite3_step(from) == SQLITE_ROW, "no checkpoint");
	ret_rows->note = column_copy(from, 0);
	(void)sqlite3_finalize(from);
	(void)sqlite3_close(handle);
	sqlite3_randomness(sizeof ret_rows->tile, ret_rows->tile);
}

void bare_rows_free(struct bare_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free((void *)(uintptr_t)rows->at[i].line.at);
		free((void *)(uintptr_t)rows->at[i].type.at);
		free((void *)(uintptr_t)rows->at[i].actor.at);
	}
	free(rows->at);
	free((void *)(uintptr_t)rows->note.at);
	*rows = (struct bare_rows){0};
}

uint64_t bare_size(sqlite3 *handle)
{
	sqlite3_stmt *find = prepare(handle, "SELECT size FROM checkpoint WHERE id = 1");
	uint64_t size = sqlite3_step(find) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(find, 0) : 0;
	(void)sqlite3_finalize(find);
	return size;
}

/* ---- the copy ---- */

static void copy_file(const char *from, const char *to)
{
	struct stat is;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	BENCH_NEED(in >= 0 && fstat(in, &is) == 0, "open %s: %s", from, strerror(errno));
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	BENCH_NEED(out >= 0, "open %s: %s", to, strerror(errno));
	for (off_t left = is.st_size; left > 0;) {
		ssize_t sent = sendfile(out, in, NULL, (size_t)left);
		BENCH_NEED(sent > 0, "copy %s: %s", from, strerror(errno));
		left -= sent;
	}
	BENCH_NEED(fsync(out) == 0, "flush %s: %s", to, strerror(errno));
	(void)close(in);
	(void)close(out);
}

void bare_copy(const char *from, const char *to)
{
	char source[BENCH_PATH_SIZE], target[BENCH_PATH_SIZE];
	copy_file(from, to);
	bench_path(source, "%s-wal", from);
	bench_path(target, "%s-wal", to);
	if (access(source, F_OK) == 0)
		copy_file(source, target);
	bench_path(target, "%s-shm", to);
	(void)unlink(target);
}

/* ---- writing ---- */

static int note_wal(void *context, sqlite3 *handle, const char *name, int frames)
{
	(void)handle;
	(void)name;
	((struct bare *)context)->wal_bytes = (uint64_t)frames * (PAGE_SIZE + 24);
	return SQLITE_OK;
}

static void statements_prepare(struct bare *bare)
{
	sqlite3 *handle = bare->handle;
	bare->begin = prepare(handle, "BEGIN IMMEDIATE");
	bare->commit = prepare(handle, "COMMIT");
	bare->entry = prepare(handle, "INSERT INTO entry (seq, line) VALUES ($1, $2)");
	bare->index = prepare(handle, "INSERT INTO ledger_index (seq, type, actor, cause) VALUES ($1, $2, $3, $4)");
	bare->tile = prepare(handle, "INSERT INTO tile (level, number, hashes) VALUES ($1, $2, $3)"
				     " ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes");
	bare->checkpoint = prepare(handle, "INSERT INTO checkpoint (id, size, note) VALUES (1, $1, $2) ON CONFLICT (id)"
					   " DO UPDATE SET size = excluded.size, note = excluded.note");
	bare->passage = prepare(handle, "INSERT INTO access_passage (seq, time, person, door, granted, reason)"
					" VALUES ($1, $2, $3, $4, 1, 12)");
	bare->door = prepare(handle, "UPDATE access_door SET unlocked_until = $2, unlocked_by = $3 WHERE id = $1");
}

void bare_open(const char *database, struct bare *ret_bare)
{
	char cache[60];
	*ret_bare = (struct bare){0};
	SQL_OK(ret_bare->handle,
	       sqlite3_open_v2(database, &ret_bare->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	sqlite3 *handle = ret_bare->handle;
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)snprintf(cache, sizeof cache, "PRAGMA cache_size = -%d", CACHE_KB);
	set(handle, cache);
	set(handle, "PRAGMA cell_size_check = 1");
	set(handle, "PRAGMA temp_store = 2");
	set(handle, "PRAGMA journal_mode = WAL");
	set(handle, "PRAGMA synchronous = FULL");
	set(handle, "PRAGMA secure_delete = 1");
	set(handle, "PRAGMA wal_autocheckpoint = 0");
	statements_prepare(ret_bare);
	(void)sqlite3_wal_hook(handle, note_wal, ret_bare);
	/* As the server at rest: all of the log copied, so that the next transaction starts it over. */
	SQL_OK(handle, sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
}

void bare_close(struct bare *bare)
{
	sqlite3_stmt *all[] = {bare->begin, bare->commit,     bare->entry,   bare->index,
			       bare->tile,  bare->checkpoint, bare->passage, bare->door};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		(void)sqlite3_finalize(all[i]);
	BENCH_NEED(sqlite3_close(bare->handle) == SQLITE_OK, "the floor's database would not close");
	*bare = (struct bare){0};
}

static void run(struct bare *bare, sqlite3_stmt *statement)
{
	SQL_OK(bare->handle, sqlite3_step(statement));
	SQL_OK(bare->handle, sqlite3_reset(statement));
}

static void bind_number(sqlite3_stmt *statement, int place, uint64_t value)
{
	(void)sqlite3_bind_int64(statement, place, (sqlite3_int64)value);
}

static void bind_bytes(sqlite3_stmt *statement, int place, struct span bytes)
{
	(void)sqlite3_bind_blob64(statement, place, bytes.at, bytes.size, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *statement, int place, struct span text)
{
	(void)sqlite3_bind_text64(statement, place, (const char *)text.at, text.size, SQLITE_STATIC, SQLITE_UTF8);
}

/* A complete tile of level 0, and the tile above it that has grown by one hash, and so on: as ledger/tiles.c. */
static void tiles_write(struct bare *bare, const struct bare_rows *rows, uint64_t seq)
{
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		uint64_t before = seq >> 8 * level; /* the number of this level's newest hash */
		size_t count = (size_t)(before % TILE_HASHES) + 1;
		bool complete = count == TILE_HASHES;
		if (level > 0 || complete) {
			bind_number(bare->tile, 1, level);
			bind_number(bare->tile, 2, before / TILE_HASHES);
			bind_bytes(bare->tile, 3, (struct span){rows->tile, count * HASH_SIZE});
			run(bare, bare->tile);
		}
		if (!complete)
			return;
	}
}

void bare_begin(struct bare *bare)
{
	run(bare, bare->begin);
}

void bare_write(struct bare *bare, const struct bare_rows *rows, const struct bare_row *row)
{
	bind_number(bare->entry, 1, row->seq);
	bind_bytes(bare->entry, 2, row->line);
	run(bare, bare->entry);
	tiles_write(bare, rows, row->seq);
	bind_number(bare->index, 1, row->seq);
	bind_text(bare->index, 2, row->type);
	bind_text(bare->index, 3, row->actor);
	if (row->has_cause)
		bind_number(bare->index, 4, row->cause);
	else
		(void)sqlite3_bind_null(bare->index, 4);
	run(bare, bare->index);
	if (row->person == 0)
		return;
	bind_number(bare->passage, 1, row->seq);
	bind_number(bare->passage, 2, row->time);
	bind_number(bare->passage, 3, row->person);
	bind_number(bare->passage, 4, row->door);
	run(bare, bare->passage);
	bind_number(bare->door, 1, row->door);
	bind_number(bare->door, 2, row->time + 5000000);
	bind_number(bare->door, 3, row->seq);
	run(bare, bare->door);
}

void bare_commit(struct bare *bare, const struct bare_rows *rows, uint64_t size)
{
	bind_number(bare->checkpoint, 1, size);
	bind_bytes(bare->checkpoint, 2, rows->note);
	run(bare, bare->checkpoint);
	run(bare, bare->commit);
}

void bare_tidy(struct bare *bare, uint64_t wal_bytes_max)
{
	if (bare->wal_bytes > wal_bytes_max)
		SQL_OK(bare->handle,
		       sqlite3_wal_checkpoint_v2(bare->handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
}
