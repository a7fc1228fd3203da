/* What was altered is named, with its entry; and a ledger compared with checkpoints that somebody kept. */
#include "ledger/verify.h"

#include "unit/ledger/post.h"

#define SHAPE_TABLE "unit/ledger/shapes.def"
#include "base/shape_tables.h"

enum { ENTRIES = 700 };

static struct post post;

struct kept {
	uint8_t bytes[LEDGER_CHECKPOINT_SIZE_MAX];
	size_t size;
};

static struct kept keep(const struct post *of)
{
	struct kept kept = {.size = ledger_checkpoint(of->ledger).size};
	memcpy(kept.bytes, ledger_checkpoint(of->ledger).at, kept.size);
	return kept;
}

/* ---- what was altered is named ---- */

#define AT(table) "UPDATE " table " SET "
#define REPLACE(from, to) "line = CAST(replace(CAST(line AS TEXT), '" from "', '" to "') AS BLOB) WHERE seq = "

struct change {
	const char *sql;
	enum ledger_fault fault;
	bool has_seq;
	uint64_t seq;
	bool full_only; /* the tree alone cannot see it */
};

static const struct change changes[] = {
	{AT("entry") REPLACE("reader/7", "reader/8") "300", LEDGER_FAULT_LINE, true, 300, false},
	{AT("entry") REPLACE("reader/7", "reader/8") "0", LEDGER_FAULT_LINE, true, 0, false},
	{AT("entry") REPLACE("reader/7", "reader/8") "511", LEDGER_FAULT_LINE, true, 511, false},
	{AT("entry") REPLACE("\"seq\":300", "\"seq\":301") "300", LEDGER_FAULT_HEADER, true, 300, true},
	{AT("entry") REPLACE("\"post\":\"BRN\"", "\"post\":\"XYZ\"") "300", LEDGER_FAULT_HEADER, true, 300, true},
	{AT("entry") REPLACE("\"cause\":150", "\"cause\":300") "300", LEDGER_FAULT_CAUSE, true, 300, true},
	{AT("entry") REPLACE("\"time\":\"2026", "\"time\":\"2025") "300", LEDGER_FAULT_TIME, true, 300, true},
	{AT("entry") REPLACE("\"body\":{", "\"body\": {") "300", LEDGER_FAULT_JSON, true, 300, true},
	{AT("entry") "line = x'' WHERE seq = 300", LEDGER_FAULT_LINE, true, 300, false},
	{AT("entry") "line = 17 WHERE seq = 300", LEDGER_FAULT_LINE, true, 300, false},
	/* Behind the last complete tile, the tree shows only that one of them is another. */
	{AT("entry") REPLACE("reader/7", "reader/8") "600", LEDGER_FAULT_LINE, true, 512, false},
	{"DELETE FROM entry WHERE seq = 300", LEDGER_FAULT_GAP, true, 300, false},
	{"DELETE FROM entry WHERE seq = 0", LEDGER_FAULT_GAP, true, 0, false},
	{"DELETE FROM entry WHERE seq >= 690", LEDGER_FAULT_GAP, true, 690, false},
	{"INSERT INTO entry (seq, line) SELECT 700, line FROM entry WHERE seq = 699", LEDGER_FAULT_GAP, true, 700,
	 false},
	{"UPDATE entry SET seq = 5000 WHERE seq = 300", LEDGER_FAULT_GAP, true, 300, false},
	{"UPDATE tile SET hashes = zeroblob(8192) WHERE level = 0 AND number = 1", LEDGER_FAULT_TILE, true, 256, false},
	{"DELETE FROM tile WHERE level = 0 AND number = 1", LEDGER_FAULT_TILE, true, 256, false},
	{"UPDATE tile SET hashes = substr(hashes, 2) WHERE level = 0 AND number = 1", LEDGER_FAULT_TILE, false, 0,
	 false},
	{"UPDATE tile SET hashes = zeroblob(64) WHERE level = 1", LEDGER_FAULT_TILE, true, 0, false},
	{"UPDATE tile SET hashes = substr(hashes, 1, 32) WHERE level = 1", LEDGER_FAULT_TILE, false, 0, false},
	{"INSERT INTO tile (level, number, hashes) VALUES (3, 9, zeroblob(32))", LEDGER_FAULT_TILE, false, 0, false},
	{"UPDATE checkpoint SET size = 699", LEDGER_FAULT_CHECKPOINT, false, 0, false},
	{"UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), '700', '699') AS BLOB)",
	 LEDGER_FAULT_CHECKPOINT, false, 0, false},
	{"DELETE FROM checkpoint", LEDGER_FAULT_CHECKPOINT, false, 0, false},
	{"DELETE FROM sealed WHERE seq = 300", LEDGER_FAULT_SEALED, true, 300, true},
	{"UPDATE sealed SET box = zeroblob(90) WHERE seq = 300", LEDGER_FAULT_SEALED, true, 300, true},
	{"UPDATE sealed SET subject = 0 WHERE seq = 300", LEDGER_FAULT_SEALED, true, 300, true},
	{"INSERT INTO sealed (seq, subject, box) VALUES (303, 0, zeroblob(90))", LEDGER_FAULT_SEALED, true, 303, true},
	{"INSERT INTO sealed (seq, subject, box) VALUES (7000, 0, zeroblob(90))", LEDGER_FAULT_SEALED, false, 0, true},
	{"INSERT INTO sealed (seq, subject, box) VALUES (-7, 0, zeroblob(90))", LEDGER_FAULT_SEALED, false, 0, true},
	{"UPDATE subject_key SET wrapped = zeroblob(80) WHERE subject = 294", LEDGER_FAULT_KEY, false, 0, true},
	{"DELETE FROM subject_key WHERE subject = 294", LEDGER_FAULT_SEALED, true, 294, true},
	{"UPDATE key SET wrapped = zeroblob(72) WHERE name = 'ledger'", LEDGER_FAULT_KEY, false, 0, false},
	{"UPDATE key SET public = zeroblob(32) WHERE name = 'recovery'", LEDGER_FAULT_KEY, false, 0, false},
	{"UPDATE key SET public = CAST('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW' AS BLOB)"
	 " WHERE name = 'ledger'",
	 LEDGER_FAULT_CHECKPOINT, false, 0, false},
};

static bool names(const struct ledger_report *report, const struct change *change)
{
	for (uint32_t i = 0; i < report->finding_count; i++) {
		const struct ledger_finding *finding = &report->findings[i];
		if (finding->fault == change->fault && finding->has_seq == change->has_seq &&
		    (!change->has_seq || finding->seq == change->seq) && finding->why[0])
			return true;
	}
	for (uint32_t i = 0; i < report->finding_count; i++)
		printf("# instead: %s %d: %s\n", ledger_fault_name(report->findings[i].fault),
		       (int)report->findings[i].seq, report->findings[i].why);
	return false;
}

/* The database is altered by a copy of it, so that each change starts from what is sound. */
static void altered(const struct change *change)
{
	struct ledger_report full, tree;
	struct ledger_verify_options options = {.root = &post.root};
	struct store *copy = NULL;
	struct store_options writing = {.mode = STORE_WRITE};
	char command[1200];
	(void)snprintf(command, sizeof command, "rm -f %s* && cp %s %s", folder_file("copy.db"), post.path,
		       folder_file("copy.db"));
	NEED(system(command) == 0, "a copy");
	NEED_OK(store_open(folder_file("copy.db"), &writing, &copy), "opened");
	NEED_OK(store_script(copy, change->sql), "%s", change->sql);
	NEED_OK(ledger_verify(copy, &options, &full), "verified");
	CHECK(names(&full, change), "named: %s: %s", ledger_fault_name(change->fault), change->sql);
	options.tree_only = options.beside = true;
	NEED_OK(ledger_verify(copy, &options, &tree), "verified, the tree alone");
	if (!change->full_only)
		CHECK(names(&tree, change), "and by the tree alone");
	copy = store_close(copy);
}

static void told(void *context, uint64_t done, uint64_t total)
{
	uint64_t *calls = context;
	(*calls)++;
	if (done > total)
		*calls = 1000;
}

static void sound(void)
{
	struct ledger_report report;
	uint64_t calls = 0;
	bool stop = false;
	struct ledger_verify_options options = {.tell = told, .context = &calls};
	NEED_OK(ledger_verify(post.store, &options, &report), "verified without the root key");
	CHECK(report.finding_total == 0 && report.entries == ENTRIES && report.size == ENTRIES, "sound");
	CHECK(report.sealed_unread > 100 && report.sealed_opened == 0, "what is sealed was left unread (%d)",
	      (int)report.sealed_unread);
	CHECK(calls == 1, "progress was told");
	options.root = &post.root;
	NEED_OK(ledger_verify(post.store, &options, &report), "and with it");
	CHECK(report.finding_total == 0 && report.sealed_opened > 100 && report.sealed_unread == 0, "all of it opened");
	struct ledger_checkpoint checkpoint;
	NEED_OK(ledger_checkpoint_open(ledger_checkpoint(post.ledger), ledger_vkey(post.ledger), 1, &checkpoint, NULL),
		"its checkpoint");
	CHECK(ledger_hash_equal(&checkpoint.root, &report.root), "the root is told");
	stop = true;
	options.stop = &stop;
	CHECK_FAILS(ledger_verify(post.store, &options, &report), ERR_CLOSED, "stopped", "it can be stopped");
	CHECK(!store_in_transaction(post.store), "and leaves no transaction");
	static const uint8_t seed[32] = {3};
	struct ledger_signer other;
	NEED_OK(ledger_signer_make(POST_ORIGIN, LEDGER_KEY_ED25519, seed, &other), "another key");
	struct ledger_verify_options strict = {.keys = &other.key, .key_count = 1};
	NEED_OK(ledger_verify(post.store, &strict, &report), "verified with another key");
	CHECK(report.finding_total == 1 && report.findings[0].fault == LEDGER_FAULT_CHECKPOINT,
	      "which did not sign it");
}

/* ---- against ---- */

static void against(struct post *of, const struct kept *kept, enum ledger_verdict verdict, const char *words,
		    const char *what)
{
	struct ledger_comparison comparison = {0};
	NEED_OK(ledger_against(of->store, (struct span){kept->bytes, kept->size}, NULL, 0, &comparison), "%s", what);
	CHECK(comparison.verdict == verdict && strstr(comparison.why, words), "%s: %s: %s", what,
	      ledger_verdict_name(comparison.verdict), comparison.why);
}

static void comparisons(const struct kept *early, const struct kept *middle, const struct kept *late)
{
	struct kept bad = *late;
	struct ledger_comparison comparison;
	struct post older = {.path = folder_file("older.db"), .root = post.root};
	char command[1200];

	against(&post, early, LEDGER_VERDICT_CONSISTENT, "first 10 of 700", "an early checkpoint");
	against(&post, middle, LEDGER_VERDICT_CONSISTENT, "first 400 of 700", "a later one");
	against(&post, late, LEDGER_VERDICT_CONSISTENT, "first 700 of 700", "the latest");
	bad.bytes[bad.size - 10] = bad.bytes[bad.size - 10] == 'A' ? 'B' : 'A'; /* still base64 */
	against(&post, &bad, LEDGER_VERDICT_STRANGER, "does not verify", "one with a broken signature");
	CHECK_FAILS(ledger_against(post.store, SPAN_TEXT("not a note"), NULL, 0, &comparison), ERR_INVALID, "note",
		    "something else");

	/* An older copy of the database put back, and gone on with from there. */
	(void)snprintf(command, sizeof command, "cp %s %s", folder_file("at400.db"), older.path);
	NEED(system(command) == 0, "a copy");
	NEED_OK(post_reopen(&older), "the older copy opens: by itself it is sound");
	against(&older, late, LEDGER_VERDICT_ROLLBACK, "had 700 entries and has 400", "against the later checkpoint");
	against(&older, early, LEDGER_VERDICT_CONSISTENT, "first 10 of 400", "against an early one");
	NEED_OK(post_commit(&older, 350), "and it goes its own way");
	CHECK(post_is_sound(&older), "sound in itself");
	against(&older, late, LEDGER_VERDICT_FORK, "another history", "a fork, longer than the original");
	against(&older, middle, LEDGER_VERDICT_CONSISTENT, "first 400 of 750", "whose beginning is the same");

	/* Entries cut off at the end. */
	NEED_OK(store_script(older.store, "DELETE FROM entry WHERE seq >= 500"), "cut");
	against(&older, middle, LEDGER_VERDICT_TRUNCATED, "entries 500 to 749 are gone", "truncated");
	post_close(&older);

	/* Another post's ledger. */
	struct post other = {.path = folder_file("other.db")};
	NEED_OK(post_make(&other), "another ledger of the same name");
	NEED_OK(post_commit(&other, 20), "20 entries");
	against(&other, early, LEDGER_VERDICT_STRANGER, "", "another key under the same name");
	struct ledger_vkey keys[1] = {*ledger_vkey(post.ledger)};
	NEED_OK(ledger_against(other.store, (struct span){early->bytes, early->size}, keys, 1, &comparison), "against");
	CHECK(comparison.verdict == LEDGER_VERDICT_FORK, "and with the first one's key given, another history");
	post_close(&other);
}

static void renewed(const struct kept *late)
{
	struct ledger_vkey former = *ledger_vkey(post.ledger);
	struct ledger_checkpoint old;
	post.ledger = ledger_close(post.ledger);
	NEED_OK(ledger_renew(post.store, &post.root, SPAN_TEXT("legation.invalid/BRN-2")), "a new origin and key");
	NEED_OK(post_open_ledger(&post), "opens");
	CHECK(ledger_size(post.ledger) == ENTRIES && ledger_vkey(post.ledger)->id != former.id,
	      "with the same entries");
	NEED_OK(post_commit(&post, 2), "goes on");
	CHECK(post_is_sound(&post), "sound");
	against(&post, late, LEDGER_VERDICT_STRANGER, "", "the old checkpoint is of the old origin");
	CHECK_OK(ledger_checkpoint_open((struct span){late->bytes, late->size}, &former, 1, &old, NULL),
		 "and still verifies under the old key");
}

int main(void)
{
	char command[1200];
	folder_make();
	post.path = folder_file("ledger.db");
	NEED_OK(post_make(&post), "a ledger");
	NEED_OK(post_commit(&post, 10), "10 entries");
	struct kept early = keep(&post);
	NEED_OK(post_commit(&post, 390), "400 entries");
	struct kept middle = keep(&post);
	NEED_OK(store_empty_wal(post.store), "all of it in the file");
	(void)snprintf(command, sizeof command, "cp %s %s", post.path, folder_file("at400.db"));
	NEED(system(command) == 0, "a copy");
	NEED_OK(post_commit(&post, ENTRIES - 400), "700 entries");
	struct kept late = keep(&post);
	NEED_OK(store_empty_wal(post.store), "all of it in the file");
	sound();
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		altered(&changes[i]);
	comparisons(&early, &middle, &late);
	renewed(&late);
	post_close(&post);
	return tap_finish();
}
