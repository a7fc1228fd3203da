#include "ledger/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/files.h"
#include "ledger/keys.h"
#include "ledger/stream.h"
#include "ledger/tiles.h"

/* Rows read in one transaction: short enough to hold up nobody. */
enum { ROWS_PER_READ = 2048 };

struct writer {
	struct store *store;
	int file;
	const char *path;
	crypto_secretstream_xchacha20poly1305_state stream;
	uint8_t chunk[BACKUP_CHUNK_SIZE_MAX];
	size_t chunk_size;
	uint8_t record[BACKUP_RECORD_SIZE_MAX];
	uint64_t keys;
	uint64_t size; /* entries that the checkpoint counts */
	struct ledger_backup_report report;
};

static struct err write_all(struct writer *w, struct span bytes)
{
	for (size_t at = 0; at < bytes.size;) {
		ssize_t wrote = write(w->file, bytes.at + at, bytes.size - at);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return FAIL_ERRNO("%s", w->path);
		at += (size_t)wrote;
	}
	w->report.bytes += bytes.size;
	return OK;
}

static struct err flush_chunk(struct writer *w, uint8_t tag)
{
	uint8_t box[4 + BACKUP_BOX_SIZE_MAX];
	unsigned long long size = 0;
	ENSURE(crypto_secretstream_xchacha20poly1305_push(&w->stream, box + 4, &size, w->chunk, w->chunk_size, NULL, 0,
							  tag) == 0);
	struct sink s = SINK_OF(box);
	sink_u32le(&s, (uint32_t)size);
	w->chunk_size = 0;
	return write_all(w, (struct span){box, 4 + (size_t)size});
}

static struct err put_bytes(struct writer *w, struct span bytes)
{
	while (bytes.size > 0) {
		size_t room = sizeof w->chunk - w->chunk_size;
		size_t part = bytes.size < room ? bytes.size : room;
		memcpy(w->chunk + w->chunk_size, bytes.at, part);
		w->chunk_size += part;
		bytes.at += part;
		bytes.size -= part;
		if (w->chunk_size == sizeof w->chunk)
			TRY(flush_chunk(w, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE));
	}
	return OK;
}

static struct err put_record(struct writer *w, enum backup_record kind, const struct sink *fields)
{
	uint8_t front[5];
	struct sink s = SINK_OF(front);
	TRY(sink_finish(fields, "backup: record"));
	sink_u8(&s, (uint8_t)kind);
	sink_u32le(&s, (uint32_t)fields->size);
	TRY(put_bytes(w, sink_span(&s)));
	return put_bytes(w, sink_span(fields));
}

/* ---- the head ---- */

static struct err put_stream_head(struct writer *w)
{
	uint8_t public[KEYS_RECOVERY_SIZE];
	uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
	uint8_t sealed[BACKUP_SEALED_KEY_SIZE];
	uint8_t header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
	TRY(keys_recovery_public(w->store, public));
	crypto_secretstream_xchacha20poly1305_keygen(key);
	bool good = crypto_box_seal(sealed, key, sizeof key, public) == 0;
	if (good)
		ENSURE(crypto_secretstream_xchacha20poly1305_init_push(&w->stream, header, key) == 0);
	wipe(key, sizeof key);
	if (!good)
		return FAIL(ERR_CORRUPT, "recovery key: nothing can be sealed to it");
	TRY(write_all(w, SPAN_TEXT(BACKUP_MAGIC)));
	TRY(write_all(w, SPAN_OF(public)));
	TRY(write_all(w, SPAN_OF(sealed)));
	return write_all(w, SPAN_OF(header));
}

/* The checkpoint is the moment that the backup shows; everything after it is left out. */
static struct err put_head(struct writer *w, const struct keys_root *root, struct span post, uint64_t time_us)
{
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	struct sink n = SINK_OF(note);
	struct sink s = SINK_OF(w->record);
	struct ledger_vkey key;
	TRY(ledger_latest(w->store, &n, &w->size));
	TRY(keys_vkey(w->store, &key));
	struct ledger_checkpoint *checkpoint = &w->report.checkpoint;
	TRY(ledger_checkpoint_open(sink_span(&n), &key, 1, checkpoint, NULL));
	REQUIRE(checkpoint->origin.size <= sizeof w->report.origin);
	memcpy(w->report.origin, checkpoint->origin.at, checkpoint->origin.size);
	checkpoint->extensions = (struct span){0};
	w->size = checkpoint->size;
	sink_u64le(&s, time_us);
	sink_u64le(&s, w->size);
	backup_put(&s, post);
	backup_put(&s, SPAN_OF(root->bytes));
	backup_put(&s, sink_span(&n));
	struct err e = put_record(w, BACKUP_HEAD, &s);
	wipe(w->record, s.size);
	return e;
}

/* ---- rows ---- */

/* A statement over rows in order of a number: $1 is the first number wanted, $2 how many rows at most, $3 where
 * entries end.
 */
struct table {
	const char *sql;
	enum backup_record kind;
	void (*put)(struct sink *s, struct store_statement *row);
	uint64_t *(*count)(struct writer *w);
};

static void put_entry(struct sink *s, struct store_statement *row)
{
	sink_u64le(s, store_column_u64(row, 0));
	backup_put(s, store_column_bytes(row, 1));
}

static void put_sealed(struct sink *s, struct store_statement *row)
{
	sink_u64le(s, store_column_u64(row, 0));
	sink_u64le(s, store_column_u64(row, 1));
	backup_put(s, store_column_bytes(row, 2));
}

static void put_subject(struct sink *s, struct store_statement *row)
{
	sink_u64le(s, store_column_u64(row, 0));
	sink_u64le(s, store_column_u64(row, 1));
	sink_u64le(s, store_column_is_null(row, 2) ? 0 : 1);
	sink_u64le(s, store_column_u64(row, 2));
	backup_put(s, store_column_bytes(row, 3));
}

static uint64_t *entry_count(struct writer *w)
{
	return &w->report.entries;
}

static uint64_t *sealed_count(struct writer *w)
{
	return &w->report.sealed;
}

static uint64_t *subject_count(struct writer *w)
{
	return &w->report.subjects;
}

static const struct table tables[] = {
	{"SELECT seq, line FROM entry WHERE seq >= $1 AND seq < $3 ORDER BY seq LIMIT $2", BACKUP_ENTRY, put_entry,
	 entry_count},
	{"SELECT seq, subject, box FROM sealed WHERE seq >= $1 AND seq < $3 ORDER BY seq LIMIT $2", BACKUP_SEALED,
	 put_sealed, sealed_count},
	{"SELECT subject, created_seq, erased_seq, wrapped FROM subject_key"
	 " WHERE subject >= $1 AND created_seq < $3 ORDER BY subject LIMIT $2",
	 BACKUP_SUBJECT, put_subject, subject_count},
};

static struct err put_some(struct writer *w, const struct table *table, uint64_t *at, bool *ret_more)
{
	struct store_statement *rows;
	uint32_t count = 0;
	TRY(store_statement(w->store, table->sql, &rows));
	store_bind_u64(rows, 1, *at);
	store_bind_u64(rows, 2, ROWS_PER_READ);
	store_bind_u64(rows, 3, w->size);
	for (bool row;;) {
		TRY(store_step(rows, &row));
		if (!row)
			break;
		struct sink s = SINK_OF(w->record);
		*at = store_column_u64(rows, 0) + 1;
		table->put(&s, rows);
		TRY(put_record(w, table->kind, &s));
		(*table->count(w))++;
		count++;
	}
	*ret_more = count == ROWS_PER_READ;
	return store_done(rows);
}

static struct err put_table(struct writer *w, const struct table *table)
{
	uint64_t at = 0;
	for (bool more = true; more;) {
		/* Ending the transaction ends the statement as well, whatever happened. */
		TRY(store_begin_read(w->store));
		struct err e = put_some(w, table, &at, &more);
		store_rollback(w->store);
		TRY(e);
	}
	return OK;
}

static struct err put_keys(struct writer *w)
{
	struct store_statement *rows;
	TRY(store_statement(w->store, "SELECT name, wrapped, public FROM key ORDER BY name", &rows));
	for (bool row;;) {
		TRY(store_step(rows, &row));
		if (!row)
			return store_done(rows);
		struct sink s = SINK_OF(w->record);
		backup_put(&s, store_column_text(rows, 0));
		backup_put(&s, store_column_bytes(rows, 1));
		backup_put(&s, store_column_bytes(rows, 2));
		TRY(put_record(w, BACKUP_KEY, &s));
		w->keys++;
	}
}

static struct err put_end(struct writer *w)
{
	struct sink s = SINK_OF(w->record);
	if (w->report.entries != w->size)
		return FAIL(ERR_CORRUPT, "backup: %llu entries where the checkpoint counts %llu",
			    (unsigned long long)w->report.entries, (unsigned long long)w->size);
	sink_u64le(&s, w->report.entries);
	sink_u64le(&s, w->report.sealed);
	sink_u64le(&s, w->report.subjects);
	sink_u64le(&s, w->keys);
	TRY(put_record(w, BACKUP_END, &s));
	return flush_chunk(w, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
}

static struct err put_heads(struct writer *w, const struct keys_root *root, struct span post, uint64_t time_us)
{
	TRY(put_stream_head(w));
	return put_head(w, root, post, time_us);
}

static struct err put_all(struct writer *w, const struct keys_root *root, struct span post, uint64_t time_us)
{
	TRY(store_begin_read(w->store));
	struct err e = put_heads(w, root, post, time_us);
	store_rollback(w->store);
	TRY(e);
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		TRY(put_table(w, &tables[i]));
	TRY(store_begin_read(w->store));
	e = put_keys(w);
	store_rollback(w->store);
	TRY(e);
	TRY(put_end(w));
	if (fsync(w->file) != 0)
		return FAIL_ERRNO("%s", w->path);
	return ledger_flush_directory(w->path);
}

struct err ledger_backup(struct store *store, const struct keys_root *root, struct span post, uint64_t time_us,
			 const char *path, struct ledger_backup_report *ret_report)
{
	ENSURE(sodium_init() >= 0);
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0)
		return FAIL_ERRNO("%s", path);
	struct writer *w = calloc(1, sizeof *w);
	ENSURE(w);
	w->store = store;
	w->file = file;
	w->path = path;
	struct err e = put_all(w, root, post, time_us);
	(void)close(file);
	if (failed(e)) {
		(void)unlink(path);
	} else {
		*ret_report = w->report;
		ret_report->checkpoint.origin.at = ret_report->origin;
	}
	wipe(w, sizeof *w);
	free(w);
	return e;
}
