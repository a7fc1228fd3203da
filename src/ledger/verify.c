#include "ledger/verify.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/rows.h"
#include "ledger/tiles.h"

enum { VAULT_KEYS = 4096 };

/* Lines are read in pieces, each in its own short transaction. */
#define PIECE ((uint64_t)LEDGER_VERIFY_TELL_EVERY)

struct verification {
	struct store *store;
	const struct ledger_verify_options *options;
	struct ledger_report *report;
	struct ledger_vault *vault; /* NULL without a root key, or when only the tree is verified */

	uint64_t end;    /* one more than the last line there is */
	uint64_t walked; /* lines dealt with: the next one's seq */
	bool signed_well;
	struct ledger_checkpoint checkpoint;

	struct ledger_tiles tiles; /* as the lines make them */
	struct ledger_rows *rows;  /* tiles on their way there */
	struct ledger_tile stored;
	struct ledger_tile parents; /* the stored tile of level 1 that holds `stored`'s own hash */
	uint64_t parents_number;
	bool parents_held;

	uint8_t post[LEDGER_POST_SIZE_MAX];
	size_t post_size;
	uint64_t last_time_us;

	/* The sealed part that the walk comes to next, in full verification. */
	struct store_statement *sealed;
	bool sealed_there;
	uint64_t sealed_seq;
	uint8_t plain[LEDGER_SEALED_SIZE_MAX];
};

static const char *const fault_names[] = {
	[LEDGER_FAULT_NONE] = "none",         [LEDGER_FAULT_LINE] = "line",
	[LEDGER_FAULT_GAP] = "gap",           [LEDGER_FAULT_TILE] = "tile",
	[LEDGER_FAULT_ROOT] = "root",         [LEDGER_FAULT_CHECKPOINT] = "checkpoint",
	[LEDGER_FAULT_JSON] = "json",         [LEDGER_FAULT_HEADER] = "header",
	[LEDGER_FAULT_TIME] = "time",         [LEDGER_FAULT_CAUSE] = "cause",
	[LEDGER_FAULT_SEALED] = "sealed",     [LEDGER_FAULT_KEY] = "key",
	[LEDGER_FAULT_DATABASE] = "database",
};

const char *ledger_fault_name(enum ledger_fault fault)
{
	REQUIRE((size_t)fault < sizeof fault_names / sizeof *fault_names);
	return fault_names[fault];
}

/* ---- findings ---- */

PRINTF_LIKE(5, 6)
static void find_range(struct verification *v, enum ledger_fault fault, uint64_t first, uint64_t last,
		       const char *format, ...)
{
	struct ledger_report *report = v->report;
	report->finding_total++;
	if (report->finding_count == LEDGER_FINDINGS_MAX)
		return;
	struct ledger_finding *finding = &report->findings[report->finding_count++];
	*finding = (struct ledger_finding){.fault = fault, .has_seq = first <= last, .seq = first, .seq_last = last};
	va_list args;
	va_start(args, format);
	(void)vsnprintf(finding->why, sizeof finding->why, format, args);
	va_end(args);
}

#define FIND_AT(v, fault, seq, ...) find_range((v), (fault), (seq), (seq), __VA_ARGS__)
#define FIND(v, fault, ...) find_range((v), (fault), 1, 0, __VA_ARGS__)

/* An error that damage explains becomes a finding; one of the machine goes up. */
static struct err damage(struct verification *v, struct err e, enum ledger_fault fault)
{
	if (e.code != ERR_CORRUPT && e.code != ERR_INVALID && e.code != ERR_NOT_FOUND && e.code != ERR_TOO_LARGE &&
	    e.code != ERR_EXISTS)
		return e;
	FIND(v, fault, "%s", err_why());
	return OK;
}

/* ---- tiles ---- */

static struct err parent_of(struct verification *v, uint64_t number, const struct ledger_hash **ret_parent)
{
	uint64_t above = number / LEDGER_TILE_HASHES;
	size_t at = (size_t)(number % LEDGER_TILE_HASHES);
	if (!v->parents_held || v->parents_number != above) {
		struct err e = ledger_tile_load(v->store, 1, above, &v->parents);
		if (failed(e))
			v->parents.count = 0; /* said when the walk comes to the end of that tile */
		if (failed(e) && e.code != ERR_CORRUPT)
			return e;
		v->parents_held = true;
		v->parents_number = above;
	}
	*ret_parent = at < v->parents.count ? &v->parents.hashes[at] : NULL;
	return OK;
}

static struct ledger_hash root_of(const struct ledger_tile *tile)
{
	struct ledger_hash work[LEDGER_TILE_HASHES];
	memcpy(work, tile->hashes, sizeof work);
	return ledger_hash_row(work, LEDGER_TILE_HASHES);
}

/* Leaf hashes as computed and as stored differ: the hash one level up tells which of the two was altered. */
static struct err judge_leaves(struct verification *v, uint64_t number, const struct ledger_tile *computed,
			       struct ledger_hash *root)
{
	const struct ledger_hash *parent;
	uint64_t first = number * LEDGER_TILE_HASHES;
	struct ledger_hash stored_root = root_of(&v->stored);
	TRY(parent_of(v, number, &parent));
	if (parent && ledger_hash_equal(root, parent)) {
		find_range(v, LEDGER_FAULT_TILE, first, first + LEDGER_TILE_HASHES - 1,
			   "tile %" PRIu64 " of level 0: stored hashes were altered, their lines were not", number);
		return OK;
	}
	bool stored_is_right = parent && ledger_hash_equal(&stored_root, parent);
	for (size_t i = 0; i < LEDGER_TILE_HASHES; i++)
		if (!ledger_hash_equal(&computed->hashes[i], &v->stored.hashes[i]))
			FIND_AT(v, LEDGER_FAULT_LINE, first + i, "entry %" PRIu64 ": %s", first + i,
				stored_is_right ? "not the line that was hashed when it was appended"
						: "the line and its stored hash differ");
	/* Go on as it was, so that the root is judged apart from the lines that are named. */
	if (stored_is_right)
		*root = stored_root;
	return OK;
}

static struct err compare_leaves(struct verification *v, uint64_t number, const struct ledger_tile *computed,
				 struct ledger_hash *root)
{
	uint64_t first = number * LEDGER_TILE_HASHES;
	struct err e = ledger_tile_load(v->store, 0, number, &v->stored);
	if (failed(e))
		return damage(v, e, LEDGER_FAULT_TILE);
	if (v->stored.count != LEDGER_TILE_HASHES) {
		find_range(v, LEDGER_FAULT_TILE, first, first + LEDGER_TILE_HASHES - 1,
			   "tile %" PRIu64 " of level 0: %zu hashes where 256 belong", number, v->stored.count);
		return OK;
	}
	if (memcmp(v->stored.hashes, computed->hashes, sizeof computed->hashes) == 0)
		return OK;
	return judge_leaves(v, number, computed, root);
}

/* Compare the first `computed->count` hashes of a tile above level 0. `expected` is how many the row has now. */
static struct err compare_above(struct verification *v, unsigned level, uint64_t number,
				const struct ledger_tile *computed, size_t expected)
{
	struct err e = ledger_tile_load(v->store, level, number, &v->stored);
	if (failed(e))
		return damage(v, e, LEDGER_FAULT_TILE);
	if (v->stored.count != expected) {
		FIND(v, LEDGER_FAULT_TILE, "tile %" PRIu64 " of level %u: %zu hashes where %zu belong", number, level,
		     v->stored.count, expected);
		return OK;
	}
	for (size_t i = 0; i < computed->count; i++) {
		if (ledger_hash_equal(&computed->hashes[i], &v->stored.hashes[i]))
			continue;
		uint64_t first = (number * LEDGER_TILE_HASHES + i) << 8 * level;
		find_range(v, LEDGER_FAULT_TILE, first, first + (UINT64_C(1) << 8 * level) - 1,
			   "tile %" PRIu64 " of level %u: hash %zu is not that of its entries", number, level, i);
	}
	return OK;
}

static struct err tile_grown(void *context, unsigned level, uint64_t number, const struct ledger_tile *tile)
{
	struct verification *v = context;
	if (tile->count < LEDGER_TILE_HASHES)
		return OK;
	return compare_above(v, level, number, tile, LEDGER_TILE_HASHES);
}

/* Take one complete tile of leaf hashes into the tree. */
static struct err take_row(struct verification *v)
{
	struct ledger_hash root;
	const struct ledger_tile *computed = ledger_rows_take(v->rows, &root);
	TRY(compare_leaves(v, v->tiles.size / LEDGER_TILE_HASHES, computed, &root));
	ledger_rows_give_back(v->rows);
	return ledger_tiles_push(&v->tiles, 1, &root, tile_grown, v);
}

static struct err add_leaf(struct verification *v, const struct ledger_hash *leaf)
{
	struct ledger_tile *tile = ledger_rows_fill(v->rows);
	tile->hashes[tile->count++] = *leaf;
	if (tile->count < LEDGER_TILE_HASHES)
		return OK;
	ledger_rows_hand_over(v->rows);
	return ledger_rows_full(v->rows) ? take_row(v) : OK;
}

/* All leaves are there: the complete tiles into the tree, and what is left beside them. */
static struct err take_rest(struct verification *v)
{
	while (!ledger_rows_empty(v->rows))
		TRY(take_row(v));
	v->tiles.level[0] = *ledger_rows_fill(v->rows);
	v->tiles.size += v->tiles.level[0].count;
	return OK;
}

/* The tiles at the right edge, which may have grown since the walk began. */
static struct err compare_edges(struct verification *v)
{
	struct store_statement *count;
	bool row;
	uint64_t now = 0;
	uint64_t tiles_expected = 0;
	TRY(ledger_lines_end(v->store, &now));
	for (unsigned level = 1; level < LEDGER_TILE_LEVELS_MAX - 1; level++) {
		const struct ledger_tile *tile = &v->tiles.level[level];
		uint64_t number = v->tiles.size >> 8 * (level + 1);
		uint64_t hashes_now = now >> 8 * level;
		tiles_expected += (hashes_now + LEDGER_TILE_HASHES - 1) / LEDGER_TILE_HASHES;
		if (tile->count == 0)
			continue;
		bool complete_now = hashes_now / LEDGER_TILE_HASHES > number;
		TRY(compare_above(v, level, number, tile,
				  complete_now ? LEDGER_TILE_HASHES : (size_t)(hashes_now % LEDGER_TILE_HASHES)));
	}
	tiles_expected += now / LEDGER_TILE_HASHES;
	TRY(store_statement(v->store, "SELECT count(*) FROM tile", &count));
	TRY(store_step(count, &row));
	uint64_t tiles = row ? store_column_u64(count, 0) : 0;
	TRY(store_done(count));
	if (tiles != tiles_expected)
		FIND(v, LEDGER_FAULT_TILE, "%" PRIu64 " tiles where %" PRIu64 " belong", tiles, tiles_expected);
	return OK;
}

/* ---- the sealed parts, beside the lines ---- */

static struct err next_sealed(struct verification *v)
{
	TRY(store_step(v->sealed, &v->sealed_there));
	if (v->sealed_there)
		v->sealed_seq = store_column_u64(v->sealed, 0);
	return OK;
}

static struct err pass_sealed_before(struct verification *v, uint64_t seq)
{
	while (v->sealed_there && v->sealed_seq < seq) {
		FIND_AT(v, LEDGER_FAULT_SEALED, v->sealed_seq, "sealed part of %" PRIu64 ": no line has one there",
			v->sealed_seq);
		TRY(next_sealed(v));
	}
	return OK;
}

static struct err open_sealed(struct verification *v, const struct ledger_entry *entry)
{
	enum ledger_sealed_state state = LEDGER_SEALED_NONE;
	size_t size = 0;
	if (!v->vault) {
		v->report->sealed_unread++;
		return OK;
	}
	struct err e = ledger_box_open(v->vault, entry->seq, store_column_u64(v->sealed, 1),
				       store_column_bytes(v->sealed, 2), &entry->sealed, v->plain, &state, &size);
	wipe(v->plain, size);
	if (e.code == ERR_CORRUPT) {
		FIND_AT(v, LEDGER_FAULT_SEALED, entry->seq, "%s", err_why());
		return OK;
	}
	TRY(e);
	v->report->sealed_opened += state == LEDGER_SEALED_OPEN;
	v->report->sealed_erased += state == LEDGER_SEALED_ERASED;
	return OK;
}

static struct err check_sealed(struct verification *v, uint64_t seq, const struct ledger_entry *entry)
{
	TRY(pass_sealed_before(v, seq));
	bool there = v->sealed_there && v->sealed_seq == seq;
	if (entry && there != entry->has_sealed)
		FIND_AT(v, LEDGER_FAULT_SEALED, seq, "sealed part of %" PRIu64 ": %s", seq,
			there ? "the line knows of none" : "is missing");
	if (entry && there && entry->has_sealed)
		TRY(open_sealed(v, entry));
	return there ? next_sealed(v) : OK;
}

/* ---- lines ---- */

/* Everything about a line but its hash. */
static struct err check_line(struct verification *v, uint64_t seq, struct span line)
{
	struct ledger_entry entry;
	if (failed(ledger_entry_read(line, &entry))) {
		FIND_AT(v, LEDGER_FAULT_JSON, seq, "entry %" PRIu64 ": %s", seq, err_why());
		return check_sealed(v, seq, NULL);
	}
	if (v->post_size == 0) {
		memcpy(v->post, entry.post.at, entry.post.size);
		v->post_size = entry.post.size;
		if (v->options->root)
			v->vault = ledger_vault_new(v->store, v->options->root, entry.post, VAULT_KEYS);
	}
	if (!span_equal(entry.post, (struct span){v->post, v->post_size}))
		FIND_AT(v, LEDGER_FAULT_HEADER, seq, "entry %" PRIu64 ": of another post", seq);
	if (entry.seq != seq)
		FIND_AT(v, LEDGER_FAULT_HEADER, seq, "entry %" PRIu64 ": says that it is %" PRIu64, seq, entry.seq);
	if (entry.time_us < v->last_time_us)
		FIND_AT(v, LEDGER_FAULT_TIME, seq, "entry %" PRIu64 ": earlier than the one before", seq);
	v->last_time_us = entry.time_us > v->last_time_us ? entry.time_us : v->last_time_us;
	if (entry.has_cause && entry.cause >= seq)
		FIND_AT(v, LEDGER_FAULT_CAUSE, seq, "entry %" PRIu64 ": its cause %" PRIu64 " does not come before",
			seq, entry.cause);
	entry.seq = seq;
	return check_sealed(v, seq, &entry);
}

/* Put the stored hash in the place of a line that is not there, so that the rest can still be judged. */
static struct err pass_missing(struct verification *v, uint64_t to, bool say)
{
	if (say && v->walked < to)
		find_range(v, LEDGER_FAULT_GAP, v->walked, to - 1,
			   v->walked + 1 == to ? "entry %" PRIu64 " is missing"
					       : "entries from %" PRIu64 " are missing",
			   v->walked);
	for (; v->walked < to; v->walked++) {
		struct ledger_hash leaf = {0};
		size_t at = (size_t)(v->walked % LEDGER_TILE_HASHES);
		struct err e = ledger_tile_load(v->store, 0, v->walked / LEDGER_TILE_HASHES, &v->stored);
		if (failed(e) && e.code != ERR_CORRUPT)
			return e;
		if (!failed(e) && at < v->stored.count)
			leaf = v->stored.hashes[at];
		TRY(add_leaf(v, &leaf));
	}
	return OK;
}

static struct err walk_rows(struct verification *v, struct store_statement *lines, uint64_t end)
{
	for (bool row;;) {
		TRY(store_step(lines, &row));
		if (!row)
			return OK;
		uint64_t seq = store_column_u64(lines, 0);
		struct store_value stored = store_column_any(lines, 1);
		struct span line = stored.kind == STORE_KIND_BYTES ? stored.span : (struct span){0};
		if (seq < v->walked || seq >= end)
			return FAIL(ERR_CORRUPT, "entry %" PRIu64 ": rows are out of order", seq);
		if (seq > v->walked)
			TRY(pass_missing(v, seq, true));
		if (!v->options->tree_only)
			TRY(check_line(v, seq, line));
		struct ledger_hash leaf = ledger_hash_leaf(line);
		TRY(add_leaf(v, &leaf));
		v->walked++;
		v->report->entries++;
	}
}

static struct err open_piece(struct verification *v, uint64_t end, struct store_statement **ret_lines)
{
	TRY(store_statement(v->store, "SELECT seq, line FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq",
			    ret_lines));
	store_bind_u64(*ret_lines, 1, v->walked);
	store_bind_u64(*ret_lines, 2, end);
	v->sealed_there = false;
	if (v->options->tree_only)
		return OK;
	TRY(store_statement(v->store, "SELECT seq, subject, box FROM sealed WHERE seq >= $1 AND seq < $2 ORDER BY seq",
			    &v->sealed));
	store_bind_u64(v->sealed, 1, v->walked);
	store_bind_u64(v->sealed, 2, end);
	return next_sealed(v);
}

static struct err walk_piece(struct verification *v, uint64_t end)
{
	struct store_statement *lines = NULL;
	struct err e = open_piece(v, end, &lines);
	if (!failed(e))
		e = walk_rows(v, lines, end);
	if (!failed(e) && !v->options->tree_only)
		e = pass_sealed_before(v, end);
	bool damaged = e.code == ERR_CORRUPT;
	if (damaged)
		FIND_AT(v, LEDGER_FAULT_DATABASE, v->walked, "around entry %" PRIu64 ": %s", v->walked, err_why());
	if (failed(e) && !damaged)
		return e;
	return pass_missing(v, end, !damaged);
}

static struct err walk(struct verification *v, uint64_t end)
{
	while (v->walked < end) {
		uint64_t piece_end = end - v->walked > PIECE ? v->walked + PIECE : end;
		TRY(store_begin_read(v->store));
		struct err e = walk_piece(v, piece_end);
		store_rollback(v->store);
		TRY(e);
		if (v->options->tell)
			v->options->tell(v->options->context, v->walked, end);
		if (v->options->stop && *v->options->stop)
			return FAIL(ERR_CLOSED, "verification was stopped at entry %" PRIu64, v->walked);
	}
	return OK;
}

/* ---- checkpoint and root ---- */

static struct err check_checkpoint(struct verification *v, uint8_t *note_bytes, size_t note_size_max)
{
	struct sink note = sink_of(note_bytes, note_size_max);
	struct ledger_vkey own;
	const struct ledger_vkey *keys = v->options->keys;
	size_t key_count = v->options->key_count;
	uint64_t row_size = 0;
	TRY(ledger_lines_end(v->store, &v->end));
	TRY(ledger_note_load(v->store, &note, &row_size));
	if (key_count == 0) {
		TRY(keys_vkey(v->store, &own));
		keys = &own;
		key_count = 1;
	}
	if (note.size == 0 && v->end == 0)
		return OK;
	if (note.size == 0)
		return FAIL(ERR_NOT_FOUND, "there is no checkpoint");
	TRY(ledger_checkpoint_open(sink_span(&note), keys, key_count, &v->checkpoint, NULL));
	v->signed_well = true;
	v->report->size = v->checkpoint.size;
	if (row_size != v->checkpoint.size)
		FIND(v, LEDGER_FAULT_CHECKPOINT, "signed for %" PRIu64 " entries, stored for %" PRIu64,
		     v->checkpoint.size, row_size);
	if (v->end < v->checkpoint.size)
		find_range(v, LEDGER_FAULT_GAP, v->end, v->checkpoint.size - 1,
			   "entries from %" PRIu64 " are missing: the checkpoint counts %" PRIu64, v->end,
			   v->checkpoint.size);
	if (v->end > v->checkpoint.size)
		find_range(v, LEDGER_FAULT_GAP, v->checkpoint.size, v->end - 1,
			   "entries from %" PRIu64 " are beyond the checkpoint", v->checkpoint.size);
	return OK;
}

static void check_root(struct verification *v)
{
	struct ledger_frontier frontier = ledger_tiles_frontier(&v->tiles);
	v->report->root = ledger_frontier_root(&frontier);
	if (!v->signed_well || v->walked != v->checkpoint.size ||
	    ledger_hash_equal(&v->report->root, &v->checkpoint.root))
		return;
	uint64_t tail = v->checkpoint.size - v->checkpoint.size % LEDGER_TILE_HASHES;
	bool tail_alone = tail < v->checkpoint.size;
	for (uint32_t i = 0; i < v->report->finding_count; i++)
		tail_alone &= v->report->findings[i].has_seq && v->report->findings[i].seq >= tail;
	if (tail_alone) /* every complete tile is what was hashed, so it is behind them */
		find_range(v, LEDGER_FAULT_LINE, tail, v->checkpoint.size - 1,
			   "one of the entries %" PRIu64 " to %" PRIu64 " is not the one that was signed", tail,
			   v->checkpoint.size - 1);
	else
		FIND(v, LEDGER_FAULT_ROOT, "the lines do not make the root that was signed");
}

/* ---- what is beside the lines ---- */

static void note_subject(void *context, uint64_t subject)
{
	FIND((struct verification *)context, LEDGER_FAULT_KEY, "subject %" PRIu64 ": %s", subject, err_why());
}

static void note_complaint(void *context, const char *complaint)
{
	FIND((struct verification *)context, LEDGER_FAULT_DATABASE, "%s", complaint);
}

static struct err check_sealed_beyond(struct verification *v)
{
	struct store_statement *find;
	bool row;
	TRY(store_statement(
		v->store,
		"SELECT seq FROM sealed WHERE seq < 0 OR seq > (SELECT max(seq) FROM entry) ORDER BY seq LIMIT 1",
		&find));
	TRY(store_step(find, &row));
	if (row)
		FIND(v, LEDGER_FAULT_SEALED, "a sealed part belongs to no entry");
	return store_done(find);
}

static struct err check_beside(struct verification *v)
{
	uint32_t complaints = 0;
	uint64_t erased = 0;
	if (v->options->structure)
		TRY(damage(v, store_check(v->store, LEDGER_FINDINGS_MAX, note_complaint, v, &complaints),
			   LEDGER_FAULT_DATABASE));
	if (v->options->root)
		TRY(damage(v, keys_check(v->store, v->options->root), LEDGER_FAULT_KEY));
	if (v->options->tree_only)
		return OK;
	TRY(damage(v, check_sealed_beyond(v), LEDGER_FAULT_SEALED));
	if (v->vault)
		TRY(damage(v, ledger_vault_check(v->vault, note_subject, v, &erased), LEDGER_FAULT_KEY));
	return OK;
}

static struct err in_transaction(struct verification *v, struct err (*check)(struct verification *v))
{
	TRY(store_begin_read(v->store));
	struct err e = check(v);
	store_rollback(v->store);
	return e;
}

static struct err verify_all(struct verification *v)
{
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	TRY(store_begin_read(v->store));
	struct err e = check_checkpoint(v, note, sizeof note);
	store_rollback(v->store);
	if (e.code == ERR_DENIED)
		FIND(v, LEDGER_FAULT_CHECKPOINT, "%s", err_why());
	else
		TRY(damage(v, e, LEDGER_FAULT_CHECKPOINT));
	uint64_t end = v->signed_well && v->checkpoint.size < v->end ? v->checkpoint.size : v->end;
	TRY(damage(v, walk(v, end), LEDGER_FAULT_DATABASE));
	TRY(damage(v, in_transaction(v, take_rest), LEDGER_FAULT_TILE));
	check_root(v);
	TRY(damage(v, in_transaction(v, compare_edges), LEDGER_FAULT_TILE));
	return damage(v, in_transaction(v, check_beside), LEDGER_FAULT_DATABASE);
}

struct err ledger_verify(struct store *store, const struct ledger_verify_options *options,
			 struct ledger_report *ret_report)
{
	REQUIRE(!store_in_transaction(store));
	ENSURE(sodium_init() >= 0);
	struct verification *v = calloc(1, sizeof *v);
	ENSURE(v);
	memset(ret_report, 0, sizeof *ret_report);
	v->store = store;
	v->options = options;
	v->report = ret_report;
	v->rows = ledger_rows_new(options->beside);
	struct err e = verify_all(v);
	ledger_rows_free(v->rows);
	ledger_vault_free(v->vault);
	free(v);
	return e;
}

/* ---- against a checkpoint that somebody kept ---- */

const char *ledger_verdict_name(enum ledger_verdict verdict)
{
	static const char *const names[] = {
		[LEDGER_VERDICT_NONE] = "none",         [LEDGER_VERDICT_CONSISTENT] = "consistent",
		[LEDGER_VERDICT_ROLLBACK] = "rollback", [LEDGER_VERDICT_TRUNCATED] = "truncated",
		[LEDGER_VERDICT_FORK] = "fork",         [LEDGER_VERDICT_STRANGER] = "stranger",
	};
	REQUIRE((size_t)verdict < sizeof names / sizeof *names);
	return names[verdict];
}

PRINTF_LIKE(3, 4)
static struct err judge(struct ledger_comparison *comparison, enum ledger_verdict verdict, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(comparison->why, sizeof comparison->why, format, args);
	va_end(args);
	comparison->verdict = verdict;
	return OK;
}

/* The ledger as it is now: what its own checkpoint says, and how far its lines go. */
struct present {
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	struct ledger_checkpoint checkpoint; /* points into note; unsigned ones too, with their size and root */
	bool has_checkpoint;
	uint64_t end;
};

static struct err present_load(struct store *store, struct present *ret_present)
{
	struct sink note = SINK_OF(ret_present->note);
	struct ledger_note parts;
	uint64_t size = 0;
	TRY(ledger_lines_end(store, &ret_present->end));
	TRY(ledger_note_load(store, &note, &size));
	ret_present->has_checkpoint = note.size > 0;
	if (note.size == 0)
		return OK;
	TRY(ledger_note_read(sink_span(&note), &parts));
	return ledger_checkpoint_read(parts.text, &ret_present->checkpoint);
}

static struct err compare_trees(struct store *store, const struct ledger_checkpoint *old, const struct present *present,
				struct ledger_comparison *comparison)
{
	AUTO_FREE(ledger_reader) struct ledger_reader *reader = ledger_reader_new(store, present->end);
	struct ledger_source source = ledger_reader_source(reader);
	struct ledger_hash root;
	TRY(ledger_tree_root(&source, old->size, &root));
	if (!ledger_hash_equal(&root, &old->root))
		return judge(comparison, LEDGER_VERDICT_FORK,
			     "another history: the first %" PRIu64
			     " entries are not those of the checkpoint (which one "
			     "differs, a checkpoint alone cannot tell)",
			     old->size);
	return judge(comparison, LEDGER_VERDICT_CONSISTENT,
		     "the first %" PRIu64 " of %" PRIu64 " entries are those of the checkpoint", old->size,
		     present->end);
}

static struct err compare(struct store *store, const struct ledger_checkpoint *old,
			  struct ledger_comparison *comparison)
{
	struct present present = {0};
	TRY(present_load(store, &present));
	uint64_t counted = present.has_checkpoint ? present.checkpoint.size : 0;
	comparison->size = present.end;
	if (present.has_checkpoint && !span_equal(present.checkpoint.origin, old->origin))
		return judge(comparison, LEDGER_VERDICT_STRANGER, "the checkpoint is of %.*s, the ledger is %.*s",
			     SPAN_ARGS(old->origin), SPAN_ARGS(present.checkpoint.origin));
	if (present.end < counted)
		return judge(comparison, LEDGER_VERDICT_TRUNCATED,
			     "entries %" PRIu64 " to %" PRIu64 " are gone: the ledger's own checkpoint counts them",
			     present.end, counted - 1);
	if (present.end < old->size)
		return judge(comparison, LEDGER_VERDICT_ROLLBACK,
			     "the ledger had %" PRIu64 " entries and has %" PRIu64 ": an older state was put back",
			     old->size, present.end);
	return compare_trees(store, old, &present, comparison);
}

struct err ledger_against(struct store *store, struct span note, const struct ledger_vkey *keys, size_t key_count,
			  struct ledger_comparison *ret_comparison)
{
	struct ledger_vkey own;
	struct ledger_note parts;
	struct ledger_checkpoint old;
	struct ledger_comparison comparison = {0};
	TRY(ledger_note_read(note, &parts));
	TRY(ledger_checkpoint_read(parts.text, &old));
	if (key_count == 0) {
		TRY(keys_vkey(store, &own));
		keys = &own;
		key_count = 1;
	}
	comparison.old_size = old.size;
	struct err e = ledger_checkpoint_open(note, keys, key_count, &old, NULL);
	if (e.code == ERR_DENIED) {
		TRY(judge(&comparison, LEDGER_VERDICT_STRANGER, "%s", err_why()));
	} else {
		TRY(e);
		TRY(store_begin_read(store));
		e = compare(store, &old, &comparison);
		store_rollback(store);
		TRY(e);
	}
	*ret_comparison = comparison;
	return OK;
}
