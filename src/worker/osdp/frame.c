#include "worker/osdp/frame.h"

enum {
	AT_ADDRESS = 1,
	AT_LENGTH = 2,
	AT_CONTROL = 4,
	CHECKSUM_SIZE = 1,
	CRC_SIZE = 2,
	FRAME_SIZE_LEAST = OSDP_NUMBER_HEADER_SIZE + 1 + CHECKSUM_SIZE, /* header, id, checksum */
	SCB_SIZE_LEAST = 2,
	SCB_HANDSHAKE_SIZE = 3,
	CONTROL_KNOWN = OSDP_CONTROL_SEQUENCE | OSDP_CONTROL_CRC | OSDP_CONTROL_SECURE,
};

/* CRC-16 of 0x1021 by nibbles: sixteen words of table stay in the cache. RULE OSDP-CHECK */
static const uint16_t crc_table[16] = {
	0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
	0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
};

uint16_t osdp_crc(struct span bytes)
{
	uint16_t crc = OSDP_NUMBER_CRC_SEED;
	for (size_t i = 0; i < bytes.size; i++) {
		crc = (uint16_t)((crc << 4) ^ crc_table[(crc >> 12) ^ (bytes.at[i] >> 4)]);
		crc = (uint16_t)((crc << 4) ^ crc_table[(crc >> 12) ^ (bytes.at[i] & 0x0F)]);
	}
	return crc;
}

uint8_t osdp_checksum(struct span bytes)
{
	unsigned sum = 0;
	for (size_t i = 0; i < bytes.size; i++)
		sum += bytes.at[i];
	return (uint8_t)(0u - sum);
}

/* ---- in ---- */

void osdp_decoder_reset(struct osdp_decoder *d)
{
	d->size = 0;
	d->given = 0;
}

static void drop(struct osdp_decoder *d, size_t count)
{
	ENSURE(count <= d->size);
	memmove(d->bytes, d->bytes + count, d->size - count);
	d->size -= count;
}

/* The frame that was given last stayed in front so that its spans held; now it goes. */
static void drop_given(struct osdp_decoder *d)
{
	drop(d, d->given);
	d->given = 0;
}

size_t osdp_decoder_take(struct osdp_decoder *d, struct span bytes)
{
	drop_given(d);
	size_t room = sizeof(d->bytes) - d->size;
	size_t count = bytes.size < room ? bytes.size : room;
	if (count > 0)
		memcpy(d->bytes + d->size, bytes.at, count);
	d->size += count;
	return count;
}

/* Skip to the next start byte. Mark bytes are customary between frames and no noise. */
static void find_start(struct osdp_decoder *d, size_t from)
{
	size_t at = from;
	for (; at < d->size && d->bytes[at] != OSDP_NUMBER_START; at++)
		d->noise_bytes += d->bytes[at] != OSDP_NUMBER_MARK;
	drop(d, at);
}

static bool check_holds(struct span bytes, bool crc)
{
	if (!crc)
		return osdp_checksum((struct span){bytes.at, bytes.size - CHECKSUM_SIZE}) == bytes.at[bytes.size - 1];
	uint16_t expected = osdp_crc((struct span){bytes.at, bytes.size - CRC_SIZE});
	return bytes.at[bytes.size - 2] == (expected & 0xFF) && bytes.at[bytes.size - 1] == expected >> 8;
}

/* The security block, when the control byte announces one. */
static void read_security_block(struct cursor *c, struct osdp_frame *frame)
{
	uint8_t size = cursor_u8(c);
	frame->scs = cursor_u8(c);
	if (frame->scs >= OSDP_SCS_CHLNG && frame->scs <= OSDP_SCS_RMAC_I && size == SCB_HANDSHAKE_SIZE)
		frame->scs_value = cursor_u8(c);
	else if (!osdp_scs_has_mac(frame->scs) || size != SCB_SIZE_LEAST)
		c->failed = true;
}

/* The whole frame is there and its check bytes hold; is it well-formed? */
static bool read_frame(struct span bytes, struct osdp_frame *ret_frame)
{
	uint8_t control = bytes.at[AT_CONTROL];
	struct osdp_frame frame = {
		.address = bytes.at[AT_ADDRESS] & OSDP_NUMBER_ADDRESS_BROADCAST,
		.reply = (bytes.at[AT_ADDRESS] & OSDP_NUMBER_REPLY_BIT) != 0,
		.sequence = control & OSDP_CONTROL_SEQUENCE,
		.crc = (control & OSDP_CONTROL_CRC) != 0,
	};
	size_t check_size = frame.crc ? CRC_SIZE : CHECKSUM_SIZE;
	struct cursor c = cursor_of((struct span){bytes.at, bytes.size - check_size});
	(void)cursor_take(&c, OSDP_NUMBER_HEADER_SIZE);
	if (control & OSDP_CONTROL_SECURE)
		read_security_block(&c, &frame);
	frame.id = cursor_u8(&c);
	size_t mac_size = osdp_scs_has_mac(frame.scs) ? OSDP_NUMBER_MAC_SIZE : 0;
	if (c.failed || cursor_left(&c) < mac_size || (control & ~CONTROL_KNOWN) != 0)
		return false;
	frame.data = cursor_take(&c, cursor_left(&c) - mac_size);
	frame.mac = cursor_take(&c, mac_size);
	frame.under_mac = (struct span){bytes.at, bytes.size - check_size - mac_size};
	*ret_frame = frame;
	return true;
}

enum osdp_decoded osdp_decoder_next(struct osdp_decoder *d, struct osdp_frame *ret_frame)
{
	drop_given(d);
	find_start(d, 0);
	while (d->size > AT_CONTROL) {
		size_t length = (size_t)(d->bytes[AT_LENGTH] | d->bytes[AT_LENGTH + 1] << 8);
		bool crc = (d->bytes[AT_CONTROL] & OSDP_CONTROL_CRC) != 0;
		size_t least = FRAME_SIZE_LEAST + (crc ? CRC_SIZE - CHECKSUM_SIZE : 0);
		if (length < least || length > sizeof(d->bytes)) {
			d->noise_bytes++; /* no frame can begin like this: the start byte was noise */
			find_start(d, 1);
			continue;
		}
		if (d->size < length)
			return OSDP_DECODED_NOTHING;
		struct span bytes = {d->bytes, length};
		if (!check_holds(bytes, crc)) {
			d->bad_check_count++;
			find_start(d, 1);
			return OSDP_DECODED_DAMAGED;
		}
		d->given = length;
		if (read_frame(bytes, ret_frame))
			return OSDP_DECODED_FRAME;
		d->malformed_count++;
		return OSDP_DECODED_DAMAGED;
	}
	return OSDP_DECODED_NOTHING;
}

enum osdp_decoded osdp_decoder_quiet(struct osdp_decoder *d, struct osdp_frame *ret_frame)
{
	enum osdp_decoded found = osdp_decoder_next(d, ret_frame);
	while (found == OSDP_DECODED_NOTHING && d->size > 0) {
		d->noise_bytes++;
		find_start(d, 1);
		found = osdp_decoder_next(d, ret_frame);
	}
	return found;
}

/* ---- out ---- */

struct err osdp_frame_open(const struct osdp_frame *frame, struct sink *s, size_t *ret_start)
{
	REQUIRE(frame->address <= OSDP_NUMBER_ADDRESS_BROADCAST && frame->sequence <= OSDP_CONTROL_SEQUENCE);
	bool handshake = frame->scs != OSDP_SCS_NONE && !osdp_scs_has_mac(frame->scs);
	size_t scb_size = frame->scs == OSDP_SCS_NONE ? 0 : handshake ? SCB_HANDSHAKE_SIZE : SCB_SIZE_LEAST;
	size_t length = OSDP_NUMBER_HEADER_SIZE + scb_size + 1 + frame->data.size +
			(osdp_scs_has_mac(frame->scs) ? OSDP_NUMBER_MAC_SIZE : 0) +
			(frame->crc ? CRC_SIZE : CHECKSUM_SIZE);
	if (length > OSDP_NUMBER_FRAME_SIZE_MAX)
		return FAIL(ERR_TOO_LARGE, "frame: %zu bytes", length);
	size_t start = s->size;
	sink_u8(s, OSDP_NUMBER_START);
	sink_u8(s, (uint8_t)(frame->address | (frame->reply ? OSDP_NUMBER_REPLY_BIT : 0)));
	sink_u16le(s, (uint16_t)length);
	sink_u8(s, (uint8_t)(frame->sequence | (frame->crc ? OSDP_CONTROL_CRC : 0) |
			     (scb_size ? OSDP_CONTROL_SECURE : 0)));
	if (scb_size > 0) {
		sink_u8(s, (uint8_t)scb_size);
		sink_u8(s, frame->scs);
	}
	if (handshake)
		sink_u8(s, frame->scs_value);
	sink_u8(s, frame->id);
	sink_put(s, frame->data);
	TRY(sink_finish(s, "frame"));
	*ret_start = start;
	return OK;
}

struct err osdp_frame_close(const struct osdp_frame *frame, size_t start, struct span mac, struct sink *s)
{
	REQUIRE(mac.size == (osdp_scs_has_mac(frame->scs) ? OSDP_NUMBER_MAC_SIZE : 0));
	sink_put(s, mac);
	struct span covered = {s->start + start, s->size - start};
	if (frame->crc)
		sink_u16le(s, osdp_crc(covered));
	else
		sink_u8(s, osdp_checksum(covered));
	return sink_finish(s, "frame");
}
