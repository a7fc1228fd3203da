/* The protocol's numbers against vectors: the published ones, and frames worked out by an independent program.
 *
 * The frames from "ccrypt" on were computed with another language's AES from the facts of the protocol, in
 * the session of the specification's Annex E (default key, RND.A B0..B7, RND.B A0..A7, address 0).
 */
#include <stdio.h>

#include "desk.h"
#include "sim/reader/card.h"

static void checks(void)
{
	CHECK(sim_crc16(SPAN_TEXT("123456789")) == 0xE5CC, "CRC-16 of 123456789");
	CHECK(sim_crc16(SPAN_TEXT("\x53\x00\x09\x00\x04\x61\x00")) == 0x66C0, "CRC of ID, sent C0 66");
	CHECK(sim_checksum(SPAN_TEXT("\x53\x00\x08\x00\x00\x61\x00")) == 0x44, "checksum of ID");
	CHECK(sim_checksum(SPAN_TEXT("\x53\x7f\x0c\x00\x00\x6e\x00\x80\x25\x00\x00")) == 0x0F, "checksum of COMSET");
	CHECK(sim_frame_check_good(SPAN_TEXT("\x53\x00\x09\x00\x04\x61\x00\xc0\x66")), "a good CRC is taken");
	CHECK(!sim_frame_check_good(SPAN_TEXT("\x53\x00\x09\x00\x04\x61\x00\xc0\x67")), "a bad CRC is not");
	CHECK(!sim_frame_check_good(SPAN_TEXT("\x53\x00\x08\x00\x00\x61\x00\x45")), "a bad checksum is not");
}

static void session(void)
{
	static struct desk desk;
	desk_lay(&desk);
	CHECK(desk_send(&desk, "530013000c03110076b0b1b2b3b4b5b6b75232") &&
		      desk_said(&desk, "53802b000c0312007600068e0102103254a0a1a2a3a4a5a6a7fde5d2f428ec16312471ea3c02bd"
				       "77961486"),
	      "CHLNG is answered by CCRYPT");
	CHECK(desk_send(&desk, "53001b000d0313007726d3356e07762d262801fc8e6665a8917bda") &&
		      desk_said(&desk, "53801b000d03140178b2a30057eb98ba2229ec1f875662b5245585"),
	      "SCRYPT is answered by RMAC_I");
	CHECK(desk_send(&desk, "53000e000e02156074dd15a53277") && desk_said(&desk, "53800e000e021640438eda790d4e"),
	      "POLL, ACK");
	CHECK(desk_send(&desk, "53001e000f021768dd106e6e746b85314344073e5bd0e9cdb8c11811c18a") &&
		      desk_said(&desk, "53800e000f0216406ef5de4dfc95"),
	      "encrypted OUT, ACK");
	CHECK(desk.device.outputs[1].on && !desk.device.outputs[0].on, "output 1 is on");
	CHECK(desk_send(&desk, "53000e000d02156087224b5f5017") &&
		      desk_said(&desk, "53801e000d02184af7745c250ce612e366b9dfa5e80453e7695e0c689040"),
	      "POLL, encrypted OSTATR");
	uint8_t bits[SIM_H10301_SIZE];
	uint32_t swipe;
	sim_card_h10301(12, 345, bits);
	CHECK_SPAN(SPAN_OF(bits), SPAN_TEXT("\x06\x00\xac\x80"), "the 26 bits of facility 12, number 345");
	NEED_OK(sim_device_swipe(&desk.device, 0, OSDP_CARD_FORMAT_WIEGAND, SPAN_OF(bits), 26, desk.now_ns, &swipe),
		"a card is shown");
	CHECK(desk_send(&desk, "53000e000e021560c4b4e4beb300") &&
		      desk_said(&desk, "53801e000e0218505ed6e5bbea3da63baae673c0b0ee46d1648ce21291a0"),
	      "POLL, encrypted RAW");
	CHECK(desk.reply.swipe == swipe && !desk.reply.repeat, "the reply is known to carry the card");
	CHECK(desk_send(&desk, "53002e000f02176b62c14db566840a115144e9e04cebcf079d6048be41c0e5eadc1d169dee742aeaf454ad8"
			       "73916") &&
		      desk_said(&desk, "53800e000f021640760742d4bcc9"),
	      "TEXT of 16 bytes: a whole block of padding");
	CHECK(strcmp(desk.device.text, "0123456789") == 0, "the display shows it");
	CHECK(desk_send(&desk, "53002d0009021775d0cb2240bf7f42c73b3926c72ac24b9219977a951294ec7fe5af3321ce9fd191c3f3bf6"
			       "31c") &&
		      desk_said(&desk, "53800d000902164049b68acf67"),
	      "KEYSET, with checksums");
	CHECK(desk.device.scbk[0] == 0xF0 && desk.device.scbk[15] == 0xFF && desk.kept == 1 && !desk.device.install,
	      "the new key is there, kept, and install mode is over");
}

static void shapes(void)
{
	struct sim_frame frame;
	CHECK_OK(sim_frame_read(SPAN_TEXT("\x53\x85\x09\x00\x06\x40\x01\x00\x00"), &frame), "a frame is taken apart");
	CHECK(frame.is_reply && frame.address == 5 && frame.sequence == 2 && frame.has_crc && frame.id == 0x40 &&
		      frame.data.size == 1,
	      "into its fields");
	CHECK_FAILS(sim_frame_read(SPAN_TEXT("\x53\x00\x0b\x00\x0c\x01\x15\x60\x00\x00\x00"), &frame), ERR_INVALID,
		    "block of 1", "a security block of 1 byte is refused");
	CHECK_FAILS(sim_frame_read(SPAN_TEXT("\x53\x00\x0b\x00\x0c\x09\x15\x60\x00\x00\x00"), &frame), ERR_INVALID,
		    "no room", "a security block over the end is refused");
	CHECK_FAILS(sim_frame_read(SPAN_TEXT("\x53\x00\x0b\x00\x0c\x02\x15\x60\x00\x00\x00"), &frame), ERR_INVALID,
		    "no room", "a session frame without room for a MAC is refused");
}

static enum sim_scan next(struct sim_scanner *scanner, size_t *ret_size, uint64_t *ret_started)
{
	uint8_t raw[OSDP_FRAME_SIZE_MAX];
	return sim_scanner_next(scanner, raw, ret_size, ret_started);
}

static void scanning(void)
{
	static struct sim_scanner scanner;
	size_t size = 0;
	uint64_t started = 0, gap = 20 * SIM_NS_PER_MS, t = 1000 * SIM_NS_PER_MS;
	const char id[] = "\x53\x00\x09\x00\x04\x61\x00\xc0\x66";
	struct span whole = {(const uint8_t *)id, 9};
	sim_scanner_feed(&scanner, SPAN_TEXT("\xff"), t, gap);
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_NOTHING, "a mark alone is nothing");
	sim_scanner_feed(&scanner, (struct span){whole.at, 4}, t + 100, gap);
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_NOTHING, "half a frame is nothing");
	sim_scanner_feed(&scanner, (struct span){whole.at + 4, 5}, t + 200, gap);
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_FRAME && size == 9 && started == t,
	      "the frame began with its mark");
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_NOTHING, "and that was all");

	sim_scanner_feed(&scanner, SPAN_TEXT("\x00\x53\x01\x02\x53\x53\x99\x99\x99\x99"), t + 300, gap);
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_NOTHING, "noise with false starts gives nothing");
	sim_scanner_feed(&scanner, whole, t + 400, gap);
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_FRAME && size == 9, "and does not hide the frame behind it");

	sim_scanner_feed(&scanner, (struct span){whole.at, 6}, t + 500, gap);
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_NOTHING, "a frame breaks off");
	sim_scanner_feed(&scanner, whole, t + 500 + gap + 1, gap);
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_FRAME && started == t + 501 + gap,
	      "after a gap the next one is found");

	uint8_t bad[9];
	memcpy(bad, id, sizeof bad);
	bad[6] ^= 1;
	sim_scanner_feed(&scanner, SPAN_OF(bad), t + 600 + gap, gap);
	sim_scanner_feed(&scanner, whole, t + 600 + gap, gap);
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_BAD_CHECK, "a wrong check is told");
	CHECK(next(&scanner, &size, &started) == SIM_SCAN_FRAME, "and the good frame after it is found");
}

/* Every byte of a session's frames flipped, one bit at a time: the device never obeys, and its output stays
 * off.
 */
static void flipped(void)
{
	static struct desk desk;
	static const char out[] = "53001e000f021768dd106e6e746b85314344073e5bd0e9cdb8c11811c18a";
	unsigned obeyed = 0, tried = 0;
	for (size_t bit = 8; bit < 28 * 8; bit++) {
		uint8_t raw[30];
		struct sim_frame frame;
		desk_lay(&desk);
		NEED(desk_handshake(&desk) && desk_send(&desk, "53000e000e02156074dd15a53277"), "a session is up");
		NEED_OK(hex_read(span_of_string(out), raw, sizeof raw), "hex");
		raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		struct sink s = {.start = raw, .size = 28, .size_max = sizeof raw};
		if (raw[2] != 30 || raw[3] != 0 || !(raw[4] & OSDP_CONTROL_CRC))
			continue;  /* another length: no frame at all */
		sim_frame_end(&s); /* whoever flips bits also mends the CRC */
		if (failed(sim_frame_read(SPAN_OF(raw), &frame)) || frame.is_reply || frame.address != 0)
			continue;
		tried++;
		(void)desk_give(&desk, SPAN_OF(raw));
		obeyed += desk.device.outputs[0].on || desk.device.outputs[1].on;
	}
	CHECK(tried > 150 && obeyed == 0, "of %u frames with a flipped bit and a good CRC, %u were obeyed", tried,
	      obeyed);
}

int main(void)
{
	checks();
	shapes();
	scanning();
	session();
	flipped();
	return tap_finish();
}
