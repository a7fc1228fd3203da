#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/keys.h"
#include "ledger/stream.h"
#include "ledger/tiles.h"

/* Rows written in one transaction, and frames that the log holds before it is copied into the database. */
enum { ROWS_PER_COMMIT = 4096 };

struct reader {
	int file;
	const char *path;
	crypto_secretstream_xchacha20poly1305_state stream;
	bool ended; /* the final chunk has been read */
	/* Plaintext not yet used: at most one unfinished record and one chunk. */
	uint8_t plain[BACKUP_RECORD_SIZE_MAX + BACKUP_CHUNK_SIZE_MAX];
	size_t plain_at, plain_size;

	struct store *store;
	uint32_t rows; /* in the running transaction */
	struct ledger_tiles tiles;
	struct keys_root root;
	bool has_head, has_end;
	uint64_t size;
	uint64_t keys;
	struct ledger_restored *restored;
};

static struct err damaged(const struct reader *r, const char *what)
{
	return FAIL(ERR_CORRUPT, "%s: %s", r->path, what);
}

static struct err read_exactly(struct reader *r, uint8_t *ret_bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t got = read(r->file, ret_bytes + at, size - at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return FAIL_ERRNO("%s", r->path);
		if (got == 0)
			return damaged(r, "ends too early");
		at += (size_t)got;
	}
	r->restored->backup.bytes += size;
	return OK;
}

/* ---- the stream ---- */

static struct err open_stream(struct reader *r, const uint8_t secret[KEYS_RECOVERY_SIZE])
{
	uint8_t magic[sizeof BACKUP_MAGIC - 1];
	uint8_t public[KEYS_RECOVERY_SIZE];
	uint8_t own_public[KEYS_RECOVERY_SIZE];
	uint8_t sealed[BACKUP_SEALED_KEY_SIZE];
	uint8_t header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
	uint8_t key[crypto_secretstream_xchacha20poly1305_KEYBYTES];
	TRY(read_exactly(r, magic, sizeof magic));
	if (!span_is(SPAN_OF(magic), BACKUP_MAGIC))
		return damaged(r, "not a backup of ours");
	TRY(read_exactly(r, public, sizeof public));
	TRY(read_exactly(r, sealed, sizeof sealed));
	TRY(read_exactly(r, header, sizeof header));
	if (crypto_scalarmult_base(own_public, secret) != 0 || memcmp(own_public, public, sizeof public) != 0)
		return FAIL(ERR_DENIED, "%s: made for another recovery key", r->path);
	if (crypto_box_seal_open(key, sealed, sizeof sealed, public, secret) != 0)
		return damaged(r, "its key does not open");
	bool good = crypto_secretstream_xchacha20poly1305_init_pull(&r->stream, header, key) == 0;
	wipe(key, sizeof key);
	return good ? OK : damaged(r, "its stream does not open");
}

static struct err next_chunk(struct reader *r)
{
	uint8_t size_bytes[4];
	uint8_t box[BACKUP_BOX_SIZE_MAX];
	unsigned char tag = 0;
	unsigned long long size = 0;
	if (r->ended)
		return damaged(r, "a record is cut off");
	TRY(read_exactly(r, size_bytes, sizeof size_bytes));
	struct cursor c = cursor_of(SPAN_OF(size_bytes));
	uint32_t box_size = cursor_u32le(&c);
	if (box_size < crypto_secretstream_xchacha20poly1305_ABYTES || box_size > sizeof box)
		return damaged(r, "a chunk of an impossible size");
	TRY(read_exactly(r, box, box_size));
	memmove(r->plain, r->plain + r->plain_at, r->plain_size - r->plain_at);
	r->plain_size -= r->plain_at;
	r->plain_at = 0;
	ENSURE(r->plain_size + BACKUP_CHUNK_SIZE_MAX <= sizeof r->plain);
	if (crypto_secretstream_xchacha20poly1305_pull(&r->stream, r->plain + r->plain_size, &size, &tag, box, box_size,
						       NULL, 0) != 0)
		return damaged(r, "a chunk was altered");
	r->plain_size += (size_t)size;
	r->ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	return OK;
}

/* gives   the next record, in place until the next call; kind 0 at the proper end. */
static struct err next_record(struct reader *r, uint8_t *ret_kind, struct span *ret_fields)
{
	for (;;) {
		size_t left = r->plain_size - r->plain_at;
		if (left == 0 && r->ended) {
			*ret_kind = 0;
			return OK;
		}
		struct cursor c = cursor_of((struct span){r->plain + r->plain_at, left});
		uint8_t kind = cursor_u8(&c);
		uint32_t size = cursor_u32le(&c);
		if (!c.failed && size > BACKUP_RECORD_SIZE_MAX - 5)
			return damaged(r, "a record of an impossible size");
		struct span fields = cursor_take(&c, size);
		if (!c.failed) {
			*ret_kind = kind;
			*ret_fields = fields;
			r->plain_at = (size_t)(c.at - r->plain);
			return OK;
		}
		TRY(next_chunk(r));
	}
}

/* ---- records ---- */

static struct err take_head(struct reader *r, struct cursor *c)
{
	struct ledger_restored *restored = r->restored;
	restored->time_us = cursor_u64le(c);
	r->size = cursor_u64le(c);
	struct span post = backup_take(c);
	struct span root = backup_take(c);
	struct span note = backup_take(c);
	if (c->failed || r->has_head || post.size == 0 || post.size > sizeof restored->post ||
	    root.size != KEYS_ROOT_SIZE || note.size > sizeof restored->note)
		return damaged(r, "its head is malformed");
	memcpy(restored->post, post.at, post.size);
	restored->post_size = post.size;
	memcpy(restored->note, note.at, note.size);
	restored->note_size = note.size;
	memcpy(r->root.bytes, root.at, root.size);
	r->has_head = true;
	return OK;
}

static struct err save_tile(void *context, unsigned level, uint64_t number, const struct ledger_tile *tile)
{
	return ledger_tile_save(((struct reader *)context)->store, level, number, tile);
}

static struct err take_entry(struct reader *r, struct cursor *c)
{
	struct store_statement *save;
	uint64_t seq = cursor_u64le(c);
	struct span line = backup_take(c);
	if (c->failed || seq != r->tiles.size || line.size == 0)
		return damaged(r, "entries are not in order");
	TRY(store_statement(r->store, "INSERT INTO entry (seq, line) VALUES ($1, $2)", &save));
	store_bind_u64(save, 1, seq);
	store_bind_bytes(save, 2, line);
	TRY(store_run(save));
	struct ledger_hash leaf = ledger_hash_leaf(line);
	r->restored->backup.entries++;
	return ledger_tiles_push(&r->tiles, 0, &leaf, save_tile, r);
}

static struct err take_sealed(struct reader *r, struct cursor *c)
{
	struct store_statement *save;
	uint64_t seq = cursor_u64le(c);
	uint64_t subject = cursor_u64le(c);
	struct span box = backup_take(c);
	if (c->failed || seq > LEDGER_SIZE_MAX || subject > LEDGER_SIZE_MAX)
		return damaged(r, "a sealed part is malformed");
	TRY(store_statement(r->store, "INSERT INTO sealed (seq, subject, box) VALUES ($1, $2, $3)", &save));
	store_bind_u64(save, 1, seq);
	store_bind_u64(save, 2, subject);
	store_bind_bytes(save, 3, box);
	r->restored->backup.sealed++;
	return store_run(save);
}

static struct err take_subject(struct reader *r, struct cursor *c)
{
	struct store_statement *save;
	uint64_t subject = cursor_u64le(c);
	uint64_t created = cursor_u64le(c);
	bool erased = cursor_u64le(c) != 0;
	uint64_t erased_seq = cursor_u64le(c);
	struct span wrapped = backup_take(c);
	if (c->failed || subject > LEDGER_SIZE_MAX || created > LEDGER_SIZE_MAX || erased_seq > LEDGER_SIZE_MAX)
		return damaged(r, "a subject is malformed");
	TRY(store_statement(r->store,
			    "INSERT INTO subject_key (subject, wrapped, created_seq, erased_seq)"
			    " VALUES ($1, $2, $3, $4)",
			    &save));
	store_bind_u64(save, 1, subject);
	store_bind_bytes(save, 2, wrapped);
	store_bind_u64(save, 3, created);
	if (erased)
		store_bind_u64(save, 4, erased_seq);
	r->restored->backup.subjects++;
	return store_run(save);
}

static struct err take_key(struct reader *r, struct cursor *c)
{
	struct store_statement *save;
	struct span name = backup_take(c);
	struct span wrapped = backup_take(c);
	struct span public = backup_take(c);
	if (c->failed || !span_is_text(name, false))
		return damaged(r, "a key is malformed");
	TRY(store_statement(r->store, "INSERT INTO key (name, wrapped, public) VALUES ($1, $2, $3)", &save));
	store_bind_text(save, 1, name);
	store_bind_bytes(save, 2, wrapped);
	store_bind_bytes(save, 3, public);
	r->keys++;
	return store_run(save);
}

static struct err take_end(struct reader *r, struct cursor *c)
{
	const struct ledger_backup_report *got = &r->restored->backup;
	uint64_t entries = cursor_u64le(c);
	uint64_t sealed = cursor_u64le(c);
	uint64_t subjects = cursor_u64le(c);
	uint64_t keys = cursor_u64le(c);
	if (c->failed || entries != got->entries || sealed != got->sealed || subjects != got->subjects ||
	    keys != r->keys || entries != r->size)
		return damaged(r, "it does not hold as many rows as it says");
	r->has_end = true;
	return ledger_note_save(r->store, (struct span){r->restored->note, r->restored->note_size}, r->size);
}

static struct err take_record(struct reader *r, uint8_t kind, struct span fields)
{
	struct cursor c = cursor_of(fields);
	struct err e;
	if ((kind != BACKUP_HEAD && !r->has_head) || r->has_end)
		return damaged(r, "records are not in order");
	switch (kind) {
	case BACKUP_HEAD:
		e = take_head(r, &c);
		break;
	case BACKUP_ENTRY:
		e = take_entry(r, &c);
		break;
	case BACKUP_SEALED:
		e = take_sealed(r, &c);
		break;
	case BACKUP_SUBJECT:
		e = take_subject(r, &c);
		break;
	case BACKUP_KEY:
		e = take_key(r, &c);
		break;
	case BACKUP_END:
		e = take_end(r, &c);
		break;
	default:
		return FAIL(ERR_UNSUPPORTED, "%s: a record of kind %u, made by a newer version", r->path, kind);
	}
	TRY(e);
	return err_within(cursor_finish(&c, "record"), "%s", r->path);
}

/* ---- the whole ---- */

static struct err commit_rows(struct reader *r)
{
	struct store_wal wal;
	r->rows = 0;
	TRY(store_commit(r->store));
	return store_checkpoint_wal(r->store, &wal);
}

static struct err take_all(struct reader *r)
{
	for (;;) {
		uint8_t kind = 0;
		struct span fields = {0};
		TRY(next_record(r, &kind, &fields));
		if (kind == 0)
			break;
		if (!store_in_transaction(r->store))
			TRY(store_begin(r->store));
		TRY(take_record(r, kind, fields));
		if (++r->rows >= ROWS_PER_COMMIT)
			TRY(commit_rows(r));
	}
	uint8_t more;
	if (!r->has_end || read(r->file, &more, 1) != 0)
		return damaged(r, r->has_end ? "bytes behind its end" : "ends too early");
	return store_in_transaction(r->store) ? commit_rows(r) : OK;
}

/* Say which checkpoint it is in the report, once its key is there to check it with. */
static struct err check_all(struct reader *r)
{
	struct ledger_restored *restored = r->restored;
	struct ledger_vkey key;
	struct ledger_verify_options options = {.root = &r->root};
	TRY(ledger_verify(r->store, &options, &restored->report));
	if (restored->report.finding_total > 0)
		return FAIL(ERR_CORRUPT, "%s: %llu findings, the first: %s", r->path,
			    (unsigned long long)restored->report.finding_total, restored->report.findings[0].why);
	TRY(keys_vkey(r->store, &key));
	struct ledger_checkpoint *checkpoint = &restored->backup.checkpoint;
	TRY(ledger_checkpoint_open((struct span){restored->note, restored->note_size}, &key, 1, checkpoint, NULL));
	memcpy(restored->backup.origin, checkpoint->origin.at, checkpoint->origin.size);
	checkpoint->origin.at = restored->backup.origin;
	checkpoint->extensions = (struct span){0};
	return OK;
}

static struct err restore_into(struct reader *r, const uint8_t secret[KEYS_RECOVERY_SIZE], const char *database_path)
{
	struct store_options options = {.mode = STORE_WRITE, .create = true};
	TRY(open_stream(r, secret));
	TRY(store_open(database_path, &options, &r->store));
	TRY(store_script(r->store, ledger_schema));
	TRY(take_all(r));
	return check_all(r);
}

static void remove_database(const char *path)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		char name[4096];
		int length = snprintf(name, sizeof name, "%s%s", path, endings[i]);
		if (length > 0 && (size_t)length < sizeof name)
			(void)unlink(name);
	}
}

struct err ledger_restore(const char *backup_path, const uint8_t recovery_secret[KEYS_RECOVERY_SIZE],
			  const char *database_path, const char *root_path, struct ledger_restored *ret_restored)
{
	ENSURE(sodium_init() >= 0);
	if (access(database_path, F_OK) == 0 || access(root_path, F_OK) == 0)
		return FAIL(ERR_EXISTS, "%s or %s: is there already", database_path, root_path);
	int file = open(backup_path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return FAIL_ERRNO("%s", backup_path);
	struct reader *r = calloc(1, sizeof *r);
	ENSURE(r);
	memset(ret_restored, 0, sizeof *ret_restored);
	r->file = file;
	r->path = backup_path;
	r->restored = ret_restored;
	struct err e = restore_into(r, recovery_secret, database_path);
	if (!failed(e))
		e = keys_root_write(root_path, &r->root);
	bool began = r->store != NULL;
	r->store = store_close(r->store);
	(void)close(file);
	if (failed(e) && began)
		remove_database(database_path);
	wipe(r, sizeof *r);
	free(r);
	return e;
}
