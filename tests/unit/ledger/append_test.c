/* A ledger on a real database: appended to, opened again, proved from, and refused where it must be. */
#include "ledger/append.h"

#include "lib/random.h"
#include "unit/ledger/post.h"

#define SHAPE_TABLE "unit/ledger/shapes.def"
#include "base/shape_tables.h"

static struct post post;

static void first_start(void)
{
	struct ledger_options options = {.post = POST_CODE, .root = &post.root};
	uint8_t again[KEYS_RECOVERY_SIZE];
	struct ledger_report report;
	struct store_options store_options = {.mode = STORE_WRITE, .create = true};
	post.path = folder_file("ledger.db");
	NEED_OK(store_open(post.path, &store_options, &post.store), "an empty database");
	CHECK_FAILS(ledger_open(post.store, &options, &post.ledger), ERR_INVALID, "no such table", "holds no ledger");
	NEED_OK(ledger_create(post.store, &post.root, POST_ORIGIN, post.recovery), "a ledger is made");
	CHECK_FAILS(ledger_create(post.store, &post.root, POST_ORIGIN, again), ERR_EXISTS, "already", "but only once");
	NEED_OK(post_open_ledger(&post), "it opens, empty");
	CHECK(ledger_size(post.ledger) == 0 && ledger_checkpoint(post.ledger).size == 0,
	      "with no entry and no checkpoint");
	post_verify(&post, &report);
	CHECK(report.finding_total == 0 && report.entries == 0, "and verifies");
}

static void growing(void)
{
	static const size_t batches[] = {1, 1, 5, 248, 1, 1, 255, 256, 257, 3, 1000};
	size_t size = 0;
	for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
		NEED_OK(post_commit(&post, batches[i]), "a transaction of %zu", batches[i]);
		size += batches[i];
		struct ledger_frontier frontier = {0};
		struct span note = ledger_checkpoint(post.ledger);
		struct ledger_checkpoint before, after;
		NEED_OK(ledger_checkpoint_open(note, ledger_vkey(post.ledger), 1, &before, NULL), "its checkpoint");
		CHECK(before.size == size && span_equal(before.origin, POST_ORIGIN), "counts %zu", size);
		for (uint64_t seq = 0; seq < size; seq++) {
			AUTO_FREE(arena) struct arena *arena = arena_new(64 * 1024);
			struct span line;
			NEED_OK(ledger_line(post.store, seq, arena, &line), "line %d", (int)seq);
			struct ledger_hash leaf = ledger_hash_leaf(line);
			ledger_frontier_push(&frontier, &leaf);
		}
		struct ledger_hash root = ledger_frontier_root(&frontier);
		CHECK(ledger_hash_equal(&root, &before.root), "its root is that of the lines");
		NEED_OK(post_reopen(&post), "opened again");
		NEED_OK(ledger_checkpoint_open(ledger_checkpoint(post.ledger), ledger_vkey(post.ledger), 1, &after,
					       NULL),
			"its checkpoint");
		CHECK(after.size == size && ledger_size(post.ledger) == size, "it is where it was");
	}
	CHECK(post_is_sound(&post), "and all of it verifies");
}

static void proofs(void)
{
	static char file[64 * 1024];
	struct ledger_checkpoint checkpoint;
	uint64_t size = ledger_size(post.ledger);
	size_t good = 0;
	for (uint64_t seq = 0; seq < size; seq += 1 + random_below(40)) {
		struct sink s = SINK_OF(file);
		struct ledger_proof proof;
		uint8_t entry[8192];
		struct sink e = SINK_OF(entry);
		NEED_OK(ledger_prove(post.store, seq, &s), "a proof of %d", (int)seq);
		NEED_OK(ledger_proof_read(sink_span(&s), &proof), "it is read");
		NEED_OK(ledger_proof_extra(&proof, &e), "with the entry in it");
		good += !failed(ledger_proof_check(&proof, sink_span(&e), ledger_vkey(post.ledger), 1, &checkpoint)) &&
			proof.index == seq && checkpoint.size == size;
		seq += 0;
	}
	CHECK(good > 40, "proofs out of the stored tiles are good (%zu)", good);
	struct sink s = SINK_OF(file);
	CHECK_FAILS(ledger_prove(post.store, size, &s), ERR_NOT_FOUND, "there is none", "none of an entry to come");
	CHECK(!store_in_transaction(post.store), "and no transaction is left open");
}

static void consistency(void)
{
	struct ledger_frontier frontier = {0};
	struct ledger_checkpoint now;
	struct ledger_path path;
	struct span spans[LEDGER_PROOF_HASHES_MAX];
	uint64_t size = 0;
	size_t good = 0;
	size_t wanted = 0;
	AUTO_FREE(arena) struct arena *arena = arena_new(64 * 1024);
	NEED_OK(ledger_checkpoint_open(ledger_checkpoint(post.ledger), ledger_vkey(post.ledger), 1, &now, NULL), "now");
	for (uint64_t old = 1; old <= now.size; old++) {
		struct span line;
		NEED_OK(ledger_line(post.store, old - 1, arena, &line), "line");
		struct ledger_hash leaf = ledger_hash_leaf(line);
		arena_reset(arena);
		ledger_frontier_push(&frontier, &leaf);
		if (random_below(20) > 0 && old != now.size && old % 256 > 1)
			continue;
		wanted++;
		struct ledger_hash root = ledger_frontier_root(&frontier);
		NEED_OK(ledger_prove_consistency(post.store, old, &path, &size), "from %d", (int)old);
		size_t count = ledger_path_spans(&path, spans);
		good += size == now.size &&
			!failed(ledger_tree_check_consistency(old, size, ledger_hash_span(&root), spans, count,
							      ledger_hash_span(&now.root)));
	}
	CHECK(good == wanted, "consistency proofs from %zu old sizes are good", wanted);
}

static void drafts(void)
{
	struct ledger_appended appended;
	uint64_t size = ledger_size(post.ledger);
	struct passage passage = {.door = 1};
	struct ledger_draft good = {.type = "access.granted",
				    .actor = "reader/7",
				    .time_us = 5,
				    .shape = &passage_shape,
				    .value = &passage};
	struct ledger_draft draft = good;
	NEED_OK(store_begin(post.store), "begin");
	draft.has_cause = true;
	draft.cause = size;
	CHECK_FAILS(ledger_append(post.ledger, &draft, &appended), ERR_INVALID, "cause",
		    "an entry is not its own cause");
	draft = good;
	draft.type = "Access Granted";
	CHECK_FAILS(ledger_append(post.ledger, &draft, &appended), ERR_INVALID, "type", "a type that is no name");
	draft = good;
	passage.reason = SPAN_TEXT("a\tb");
	CHECK_FAILS(ledger_append(post.ledger, &draft, &appended), ERR_INVALID, "reason", "a field out of its bounds");
	passage.reason = (struct span){0};
	CHECK(ledger_size(post.ledger) == size, "none of these is there");
	NEED_OK(ledger_append(post.ledger, &good, &appended), "after them, one that is good");
	CHECK(appended.seq == size, "takes the next place");
	CHECK(appended.time_us == POST_TIME_US + (size - 1) * 1000,
	      "a clock that went back does not take entries with it");
	NEED_OK(ledger_sign(post.ledger), "signed");
	NEED_OK(store_commit(post.store), "and committed");
	CHECK(post_is_sound(&post), "the ledger is sound");
}

static void rolled_back(void)
{
	struct ledger_appended appended;
	uint64_t size = ledger_size(post.ledger);
	NEED_OK(store_begin(post.store), "begin");
	for (int i = 0; i < 300; i++)
		NEED_OK(post_append(&post, &appended), "append");
	NEED_OK(ledger_sign(post.ledger), "sign");
	store_rollback(post.store);
	NEED_OK(ledger_reload(post.ledger), "after a rollback the ledger is loaded again");
	CHECK(ledger_size(post.ledger) == size, "as it was before");
	NEED_OK(post_commit(&post, 20), "and goes on");
	CHECK(post_is_sound(&post), "sound");
}

static void never_after_failure(void)
{
	struct ledger_appended appended;
	struct passage passage = {.door = 1};
	struct ledger_draft draft = {.type = "a", .actor = "b", .shape = &passage_shape, .value = &passage};
	uint64_t size = ledger_size(post.ledger);
	/* Somebody else's row stands in the way: as any failed write would. */
	NEED_OK(store_begin(post.store), "begin");
	struct store_statement *insert;
	NEED_OK(store_statement(post.store, "INSERT INTO entry (seq, line) VALUES ($1, $2)", &insert), "statement");
	store_bind_u64(insert, 1, size);
	store_bind_bytes(insert, 2, SPAN_TEXT("x"));
	NEED_OK(store_run(insert), "a row");
	CHECK_FAILS(ledger_append(post.ledger, &draft, &appended), ERR_EXISTS, "entry.seq", "a write fails");
	CHECK_FAILS(ledger_append(post.ledger, &draft, &appended), ERR_CLOSED, "earlier write", "then none is tried");
	CHECK_FAILS(ledger_sign(post.ledger), ERR_CLOSED, "earlier write", "nor anything signed");
	store_rollback(post.store);
	NEED_OK(ledger_reload(post.ledger), "until it is loaded again");
	NEED_OK(post_commit(&post, 1), "and goes on");
}

static void run(const char *sql)
{
	NEED_OK(store_script(post.store, sql), "%s", sql);
}

/* Opening names the check that fails. Each change is put back. */
static void opening_checks(void)
{
	uint64_t size = ledger_size(post.ledger);
	struct keys_root right = post.root;
	char sql[256];
	post_close(&post);
	NEED_OK(post_open_store(&post, false), "the database");

	post.root.bytes[0] ^= 1;
	CHECK_FAILS(post_open_ledger(&post), ERR_CORRUPT, "does not open under this root key", "another root key");
	post.root = right;
	struct ledger_options other = {.post = SPAN_TEXT("XYZ"), .root = &post.root};
	CHECK_FAILS(ledger_open(post.store, &other, &post.ledger), ERR_CORRUPT, "of post BRN, not XYZ", "another post");

	run("UPDATE checkpoint SET size = size + 1");
	CHECK_FAILS(post_open_ledger(&post), ERR_CORRUPT, "checkpoint: signed for", "the checkpoint's size");
	run("UPDATE checkpoint SET size = size - 1");

	run("CREATE TABLE kept AS SELECT * FROM checkpoint; UPDATE checkpoint SET note = "
	    "CAST(replace(CAST(note AS TEXT), 'A', 'B') AS BLOB)");
	CHECK_FAILS(post_open_ledger(&post), ERR_CORRUPT, "checkpoint", "the checkpoint's note");
	run("UPDATE checkpoint SET note = (SELECT note FROM kept); DROP TABLE kept");

	run("CREATE TABLE kept AS SELECT * FROM checkpoint; DELETE FROM checkpoint");
	CHECK_FAILS(post_open_ledger(&post), ERR_CORRUPT, "there is none", "no checkpoint");
	run("INSERT INTO checkpoint SELECT * FROM kept; DROP TABLE kept");

	(void)snprintf(sql, sizeof sql,
		       "CREATE TABLE kept AS SELECT * FROM entry WHERE seq = %d; DELETE FROM entry WHERE "
		       "seq = %d",
		       (int)size - 1, (int)size - 1);
	run(sql);
	CHECK_FAILS(post_open_ledger(&post), ERR_CORRUPT, "the last one there is", "the last entry is gone");
	run("INSERT INTO entry SELECT * FROM kept; DROP TABLE kept");

	(void)snprintf(sql, sizeof sql,
		       "CREATE TABLE kept AS SELECT * FROM entry WHERE seq = %d; UPDATE entry SET line = "
		       "CAST(replace(CAST(line AS TEXT), 'reader/7', 'reader/8') AS BLOB) WHERE seq = %d",
		       (int)size - 1, (int)size - 1);
	run(sql);
	CHECK_FAILS(post_open_ledger(&post), ERR_CORRUPT, "root: entries", "a line behind the last tile");
	run("UPDATE entry SET line = (SELECT k.line FROM kept k) WHERE seq = (SELECT k.seq FROM kept k); DROP TABLE "
	    "kept");

	run("CREATE TABLE kept AS SELECT * FROM tile WHERE level = 1; UPDATE tile SET hashes = substr(hashes, 33) "
	    "WHERE "
	    "level = 1");
	CHECK_FAILS(post_open_ledger(&post), ERR_CORRUPT, "of level 1", "a tile that is too short");
	run("UPDATE tile SET hashes = (SELECT hashes FROM kept) WHERE level = 1; DROP TABLE kept");

	NEED_OK(post_open_ledger(&post), "all put back, it opens");
	CHECK(post_is_sound(&post), "and verifies");
}

static void all_tile_levels(void)
{
	/* Past 65,536 entries a third level begins. */
	while (ledger_size(post.ledger) < 66000)
		NEED_OK(post_commit(&post, 4000), "4000 more");
	NEED_OK(post_reopen(&post), "opened again with three levels of tiles");
	CHECK(post_is_sound(&post), "and verified");
	proofs();
}

int main(void)
{
	random_start();
	folder_make();
	memset(post.root.bytes, 0x5A, sizeof post.root.bytes);
	first_start();
	growing();
	proofs();
	consistency();
	drafts();
	rolled_back();
	never_after_failure();
	opening_checks();
	all_tile_levels();
	post_close(&post);
	return tap_finish();
}
