/* core/rebuild.c - is every projection what the entries say? `legation fsck`.
 *
 * The entries are replayed into a fresh database beside, by the same apply that core uses, and every table is
 * compared row by row in the order of all its columns. It must find nothing, always. Reads only; the fresh database
 * is removed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/internal.h"

enum { REBUILD_SQL_ROOM = 300, REBUILD_COLUMNS_MAX = 64 };

struct rebuild {
	struct core *core; /* over the fresh database */
	struct store *live;
	char path[600];
	struct core_rebuilt *result;
};

static void differ(struct rebuild *rebuild, const char *table, uint64_t row, const char *how)
{
	struct core_rebuilt *result = rebuild->result;
	if (result->differences++ == 0)
		(void)snprintf(result->first, sizeof result->first, "%s, row %llu: %s", table, (unsigned long long)row,
			       how);
}

static bool values_equal(const struct store_value *a, const struct store_value *b)
{
	return a->kind == b->kind && a->number == b->number && span_equal(a->span, b->span);
}

/* Columns are few and fixed; "ORDER BY 1, 2, ..." makes one order of both sides. */
static void select_write(char sql[REBUILD_SQL_ROOM], const char *table, uint32_t columns)
{
	struct sink s = sink_of(sql, REBUILD_SQL_ROOM - 1);
	sink_printf(&s, "SELECT * FROM %s ORDER BY 1", table);
	for (uint32_t i = 2; i <= columns; i++)
		sink_printf(&s, ", %u", i);
	ENSURE(!s.failed);
	sql[s.size] = 0;
}

static struct err column_count(struct store *store, const char *table, uint32_t *ret_count)
{
	char sql[REBUILD_SQL_ROOM];
	struct store_statement *all;
	select_write(sql, table, 1);
	TRY(store_statement_once(store, sql, &all));
	*ret_count = store_column_count(all);
	store_statement_free(all);
	return OK;
}

static struct err rows_compare(struct rebuild *rebuild, const char *table, uint32_t columns,
			       struct store_statement *live, struct store_statement *fresh)
{
	for (uint64_t row = 1;; row++) {
		bool live_row, fresh_row;
		TRY(store_step(live, &live_row));
		TRY(store_step(fresh, &fresh_row));
		if (!live_row && !fresh_row)
			return OK;
		rebuild->result->rows++;
		if (live_row != fresh_row) {
			differ(rebuild, table, row,
			       live_row ? "is in the table and not in the entries"
					: "is in the entries and not in the table");
			return OK;
		}
		for (uint32_t i = 0; i < columns; i++) {
			struct store_value a = store_column_any(live, i), b = store_column_any(fresh, i);
			char how[80];
			(void)snprintf(how, sizeof how, "column %u is not what the entries say", i + 1);
			if (!values_equal(&a, &b))
				differ(rebuild, table, row, how);
		}
	}
}

static struct err table_compare(struct rebuild *rebuild, const char *table)
{
	char sql[REBUILD_SQL_ROOM];
	uint32_t columns = 0;
	struct store_statement *live = NULL, *fresh = NULL;
	TRY(column_count(rebuild->core->store, table, &columns));
	select_write(sql, table, columns);
	TRY(err_within(store_statement_once(rebuild->live, sql, &live), "%s", table));
	struct err e = store_statement_once(rebuild->core->store, sql, &fresh);
	if (!failed(e))
		e = rows_compare(rebuild, table, columns, live, fresh);
	store_statement_free(live);
	store_statement_free(fresh);
	rebuild->result->tables++;
	return e;
}

static struct err compare(struct rebuild *rebuild)
{
	const struct core_options *options = rebuild->core->options;
	for (size_t m = 0; m < options->module_count; m++)
		for (size_t i = 0; options->modules[m]->tables && options->modules[m]->tables[i]; i++)
			TRY(table_compare(rebuild, options->modules[m]->tables[i]));
	return OK;
}

static struct err live_open(struct rebuild *rebuild, struct ledger_vault **ret_vault)
{
	struct core *core = rebuild->core;
	char path[512];
	struct span line;
	struct ledger_entry first;
	struct store_options options = {.mode = STORE_READ};
	(void)snprintf(path, sizeof path, "%s/" CORE_ROOT_KEY, core->options->directory);
	TRY(keys_root_load(path, &core->root_key));
	(void)snprintf(path, sizeof path, "%s/" CORE_DATABASE, core->options->directory);
	TRY(store_open(path, &options, &rebuild->live));
	TRY(core_pepper_load(core, rebuild->live));
	TRY(ledger_line(rebuild->live, 0, core->arena, &line));
	TRY(ledger_entry_read_header(line, &first));
	memcpy(core->code, first.post.at, first.post.size);
	*ret_vault = ledger_vault_new(rebuild->live, &core->root_key, span_of_string(core->code), 0);
	return OK;
}

static struct err replay_and_compare(struct rebuild *rebuild)
{
	struct core *core = rebuild->core;
	struct ledger_vault *vault = NULL;
	struct store_options fresh = {.mode = STORE_WRITE, .create = true};
	TRY(live_open(rebuild, &vault));
	struct err e = store_open(rebuild->path, &fresh, &core->store);
	if (!failed(e))
		e = store_begin_read(rebuild->live);
	if (!failed(e))
		e = store_begin(core->store);
	if (!failed(e))
		e = core_tables_make(core);
	core_states_make(core);
	if (!failed(e))
		e = core_replay(core, rebuild->live, vault, &rebuild->result->entries);
	if (!failed(e))
		e = store_commit(core->store);
	if (!failed(e))
		e = compare(rebuild);
	ledger_vault_free(vault);
	return e;
}

struct err core_rebuild(const struct core_options *options, struct core_rebuilt *ret_rebuilt)
{
	*ret_rebuilt = (struct core_rebuilt){0};
	struct rebuild rebuild = {.core = core_new(options), .result = ret_rebuilt};
	char folder[512]; /* inside the post's own: there are names in it */
	(void)snprintf(folder, sizeof folder, "%s/fsck-XXXXXX", options->directory);
	if (!mkdtemp(folder))
		return FAIL_ERRNO("make %s", folder);
	(void)snprintf(rebuild.path, sizeof rebuild.path, "%s/fresh.db", folder);
	rebuild.core->arena = arena_new(CORE_COMMAND_ARENA_MAX);
	rebuild.core->rebuilding = true;
	struct err e = replay_and_compare(&rebuild);
	store_close(rebuild.live);
	core_close(rebuild.core);
	(void)close(rebuild.core->epoll);
	free(rebuild.core);
	static const char *const endings[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		char path[600];
		(void)snprintf(path, sizeof path, "%s/fresh.db%s", folder, endings[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	return e;
}
