#include "access/file.h"

#include <stdio.h>
#include <stdlib.h>

#include "access/state.h"
#include "base/yaml.h"
#include "ledger/hash.h"

enum {
	FILE_CREDENTIALS_MAX = 10000, /* as the request has it */
	FILE_RIGHTS_MAX = 5000,
	FILE_DOORS_MAX = 2000,
	FILE_DOOR_KEY_MAX = 40,
	FILE_NAME_MAX = 200,
	FILE_BITS_SIZE = (ACCESS_CARD_BITS_MAX + 7) / 8,
	FILE_HEX_MAX = 2 * FILE_BITS_SIZE,
};

struct reading {
	struct yaml_file yaml;
	struct arena *arena;
	struct access_import_request *request;
};

static const struct yaml_rule file_rules[] = {
	{"credentials", NULL, false, 0},
	{"rights", NULL, false, 0},
};
static const struct yaml_rule credential_rules[] = {
	{"person", "person", true, 0},          {"key", "key", true, 0},          {"card", NULL, true, 0},
	{"not_before", "not_before", false, 0}, {"expires", "expires", false, 0}, {"revoked", "revoked", false, 0},
};
static const struct yaml_rule right_rules[] = {
	{"person", "person", true, 0},
	{"doors", NULL, true, 0},
};

#define FILL(r, node, shape, rules, value)                                                                             \
	yaml_fill(&(r)->yaml, (node), &(shape), (rules), sizeof(rules) / sizeof *(rules), (value))

/* ---- a card's number ---- */

void access_h10301(uint8_t facility, uint16_t number, uint8_t ret_bits[ACCESS_H10301_SIZE])
{
	uint32_t data = (uint32_t)facility << 16 | number;
	uint32_t even = (uint32_t)__builtin_popcount(data >> 12) & 1;
	uint32_t odd = ~(uint32_t)__builtin_popcount(data & 0xFFF) & 1;
	uint32_t bits = (even << 25 | data << 1 | odd) << (32 - ACCESS_H10301_BITS);
	for (size_t i = 0; i < ACCESS_H10301_SIZE; i++)
		ret_bits[i] = (uint8_t)(bits >> (24 - 8 * i));
}

/* The members of one form of card, and none of the other. */
static struct err card_keys(struct reading *r, const struct yaml_node *card, const char *const *keys, size_t count)
{
	for (const struct yaml_node *member = card->first; member; member = member->next) {
		bool known = false;
		for (size_t i = 0; i < count; i++)
			known |= span_is(member->key, keys[i]);
		if (!known)
			return yaml_refuse_at(&r->yaml, member->key_line, member->key_column, "unknown key \"%.*s\"",
					      (int)(member->key.size > 60 ? 60 : member->key.size),
					      (const char *)member->key.at);
	}
	for (size_t i = 0; i < count; i++)
		if (!yaml_member(card, keys[i]))
			return yaml_refuse(&r->yaml, card, "card: \"%s\" is missing", keys[i]);
	return OK;
}

static struct err read_format(struct reading *r, const struct yaml_node *card, struct access_import_credential *row)
{
	static const char *const keys[] = {"format", "facility", "number"};
	struct span format;
	uint64_t facility, number;
	uint8_t bits[ACCESS_H10301_SIZE];
	TRY(card_keys(r, card, keys, sizeof keys / sizeof *keys));
	TRY(yaml_text(&r->yaml, yaml_member(card, "format"), "format", 40, false, &format));
	if (!span_is(format, "h10301"))
		return yaml_refuse(&r->yaml, yaml_member(card, "format"),
				   "format: \"%.*s\" is not h10301; give another one as bits and bit_count",
				   SPAN_ARGS(format));
	TRY(yaml_decimal(&r->yaml, yaml_member(card, "facility"), "facility", 0, UINT8_MAX, &facility));
	TRY(yaml_decimal(&r->yaml, yaml_member(card, "number"), "number", 0, UINT16_MAX, &number));
	access_h10301((uint8_t)facility, (uint16_t)number, bits);
	row->bit_count = ACCESS_H10301_BITS;
	row->bits = arena_copy(r->arena, SPAN_OF(bits));
	return OK;
}

static struct err read_bits(struct reading *r, const struct yaml_node *card, struct access_import_credential *row)
{
	static const char *const keys[] = {"bits", "bit_count"};
	const struct yaml_node *node = yaml_member(card, "bits");
	uint64_t count;
	struct span text;
	uint8_t bits[FILE_BITS_SIZE];
	char digits[FILE_HEX_MAX];
	TRY(card_keys(r, card, keys, sizeof keys / sizeof *keys));
	TRY(yaml_decimal(&r->yaml, yaml_member(card, "bit_count"), "bit_count", 0, ACCESS_CARD_BITS_MAX, &count));
	if (count == 0)
		return yaml_refuse(&r->yaml, yaml_member(card, "bit_count"), "bit_count: a card has at least one bit");
	TRY(yaml_text(&r->yaml, node, "bits", FILE_HEX_MAX, false, &text));
	size_t size = ((size_t)count + 7) / 8;
	for (size_t i = 0; i < text.size; i++)
		digits[i] = (char)(text.at[i] >= 'A' && text.at[i] <= 'F' ? text.at[i] - 'A' + 'a' : text.at[i]);
	if (text.size != 2 * size || failed(hex_read((struct span){(const uint8_t *)digits, text.size}, bits, size)))
		return yaml_refuse(&r->yaml, node, "bits: %u bits are %zu hex digits", (unsigned)count, 2 * size);
	if (count % 8 != 0 && (bits[size - 1] & (0xFF >> count % 8)) != 0)
		return yaml_refuse(&r->yaml, node, "bits: what follows the last of %u bits must be zero",
				   (unsigned)count);
	row->bit_count = (uint32_t)count;
	row->bits = arena_copy(r->arena, (struct span){bits, size});
	wipe(bits, sizeof bits);
	wipe(digits, sizeof digits);
	return OK;
}

/* ---- rows ---- */

static struct err read_credential(struct reading *r, const struct yaml_node *node, struct access_import_credential *row)
{
	TRY(yaml_need_map(&r->yaml, node, "credentials"));
	TRY(FILL(r, node, access_import_credential_shape, credential_rules, row));
	const struct yaml_node *card = yaml_member(node, "card");
	TRY(yaml_need_map(&r->yaml, card, "card"));
	TRY(yaml_member(card, "bits") || yaml_member(card, "bit_count") ? read_bits(r, card, row)
									: read_format(r, card, row));
	if (row->expires != 0 && row->not_before >= row->expires)
		return yaml_refuse(&r->yaml, yaml_member(node, "expires"), "expires: is not after not_before");
	return OK;
}

static struct err read_right(struct reading *r, const struct yaml_node *node, struct access_import_right *row)
{
	TRY(yaml_need_map(&r->yaml, node, "rights"));
	TRY(FILL(r, node, access_import_right_shape, right_rules, row));
	const struct yaml_node *list = yaml_member(node, "doors");
	TRY(yaml_need_list(&r->yaml, list, "doors", FILE_DOORS_MAX));
	if (!arena_has_room(r->arena, (list->count + 1) * sizeof(struct access_import_door)))
		return yaml_refuse(&r->yaml, list, "the file is too large");
	struct access_import_door *doors = arena_take(r->arena, (list->count + 1) * sizeof *doors);
	size_t count = 0;
	for (const struct yaml_node *door = list->first; door; door = door->next, count++) {
		TRY(yaml_text(&r->yaml, door, "doors", FILE_DOOR_KEY_MAX, false, &doors[count].key));
		for (size_t i = 0; i < count; i++)
			if (span_equal(doors[i].key, doors[count].key))
				return yaml_refuse(&r->yaml, door, "doors: \"%.*s\" stands here twice",
						   SPAN_ARGS(doors[count].key));
	}
	row->doors = (struct shape_list){doors, count};
	return OK;
}

/* ---- nothing twice ---- */

struct named {
	struct span name;
	const struct yaml_node *node;
};

/* By name, and by place where names are the same. */
static int by_name(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	size_t size = left->name.size < right->name.size ? left->name.size : right->name.size;
	int order = size > 0 ? memcmp(left->name.at, right->name.at, size) : 0;
	if (order != 0)
		return order;
	if (left->name.size != right->name.size)
		return left->name.size < right->name.size ? -1 : 1;
	if (left->node->line != right->node->line)
		return left->node->line < right->node->line ? -1 : 1;
	return left->node->column < right->node->column ? -1 : left->node->column > right->node->column;
}

/* `what` is a sentence about the first of the two lines. */
static struct err refuse_twice(struct reading *r, struct named *all, size_t count, const char *what)
{
	qsort(all, count, sizeof *all, by_name);
	for (size_t i = 1; i < count; i++)
		if (span_equal(all[i - 1].name, all[i].name))
			return yaml_refuse(&r->yaml, all[i].node, "%s line %u already", what, all[i - 1].node->line);
	return OK;
}

/* The same number with another count of bits is another card. */
static struct span card_name(struct reading *r, const struct access_import_credential *row)
{
	uint8_t name[4 + FILE_BITS_SIZE];
	struct sink s = SINK_OF(name);
	sink_u32le(&s, row->bit_count);
	sink_put(&s, row->bits);
	return arena_copy(r->arena, sink_span(&s));
}

static struct err credentials_twice(struct reading *r, const struct yaml_node *list)
{
	const struct access_import_credential *rows = r->request->credentials.at;
	struct named *all = arena_take(r->arena, (list->count + 1) * sizeof *all);
	size_t count = 0;
	for (const struct yaml_node *node = list->first; node; node = node->next, count++)
		all[count] = (struct named){rows[count].key, yaml_member(node, "key")};
	TRY(refuse_twice(r, all, count, "key: this name is taken by"));
	count = 0;
	for (const struct yaml_node *node = list->first; node; node = node->next, count++)
		all[count] = (struct named){card_name(r, &rows[count]), yaml_member(node, "card")};
	return refuse_twice(r, all, count, "card: the same number stands on");
}

static struct err rights_twice(struct reading *r, const struct yaml_node *list)
{
	const struct access_import_right *rows = r->request->rights.at;
	struct named *all = arena_take(r->arena, (list->count + 1) * sizeof *all);
	size_t count = 0;
	for (const struct yaml_node *node = list->first; node; node = node->next, count++)
		all[count] = (struct named){rows[count].person, yaml_member(node, "person")};
	return refuse_twice(r, all, count, "person: the rights stand on");
}

/* ---- the file ---- */

static struct err read_credentials(struct reading *r, const struct yaml_node *list)
{
	TRY(yaml_need_list(&r->yaml, list, "credentials", FILE_CREDENTIALS_MAX));
	struct access_import_credential *rows = arena_take(r->arena, (list->count + 1) * sizeof *rows);
	size_t count = 0;
	for (const struct yaml_node *node = list->first; node; node = node->next, count++)
		TRY(read_credential(r, node, &rows[count]));
	r->request->credentials = (struct shape_list){rows, count};
	return credentials_twice(r, list);
}

static struct err read_rights(struct reading *r, const struct yaml_node *list)
{
	TRY(yaml_need_list(&r->yaml, list, "rights", FILE_RIGHTS_MAX));
	struct access_import_right *rows = arena_take(r->arena, (list->count + 1) * sizeof *rows);
	size_t count = 0;
	for (const struct yaml_node *node = list->first; node; node = node->next, count++)
		TRY(read_right(r, node, &rows[count]));
	r->request->rights = (struct shape_list){rows, count};
	return rights_twice(r, list);
}

/* Core takes requests up to a bound; better said here, before anything is sent. */
static struct err check_size(struct reading *r)
{
	uint8_t *room = malloc(ACCESS_FILE_REQUEST_MAX);
	ENSURE(room);
	struct sink s = sink_of(room, ACCESS_FILE_REQUEST_MAX);
	shape_write_binary(&s, &access_import_request_shape, r->request);
	bool fits = !s.failed;
	wipe(room, s.size);
	free(room);
	return fits ? OK
		    : FAIL(ERR_TOO_LARGE, "%s: comes to more than %d bytes", r->yaml.name, ACCESS_FILE_REQUEST_MAX);
}

static struct err parse(struct reading *r, const char *name, struct span text)
{
	const char *slash = strrchr(name, '/');
	struct span alone = span_of_string(slash ? slash + 1 : name);
	TRY(yaml_read(name, text, r->arena, &r->yaml));
	const struct yaml_node *root = r->yaml.root;
	TRY(yaml_need_map(&r->yaml, root, "the file"));
	TRY(FILL(r, root, access_import_request_shape, file_rules, r->request));
	if (yaml_member(root, "credentials"))
		TRY(read_credentials(r, yaml_member(root, "credentials")));
	if (yaml_member(root, "rights"))
		TRY(read_rights(r, yaml_member(root, "rights")));
	if (alone.size > FILE_NAME_MAX)
		alone.size = FILE_NAME_MAX;
	if (!span_is_text(alone, false))
		return FAIL(ERR_INVALID, "the file's name is not text in UTF-8");
	struct ledger_hash hash = ledger_hash_bytes(text);
	r->request->file = arena_copy(r->arena, alone);
	r->request->sha256 = arena_copy(r->arena, ledger_hash_span(&hash));
	return check_size(r);
}

struct err access_file_parse(const char *name, struct span text, struct arena *arena,
			     struct access_import_request *ret_request)
{
	struct access_import_request request = {0};
	struct reading r = {.arena = arena, .request = &request};
	TRY(parse(&r, name, text));
	*ret_request = request;
	return OK;
}

struct err access_file_read(const char *path, struct arena *arena, struct access_import_request *ret_request)
{
	struct span text;
	TRY(yaml_load(path, YAML_SIZE_MAX, arena, &text));
	return access_file_parse(path, text, arena, ret_request);
}
