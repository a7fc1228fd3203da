#include "cmd/print.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/read.h"

_Static_assert((int)CMD_TEXTS_MAX <= (int)LEDGER_KEYS_MAX, "as many keys as one verification takes");

/* ---- answers ---- */

void cmd_print_json(json_t *object)
{
	ENSURE(object && json_dumpf(object, stdout, JSON_COMPACT) == 0);
	(void)putchar('\n');
	json_decref(object);
}

/* ASCII controls, and those of ISO 8859 as UTF-8 writes them (C2 80 to C2 9F). */
static bool steers_terminal(struct span line, size_t at)
{
	uint8_t c = line.at[at];
	bool second = at > 0 && line.at[at - 1] == 0xC2;
	return c < 0x20 || c == 0x7F || (second && c >= 0x80 && c <= 0x9F);
}

void cmd_print_line(struct span line)
{
	if (!isatty(STDOUT_FILENO)) {
		(void)fwrite(line.at, 1, line.size, stdout);
		(void)putchar('\n');
		return;
	}
	for (size_t i = 0; i < line.size; i++) {
		if (steers_terminal(line, i))
			(void)printf("\\x%02x", line.at[i]);
		else
			(void)putchar(line.at[i]);
	}
	(void)putchar('\n');
}

json_t *cmd_json_text(struct span text)
{
	json_t *string = text.size > 0 ? json_stringn((const char *)text.at, text.size) : NULL;
	return string ? string : json_string("");
}

int cmd_failed_as(bool as_json, const char *what, struct err e)
{
	if (!as_json)
		return cmd_failed(what);
	cmd_print_json(json_pack("{s:s, s:s, s:o}", "failed", what, "kind", err_name(e.code), "why",
				 cmd_json_text(span_of_string(err_why()))));
	return CMD_BAD;
}

int cmd_called_wrongly(const struct cmd_usage *usage, const char *what)
{
	(void)fprintf(stderr, "legation: %s\nusage: %s\n", what, usage->line);
	return CMD_USAGE;
}

const char *cmd_hash_text(const struct ledger_hash *hash, char text[CMD_HASH_TEXT_SIZE])
{
	struct sink s = sink_of(text, CMD_HASH_TEXT_SIZE);
	sink_base64(&s, ledger_hash_span(hash));
	sink_u8(&s, 0);
	ENSURE(!s.failed);
	return text;
}

/* ---- files ---- */

struct err cmd_path(const char *directory, const char *name, char path[CMD_PATH_SIZE])
{
	int length = snprintf(path, CMD_PATH_SIZE, "%s/%s", directory, name);
	return length >= 0 && length < CMD_PATH_SIZE ? OK
						     : FAIL(ERR_TOO_LARGE, "%s: a path that is too long", directory);
}

static struct err read_all(int file, const char *path, size_t size_max, struct arena *arena, struct span *ret_bytes)
{
	uint8_t *bytes = arena_take(arena, size_max + 1);
	size_t size = 0;
	while (size <= size_max) {
		ssize_t got = read(file, bytes + size, size_max + 1 - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return FAIL_ERRNO("%s", path);
		if (got == 0)
			break;
		size += (size_t)got;
	}
	if (size > size_max)
		return FAIL(ERR_TOO_LARGE, "%s: more than %zu bytes", path, size_max);
	*ret_bytes = (struct span){bytes, size};
	return OK;
}

static struct err file_read(const char *path, bool secret, size_t size_max, struct arena *arena, struct span *ret_bytes)
{
	struct stat about;
	if (!arena_has_room(arena, size_max + 1))
		return FAIL(ERR_TOO_LARGE, "%s: no room for it", path);
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", size_max, arena, ret_bytes);
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (file < 0)
		return FAIL_ERRNO("%s", path);
	struct err e = OK;
	if (fstat(file, &about) != 0)
		e = FAIL_ERRNO("%s", path);
	else if (secret && (about.st_mode & 077) != 0)
		e = FAIL(ERR_DENIED, "%s: others than its owner may read it (chmod 600 first)", path);
	if (!failed(e))
		e = read_all(file, path, size_max, arena, ret_bytes);
	(void)close(file);
	return e;
}

struct err cmd_file_read(const char *path, size_t size_max, struct arena *arena, struct span *ret_bytes)
{
	return file_read(path, false, size_max, arena, ret_bytes);
}

struct err cmd_secret_read(const char *path, size_t size_max, struct arena *arena, struct span *ret_bytes)
{
	return file_read(path, true, size_max, arena, ret_bytes);
}

struct err cmd_file_write(const char *path, struct span bytes)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0)
		return FAIL_ERRNO("%s", path);
	struct err e = OK;
	errno = ENOSPC; /* what a short write means */
	if (write(file, bytes.at, bytes.size) != (ssize_t)bytes.size || fsync(file) != 0)
		e = FAIL_ERRNO("%s", path);
	(void)close(file);
	if (failed(e))
		(void)unlink(path);
	return e;
}

/* ---- the ledger of a post ---- */

struct err cmd_ledger_open(const char *directory, struct store **ret_store)
{
	char path[CMD_PATH_SIZE];
	struct store_options options = {.mode = STORE_READ, .cache_kb_max = 16 * 1024};
	struct timespec wait = {.tv_nsec = CMD_OPEN_WAIT_MS * 1000L * 1000L};
	TRY(cmd_path(directory, CORE_DATABASE, path));
	struct err e = store_open(path, &options, ret_store);
	for (int tries = 1; e.code == ERR_BUSY && tries < CMD_OPEN_TRIES; tries++) {
		(void)nanosleep(&wait, NULL);
		e = store_open(path, &options, ret_store);
	}
	return e.code == ERR_DENIED ? err_within(e, "only root, or the user that core runs as, may read it") : e;
}

struct err cmd_root_load(const char *directory, struct keys_root *ret_root)
{
	char path[CMD_PATH_SIZE];
	TRY(cmd_path(directory, CORE_ROOT_KEY, path));
	return keys_root_load(path, ret_root);
}

struct err cmd_post_code(struct store *store, char ret_code[LEDGER_POST_SIZE_MAX + 1])
{
	AUTO_FREE(arena) struct arena *arena = arena_new(LEDGER_ENTRY_SIZE_MAX + 64);
	struct span line;
	struct ledger_entry first;
	TRY(ledger_line(store, 0, arena, &line));
	TRY(err_within(ledger_entry_read_header(line, &first), "entry 0"));
	ENSURE(first.post.size <= LEDGER_POST_SIZE_MAX);
	memcpy(ret_code, first.post.at, first.post.size);
	ret_code[first.post.size] = 0;
	return OK;
}

struct err cmd_ledger_end(struct store *store, uint64_t *ret_end)
{
	struct store_statement *last;
	bool row;
	TRY(store_statement(store, "SELECT seq FROM entry ORDER BY seq DESC LIMIT 1", &last));
	TRY(store_step(last, &row));
	*ret_end = row ? store_column_u64(last, 0) + 1 : 0;
	return store_done(last);
}

struct err cmd_checkpoint(struct store *store, uint8_t room[LEDGER_CHECKPOINT_SIZE_MAX], struct span *ret_note,
			  struct ledger_checkpoint *ret_checkpoint, struct ledger_vkey *ret_key)
{
	struct sink note = sink_of(room, LEDGER_CHECKPOINT_SIZE_MAX);
	uint64_t size = 0;
	TRY(store_begin_read(store));
	struct err e = ledger_latest(store, &note, &size);
	if (!failed(e))
		e = keys_vkey(store, ret_key);
	store_rollback(store);
	TRY(e);
	*ret_note = sink_span(&note);
	return err_within(ledger_checkpoint_open(*ret_note, ret_key, 1, ret_checkpoint, NULL), "the stored checkpoint");
}

const char *cmd_vkey_text(const struct ledger_vkey *key, char text[LEDGER_VKEY_SIZE_MAX + 1])
{
	struct sink s = sink_of(text, LEDGER_VKEY_SIZE_MAX + 1);
	ledger_vkey_write(&s, key);
	sink_u8(&s, 0);
	ENSURE(!s.failed);
	return text;
}

struct err cmd_vkeys_read(const struct cmd_texts *texts, struct ledger_vkey keys[CMD_TEXTS_MAX])
{
	for (size_t i = 0; i < texts->count; i++)
		TRY(err_within(ledger_vkey_read(span_of_string(texts->at[i]), &keys[i]), "--key %s", texts->at[i]));
	return OK;
}
