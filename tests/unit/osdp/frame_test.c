/* tests/unit/osdp/frame_test.c - frames: published check bytes, malformed ones, and streams cut anywhere. */
#include <time.h>

#include "lib/tap.h"
#include "worker/osdp/frame.h"

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % limit);
}

static struct span from_hex(const char *hex, uint8_t *room)
{
	size_t size = strlen(hex) / 2;
	NEED_OK(hex_read(span_of_string(hex), room, size), "the vector is hex");
	return (struct span){room, size};
}

/* PROVES OSDP-CHECK: the standard's own examples of both checks. */
static void published_checks(void)
{
	uint8_t room[64];
	CHECK(osdp_crc(SPAN_TEXT("123456789")) == 0xE5CC, "the CRC of 123456789 is that of SPI-FUJITSU");
	CHECK(osdp_crc(from_hex("537f0d00046e0080250000", room)) == 0x386E, "CRC of the COMSET example");
	CHECK(osdp_crc(from_hex("53000900046100", room)) == 0x66C0, "CRC of the ID example");
	CHECK(osdp_checksum(from_hex("537f0c00006e0080250000", room)) == 0x0F, "checksum of the COMSET example");
	CHECK(osdp_checksum(from_hex("53000800006100", room)) == 0x44, "checksum of the ID example");
}

static void encode(const struct osdp_frame *frame, const char *expected, const char *what)
{
	uint8_t room[64], bytes[64];
	struct sink s = SINK_OF(bytes);
	size_t start = 0;
	NEED_OK(osdp_frame_open(frame, &s, &start), "%s is begun", what);
	NEED_OK(osdp_frame_close(frame, start, (struct span){0}, &s), "%s is ended", what);
	CHECK_SPAN(sink_span(&s), from_hex(expected, room), "%s is written as published", what);
}

static void published_frames(void)
{
	static const uint8_t zero[1] = {0}, comset[] = {0x00, 0x80, 0x25, 0x00, 0x00};
	struct osdp_frame frame = {.address = 0, .crc = true, .id = OSDP_COMMAND_ID, .data = SPAN_OF(zero)};
	encode(&frame, "53000900046100c066", "ID with CRC");
	frame.crc = false;
	encode(&frame, "5300080000610044", "ID with checksum");
	frame = (struct osdp_frame){.address = 0x7F, .crc = true, .id = OSDP_COMMAND_COMSET, .data = SPAN_OF(comset)};
	encode(&frame, "537f0d00046e00802500006e38", "COMSET with CRC");
	frame.crc = false;
	encode(&frame, "537f0c00006e00802500000f", "COMSET with checksum");
}

static enum osdp_decoded decode(struct osdp_decoder *d, const char *hex, struct osdp_frame *ret_frame)
{
	uint8_t room[128];
	struct span bytes = from_hex(hex, room);
	osdp_decoder_reset(d);
	NEED(osdp_decoder_take(d, bytes) == bytes.size, "taken");
	return osdp_decoder_next(d, ret_frame);
}

static void decode_good(void)
{
	struct osdp_decoder d = {0};
	struct osdp_frame frame;
	CHECK(decode(&d, "53000900046100c066", &frame) == OSDP_DECODED_FRAME, "a frame without a mark byte");
	CHECK(frame.id == OSDP_COMMAND_ID && frame.data.size == 1 && frame.crc && !frame.reply && frame.sequence == 0,
	      "its parts");
	CHECK(osdp_decoder_next(&d, &frame) == OSDP_DECODED_NOTHING && d.size == 0, "and nothing behind it");
	CHECK(decode(&d, "ff53000900046100c066", &frame) == OSDP_DECODED_FRAME, "a frame behind a mark byte");
	CHECK(d.noise_bytes == 0, "a mark byte is no noise");
	CHECK(decode(&d, "001122ffff5300080000610044", &frame) == OSDP_DECODED_FRAME && !frame.crc,
	      "a frame behind noise");
	CHECK(d.noise_bytes == 3, "noise is counted");
	CHECK(decode(&d,
		     "53000e000d0215"
		     "60df8898239a62",
		     &frame) == OSDP_DECODED_FRAME,
	      "a frame with a MAC");
	CHECK(frame.scs == OSDP_SCS_COMMAND_MAC && frame.data.size == 0 && frame.mac.size == 4 &&
		      frame.under_mac.size == 8,
	      "its MAC and what it covers");
	CHECK(decode(&d, "5300000253000900046100c066", &frame) == OSDP_DECODED_NOTHING,
	      "noise like a header waits for more");
	CHECK(osdp_decoder_quiet(&d, &frame) == OSDP_DECODED_FRAME && frame.id == OSDP_COMMAND_ID,
	      "when the line is quiet, the frame behind it is found");
	CHECK(osdp_decoder_quiet(&d, &frame) == OSDP_DECODED_NOTHING && d.size == 0, "and the decoder is empty");
}

/* A frame with right check bytes over whatever stands in `head` (hex, without them). */
static enum osdp_decoded decode_checked(const char *head)
{
	static struct osdp_decoder d;
	uint8_t room[128];
	struct osdp_frame frame;
	struct span bytes = from_hex(head, room);
	uint16_t crc = osdp_crc(bytes);
	room[bytes.size] = (uint8_t)crc;
	room[bytes.size + 1] = (uint8_t)(crc >> 8);
	osdp_decoder_reset(&d);
	(void)osdp_decoder_take(&d, (struct span){room, bytes.size + 2});
	return osdp_decoder_next(&d, &frame);
}

static void decode_bad(void)
{
	struct osdp_decoder d = {0};
	struct osdp_frame frame;
	CHECK(decode(&d, "53000900046100c067", &frame) == OSDP_DECODED_DAMAGED && d.bad_check_count == 1,
	      "a wrong CRC");
	CHECK(decode(&d, "5300080000610045", &frame) == OSDP_DECODED_DAMAGED, "a wrong checksum");
	CHECK(decode(&d, "53000600006100", &frame) == OSDP_DECODED_NOTHING && d.size == 0,
	      "too short a length is noise");
	CHECK(decode(&d, "53000700046100", &frame) == OSDP_DECODED_NOTHING && d.size == 0, "also with a CRC");
	CHECK(decode(&d, "5300a105046100", &frame) == OSDP_DECODED_NOTHING && d.size == 0, "1441 bytes are noise");
	CHECK(decode(&d, "5300a005046100", &frame) == OSDP_DECODED_NOTHING && d.size == 7, "1440 bytes are awaited");
	CHECK(decode_checked("53000a000c0311") == OSDP_DECODED_NOTHING, "the length is awaited");
	CHECK(decode_checked("53000800"
			     "0460") == OSDP_DECODED_FRAME,
	      "the shortest frame");
	CHECK(decode_checked("53000800"
			     "0c60") == OSDP_DECODED_DAMAGED,
	      "a security block without room for it");
	CHECK(decode_checked("53000a00"
			     "0c021560") == OSDP_DECODED_DAMAGED,
	      "a MAC without room for it");
	CHECK(decode_checked("53000f00"
			     "0c031500"
			     "6001020304") == OSDP_DECODED_DAMAGED,
	      "SCS_15 with a block of three");
	CHECK(decode_checked("53000a00"
			     "0c021176") == OSDP_DECODED_DAMAGED,
	      "SCS_11 with a block of two");
	CHECK(decode_checked("53000b00"
			     "0c03110176") == OSDP_DECODED_FRAME,
	      "SCS_11 with a block of three");
	CHECK(decode_checked("53000e00"
			     "0c0219"
			     "6001020304") == OSDP_DECODED_DAMAGED,
	      "an unknown security block");
	CHECK(decode_checked("53000a00"
			     "0c000060") == OSDP_DECODED_DAMAGED,
	      "a block of no size");
	CHECK(decode_checked("53000a00"
			     "0cff1560") == OSDP_DECODED_DAMAGED,
	      "a block longer than the frame");
	CHECK(decode_checked("53000800"
			     "8460") == OSDP_DECODED_DAMAGED,
	      "the old multipart bit");
	CHECK(decode_checked("53000800"
			     "1460") == OSDP_DECODED_DAMAGED,
	      "a control bit that means nothing");
}

static void write_bounds(void)
{
	static uint8_t data[OSDP_NUMBER_FRAME_SIZE_MAX], bytes[OSDP_NUMBER_FRAME_SIZE_MAX];
	struct sink s = SINK_OF(bytes), small = sink_of(bytes, 6);
	size_t start = 0;
	struct osdp_frame frame = {
		.crc = true, .id = OSDP_COMMAND_TEXT, .data = {data, OSDP_NUMBER_FRAME_SIZE_MAX - 7}};
	CHECK_FAILS(osdp_frame_open(&frame, &s, &start), ERR_TOO_LARGE, "1441",
		    "a frame over 1440 bytes is not written");
	frame.data.size--;
	CHECK_OK(osdp_frame_open(&frame, &s, &start), "one of 1440 is");
	CHECK_OK(osdp_frame_close(&frame, start, (struct span){0}, &s), "and ends");
	CHECK_FAILS(osdp_frame_open(&frame, &small, &start), ERR_TOO_LARGE, "", "nor one over the room");
}

/* ---- properties ---- */

enum { STREAM_MAX = 6000, FOUND_MAX = 6000 };

struct found {
	size_t count;
	uint32_t digest;
};

/* What a stream gives, cut into chunks of at most `chunk_max` bytes (0: all at once). */
static struct found decode_stream(struct span stream, uint32_t chunk_max)
{
	static struct osdp_decoder d;
	struct osdp_frame frame;
	struct found found = {0};
	memset(&d, 0, sizeof(d));
	for (size_t at = 0; at < stream.size;) {
		size_t left = stream.size - at;
		size_t size = chunk_max == 0 ? left : 1 + random_below(chunk_max);
		size = size < left ? size : left;
		size_t taken = osdp_decoder_take(&d, (struct span){stream.at + at, size});
		NEED(taken > 0, "the decoder always takes something");
		at += taken;
		enum osdp_decoded what;
		while ((what = osdp_decoder_next(&d, &frame)) != OSDP_DECODED_NOTHING) {
			found.count++;
			found.digest = found.digest * 31 + (uint32_t)what;
			if (what == OSDP_DECODED_FRAME)
				found.digest = found.digest * 31 + osdp_crc(frame.under_mac) + frame.id + frame.scs;
		}
	}
	while (osdp_decoder_quiet(&d, &frame) == OSDP_DECODED_FRAME)
		found.digest = found.digest * 31 + osdp_crc(frame.under_mac);
	NEED(osdp_decoder_quiet(&d, &frame) != OSDP_DECODED_NOTHING || d.size == 0, "quiet empties the decoder");
	return found;
}

static void add_frame(struct sink *s)
{
	uint8_t data[300];
	size_t start = 0;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = random_below(3) == 0 ? OSDP_NUMBER_START : (uint8_t)random_below(256);
	static const uint8_t kinds[] = {0, 0, 0x11, 0x12, 0x15, 0x16, 0x17, 0x18};
	struct osdp_frame frame = {.address = (uint8_t)random_below(127),
				   .reply = random_below(2) != 0,
				   .sequence = (uint8_t)random_below(4),
				   .crc = random_below(4) != 0,
				   .scs = kinds[random_below(sizeof(kinds))],
				   .scs_value = 1,
				   .id = (uint8_t)random_below(256),
				   .data = {data, random_below(sizeof(data))}};
	struct span mac = {data, osdp_scs_has_mac(frame.scs) ? 4 : 0};
	size_t before = s->size;
	if (random_below(2) != 0)
		sink_u8(s, OSDP_NUMBER_MARK);
	struct err e = osdp_frame_open(&frame, s, &start);
	if (!failed(e))
		e = osdp_frame_close(&frame, start, mac, s);
	if (!failed(e) && random_below(6) == 0) /* damaged on its way */
		s->start[before + random_below((uint32_t)(s->size - before))] ^= (uint8_t)(1u << random_below(8));
}

static void any_cut_decodes_the_same(void)
{
	static uint8_t stream[STREAM_MAX];
	bool same = true, found_some = false;
	for (int round = 0; round < 300; round++) {
		struct sink s = SINK_OF(stream);
		while (s.size < STREAM_MAX - 800) {
			add_frame(&s);
			for (uint32_t noise = random_below(4) == 0 ? random_below(20) : 0; noise > 0; noise--)
				sink_u8(&s, random_below(3) == 0 ? OSDP_NUMBER_START : (uint8_t)random_below(256));
		}
		struct found whole = decode_stream(sink_span(&s), 0);
		struct found single = decode_stream(sink_span(&s), 1);
		struct found cut = decode_stream(sink_span(&s), 1 + random_below(400));
		same &= whole.count == single.count && whole.digest == single.digest && whole.count == cut.count &&
			whole.digest == cut.digest;
		found_some |= whole.count > 3;
	}
	CHECK(same && found_some, "300 streams with noise and damage decode the same however they are cut");
}

static void garbage_never_harms(void)
{
	static uint8_t stream[STREAM_MAX];
	size_t frames = 0;
	for (int round = 0; round < 300; round++) {
		for (size_t i = 0; i < sizeof(stream); i++)
			stream[i] = random_below(8) == 0 ? OSDP_NUMBER_START
							 : (uint8_t)random_below(random_below(2) ? 256 : 16);
		frames += decode_stream(SPAN_OF(stream), 1 + random_below(2000)).count;
	}
	CHECK(true, "1.8 MB of garbage is survived, with %zu things that looked like frames", frames);
}

int main(void)
{
	const char *seed = getenv("OSDP_SEED");
	random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	printf("# seed %llu (OSDP_SEED)\n", (unsigned long long)random_state);
	published_checks();
	published_frames();
	decode_good();
	decode_bad();
	write_bounds();
	any_cut_decodes_the_same();
	garbage_never_harms();
	return tap_finish();
}
