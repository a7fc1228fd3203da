/* unit/cmd/restore_test.c - a backup beside a post that runs, and a post made of it: a new origin that cites the
 * old one.
 */
#include "unit/cmd/tool.h"

#include <sys/stat.h>
#include <unistd.h>

#include "ledger/note.h"

static const char *home;
static char old_key[400], recovery[600];

static void line_of_output(char text[400])
{
	(void)snprintf(text, 400, "%.*s", (int)strcspn(tool.out, "\n"), tool.out);
}

static bool is_there(const char *path)
{
	struct stat about;
	return stat(path, &about) == 0;
}

static void backs_up(void)
{
	const char *path = home_file("running.backup");
	CHECK(TOOL(cmd_backup, "--dir", home) == 2 && tool_said("--out"), "a backup needs a file");
	CHECK(TOOL(cmd_backup, "--out", path, "--dir", home) == 0 && tool_said("recorded as entry "),
	      "a backup of a post that runs is on record");
	CHECK(TOOL(cmd_ledger_show, "--type", "backup.made", "--dir", home) == 0 && tool_said("\"keys_expire\":\"20") &&
		      tool_said("\"actor\":\"uid/"),
	      "with the day by which it must go");
	CHECK(TOOL(cmd_backup, "--out", path, "--dir", home) == 1 && tool_said("exists"), "none is overwritten");
	struct stat about;
	CHECK(stat(path, &about) == 0 && (about.st_mode & 077) == 0, "and nobody else may read it");
	CHECK(TOOL(cmd_backup, "--out", "/nowhere/x", "--json", "--dir", home) == 1 && tool_json(),
	      "a folder that is not there");
	home_remark(home, 3);
	CHECK(TOOL(cmd_ledger_checkpoint, "--out", home_file("late.note"), "--dir", home) == 0,
	      "a checkpoint from after it");
	home_stop();
	CHECK(TOOL(cmd_backup, "--out", home_file("stopped.backup"), "--json", "--dir", home) == 0 && tool_json() &&
		      json_is_false(json_object_get(tool_json(), "recorded")),
	      "of one that does not run it is not");
	CHECK(TOOL(cmd_backup, "--out", home_file("third.backup"), "--dir", home) == 0 && tool_said("recorded nowhere"),
	      "and that is said");
}

static void refuses(void)
{
	const char *folder = home_file("refused"), *path = home_file("running.backup");
	char cut[300];
	CHECK(TOOL(cmd_restore, path, "--recovery-key-file", recovery) == 2, "a restore needs a folder");
	CHECK(TOOL(cmd_restore, path, "--dir", folder) == 2, "and the recovery key");
	CHECK(TOOL(cmd_restore, path, "--dir", home, "--recovery-key-file", recovery) == 1 &&
		      tool_said("not an empty folder"),
	      "a folder that holds something");
	CHECK(is_there(home_file("home/data/legation.db")), "which stays as it is");
	CHECK(TOOL(cmd_restore, path, "--dir", folder, "--recovery-key-file", recovery, "--code", "OTH") == 1 &&
		      tool_said("of post TST, not of OTH"),
	      "another post's backup");
	CHECK(TOOL_GIVEN(cmd_restore, "0000 1111\n", path, "--dir", folder, "--recovery-key-file", "-") == 1 &&
		      tool_said("64 hex digits"),
	      "half a recovery key");
	CHECK(TOOL_GIVEN(cmd_restore, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", path, "--dir",
			 folder, "--recovery-key-file", "-") == 1 &&
		      tool_said("another recovery key"),
	      "another recovery key");
	(void)snprintf(cut, sizeof cut, "head -c 3000 '%s' > '%s'", path, home_file("cut.backup"));
	REQUIRE(system(cut) == 0);
	CHECK(TOOL(cmd_restore, home_file("cut.backup"), "--dir", folder, "--recovery-key-file", recovery) == 1,
	      "a backup that was cut off");
	CHECK(TOOL(cmd_restore, path, "--dir", folder, "--recovery-key-file", recovery, "--origin", "a b") == 1,
	      "an origin that is no name");
	CHECK(!is_there(folder), "and nothing stays of any of these");
}

static void restores(void)
{
	const char *restored = home_file("restored");
	char key[400];
	CHECK(TOOL(cmd_restore, home_file("running.backup"), "--dir", restored, "--recovery-key-file", recovery,
		   "--code", "TST", "--json") == 0 &&
		      tool_json(),
	      "restored into a folder that was not there");
	const char *cited = json_string_value(json_object_get(tool_json(), "old_checkpoint"));
	char citation[1200] = "";
	for (size_t at = 0; cited && *cited && at + 2 < sizeof citation; cited++) {
		if (*cited == '\n')
			citation[at++] = '\\';
		citation[at++] = *cited == '\n' ? 'n' : *cited;
	}
	CHECK(TOOL(cmd_ledger_show, "--type", "ledger.founded", "--dir", restored) == 0 &&
		      tool_said("\"restored_from\":\"") && citation[0] && tool_said(citation),
	      "its first new entry cites the old checkpoint verbatim");
	CHECK(TOOL(cmd_ledger_checkpoint, "--key", "--dir", restored) == 0, "it has a key");
	line_of_output(key);
	CHECK(strcmp(key, old_key) != 0 && strstr(key, "legation.invalid/TST/restored-20") == key,
	      "a new one, of a new origin");
	CHECK(TOOL(cmd_ledger_verify, "--dir", restored) == 0, "and the whole ledger verifies");
	CHECK(TOOL(cmd_fsck, "--dir", restored) == 0 && tool_said("no tables yet"),
	      "before its first start there are no tables");
	CHECK(TOOL(cmd_verify_proof, home_file("old.proof"), "--key", old_key) == 0, "a proof from before holds");
	CHECK(!is_there(home_file("restored/data/restoring.db")) && !is_there(home_file("restored/recovery.key")),
	      "nothing else lies there");
}

static void serves_what_was_restored(void)
{
	const char *again = home_folder("again"), *early = home_file("early.note"), *late = home_file("late.note");
	char key[400];
	REQUIRE(rmdir(home_file("again/run")) == 0);
	CHECK(TOOL(cmd_restore, home_file("running.backup"), "--dir", again, "--recovery-key-file", recovery) == 0,
	      "restored into an empty folder");
	NEED(mkdir(home_file("again/run"), 0755) == 0, "a folder for the socket");
	home_start(again, NULL);
	home_remark(again, 10);
	CHECK(TOOL(cmd_fsck, "--dir", again) == 0 && tool_said("found 0 differences"),
	      "it starts, and its tables are right");
	CHECK(TOOL(cmd_ledger_verify, "--against", early, "--dir", again) == 0 &&
		      tool_said("before the restore in entry"),
	      "a checkpoint from before the backup is consistent");
	CHECK(TOOL(cmd_ledger_verify, "--against", late, "--json", "--dir", again) == 1 && tool_json(),
	      "one from after it");
	json_t *against = json_array_get(json_object_get(tool_json(), "against"), 0);
	const char *verdict = json_string_value(json_object_get(against, "verdict"));
	CHECK(verdict && strcmp(verdict, "rollback") == 0 && json_object_get(against, "restored_at"),
	      "is the rollback that the restore names");
	CHECK(TOOL(cmd_ledger_checkpoint, "--key", "--dir", again) == 0, "its key");
	line_of_output(key);
	CHECK(TOOL(cmd_ledger_verify, "--against", early, "--key", key, "--dir", again) == 1 && tool_said("stranger"),
	      "who believes the new key alone does not believe the old checkpoint");
	CHECK(TOOL(cmd_ledger_verify, "--against", early, "--key", key, "--key", old_key, "--dir", again) == 0,
	      "who believes both does");
	CHECK(TOOL(cmd_backup, "--out", home_file("second.backup"), "--dir", again) == 0, "a backup of it");
	home_stop();
	CHECK(TOOL(cmd_restore, home_file("second.backup"), "--dir", home_file("twice"), "--recovery-key-file",
		   recovery) == 0,
	      "opens under the same recovery key");
	CHECK(TOOL(cmd_ledger_verify, "--against", early, "--dir", home_file("twice")) == 0,
	      "and the chain holds over two restores");
	CHECK(TOOL(cmd_ledger_checkpoint, "--key", "--dir", home_file("twice")) == 0 &&
		      strstr(strstr(tool.out, "/restored-") + 1, "/restored-") == NULL,
	      "whose name does not grow");
}

/* Somebody signs the same entries anew and says nothing of a restore. */
static void silence_is_no_restore(void)
{
	const char *silent = home_folder("silent");
	char sql[600];
	home_copy(home, silent);
	(void)snprintf(sql, sizeof sql, "UPDATE key SET public = (SELECT CAST('%s' AS BLOB)) WHERE name = 'ledger'",
		       "legation.invalid/OTHER+00000000+AaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaAaA=");
	home_alter(silent, sql);
	CHECK(TOOL(cmd_ledger_verify, "--against", home_file("early.note"), "--dir", silent) == 1,
	      "a key that no entry names is not believed");
}

static void tidy(const char *name)
{
	char command[400];
	(void)snprintf(command, sizeof command, "rm -rf '%s'", home_file(name));
	REQUIRE(system(command) == 0);
}

int main(void)
{
	home_make();
	home = home_folder("home");
	home_start(home, "TST");
	(void)snprintf(recovery, sizeof recovery, "%s/recovery.key", home);
	home_remark(home, 270);
	CHECK(TOOL(cmd_ledger_checkpoint, "--out", home_file("early.note"), "--dir", home) == 0,
	      "a checkpoint is kept");
	CHECK(TOOL(cmd_ledger_prove, "4", "--out", home_file("old.proof"), "--dir", home) == 0, "and a proof");
	CHECK(TOOL(cmd_ledger_checkpoint, "--key", "--dir", home) == 0, "and the key");
	line_of_output(old_key);
	backs_up();
	refuses();
	restores();
	serves_what_was_restored();
	silence_is_no_restore();
	tidy("restored");
	tidy("twice");
	return tap_finish();
}
