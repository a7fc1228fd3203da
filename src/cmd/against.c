#include "cmd/against.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/print.h"
#include "core/pages.h"
#include "ledger/read.h"

/* A key that the ledger was signed with, and what the restore that ended its time cites. */
struct reign {
	struct ledger_vkey key;
	uint64_t seq;           /* of the entry that names the key */
	uint64_t restored_size; /* how many entries of the reign before it were kept; 0 for the first */
	uint8_t cited[LEDGER_CHECKPOINT_SIZE_MAX]; /* the last checkpoint of the reign before */
	size_t cited_size;
};

struct history {
	struct store *store;
	struct arena *arena;
	struct reign *reigns;
	size_t count;
	uint64_t end; /* of the lines */
};

/* ---- gathering ---- */

static struct err reign_take(struct history *history, const struct ledger_entry *entry)
{
	struct core_founded body;
	if (history->count == AGAINST_RESTORES_MAX)
		return FAIL(ERR_TOO_LARGE, "more than %d restores", AGAINST_RESTORES_MAX);
	struct reign *reign = &history->reigns[history->count];
	*reign = (struct reign){.seq = entry->seq};
	TRY(ledger_body_read(&core_founded_shape, entry->body, history->arena, &body));
	TRY(ledger_vkey_read(body.ledger_key, &reign->key));
	reign->restored_size = body.restored_size;
	reign->cited_size = body.restored_from.size <= sizeof reign->cited ? body.restored_from.size : 0;
	if (reign->cited_size > 0)
		memcpy(reign->cited, body.restored_from.at, reign->cited_size);
	history->count++;
	return OK;
}

static struct err gather(struct history *history)
{
	struct store_statement *lines;
	TRY(cmd_ledger_end(history->store, &history->end));
	TRY(store_statement(history->store, "SELECT line FROM entry ORDER BY seq", &lines));
	for (bool row;;) {
		struct ledger_entry entry;
		TRY(store_step(lines, &row));
		if (!row)
			return store_done(lines);
		if (failed(ledger_entry_read_header(store_column_bytes(lines, 0), &entry)) ||
		    !span_is(entry.type, core_founded_entry.type))
			continue; /* a damaged line is for ledger_verify to name */
		arena_reset(history->arena);
		TRY(err_within(reign_take(history, &entry), "entry %" PRIu64, entry.seq));
	}
}

/* ---- judging ---- */

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

static struct err starts_with(const struct history *history, uint64_t size, const struct ledger_hash *root,
			      bool *ret_same)
{
	AUTO_FREE(ledger_reader) struct ledger_reader *reader = ledger_reader_new(history->store, history->end);
	struct ledger_source source = ledger_reader_source(reader);
	struct ledger_hash now;
	TRY(ledger_tree_root(&source, size, &now));
	*ret_same = ledger_hash_equal(&now, root);
	return OK;
}

/* Does the restore's entry cite what the reign before it signed, and are those entries the first ones here? */
static struct err link_holds(const struct history *history, size_t at, bool *ret_holds)
{
	const struct reign *restore = &history->reigns[at];
	struct span note = {restore->cited, restore->cited_size};
	struct ledger_checkpoint cited;
	*ret_holds = false;
	if (failed(ledger_checkpoint_open(note, &history->reigns[at - 1].key, 1, &cited, NULL)) ||
	    cited.size != restore->restored_size || cited.size > history->end)
		return OK;
	return starts_with(history, cited.size, &cited.root, ret_holds);
}

static struct err judge_restored(const struct history *history, size_t reign, const struct ledger_checkpoint *old,
				 struct against *against)
{
	const struct reign *restore = &history->reigns[reign + 1];
	struct ledger_comparison *comparison = &against->comparison;
	bool same = true;
	against->restored = true;
	against->restored_at = restore->seq;
	for (size_t i = reign + 1; same && i < history->count; i++)
		TRY(link_holds(history, i, &same));
	if (!same)
		return judge(comparison, LEDGER_VERDICT_FORK,
			     "another history: the restore in entry %" PRIu64
			     " does not follow from what was signed before it",
			     restore->seq);
	if (old->size > restore->restored_size)
		return judge(comparison, LEDGER_VERDICT_ROLLBACK,
			     "the ledger had %" PRIu64 " entries and was restored from a backup of %" PRIu64
			     " (entry %" PRIu64 " says so): those between are gone",
			     old->size, restore->restored_size, restore->seq);
	TRY(starts_with(history, old->size, &old->root, &same));
	if (!same)
		return judge(comparison, LEDGER_VERDICT_FORK,
			     "another history: the first %" PRIu64 " entries are not those of the checkpoint",
			     old->size);
	return judge(comparison, LEDGER_VERDICT_CONSISTENT,
		     "the first %" PRIu64 " of %" PRIu64
		     " entries are those of the checkpoint, from before the restore in entry"
		     " %" PRIu64,
		     old->size, history->end, restore->seq);
}

/* Is the key that signs now the one that the last of those entries names? */
static struct err key_is_named(const struct history *history, bool *ret_named)
{
	struct ledger_vkey key;
	TRY(keys_vkey(history->store, &key));
	const struct ledger_vkey *named = history->count > 0 ? &history->reigns[history->count - 1].key : NULL;
	*ret_named = named && key.id == named->id && span_equal(ledger_vkey_name(&key), ledger_vkey_name(named)) &&
		     memcmp(key.public_key, named->public_key, sizeof key.public_key) == 0;
	return OK;
}

/* The checkpoint is not the present key's: is it a former one's? */
static struct err compare_former(struct history *history, struct span note, const struct ledger_vkey *keys,
				 size_t key_count, struct against *against)
{
	struct ledger_checkpoint old;
	bool named = false;
	TRY(gather(history));
	TRY(key_is_named(history, &named));
	against->comparison.size = history->end;
	for (size_t i = 0; named && i + 1 < history->count; i++) {
		const struct ledger_vkey *key = &history->reigns[i].key;
		if (failed(ledger_checkpoint_open(note, key_count > 0 ? keys : key, key_count > 0 ? key_count : 1, &old,
						  NULL)) ||
		    !span_equal(old.origin, ledger_vkey_name(key)))
			continue;
		return judge_restored(history, i, &old, against);
	}
	return OK; /* a stranger it stays */
}

struct err against_compare(struct store *store, struct span note, const struct ledger_vkey *keys, size_t key_count,
			   struct against *ret_against)
{
	*ret_against = (struct against){0};
	TRY(ledger_against(store, note, keys, key_count, &ret_against->comparison));
	if (ret_against->comparison.verdict != LEDGER_VERDICT_STRANGER)
		return OK;
	AUTO_FREE(arena) struct arena *arena = arena_new(LEDGER_ENTRY_SIZE_MAX);
	struct history history = {.store = store, .arena = arena};
	history.reigns = calloc(AGAINST_RESTORES_MAX, sizeof *history.reigns);
	ENSURE(history.reigns);
	struct err e = store_begin_read(store);
	if (!failed(e)) {
		e = compare_former(&history, note, keys, key_count, ret_against);
		store_rollback(store);
	}
	free(history.reigns);
	return e;
}
