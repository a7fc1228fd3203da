/* cmd/print.h - what the tool's commands share: answers as a line or as one object, files in and out, and a post's
 * ledger opened for reading.
 *
 * It knows no command. Whatever it opens, it opens for reading, beside a post that runs or one that does not.
 */
#ifndef LEGATION_CMD_PRINT_H
#define LEGATION_CMD_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "ledger/verify.h"

enum {
	CMD_PATH_SIZE = 4096,
	CMD_HASH_TEXT_SIZE = 45, /* base64 of a hash, and a NUL */
	CMD_OPEN_TRIES = 100, /* while another process opens the database for the first time since its log was left */
	CMD_OPEN_WAIT_MS = 20,
};

/* ---- answers ---- */

/* Print an object on a line of its own. owns: takes it. */
void cmd_print_json(json_t *object);

/* Print a line of the ledger: its exact bytes into a file or a pipe. On a terminal, whatever could steer the
 * terminal is written out instead: an altered line may hold anything.
 */
void cmd_print_line(struct span line);

/* The text as a JSON string; "" when it is not UTF-8. */
json_t *cmd_json_text(struct span text);

/* Say what failed: the sentence on standard error or, with --json, an object on standard output. gives CMD_BAD. */
int cmd_failed_as(bool as_json, const char *what, struct err e);

/* Say what is wrong about how a command was called. gives CMD_USAGE. */
int cmd_called_wrongly(const struct cmd_usage *usage, const char *what);

static inline const char *cmd_entries(uint64_t count)
{
	return count == 1 ? "entry" : "entries";
}

const char *cmd_hash_text(const struct ledger_hash *hash, char text[CMD_HASH_TEXT_SIZE]);

/* ---- files ---- */

/* "<directory>/<name>". fails ERR_TOO_LARGE. */
struct err cmd_path(const char *directory, const char *name, char path[CMD_PATH_SIZE]) MUST_USE;

/* A whole file into the arena; "-" is standard input.
 * fails   ERR_TOO_LARGE over size_max; as the system does.
 */
struct err cmd_file_read(const char *path, size_t size_max, struct arena *arena, struct span *ret_bytes) MUST_USE;

/* A file with a secret in it: the same, but only its owner may be able to read it. "-" is standard input.
 * fails   also ERR_DENIED.
 */
struct err cmd_secret_read(const char *path, size_t size_max, struct arena *arena, struct span *ret_bytes) MUST_USE;

/* A new file, flushed. Nothing is overwritten: an older checkpoint or proof may be the only one of its kind.
 * fails   ERR_EXISTS; as the system does, and then it is removed.
 */
struct err cmd_file_write(const char *path, struct span bytes) MUST_USE;

/* ---- the ledger of a post ---- */

/* owns    the caller, until store_close.
 * fails   ERR_NOT_FOUND, ERR_DENIED with a sentence that says who may; as store_open does.
 */
struct err cmd_ledger_open(const char *directory, struct store **ret_store) MUST_USE;

/* The root key beside it; the caller wipes it. */
struct err cmd_root_load(const char *directory, struct keys_root *ret_root) MUST_USE;

/* The post's code, as its first entry says it. */
struct err cmd_post_code(struct store *store, char ret_code[LEDGER_POST_SIZE_MAX + 1]) MUST_USE;

/* One more than the last entry's seq; 0 when there is none. */
struct err cmd_ledger_end(struct store *store, uint64_t *ret_end) MUST_USE;

/* The signed checkpoint, its signature checked under the key that is stored beside it.
 * gives   the note in `room`; the checkpoint's spans point there.
 */
struct err cmd_checkpoint(struct store *store, uint8_t room[LEDGER_CHECKPOINT_SIZE_MAX], struct span *ret_note,
			  struct ledger_checkpoint *ret_checkpoint, struct ledger_vkey *ret_key) MUST_USE;

/* A key as NAME+ID+KEY, with a NUL. */
const char *cmd_vkey_text(const struct ledger_vkey *key, char text[LEDGER_VKEY_SIZE_MAX + 1]);

/* The keys of --key. fails as ledger_vkey_read, naming the one. */
struct err cmd_vkeys_read(const struct cmd_texts *texts, struct ledger_vkey keys[CMD_TEXTS_MAX]) MUST_USE;

#endif
