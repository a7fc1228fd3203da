/* The database door: statements, transactions, readers of another uid, the log, limits, and what errors are called. */
#include "store/store.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "lib/folder.h"
#include "lib/tap.h"

static const struct store_options writing = {.mode = STORE_WRITE, .create = true};
static const struct store_options reading = {.mode = STORE_READ};

static struct store *store;

static void opening(void)
{
	struct store *other = NULL;
	struct stat about;
	const char *path = folder_file("store.db");
	CHECK_FAILS(store_open(path, &reading, &other), ERR_NOT_FOUND, "store.db", "no file, no reader");
	struct store_options existing = {.mode = STORE_WRITE};
	CHECK_FAILS(store_open(path, &existing, &other), ERR_NOT_FOUND, "store.db",
		    "nor a writer that may not make it");
	CHECK_FAILS(store_open(folder_file("no/such/folder"), &writing, &other), ERR_NOT_FOUND, "folder", "no folder");
	mode_t mask = umask(0077);
	NEED_OK(store_open(path, &writing, &store), "a file is made");
	umask(mask);
	CHECK(stat(path, &about) == 0 && (about.st_mode & 0777) == 0640, "its group may read it, whatever the umask");
	NEED_OK(store_script(store, "CREATE TABLE door (id INTEGER PRIMARY KEY, name TEXT, key BLOB);"
				    "CREATE UNIQUE INDEX door_name ON door (name)"),
		"a schema");
	CHECK(stat(folder_file("store.db-wal"), &about) == 0 && (about.st_mode & 0777) == 0640, "as it may the log");

	FILE *file = fopen(folder_file("garbage.db"), "wb");
	NEED(file, "a file");
	for (int i = 0; i < 10000; i++)
		(void)fputc(i * 7 + 1, file);
	(void)fclose(file);
	CHECK_FAILS(store_open(folder_file("garbage.db"), &existing, &other), ERR_CORRUPT, "not a database",
		    "a file that is no database");
}

static struct err insert(uint64_t id, struct span name, struct span key)
{
	struct store_statement *statement;
	TRY(store_statement(store, "INSERT INTO door (key, name, id) VALUES ($3, $2, $1)", &statement));
	store_bind_u64(statement, 1, id);
	store_bind_text(statement, 2, name);
	store_bind_bytes(statement, 3, key);
	return store_run(statement);
}

static void statements(void)
{
	struct store_statement *find;
	bool row;
	NEED_OK(insert(1, SPAN_TEXT("Main gate"), SPAN_TEXT("\0\1\2")), "a row, with its parameters in another order");
	NEED_OK(insert(2, (struct span){0}, (struct span){0}), "one with empty text and bytes");
	NEED_OK(insert(STORE_U64_MAX, SPAN_TEXT("last"), SPAN_TEXT("k")), "one with the largest number");
	NEED_OK(store_script(store, "INSERT INTO door (id) VALUES (3); INSERT INTO door VALUES (4, 44, 'text');"
				    "INSERT INTO door VALUES (-5, x'00', 1.5)"),
		"and rows that are not of their types");

	NEED_OK(store_statement(store, "SELECT id, name, key FROM door WHERE id = $1", &find), "a query");
	store_bind_u64(find, 1, 1);
	NEED_OK(store_step(find, &row), "step");
	CHECK(row && store_column_u64(find, 0) == 1 && span_is(store_column_text(find, 1), "Main gate") &&
		      span_equal(store_column_bytes(find, 2), SPAN_TEXT("\0\1\2")),
	      "reads what was written");
	CHECK(store_column_count(find) == 3, "in three columns");
	CHECK_OK(store_done(find), "done");

	struct store_statement *again;
	NEED_OK(store_statement(store, "SELECT id FROM door WHERE id = 2 AND name = '' AND length(key) = 0", &again),
		"query");
	NEED_OK(store_step(again, &row), "step");
	CHECK(row, "empty text and bytes are empty, not NULL");
	NEED_OK(store_done(again), "done");

	static const char same[] = "SELECT id, name, key FROM door WHERE id = $1";
	struct store_statement *first, *second;
	NEED_OK(store_statement(store, same, &first), "query");
	store_bind_u64(first, 1, 3);
	NEED_OK(store_step(first, &row), "step");
	CHECK(row && store_column_is_null(first, 1) && store_column_text(first, 1).size == 0 &&
		      store_column_bytes(first, 2).size == 0,
	      "NULL reads as empty");
	NEED_OK(store_statement(store, same, &second), "the same text again");
	CHECK(first == second, "is the same statement");
	NEED_OK(store_step(second, &row), "step");
	CHECK(!row, "reset, with no parameter left from before");

	NEED_OK(store_statement(store, same, &first), "query");
	store_bind_u64(first, 1, 4);
	NEED_OK(store_step(first, &row), "step");
	CHECK(store_column_bytes(first, 2).size == 0, "text asked for as bytes reads as empty");
	CHECK_FAILS(store_step(first, &row), ERR_CORRUPT, "not of its type", "and the next step says so");
	CHECK_FAILS(store_done(first), ERR_CORRUPT, "not of its type", "or the end");
	CHECK_OK(store_done(first), "once");
	NEED_OK(store_statement(store, "SELECT id, key, name FROM door WHERE id < 0", &find), "query");
	NEED_OK(store_step(find, &row), "step");
	CHECK(store_column_u64(find, 0) == 0, "a negative number reads as 0");
	struct store_value value = store_column_any(find, 1);
	CHECK(value.kind == STORE_KIND_OTHER && span_is(value.span, "1.5"), "anything can be read as it is");
	value = store_column_any(find, 0);
	CHECK(value.kind == STORE_KIND_NUMBER && value.number == -5, "a number, too");
	CHECK(store_column_any(find, 2).kind == STORE_KIND_BYTES, "and bytes");
	CHECK_FAILS(store_done(find), ERR_CORRUPT, "not of its type", "and is an error");

	NEED_OK(store_statement(store, "DELETE FROM door WHERE id <= $1", &find), "delete");
	store_bind_u64(find, 1, 4);
	NEED_OK(store_run(find), "run");
	CHECK(store_changed(store) == 5, "five rows are gone");
}

static void failures(void)
{
	struct store_statement *statement;
	struct store *second = NULL;
	NEED_OK(insert(1, SPAN_TEXT("one"), (struct span){0}), "a row");
	CHECK_FAILS(insert(1, SPAN_TEXT("two"), (struct span){0}), ERR_EXISTS, "door.id", "the same key again");
	CHECK_FAILS(insert(2, SPAN_TEXT("one"), (struct span){0}), ERR_EXISTS, "door.name",
		    "the same unique name again");
	CHECK_FAILS(store_statement(store, "SELECT colour FROM door", &statement), ERR_INVALID, "no such column",
		    "bad SQL");
	CHECK_FAILS(store_statement(store, "SELECT \"nothing\"", &statement), ERR_INVALID, "no such column",
		    "a name in double quotes is never a text");
	NEED_OK(store_begin(store), "begin");
	CHECK(store_in_transaction(store), "a transaction is open");
	struct store_options other = {.mode = STORE_WRITE};
	NEED_OK(store_open(folder_file("store.db"), &other, &second), "a second connection");
	CHECK_FAILS(store_begin(second), ERR_BUSY, "locked", "one writer at a time, told at once");
	NEED_OK(insert(3, SPAN_TEXT("three"), (struct span){0}), "a row");
	store_rollback(store);
	CHECK(!store_in_transaction(store), "rolled back");
	CHECK_OK(store_begin(second), "then the other may");
	store_rollback(second);
	second = store_close(second);
	NEED_OK(store_open(folder_file("store.db"), &reading, &second), "a reader");
	NEED_OK(store_statement(second, "DELETE FROM door", &statement), "that tries to write");
	CHECK_FAILS(store_run(statement), ERR_DENIED, "readonly", "is denied");
	second = store_close(second);
}

static uint64_t count_doors(struct store *from)
{
	struct store_statement *count;
	bool row;
	NEED_OK(store_statement(from, "SELECT count(*) FROM door", &count), "count");
	NEED_OK(store_step(count, &row), "step");
	uint64_t doors = store_column_u64(count, 0);
	NEED_OK(store_done(count), "done");
	return doors;
}

static void snapshots(void)
{
	struct store *reader = NULL;
	struct store_wal wal;
	NEED_OK(store_open(folder_file("store.db"), &reading, &reader), "a reader");
	uint64_t before = count_doors(reader);
	NEED_OK(store_begin_read(reader), "begin");
	CHECK(count_doors(reader) == before, "a moment");
	NEED_OK(insert(10, SPAN_TEXT("ten"), (struct span){0}), "a row by the writer meanwhile");
	CHECK(count_doors(reader) == before, "is not seen within it");
	NEED_OK(store_checkpoint_wal(store, &wal), "a checkpoint of the log");
	CHECK(wal.behind && wal.frames_done < wal.frames, "cannot finish for the reader");
	CHECK_FAILS(store_empty_wal(store), ERR_BUSY, "locked", "nor can the log be emptied");
	NEED_OK(store_commit(reader), "commit");
	CHECK(count_doors(reader) == before + 1, "afterwards it is");
	NEED_OK(store_checkpoint_wal(store, &wal), "and the checkpoint");
	CHECK(!wal.behind && wal.frames_done == wal.frames, "finishes");
	reader = store_close(reader);
}

static void log_is_reused(void)
{
	struct store_wal wal;
	uint64_t largest = 0;
	for (int round = 0; round < 20; round++) {
		NEED_OK(store_begin(store), "begin");
		for (uint64_t i = 0; i < 50; i++) {
			char name[32];
			(void)snprintf(name, sizeof name, "%d/%d", round, (int)i);
			NEED_OK(insert(1000 + (uint64_t)round * 50 + i, span_of_string(name), SPAN_TEXT("0123456789")),
				"row");
		}
		NEED_OK(store_commit(store), "commit");
		CHECK(store_wal_bytes_used(store) > 0, "the log holds something");
		NEED_OK(store_checkpoint_wal(store, &wal), "checkpoint");
		if (round == 1)
			largest = store_wal_bytes(store);
	}
	CHECK(store_wal_bytes(store) > 0 && store_wal_bytes(store) <= largest + 20 * 4120,
	      "the log is overwritten, not extended: %d bytes after 2 rounds, %d after 20", (int)largest,
	      (int)store_wal_bytes(store));
	uint64_t kept = store_wal_bytes(store);
	store = store_close(store);
	NEED_OK(store_open(folder_file("store.db"), &writing, &store), "opened again");
	CHECK(store_wal_bytes(store) == kept, "closing leaves it where it is");
	NEED_OK(store_empty_wal(store), "it can be emptied");
	CHECK(store_wal_bytes(store) == 0, "when that is wanted");
}

/* ---- a reader with another uid, that may only read ---- */

/* In the child: 0 when all is as it should be, else which step was not. */
static int read_as_another(int from_parent, int to_parent)
{
	char byte = 'x';
	struct store *reader = NULL;
	struct store_statement *statement;
	if (setgroups(0, NULL) != 0 || setgid(0) != 0 || setuid(65534) != 0)
		return 1;
	if (open(folder_file("store.db"), O_RDWR) >= 0 || open(folder_file("store.db-shm"), O_RDWR) >= 0)
		return 2;
	if (failed(store_open(folder_file("store.db"), &reading, &reader))) {
		printf("# %s\n", err_why());
		return 3;
	}
	uint64_t doors = count_doors(reader);
	if (doors < 2)
		return 4;
	if (write(to_parent, &byte, 1) != 1 || read(from_parent, &byte, 1) != 1)
		return 5;
	if (count_doors(reader) != doors + 1)
		return 6;
	if (failed(store_statement(reader, "DELETE FROM door", &statement)) || !failed(store_run(statement)))
		return 7;
	store_close(reader);
	return 0;
}

static void another_uid(bool writer_is_there)
{
	static uint64_t row = 700;
	int down[2], up[2], status = -1;
	char byte = 'x';
	if (geteuid() != 0) {
		CHECK(true, "a reader of another uid # SKIP only root can become one");
		return;
	}
	NEED(chmod(folder_path, 0755) == 0 && pipe(down) == 0 && pipe(up) == 0, "pipes");
	fflush(stdout);
	if (!writer_is_there)
		store = store_close(store);
	pid_t child = fork();
	NEED(child >= 0, "fork");
	if (child == 0) {
		(void)close(up[0]);
		(void)close(down[1]);
		_exit(read_as_another(down[0], up[1]));
	}
	(void)close(up[1]);
	(void)close(down[0]);
	if (read(up[0], &byte, 1) == 1) {
		if (!writer_is_there)
			NEED_OK(store_open(folder_file("store.db"), &writing, &store), "the writer comes");
		char name[32];
		(void)snprintf(name, sizeof name, "meanwhile %d", (int)row);
		NEED_OK(insert(row++, span_of_string(name), (struct span){0}), "a row meanwhile");
		NEED(write(down[1], &byte, 1) == 1, "write");
	}
	NEED(waitpid(child, &status, 0) == child, "wait");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "another uid with only read permission reads, and sees what is committed, %s (step %d)",
	      writer_is_there ? "beside the writer" : "before the writer starts", WEXITSTATUS(status));
	(void)close(up[0]);
	(void)close(down[1]);
	if (!store)
		NEED_OK(store_open(folder_file("store.db"), &writing, &store), "opened again");
}

/* ---- limits ---- */

static const char endless[] = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

static void *interrupt_soon(void *context)
{
	(void)usleep(50000);
	store_interrupt(context);
	return NULL;
}

static void limits(void)
{
	struct store *reader = NULL;
	struct store_statement *statement;
	bool row;
	struct store_options limited = {.mode = STORE_READ, .query_ms_max = 100};
	NEED_OK(store_open(folder_file("store.db"), &limited, &reader), "a reader with 100 ms for a query");
	for (int i = 0; i < 2; i++) {
		uint64_t start_us = clock_boot_us();
		NEED_OK(store_statement(reader, endless, &statement), "an endless query");
		CHECK_FAILS(store_step(statement, &row), ERR_TOO_LARGE, "longer than it may", "ends");
		uint64_t took_us = clock_boot_us() - start_us;
		CHECK(took_us >= 100000 && took_us < 2000000, "after 100 ms (%d)", (int)(took_us / 1000));
		CHECK(count_doors(reader) > 0, "and the next one has its own time");
	}
	reader = store_close(reader);
	NEED_OK(store_open(folder_file("store.db"), &reading, &reader), "a reader without a limit");
	pthread_t thread;
	NEED(pthread_create(&thread, NULL, interrupt_soon, reader) == 0, "a thread");
	NEED_OK(store_statement(reader, endless, &statement), "an endless query");
	CHECK_FAILS(store_step(statement, &row), ERR_TOO_LARGE, "longer than it may", "is ended from another thread");
	NEED(pthread_join(thread, NULL) == 0, "join");
	reader = store_close(reader);
}

/* ---- the log copied by another thread while the writer writes ---- */

static atomic_bool copying = true;

static void *copy_log(void *context)
{
	struct store *mine = NULL;
	struct store_wal wal;
	struct store_options options = {.mode = STORE_WRITE};
	uint64_t *rounds = context;
	if (failed(store_open(folder_file("store.db"), &options, &mine)))
		return context;
	while (copying) {
		if (failed(store_checkpoint_wal(mine, &wal)))
			return context;
		(*rounds)++;
		(void)usleep(1000);
	}
	store_close(mine);
	return NULL;
}

static void copied_by_another_thread(void)
{
	pthread_t thread;
	uint64_t rounds = 0;
	void *result = NULL;
	uint64_t before = count_doors(store);
	NEED(pthread_create(&thread, NULL, copy_log, &rounds) == 0, "a thread");
	for (uint64_t i = 0; i < 300; i++) {
		char name[32];
		(void)snprintf(name, sizeof name, "t%d", (int)i);
		NEED_OK(store_begin(store), "begin");
		NEED_OK(insert(5000 + i, span_of_string(name), SPAN_TEXT("0123456789")), "row");
		NEED_OK(store_commit(store), "commit");
	}
	copying = false;
	NEED(pthread_join(thread, &result) == 0, "join");
	CHECK(result == NULL && rounds > 0 && count_doors(store) == before + 300,
	      "300 transactions while another thread copied the log %d times", (int)rounds);
}

static uint32_t complained;

static void complain(void *context, const char *complaint)
{
	(void)context;
	(void)complaint;
	complained++;
}

static void checking(void)
{
	uint32_t complaints = 99;
	CHECK_OK(store_check(store, 10, complain, NULL, &complaints), "the file is checked");
	CHECK(complaints == 0 && complained == 0, "and sound");
	/* A log that was copied is not forgotten: on the next start its pages count again, until it is overwritten. */
	NEED_OK(store_empty_wal(store), "the log is emptied");
	store = store_close(store);
	int file = open(folder_file("store.db"), O_RDWR);
	uint8_t page[4096];
	NEED(file >= 0 && pread(file, page, sizeof page, 4096) == 4096, "its second page");
	page[4] ^= 1; /* how many cells it has */
	NEED(pwrite(file, page, sizeof page, 4096) == 4096, "altered");
	(void)close(file);
	NEED_OK(store_open(folder_file("store.db"), &writing, &store), "opened again");
	struct err e = store_check(store, 10, complain, NULL, &complaints);
	CHECK(e.code == ERR_CORRUPT || (!failed(e) && complaints > 0 && complained == complaints),
	      "what was altered is told");
}

int main(void)
{
	folder_make();
	opening();
	statements();
	failures();
	snapshots();
	another_uid(true);
	log_is_reused();
	another_uid(true);
	another_uid(false);
	limits();
	copied_by_another_thread();
	checking();
	store = store_close(store);
	return tap_finish();
}
