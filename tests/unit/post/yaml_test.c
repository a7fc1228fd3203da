/* Does the strict YAML reader take what is plain, and name the place of everything else? */
#include "base/yaml.h"
#include "lib/random.h"
#include "lib/tap.h"

static struct arena *arena;

static struct err read(const char *text, struct yaml_file *ret_file)
{
	arena_reset(arena);
	return yaml_read("f.yaml", span_of_string(text), arena, ret_file);
}

static void refused(const char *text, enum err_code code, const char *why)
{
	struct yaml_file file;
	struct err e = read(text, &file);
	if (!CHECK(e.code == code && strcmp(err_why(), why) == 0, "%s", why))
		printf("# got: %s\n", err_why());
}

static void plain_files(void)
{
	struct yaml_file file;
	NEED_OK(read("# a remark\na: 1\nb:\n  - x y\n  - 'q: r'\nc: {d: e, f: [1, 2]}\n", &file),
		"a plain file is read");
	CHECK(file.root->kind == YAML_MAP && file.root->count == 3, "its root has three members");
	const struct yaml_node *a = yaml_member(file.root, "a");
	CHECK(a && span_is(a->text, "1") && a->plain && a->line == 2 && a->column == 4, "with their places");
	CHECK(a->key_line == 2 && a->key_column == 1, "and those of their keys");
	const struct yaml_node *b = yaml_member(file.root, "b");
	CHECK(b && b->kind == YAML_LIST && b->count == 2 && !b->first->next->plain, "quotes are remembered");
	CHECK(yaml_member(file.root, "c.d") && span_is(yaml_member(file.root, "c.d")->text, "e"),
	      "inner members are found");
	CHECK(!yaml_member(file.root, "c.x") && !yaml_member(file.root, "a.d") && !yaml_member(file.root, "z"),
	      "and those that are not there are not");
}

static void refusals(void)
{
	refused("", ERR_INVALID, "f.yaml:1:1: the file is empty");
	refused("a: 1\nb: 2\na: 3\n", ERR_INVALID, "f.yaml:3:1: \"a\" stands here twice; first on line 1");
	refused("a: {b: 1, c: 2, b: 3}\n", ERR_INVALID, "f.yaml:1:17: \"b\" stands here twice; first on line 1");
	refused("a: &x 1\nb: *x\n", ERR_INVALID, "f.yaml:1:4: anchors are not taken here");
	refused("a: 1\nb: *x\n", ERR_INVALID, "f.yaml:2:4: aliases are not taken here");
	refused("a: 1\n*x : 2\n", ERR_INVALID, "f.yaml:2:1: aliases are not taken here");
	refused("a: !!str 1\n", ERR_INVALID, "f.yaml:1:4: tags are not taken here");
	refused("a: !local {b: 1}\n", ERR_INVALID, "f.yaml:1:4: tags are not taken here");
	refused("a: !x [1]\n", ERR_INVALID, "f.yaml:1:4: tags are not taken here");
	refused("%YAML 1.1\n---\na: 1\n", ERR_INVALID, "f.yaml:1:1: directives are not taken here");
	refused("a: 1\n---\nb: 2\n", ERR_INVALID, "f.yaml:2:1: a second document begins here");
	refused("[a, b]: 1\n", ERR_INVALID, "f.yaml:1:1: a key must be a word");
	refused("{a: 1}: 1\n", ERR_INVALID, "f.yaml:1:1: a key must be a word");
	refused("a:\n  - [1, 2\n  - 3\nb: 1\n", ERR_INVALID,
		"f.yaml:4:2: did not find expected ',' or ']', while parsing a flow sequence");
	refused("a: \"x\n", ERR_INVALID, "f.yaml:2:1: found unexpected end of stream, while scanning a quoted scalar");
	refused("a: 1\nb: \xFF\n", ERR_INVALID, "f.yaml:2:4: invalid leading UTF-8 octet");
	refused("a: 1\nb: x\x01y\n", ERR_INVALID, "f.yaml:2:5: control characters are not allowed");
	refused("[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", ERR_TOO_LARGE, "f.yaml:1:18: more than 16 levels deep");
	char wide[2000];
	struct sink s = SINK_OF(wide);
	for (int i = 0; i < 65; i++)
		sink_printf(&s, "k%d: 1\n", i);
	sink_u8(&s, 0);
	refused(wide, ERR_TOO_LARGE, "f.yaml:65:1: more than 64 keys in one mapping");
}

static void many_nodes(void)
{
	struct arena *large = arena_new(64 * 1024 * 1024);
	char *text = malloc(YAML_SIZE_MAX + 10);
	size_t size = 0;
	for (int i = 0; i < YAML_NODES_MAX + 10; i++)
		size += (size_t)sprintf(text + size, "- 1\n");
	struct yaml_file file;
	CHECK_FAILS(yaml_read("f.yaml", (struct span){(uint8_t *)text, size}, large, &file), ERR_TOO_LARGE,
		    "f.yaml:200000:3: more than 200000 values", "too many values are refused where they begin");
	arena_free(large);
	memset(text, ' ', YAML_SIZE_MAX + 1);
	CHECK_FAILS(yaml_read("f.yaml", (struct span){(uint8_t *)text, YAML_SIZE_MAX + 1}, arena, &file), ERR_TOO_LARGE,
		    "f.yaml:1:1: the file has", "so is a file that is too large");
	struct arena *small = arena_new(4096);
	memset(text, 'a', 5000);
	CHECK_FAILS(yaml_read("f.yaml", (struct span){(uint8_t *)text, 5000}, small, &file), ERR_TOO_LARGE,
		    "f.yaml:1:1:", "and one that the arena cannot hold");
	arena_free(small);
	free(text);
}

static const struct yaml_node *only(const char *text, struct yaml_file *file)
{
	NEED_OK(read(text, file), "%s is read", text);
	return file->root->first;
}

static void values(void)
{
	struct yaml_file file;
	struct span text;
	uint64_t number = 0;
	bool yes = false;
	CHECK(!failed(yaml_text(&file, only("a: NO", &file), "a", 2, false, &text)) && span_is(text, "NO"),
	      "a word is a word, whatever it looks like");
	CHECK_FAILS(yaml_text(&file, only("a: ~", &file), "a", 9, false, &text), ERR_INVALID,
		    "f.yaml:1:4: a: a value is missing", "nothing is no text");
	CHECK_FAILS(yaml_text(&file, only("a: null", &file), "a", 9, false, &text), ERR_INVALID,
		    "f.yaml:1:4: a: a value", "nor is null");
	CHECK(!failed(yaml_text(&file, only("a: 'null'", &file), "a", 9, false, &text)), "unless it is quoted");
	CHECK_FAILS(yaml_text(&file, only("a:", &file), "a", 9, false, &text), ERR_INVALID, "a value is missing",
		    "nor emptiness");
	CHECK_FAILS(yaml_text(&file, only("a: [b]", &file), "a", 9, false, &text), ERR_INVALID,
		    "f.yaml:1:4: a: must be a single value, and is a list", "nor a list");
	CHECK_FAILS(yaml_text(&file, only("a: abcd", &file), "a", 3, false, &text), ERR_TOO_LARGE,
		    "f.yaml:1:4: a: 4 bytes, at most 3", "too long is refused");
	CHECK_FAILS(yaml_text(&file, only("a: \"b\\nc\"", &file), "a", 9, false, &text), ERR_INVALID,
		    "a character that is no text", "so is a line break in a name");
	CHECK_OK(yaml_text(&file, only("a: \"b\\nc\"", &file), "a", 9, true, &text), "though prose may have one");
	CHECK(!failed(yaml_decimal(&file, only("a: 12.5", &file), "a", 2, 9999, &number)) && number == 1250,
	      "12.5 is 1250");
	CHECK(!failed(yaml_decimal(&file, only("a: 0.07", &file), "a", 2, 9999, &number)) && number == 7, "0.07 is 7");
	CHECK(!failed(yaml_decimal(&file, only("a: 3", &file), "a", 2, 9999, &number)) && number == 300, "3 is 300");
	static const char *const no_numbers[] = {"a: '12'", "a: 1.234", "a: 012",  "a: -1",   "a: 1.",
						 "a: .5",   "a: 1e3",   "a: 0x10", "a: 100",  "a: 1_0",
						 "a: x",    "a: +1",    "a: 1.x",  "a: 1.5.2"};
	for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++)
		CHECK_FAILS(yaml_decimal(&file, only(no_numbers[i], &file), "a", 2, 9999, &number), ERR_INVALID,
			    "f.yaml:1:4: a: \"", "%s is no number from 0 to 99", no_numbers[i]);
	CHECK(!failed(yaml_bool(&file, only("a: true", &file), "a", &yes)) && yes, "true is true");
	CHECK_FAILS(yaml_bool(&file, only("a: yes", &file), "a", &yes), ERR_INVALID,
		    "f.yaml:1:4: a: must be true or false", "yes is not");
	CHECK_FAILS(yaml_bool(&file, only("a: 'true'", &file), "a", &yes), ERR_INVALID, "must be true or false",
		    "nor quoted");
	CHECK(!failed(yaml_time(&file, only("a: 2026-11-22", &file), "a", &number)) &&
		      number == UINT64_C(1795305600000000),
	      "a day is its midnight");
	CHECK(!failed(yaml_time(&file, only("a: 2026-11-22T00:00:01Z", &file), "a", &number)) &&
		      number == UINT64_C(1795305601000000),
	      "a time is itself");
	CHECK_FAILS(yaml_time(&file, only("a: 2026-02-30", &file), "a", &number), ERR_INVALID,
		    "f.yaml:1:4: a: must be a day", "no day is 30 February");
	CHECK_FAILS(yaml_time(&file, only("a: 2026-11-22 10:00", &file), "a", &number), ERR_INVALID, "must be a day",
		    "half a time is none");
}

/* Whatever the bytes: no crash, and every refusal says where. */
static void random_bytes(void)
{
	static const char *const pieces[] = {"a: 1\n",   "- ",   "{",   "}",     "[",     "]",   ",",
					     ":",        "\n",   "  ",  "'",     "\"",    "&x ", "*x",
					     "!",        "|\n",  ">\n", "---\n", "...\n", "? ",  "#\n",
					     "\xC3\xA9", "\xFF", "\t",  "%",     "@",     "`",   "key: value\n"};
	for (int round = 0; round < 4000; round++) {
		char text[400];
		struct sink s = SINK_OF(text);
		for (uint64_t i = random_below(25); i > 0; i--)
			sink_text(&s, pieces[random_below(sizeof pieces / sizeof *pieces)]);
		struct yaml_file file;
		arena_reset(arena);
		struct err e = yaml_read("f.yaml", sink_span(&s), arena, &file);
		unsigned line, column;
		if (failed(e) && sscanf(err_why(), "f.yaml:%u:%u: ", &line, &column) != 2) {
			CHECK(0, "a refusal without a place: %s", err_why());
			return;
		}
	}
	CHECK(1, "every refusal of 4000 random files says where");
}

int main(void)
{
	arena = arena_new(32 * 1024 * 1024);
	random_start();
	plain_files();
	refusals();
	many_nodes();
	values();
	random_bytes();
	arena_free(arena);
	return tap_finish();
}
