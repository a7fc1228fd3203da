/* unit/cmd/imports_test.c - commands that ask a post that runs: imports, keys, erasure; and fsck while it writes. */
#include "unit/cmd/tool.h"

#include <signal.h>
#include <sys/wait.h>

static const char *home;

static const char post_yaml[] =
	"post:\n"
	"  {code: TST, name: Test Embassy, kind: embassy, host_state: XB, sending_state: XA, time_zone: "
	"Europe/Lisbon}\n"
	"buildings:\n"
	"  - {key: house, name: House}\n"
	"floors:\n"
	"  - {key: ground, name: Ground floor, building: house, level: 0, plan: ground.svg}\n"
	"zones:\n"
	"  - {key: hall, name: Hall, floor: ground, level: controlled,\n"
	"     outline: [[0, 0], [100, 0], [100, 100], [0, 100]]}\n"
	"lines:\n"
	"  - {key: main, address: \"tcp:127.0.0.1:4000\"}\n"
	"devices:\n"
	"  - {key: io, line: main, address: 0, kind: io}\n"
	"  - {key: gate-reader, line: main, address: 1, kind: reader}\n"
	"doors:\n"
	"  - key: gate\n"
	"    name: Gate\n"
	"    floor: ground\n"
	"    x: 10\n"
	"    y: 10\n"
	"    to: hall\n"
	"    reader: {device: gate-reader}\n"
	"    strike: {device: io, output: 0, seconds: 5}\n"
	"    contact: {device: io, input: 0}\n"
	"    exit_request: {device: io, input: 1}\n"
	"    fire_release: wired\n"
	"people:\n"
	"  - {key: ada, name: Ada Testwright, status: diplomatic-agent, nationality: XA, notified_on: 2024-09-02}\n";

static const char plan_svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">"
			       "<rect x=\"1\" y=\"1\" width=\"98\" height=\"98\"/></svg>\n";

static const char cards_yaml[] = "credentials:\n"
				 "  - person: ada\n"
				 "    key: ada-blue\n"
				 "    card: {format: h10301, facility: 118, number: 1603}\n"
				 "rights:\n"
				 "  - {person: ada, doors: [gate]}\n";

static uint64_t json_number(const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(tool_json(), name));
}

static void imports_a_post(void)
{
	const char *file = text_file("post.yaml", post_yaml, 0644);
	(void)text_file("ground.svg", plan_svg, 0644);
	CHECK(TOOL(cmd_post_import, file, "--dry-run", "--json", "--dir", home) == 0 && tool_json() &&
		      json_number("seq") == 0 && json_number("added") > 5,
	      "a dry run says what would change");
	CHECK(TOOL(cmd_post_import, file, "--line", "main=tcp:127.0.0.1:4321", "--dir", home) == 0 &&
		      tool_said("+ door gate") && tool_said("recorded as entry "),
	      "a post is taken over");
	CHECK(TOOL(cmd_ledger_show, "--type", "post.line", "--dir", home) == 0 && tool_said("127.0.0.1:4321"),
	      "with the line's other address");
	CHECK(TOOL(cmd_post_import, file, "--line", "main=tcp:127.0.0.1:4321", "--dir", home) == 0 &&
		      tool_said("0 added, 0 changed, 0 removed") && tool_said("nothing recorded"),
	      "once more: nothing differs");
	CHECK(TOOL(cmd_post_import, file, "--line", "main", "--dir", home) == 1, "a line without an address");
	CHECK(TOOL(cmd_post_import, text_file("bad.yaml", "post: {codes: TST}\n", 0644), "--dir", home) == 1 &&
		      tool_said("bad.yaml:1:8: unknown key \"codes\""),
	      "what is wrong has its place");
	CHECK(TOOL(cmd_post_import, home_file("none.yaml"), "--json", "--dir", home) == 1 && tool_json(),
	      "no such file");
	CHECK(TOOL(cmd_post_import, "--dir", home) == 2, "no file at all");
}

static void imports_cards(void)
{
	const char *file = text_file("cards.yaml", cards_yaml, 0644);
	CHECK(TOOL(cmd_access_import, file, "--dry-run", "--dir", home) == 0 && tool_said("compared") &&
		      tool_said("1 cards added"),
	      "a dry run");
	CHECK(TOOL(cmd_ledger_show, "--type", "access.", "--dir", home) == 0 && tool.out[0] == 0, "records nothing");
	CHECK(TOOL(cmd_access_import, file, "--json", "--dir", home) == 0 && tool_json() &&
		      json_number("credentials_added") == 1 && json_number("rights_changed") == 1,
	      "a card and a right");
	CHECK(TOOL(cmd_access_import, file, "--dir", home) == 0 && tool_said("0 cards added, 0 changed"), "once more");
	CHECK(TOOL(cmd_access_import, text_file("who.yaml", "rights: [{person: bob, doors: [gate]}]\n", 0644), "--dir",
		   home) == 1 &&
		      tool_said("bob"),
	      "rights of nobody");
	CHECK(TOOL(cmd_ledger_show, "--type", "access.credential", "--dir", home) == 0 && tool_said("ada-blue") &&
		      !strstr(tool.out, "1603") && !strstr(tool.out, "bb0321"),
	      "the card's number is not in the line");
}

static void keeps_keys(void)
{
	const char *file = text_file("io.key", "00112233445566778899aabbccddeef1\n", 0600);
	CHECK(TOOL(cmd_access_key, "io", "--key-file", file, "--dir", home) == 0 && tool_said("recorded as entry "),
	      "a key");
	CHECK(TOOL_GIVEN(cmd_access_key, "00112233445566778899aabbccddeef2", "gate-reader", "--key-file", "-", "--json",
			 "--dir", home) == 0 &&
		      tool_json(),
	      "from standard input");
	CHECK(TOOL(cmd_access_key, "nothing", "--key-file", file, "--dir", home) == 1 && tool_said("no device"),
	      "for no device");
	CHECK(TOOL(cmd_access_key, "io", "--dir", home) == 2, "no key at all");
	file = text_file("open.key", "00112233445566778899aabbccddeef1\n", 0640);
	CHECK(TOOL(cmd_access_key, "io", "--key-file", file, "--dir", home) == 1 && tool_said("others than its owner"),
	      "a key that others may read");
	file = text_file("short.key", "00112233\n", 0600);
	CHECK(TOOL(cmd_access_key, "io", "--key-file", file, "--dir", home) == 1 && tool_said("32 hex digits"),
	      "half a key");
	CHECK(!strstr(tool.out, "00112233") && !strstr(tool.err, "00112233"), "which is not repeated");
	CHECK(TOOL(cmd_access_accept, "io", "--dir", home) == 0 && tool_said("recorded as entry "),
	      "a device is accepted");
	CHECK(TOOL(cmd_access_accept, "nothing", "--json", "--dir", home) == 1 && tool_json(),
	      "not one that is not there");
}

static void erases(void)
{
	char id[24];
	CHECK(TOOL(cmd_ledger_show, "--type", "post.person", "--json", "--dir", home) == 0 && tool_json(),
	      "the person's entry");
	json_t *person = json_array_get(json_object_get(tool_json(), "entries"), 0);
	(void)snprintf(id, sizeof id, "%lld", (long long)json_integer_value(json_object_get(person, "seq")));
	CHECK(TOOL(cmd_ledger_prove, id, "--out", home_file("person.proof"), "--dir", home) == 0, "and its proof");
	CHECK(TOOL(cmd_erase, id, "--dir", home) == 2 && tool_said("--reason"), "no erasure without a reason");
	CHECK(TOOL(cmd_erase, id, "--reason", "left", "--json", "--dir", home) == 0 && tool_json() &&
		      json_number("sealed_parts") == 2,
	      "name and card number are erased");
	CHECK(TOOL(cmd_erase, id, "--reason", "left", "--dir", home) == 1, "only once");
	CHECK(TOOL(cmd_ledger_verify, "--json", "--dir", home) == 0 && tool_json() && json_number("sealed_erased") == 2,
	      "the ledger is sound");
	CHECK(TOOL(cmd_fsck, "--dir", home) == 0, "and so are the tables");
	CHECK(TOOL(cmd_ledger_checkpoint, "--key", "--dir", home) == 0, "the key");
	char key[400];
	(void)snprintf(key, sizeof key, "%.*s", (int)strcspn(tool.out, "\n"), tool.out);
	CHECK(TOOL(cmd_verify_proof, home_file("person.proof"), "--key", key) == 0, "and the proof still holds");
}

/* Entries and tables are read in one moment, or this finds rows that are not there yet. */
static void checks_while_it_writes(void)
{
	(void)fflush(stdout);
	pid_t writer = fork();
	REQUIRE(writer >= 0);
	if (writer == 0) {
		for (;;)
			home_remark(home, 50);
	}
	unsigned sound = 0;
	for (unsigned i = 0; i < 15; i++)
		sound += TOOL(cmd_fsck, "--dir", home) == 0;
	CHECK(sound == 15, "fsck beside a post that writes is sound %u of 15 times", sound);
	CHECK(TOOL(cmd_ledger_verify, "--dir", home) == 0, "and so is the ledger");
	CHECK(TOOL(cmd_backup, "--out", home_file("busy.backup"), "--dir", home) == 0, "and a backup is taken");
	REQUIRE(kill(writer, SIGKILL) == 0 && waitpid(writer, NULL, 0) == writer);
}

static void asks_nobody(void)
{
	const char *file = home_file("cards.yaml");
	CHECK(TOOL(cmd_access_import, file, "--dir", home) == 1 && tool_said("is this post being served?"),
	      "a post that does not run takes nothing over");
	CHECK(TOOL(cmd_erase, "1", "--reason", "x", "--json", "--dir", home) == 1 && tool_json(), "and erases nobody");
}

int main(void)
{
	home_make();
	home = home_folder("home");
	home_start(home, "TST");
	imports_a_post();
	imports_cards();
	keeps_keys();
	erases();
	checks_while_it_writes();
	home_stop();
	asks_nobody();
	return tap_finish();
}
