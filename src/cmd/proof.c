/* cmd/proof.c - `legation ledger prove` makes the proof of one entry, `legation verify-proof` checks one,
 * anywhere.
 *
 * A proof is a C2SP tlog-proof: a text that stands for itself. Checking needs no ledger and no post, only the key,
 * which must come from somewhere else than the proof.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/print.h"
#include "ledger/read.h"

/* ---- prove ---- */

struct prove {
	const char *directory, *out;
	bool as_json;
	uint64_t seq;
	struct store *store;
	struct sink proof;
	struct ledger_vkey key;
	struct ledger_checkpoint checkpoint; /* points into the proof */
};

/* The proof and the key that it is checked with, of one moment: nothing leaves here that does not verify. */
static struct err prove_and_check(struct prove *prove, struct arena *arena)
{
	struct ledger_proof proof;
	struct sink entry =
		sink_of(arena_take(arena, LEDGER_PROOF_EXTRA_SIZE_MAX + 4), LEDGER_PROOF_EXTRA_SIZE_MAX + 4);
	TRY(ledger_prove(prove->store, prove->seq, &prove->proof));
	TRY(keys_vkey(prove->store, &prove->key));
	TRY(ledger_proof_read(sink_span(&prove->proof), &proof));
	TRY(ledger_proof_extra(&proof, &entry));
	return err_within(ledger_proof_check(&proof, sink_span(&entry), &prove->key, 1, &prove->checkpoint),
			  "entry %" PRIu64 " has no proof; run `legation ledger verify`", prove->seq);
}

static struct err prove_run(struct prove *prove, struct arena *arena)
{
	TRY(cmd_ledger_open(prove->directory, &prove->store));
	TRY(store_begin_read(prove->store));
	struct err e = prove_and_check(prove, arena);
	store_rollback(prove->store);
	TRY(e);
	return prove->out ? cmd_file_write(prove->out, sink_span(&prove->proof)) : OK;
}

static void prove_print(const struct prove *prove)
{
	char key[LEDGER_VKEY_SIZE_MAX + 1], root[CMD_HASH_TEXT_SIZE];
	const struct ledger_checkpoint *checkpoint = &prove->checkpoint;
	if (prove->as_json) {
		json_t *object = json_pack("{s:I, s:I, s:s, s:s, s:o}", "seq", (json_int_t)prove->seq, "size",
					   (json_int_t)checkpoint->size, "root", cmd_hash_text(&checkpoint->root, root),
					   "key", cmd_vkey_text(&prove->key, key), prove->out ? "file" : "proof",
					   prove->out ? cmd_json_text(span_of_string(prove->out))
						      : cmd_json_text(sink_span(&prove->proof)));
		cmd_print_json(object);
		return;
	}
	if (!prove->out)
		(void)fwrite(prove->proof.start, 1, prove->proof.size, stdout);
	(void)fprintf(prove->out ? stdout : stderr,
		      "%sproved and checked entry %" PRIu64 " of %" PRIu64 " under %s%s%s\n",
		      prove->out ? "" : "legation: ", prove->seq, checkpoint->size, cmd_vkey_text(&prove->key, key),
		      prove->out ? "; wrote " : "", prove->out ? prove->out : "");
}

int cmd_ledger_prove(int argc, char **argv)
{
	struct prove prove = {.directory = CMD_DIRECTORY_DEFAULT};
	const struct cmd_option options[] = {
		{"dir", CMD_TEXT, &prove.directory, "FOLDER", "the post's data (" CMD_DIRECTORY_DEFAULT ")"},
		{"out", CMD_TEXT, &prove.out, "FILE", "into a new file"},
		{"json", CMD_FLAG, &prove.as_json, NULL, "one JSON object"},
	};
	const struct cmd_usage usage = {
		"legation ledger prove SEQ [options]",
		"Write the proof that an entry is in the signed ledger, the entry included: a C2SP tlog-proof, which\n"
		"`legation verify-proof` and any other verifier of that format can check without the ledger.",
		options,
		sizeof options / sizeof *options,
		1,
		1,
	};
	const char *word = NULL;
	(void)cmd_options(&usage, argc, argv, &word);
	if (failed(decimal_read(span_of_string(word), SHAPE_NUMBER_MAX, &prove.seq)))
		return cmd_called_wrongly(&usage, "SEQ is the number of an entry");
	struct arena *arena = arena_new(LEDGER_PROOF_SIZE_MAX + LEDGER_PROOF_EXTRA_SIZE_MAX + 64 * 1024);
	prove.proof = sink_of(arena_take(arena, LEDGER_PROOF_SIZE_MAX), LEDGER_PROOF_SIZE_MAX);
	struct err e = prove_run(&prove, arena);
	store_close(prove.store);
	int code = failed(e) ? cmd_failed_as(prove.as_json, "ledger prove", e) : CMD_GOOD;
	if (!failed(e))
		prove_print(&prove);
	arena_free(arena);
	return code;
}

/* ---- verify-proof ---- */

struct check {
	const char *file, *entry_file;
	struct cmd_texts key_texts;
	bool as_json;
	struct ledger_vkey keys[CMD_TEXTS_MAX];
	struct arena *arena;
	struct ledger_proof proof;
	struct span entry;
	struct ledger_checkpoint checkpoint;
	struct ledger_note_verified signers;
};

static struct err check_bytes(struct check *check)
{
	return ledger_proof_check(&check->proof, check->entry, check->keys, check->key_texts.count, &check->checkpoint);
}

/* An entry has no line break in it; whoever saved one in a file may have put one behind it. */
static struct err check_entry(struct check *check)
{
	struct err e = check_bytes(check);
	bool broken = check->entry_file && check->entry.size > 0 && check->entry.at[check->entry.size - 1] == '\n';
	if (e.code != ERR_INVALID || !broken)
		return e;
	check->entry.size--;
	return check_bytes(check);
}

/* Where the proven bytes are an entry of ours, its own number is its place. */
static struct err check_place(const struct check *check)
{
	struct ledger_entry entry;
	if (failed(ledger_entry_read(check->entry, &entry)) || entry.seq == check->proof.index)
		return OK;
	return FAIL(ERR_INVALID, "the entry says that it is %" PRIu64 ", and its place in the tree is %" PRIu64,
		    entry.seq, check->proof.index);
}

static struct err check_run(struct check *check)
{
	struct span text;
	TRY(cmd_vkeys_read(&check->key_texts, check->keys));
	TRY(cmd_file_read(check->file, LEDGER_PROOF_SIZE_MAX, check->arena, &text));
	TRY(err_within(ledger_proof_read(text, &check->proof), "%s", check->file));
	if (check->entry_file) {
		TRY(cmd_file_read(check->entry_file, LEDGER_ENTRY_SIZE_MAX + 1, check->arena, &check->entry));
	} else {
		struct sink room = sink_of(arena_take(check->arena, LEDGER_PROOF_EXTRA_SIZE_MAX + 4),
					   LEDGER_PROOF_EXTRA_SIZE_MAX + 4);
		struct err e = ledger_proof_extra(&check->proof, &room);
		TRY(e.code == ERR_NOT_FOUND ? err_within(e, "give it by --entry") : e);
		check->entry = sink_span(&room);
	}
	TRY(check_entry(check));
	TRY(check_place(check));
	return ledger_checkpoint_open(check->proof.note, check->keys, check->key_texts.count, &check->checkpoint,
				      &check->signers);
}

static void check_print_json(const struct check *check)
{
	char root[CMD_HASH_TEXT_SIZE];
	json_t *signed_by = json_array();
	for (size_t i = 0; i < check->key_texts.count; i++)
		if (check->signers.by[i])
			(void)json_array_append_new(signed_by, json_string(check->key_texts.at[i]));
	cmd_print_json(json_pack("{s:b, s:I, s:I, s:s, s:o, s:o, s:o}", "verified", true, "index",
				 (json_int_t)check->proof.index, "size", (json_int_t)check->checkpoint.size, "root",
				 cmd_hash_text(&check->checkpoint.root, root), "origin",
				 cmd_json_text(check->checkpoint.origin), "signed_by", signed_by, "entry",
				 cmd_json_text(check->entry)));
}

static void check_print(const struct check *check)
{
	(void)printf("verified: entry %" PRIu64 " of %" PRIu64
		     " in %.*s, whose checkpoint %zu of %zu given %s signed\n",
		     check->proof.index, check->checkpoint.size, SPAN_ARGS(check->checkpoint.origin),
		     check->signers.count, check->key_texts.count, check->key_texts.count == 1 ? "key" : "keys");
	cmd_print_line(check->entry);
}

int cmd_verify_proof(int argc, char **argv)
{
	struct check check = {0};
	const struct cmd_option options[] = {
		{"key", CMD_TEXTS, &check.key_texts, "VKEY", "a key to believe, NAME+ID+KEY; at least one"},
		{"entry", CMD_TEXT, &check.entry_file, "FILE",
		 "the entry's bytes; else the proof's own extra line is taken"},
		{"json", CMD_FLAG, &check.as_json, NULL, "one JSON object"},
	};
	const struct cmd_usage usage = {
		"legation verify-proof FILE --key VKEY [options]",
		"Check a proof offline, with no ledger and no post: that the checkpoint in it is signed by a key\n"
		"you believe, and that these very bytes are the entry at its place in the tree. The key must not\n"
		"come from where the proof does.",
		options,
		sizeof options / sizeof *options,
		1,
		1,
	};
	(void)cmd_options(&usage, argc, argv, &check.file);
	if (check.key_texts.count == 0)
		return cmd_called_wrongly(&usage, "--key is missing: whose signature is to be believed?");
	check.arena = arena_new(2 * (size_t)LEDGER_PROOF_SIZE_MAX + 64 * 1024);
	struct err e = check_run(&check);
	int code = CMD_GOOD;
	if (failed(e) && !check.as_json)
		code = cmd_failed("NOT verified");
	else if (failed(e))
		code = cmd_failed_as(true, "verify-proof", e);
	else if (check.as_json)
		check_print_json(&check);
	else
		check_print(&check);
	arena_free(check.arena);
	return code;
}
