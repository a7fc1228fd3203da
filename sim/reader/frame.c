#include "sim/reader/frame.h"

uint16_t sim_crc16(struct span bytes)
{
	uint16_t crc = OSDP_CRC_SEED;
	for (size_t i = 0; i < bytes.size; i++) {
		crc = (uint16_t)(crc ^ (uint16_t)(bytes.at[i] << 8));
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ OSDP_CRC_POLYNOMIAL : crc << 1);
	}
	return crc;
}

uint8_t sim_checksum(struct span bytes)
{
	unsigned sum = 0;
	for (size_t i = 0; i < bytes.size; i++)
		sum += bytes.at[i];
	return (uint8_t)(0u - sum);
}

bool sim_frame_check_good(struct span raw)
{
	REQUIRE(raw.size >= SIM_FRAME_SIZE_LEAST);
	if (!(raw.at[4] & OSDP_CONTROL_CRC))
		return sim_checksum((struct span){raw.at, raw.size - 1}) == raw.at[raw.size - 1];
	if (raw.size < SIM_FRAME_SIZE_LEAST + 1)
		return false;
	uint16_t crc = sim_crc16((struct span){raw.at, raw.size - 2});
	return raw.at[raw.size - 2] == (crc & 0xFF) && raw.at[raw.size - 1] == crc >> 8;
}

static bool block_has_mac(uint8_t type)
{
	return type >= OSDP_SCS_COMMAND_MAC && type <= OSDP_SCS_REPLY_ENCRYPTED;
}

struct err sim_frame_read(struct span raw, struct sim_frame *ret_frame)
{
	REQUIRE(raw.size >= SIM_FRAME_SIZE_LEAST);
	uint8_t control = raw.at[4];
	struct sim_frame frame = {
		.raw = raw,
		.address = raw.at[1] & 0x7F,
		.is_reply = raw.at[1] & OSDP_REPLY_BIT,
		.sequence = control & OSDP_CONTROL_SEQUENCE,
		.has_crc = control & OSDP_CONTROL_CRC,
		.has_block = control & OSDP_CONTROL_SECURE,
	};
	size_t check_size = frame.has_crc ? 2 : 1;
	struct cursor c = cursor_of((struct span){raw.at + OSDP_HEADER_SIZE, raw.size - OSDP_HEADER_SIZE - check_size});
	size_t mac_size = 0;
	if (frame.has_block) {
		uint8_t block_size = cursor_u8(&c);
		frame.block_type = cursor_u8(&c);
		if (block_size < 2)
			return FAIL(ERR_INVALID, "security block of %u bytes", block_size);
		frame.block_data = cursor_take(&c, block_size - 2u);
		if (block_has_mac(frame.block_type))
			mac_size = OSDP_MAC_SIZE;
	}
	frame.id = cursor_u8(&c);
	if (c.failed || cursor_left(&c) < mac_size)
		return FAIL(ERR_INVALID, "a frame of %zu bytes has no room for what its control byte announces",
			    raw.size);
	frame.data = cursor_take(&c, cursor_left(&c) - mac_size);
	frame.mac = cursor_take(&c, mac_size);
	TRY(cursor_finish(&c, "frame"));
	*ret_frame = frame;
	return OK;
}

void sim_frame_begin(struct sink *s, uint8_t address_byte, uint8_t sequence, bool has_crc, struct span block,
		     uint8_t id, struct span data, size_t mac_size)
{
	REQUIRE(s->size == 0);
	size_t size =
		OSDP_HEADER_SIZE + (block.size ? block.size + 1 : 0) + 1 + data.size + mac_size + (has_crc ? 2 : 1);
	REQUIRE(size <= OSDP_FRAME_SIZE_MAX);
	sink_u8(s, OSDP_START);
	sink_u8(s, address_byte);
	sink_u16le(s, (uint16_t)size);
	sink_u8(s, (uint8_t)(sequence | (has_crc ? OSDP_CONTROL_CRC : 0) | (block.size ? OSDP_CONTROL_SECURE : 0)));
	if (block.size) {
		sink_u8(s, (uint8_t)(block.size + 1));
		sink_put(s, block);
	}
	sink_u8(s, id);
	sink_put(s, data);
}

void sim_frame_end(struct sink *s)
{
	if (s->start[4] & OSDP_CONTROL_CRC)
		sink_u16le(s, sim_crc16(sink_span(s)));
	else
		sink_u8(s, sim_checksum(sink_span(s)));
	ENSURE(!s->failed && (size_t)(s->start[2] | s->start[3] << 8) == s->size);
}

void sim_scanner_feed(struct sim_scanner *scanner, struct span bytes, uint64_t now_ns, uint64_t gap_ns_max)
{
	if (now_ns - scanner->fed_ns > gap_ns_max) {
		scanner->size = 0;
		scanner->marked = false;
	}
	REQUIRE(bytes.size <= SIM_SCANNER_SIZE - scanner->size);
	if (scanner->size == 0 && !scanner->marked)
		scanner->started_ns = now_ns;
	if (bytes.size)
		memcpy(scanner->bytes + scanner->size, bytes.at, bytes.size);
	scanner->size += bytes.size;
	scanner->fed_ns = now_ns;
}

static void drop(struct sim_scanner *scanner, size_t count)
{
	memmove(scanner->bytes, scanner->bytes + count, scanner->size - count);
	scanner->size -= count;
	scanner->started_ns = scanner->fed_ns;
	scanner->marked = false;
}

/* Bring the next start byte to the front. The time of a mark right before it stays: the mark is the frame's
 * first byte.
 */
static void skip_to_start(struct sim_scanner *scanner)
{
	size_t skipped = 0;
	while (skipped < scanner->size && scanner->bytes[skipped] != OSDP_START)
		skipped++;
	if (skipped == 0)
		return;
	uint64_t started_ns = scanner->started_ns;
	bool mark_alone = skipped == 1 && scanner->bytes[0] == OSDP_MARK;
	bool mark_last = scanner->bytes[skipped - 1] == OSDP_MARK;
	drop(scanner, skipped);
	scanner->marked = mark_last;
	if (mark_alone)
		scanner->started_ns = started_ns;
}

enum sim_scan sim_scanner_next(struct sim_scanner *scanner, uint8_t *ret_raw, size_t *ret_size,
			       uint64_t *ret_started_ns)
{
	for (;;) {
		skip_to_start(scanner);
		if (scanner->size < OSDP_HEADER_SIZE)
			return SIM_SCAN_NOTHING;
		size_t size = (size_t)(scanner->bytes[2] | scanner->bytes[3] << 8);
		if (size < SIM_FRAME_SIZE_LEAST || size > OSDP_FRAME_SIZE_MAX) {
			drop(scanner, 1);
			continue;
		}
		if (scanner->size < size)
			return SIM_SCAN_NOTHING;
		memcpy(ret_raw, scanner->bytes, size);
		*ret_size = size;
		*ret_started_ns = scanner->started_ns;
		bool good = sim_frame_check_good((struct span){scanner->bytes, size});
		drop(scanner, good ? size : 1); /* a false start may hide a true one */
		return good ? SIM_SCAN_FRAME : SIM_SCAN_BAD_CHECK;
	}
}
