/* cmd/fsck.c - `legation fsck`: is every table what the entries say? */
#include <inttypes.h>
#include <string.h>

#include "cmd/print.h"

/* A post that was restored, and not started since, has no projections yet: they are made of the entries at its
 * start.
 */
static struct err projections_are_there(const char *directory, bool *ret_there)
{
	struct store *store;
	struct store_statement *find;
	TRY(cmd_ledger_open(directory, &store));
	struct err e = store_statement(store, "SELECT 1 FROM sqlite_schema WHERE name = 'projection'", &find);
	if (!failed(e))
		e = store_step(find, ret_there);
	store_close(store);
	return e;
}

static struct err fsck_run(const char *directory, bool *ret_there, struct core_rebuilt *ret_rebuilt)
{
	struct core_options options = cmd_core_options(directory);
	*ret_rebuilt = (struct core_rebuilt){0};
	TRY(projections_are_there(directory, ret_there));
	return *ret_there ? core_rebuild(&options, ret_rebuilt) : OK;
}

static void fsck_print(const struct core_rebuilt *rebuilt, bool there)
{
	if (!there) {
		(void)printf("sound: there are no tables yet; the next start makes them of the entries\n");
		return;
	}
	(void)printf("%s: rebuilt %" PRIu64 " tables from %" PRIu64 " %s and compared %" PRIu64 " rows; found %" PRIu64
		     " %s\n",
		     rebuilt->differences == 0 ? "sound" : "NOT SOUND", rebuilt->tables, rebuilt->entries,
		     cmd_entries(rebuilt->entries), rebuilt->rows, rebuilt->differences,
		     rebuilt->differences == 1 ? "difference" : "differences");
	if (rebuilt->differences > 0)
		(void)printf("the first: %s\n", rebuilt->first);
}

int cmd_fsck(int argc, char **argv)
{
	const char *directory = CMD_DIRECTORY_DEFAULT;
	bool as_json = false, there = false;
	const struct cmd_option options[] = {
		{"dir", CMD_TEXT, &directory, "FOLDER", "the post's data (" CMD_DIRECTORY_DEFAULT ")"},
		{"json", CMD_FLAG, &as_json, NULL, "one JSON object"},
	};
	const struct cmd_usage usage = {
		"legation fsck [options]",
		"Build every table again from the entries, beside, and compare row by row with what the post\n"
		"uses. Nothing is changed, and it does not matter whether the post runs. It must find nothing,\n"
		"always.",
		options,
		sizeof options / sizeof *options,
		0,
		0,
	};
	struct core_rebuilt rebuilt;
	(void)cmd_options(&usage, argc, argv, NULL);
	struct err e = fsck_run(directory, &there, &rebuilt);
	if (failed(e))
		return cmd_failed_as(as_json, "fsck", e);
	if (as_json)
		cmd_print_json(json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:o}", "sound", rebuilt.differences == 0,
					 "projections", there, "entries", (json_int_t)rebuilt.entries, "tables",
					 (json_int_t)rebuilt.tables, "rows", (json_int_t)rebuilt.rows, "differences",
					 (json_int_t)rebuilt.differences, "first",
					 cmd_json_text(span_of_string(rebuilt.first))));
	else
		fsck_print(&rebuilt, there);
	return rebuilt.differences == 0 ? CMD_GOOD : CMD_BAD;
}
