/* core/start.c - founding a post's ledger, or opening and checking the one that is there, and loading the state.
 *
 * Ready means: the checkpoint's signature holds, the root computed from the tree's edge is the one it signs, and every
 * domain's state is loaded from the projections. The lines inside are verified in the background afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/internal.h"
#include "ipc/child.h"

enum {
	PATH_ROOM = 512,
	REPLAY_ALIVE_EVERY = 1024, /* entries */
	START_READERS_US = 5 * 1000 * 1000,
	START_RETRY_MS = 5,
};

static const char *path_of(const struct core *core, const char *name, char path[PATH_ROOM])
{
	(void)snprintf(path, PATH_ROOM, "%s/%s", core->options->directory, name);
	return path;
}

/* Never a second writer: the lock goes with the process, however it ends. */
static struct err lock_take(struct core *core)
{
	char path[PATH_ROOM];
	core->lock = open(path_of(core, "lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (core->lock < 0)
		return FAIL_ERRNO("open %s", path);
	if (flock(core->lock, LOCK_EX | LOCK_NB) != 0) {
		core->second = errno == EWOULDBLOCK;
		return core->second ? FAIL(ERR_BUSY, "%s: another server writes this ledger", path)
				    : FAIL_ERRNO("lock %s", path);
	}
	return OK;
}

/* ---- the projections ---- */

/* A projection's schema is kept beside it: when a new version changes it, the tables are dropped and built again from
 * the entries. So projections need no migration.
 */
static struct err schema_hash(const struct core *core, struct ledger_hash *ret_hash)
{
	uint8_t room[256 * 1024];
	struct sink s = SINK_OF(room);
	for (size_t m = 0; m < core->options->module_count; m++)
		if (core->options->modules[m]->schema)
			sink_text(&s, core->options->modules[m]->schema);
	TRY(sink_finish(&s, "the projections' schemas"));
	*ret_hash = ledger_hash_bytes(sink_span(&s));
	return OK;
}

static struct err tables_drop(struct core *core)
{
	for (size_t m = 0; m < core->options->module_count; m++) {
		const char *const *tables = core->options->modules[m]->tables;
		for (size_t i = 0; tables && tables[i]; i++) {
			char sql[200];
			(void)snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS %s", tables[i]);
			TRY(store_script(core->store, sql));
		}
	}
	return OK;
}

struct err core_tables_make(struct core *core)
{
	for (size_t m = 0; m < core->options->module_count; m++)
		if (core->options->modules[m]->schema)
			TRY(err_within(store_script(core->store, core->options->modules[m]->schema), "schema of %s",
				       core->options->modules[m]->name));
	return OK;
}

static struct err tables_current(struct core *core, const struct ledger_hash *hash, bool *ret_current)
{
	struct store_statement *find;
	bool row;
	TRY(store_script(core->store, "CREATE TABLE IF NOT EXISTS projection (one INTEGER PRIMARY KEY, schema BLOB)"));
	TRY(store_statement(core->store, "SELECT schema FROM projection WHERE one = 1", &find));
	TRY(store_step(find, &row));
	*ret_current = row && span_equal(store_column_bytes(find, 0), ledger_hash_span(hash));
	return store_done(find);
}

/* Apply every entry that is there to fresh tables. */
struct err core_replay(struct core *core, struct store *from, struct ledger_vault *vault, uint64_t *ret_count)
{
	struct store_statement *lines;
	uint64_t count = 0;
	TRY(store_statement(from, "SELECT line FROM entry ORDER BY seq", &lines));
	for (;;) {
		bool row;
		TRY(store_step(lines, &row));
		if (!row)
			break;
		struct ledger_entry header;
		TRY(ledger_entry_read_header(store_column_bytes(lines, 0), &header));
		const struct core_entry_kind *kind = core_kind_find(core, header.type);
		if (!kind)
			return FAIL(ERR_UNSUPPORTED, "entry %llu: type %.*s is not known to this version",
				    (unsigned long long)header.seq, SPAN_ARGS(header.type));
		arena_reset(core->arena);
		void *body = arena_take(core->arena, kind->shape->size);
		struct core_entry entry = {
			.kind = kind,
			.body = body,
			.seq = header.seq,
			.time_us = header.time_us,
			.actor = header.actor,
			.cause = header.cause,
			.has_cause = header.has_cause,
		};
		TRY(ledger_body_read(kind->shape, header.body, core->arena, body));
		TRY(ledger_sealed_load(vault, &header, kind->shape, core->arena, body, &entry.erased));
		TRY(core_apply(core, &entry));
		if (++count % REPLAY_ALIVE_EVERY == 0 && core->child)
			TRY(child_alive(core->child, clock_boot_us()));
	}
	arena_reset(core->arena);
	*ret_count = count;
	return store_done(lines);
}

static void states_make(struct core *core)
{
	for (size_t m = 0; m < core->options->module_count; m++) {
		const struct core_module *module = core->options->modules[m];
		if (core->states[m] && module->state_free)
			module->state_free(core->states[m]);
		core->states[m] = module->state_new ? module->state_new() : NULL;
	}
}

void core_states_make(struct core *core)
{
	states_make(core);
}

static struct err tables_rebuild(struct core *core, const struct ledger_hash *hash)
{
	uint64_t count = 0;
	struct store_statement *keep;
	log_info("projections=rebuilding entries=%llu", (unsigned long long)ledger_size(core->ledger));
	TRY(store_begin(core->store));
	TRY(tables_drop(core));
	TRY(core_tables_make(core));
	core->rebuilding = true;
	struct err e = core_replay(core, core->store, ledger_vault(core->ledger), &count);
	core->rebuilding = false;
	TRY(e);
	TRY(store_statement(core->store,
			    "INSERT INTO projection (one, schema) VALUES (1, $1) "
			    "ON CONFLICT (one) DO UPDATE SET schema = excluded.schema",
			    &keep));
	store_bind_bytes(keep, 1, ledger_hash_span(hash));
	TRY(store_run(keep));
	return store_commit(core->store);
}

/* ---- founding ---- */

/* The recovery secret leaves this machine by a person's hand: it is written once, beside the data, with the request to
 * take it away.
 */
static struct err recovery_write(const struct core *core, const uint8_t secret[KEYS_RECOVERY_SIZE])
{
	char path[PATH_ROOM], text[KEYS_RECOVERY_TEXT_SIZE];
	int fd = open(path_of(core, CORE_RECOVERY_KEY, path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return FAIL_ERRNO("create %s", path);
	keys_recovery_write(secret, text);
	size_t size = strlen(text);
	bool good = write(fd, text, size) == (ssize_t)size && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
	wipe(text, sizeof text);
	(void)close(fd);
	return good ? OK : FAIL(ERR_IO, "write %s", path);
}

static bool code_is_good(const char *code)
{
	size_t size = code ? strlen(code) : 0;
	if (size < 2 || size > 8)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!((code[i] >= 'A' && code[i] <= 'Z') || (code[i] >= '0' && code[i] <= '9')))
			return false;
	return true;
}

static struct err found(struct core *core)
{
	char path[PATH_ROOM], origin[200];
	uint8_t recovery[KEYS_RECOVERY_SIZE];
	if (!code_is_good(core->options->code))
		return FAIL(ERR_INVALID, "a new post needs its code: 2 to 8 of A-Z and 0-9");
	(void)snprintf(origin, sizeof origin, "legation.invalid/%s", core->options->code);
	struct span name = span_of_string(core->options->origin ? core->options->origin : origin);
	struct err e = keys_root_load(path_of(core, CORE_ROOT_KEY, path), &core->root_key);
	if (e.code == ERR_NOT_FOUND)
		e = keys_root_make(path, &core->root_key);
	TRY(e);
	TRY(ledger_create(core->store, &core->root_key, name, recovery));
	e = recovery_write(core, recovery);
	wipe(recovery, sizeof recovery);
	return e;
}

static struct err found_entry(struct core *core)
{
	uint8_t key_text[LEDGER_VKEY_SIZE_MAX], recovery[KEYS_RECOVERY_SIZE];
	struct sink s = SINK_OF(key_text);
	ledger_vkey_write(&s, ledger_vkey(core->ledger));
	TRY(keys_recovery_public(core->store, recovery));
	struct core_founded body = {
		.origin = ledger_vkey_name(ledger_vkey(core->ledger)),
		.ledger_key = sink_span(&s),
		.recovery_key = SPAN_OF(recovery),
		.version = span_of_string(core->options->version),
	};
	TRY(core_record(core, &core_founded_entry, &body, (struct core_why){.actor = "core"}, NULL));
	log_info("founded=%s ledger_key=\"%.*s\"", core->code, SPAN_ARGS(sink_span(&s)));
	return OK;
}

/* The post's code stands in every line; the first one says it. */
static struct err code_read(struct core *core)
{
	struct span line;
	struct ledger_entry header;
	struct err e = ledger_line(core->store, 0, core->arena, &line);
	if (e.code == ERR_NOT_FOUND && core->options->code) {
		(void)snprintf(core->code, sizeof core->code, "%s", core->options->code);
		return OK;
	}
	TRY(e);
	TRY(ledger_entry_read_header(line, &header));
	ENSURE(header.post.size < sizeof core->code);
	memcpy(core->code, header.post.at, header.post.size);
	core->code[header.post.size] = 0;
	if (core->options->code && strcmp(core->options->code, core->code) != 0)
		return FAIL(ERR_INVALID, "this is the ledger of post %s, not of %s", core->code, core->options->code);
	return OK;
}

/* ---- opening ---- */

/* Made at the founding; whoever opens later only reads it. */
struct err core_pepper_load(struct core *core, struct store *store)
{
	return keys_secret(store, &core->root_key, "pepper", core->pepper, sizeof core->pepper);
}

static struct err pepper_take(struct core *core)
{
	TRY(store_begin(core->store));
	TRY(core_pepper_load(core, core->store));
	return store_commit(core->store);
}

/* We hold the lock, so whoever is in our way is a reader that looks whether the database is there yet. */
static struct err store_open_first(struct core *core, const char *path)
{
	struct store_options options = {.mode = STORE_WRITE, .create = true};
	uint64_t until_us = clock_boot_us() + START_READERS_US;
	for (;;) {
		struct err e = store_open(path, &options, &core->store);
		if (e.code != ERR_BUSY || clock_boot_us() > until_us)
			return e;
		(void)poll(NULL, 0, START_RETRY_MS);
	}
}

static struct err store_take(struct core *core)
{
	char path[PATH_ROOM];
	if (mkdir(path_of(core, CORE_DATA, path), 0750) != 0 && errno != EEXIST)
		return FAIL_ERRNO("make the folder %s", path);
	TRY(store_open_first(core, path_of(core, CORE_DATABASE, path)));
	bool exists = false;
	TRY(ledger_exists(core->store, &exists));
	if (!exists)
		return found(core);
	return keys_root_load(path_of(core, CORE_ROOT_KEY, path), &core->root_key);
}

static struct err modules_load(struct core *core)
{
	struct ledger_hash hash;
	bool current = false;
	states_make(core);
	TRY(schema_hash(core, &hash));
	TRY(tables_current(core, &hash, &current));
	if (!current) {
		TRY(tables_rebuild(core, &hash));
		states_make(core); /* what replay built in memory is loaded again below, the one way */
	}
	for (size_t m = 0; m < core->options->module_count; m++)
		if (core->options->modules[m]->load)
			TRY(err_within(core->options->modules[m]->load(core), "load %s",
				       core->options->modules[m]->name));
	return OK;
}

static struct err started_entry(struct core *core, uint64_t since_us)
{
	struct span note = ledger_checkpoint(core->ledger);
	struct ledger_note parts;
	struct ledger_checkpoint checkpoint;
	TRY(ledger_note_read(note, &parts));
	TRY(ledger_checkpoint_read(parts.text, &checkpoint));
	struct core_started body = {
		.version = span_of_string(core->options->version),
		.size = checkpoint.size,
		.root = ledger_hash_span(&checkpoint.root),
		.load_ms = (uint32_t)((clock_boot_us() - since_us) / 1000),
	};
	return core_record(core, &core_started_entry, &body, (struct core_why){.actor = "core"}, NULL);
}

struct err core_open(struct core *core)
{
	uint64_t since_us = clock_boot_us();
	core->arena = arena_new(CORE_COMMAND_ARENA_MAX);
	core->feed = malloc(LINK_MESSAGE_SIZE_MAX);
	core->answer = malloc(CORE_ANSWER_BYTES_MAX);
	ENSURE(core->feed && core->answer);
	TRY(lock_take(core));
	TRY(store_take(core));
	TRY(code_read(core));
	struct ledger_options options = {.post = span_of_string(core->code), .root = &core->root_key};
	TRY(ledger_open(core->store, &options, &core->ledger));
	TRY(pepper_take(core));
	core_time_start(core, ledger_last_time_us(core->ledger));
	TRY(modules_load(core));
	if (ledger_size(core->ledger) == 0)
		TRY(found_entry(core));
	else
		TRY(started_entry(core, since_us));
	TRY(core_disk_look(core));
	return core_batch_commit(core);
}

void core_close(struct core *core)
{
	for (size_t m = 0; m < core->options->module_count; m++)
		if (core->states[m] && core->options->modules[m]->state_free)
			core->options->modules[m]->state_free(core->states[m]);
	core->ledger = ledger_close(core->ledger);
	core->store = store_close(core->store);
	keys_root_wipe(&core->root_key);
	wipe(core->pepper, sizeof core->pepper);
	core->arena = arena_free(core->arena);
	free(core->feed);
	free(core->answer);
	free(core->outbox);
}
