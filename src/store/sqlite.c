#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	STATEMENT_SLOTS = 2 * STORE_STATEMENTS_MAX, /* a power of two, never more than half full */
	OPERATIONS_PER_LOOK = 20000,                /* of SQLite's machine between two looks at the clock */
};

struct store_statement {
	struct store *store;
	sqlite3_stmt *handle;
	const char *sql;
	uint32_t column_count;
	uint8_t place[STORE_PARAMETERS_MAX + 1]; /* of $n among SQLite's own parameter numbers; 0: the SQL has no $n */
	bool open;                               /* in the middle of its rows */
	bool wrong_type;
};

struct store {
	sqlite3 *handle;
	char *path;
	enum store_mode mode;
	struct store_statement *slots[STATEMENT_SLOTS];
	size_t statement_count;
	size_t open_count; /* statements in the middle of their rows */
	uint32_t query_ms_max;
	uint64_t query_end_us; /* boot time */
	uint64_t wal_frames;
	sqlite3_stmt *begin, *begin_read, *commit, *rollback;
};

/* ---- what went wrong ---- */

static enum err_code code_of_open(int system_errno)
{
	switch (system_errno) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

static enum err_code code_of(int result, int system_errno)
{
	switch (result & 0xFF) {
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return ERR_CORRUPT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return ERR_BUSY;
	case SQLITE_IOERR:
		return system_errno == ENOSPC || system_errno == EDQUOT ? ERR_FULL : ERR_IO;
	case SQLITE_CANTOPEN:
		return code_of_open(system_errno);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERR_DENIED;
	case SQLITE_INTERRUPT:
	case SQLITE_TOOBIG:
		return ERR_TOO_LARGE;
	case SQLITE_CONSTRAINT:
		return result == SQLITE_CONSTRAINT_UNIQUE || result == SQLITE_CONSTRAINT_PRIMARYKEY ||
				       result == SQLITE_CONSTRAINT_ROWID
			       ? ERR_EXISTS
			       : ERR_INVALID;
	case SQLITE_ERROR:
		return ERR_INVALID;
	default:
		return ERR_IO;
	}
}

static struct err failure_of(const struct store *store, int result, const char *doing)
{
	REQUIRE((result & 0xFF) != SQLITE_MISUSE);
	int system_errno = sqlite3_system_errno(store->handle);
	return FAIL(code_of(result, system_errno), "%s: %s: %s", store->path, doing,
		    (result & 0xFF) == SQLITE_INTERRUPT ? "took longer than it may" : sqlite3_errmsg(store->handle));
}

/* ---- opening ---- */

static int look_at_clock(void *context)
{
	const struct store *store = context;
	return store->query_end_us != 0 && clock_boot_us() > store->query_end_us;
}

static int note_wal(void *context, sqlite3 *handle, const char *name, int frames)
{
	(void)handle;
	(void)name;
	((struct store *)context)->wal_frames = (uint64_t)frames;
	return SQLITE_OK;
}

/* The file is made here rather than by SQLite, so that its group may read it whatever the umask says. The log and the
 * shared index take their mode from it.
 */
static struct err make_file(const char *path)
{
	int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (file < 0 && errno == EEXIST)
		return OK; /* not opened again: closing it would drop the locks of another connection of ours */
	if (file < 0)
		return FAIL_ERRNO("%s", path);
	struct err e = fchmod(file, 0640) == 0 ? OK : FAIL_ERRNO("%s", path);
	(void)close(file);
	return e;
}

static struct err set_pragma(struct store *store, const char *name, int64_t value)
{
	char sql[128];
	(void)snprintf(sql, sizeof sql, "PRAGMA %s = %" PRId64, name, value);
	int result = sqlite3_exec(store->handle, sql, NULL, NULL, NULL);
	return result == SQLITE_OK ? OK : failure_of(store, result, sql);
}

static struct err set_log_mode(struct store *store)
{
	struct store_statement *statement;
	bool row;
	TRY(store_statement_once(store, "PRAGMA journal_mode = WAL", &statement));
	struct err e = store_step(statement, &row);
	if (!failed(e) && (!row || !span_is(store_column_text(statement, 0), "wal")))
		e = FAIL(ERR_UNSUPPORTED, "%s: no write-ahead log here", store->path);
	store_statement_free(statement);
	return e;
}

static struct err configure_writer(struct store *store)
{
	TRY(set_pragma(store, "page_size", STORE_PAGE_SIZE));
	TRY(set_pragma(store, "auto_vacuum", 0));
	TRY(set_log_mode(store));
	TRY(set_pragma(store, "synchronous", 2)); /* FULL: a commit is on the disk */
	TRY(set_pragma(store, "secure_delete", 1));
	TRY(set_pragma(store, "wal_autocheckpoint", 0));
	TRY(set_pragma(store, "journal_size_limit", STORE_WAL_BYTES_KEPT));
	sqlite3_wal_hook(store->handle, note_wal, store);
	return OK;
}

static struct err configure(struct store *store, const struct store_options *options)
{
	static const struct {
		int what;
		int value;
	} switches[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
		{SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 0},
	};
	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
		ENSURE(sqlite3_db_config(store->handle, switches[i].what, switches[i].value, NULL) == SQLITE_OK);
	sqlite3_limit(store->handle, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(store->handle, SQLITE_LIMIT_VARIABLE_NUMBER, STORE_PARAMETERS_MAX);
	sqlite3_busy_timeout(store->handle, 0);
	store->query_ms_max = options->query_ms_max;
	if (store->query_ms_max > 0)
		sqlite3_progress_handler(store->handle, OPERATIONS_PER_LOOK, look_at_clock, store);

	uint32_t cache_kb = options->cache_kb_max ? options->cache_kb_max : STORE_CACHE_KB_DEFAULT;
	TRY(set_pragma(store, "cache_size", -(int64_t)cache_kb));
	TRY(set_pragma(store, "mmap_size", (int64_t)options->mmap_bytes));
	TRY(set_pragma(store, "cell_size_check", 1));
	TRY(set_pragma(store, "temp_store", 2)); /* memory: a sandbox allows no temporary files */
	if (options->mode == STORE_WRITE)
		TRY(configure_writer(store));
	else
		TRY(set_pragma(store, "query_only", 1));
	/* The first read recovers the log and opens every file that is ever needed, before a sandbox closes. */
	return store_script(store, "SELECT count(*) FROM sqlite_schema");
}

struct err store_open(const char *path, const struct store_options *options, struct store **ret_store)
{
	REQUIRE(options->mmap_bytes <= STORE_MMAP_BYTES_MAX);
	REQUIRE(!options->create || options->mode == STORE_WRITE);
	if (options->create && !options->vfs)
		TRY(make_file(path));
	struct store *store = calloc(1, sizeof *store);
	ENSURE(store);
	store->mode = options->mode;
	store->path = strdup(path);
	ENSURE(store->path);
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	flags |= options->mode == STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	flags |= options->create ? SQLITE_OPEN_CREATE : 0;
	int result = sqlite3_open_v2(path, &store->handle, flags, options->vfs);
	ENSURE(store->handle);
	struct err e = result == SQLITE_OK ? configure(store, options) : failure_of(store, result, "open");
	if (failed(e)) {
		store_close(store);
		return e;
	}
	*ret_store = store;
	return OK;
}

struct store *store_close(struct store *store)
{
	if (!store)
		return NULL;
	for (size_t i = 0; i < STATEMENT_SLOTS; i++)
		store_statement_free(store->slots[i]);
	(void)sqlite3_finalize(store->begin);
	(void)sqlite3_finalize(store->begin_read);
	(void)sqlite3_finalize(store->commit);
	(void)sqlite3_finalize(store->rollback);
	ENSURE(sqlite3_close(store->handle) == SQLITE_OK); /* else a statement made for one use was not freed */
	free(store->path);
	free(store);
	return NULL;
}

void store_free_at(struct store **store)
{
	*store = store_close(*store);
}

/* ---- statements ---- */

static void find_parameters(struct store_statement *statement)
{
	int count = sqlite3_bind_parameter_count(statement->handle);
	for (int i = 1; i <= count; i++) {
		const char *name = sqlite3_bind_parameter_name(statement->handle, i);
		uint64_t number = 0;
		REQUIRE(name && name[0] == '$' &&
			!failed(decimal_read(span_of_string(name + 1), STORE_PARAMETERS_MAX, &number)) && number > 0);
		statement->place[number] = (uint8_t)i;
	}
}

struct err store_statement_once(struct store *store, const char *sql, struct store_statement **ret_statement)
{
	sqlite3_stmt *handle = NULL;
	const char *rest = NULL;
	int result = sqlite3_prepare_v3(store->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, &rest);
	if (result != SQLITE_OK)
		return failure_of(store, result, sql);
	REQUIRE(handle && rest[strspn(rest, " \t\n;")] == '\0'); /* one statement, whole */
	struct store_statement *statement = calloc(1, sizeof *statement);
	ENSURE(statement);
	statement->store = store;
	statement->handle = handle;
	statement->sql = sql;
	statement->column_count = (uint32_t)sqlite3_column_count(handle);
	find_parameters(statement);
	*ret_statement = statement;
	return OK;
}

static void statement_reset(struct store_statement *statement)
{
	/* What it returns is the last step's result once more, which was reported then. */
	(void)sqlite3_reset(statement->handle);
	if (statement->open)
		statement->store->open_count--;
	statement->open = false;
}

struct store_statement *store_statement_free(struct store_statement *statement)
{
	if (!statement)
		return NULL;
	statement_reset(statement);
	(void)sqlite3_finalize(statement->handle);
	free(statement);
	return NULL;
}

static struct store_statement **slot_of(struct store *store, const char *sql)
{
	uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);
	size_t at = (size_t)(hash >> 32) & (STATEMENT_SLOTS - 1);
	while (store->slots[at] && store->slots[at]->sql != sql)
		at = (at + 1) & (STATEMENT_SLOTS - 1);
	return &store->slots[at];
}

struct err store_statement(struct store *store, const char *sql, struct store_statement **ret_statement)
{
	struct store_statement **slot = slot_of(store, sql);
	if (!*slot) {
		REQUIRE(store->statement_count < STORE_STATEMENTS_MAX);
		TRY(store_statement_once(store, sql, slot));
		store->statement_count++;
	} else {
		REQUIRE(strcmp(sqlite3_sql((*slot)->handle), sql) == 0); /* a literal, not a buffer used again */
		statement_reset(*slot);
		(void)sqlite3_clear_bindings((*slot)->handle);
	}
	(*slot)->wrong_type = false;
	*ret_statement = *slot;
	return OK;
}

static int place_of(const struct store_statement *statement, uint32_t number)
{
	REQUIRE(number > 0 && number <= STORE_PARAMETERS_MAX && statement->place[number] > 0 && !statement->open);
	return statement->place[number];
}

void store_bind_u64(struct store_statement *statement, uint32_t number, uint64_t value)
{
	REQUIRE(value <= STORE_U64_MAX);
	ENSURE(sqlite3_bind_int64(statement->handle, place_of(statement, number), (sqlite3_int64)value) == SQLITE_OK);
}

void store_bind_text(struct store_statement *statement, uint32_t number, struct span text)
{
	const char *at = text.size > 0 ? (const char *)text.at : ""; /* a null pointer would be NULL, not empty */
	ENSURE(sqlite3_bind_text64(statement->handle, place_of(statement, number), at, text.size, SQLITE_STATIC,
				   SQLITE_UTF8) == SQLITE_OK);
}

void store_bind_bytes(struct store_statement *statement, uint32_t number, struct span bytes)
{
	const void *at = bytes.size > 0 ? (const void *)bytes.at : "";
	ENSURE(sqlite3_bind_blob64(statement->handle, place_of(statement, number), at, bytes.size, SQLITE_STATIC) ==
	       SQLITE_OK);
}

void store_bind_null(struct store_statement *statement, uint32_t number)
{
	ENSURE(sqlite3_bind_null(statement->handle, place_of(statement, number)) == SQLITE_OK);
}

static struct err wrong_type(const struct store_statement *statement)
{
	return FAIL(ERR_CORRUPT, "%s: a column is not of its type: %s", statement->store->path, statement->sql);
}

struct err store_step(struct store_statement *statement, bool *ret_row)
{
	struct store *store = statement->store;
	if (statement->wrong_type)
		return wrong_type(statement);
	if (!statement->open && store->query_ms_max > 0)
		store->query_end_us = clock_boot_us() + UINT64_C(1000) * store->query_ms_max;
	int result = sqlite3_step(statement->handle);
	if (result == SQLITE_ROW) {
		if (!statement->open)
			store->open_count++;
		statement->open = true;
		*ret_row = true;
		return OK;
	}
	struct err e = result == SQLITE_DONE ? OK : failure_of(store, result, statement->sql);
	statement_reset(statement);
	if (!failed(e))
		*ret_row = false;
	return e;
}

/* A column's value. What sqlite3_value_... gives from it is safe on a connection that one thread uses at a time, as
 * ours are, and costs a fraction of what sqlite3_column_... does.
 */
static sqlite3_value *value_of(struct store_statement *statement, uint32_t column)
{
	REQUIRE(statement->open && column < statement->column_count);
	return sqlite3_column_value(statement->handle, (int)column);
}

/* Is it of this type? NULL is not, and is no mistake either. */
static bool value_is(struct store_statement *statement, sqlite3_value *value, int type)
{
	int is = sqlite3_value_type(value);
	if (is != type && is != SQLITE_NULL)
		statement->wrong_type = true;
	return is == type;
}

static struct span span_of_value(sqlite3_value *value)
{
	/* The pointer first: asking for it may convert the value, and only then is the size that of what it points
	 * to.
	 */
	const uint8_t *at = sqlite3_value_blob(value);
	return (struct span){at, (size_t)sqlite3_value_bytes(value)};
}

uint64_t store_column_u64(struct store_statement *statement, uint32_t column)
{
	sqlite3_value *value = value_of(statement, column);
	if (!value_is(statement, value, SQLITE_INTEGER))
		return 0;
	sqlite3_int64 number = sqlite3_value_int64(value);
	if (number < 0)
		statement->wrong_type = true;
	return number < 0 ? 0 : (uint64_t)number;
}

struct span store_column_text(struct store_statement *statement, uint32_t column)
{
	sqlite3_value *value = value_of(statement, column);
	return value_is(statement, value, SQLITE_TEXT) ? span_of_value(value) : (struct span){0};
}

struct span store_column_bytes(struct store_statement *statement, uint32_t column)
{
	sqlite3_value *value = value_of(statement, column);
	return value_is(statement, value, SQLITE_BLOB) ? span_of_value(value) : (struct span){0};
}

bool store_column_is_null(struct store_statement *statement, uint32_t column)
{
	return sqlite3_value_type(value_of(statement, column)) == SQLITE_NULL;
}

uint32_t store_column_count(struct store_statement *statement)
{
	return statement->column_count;
}

struct store_value store_column_any(struct store_statement *statement, uint32_t column)
{
	sqlite3_value *value = value_of(statement, column);
	switch (sqlite3_value_type(value)) {
	case SQLITE_NULL:
		return (struct store_value){.kind = STORE_KIND_NULL};
	case SQLITE_INTEGER:
		return (struct store_value){.kind = STORE_KIND_NUMBER, .number = sqlite3_value_int64(value)};
	case SQLITE_TEXT:
		return (struct store_value){.kind = STORE_KIND_TEXT, .span = span_of_value(value)};
	case SQLITE_BLOB:
		return (struct store_value){.kind = STORE_KIND_BYTES, .span = span_of_value(value)};
	default:
		(void)sqlite3_column_text(statement->handle, (int)column); /* in its printed form from now on */
		return (struct store_value){.kind = STORE_KIND_OTHER, .span = span_of_value(value)};
	}
}

struct err store_done(struct store_statement *statement)
{
	statement_reset(statement);
	bool wrong = statement->wrong_type;
	statement->wrong_type = false;
	return wrong ? wrong_type(statement) : OK;
}

struct err store_run(struct store_statement *statement)
{
	bool row;
	TRY(store_step(statement, &row));
	REQUIRE(!row);
	return store_done(statement);
}

struct err store_script(struct store *store, const char *sql)
{
	int result = sqlite3_exec(store->handle, sql, NULL, NULL, NULL);
	return result == SQLITE_OK ? OK : failure_of(store, result, "script");
}

uint64_t store_changed(const struct store *store)
{
	return (uint64_t)sqlite3_changes64(store->handle);
}

/* ---- transactions ---- */

static struct err run_plain(struct store *store, sqlite3_stmt **handle, const char *sql)
{
	int result = SQLITE_OK;
	if (!*handle)
		result = sqlite3_prepare_v3(store->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, handle, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(*handle);
	struct err e = result == SQLITE_DONE ? OK : failure_of(store, result, sql);
	if (*handle)
		(void)sqlite3_reset(*handle);
	return e;
}

static void close_statements(struct store *store)
{
	if (store->open_count == 0)
		return;
	for (size_t i = 0; i < STATEMENT_SLOTS; i++)
		if (store->slots[i] && store->slots[i]->open)
			statement_reset(store->slots[i]);
}

struct err store_begin(struct store *store)
{
	REQUIRE(store->mode == STORE_WRITE && !store_in_transaction(store));
	return run_plain(store, &store->begin, "BEGIN IMMEDIATE");
}

struct err store_begin_read(struct store *store)
{
	REQUIRE(!store_in_transaction(store));
	return run_plain(store, &store->begin_read, "BEGIN");
}

struct err store_commit(struct store *store)
{
	REQUIRE(store_in_transaction(store));
	close_statements(store);
	struct err e = run_plain(store, &store->commit, "COMMIT");
	if (failed(e) && store_in_transaction(store)) {
		char why[ERR_WHY_SIZE_MAX];
		(void)snprintf(why, sizeof why, "%s", err_why());
		store_rollback(store);
		e = err_make(e.code, e.file, e.line, "%s", why);
	}
	return e;
}

void store_rollback(struct store *store)
{
	close_statements(store);
	/* SQLite may have rolled back by itself already; and when rolling back fails, the file's log still ends before
	 * this transaction.
	 */
	if (store_in_transaction(store))
		(void)failed(run_plain(store, &store->rollback, "ROLLBACK"));
}

bool store_in_transaction(const struct store *store)
{
	return sqlite3_get_autocommit(store->handle) == 0;
}

/* ---- the log, the time limit, the check ---- */

struct err store_checkpoint_wal(struct store *store, struct store_wal *ret_wal)
{
	REQUIRE(store->mode == STORE_WRITE && !store_in_transaction(store));
	int frames = 0;
	int done = 0;
	int result = sqlite3_wal_checkpoint_v2(store->handle, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &done);
	bool busy = (result & 0xFF) == SQLITE_BUSY || (result & 0xFF) == SQLITE_LOCKED;
	if (result != SQLITE_OK && !busy)
		return failure_of(store, result, "checkpoint");
	ret_wal->frames = frames > 0 ? (uint64_t)frames : 0;
	ret_wal->frames_done = done > 0 ? (uint64_t)done : 0;
	ret_wal->behind = busy || ret_wal->frames_done < ret_wal->frames;
	return OK;
}

struct err store_empty_wal(struct store *store)
{
	REQUIRE(store->mode == STORE_WRITE && !store_in_transaction(store));
	close_statements(store);
	int result = sqlite3_wal_checkpoint_v2(store->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return result == SQLITE_OK ? OK : failure_of(store, result, "empty the log");
}

uint64_t store_wal_bytes(const struct store *store)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;
	if (sqlite3_file_control(store->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || !file ||
	    !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK || size < 0)
		return 0;
	return (uint64_t)size;
}

uint64_t store_wal_bytes_used(const struct store *store)
{
	return store->wal_frames * (STORE_PAGE_SIZE + 24);
}

void store_interrupt(struct store *store)
{
	sqlite3_interrupt(store->handle);
}

struct err store_check(struct store *store, uint32_t complaints_max, void (*say)(void *context, const char *complaint),
		       void *context, uint32_t *ret_complaints)
{
	REQUIRE(complaints_max > 0);
	char sql[64];
	(void)snprintf(sql, sizeof sql, "PRAGMA integrity_check(%" PRIu32 ")", complaints_max);
	struct store_statement *statement;
	TRY(store_statement_once(store, sql, &statement));
	uint32_t complaints = 0;
	struct err e;
	for (bool row;;) {
		e = store_step(statement, &row);
		if (failed(e) || !row)
			break;
		const char *text = (const char *)sqlite3_column_text(statement->handle, 0);
		if (!text || strcmp(text, "ok") == 0)
			continue;
		complaints++;
		say(context, text);
	}
	store_statement_free(statement);
	if (!failed(e))
		*ret_complaints = complaints;
	return e;
}
