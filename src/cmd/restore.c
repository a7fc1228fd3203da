/* cmd/restore.c - `legation restore`: a post made of a backup, on a bare machine.
 *
 * The entries and their tree are kept; the signing key is not. A restored post signs under a new key and a new
 * origin, and the first entry it writes cites the old checkpoint verbatim, so that nobody takes the two for one
 * ledger: whatever the lost machine signed after the backup is another history, and says so.
 *
 * The database has another name until all of this is done: a restore that was cut off leaves nothing that could be
 * served.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/identity.h"
#include "cmd/print.h"
#include "core/pages.h"
#include "ledger/append.h"
#include "ledger/backup.h"

enum { RESTORE_ORIGIN_SIZE_MAX = 200, RESTORE_KEY_FILE_SIZE_MAX = 1024 };

static const char unfinished[] = CORE_DATA "/restoring.db";
static const char restored_mark[] = "/restored-";

struct restore {
	const char *file, *directory, *key_file, *code, *origin;
	bool as_json;
	bool folder_made;
	char database[CMD_PATH_SIZE]; /* while it is unfinished */
	char root_path[CMD_PATH_SIZE];
	char origin_room[RESTORE_ORIGIN_SIZE_MAX + 1];
	struct ledger_restored restored;
	struct keys_root root;
	struct store *store;
	struct ledger *ledger;
	struct ledger_vkey key;
	struct ledger_appended cited; /* its line is gone by then */
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	size_t note_size;
};

/* ---- the folder ---- */

static struct err folder_take(struct restore *restore)
{
	if (mkdir(restore->directory, 0750) == 0) {
		restore->folder_made = true;
	} else if (errno != EEXIST) {
		return FAIL_ERRNO("make the folder %s", restore->directory);
	}
	DIR *folder = opendir(restore->directory);
	if (!folder)
		return FAIL_ERRNO("%s", restore->directory);
	bool empty = true;
	for (const struct dirent *entry = readdir(folder); entry && empty; entry = readdir(folder))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	(void)closedir(folder);
	if (!empty)
		return FAIL(ERR_EXISTS, "%s: not an empty folder", restore->directory);
	char data[CMD_PATH_SIZE];
	TRY(cmd_path(restore->directory, CORE_DATA, data));
	return mkdir(data, 0750) == 0 ? OK : FAIL_ERRNO("make the folder %s", data);
}

static void remove_ending(const struct restore *restore, const char *ending)
{
	char path[CMD_PATH_SIZE + 8];
	(void)snprintf(path, sizeof path, "%s%s", restore->database, ending);
	(void)unlink(path);
}

/* Nothing stays of a restore that failed. */
static void folder_give_back(const struct restore *restore)
{
	char path[CMD_PATH_SIZE];
	remove_ending(restore, "");
	remove_ending(restore, "-wal");
	remove_ending(restore, "-shm");
	if (!failed(cmd_path(restore->directory, CORE_DATABASE, path)))
		(void)unlink(path);
	(void)unlink(restore->root_path);
	if (!failed(cmd_path(restore->directory, CORE_DATA, path)))
		(void)rmdir(path);
	if (restore->folder_made)
		(void)rmdir(restore->directory);
}

/* What root restored belongs to core's user, as `legation serve` would have made it. */
static struct err give_to_core(const char *path)
{
	struct identity core = identity_of(WORKER_CORE);
	if (core.uid != 0 && chown(path, core.uid, core.gid) != 0)
		return FAIL_ERRNO("give %s to uid %u", path, core.uid);
	return OK;
}

/* The last step: under its name, the database is a post. */
static struct err folder_finish(struct restore *restore)
{
	char path[CMD_PATH_SIZE], data[CMD_PATH_SIZE];
	TRY(cmd_path(restore->directory, CORE_DATABASE, path));
	remove_ending(restore, "-wal"); /* empty: everything is in the database */
	remove_ending(restore, "-shm");
	TRY(give_to_core(restore->root_path));
	TRY(give_to_core(restore->database));
	TRY(cmd_path(restore->directory, CORE_DATA, data));
	TRY(give_to_core(data));
	TRY(give_to_core(restore->directory));
	if (rename(restore->database, path) != 0)
		return FAIL_ERRNO("rename %s", restore->database);
	int folder = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool flushed = folder >= 0 && fsync(folder) == 0;
	struct err e = flushed ? OK : FAIL_ERRNO("flush %s", restore->directory);
	if (folder >= 0)
		(void)close(folder);
	return e;
}

/* ---- the old ledger ---- */

static struct err secret_read(const struct restore *restore, uint8_t ret_secret[KEYS_RECOVERY_SIZE])
{
	AUTO_FREE(arena) struct arena *arena = arena_new(2 * RESTORE_KEY_FILE_SIZE_MAX);
	struct span text;
	TRY(cmd_file_read(restore->key_file, RESTORE_KEY_FILE_SIZE_MAX, arena, &text));
	return err_within(keys_recovery_read(text, ret_secret), "%s", restore->key_file);
}

static struct err take_old(struct restore *restore)
{
	uint8_t secret[KEYS_RECOVERY_SIZE];
	TRY(secret_read(restore, secret));
	struct err e = ledger_restore(restore->file, secret, restore->database, restore->root_path, &restore->restored);
	wipe(secret, sizeof secret);
	TRY(e);
	struct span code = {restore->restored.post, restore->restored.post_size};
	if (restore->code && !span_is(code, restore->code))
		return FAIL(ERR_INVALID, "%s: a backup of post %.*s, not of %s", restore->file, SPAN_ARGS(code),
			    restore->code);
	return keys_root_load(restore->root_path, &restore->root);
}

/* ---- the new origin ---- */

/* "legation.invalid/BRN" becomes "legation.invalid/BRN/restored-20261122T224857Z"; so does that one, once more. */
static struct err origin_make(struct restore *restore)
{
	struct span old = restore->restored.backup.checkpoint.origin;
	char time[CLOCK_TEXT_SIZE + 1] = {0};
	struct sink t = sink_of(time, CLOCK_TEXT_SIZE);
	struct sink s = sink_of(restore->origin_room, RESTORE_ORIGIN_SIZE_MAX);
	if (restore->origin)
		return OK;
	const uint8_t *mark = memmem(old.at, old.size, restored_mark, sizeof restored_mark - 1);
	clock_write(&t, clock_wall_us());
	sink_put(&s, (struct span){old.at, mark ? (size_t)(mark - old.at) : old.size});
	sink_printf(&s, "%s%.4s%.2s%.2sT%.2s%.2s%.2sZ", restored_mark, time, time + 5, time + 8, time + 11, time + 14,
		    time + 17);
	TRY(sink_finish(&s, "the new origin (--origin gives a shorter one)"));
	restore->origin_room[s.size] = 0;
	restore->origin = restore->origin_room;
	return OK;
}

static struct err cite(struct restore *restore)
{
	char key_text[LEDGER_VKEY_SIZE_MAX + 1], actor[LEDGER_ACTOR_SIZE_MAX];
	uint8_t recovery[KEYS_RECOVERY_SIZE];
	TRY(keys_recovery_public(restore->store, recovery));
	restore->key = *ledger_vkey(restore->ledger);
	(void)snprintf(actor, sizeof actor, "uid/%u", (unsigned)getuid());
	struct core_founded body = {
		.origin = ledger_vkey_name(&restore->key),
		.ledger_key = span_of_string(cmd_vkey_text(&restore->key, key_text)),
		.recovery_key = SPAN_OF(recovery),
		.version = span_of_string(cmd_version),
		.restored_from = {restore->restored.note, restore->restored.note_size},
		.restored_size = restore->restored.backup.checkpoint.size,
	};
	struct ledger_draft draft = {
		.type = core_founded_entry.type,
		.actor = actor,
		.time_us = clock_wall_us(),
		.shape = &core_founded_shape,
		.value = &body,
	};
	TRY(store_begin(restore->store));
	TRY(ledger_append(restore->ledger, &draft, &restore->cited));
	TRY(ledger_sign(restore->ledger));
	TRY(store_commit(restore->store));
	struct span note = ledger_checkpoint(restore->ledger);
	memcpy(restore->note, note.at, note.size);
	restore->note_size = note.size;
	return OK;
}

static struct err begin_anew(struct restore *restore)
{
	struct store_options options = {.mode = STORE_WRITE};
	struct ledger_options ledger = {
		.post = {restore->restored.post, restore->restored.post_size},
		.root = &restore->root,
	};
	TRY(origin_make(restore));
	TRY(store_open(restore->database, &options, &restore->store));
	TRY(ledger_renew(restore->store, &restore->root, span_of_string(restore->origin)));
	TRY(ledger_open(restore->store, &ledger, &restore->ledger));
	TRY(cite(restore));
	return store_empty_wal(restore->store); /* the old signing key stood in it */
}

static struct err restore_run(struct restore *restore)
{
	TRY(cmd_path(restore->directory, unfinished, restore->database));
	TRY(cmd_path(restore->directory, CORE_ROOT_KEY, restore->root_path));
	TRY(folder_take(restore));
	struct err e = take_old(restore);
	if (!failed(e))
		e = begin_anew(restore);
	if (restore->store && store_in_transaction(restore->store))
		store_rollback(restore->store);
	restore->ledger = ledger_close(restore->ledger);
	restore->store = store_close(restore->store);
	keys_root_wipe(&restore->root);
	if (!failed(e))
		e = folder_finish(restore);
	if (failed(e))
		folder_give_back(restore);
	return e;
}

/* ---- what it says ---- */

static void restore_print(const struct restore *restore)
{
	const struct ledger_restored *old = &restore->restored;
	char key[LEDGER_VKEY_SIZE_MAX + 1], made[CLOCK_TEXT_SIZE + 1] = {0};
	struct sink s = sink_of(made, CLOCK_TEXT_SIZE);
	struct span code = {old->post, old->post_size};
	clock_write(&s, old->time_us);
	cmd_vkey_text(&restore->key, key);
	if (restore->as_json) {
		cmd_print_json(json_pack("{s:o, s:o, s:I, s:I, s:I, s:s, s:o, s:o, s:o, s:s, s:I, s:o}", "directory",
					 cmd_json_text(span_of_string(restore->directory)), "post", cmd_json_text(code),
					 "entries", (json_int_t)old->report.entries, "sealed_opened",
					 (json_int_t)old->report.sealed_opened, "sealed_erased",
					 (json_int_t)old->report.sealed_erased, "made", made, "old_origin",
					 cmd_json_text(old->backup.checkpoint.origin), "old_checkpoint",
					 cmd_json_text((struct span){old->note, old->note_size}), "origin",
					 cmd_json_text(span_of_string(restore->origin)), "key", key, "seq",
					 (json_int_t)restore->cited.seq, "checkpoint",
					 cmd_json_text((struct span){restore->note, restore->note_size})));
		return;
	}
	(void)printf("restored post %.*s into %s: verified %" PRIu64 " %s and %" PRIu64
		     " sealed parts of %s; entry %" PRIu64 " cites the old checkpoint\n",
		     SPAN_ARGS(code), restore->directory, old->report.entries, cmd_entries(old->report.entries),
		     old->report.sealed_opened, made, restore->cited.seq);
	(void)printf("the new public key: %s\n"
		     "whatever was recorded after the backup is not here; erase again whoever was erased since\n",
		     key);
}

int cmd_restore(int argc, char **argv)
{
	struct restore *restore = calloc(1, sizeof *restore);
	ENSURE(restore);
	const struct cmd_option options[] = {
		{"dir", CMD_TEXT, &restore->directory, "FOLDER", "where the post is to be: new, or empty"},
		{"recovery-key-file", CMD_TEXT, &restore->key_file, "FILE",
		 "the recovery key, as recovery.key or typed from paper; - is standard input"},
		{"code", CMD_TEXT, &restore->code, "CODE", "refuse a backup of another post"},
		{"origin", CMD_TEXT, &restore->origin, "NAME", "of the restored ledger; else the old one and the time"},
		{"json", CMD_FLAG, &restore->as_json, NULL, "one JSON object"},
	};
	const struct cmd_usage usage = {
		"legation restore FILE --dir FOLDER --recovery-key-file FILE [options]",
		"Make a post of a backup. Everything in it is verified first. The restored ledger keeps all\n"
		"entries and signs under a new key and a new origin; its first new entry cites the old\n"
		"checkpoint. Proofs from before hold under the old key.",
		options,
		sizeof options / sizeof *options,
		1,
		1,
	};
	int code = CMD_USAGE;
	(void)cmd_options(&usage, argc, argv, &restore->file);
	if (!restore->directory)
		(void)cmd_called_wrongly(&usage, "--dir is missing");
	else if (!restore->key_file)
		(void)cmd_called_wrongly(&usage, "--recovery-key-file is missing");
	else if (restore->origin && strlen(restore->origin) > RESTORE_ORIGIN_SIZE_MAX)
		(void)cmd_called_wrongly(&usage, "--origin is at most 200 bytes");
	else
		code = CMD_GOOD;
	if (code == CMD_GOOD) {
		struct err e = restore_run(restore);
		code = failed(e) ? cmd_failed_as(restore->as_json, "restore", e) : CMD_GOOD;
		if (!failed(e))
			restore_print(restore);
	}
	wipe(restore, sizeof *restore);
	free(restore);
	return code;
}
