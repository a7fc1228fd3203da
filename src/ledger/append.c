#include "ledger/append.h"

#include <sodium.h>
#include <stdlib.h>

#include "ledger/tiles.h"

struct ledger {
	struct store *store;
	struct ledger_vault *vault;
	struct ledger_signer signer;
	uint8_t post[LEDGER_POST_SIZE_MAX];
	size_t post_size;
	bool broken;          /* what is in memory may not be what is stored: only ledger_reload helps */
	uint64_t signed_size; /* of the checkpoint in `note` */
	uint64_t last_time_us;
	struct ledger_frontier frontier;
	struct ledger_tiles tiles;
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	size_t note_size;
	uint8_t line[LEDGER_ENTRY_SIZE_MAX];
};

static struct span post_of(const struct ledger *ledger)
{
	return (struct span){ledger->post, ledger->post_size};
}

/* ---- making ---- */

struct err ledger_exists(struct store *store, bool *ret_exists)
{
	struct store_statement *find;
	TRY(store_statement(store, "SELECT 1 FROM sqlite_schema WHERE name = 'entry'", &find));
	TRY(store_step(find, ret_exists));
	return store_done(find);
}

struct err ledger_create(struct store *store, const struct keys_root *root, struct span origin,
			 uint8_t ret_recovery_secret[KEYS_RECOVERY_SIZE])
{
	struct store_statement *find;
	bool row;
	TRY(store_begin(store));
	struct err e = store_statement(store, "SELECT 1 FROM sqlite_schema WHERE name = 'entry'", &find);
	if (!failed(e))
		e = store_step(find, &row);
	if (!failed(e) && row)
		e = FAIL(ERR_EXISTS, "there is a ledger already");
	if (!failed(e))
		e = store_script(store, ledger_schema);
	if (!failed(e))
		e = keys_make(store, root, origin, ret_recovery_secret);
	if (failed(e)) {
		store_rollback(store);
		return e;
	}
	return store_commit(store);
}

static struct err sign_anew(struct store *store, const struct keys_root *root, struct span origin)
{
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	struct sink n = SINK_OF(note);
	struct ledger_vkey former;
	struct ledger_checkpoint checkpoint;
	struct ledger_signer signer;
	uint64_t size = 0;
	TRY(keys_vkey(store, &former));
	TRY(ledger_latest(store, &n, &size));
	if (failed(ledger_checkpoint_open(sink_span(&n), &former, 1, &checkpoint, NULL)))
		return err_within(FAIL(ERR_CORRUPT, "%s", err_why()), "old checkpoint");
	TRY(keys_renew(store, root, origin));
	TRY(keys_signer(store, root, &signer));
	n.size = 0;
	struct err e = ledger_checkpoint_sign(&n, checkpoint.size, &checkpoint.root, &signer);
	ledger_signer_wipe(&signer);
	TRY(e);
	return ledger_note_save(store, sink_span(&n), checkpoint.size);
}

struct err ledger_renew(struct store *store, const struct keys_root *root, struct span origin)
{
	TRY(store_begin(store));
	struct err e = sign_anew(store, root, origin);
	if (failed(e)) {
		store_rollback(store);
		return e;
	}
	return store_commit(store);
}

/* ---- opening ---- */

/* Does the stored checkpoint bear our signature, and for as many entries as there are? */
static struct err check_checkpoint(struct ledger *ledger, struct ledger_checkpoint *ret_checkpoint)
{
	struct sink note = SINK_OF(ledger->note);
	uint64_t row_size = 0;
	uint64_t end = 0;
	TRY(ledger_note_load(ledger->store, &note, &row_size));
	TRY(ledger_lines_end(ledger->store, &end));
	ledger->note_size = note.size;
	*ret_checkpoint = (struct ledger_checkpoint){.root = ledger_hash_bytes((struct span){0})};
	if (note.size == 0 && end == 0)
		return OK;
	if (note.size == 0)
		return FAIL(ERR_CORRUPT, "checkpoint: there is none, and entries up to %llu",
			    (unsigned long long)(end - 1));
	if (failed(ledger_checkpoint_open(sink_span(&note), &ledger->signer.key, 1, ret_checkpoint, NULL)))
		return err_within(FAIL(ERR_CORRUPT, "%s", err_why()), "checkpoint");
	if (ret_checkpoint->size != row_size)
		return FAIL(ERR_CORRUPT, "checkpoint: signed for %llu entries, stored for %llu",
			    (unsigned long long)ret_checkpoint->size, (unsigned long long)row_size);
	if (ret_checkpoint->size != end)
		return FAIL(ERR_CORRUPT, "entries: %llu are signed for, and the last one there is %llu",
			    (unsigned long long)ret_checkpoint->size, (unsigned long long)end - 1);
	return OK;
}

static struct err check_last_line(struct ledger *ledger, uint64_t size)
{
	AUTO_FREE(arena) struct arena *arena = arena_new(LEDGER_ENTRY_SIZE_MAX + 64);
	struct span line;
	struct ledger_entry entry;
	ledger->last_time_us = 0;
	if (size == 0)
		return OK;
	TRY(ledger_line(ledger->store, size - 1, arena, &line));
	if (failed(ledger_entry_read(line, &entry)))
		return err_within(FAIL(ERR_CORRUPT, "%s", err_why()), "entry %llu", (unsigned long long)(size - 1));
	if (!span_equal(entry.post, post_of(ledger)))
		return FAIL(ERR_CORRUPT, "entry %llu: of post %.*s, not %.*s", (unsigned long long)(size - 1),
			    SPAN_ARGS(entry.post), SPAN_ARGS(post_of(ledger)));
	ledger->last_time_us = entry.time_us;
	return OK;
}

static struct err load(struct ledger *ledger)
{
	struct ledger_checkpoint checkpoint;
	TRY(check_checkpoint(ledger, &checkpoint));
	TRY(ledger_tiles_load(ledger->store, checkpoint.size, &ledger->tiles));
	ledger->frontier = ledger_tiles_frontier(&ledger->tiles);
	struct ledger_hash root = ledger_frontier_root(&ledger->frontier);
	if (!ledger_hash_equal(&root, &checkpoint.root))
		return FAIL(ERR_CORRUPT,
			    "root: entries %llu to %llu and the tiles before them do not make the signed one",
			    (unsigned long long)(checkpoint.size - checkpoint.size % LEDGER_TILE_HASHES),
			    (unsigned long long)checkpoint.size - 1);
	TRY(check_last_line(ledger, checkpoint.size));
	ledger->signed_size = checkpoint.size;
	ledger->broken = false;
	return OK;
}

struct err ledger_open(struct store *store, const struct ledger_options *options, struct ledger **ret_ledger)
{
	REQUIRE(options->post.size > 0 && options->post.size <= LEDGER_POST_SIZE_MAX);
	ENSURE(sodium_init() >= 0);
	struct ledger *ledger = calloc(1, sizeof *ledger);
	ENSURE(ledger);
	ledger->store = store;
	ledger->post_size = options->post.size;
	memcpy(ledger->post, options->post.at, options->post.size);
	ledger->vault = ledger_vault_new(store, options->root, options->post, 0);
	struct err e = keys_signer(store, options->root, &ledger->signer);
	if (!failed(e))
		e = load(ledger);
	if (failed(e)) {
		ledger_close(ledger);
		return e;
	}
	*ret_ledger = ledger;
	return OK;
}

struct ledger *ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return NULL;
	ledger_vault_free(ledger->vault);
	wipe(ledger, sizeof *ledger);
	free(ledger);
	return NULL;
}

void ledger_free_at(struct ledger **ledger)
{
	*ledger = ledger_close(*ledger);
}

struct err ledger_reload(struct ledger *ledger)
{
	ledger->broken = true;
	ledger_vault_forget(ledger->vault);
	return load(ledger);
}

/* ---- appending ---- */

static struct err closed(void)
{
	return FAIL(ERR_CLOSED, "ledger: an earlier write failed, and it was not reloaded since");
}

/* What can be refused without having written anything. */
static struct err check_draft(const struct ledger *ledger, const struct ledger_draft *draft)
{
	if (ledger->broken)
		return closed();
	REQUIRE(store_in_transaction(ledger->store));
	if (draft->has_cause && draft->cause >= ledger->frontier.size)
		return FAIL(ERR_INVALID, "cause %llu: there is no such entry yet", (unsigned long long)draft->cause);
	if (ledger->frontier.size >= LEDGER_SIZE_MAX - 1)
		return FAIL(ERR_TOO_LARGE, "the ledger is full");
	return draft->shape ? err_within(shape_validate(draft->shape, draft->value), "%s", draft->type) : OK;
}

static struct err save_tile(void *context, unsigned level, uint64_t number, const struct ledger_tile *tile)
{
	return ledger_tile_save(((struct ledger *)context)->store, level, number, tile);
}

static struct err save_line(struct ledger *ledger, uint64_t seq, struct span line)
{
	struct store_statement *save;
	TRY(store_statement(ledger->store, "INSERT INTO entry (seq, line) VALUES ($1, $2)", &save));
	store_bind_u64(save, 1, seq);
	store_bind_bytes(save, 2, line);
	TRY(store_run(save));
	struct ledger_hash leaf = ledger_hash_leaf(line);
	ledger_frontier_push(&ledger->frontier, &leaf);
	return ledger_tiles_push(&ledger->tiles, 0, &leaf, save_tile, ledger);
}

/* The open part first: whatever can be refused is refused before the sealed part is put away. */
static struct err write_line(struct ledger *ledger, const struct ledger_draft *draft, const struct ledger_entry *header,
			     struct span *ret_line)
{
	struct sink line = sink_of(ledger->line, sizeof ledger->line - LEDGER_ENTRY_SEALED_SIZE);
	TRY(ledger_entry_write(&line, header, draft->shape, draft->value));
	line.size_max = sizeof ledger->line;
	bool any = false;
	struct ledger_hash sealed;
	if (draft->shape) {
		struct err e =
			ledger_seal(ledger->vault, header->seq, draft->subject_is_self ? header->seq : draft->subject,
				    draft->shape, draft->value, &any, &sealed);
		ledger->broken = failed(e) && e.code != ERR_NOT_FOUND && e.code != ERR_TOO_LARGE;
		TRY(e);
	}
	if (any)
		ledger_entry_add_sealed(&line, &sealed);
	*ret_line = sink_span(&line);
	return OK;
}

struct err ledger_append(struct ledger *ledger, const struct ledger_draft *draft, struct ledger_appended *ret_appended)
{
	struct span line;
	TRY(check_draft(ledger, draft));
	struct ledger_entry header = {
		.post = post_of(ledger),
		.seq = ledger->frontier.size,
		.time_us = draft->time_us > ledger->last_time_us ? draft->time_us : ledger->last_time_us,
		.type = span_of_string(draft->type),
		.actor = span_of_string(draft->actor),
		.has_cause = draft->has_cause,
		.cause = draft->cause,
		.body = SPAN_TEXT("{}"),
	};
	TRY(write_line(ledger, draft, &header, &line));
	struct err e = save_line(ledger, header.seq, line);
	ledger->broken = failed(e);
	TRY(e);
	ledger->last_time_us = header.time_us;
	*ret_appended = (struct ledger_appended){.seq = header.seq, .time_us = header.time_us, .line = line};
	return OK;
}

struct err ledger_sign(struct ledger *ledger)
{
	if (ledger->broken)
		return closed();
	REQUIRE(store_in_transaction(ledger->store));
	if (ledger->signed_size == ledger->frontier.size)
		return OK;
	struct sink note = SINK_OF(ledger->note);
	struct ledger_hash root = ledger_frontier_root(&ledger->frontier);
	TRY(ledger_checkpoint_sign(&note, ledger->frontier.size, &root, &ledger->signer));
	struct err e = ledger_note_save(ledger->store, sink_span(&note), ledger->frontier.size);
	ledger->broken = failed(e);
	ledger->note_size = note.size;
	ledger->signed_size = ledger->frontier.size;
	return e;
}

uint64_t ledger_size(const struct ledger *ledger)
{
	return ledger->frontier.size;
}

uint64_t ledger_last_time_us(const struct ledger *ledger)
{
	return ledger->last_time_us;
}

struct span ledger_checkpoint(const struct ledger *ledger)
{
	return (struct span){ledger->note, ledger->note_size};
}

const struct ledger_vkey *ledger_vkey(const struct ledger *ledger)
{
	return &ledger->signer.key;
}

struct ledger_vault *ledger_vault(struct ledger *ledger)
{
	return ledger->vault;
}
