/* Keys and sealed parts: wrapped, opened, refused when altered, and gone when erased. */
#include "ledger/sealed.h"

#include <sys/stat.h>

#include "lib/random.h"
#include "unit/ledger/post.h"

#define SHAPE_TABLE "unit/ledger/shapes.def"
#include "base/shape_tables.h"

static void root_key_file(void)
{
	struct keys_root made, loaded;
	struct stat about;
	const char *path = folder_file("root.key");
	NEED_OK(keys_root_make(path, &made), "a root key is made");
	CHECK(stat(path, &about) == 0 && (about.st_mode & 07777) == 0400 && about.st_size == 32,
	      "in a file of mode 0400");
	CHECK_FAILS(keys_root_make(path, &loaded), ERR_EXISTS, "root key", "never over another one");
	CHECK_OK(keys_root_load(path, &loaded), "it is loaded");
	CHECK(memcmp(&made, &loaded, sizeof made) == 0, "and is the same");
	NEED(chmod(path, 0440) == 0, "chmod");
	CHECK_FAILS(keys_root_load(path, &loaded), ERR_INVALID, "others than its owner",
		    "not when its group may read it");
	NEED(chmod(path, 0600) == 0, "chmod");
	FILE *file = fopen(path, "ab");
	NEED(file && fputc('x', file) == 'x' && fclose(file) == 0, "one byte more");
	CHECK_FAILS(keys_root_load(path, &loaded), ERR_INVALID, "not 32 bytes", "not when it is too long");
	NEED(truncate(path, 31) == 0, "truncate");
	CHECK_FAILS(keys_root_load(path, &loaded), ERR_INVALID, "not 32 bytes", "nor too short");
	CHECK_FAILS(keys_root_load(folder_file("none"), &loaded), ERR_NOT_FOUND, "root key",
		    "nor when it is not there");
	NEED(symlink(path, folder_file("link")) == 0, "a link");
	CHECK(failed(keys_root_load(folder_file("link"), &loaded)), "nor through a link");
}

static void wrapping(void)
{
	struct keys_root root = {{1}}, other = {{2}};
	uint8_t wrapped[64], plain[16];
	struct sink s = SINK_OF(wrapped);
	keys_wrap(&root, "scbk", 7, SPAN_TEXT("sixteen bytes ok"), &s);
	struct span w = sink_span(&s);
	CHECK(w.size == 16 + KEYS_WRAP_OVERHEAD, "a wrapped key has nonce and tag");
	CHECK_OK(keys_unwrap(&root, "scbk", 7, w, plain, sizeof plain), "it opens");
	CHECK(memcmp(plain, "sixteen bytes ok", 16) == 0, "as it was");
	CHECK_FAILS(keys_unwrap(&other, "scbk", 7, w, plain, sizeof plain), ERR_CORRUPT, "scbk 7", "another root");
	CHECK_FAILS(keys_unwrap(&root, "pepper", 7, w, plain, sizeof plain), ERR_CORRUPT, "pepper", "another purpose");
	CHECK_FAILS(keys_unwrap(&root, "scbk", 8, w, plain, sizeof plain), ERR_CORRUPT, "scbk 8", "another id");
	CHECK_FAILS(keys_unwrap(&root, "scbk", 7, w, plain, 15), ERR_CORRUPT, "scbk", "another size");
	size_t opened = 0;
	for (size_t i = 0; i < w.size * 8; i++) {
		wrapped[i / 8] ^= (uint8_t)(1 << i % 8);
		opened += !failed(keys_unwrap(&root, "scbk", 7, w, plain, sizeof plain));
		wrapped[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK(opened == 0, "and with no bit flipped");
}

static void recovery_text(void)
{
	uint8_t secret[KEYS_RECOVERY_SIZE], again[KEYS_RECOVERY_SIZE];
	char text[KEYS_RECOVERY_TEXT_SIZE];
	for (size_t i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)random_u64();
	keys_recovery_write(secret, text);
	CHECK(strlen(text) == 79 && text[4] == '-' && text[74] == '-', "a recovery key is 16 groups of four: %s", text);
	CHECK_OK(keys_recovery_read(span_of_string(text), again), "it is read");
	CHECK(memcmp(secret, again, sizeof secret) == 0, "as it was");
	for (char *c = text; *c; c++)
		*c = *c == '-' ? ' ' : *c >= 'a' ? (char)(*c - 32) : *c;
	CHECK_OK(keys_recovery_read(span_of_string(text), again), "with spaces and capitals, too");
	CHECK(memcmp(secret, again, sizeof secret) == 0, "as it was");
	text[78] = '\0';
	CHECK_FAILS(keys_recovery_read(span_of_string(text), again), ERR_INVALID, "64 hex",
		    "but not with a digit less");
	CHECK_FAILS(keys_recovery_read(SPAN_TEXT("no"), again), ERR_INVALID, "64 hex", "nor any other text");
}

static void posts_own_keys(struct post *post)
{
	struct ledger_vkey public;
	uint8_t pepper[32], again[32];
	CHECK_OK(keys_vkey(post->store, &public), "the public half is there without the root key");
	CHECK(public.id == ledger_vkey(post->ledger)->id, "and is the signer's");
	NEED_OK(store_begin(post->store), "begin");
	CHECK_OK(keys_secret(post->store, &post->root, "pepper", pepper, sizeof pepper), "a secret is made");
	NEED_OK(store_commit(post->store), "commit");
	CHECK_OK(keys_secret(post->store, &post->root, "pepper", again, sizeof again), "and found again");
	CHECK(memcmp(pepper, again, sizeof pepper) == 0, "the same");
	CHECK_OK(keys_check(post->store, &post->root), "every key opens");
	static const char *const changes[][2] = {
		{"UPDATE key SET wrapped = zeroblob(72) WHERE name = 'ledger'", "ledger"},
		{"UPDATE key SET wrapped = (SELECT wrapped FROM key WHERE name = 'pepper') WHERE name = 'ledger'",
		 "ledger"},
		{"UPDATE key SET public = CAST('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW' AS "
		 "BLOB)"
		 " WHERE name = 'ledger'",
		 "do not belong together"},
		{"UPDATE key SET public = zeroblob(32) WHERE name = 'recovery'", "exchanged"},
		{"UPDATE key SET wrapped = zeroblob(72) WHERE name = 'pepper'", "pepper"},
		{"UPDATE key SET name = 'salt' WHERE name = 'pepper'", "salt"},
	};
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		NEED_OK(store_begin(post->store), "begin");
		NEED_OK(store_script(post->store, changes[i][0]), "%s", changes[i][0]);
		CHECK_FAILS(keys_check(post->store, &post->root), ERR_CORRUPT, changes[i][1], "named: %s",
			    changes[i][0]);
		store_rollback(post->store);
	}
}

static struct ledger_entry line_of(struct post *post, uint64_t seq, struct arena *arena)
{
	struct ledger_entry entry;
	struct span line;
	NEED_OK(ledger_line(post->store, seq, arena, &line), "line %d", (int)seq);
	NEED_OK(ledger_entry_read(line, &entry), "its parts");
	return entry;
}

static void sealed_parts(struct post *post)
{
	AUTO_FREE(arena) struct arena *arena = arena_new(1024 * 1024);
	AUTO_FREE(ledger_vault) struct ledger_vault *vault = ledger_vault_new(post->store, &post->root, POST_CODE, 2);
	struct person_made person;
	struct passage passage;
	bool erased = true;
	NEED_OK(post_commit(post, 30), "30 entries");
	struct ledger_entry entry = line_of(post, 7, arena);
	CHECK(entry.has_sealed && !memmem(entry.body.at, entry.body.size, "Ada", 3), "a name is not in the line");
	NEED_OK(ledger_body_read(&person_made_shape, entry.body, arena, &person), "the open part");
	CHECK(span_is(person.status, "service staff") && person.name.size == 0, "has what is open");
	CHECK_OK(ledger_sealed_load(vault, &entry, &person_made_shape, arena, &person, &erased),
		 "the sealed part opens");
	CHECK(!erased && span_is(person.name, "Ada Example") && span_is(person.card, "0123456789abcdef"),
	      "with the rest");
	entry = line_of(post, 10, arena);
	NEED_OK(ledger_body_read(&passage_shape, entry.body, arena, &passage), "another entry of the same subject");
	CHECK_OK(ledger_sealed_load(vault, &entry, &passage_shape, arena, &passage, &erased), "opens");
	CHECK(span_is(passage.remark, "carried a parcel"), "with its words");
	entry = line_of(post, 8, arena);
	CHECK(!entry.has_sealed, "where no sealed member is set, nothing is sealed");
	CHECK_OK(ledger_sealed_load(vault, &entry, &passage_shape, arena, &passage, &erased),
		 "and nothing is looked for");

	/* Two entries with the same words have different hashes: the salt. */
	struct ledger_entry one = line_of(post, 7, arena), two = line_of(post, 14, arena);
	CHECK(!ledger_hash_equal(&one.sealed, &two.sealed), "the same words twice have two hashes");
}

static void altered_boxes(struct post *post)
{
	static const char *const changes[][2] = {
		{"UPDATE sealed SET subject = 14 WHERE seq = 7", "does not open"},
		{"UPDATE sealed SET box = (SELECT box FROM sealed WHERE seq = 10) WHERE seq = 7", "does not open"},
		{"UPDATE sealed SET box = zeroblob(100) WHERE seq = 7", "does not open"},
		{"UPDATE sealed SET box = zeroblob(10) WHERE seq = 7", "10 bytes"},
		{"UPDATE subject_key SET wrapped = zeroblob(80) WHERE subject = 7", "does not open"},
		{"UPDATE subject_key SET wrapped = (SELECT wrapped FROM subject_key WHERE subject = 14) WHERE subject "
		 "= 7",
		 "does not open"},
		{"UPDATE subject_key SET created_seq = 6 WHERE subject = 7", "another entry"},
		{"UPDATE subject_key SET wrapped = x'' WHERE subject = 7", "not erased"},
		{"UPDATE subject_key SET erased_seq = 20 WHERE subject = 7", "key all the same"},
		{"DELETE FROM subject_key WHERE subject = 7", "has no key"},
		{"DELETE FROM sealed WHERE seq = 7", "missing"},
	};
	AUTO_FREE(arena) struct arena *arena = arena_new(1024 * 1024);
	struct ledger_entry entry = line_of(post, 7, arena);
	struct person_made person = {0};
	bool erased;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		AUTO_FREE(ledger_vault)
		struct ledger_vault *vault = ledger_vault_new(post->store, &post->root, POST_CODE, 0);
		NEED_OK(store_begin(post->store), "begin");
		NEED_OK(store_script(post->store, changes[i][0]), "%s", changes[i][0]);
		CHECK_FAILS(ledger_sealed_load(vault, &entry, &person_made_shape, arena, &person, &erased), ERR_CORRUPT,
			    changes[i][1], "named: %s", changes[i][0]);
		store_rollback(post->store);
	}
	AUTO_FREE(ledger_vault)
	struct ledger_vault *stranger = ledger_vault_new(post->store, &post->root, SPAN_TEXT("XYZ"), 0);
	CHECK_FAILS(ledger_sealed_load(stranger, &entry, &person_made_shape, arena, &person, &erased), ERR_CORRUPT,
		    "does not open", "a box of one post does not open at another");
	entry.sealed.bytes[0] ^= 1;
	CHECK_FAILS(ledger_sealed_load(ledger_vault(post->ledger), &entry, &person_made_shape, arena, &person, &erased),
		    ERR_CORRUPT, "not the one that the line", "nor is it another line's");
}

static bool file_holds(const char *path, struct span bytes)
{
	static uint8_t content[8 * 1024 * 1024];
	FILE *file = fopen(path, "rb");
	NEED(file, "%s", path);
	size_t size = fread(content, 1, sizeof content, file);
	(void)fclose(file);
	return memmem(content, size, bytes.at, bytes.size) != NULL;
}

static void erasing(struct post *post)
{
	AUTO_FREE(arena) struct arena *arena = arena_new(1024 * 1024);
	struct ledger_entry entry = line_of(post, 7, arena);
	struct person_made person = {0};
	struct ledger_report report;
	bool erased = false;
	uint8_t wrapped[128];
	struct store_statement *find;
	bool row;
	NEED_OK(store_statement(post->store, "SELECT wrapped FROM subject_key WHERE subject = 7", &find), "statement");
	NEED(!failed(store_step(find, &row)) && row, "the key's row");
	struct span key = store_column_bytes(find, 0);
	memcpy(wrapped, key.at, key.size);
	key.at = wrapped;
	NEED_OK(store_done(find), "done");
	char log_path[512];
	(void)snprintf(log_path, sizeof log_path, "%s-wal", post->path);
	CHECK(file_holds(log_path, key), "the wrapped key is on the disk");

	NEED_OK(store_begin(post->store), "begin");
	CHECK_OK(ledger_erase(ledger_vault(post->ledger), 7, 30, &erased), "a subject is erased");
	CHECK(erased, "there was a key");
	NEED_OK(store_commit(post->store), "commit");
	NEED_OK(store_empty_wal(post->store), "the log is emptied");
	CHECK(!file_holds(post->path, key) && !file_holds(log_path, key), "the key is nowhere on the disk");

	CHECK_OK(ledger_sealed_load(ledger_vault(post->ledger), &entry, &person_made_shape, arena, &person, &erased),
		 "its entries load all the same");
	CHECK(erased && person.name.size == 0, "without the words");
	post_verify(post, &report);
	CHECK(report.finding_total == 0 && report.sealed_erased > 0 && report.sealed_opened > 0,
	      "the ledger verifies, and counts what is erased (%d of %d)", (int)report.sealed_erased,
	      (int)(report.sealed_erased + report.sealed_opened));

	struct passage passage = {.door = 1, .remark = SPAN_TEXT("more about them")};
	struct ledger_draft draft = {.type = "access.granted",
				     .actor = "reader/7",
				     .shape = &passage_shape,
				     .value = &passage,
				     .subject = 7};
	struct ledger_appended appended;
	NEED_OK(store_begin(post->store), "begin");
	CHECK_FAILS(ledger_append(post->ledger, &draft, &appended), ERR_NOT_FOUND, "erased",
		    "no new key is made for them");
	passage.remark = (struct span){0};
	CHECK_OK(ledger_append(post->ledger, &draft, &appended), "an entry with nothing sealed goes on");
	CHECK_OK(ledger_erase(ledger_vault(post->ledger), 7, 31, &erased), "erasing twice");
	CHECK(!erased, "finds nothing left");
	CHECK_OK(ledger_erase(ledger_vault(post->ledger), 999, 31, &erased), "one that never had a key");
	CHECK(!erased, "has none");
	draft.subject = 999;
	passage.remark = SPAN_TEXT("late words");
	CHECK_FAILS(ledger_append(post->ledger, &draft, &appended), ERR_NOT_FOUND, "erased", "and never gets one");
	NEED_OK(ledger_sign(post->ledger), "sign");
	NEED_OK(store_commit(post->store), "commit");
	CHECK(post_is_sound(post), "sound");
}

int main(void)
{
	struct post post = {0};
	random_start();
	folder_make();
	root_key_file();
	wrapping();
	recovery_text();
	post.path = folder_file("ledger.db");
	NEED_OK(post_make(&post), "a ledger");
	posts_own_keys(&post);
	sealed_parts(&post);
	altered_boxes(&post);
	erasing(&post);
	post_close(&post);
	return tap_finish();
}
