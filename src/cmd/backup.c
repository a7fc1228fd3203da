/* cmd/backup.c - `legation backup`: an encrypted copy of all that cannot be computed again, taken beside a post
 * that runs.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/client.h"
#include "cmd/print.h"
#include "core/pages.h"
#include "ledger/backup.h"

enum { BACKUP_KEEP_DAYS_DEFAULT = 90, BACKUP_KEEP_DAYS_MAX = 3660 };
#define BACKUP_DAY_US (UINT64_C(86400) * 1000 * 1000)

struct backup {
	const char *directory, *out;
	uint64_t keep_days;
	bool as_json;
	uint64_t expires_us;
	struct ledger_backup_report report;
	bool written;
	bool recorded;
	uint64_t seq; /* of the entry */
};

static struct err backup_write(struct backup *backup)
{
	char code[LEDGER_POST_SIZE_MAX + 1];
	struct keys_root root;
	AUTO_FREE(store) struct store *store = NULL;
	TRY(cmd_ledger_open(backup->directory, &store));
	TRY(cmd_post_code(store, code));
	TRY(cmd_root_load(backup->directory, &root));
	struct err e = ledger_backup(store, &root, span_of_string(code), clock_wall_us(), backup->out, &backup->report);
	keys_root_wipe(&root);
	backup->written = !failed(e);
	return e;
}

/* A post that does not run has nobody to write the entry: that is said, and no failure. */
static struct err backup_record(struct backup *backup)
{
	struct client *client = NULL;
	json_t *reply = NULL;
	struct core_backup_made_request request = {
		.size = backup->report.checkpoint.size,
		.root = ledger_hash_span(&backup->report.checkpoint.root),
		.bytes = backup->report.bytes,
		.keys_expire = backup->expires_us,
	};
	struct err e = client_open(backup->directory, &client);
	if (e.code == ERR_NOT_FOUND || e.code == ERR_CLOSED)
		return OK;
	TRY(e);
	e = client_ask_json(client, "core_backup_made", &request, &reply);
	client_close(client);
	TRY(e);
	backup->recorded = true;
	backup->seq = (uint64_t)json_integer_value(json_object_get(reply, "seq"));
	json_decref(reply);
	return OK;
}

static void backup_print(const struct backup *backup)
{
	const struct ledger_backup_report *report = &backup->report;
	char root[CMD_HASH_TEXT_SIZE], expires[CLOCK_TEXT_SIZE + 1] = {0};
	struct sink s = sink_of(expires, CLOCK_TEXT_SIZE);
	clock_write(&s, backup->expires_us);
	if (backup->as_json) {
		cmd_print_json(json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:s, s:s, s:b, s:o}", "file",
					 cmd_json_text(span_of_string(backup->out)), "bytes", (json_int_t)report->bytes,
					 "entries", (json_int_t)report->entries, "sealed", (json_int_t)report->sealed,
					 "subjects", (json_int_t)report->subjects, "origin",
					 cmd_json_text(report->checkpoint.origin), "root",
					 cmd_hash_text(&report->checkpoint.root, root), "keys_expire", expires,
					 "recorded", backup->recorded, "seq",
					 backup->recorded ? json_integer((json_int_t)backup->seq) : json_null()));
		return;
	}
	(void)printf("wrote %s: %" PRIu64 " %s of %.*s and %" PRIu64 " sealed parts, %" PRIu64
		     " bytes; destroy it by %.10s; ",
		     backup->out, report->entries, cmd_entries(report->entries), SPAN_ARGS(report->checkpoint.origin),
		     report->sealed, report->bytes, expires);
	if (backup->recorded)
		(void)printf("recorded as entry %" PRIu64 "\n", backup->seq);
	else
		(void)printf("recorded nowhere: the post does not run\n");
}

int cmd_backup(int argc, char **argv)
{
	struct backup backup = {.directory = CMD_DIRECTORY_DEFAULT, .keep_days = BACKUP_KEEP_DAYS_DEFAULT};
	const struct cmd_option options[] = {
		{"out", CMD_TEXT, &backup.out, "FILE", "a new file, readable by nobody else"},
		{"keep-days", CMD_NUMBER, &backup.keep_days, "N",
		 "destroy it after so many days (90): it holds keys of people erased since"},
		{"dir", CMD_TEXT, &backup.directory, "FOLDER", "the post's data (" CMD_DIRECTORY_DEFAULT ")"},
		{"json", CMD_FLAG, &backup.as_json, NULL, "one JSON object"},
	};
	const struct cmd_usage usage = {
		"legation backup --out FILE [options]",
		"Write all entries, sealed parts and keys to a file, encrypted to the recovery key, whether the\n"
		"post runs or not. This machine cannot open it again; `legation restore` can, with the recovery\n"
		"key. A post that runs records it.",
		options,
		sizeof options / sizeof *options,
		0,
		0,
	};
	(void)cmd_options(&usage, argc, argv, NULL);
	if (!backup.out)
		return cmd_called_wrongly(&usage, "--out is missing");
	if (backup.keep_days == 0 || backup.keep_days > BACKUP_KEEP_DAYS_MAX)
		return cmd_called_wrongly(&usage, "--keep-days is 1 to 3660");
	backup.expires_us = clock_wall_us() + backup.keep_days * BACKUP_DAY_US;
	struct err e = backup_write(&backup);
	if (!failed(e))
		e = backup_record(&backup);
	if (failed(e) && backup.written)
		e = err_within(e, "%s is whole, but it could not be recorded", backup.out);
	if (failed(e))
		return cmd_failed_as(backup.as_json, "backup", e);
	backup_print(&backup);
	return CMD_GOOD;
}
