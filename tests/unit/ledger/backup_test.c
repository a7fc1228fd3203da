/* A backup of a running ledger, and the same ledger out of it on a bare machine. */
#include "ledger/backup.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/random.h"
#include "unit/ledger/post.h"

#define SHAPE_TABLE "unit/ledger/shapes.def"
#include "base/shape_tables.h"

enum { ENTRIES = 1500 };

static struct post post;
static struct ledger_backup_report made;
static struct ledger_restored restored;

static size_t file_size(const char *path)
{
	struct stat about;
	return stat(path, &about) == 0 ? (size_t)about.st_size : 0;
}

static void backing_up(void)
{
	struct store *reader = NULL;
	struct store_options reading = {.mode = STORE_READ};
	struct ledger_appended appended;
	struct stat about;
	const char *path = folder_file("backup");
	NEED_OK(store_open(post.path, &reading, &reader), "a reader");
	NEED_OK(store_begin(post.store), "while the writer is in the middle of a transaction");
	NEED_OK(post_append(&post, &appended), "append");
	CHECK_OK(ledger_backup(reader, &post.root, POST_CODE, POST_TIME_US, path, &made), "a backup is made");
	NEED_OK(ledger_sign(post.ledger), "sign");
	NEED_OK(store_commit(post.store), "commit");
	CHECK(made.entries == ENTRIES && made.checkpoint.size == ENTRIES && made.sealed > 300 && made.subjects > 200,
	      "of %d entries, %d sealed parts, %d subjects", (int)made.entries, (int)made.sealed, (int)made.subjects);
	CHECK(span_equal(made.checkpoint.origin, POST_ORIGIN), "of this origin");
	CHECK(made.bytes == file_size(path) && stat(path, &about) == 0 && (about.st_mode & 0777) == 0600,
	      "in a file of %d bytes", (int)made.bytes);
	CHECK_FAILS(ledger_backup(reader, &post.root, POST_CODE, POST_TIME_US, path, &made), ERR_EXISTS, "backup",
		    "never over another one");
	reader = store_close(reader);

	static uint8_t bytes[4 * 1024 * 1024];
	FILE *file = fopen(path, "rb");
	NEED(file, "the file");
	size_t size = fread(bytes, 1, sizeof bytes, file);
	(void)fclose(file);
	CHECK(!memmem(bytes, size, "reader/7", 8) && !memmem(bytes, size, post.root.bytes, sizeof post.root.bytes),
	      "which holds nothing readable");
}

static void restoring(void)
{
	struct post again = {.path = folder_file("restored.db")};
	const char *root_path = folder_file("restored.key");
	CHECK_OK(ledger_restore(folder_file("backup"), post.recovery, again.path, root_path, &restored),
		 "it is restored");
	CHECK(restored.backup.entries == ENTRIES && restored.report.finding_total == 0 &&
		      restored.report.entries == ENTRIES &&
		      restored.report.sealed_opened + restored.report.sealed_erased == restored.backup.sealed,
	      "and all of it verified");
	CHECK(restored.time_us == POST_TIME_US &&
		      span_equal((struct span){restored.post, restored.post_size}, POST_CODE) &&
		      restored.backup.checkpoint.size == ENTRIES &&
		      span_equal(restored.backup.checkpoint.origin, POST_ORIGIN),
	      "it says what it is");
	NEED_OK(keys_root_load(root_path, &again.root), "its root key");
	NEED_OK(post_open_store(&again, false), "its database");
	NEED_OK(post_open_ledger(&again), "opens");
	CHECK(ledger_size(again.ledger) == ENTRIES, "with all entries");
	CHECK(span_equal(ledger_checkpoint(again.ledger), (struct span){restored.note, restored.note_size}),
	      "and the checkpoint of then");
	NEED_OK(post_commit(&again, 10), "and goes on");
	CHECK(post_is_sound(&again), "sound");
	CHECK_FAILS(ledger_restore(folder_file("backup"), post.recovery, again.path, root_path, &restored), ERR_EXISTS,
		    "already", "never over another one");
	post_close(&again);
}

static bool nothing_left(const char *database, const char *root)
{
	char log_path[600];
	(void)snprintf(log_path, sizeof log_path, "%s-wal", database);
	return access(database, F_OK) != 0 && access(root, F_OK) != 0 && access(log_path, F_OK) != 0;
}

static void refusals(void)
{
	uint8_t wrong[KEYS_RECOVERY_SIZE];
	const char *database = folder_file("bad.db"), *root = folder_file("bad.key"), *copy = folder_file("bad");
	static uint8_t bytes[4 * 1024 * 1024];
	memcpy(wrong, post.recovery, sizeof wrong);
	wrong[5] ^= 1;
	CHECK_FAILS(ledger_restore(folder_file("backup"), wrong, database, root, &restored), ERR_DENIED,
		    "another recovery key", "another recovery key opens nothing");
	CHECK_FAILS(ledger_restore(folder_file("none"), post.recovery, database, root, &restored), ERR_NOT_FOUND,
		    "none", "no file");
	FILE *file = fopen(folder_file("backup"), "rb");
	NEED(file, "the file");
	size_t size = fread(bytes, 1, sizeof bytes, file);
	(void)fclose(file);
	size_t refused = 0;
	size_t left = 0;
	size_t named = 0;
	for (int i = 0; i < 60; i++) {
		/* Altered, cut off, or with something behind it. */
		size_t at = i < 20 ? (size_t)i * 9 : (size_t)random_below(size);
		size_t new_size = i % 3 == 1 ? at : size;
		uint8_t mask = i % 3 == 0 ? (uint8_t)(1 + random_below(255)) : 0;
		bytes[at] ^= mask;
		file = fopen(copy, "wb");
		NEED(file && fwrite(bytes, 1, new_size, file) == new_size, "a copy");
		if (i % 3 == 2)
			NEED(fputc('x', file) == 'x', "one byte more");
		NEED(fclose(file) == 0, "close");
		bytes[at] ^= mask;
		struct err e = ledger_restore(copy, post.recovery, database, root, &restored);
		refused += failed(e);
		named += e.code == ERR_CORRUPT || e.code == ERR_DENIED;
		left += !nothing_left(database, root);
		(void)unlink(root);
	}
	CHECK(refused == 60 && named == 60, "60 damaged backups are refused (%zu)", refused);
	CHECK(left == 0, "and leave nothing behind");
}

static void erased_meanwhile(void)
{
	struct post again = {.path = folder_file("again.db")};
	bool erased = false;
	NEED_OK(store_begin(post.store), "begin");
	NEED_OK(ledger_erase(ledger_vault(post.ledger), 14, ENTRIES, &erased), "a subject is erased");
	NEED_OK(store_commit(post.store), "commit");
	CHECK_OK(ledger_backup(post.store, &post.root, POST_CODE, POST_TIME_US, folder_file("second"), &made),
		 "backed up");
	CHECK_OK(ledger_restore(folder_file("second"), post.recovery, again.path, folder_file("again.key"), &restored),
		 "restored");
	CHECK(restored.report.finding_total == 0 && restored.report.sealed_erased > 0, "what was erased stays erased");
}

int main(void)
{
	random_start();
	folder_make();
	post.path = folder_file("ledger.db");
	NEED_OK(post_make(&post), "a ledger");
	NEED_OK(post_commit(&post, ENTRIES), "entries");
	backing_up();
	restoring();
	refusals();
	erased_meanwhile();
	post_close(&post);
	return tap_finish();
}
