/* unit/cmd/ledger_test.c - showing, verifying, proving: over a ledger that core made, and over what was done to
 * copies of it.
 */
#include "unit/cmd/tool.h"

#include "ledger/append.h"
#include "ledger/entry.h"

static const char *home;
static char key[400];

static void without_newline(char *text)
{
	text[strcspn(text, "\n")] = 0;
}

static unsigned lines_in(const char *text)
{
	unsigned lines = 0;
	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* ---- show ---- */

static void shows_lines(void)
{
	char line[4096];
	CHECK(TOOL(cmd_ledger_show, "0", "--dir", home) == 0, "the first entry is shown");
	CHECK(strstr(tool.out, "{\"post\":\"TST\",\"seq\":0,") == tool.out && lines_in(tool.out) == 1,
	      "exactly as it is stored, on one line");
	(void)snprintf(line, sizeof line, "%.4000s", tool.out);
	without_newline(line);
	struct ledger_entry entry;
	CHECK_OK(ledger_entry_read(span_of_string(line), &entry), "and it reads as an entry");
	CHECK(TOOL(cmd_ledger_show, "--limit", "5", "--dir", home) == 0 && lines_in(tool.out) == 5, "the newest five");
	CHECK(TOOL(cmd_ledger_show, "--type", "ledger.remark", "--limit", "7", "--dir", home) == 0 &&
		      lines_in(tool.out) == 7,
	      "seven of one type");
	CHECK(!strstr(tool.out, "ledger.founded"), "and of no other");
	CHECK(TOOL(cmd_ledger_show, "--type", "ledger.", "--from", "0", "--limit", "2", "--dir", home) == 0 &&
		      strstr(tool.out, "ledger.founded") && lines_in(tool.out) == 2,
	      "a prefix, from the start");
	CHECK(TOOL(cmd_ledger_show, "--actor", "nobody/1", "--dir", home) == 0 && lines_in(tool.out) == 0,
	      "nothing that nobody did");
	CHECK(TOOL(cmd_ledger_show, "--type", "ledger", "--dir", home) == 0 && lines_in(tool.out) == 0,
	      "a type is whole unless its dot is given");
	CHECK(TOOL(cmd_ledger_show, "--limit", "3", "--json", "--dir", home) == 0 && tool_json() &&
		      json_array_size(json_object_get(tool_json(), "entries")) == 3,
	      "three as JSON");
	CHECK(TOOL(cmd_ledger_show, "100000", "--dir", home) == 1 && tool_said("there is none"),
	      "an entry that is not there");
	CHECK(TOOL(cmd_ledger_show, "100000", "--json", "--dir", home) == 1 && tool_json() &&
		      json_object_get(tool_json(), "why"),
	      "the same as JSON");
	CHECK(TOOL(cmd_ledger_show, "x", "--dir", home) == 2 && tool_said("usage:"), "what is no number");
	CHECK(TOOL(cmd_ledger_show, "--follow-causes", "--dir", home) == 2, "causes of nothing");
	CHECK(TOOL(cmd_ledger_show, "--limit", "0", "--dir", home) == 2, "a limit of nothing");
	CHECK(TOOL(cmd_ledger_show, "0", "--dir", "/nowhere") == 1, "a folder that is not there");
	CHECK(TOOL(cmd_ledger_show, "--help") == 0 && tool_said("--follow-causes"), "--help explains");
}

/* ---- checkpoint, verify ---- */

static const char *checkpoint_of(const char *folder, const char *name)
{
	const char *path = home_file(name);
	NEED(TOOL(cmd_ledger_checkpoint, "--out", path, "--dir", folder) == 0, "a checkpoint of %s", folder);
	return path;
}

static void checkpoints(void)
{
	char note[1200];
	const char *path = checkpoint_of(home, "now.note");
	CHECK(TOOL(cmd_ledger_checkpoint, "--dir", home) == 0 && strcmp(tool.out, text_of(path)) == 0,
	      "the same on standard output and in a file");
	(void)snprintf(note, sizeof note, "%.1100s", tool.out);
	CHECK(TOOL(cmd_ledger_checkpoint, "--key", "--dir", home) == 0, "the key");
	(void)snprintf(key, sizeof key, "%.*s", 399, tool.out);
	without_newline(key);
	struct ledger_vkey vkey;
	struct ledger_checkpoint checkpoint;
	NEED_OK(ledger_vkey_read(span_of_string(key), &vkey), "is a vkey");
	CHECK_OK(ledger_checkpoint_open(span_of_string(note), &vkey, 1, &checkpoint, NULL),
		 "that signed the checkpoint");
	CHECK(TOOL(cmd_ledger_checkpoint, "--out", path, "--dir", home) == 1 && tool_said("exists"),
	      "a checkpoint that was kept is not overwritten");
	CHECK(TOOL(cmd_ledger_checkpoint, "--json", "--dir", home) == 0 && tool_json() &&
		      strcmp(json_string_value(json_object_get(tool_json(), "note")), note) == 0,
	      "as JSON, verbatim");
}

static void verifies(void)
{
	CHECK(TOOL(cmd_ledger_verify, "--dir", home) == 0 && tool_said("sound: checked ") && tool_said("found 0"),
	      "a ledger that is sound");
	CHECK(TOOL(cmd_ledger_verify, "--tree-only", "--key", key, "--dir", home) == 0,
	      "its tree, under the key that was kept");
	CHECK(TOOL(cmd_ledger_verify, "--json", "--dir", home) == 0 && tool_json() &&
		      json_is_true(json_object_get(tool_json(), "sound")),
	      "as JSON");
	CHECK(TOOL(cmd_ledger_verify, "--key", "nonsense", "--dir", home) == 1, "a key that is none");
	CHECK(TOOL(cmd_ledger_verify, "--dir", home_folder("void")) == 1, "a folder without a ledger");
	CHECK(TOOL(cmd_ledger_verify, "--against", "/nowhere", "--dir", home) == 1, "a checkpoint that is not there");
	CHECK(TOOL(cmd_ledger_verify, "surplus", "--dir", home) == 2, "a word too many");
}

static void names_damage(void)
{
	const char *altered = home_folder("altered"), *gone = home_folder("gone"), *sealed = home_folder("cause");
	home_copy(home, altered);
	home_alter(altered, "UPDATE entry SET line = CAST(replace(CAST(line AS TEXT), 'remark ', 'demark ') AS BLOB)"
			    " WHERE seq = 12");
	CHECK(TOOL(cmd_ledger_verify, "--dir", altered) == 1 && tool_said("entry 12: line: "),
	      "a line that was altered");
	CHECK(tool_said("NOT SOUND"), "is named, and the ledger is not sound");
	CHECK(TOOL(cmd_ledger_verify, "--tree-only", "--json", "--dir", altered) == 1 && tool_json() &&
		      json_integer_value(json_object_get(json_array_get(json_object_get(tool_json(), "findings"), 0),
							 "seq")) == 12,
	      "its number as JSON");
	CHECK(TOOL(cmd_ledger_prove, "12", "--dir", altered) == 1, "and nobody gets a proof of it");
	home_copy(home, gone);
	home_alter(gone, "DELETE FROM entry WHERE seq >= 290");
	CHECK(TOOL(cmd_ledger_verify, "--against", home_file("now.note"), "--dir", gone) == 1 && tool_said("gap") &&
		      tool_said(": truncated: "),
	      "entries cut off the end");
	home_copy(home, sealed);
	home_alter(sealed, "UPDATE entry SET line = CAST('{}' AS BLOB) WHERE seq = 20");
	CHECK(TOOL(cmd_ledger_verify, "--dir", sealed) == 1 && tool_said("entry 20: json: "), "a line that is none");
	CHECK(TOOL(cmd_ledger_show, "20", "--json", "--dir", sealed) == 0 && tool_json(),
	      "is still shown within sound JSON");
	CHECK(TOOL(cmd_ledger_show, "--type", "ledger.remark", "--from", "18", "--limit", "5", "--dir", sealed) == 1 &&
		      tool_said("1 damaged line passed over"),
	      "and passed over aloud by a search");
}

/* ---- against a checkpoint that was kept ---- */

static void names_other_histories(void)
{
	const char *old = home_folder("old"), *left = home_folder("left"), *right = home_folder("right");
	const char *other = home_folder("other");
	home_copy(home, old);
	home_copy(home, left);
	home_copy(home, right);
	home_start(left, NULL);
	home_remark(left, 3);
	home_stop();
	home_start(right, NULL);
	home_remark(right, 3);
	home_stop();
	home_start(other, "OTH");
	home_stop();
	const char *now = home_file("now.note"), *later = checkpoint_of(left, "left.note");
	CHECK(TOOL(cmd_ledger_verify, "--against", now, "--key", key, "--dir", left) == 0 && tool_said("consistent"),
	      "what grew is consistent with what was kept");
	CHECK(TOOL(cmd_ledger_verify, "--against", later, "--dir", old) == 1 && tool_said(": rollback: "),
	      "an older copy put back");
	CHECK(TOOL(cmd_ledger_verify, "--against", later, "--dir", right) == 1 && tool_said(": fork: "),
	      "another history");
	CHECK(TOOL(cmd_ledger_verify, "--against", later, "--dir", other) == 1 && tool_said(": stranger: "),
	      "another post's");
	CHECK(TOOL(cmd_ledger_verify, "--against", now, "--against", later, "--json", "--dir", right) == 1 &&
		      tool_json() && json_array_size(json_object_get(tool_json(), "against")) == 2,
	      "two at once, as JSON");
	CHECK(json_is_true(json_object_get(tool_json(), "sound")) &&
		      json_is_false(json_object_get(tool_json(), "good")),
	      "a fork is sound in itself, and not good");
	CHECK(TOOL(cmd_ledger_verify, "--key", key, "--dir", other) == 1 && tool_said("checkpoint: "),
	      "a ledger under another key than the one believed");
}

/* ---- proofs ---- */

static void proves(void)
{
	char entry[4096], bare[300000];
	const char *proof = home_file("entry.proof");
	CHECK(TOOL(cmd_ledger_prove, "5", "--out", proof, "--dir", home) == 0 && tool_said("entry 5"),
	      "a proof into a file");
	CHECK(TOOL(cmd_ledger_prove, "5", "--dir", home) == 0 && strcmp(tool.out, text_of(proof)) == 0,
	      "the same, printed");
	CHECK(TOOL(cmd_ledger_prove, "5", "--out", proof, "--dir", home) == 1 && tool_said("exists"),
	      "none is overwritten");
	CHECK(TOOL(cmd_ledger_prove, "99999", "--dir", home) == 1, "of an entry that is not there");
	CHECK(TOOL(cmd_ledger_show, "5", "--dir", home) == 0, "the entry itself");
	(void)snprintf(entry, sizeof entry, "%.*s", 4095, tool.out);
	CHECK(TOOL(cmd_verify_proof, proof, "--key", key) == 0 && tool_said("verified: entry 5 of ") &&
		      tool_said(entry),
	      "the proof verifies offline, and shows the entry");
	CHECK(TOOL(cmd_verify_proof, proof, "--key", key, "--json") == 0 && tool_json() &&
		      json_is_true(json_object_get(tool_json(), "verified")),
	      "as JSON");
	CHECK(TOOL(cmd_verify_proof, proof, "--key", key, "--entry", text_file("entry", entry, 0600)) == 0,
	      "with the entry from a file that ends its line");
	entry[strlen(entry) - 2] = ' ';
	CHECK(TOOL(cmd_verify_proof, proof, "--key", key, "--entry", text_file("entry", entry, 0600)) == 1 &&
		      tool_said("NOT verified"),
	      "not with another entry");
	CHECK(TOOL(cmd_verify_proof, proof) == 2 && tool_said("--key"), "not without a key");
	CHECK(TOOL(cmd_ledger_checkpoint, "--key", "--dir", home_file("other")) == 0, "another post's key");
	without_newline(tool.out);
	char other[400];
	(void)snprintf(other, sizeof other, "%.*s", 399, tool.out);
	CHECK(TOOL(cmd_verify_proof, proof, "--key", other) == 1 && tool_said("no known key"), "not under that one");
	CHECK(TOOL(cmd_verify_proof, proof, "--key", other, "--key", key) == 0 && tool_said("1 of 2 given keys"),
	      "under one of two");
	(void)snprintf(bare, sizeof bare, "%s", text_of(proof));
	char *extra = strstr(bare, "extra "), *index = strstr(bare, "index ");
	memmove(extra, index, strlen(index) + 1);
	CHECK(TOOL(cmd_verify_proof, text_file("bare.proof", bare, 0600), "--key", key) == 1 && tool_said("--entry"),
	      "without its extra line it asks for the entry");
}

/* Whatever one byte of a proof is turned into, it never shows another entry as verified. */
static void no_byte_of_a_proof_lies(void)
{
	char whole[8192], entry[4096];
	unsigned refused = 0, same = 0;
	(void)snprintf(whole, sizeof whole, "%s", text_of(home_file("entry.proof")));
	CHECK(TOOL(cmd_ledger_show, "5", "--dir", home) == 0, "the entry");
	(void)snprintf(entry, sizeof entry, "%.*s", 4095, tool.out);
	size_t size = strlen(whole), tried = 0;
	for (size_t at = 3; at < size; at += 17, tried++) {
		char kept = whole[at];
		whole[at] = kept == 'A' ? 'B' : 'A';
		if (TOOL(cmd_verify_proof, text_file("bent.proof", whole, 0600), "--key", key) == 1)
			refused++;
		else if (tool.code == 0 && strstr(tool.out, "verified: entry 5 of ") && strstr(tool.out, entry))
			same++;
		whole[at] = kept;
	}
	CHECK(refused + same == tried, "%u of %zu bent proofs are refused, %u show the same", refused, tried, same);
}

/* ---- fsck ---- */

static void checks_projections(void)
{
	const char *bent = home_folder("bent"), *bare = home_folder("bare");
	CHECK(TOOL(cmd_fsck, "--dir", home) == 0 && tool_said("sound: rebuilt ") && tool_said("found 0 differences"),
	      "projections are what the entries say");
	home_copy(home, bent);
	home_alter(bent, "UPDATE ledger_index SET actor = 'uid/7' WHERE seq = 9");
	CHECK(TOOL(cmd_fsck, "--dir", bent) == 1 && tool_said("ledger_index, row 10") && tool_said("NOT SOUND"),
	      "a row that was altered is named");
	CHECK(TOOL(cmd_fsck, "--json", "--dir", bent) == 1 && tool_json() &&
		      json_integer_value(json_object_get(tool_json(), "differences")) == 1,
	      "as JSON");
	home_copy(home, bare);
	home_alter(bare, "DROP TABLE projection");
	CHECK(TOOL(cmd_fsck, "--dir", bare) == 0 && tool_said("no tables yet"), "tables that are not made yet");
	CHECK(TOOL(cmd_fsck, "--dir", "/nowhere") == 1, "no post at all");
}

int main(void)
{
	home_make();
	home = home_folder("home");
	home_start(home, "TST");
	home_remark(home, 300);
	CHECK(TOOL(cmd_ledger_verify, "--dir", home) == 0, "a post that runs is verified beside it");
	CHECK(TOOL(cmd_fsck, "--dir", home) == 0, "and its projections are checked");
	home_stop();
	shows_lines();
	checkpoints();
	verifies();
	names_damage();
	names_other_histories();
	proves();
	no_byte_of_a_proof_lies();
	checks_projections();
	return tap_finish();
}
