/* cmd/ledger.c - `legation ledger show`, `verify` and `checkpoint`: the ledger as whoever may open its file reads it.
 *
 * They read beside a post that runs, in short transactions, or the folder of one that does not.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/against.h"
#include "cmd/print.h"
#include "ledger/read.h"

enum {
	SHOW_LIMIT_DEFAULT = 100,
	SHOW_LIMIT_MAX = 1000 * 1000,
	SHOW_LOOK_ROWS = 4096, /* read in one transaction */
};

#define OPTION_DIRECTORY(into)                                                                                         \
	{                                                                                                              \
		"dir", CMD_TEXT, &(into), "FOLDER", "the post's data (" CMD_DIRECTORY_DEFAULT ")"                      \
	}
#define OPTION_JSON(into)                                                                                              \
	{                                                                                                              \
		"json", CMD_FLAG, &(into), NULL, "one JSON object"                                                     \
	}

/* ---- show: which entries ---- */

struct show {
	const char *directory, *type, *actor;
	uint64_t from; /* UINT64_MAX: the newest ones */
	uint64_t limit;
	bool follow, as_json;
	struct store *store;
	struct arena *arena;
	uint64_t end; /* of the ledger */
	uint64_t *seqs;
	size_t count;
	size_t damaged; /* lines that could not be read */
};

/* A whole type, or a prefix with its dot. */
static bool type_matches(struct span type, const char *wanted)
{
	size_t size = strlen(wanted);
	if (size > 0 && wanted[size - 1] == '.')
		return type.size > size && memcmp(type.at, wanted, size) == 0;
	return span_is(type, wanted);
}

static bool is_wanted(struct show *show, struct span line)
{
	struct ledger_entry entry;
	if (!show->type && !show->actor)
		return true;
	if (failed(ledger_entry_read_header(line, &entry))) {
		show->damaged++;
		return false;
	}
	return (!show->type || type_matches(entry.type, show->type)) &&
	       (!show->actor || span_is(entry.actor, show->actor));
}

/* gives   where to go on; ret_more false when there is nothing further. */
static struct err look_some(struct show *show, uint64_t *at, bool *ret_more)
{
	struct store_statement *rows;
	bool up = show->from != UINT64_MAX;
	size_t looked = 0;
	TRY(store_statement(show->store,
			    up ? "SELECT seq, line FROM entry WHERE seq >= $1 ORDER BY seq LIMIT $2"
			       : "SELECT seq, line FROM entry WHERE seq < $1 ORDER BY seq DESC LIMIT $2",
			    &rows));
	store_bind_u64(rows, 1, *at);
	store_bind_u64(rows, 2, SHOW_LOOK_ROWS);
	for (; show->count < show->limit; looked++) {
		bool row;
		TRY(store_step(rows, &row));
		if (!row)
			break;
		uint64_t seq = store_column_u64(rows, 0);
		*at = up ? seq + 1 : seq;
		if (is_wanted(show, store_column_bytes(rows, 1)))
			show->seqs[show->count++] = seq;
	}
	*ret_more = show->count < show->limit && looked == SHOW_LOOK_ROWS;
	return store_done(rows);
}

static struct err look(struct show *show)
{
	bool up = show->from != UINT64_MAX;
	uint64_t at = up ? show->from : show->end;
	for (bool more = at <= SHAPE_NUMBER_MAX; more;)
		TRY(look_some(show, &at, &more));
	for (size_t i = 0; !up && i < show->count / 2; i++) {
		uint64_t kept = show->seqs[i];
		show->seqs[i] = show->seqs[show->count - 1 - i];
		show->seqs[show->count - 1 - i] = kept;
	}
	return OK;
}

/* From an entry to what led to it, and on to the root cause. A cause always comes before, so this ends. */
static struct err follow(struct show *show, uint64_t seq)
{
	for (bool more = true; more && show->count < show->limit;) {
		struct span line;
		struct ledger_entry entry;
		arena_reset(show->arena);
		TRY(ledger_line(show->store, seq, show->arena, &line));
		show->seqs[show->count++] = seq;
		TRY(err_within(ledger_entry_read_header(line, &entry), "entry %" PRIu64, seq));
		if (entry.has_cause && entry.cause >= seq)
			return FAIL(ERR_CORRUPT, "entry %" PRIu64 ": its cause %" PRIu64 " does not come before it",
				    seq, entry.cause);
		more = entry.has_cause;
		seq = entry.cause;
	}
	return OK;
}

/* ---- show: printing them ---- */

static void print_within_json(uint64_t seq, struct span line)
{
	struct ledger_entry entry;
	if (!failed(ledger_entry_read(line, &entry))) {
		(void)fwrite(line.at, 1, line.size, stdout);
		return;
	}
	json_t *damaged = json_pack("{s:I, s:s, s:o}", "seq", (json_int_t)seq, "damaged", err_why(), "bytes",
				    json_integer((json_int_t)line.size));
	ENSURE(damaged && json_dumpf(damaged, stdout, JSON_COMPACT) == 0);
	json_decref(damaged);
}

static struct err print_all(struct show *show)
{
	if (show->as_json)
		(void)printf("{\"size\":%" PRIu64 ",\"entries\":[", show->end);
	for (size_t i = 0; i < show->count; i++) {
		struct span line;
		arena_reset(show->arena);
		TRY(ledger_line(show->store, show->seqs[i], show->arena, &line));
		if (show->as_json && i > 0)
			(void)putchar(',');
		if (show->as_json)
			print_within_json(show->seqs[i], line);
		else
			cmd_print_line(line);
	}
	if (show->as_json)
		(void)printf("]}\n");
	return OK;
}

static struct err show_run(struct show *show, const char *word, uint64_t seq)
{
	TRY(cmd_ledger_open(show->directory, &show->store));
	TRY(cmd_ledger_end(show->store, &show->end));
	if (show->follow) {
		TRY(follow(show, seq));
	} else if (word) {
		struct span line;
		TRY(ledger_line(show->store, seq, show->arena, &line));
		show->seqs[show->count++] = seq;
	} else {
		TRY(look(show));
	}
	return print_all(show);
}

int cmd_ledger_show(int argc, char **argv)
{
	struct show show = {.directory = CMD_DIRECTORY_DEFAULT, .from = UINT64_MAX, .limit = SHOW_LIMIT_DEFAULT};
	const struct cmd_option options[] = {
		OPTION_DIRECTORY(show.directory),
		{"type", CMD_TEXT, &show.type, "TYPE", "only these: access.granted, or access. for all that begin so"},
		{"actor", CMD_TEXT, &show.actor, "ACTOR", "only what this one did: reader/7, user/12, uid/0"},
		{"from", CMD_NUMBER, &show.from, "SEQ", "from this entry on; without it, the newest ones"},
		{"limit", CMD_NUMBER, &show.limit, "N", "at most so many (100)"},
		{"follow-causes", CMD_FLAG, &show.follow, NULL, "from SEQ to what led to it, back to the root cause"},
		OPTION_JSON(show.as_json),
	};
	const struct cmd_usage usage = {
		"legation ledger show [SEQ] [options]",
		"Print entries exactly as they are stored and hashed, a line each, the oldest first. Nothing is\n"
		"changed, and it does not matter whether the post runs.",
		options,
		sizeof options / sizeof *options,
		0,
		1,
	};
	const char *word = NULL;
	uint64_t seq = 0;
	if (cmd_options(&usage, argc, argv, &word) > 0 &&
	    failed(decimal_read(span_of_string(word), SHAPE_NUMBER_MAX, &seq)))
		return cmd_called_wrongly(&usage, "SEQ is the number of an entry");
	if (show.follow && !word)
		return cmd_called_wrongly(&usage, "--follow-causes needs the number of an entry");
	if (word && (show.type || show.actor || show.from != UINT64_MAX))
		return cmd_called_wrongly(&usage, "one entry, or several by --type, --actor and --from");
	if (show.limit == 0 || show.limit > SHOW_LIMIT_MAX)
		return cmd_called_wrongly(&usage, "--limit is 1 to 1000000");
	show.arena = arena_new(LEDGER_ENTRY_SIZE_MAX + 64);
	show.seqs = malloc(show.limit * sizeof *show.seqs);
	ENSURE(show.seqs);
	struct err e = show_run(&show, word, seq);
	store_close(show.store);
	arena_free(show.arena);
	free(show.seqs);
	if (failed(e))
		return cmd_failed_as(show.as_json, "ledger show", e);
	if (!show.as_json)
		(void)fprintf(stderr, "legation: %zu of %" PRIu64 " %s shown\n", show.count, show.end,
			      cmd_entries(show.end));
	if (show.damaged > 0)
		(void)fprintf(stderr, "legation: %zu damaged %s passed over; run `legation ledger verify`\n",
			      show.damaged, show.damaged == 1 ? "line" : "lines");
	return show.damaged > 0 ? CMD_BAD : CMD_GOOD;
}

/* ---- verify ---- */

struct verify {
	const char *directory;
	struct cmd_texts against, key_texts;
	bool tree_only, as_json;
	struct store *store;
	struct ledger_vkey keys[CMD_TEXTS_MAX];
	struct keys_root root;
	bool has_root;
	struct ledger_report report;
	struct against comparisons[CMD_TEXTS_MAX];
};

static void tell(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	(void)fprintf(stderr, "\rverifying %" PRIu64 " of %" PRIu64 " (%" PRIu64 " %%)", done, total,
		      total > 0 ? done * 100 / total : 100);
	if (done >= total)
		(void)fprintf(stderr, "\r\033[K");
	(void)fflush(stderr);
}

static struct err verify_run(struct verify *verify)
{
	AUTO_FREE(arena) struct arena *arena = arena_new(LEDGER_NOTE_SIZE_MAX + 4096);
	TRY(cmd_vkeys_read(&verify->key_texts, verify->keys));
	TRY(cmd_ledger_open(verify->directory, &verify->store));
	/* Without the root key everything is verified but what it wraps, and the report says so. */
	struct err e = cmd_root_load(verify->directory, &verify->root);
	verify->has_root = !failed(e);
	if (failed(e) && e.code != ERR_NOT_FOUND && e.code != ERR_DENIED)
		return e;
	struct ledger_verify_options options = {
		.tree_only = verify->tree_only,
		.structure = !verify->tree_only,
		.root = verify->has_root ? &verify->root : NULL,
		.keys = verify->keys,
		.key_count = verify->key_texts.count,
		.tell = isatty(STDERR_FILENO) ? tell : NULL,
	};
	TRY(ledger_verify(verify->store, &options, &verify->report));
	for (size_t i = 0; i < verify->against.count; i++) {
		struct span note;
		arena_reset(arena);
		TRY(cmd_file_read(verify->against.at[i], LEDGER_NOTE_SIZE_MAX, arena, &note));
		TRY(err_within(against_compare(verify->store, note, verify->keys, verify->key_texts.count,
					       &verify->comparisons[i]),
			       "%s", verify->against.at[i]));
	}
	return OK;
}

static bool verify_is_good(const struct verify *verify)
{
	bool good = verify->report.finding_total == 0;
	for (size_t i = 0; i < verify->against.count; i++)
		good &= verify->comparisons[i].comparison.verdict == LEDGER_VERDICT_CONSISTENT;
	return good;
}

static json_t *finding_json(const struct ledger_finding *finding)
{
	json_t *object = json_pack("{s:s, s:o}", "fault", ledger_fault_name(finding->fault), "why",
				   cmd_json_text(span_of_string(finding->why)));
	ENSURE(object);
	if (finding->has_seq) {
		(void)json_object_set_new(object, "seq", json_integer((json_int_t)finding->seq));
		(void)json_object_set_new(object, "seq_last", json_integer((json_int_t)finding->seq_last));
	}
	return object;
}

static json_t *comparison_json(const char *file, const struct against *against)
{
	const struct ledger_comparison *comparison = &against->comparison;
	json_t *object =
		json_pack("{s:o, s:s, s:I, s:I, s:o}", "file", cmd_json_text(span_of_string(file)), "verdict",
			  ledger_verdict_name(comparison->verdict), "old_size", (json_int_t)comparison->old_size,
			  "size", (json_int_t)comparison->size, "why", cmd_json_text(span_of_string(comparison->why)));
	ENSURE(object);
	if (against->restored)
		(void)json_object_set_new(object, "restored_at", json_integer((json_int_t)against->restored_at));
	return object;
}

static void verify_print_json(const struct verify *verify)
{
	const struct ledger_report *report = &verify->report;
	char root[CMD_HASH_TEXT_SIZE];
	json_t *findings = json_array(), *against = json_array();
	for (uint32_t i = 0; i < report->finding_count; i++)
		(void)json_array_append_new(findings, finding_json(&report->findings[i]));
	for (size_t i = 0; i < verify->against.count; i++)
		(void)json_array_append_new(against, comparison_json(verify->against.at[i], &verify->comparisons[i]));
	cmd_print_json(json_pack("{s:b, s:b, s:I, s:I, s:s, s:b, s:I, s:I, s:I, s:I, s:o, s:o}", "sound",
				 report->finding_total == 0, "good", verify_is_good(verify), "entries",
				 (json_int_t)report->entries, "size", (json_int_t)report->size, "root",
				 cmd_hash_text(&report->root, root), "tree_only", verify->tree_only, "sealed_opened",
				 (json_int_t)report->sealed_opened, "sealed_erased", (json_int_t)report->sealed_erased,
				 "sealed_unread", (json_int_t)report->sealed_unread, "finding_total",
				 (json_int_t)report->finding_total, "findings", findings, "against", against));
}

/* The place in front; most sentences begin with it already. */
static void finding_print(const struct ledger_finding *finding)
{
	char place[64] = "ledger";
	if (finding->has_seq && finding->seq == finding->seq_last)
		(void)snprintf(place, sizeof place, "entry %" PRIu64, finding->seq);
	else if (finding->has_seq)
		(void)snprintf(place, sizeof place, "entries %" PRIu64 " to %" PRIu64, finding->seq, finding->seq_last);
	const char *why = finding->why;
	size_t size = strlen(place);
	if (strncmp(why, place, size) == 0 && strncmp(why + size, ": ", 2) == 0)
		why += size + 2;
	(void)printf("%s: %s: %s\n", place, ledger_fault_name(finding->fault), why);
}

static void verify_print(const struct verify *verify)
{
	const struct ledger_report *report = &verify->report;
	char root[CMD_HASH_TEXT_SIZE];
	for (uint32_t i = 0; i < report->finding_count; i++)
		finding_print(&report->findings[i]);
	if (report->finding_total > report->finding_count)
		(void)printf("... and %" PRIu64 " more\n", report->finding_total - report->finding_count);
	for (size_t i = 0; i < verify->against.count; i++)
		(void)printf("against %s: %s: %s\n", verify->against.at[i],
			     ledger_verdict_name(verify->comparisons[i].comparison.verdict),
			     verify->comparisons[i].comparison.why);
	(void)printf("%s: checked %" PRIu64 " %s%s, root %s", report->finding_total == 0 ? "sound" : "NOT SOUND",
		     report->entries, cmd_entries(report->entries),
		     verify->tree_only ? " (tree and checkpoint)" : " with tree, checkpoint, form, order and causes",
		     cmd_hash_text(&report->root, root));
	if (!verify->tree_only && verify->has_root)
		(void)printf("; opened %" PRIu64 " sealed parts, %" PRIu64 " erased", report->sealed_opened,
			     report->sealed_erased);
	else if (!verify->tree_only)
		(void)printf("; %" PRIu64 " sealed parts not looked into: no root key", report->sealed_unread);
	(void)printf("; found %" PRIu64 "\n", report->finding_total);
}

int cmd_ledger_verify(int argc, char **argv)
{
	struct verify verify = {.directory = CMD_DIRECTORY_DEFAULT};
	const struct cmd_option options[] = {
		OPTION_DIRECTORY(verify.directory),
		{"against", CMD_TEXTS, &verify.against, "FILE",
		 "a checkpoint kept elsewhere: names rollback, truncation, fork"},
		{"tree-only", CMD_FLAG, &verify.tree_only, NULL,
		 "lines, tree and checkpoint; not form, causes, sealed parts"},
		{"key", CMD_TEXTS, &verify.key_texts, "VKEY",
		 "believe this key alone, not the one stored beside the ledger"},
		OPTION_JSON(verify.as_json),
	};
	const struct cmd_usage usage = {
		"legation ledger verify [options]",
		"Check every entry, every hash, the tree, the signed checkpoint, causes and sealed parts; each\n"
		"finding is a line. Whoever rules the server can rewrite all of it and sign anew: only a\n"
		"checkpoint that was kept elsewhere shows that (--against, with --key from where it was kept).",
		options,
		sizeof options / sizeof *options,
		0,
		0,
	};
	(void)cmd_options(&usage, argc, argv, NULL);
	struct err e = verify_run(&verify);
	store_close(verify.store);
	keys_root_wipe(&verify.root);
	if (failed(e))
		return cmd_failed_as(verify.as_json, "ledger verify", e);
	if (verify.as_json)
		verify_print_json(&verify);
	else
		verify_print(&verify);
	return verify_is_good(&verify) ? CMD_GOOD : CMD_BAD;
}

/* ---- checkpoint ---- */

struct checkpoint {
	const char *directory, *out;
	bool key_alone, as_json;
	struct store *store;
	uint8_t room[LEDGER_CHECKPOINT_SIZE_MAX];
	struct span note;
	struct ledger_checkpoint is;
	struct ledger_vkey key;
};

static struct err checkpoint_run(struct checkpoint *checkpoint)
{
	char key[LEDGER_VKEY_SIZE_MAX + 1], line[LEDGER_VKEY_SIZE_MAX + 2];
	TRY(cmd_ledger_open(checkpoint->directory, &checkpoint->store));
	if (checkpoint->key_alone) {
		TRY(keys_vkey(checkpoint->store, &checkpoint->key));
		(void)snprintf(line, sizeof line, "%s\n", cmd_vkey_text(&checkpoint->key, key));
		return checkpoint->out ? cmd_file_write(checkpoint->out, span_of_string(line)) : OK;
	}
	TRY(cmd_checkpoint(checkpoint->store, checkpoint->room, &checkpoint->note, &checkpoint->is, &checkpoint->key));
	return checkpoint->out ? cmd_file_write(checkpoint->out, checkpoint->note) : OK;
}

static void checkpoint_print_json(const struct checkpoint *checkpoint)
{
	char key[LEDGER_VKEY_SIZE_MAX + 1], root[CMD_HASH_TEXT_SIZE];
	json_t *object = json_pack("{s:s}", "key", cmd_vkey_text(&checkpoint->key, key));
	ENSURE(object);
	if (!checkpoint->key_alone) {
		(void)json_object_set_new(object, "origin", cmd_json_text(checkpoint->is.origin));
		(void)json_object_set_new(object, "size", json_integer((json_int_t)checkpoint->is.size));
		(void)json_object_set_new(object, "root", json_string(cmd_hash_text(&checkpoint->is.root, root)));
		(void)json_object_set_new(object, "note", cmd_json_text(checkpoint->note));
	}
	if (checkpoint->out)
		(void)json_object_set_new(object, "file", cmd_json_text(span_of_string(checkpoint->out)));
	cmd_print_json(object);
}

static void checkpoint_print(const struct checkpoint *checkpoint)
{
	char key[LEDGER_VKEY_SIZE_MAX + 1];
	if (checkpoint->key_alone) {
		(void)printf("%s%s\n", checkpoint->out ? "wrote the key to " : "",
			     checkpoint->out ? checkpoint->out : cmd_vkey_text(&checkpoint->key, key));
		return;
	}
	if (!checkpoint->out)
		(void)fwrite(checkpoint->note.at, 1, checkpoint->note.size, stdout);
	(void)fprintf(checkpoint->out ? stdout : stderr, "%schecked the signature of %.*s under %" PRIu64 " %s%s%s\n",
		      checkpoint->out ? "" : "legation: ", SPAN_ARGS(checkpoint->is.origin), checkpoint->is.size,
		      cmd_entries(checkpoint->is.size), checkpoint->out ? "; wrote " : "",
		      checkpoint->out ? checkpoint->out : "");
}

int cmd_ledger_checkpoint(int argc, char **argv)
{
	struct checkpoint checkpoint = {.directory = CMD_DIRECTORY_DEFAULT};
	const struct cmd_option options[] = {
		OPTION_DIRECTORY(checkpoint.directory),
		{"key", CMD_FLAG, &checkpoint.key_alone, NULL, "the ledger's public key instead, as NAME+ID+KEY"},
		{"out", CMD_TEXT, &checkpoint.out, "FILE", "into a new file"},
		OPTION_JSON(checkpoint.as_json),
	};
	const struct cmd_usage usage = {
		"legation ledger checkpoint [options]",
		"Print the signed checkpoint: a few lines that pin down every entry so far. Keep it where this\n"
		"server cannot reach it; `legation ledger verify --against` then names a rollback and a fork. An\n"
		"existing file is never overwritten.",
		options,
		sizeof options / sizeof *options,
		0,
		0,
	};
	(void)cmd_options(&usage, argc, argv, NULL);
	struct err e = checkpoint_run(&checkpoint);
	store_close(checkpoint.store);
	if (failed(e))
		return cmd_failed_as(checkpoint.as_json, "ledger checkpoint", e);
	if (checkpoint.as_json)
		checkpoint_print_json(&checkpoint);
	else
		checkpoint_print(&checkpoint);
	return CMD_GOOD;
}
