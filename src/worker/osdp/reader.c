#include "worker/osdp/reader.h"

#include "worker/osdp/constants.h"

struct err osdp_read_card(struct span data, uint8_t room[OSDP_CARD_SIZE_MAX], struct osdp_card *ret_card)
{
	struct cursor c = cursor_of(data);
	struct osdp_card card = {0};
	card.reader = cursor_u8(&c);
	card.format = cursor_u8(&c);
	card.bit_count = cursor_u16le(&c);
	if (!c.failed && (card.bit_count == 0 || card.bit_count > OSDP_CARD_BITS_MAX))
		return FAIL(ERR_INVALID, "card: %u bits", card.bit_count);
	card.bits = cursor_take(&c, (card.bit_count + 7u) / 8);
	TRY(cursor_finish(&c, "card"));

	memcpy(room, card.bits.at, card.bits.size);
	unsigned spare = (unsigned)(card.bits.size * 8 - card.bit_count);
	room[card.bits.size - 1] = (uint8_t)(room[card.bits.size - 1] & (0xFFu << spare));
	card.bits.at = room;
	*ret_card = card;
	return OK;
}

static uint8_t key_of(uint8_t character)
{
	if (character == 0x7F)
		return '*';
	if (character == 0x0D)
		return '#';
	bool known = (character >= '0' && character <= '9') || character == '*' || character == '#';
	return known ? character : 0;
}

struct err osdp_read_keys(struct span data, uint8_t room[OSDP_KEYS_MAX], struct osdp_keypad *ret_keypad)
{
	struct cursor c = cursor_of(data);
	struct osdp_keypad keypad = {.reader = cursor_u8(&c)};
	uint8_t count = cursor_u8(&c);
	struct span keys = cursor_take(&c, count);
	TRY(cursor_finish(&c, "keys"));
	if (count == 0 || count > OSDP_KEYS_MAX)
		return FAIL(ERR_INVALID, "keys: %u of them", count);
	for (size_t i = 0; i < keys.size; i++) {
		room[i] = key_of(keys.at[i]);
		if (room[i] == 0)
			return FAIL(ERR_INVALID, "keys: an unknown one"); /* which one is nobody's business */
	}
	keypad.keys = (struct span){room, keys.size};
	*ret_keypad = keypad;
	return OK;
}

struct err osdp_read_contacts(struct span data, struct osdp_contacts *ret_contacts)
{
	struct osdp_contacts contacts = {0};
	contacts.count = (uint32_t)(data.size < OSDP_CONTACTS_MAX ? data.size : OSDP_CONTACTS_MAX);
	if (data.size > 255)
		return FAIL(ERR_INVALID, "contacts: %zu of them", data.size);
	for (uint32_t i = 0; i < contacts.count; i++)
		if (data.at[i] != 0)
			contacts.active |= UINT64_C(1) << i;
	*ret_contacts = contacts;
	return OK;
}

struct err osdp_read_local(struct span data, struct osdp_local *ret_local)
{
	struct cursor c = cursor_of(data);
	struct osdp_local local = {0};
	local.tamper = cursor_u8(&c) != 0;
	local.power_failure = cursor_u8(&c) != 0;
	TRY(cursor_finish(&c, "local status"));
	*ret_local = local;
	return OK;
}

struct err osdp_read_readers(struct span data, struct osdp_reader_tamper ret_readers[OSDP_READERS_MAX],
			     size_t *ret_count)
{
	if (data.size > OSDP_READERS_MAX)
		return FAIL(ERR_INVALID, "readers: %zu of them", data.size);
	for (size_t i = 0; i < data.size; i++)
		if (data.at[i] > 2)
			return FAIL(ERR_INVALID, "readers: state %u", data.at[i]);
	for (size_t i = 0; i < data.size; i++)
		ret_readers[i] = (struct osdp_reader_tamper){.reader = (uint32_t)i, .state = data.at[i]};
	*ret_count = data.size;
	return OK;
}

struct err osdp_read_identity(struct span data, struct osdp_identity *ret_identity)
{
	struct cursor c = cursor_of(data);
	struct osdp_identity identity = {0};
	for (unsigned i = 0; i < 3; i++)
		identity.vendor |= (uint32_t)cursor_u8(&c) << (8 * i);
	identity.model = cursor_u8(&c);
	identity.version = cursor_u8(&c);
	identity.serial = cursor_u32le(&c);
	for (unsigned i = 0; i < 3; i++)
		identity.firmware = identity.firmware << 8 | cursor_u8(&c);
	TRY(cursor_finish(&c, "identity"));
	*ret_identity = identity;
	return OK;
}

struct err osdp_read_capabilities(struct span data, struct osdp_capability ret_capabilities[OSDP_CAPABILITIES_MAX],
				  size_t *ret_count)
{
	struct cursor c = cursor_of(data);
	size_t count = data.size / 3;
	if (count > OSDP_CAPABILITIES_MAX)
		return FAIL(ERR_INVALID, "capabilities: %zu of them", count);
	for (size_t i = 0; i < count; i++) {
		ret_capabilities[i].function = cursor_u8(&c);
		ret_capabilities[i].compliance = cursor_u8(&c);
		ret_capabilities[i].count = cursor_u8(&c);
	}
	TRY(cursor_finish(&c, "capabilities"));
	*ret_count = count;
	return OK;
}

struct err osdp_read_cryptogram(struct span data, struct osdp_cryptogram *ret_cryptogram)
{
	struct cursor c = cursor_of(data);
	struct osdp_cryptogram cryptogram = {0};
	cryptogram.cuid = cursor_take(&c, OSDP_NUMBER_CUID_SIZE);
	cryptogram.rnd_b = cursor_take(&c, OSDP_NUMBER_RANDOM_SIZE);
	cryptogram.client_cryptogram = cursor_take(&c, OSDP_NUMBER_BLOCK_SIZE);
	TRY(cursor_finish(&c, "cryptogram"));
	*ret_cryptogram = cryptogram;
	return OK;
}

struct err osdp_read_nak(struct span data, uint8_t *ret_code)
{
	if (data.size == 0)
		return FAIL(ERR_INVALID, "refusal: without a code");
	*ret_code = data.at[0];
	return OK;
}

const char *osdp_nak_words(uint8_t code)
{
	switch (code) {
#define OSDP_NAK(name, number, words)                                                                                  \
	case number:                                                                                                   \
		return words;
#include "worker/osdp/osdp.def"
	default:
		return "a reason that the standard does not know";
	}
}
