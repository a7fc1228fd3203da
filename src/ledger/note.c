#include "ledger/note.h"

#include <sodium.h>

#include "ledger/hash.h"
#include "ledger/lines.h"

static const char dash[] = "\xE2\x80\x94 "; /* U+2014 and a space: every signature line starts so */

enum { KEY_ID_SIZE = 4, ED25519_SIZE = 64, COSIGNATURE_SIZE = 8 + ED25519_SIZE };

/* ---- text ---- */

/* The next code point of well-formed UTF-8 (Unicode 15, table 3-7); fails the cursor otherwise. */
static uint32_t next_code_point(struct cursor *c)
{
	uint32_t first = cursor_u8(c);
	if (first < 0x80)
		return first;
	size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
	uint32_t code = first & (0x3Fu >> more);
	for (size_t i = 0; i < more; i++) {
		uint8_t byte = cursor_u8(c);
		if ((byte & 0xC0) != 0x80)
			c->failed = true;
		code = code << 6 | (byte & 0x3Fu);
	}
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	if (first < 0xC0 || first > 0xF4 || code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
		c->failed = true;
	return c->failed ? 0 : code;
}

static bool is_note_text(struct span text)
{
	struct cursor c = cursor_of(text);
	while (cursor_left(&c) > 0) {
		uint32_t code = next_code_point(&c);
		if (code < 0x20 && code != '\n')
			return false;
	}
	return !c.failed;
}

static bool is_space(uint32_t code)
{
	return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
	       (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
	       code == 0x205F || code == 0x3000;
}

static bool is_key_name(struct span name)
{
	if (name.size == 0 || name.size > LEDGER_KEY_NAME_SIZE_MAX)
		return false;
	struct cursor c = cursor_of(name);
	while (cursor_left(&c) > 0) {
		uint32_t code = next_code_point(&c);
		if (is_space(code) || code == '+' || code < 0x20)
			return false;
	}
	return !c.failed;
}

/* ---- keys ---- */

struct span ledger_vkey_name(const struct ledger_vkey *key)
{
	return (struct span){key->name_bytes, key->name_size};
}

static uint32_t key_id_of(const struct ledger_vkey *key)
{
	uint8_t bytes[LEDGER_KEY_NAME_SIZE_MAX + 2 + LEDGER_PUBLIC_KEY_SIZE];
	struct sink s = SINK_OF(bytes);
	sink_put(&s, ledger_vkey_name(key));
	sink_u8(&s, '\n');
	sink_u8(&s, (uint8_t)key->type);
	sink_put(&s, SPAN_OF(key->public_key));
	struct ledger_hash hash = ledger_hash_bytes(sink_span(&s));
	struct cursor c = cursor_of(ledger_hash_span(&hash));
	return cursor_u32be(&c);
}

struct err ledger_vkey_make(struct span name, enum ledger_key_type type,
			    const uint8_t public_key[LEDGER_PUBLIC_KEY_SIZE], struct ledger_vkey *ret_key)
{
	REQUIRE(type == LEDGER_KEY_ED25519 || type == LEDGER_KEY_COSIGNATURE);
	if (!name.at || !is_key_name(name))
		return FAIL(ERR_INVALID,
			    "a key's name is 1 to %d bytes of UTF-8 with no space, no plus and no control "
			    "character",
			    LEDGER_KEY_NAME_SIZE_MAX);
	struct ledger_vkey key = {.name_size = name.size, .type = type};
	memcpy(key.name_bytes, name.at, name.size);
	memcpy(key.public_key, public_key, LEDGER_PUBLIC_KEY_SIZE);
	key.id = key_id_of(&key);
	*ret_key = key;
	return OK;
}

struct err ledger_vkey_read(struct span text, struct ledger_vkey *ret_key)
{
	struct cursor c = cursor_of(text);
	struct span name = ledger_take_until(&c, '+');
	struct span id = ledger_take_until(&c, '+'); /* the rest may have a plus: it is base64 */
	struct span base64 = cursor_take(&c, cursor_left(&c));
	uint8_t id_bytes[KEY_ID_SIZE] = {0};
	uint8_t key_bytes[1 + LEDGER_PUBLIC_KEY_SIZE];
	size_t size = 0;
	if (c.failed)
		return FAIL(ERR_INVALID, "vkey: not of the form name+id+key");
	TRY(err_within(hex_read(id, id_bytes, sizeof id_bytes), "vkey"));
	TRY(err_within(base64_read(base64, key_bytes, sizeof key_bytes, &size), "vkey"));
	if (size > 0 && key_bytes[0] != LEDGER_KEY_ED25519 && key_bytes[0] != LEDGER_KEY_COSIGNATURE)
		return FAIL(ERR_UNSUPPORTED, "vkey: a key of type %u", key_bytes[0]);
	if (size != sizeof key_bytes)
		return FAIL(ERR_INVALID, "vkey: a key of %zu bytes", size);
	struct ledger_vkey key = {0};
	TRY(err_within(ledger_vkey_make(name, (enum ledger_key_type)key_bytes[0], key_bytes + 1, &key), "vkey"));
	struct cursor id_cursor = cursor_of(SPAN_OF(id_bytes));
	if (cursor_u32be(&id_cursor) != key.id)
		return FAIL(ERR_INVALID, "vkey: the id is not that of this name and key");
	*ret_key = key;
	return OK;
}

void ledger_vkey_write(struct sink *s, const struct ledger_vkey *key)
{
	uint8_t bytes[1 + LEDGER_PUBLIC_KEY_SIZE];
	bytes[0] = (uint8_t)key->type;
	memcpy(bytes + 1, key->public_key, LEDGER_PUBLIC_KEY_SIZE);
	sink_put(s, ledger_vkey_name(key));
	sink_printf(s, "+%08x+", key->id);
	sink_base64(s, SPAN_OF(bytes));
}

/* ---- reading ---- */

/* Where the signatures begin: behind the last empty line. 0 when there is none. */
static size_t find_signatures(struct span bytes)
{
	for (size_t i = bytes.size; i >= 2; i--)
		if (bytes.at[i - 1] == '\n' && bytes.at[i - 2] == '\n')
			return i;
	return 0;
}

static struct err read_line(struct cursor *c, struct ledger_note_line *ret_line)
{
	struct span start = cursor_take(c, sizeof dash - 1);
	struct span name = ledger_take_until(c, ' ');
	struct span base64 = ledger_take_until(c, '\n');
	if (c->failed || !span_is(start, dash))
		return FAIL(ERR_INVALID, "note: a signature line is not of the form \"\xE2\x80\x94 name base64\"");
	if (!is_key_name(name))
		return FAIL(ERR_INVALID, "note: a signature's key name has a space, a plus or too many bytes");
	uint8_t bytes[LEDGER_SIGNATURE_SIZE_MAX];
	size_t size = 0;
	TRY(err_within(base64_read(base64, bytes, sizeof bytes, &size), "note: signature"));
	if (size <= KEY_ID_SIZE)
		return FAIL(ERR_INVALID, "note: a signature of %zu bytes", size);
	struct cursor id = cursor_of((struct span){bytes, KEY_ID_SIZE});
	*ret_line = (struct ledger_note_line){.name = name, .key_id = cursor_u32be(&id), .base64 = base64};
	return OK;
}

struct err ledger_note_read(struct span bytes, struct ledger_note *ret_note)
{
	if (bytes.size > LEDGER_NOTE_SIZE_MAX)
		return FAIL(ERR_TOO_LARGE, "note: %zu bytes, at most %d", bytes.size, LEDGER_NOTE_SIZE_MAX);
	if (!is_note_text(bytes))
		return FAIL(ERR_INVALID, "note: not UTF-8, or with control characters");
	size_t at = find_signatures(bytes);
	if (at == 0 || at == bytes.size)
		return FAIL(ERR_INVALID, "note: no signatures behind an empty line");
	ret_note->text = (struct span){bytes.at, at - 1};
	ret_note->line_count = 0;
	struct cursor c = cursor_of((struct span){bytes.at + at, bytes.size - at});
	while (cursor_left(&c) > 0) {
		if (ret_note->line_count == LEDGER_NOTE_SIGNATURES_MAX)
			return FAIL(ERR_TOO_LARGE, "note: more than %d signatures", LEDGER_NOTE_SIGNATURES_MAX);
		TRY(read_line(&c, &ret_note->lines[ret_note->line_count]));
		ret_note->line_count++;
	}
	return OK;
}

static void write_line(struct sink *s, struct span name, struct span base64)
{
	sink_text(s, dash);
	sink_put(s, name);
	sink_u8(s, ' ');
	sink_put(s, base64);
	sink_u8(s, '\n');
}

void ledger_note_write(struct sink *s, const struct ledger_note *note)
{
	sink_put(s, note->text);
	sink_u8(s, '\n');
	for (size_t i = 0; i < note->line_count; i++)
		write_line(s, note->lines[i].name, note->lines[i].base64);
}

/* ---- signatures ---- */

/* What a cosigner signs: a header with the time, then the text. RULE tlog-cosignature */
static void write_cosigned(struct sink *s, struct span text, uint64_t time_s)
{
	sink_text(s, "cosignature/v1\ntime ");
	sink_decimal(s, time_s);
	sink_u8(s, '\n');
	sink_put(s, text);
}

enum { COSIGNED_TEXT_SIZE_MAX = 8 * 1024, COSIGNED_SIZE_MAX = COSIGNED_TEXT_SIZE_MAX + 64 };

static bool cosignature_is_good(struct span text, struct span signature, const struct ledger_vkey *key,
				uint64_t *ret_time_s)
{
	uint8_t message[COSIGNED_SIZE_MAX];
	struct sink s = SINK_OF(message);
	if (signature.size != COSIGNATURE_SIZE)
		return false;
	struct cursor c = cursor_of(signature);
	uint64_t time_s = cursor_u64be(&c);
	write_cosigned(&s, text, time_s);
	if (s.failed || crypto_sign_verify_detached(signature.at + 8, message, s.size, key->public_key) != 0)
		return false;
	*ret_time_s = time_s;
	return true;
}

static bool line_is_good(struct span text, const struct ledger_note_line *line, const struct ledger_vkey *key,
			 uint64_t *ret_time_s)
{
	uint8_t bytes[LEDGER_SIGNATURE_SIZE_MAX];
	size_t size = 0;
	if (failed(base64_read(line->base64, bytes, sizeof bytes, &size)) || size <= KEY_ID_SIZE)
		return false;
	struct span signature = {bytes + KEY_ID_SIZE, size - KEY_ID_SIZE};
	if (key->type == LEDGER_KEY_COSIGNATURE)
		return cosignature_is_good(text, signature, key, ret_time_s);
	return signature.size == ED25519_SIZE &&
	       crypto_sign_verify_detached(signature.at, text.at, text.size, key->public_key) == 0;
}

static bool same_key(const struct ledger_vkey *key, struct span name, uint32_t id)
{
	return key->id == id && span_equal(ledger_vkey_name(key), name);
}

static struct err keys_differ(const struct ledger_vkey *keys, size_t key_count)
{
	for (size_t i = 0; i < key_count; i++)
		for (size_t k = 0; k < i; k++)
			if (same_key(&keys[i], ledger_vkey_name(&keys[k]), keys[k].id))
				return FAIL(ERR_INVALID, "two of the known keys have the same name and id");
	return OK;
}

struct err ledger_note_verify(const struct ledger_note *note, const struct ledger_vkey *keys, size_t key_count,
			      struct ledger_note_verified *ret_verified)
{
	REQUIRE(key_count <= LEDGER_KEYS_MAX);
	TRY(keys_differ(keys, key_count));
	struct ledger_note_verified verified = {0};
	for (size_t i = 0; i < note->line_count; i++) {
		const struct ledger_note_line *line = &note->lines[i];
		size_t k = 0;
		while (k < key_count && !same_key(&keys[k], line->name, line->key_id))
			k++;
		if (k == key_count)
			continue; /* an unknown key: not ours to judge */
		if (!line_is_good(note->text, line, &keys[k], &verified.cosigned_at_s[k]))
			return FAIL(ERR_DENIED, "note: the signature of %.*s+%08x does not verify",
				    SPAN_ARGS(line->name), line->key_id);
		verified.count += !verified.by[k];
		verified.by[k] = true;
	}
	if (verified.count == 0)
		return FAIL(ERR_DENIED, "note: no known key signed it");
	*ret_verified = verified;
	return OK;
}

struct err ledger_signer_make(struct span name, enum ledger_key_type type, const uint8_t seed[32],
			      struct ledger_signer *ret_signer)
{
	uint8_t public_key[LEDGER_PUBLIC_KEY_SIZE];
	ENSURE(crypto_sign_seed_keypair(public_key, ret_signer->secret_key, seed) == 0);
	struct err e = ledger_vkey_make(name, type, public_key, &ret_signer->key);
	if (failed(e))
		ledger_signer_wipe(ret_signer);
	return e;
}

void ledger_signer_wipe(struct ledger_signer *signer)
{
	wipe(signer, sizeof *signer);
}

void ledger_note_sign_line(struct sink *s, struct span text, const struct ledger_signer *signer, uint64_t time_s)
{
	uint8_t signature[COSIGNATURE_SIZE + KEY_ID_SIZE];
	struct sink bytes = SINK_OF(signature);
	for (int shift = 24; shift >= 0; shift -= 8)
		sink_u8(&bytes, (uint8_t)(signer->key.id >> shift));
	if (signer->key.type == LEDGER_KEY_COSIGNATURE) {
		uint8_t message[COSIGNED_SIZE_MAX];
		struct sink m = SINK_OF(message);
		write_cosigned(&m, text, time_s);
		REQUIRE(!m.failed);
		sink_u64be(&bytes, time_s);
		ENSURE(crypto_sign_detached(signature + bytes.size, NULL, message, m.size, signer->secret_key) == 0);
	} else {
		ENSURE(crypto_sign_detached(signature + bytes.size, NULL, text.at, text.size, signer->secret_key) == 0);
	}
	bytes.size += ED25519_SIZE;
	char base64[(sizeof signature + 2) / 3 * 4];
	struct sink line = SINK_OF(base64);
	sink_base64(&line, sink_span(&bytes));
	write_line(s, ledger_vkey_name(&signer->key), sink_span(&line));
}

struct err ledger_note_sign(struct sink *s, struct span text, const struct ledger_signer *signer)
{
	REQUIRE(signer->key.type == LEDGER_KEY_ED25519);
	if (text.size == 0 || text.at[text.size - 1] != '\n' || !is_note_text(text))
		return FAIL(ERR_INVALID, "note: a text is UTF-8 without control characters and ends in a newline");
	sink_put(s, text);
	sink_u8(s, '\n');
	ledger_note_sign_line(s, text, signer, 0);
	return sink_finish(s, "note");
}
