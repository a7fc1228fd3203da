/* unit/cmd/access_file_test.c - the file of cards and rights: what it gives, and where it says that something is
 * wrong.
 */
#include "access/file.h"
#include "lib/tap.h"

static struct arena *arena;

static struct err read_text(const char *text, struct access_import_request *ret_request)
{
	arena_reset(arena);
	return access_file_parse("cards.yaml", span_of_string(text), arena, ret_request);
}

#define REFUSED(text, words, ...)                                                                                      \
	do {                                                                                                           \
		struct access_import_request request;                                                                  \
		CHECK_FAILS(read_text(text, &request), ERR_INVALID, words, __VA_ARGS__);                               \
	} while (0)

#define CARD "card: {format: h10301, facility: 118, number: 1603}"

static void encodes(void)
{
	uint8_t bits[ACCESS_H10301_SIZE];
	/* A published reading: facility 118, card 1603 comes from the reader as 2006ec0c86, whose last 26 bits
	 * these are.
	 */
	access_h10301(118, 1603, bits);
	CHECK_SPAN(SPAN_OF(bits), ((struct span){(const uint8_t *)"\xBB\x03\x21\x80", 4}), "the published card");
	access_h10301(0, 0, bits);
	CHECK_SPAN(SPAN_OF(bits), ((struct span){(const uint8_t *)"\x00\x00\x00\x40", 4}),
		   "all zero: only the odd parity is set");
	access_h10301(255, 65535, bits);
	CHECK_SPAN(SPAN_OF(bits), ((struct span){(const uint8_t *)"\x7F\xFF\xFF\xC0", 4}), "all ones");
	unsigned wrong = 0;
	for (uint32_t card = 0; card < 1u << 24; card += 251) {
		access_h10301((uint8_t)(card >> 16), (uint16_t)card, bits);
		uint32_t all = (uint32_t)bits[0] << 24 | (uint32_t)bits[1] << 16 | (uint32_t)bits[2] << 8 | bits[3];
		wrong += (all & 0x3F) != 0 || (all >> 7 & 0xFFFFFF) != card || __builtin_popcount(all >> 19) % 2 != 0 ||
			 __builtin_popcount(all >> 6 & 0x1FFF) % 2 != 1;
	}
	CHECK(wrong == 0, "both parities hold, and the number can be read back");
}

static void reads(void)
{
	struct access_import_request request;
	NEED_OK(read_text("credentials:\n"
			  "  - person: ada\n"
			  "    key: ada-blue\n"
			  "    " CARD "\n"
			  "    not_before: 2026-01-01\n"
			  "    expires: 2027-01-01T12:00:00Z\n"
			  "  - {person: ada, key: ada-old, revoked: true, card: {bits: A5C0, bit_count: 10}}\n"
			  "rights:\n"
			  "  - {person: ada, doors: [gate, hall]}\n"
			  "  - {person: bob, doors: []}\n",
			  &request),
		"a file");
	const struct access_import_credential *cards = request.credentials.at;
	const struct access_import_right *rights = request.rights.at;
	CHECK(request.credentials.count == 2 && request.rights.count == 2, "two cards, two rights");
	CHECK(span_is(cards[0].person, "ada") && span_is(cards[0].key, "ada-blue") && cards[0].bit_count == 26,
	      "a card");
	CHECK_SPAN(cards[0].bits, ((struct span){(const uint8_t *)"\xBB\x03\x21\x80", 4}), "with its bits");
	CHECK(cards[0].not_before == UINT64_C(1767225600000000) && cards[0].expires == UINT64_C(1798804800000000),
	      "and its days");
	CHECK_SPAN(cards[1].bits, ((struct span){(const uint8_t *)"\xA5\xC0", 2}), "another format, by its bits");
	CHECK(cards[1].bit_count == 10 && cards[1].revoked && !cards[0].revoked && cards[1].expires == 0,
	      "revoked, and without end");
	CHECK(rights[0].doors.count == 2 &&
		      span_is(((const struct access_import_door *)rights[0].doors.at)[1].key, "hall") &&
		      rights[1].doors.count == 0,
	      "doors, or none");
	CHECK(span_is(request.file, "cards.yaml") && request.sha256.size == 32 && !request.dry_run,
	      "and which file it was");
	CHECK_OK(shape_validate(&access_import_request_shape, &request), "within the bounds of the request");
	CHECK_OK(read_text("{}\n", &request), "an empty file");
	CHECK(request.credentials.count == 0 && request.rights.count == 0, "holds nothing");
}

static void refuses_cards(void)
{
	REFUSED("cards: []\n", "cards.yaml:1:1: unknown key \"cards\"", "a list of another name");
	REFUSED("credentials:\n  - {person: a, key: k, pin: 1, " CARD "}\n", "cards.yaml:2:25: unknown key \"pin\"",
		"an unknown key");
	REFUSED("credentials:\n  - {person: a, " CARD "}\n", "cards.yaml:2:5: \"key\" is missing", "no key");
	REFUSED("credentials:\n  - {person: a, key: k}\n", "\"card\" is missing", "no card");
	REFUSED("credentials: {person: a}\n", "must be a list", "no list");
	REFUSED("credentials: [a]\n", "must be a mapping", "no mapping");
	REFUSED("credentials: [{person: a, key: k, card: 12}]\n", "card: must be a mapping", "a card that is a number");
	REFUSED("credentials: [{person: a, key: k, card: {format: wiegand, facility: 1, number: 1}}]\n",
		"is not h10301", "an unknown format");
	REFUSED("credentials: [{person: a, key: k, card: {format: h10301, facility: 256, number: 1}}]\n",
		"cards.yaml:1:68: facility: \"256\" is not a number from 0 to 255", "a facility that is too high");
	REFUSED("credentials: [{person: a, key: k, card: {format: h10301, facility: 1, number: 65536}}]\n",
		"from 0 to 65535", "a number that is too high");
	REFUSED("credentials: [{person: a, key: k, card: {format: h10301, facility: 1}}]\n", "\"number\" is missing",
		"no number");
	REFUSED("credentials: [{person: a, key: k, card: {format: h10301, facility: 1, number: 1, bits: aa}}]\n",
		"unknown key", "both forms at once");
	REFUSED("credentials: [{person: a, key: k, card: {bits: aa, bit_count: 9}}]\n", "9 bits are 4 hex digits",
		"too few digits");
	REFUSED("credentials: [{person: a, key: k, card: {bits: aagg, bit_count: 16}}]\n", "16 bits are 4 hex digits",
		"no digits");
	REFUSED("credentials: [{person: a, key: k, card: {bits: aaff, bit_count: 9}}]\n", "must be zero",
		"bits behind the last");
	REFUSED("credentials: [{person: a, key: k, card: {bits: aa, bit_count: 0}}]\n", "at least one bit", "no bits");
	REFUSED("credentials: [{person: a, key: k, card: {bits: aa, bit_count: 177}}]\n", "from 0 to 176",
		"too many bits");
	REFUSED("credentials: [{person: a, key: k, expires: soon, " CARD "}]\n", "must be a day", "no day");
	REFUSED("credentials: [{person: a, key: k, not_before: 2027-01-01, expires: 2026-01-01, " CARD "}]\n",
		"cards.yaml:1:68: expires: is not after", "an end before the start");
	REFUSED("credentials: [{person: a, key: k, revoked: perhaps, " CARD "}]\n", "must be true or false", "perhaps");
}

static void refuses_what_stands_twice(void)
{
	REFUSED("credentials:\n  - {person: a, key: k, " CARD
		"}\n  - {person: a, key: k, card: {bits: aa, bit_count: 8}}\n",
		"cards.yaml:3:22: key: this name is taken by line 2 already", "a name twice");
	REFUSED("credentials:\n  - {person: a, key: k, " CARD
		"}\n  - {person: b, key: l, card: {bits: bb032180, bit_count: 26}}\n",
		"cards.yaml:3:31: card: the same number stands on line 2 already", "a card twice, in two forms");
	REFUSED("rights:\n  - {person: a, doors: [x]}\n  - {person: a, doors: [y]}\n",
		"cards.yaml:3:14: person: the rights stand on line 2 already", "a person twice");
	REFUSED("rights: [{person: a, doors: [x, y, x]}]\n", "cards.yaml:1:36: doors: \"x\" stands here twice",
		"a door twice");
	REFUSED("rights: [{person: a, doors: x}]\n", "must be a list", "doors that are no list");
	REFUSED("rights: [{person: a}]\n", "\"doors\" is missing", "no doors");
	REFUSED("rights: [{person: a, doors: [x]}\n", "cards.yaml:", "what is no YAML");
	REFUSED("", "cards.yaml:1:1", "nothing at all");
}

int main(void)
{
	arena = arena_new(ACCESS_FILE_ARENA_MAX);
	encodes();
	reads();
	refuses_cards();
	refuses_what_stands_twice();
	arena_free(arena);
	return tap_finish();
}
