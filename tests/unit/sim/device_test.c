/* One device, frame by frame: sequence and cache, refusals, the secure channel's rules, events, timed
 * outputs.
 */
#include <stdio.h>

#include "desk.h"

static struct desk desk;

/* Lay a fresh desk with a device that talks in clear. */
static void lay_plain(void)
{
	desk_lay(&desk);
	desk.device.setup.secure = SIM_SECURE_OPTIONAL;
}

static bool nak(uint8_t code)
{
	struct sim_frame reply;
	return !failed(sim_frame_read((struct span){desk.reply.bytes, desk.reply.size}, &reply)) &&
	       reply.id == OSDP_REPLY_NAK && reply.data.size == 1 && reply.data.at[0] == code && !reply.has_block;
}

static void sequence(void)
{
	lay_plain();
	desk.sequence = 1;
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_NAK && nak(OSDP_NAK_SEQUENCE),
	      "a first command with SQN 1: NAK 4");
	desk.sequence = 0;
	for (unsigned i = 0; i < 8; i++)
		CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_ACK &&
			      (desk.reply.bytes[4] & 3) == (i == 0 ? 0 : (i - 1) % 3 + 1),
		      "SQN %u is taken and echoed", i == 0 ? 0 : (i - 1) % 3 + 1);
	desk.sequence = (uint8_t)(desk.sequence % 3 + 1);
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_NAK && nak(4), "a skipped SQN: NAK 4");
	CHECK(desk_noted(&desk, "\"happening\":\"violation\""), "and it is said aloud");
}

static void cache(void)
{
	uint8_t first[64];
	uint32_t swipe;
	lay_plain();
	(void)desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING);
	NEED_OK(sim_device_swipe(&desk.device, 0, 0, BYTES(0xAB, 0xC0), 10, desk.now_ns, &swipe), "a card");
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_RAW, "the card comes");
	size_t size = desk.reply.size;
	memcpy(first, desk.reply.bytes, size);
	for (int i = 0; i < 3; i++) {
		desk.sequence = 1;
		CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_RAW && desk.reply.repeat &&
			      desk.reply.swipe == swipe &&
			      span_equal((struct span){desk.reply.bytes, desk.reply.size}, (struct span){first, size}),
		      "the same command again: the same bytes again");
	}
	desk.sequence = 1;
	CHECK(desk_clear(&desk, OSDP_COMMAND_LSTAT, NOTHING) == OSDP_REPLY_NAK && nak(4),
	      "another command with the old SQN: NAK 4");
	desk.sequence = 2;
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_ACK, "the card comes once");
	desk.sequence = 0;
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_ACK && !desk.reply.repeat, "SQN 0 forgets");
}

static void cached_in_session(void)
{
	desk_lay(&desk);
	NEED(desk_handshake(&desk), "a session is up");
	CHECK(desk_send(&desk, "53000e000e02156074dd15a53277"), "a secure POLL");
	CHECK(desk_send(&desk, "53000e000e02156074dd15a53277") && desk.reply.repeat &&
		      desk_said(&desk, "53800e000e021640438eda790d4e"),
	      "repeated: the MAC chain does not move");
	CHECK(desk_send(&desk, "53001e000f021768dd106e6e746b85314344073e5bd0e9cdb8c11811c18a") &&
		      desk_said(&desk, "53800e000f0216406ef5de4dfc95"),
	      "and the next command still fits");
	CHECK(desk_send(&desk, "53001e000f021768dd106e6e746b85314344073e5bd0e9cdb8c11811c18a") && desk.reply.repeat,
	      "OUT repeated");
	CHECK(strstr(desk.notes, "\"happening\":\"output\"") &&
		      !strstr(strstr(desk.notes, "\"happening\":\"output\"") + 1, "\"happening\":\"output\""),
	      "is obeyed once");
}

static void refusals(void)
{
	lay_plain();
	CHECK(desk_clear(&desk, 0x99, NOTHING) == OSDP_REPLY_NAK && nak(OSDP_NAK_UNKNOWN_COMMAND),
	      "unknown command: 3");
	CHECK(desk_clear(&desk, OSDP_COMMAND_MFG, BYTES(1, 2, 3)) && nak(OSDP_NAK_UNKNOWN_COMMAND), "MFG: 3");
	CHECK(desk_clear(&desk, OSDP_COMMAND_ID, NOTHING) && nak(OSDP_NAK_LENGTH), "ID without its byte: 2");
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, BYTES(0)) && nak(OSDP_NAK_LENGTH), "POLL with data: 2");
	CHECK(desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 2, 0)) && nak(OSDP_NAK_LENGTH), "OUT of 3 bytes: 2");
	CHECK(desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 2, 0, 0, 2, 2, 0, 0)) && nak(OSDP_NAK_RECORD) &&
		      !desk.device.outputs[0].on,
	      "OUT for an output that is not there: 9, and none of it is done");
	CHECK(desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 7, 0, 0)) && nak(OSDP_NAK_RECORD), "OUT control 7: 9");
	CHECK(desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 5, 0, 0)) && nak(OSDP_NAK_RECORD),
	      "timed OUT without time: 9");
	CHECK(desk_clear(&desk, OSDP_COMMAND_LED, BYTES(0, 0, 2, 1, 1, 8, 0, 9, 0, 0, 0, 0, 0, 0)) &&
		      nak(OSDP_NAK_RECORD),
	      "LED colour 8: 9");
	CHECK(desk_clear(&desk, OSDP_COMMAND_BUZ, BYTES(1, 2, 1, 1, 1)) && nak(OSDP_NAK_RECORD), "BUZ of reader 1: 9");
	CHECK(desk_clear(&desk, OSDP_COMMAND_TEXT, BYTES(0, 1, 0, 1, 1, 3, 'a')) && nak(OSDP_NAK_LENGTH),
	      "TEXT shorter than it says: 2");
	CHECK(desk_clear(&desk, OSDP_COMMAND_KEYSET,
			 BYTES(1, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)) &&
		      nak(OSDP_NAK_SECURE_NOT_MET) && !desk.device.has_scbk,
	      "KEYSET in clear: 6, and no key");
	CHECK(desk_clear(&desk, OSDP_COMMAND_BIOREAD, BYTES(0, 0x12, 0, 0)) && nak(OSDP_NAK_BIO_TYPE),
	      "BIO type 12: 7");
	CHECK(desk_clear(&desk, OSDP_COMMAND_BIOREAD, BYTES(0, 1, 3, 0)) && nak(OSDP_NAK_BIO_FORMAT),
	      "BIO format 3: 8");
	desk.device.setup.receive_size_max = 128;
	uint8_t big[140] = {0};
	CHECK(desk_clear(&desk, OSDP_COMMAND_TEXT, SPAN_OF(big)) && nak(OSDP_NAK_LENGTH), "over the receive size: 2");
	struct sim_reply reply;
	struct span bad = SPAN_TEXT("\x53\x00\x09\x00\x04\x61\x00\xc0\x67");
	CHECK(!sim_device_bad_check(&desk.device, bad, &reply), "a bad check: silence");
	desk.device.setup.nak_bad_check = true;
	CHECK(sim_device_bad_check(&desk.device, bad, &desk.reply) && nak(OSDP_NAK_CHECK), "or NAK 1 if set up so");
}

static void required(void)
{
	uint32_t swipe;
	desk_lay(&desk);
	NEED_OK(sim_device_swipe(&desk.device, 0, 0, BYTES(0xAB), 8, desk.now_ns, &swipe), "a card");
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_ACK, "no card read leaves in clear");
	CHECK(desk_clear(&desk, OSDP_COMMAND_ID, BYTES(0)) == OSDP_REPLY_PDID &&
		      memcmp(desk.reply.bytes + 6, "\x00\x06\x8e\x01\x02\x10\x32\x54\x76\x00\x00\x00", 12) == 0,
	      "ID is told in clear");
	CHECK(desk_clear(&desk, OSDP_COMMAND_CAP, BYTES(0)) == OSDP_REPLY_PDCAP &&
		      memcmp(desk.reply.bytes + 6, "\x09\x01\x01\x02\x03\x02", 6) == 0,
	      "CAP too");
	CHECK(desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 2, 0, 0)) && nak(6) && !desk.device.outputs[0].on,
	      "OUT: NAK 6");
	CHECK(desk_clear(&desk, OSDP_COMMAND_ISTAT, NOTHING) && nak(6), "ISTAT: NAK 6");
	CHECK(desk_handshake(&desk), "then a session comes up");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_RAW, BYTES(0, 0, 8, 0, 0xAB),
		     "and the card comes in it");
}

static void session_ends(void)
{
	desk_lay(&desk);
	NEED(desk_handshake(&desk), "a session is up");
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) && nak(6) && desk.device.session.state == SIM_SESSION_NONE,
	      "plaintext inside a session: NAK 6 in clear, the session ends");
	NEED(desk_handshake(&desk), "a session is up");
	desk.session.key_mac_2[0] ^= 1; /* a POLL is one block: only the second key works on it */
	uint8_t data[64];
	size_t size;
	CHECK(desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size) == 0xFF && nak(6) &&
		      desk.device.session.state == SIM_SESSION_NONE,
	      "a wrong MAC: NAK 6 in clear, the session ends");
	CHECK(desk_noted(&desk, "the MAC is wrong"), "and it is said aloud");
	NEED(desk_handshake(&desk), "a session is up");
	desk.sequence = 0;
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_ACK &&
		      desk.device.session.state == SIM_SESSION_NONE,
	      "SQN 0 ends the session");
	NEED(desk_handshake(&desk), "a session is up");
	desk.now_ns += OSDP_OFFLINE_MS * SIM_NS_PER_MS;
	(void)sim_device_tick(&desk.device, desk.now_ns);
	CHECK(desk.device.session.state == SIM_SESSION_NONE && desk_noted(&desk, "\"happening\":\"offline\""),
	      "8 s of silence end it too");
	desk.device.install = false;
	desk.sequence = 0;
	CHECK(desk_send(&desk, "530013000c03110076b0b1b2b3b4b5b6b75232") && nak(6),
	      "the default key without install: NAK 6");
	desk.device.setup.secure = SIM_SECURE_NONE;
	CHECK(desk_send(&desk, "530013000c03110076b0b1b2b3b4b5b6b75232") && nak(5),
	      "a device without the channel: NAK 5");
}

/* A right MAC over wrong padding: who has the keys but does not know how to pad is not obeyed. */
static void padding(void)
{
	static const uint8_t too_long[32] = {0, 2, 0, 0, 0x80}, none[16] = {0}, no_mark[16] = {0, 2, 0, 0, 1};
	static const struct span bad[] = {{too_long, 32}, {none, 16}, {no_mark, 16}, {NULL, 0}};
	uint8_t data[64];
	size_t size;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		desk_lay(&desk);
		NEED(desk_handshake(&desk), "a session is up");
		CHECK(desk_secure_padded(&desk, OSDP_COMMAND_OUT, OSDP_SCS_COMMAND_ENCRYPTED, bad[i], data, &size) ==
				      0xFF &&
			      nak(6) && !desk.device.outputs[0].on && desk.device.session.state == SIM_SESSION_NONE,
		      "wrong padding %zu: NAK 6, the session ends", i);
	}
	static const uint8_t good[16] = {0, 2, 0, 0, 0x80};
	desk_lay(&desk);
	NEED(desk_handshake(&desk), "a session is up");
	CHECK(desk_secure_padded(&desk, OSDP_COMMAND_OUT, OSDP_SCS_COMMAND_ENCRYPTED, SPAN_OF(good), data, &size) ==
			      0x40 &&
		      desk.device.outputs[0].on,
	      "right padding is obeyed");
}

static void wrong_cryptogram(void)
{
	desk_lay(&desk);
	CHECK(desk_send(&desk, "530013000c03110076b0b1b2b3b4b5b6b75232"), "CHLNG");
	uint8_t raw[27];
	NEED_OK(hex_read(span_of_string("53001b000d0313007726d3356e07762d262801fc8e6665a8917bda"), raw, 27), "hex");
	raw[20] ^= 1;
	struct sink s = {.start = raw, .size = 25, .size_max = 27};
	sim_frame_end(&s);
	CHECK(desk_give(&desk, SPAN_OF(raw)) && desk.reply.bytes[7] == OSDP_RMAC_FAILED &&
		      desk.device.session.state == SIM_SESSION_NONE,
	      "a wrong server cryptogram: RMAC_I says FF, no session");
	CHECK(desk_send(&desk, "53000e000e02156074dd15a53277") && nak(6), "a session frame without a session: NAK 6");
}

static void keyset(void)
{
	static const uint8_t key[] = {1, 16, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8, 7, 6, 5, 4};
	desk_lay(&desk);
	NEED(desk_handshake(&desk), "a session under the default key");
	CHECK_SECURE(&desk, OSDP_COMMAND_KEYSET, BYTES(2, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		     OSDP_REPLY_NAK, BYTES(OSDP_NAK_RECORD), "KEYSET of another kind: NAK 9, inside the session");
	CHECK_SECURE(&desk, OSDP_COMMAND_KEYSET, SPAN_OF(key), OSDP_REPLY_ACK, NOTHING, "KEYSET");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_ACK, NOTHING, "the session goes on");
	CHECK(memcmp(desk.device.scbk, key + 2, 16) == 0 && desk.kept == 1, "the key is kept");
	CHECK(!desk_noted(&desk, "09080706"), "and not told");
	CHECK(desk_send(&desk, "530013000c03110076b0b1b2b3b4b5b6b75232") && nak(6), "the default key is over");
}

static void outputs(void)
{
	lay_plain();
	(void)desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING);
	CHECK(desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 5, 30, 0)) == OSDP_REPLY_ACK && desk.device.outputs[0].on,
	      "on for 3 s");
	CHECK(sim_device_tick(&desk.device, desk.now_ns) == desk.now_ns + 3000 * SIM_NS_PER_MS,
	      "it asks to be woken in 3 s");
	desk.now_ns += 3000 * SIM_NS_PER_MS - 1;
	(void)sim_device_tick(&desk.device, desk.now_ns);
	CHECK(desk.device.outputs[0].on, "a nanosecond before it is on");
	(void)sim_device_tick(&desk.device, ++desk.now_ns);
	CHECK(!desk.device.outputs[0].on && desk.output_changes == 2, "then off by itself");
	(void)desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 5, 10, 0));
	(void)desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 4, 0, 0));
	desk.now_ns += 1000 * SIM_NS_PER_MS;
	(void)sim_device_tick(&desk.device, desk.now_ns);
	CHECK(desk.device.outputs[0].on, "timed, then 'on and finish': stays on after its time");
	(void)desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 6, 10, 0));
	CHECK(!desk.device.outputs[0].on, "off for a second");
	desk.now_ns += 1000 * SIM_NS_PER_MS;
	(void)sim_device_tick(&desk.device, desk.now_ns);
	CHECK(desk.device.outputs[0].on, "and back on");
	(void)desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 3, 0, 0));
	CHECK(!desk.device.outputs[0].on, "'off and finish' without a timer: off at once");
	(void)desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 5, 10, 0));
	(void)desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 1, 0, 0));
	CHECK(!desk.device.outputs[0].on && sim_outputs_next(&desk.device) == SIM_NEVER,
	      "'off and abort' ends the timer");
	(void)desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 5, 10, 0));
	(void)desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 0, 0, 0));
	CHECK(desk.device.outputs[0].on, "NOP changes nothing");
	CHECK(desk_clear(&desk, OSDP_COMMAND_OUT, BYTES(0, 2, 0, 0, 1, 2, 0, 0)) == OSDP_REPLY_ACK &&
		      desk.device.outputs[1].on,
	      "two records in one command");
	CHECK(desk_clear(&desk, OSDP_COMMAND_OSTAT, NOTHING) == OSDP_REPLY_OSTATR && desk.reply.bytes[6] == 1 &&
		      desk.reply.bytes[7] == 1,
	      "OSTAT tells both");
}

static void events(void)
{
	uint32_t swipe;
	desk_lay(&desk);
	desk.device.setup.report_outputs = false;
	NEED(desk_handshake(&desk), "a session is up");
	NEED_OK(sim_device_swipe(&desk.device, 0, 1, BYTES(0x80), 1, desk.now_ns, &swipe), "a card");
	NEED_OK(sim_device_keys(&desk.device, 0, SPAN_TEXT("12*#"), desk.now_ns), "keys");
	NEED_OK(sim_device_set_input(&desk.device, 1, true, desk.now_ns), "an input");
	NEED_OK(sim_device_set_input(&desk.device, 1, false, desk.now_ns), "and back");
	sim_device_set_tamper(&desk.device, true, desk.now_ns);
	sim_device_set_power(&desk.device, true, desk.now_ns);
	NEED_OK(sim_device_set_reader_state(&desk.device, 0, 2, desk.now_ns), "a reader");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_RAW, BYTES(0, 1, 1, 0, 0x80), "card");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_KEYPAD, BYTES(0, 4, '1', '2', 0x7F, 0x0D),
		     "keys, * as 7F and # as 0D");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_ISTATR, BYTES(0, 1, 0), "input on");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_ISTATR, BYTES(0, 0, 0),
		     "input off: no pulse is lost");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_LSTATR, BYTES(1, 0), "tamper");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_LSTATR, BYTES(1, 1), "power");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_RSTATR, BYTES(2), "reader");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_ACK, NOTHING, "and nothing more");
}

static void held_back(void)
{
	uint32_t swipe;
	desk_lay(&desk);
	NEED_OK(sim_device_swipe(&desk.device, 0, 0, BYTES(0x80), 1, desk.now_ns, &swipe), "a card, nobody listens");
	NEED_OK(sim_device_set_input(&desk.device, 0, true, desk.now_ns), "an input");
	NEED_OK(sim_device_set_input(&desk.device, 0, false, desk.now_ns), "and back");
	NEED_OK(sim_device_set_input(&desk.device, 2, true, desk.now_ns), "and another");
	desk.now_ns += 1999 * SIM_NS_PER_MS;
	(void)sim_device_tick(&desk.device, desk.now_ns);
	CHECK(desk.device.event_count == 1, "the card is held for 2 s");
	desk.now_ns += SIM_NS_PER_MS;
	(void)sim_device_tick(&desk.device, desk.now_ns);
	CHECK(desk.device.event_count == 0 && desk_noted(&desk, "card_dropped"), "then dropped, and said so");
	NEED(desk_handshake(&desk), "a session is up");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_ISTATR, BYTES(0, 0, 1),
		     "the inputs as they are now, once");
	CHECK_SECURE(&desk, OSDP_COMMAND_POLL, NOTHING, OSDP_REPLY_ACK, NOTHING, "and nothing more");
	for (unsigned i = 0; i < 3 * SIM_EVENTS_MAX; i++)
		NEED_OK(sim_device_set_input(&desk.device, 0, i % 2 == 0, desk.now_ns), "a chattering input");
	CHECK_OK(sim_device_swipe(&desk.device, 0, 0, BYTES(0x80), 1, desk.now_ns, &swipe), "leaves room for a card");
	unsigned cards = 0, polls = 0;
	uint8_t data[64], id;
	size_t size;
	while ((id = desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size)) != OSDP_REPLY_ACK && polls++ < 100)
		cards += id == OSDP_REPLY_RAW;
	CHECK(cards == 1 && polls <= SIM_EVENTS_MAX, "which comes");
}

static void setting_up(void)
{
	lay_plain();
	CHECK(desk_send(&desk, "537f0d00046e00802500006e38") && desk.reply.bytes[1] == 0xFF &&
		      desk.reply.bytes[5] == OSDP_REPLY_COM &&
		      memcmp(desk.reply.bytes + 6, "\x00\x80\x25\x00\x00", 5) == 0,
	      "a broadcast COMSET is answered from FF");
	CHECK(desk.device.comset_pending && desk.kept == 0, "it holds when the reply has left");
	sim_device_replied(&desk.device);
	CHECK(desk.kept == 1 && desk.device.baud == 9600, "then it is kept");
	desk.sequence = 1;
	CHECK(desk_clear(&desk, OSDP_COMMAND_COMSET, BYTES(0x7F, 1, 2, 3, 0)) == OSDP_REPLY_COM &&
		      memcmp(desk.reply.bytes + 6, "\x00\x80\x25\x00\x00", 5) == 0,
	      "what it cannot do it answers with what it has");
	CHECK(desk_clear(&desk, OSDP_COMMAND_COMSET, BYTES(9, 0x00, 0xC2, 0x01, 0x00)) == OSDP_REPLY_COM,
	      "to 9, 115200");
	sim_device_replied(&desk.device);
	CHECK(desk.device.address == 9 && desk.device.baud == 115200, "address and speed hold");
	desk_lay(&desk);
	desk.device.install = false;
	CHECK(desk_send(&desk, "537f0d00046e00802500006e38") && nak(6), "not in clear where a session is required");
	struct sim_frame poll = {.raw = BYTES(0, 0, 0, 0, 4, 0, 0, 0), .address = 0x7F, .has_crc = true, .id = 0x60};
	CHECK(!sim_device_receive(&desk.device, &poll, desk.now_ns, desk.now_ns, &desk.reply),
	      "a broadcast POLL: silence");
}

static void face(void)
{
	lay_plain();
	(void)desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING);
	CHECK(desk_clear(&desk, OSDP_COMMAND_LED, BYTES(0, 0, 2, 2, 3, 2, 0, 20, 0, 1, 1, 0, 1, 0)) == OSDP_REPLY_ACK,
	      "LED");
	struct sim_led *led = &desk.device.leds[0][0];
	CHECK(sim_led_colour(led, desk.now_ns) == OSDP_COLOUR_GREEN, "flashes green");
	CHECK(sim_led_colour(led, desk.now_ns + 200 * SIM_NS_PER_MS) == OSDP_COLOUR_BLACK, "and black");
	CHECK(sim_led_colour(led, desk.now_ns + 500 * SIM_NS_PER_MS) == OSDP_COLOUR_GREEN, "and green");
	CHECK(sim_led_colour(led, desk.now_ns + 2000 * SIM_NS_PER_MS) == OSDP_COLOUR_RED, "and is red again after 2 s");
	CHECK(desk_clear(&desk, OSDP_COMMAND_LED, BYTES(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)) == OSDP_REPLY_ACK &&
		      sim_led_colour(led, desk.now_ns) == OSDP_COLOUR_RED,
	      "cancelled: red at once");
	CHECK(desk_clear(&desk, OSDP_COMMAND_TEXT, BYTES(0, 3, 2, 1, 1, 2, 'O', 'K')) == OSDP_REPLY_ACK &&
		      strcmp(desk.device.text, "OK") == 0 &&
		      desk.device.text_until_ns == desk.now_ns + 2000 * SIM_NS_PER_MS,
	      "TEXT for 2 s");
	CHECK(desk_clear(&desk, OSDP_COMMAND_BUZ, BYTES(0, 2, 1, 2, 3)) == OSDP_REPLY_ACK && desk.device.buzzer[3] == 3,
	      "BUZ");
}

static void fingers_and_files(void)
{
	static uint8_t pattern[1200], data[OSDP_FRAME_SIZE_MAX];
	size_t size = 0;
	desk_lay(&desk);
	NEED(desk_handshake(&desk), "a session is up");
	CHECK(failed(sim_device_finger(&desk.device, 0, 50, SPAN_OF(pattern), desk.now_ns)), "no finger unasked");
	CHECK_SECURE(&desk, OSDP_COMMAND_BIOREAD, BYTES(0, 2, 2, 50), OSDP_REPLY_ACK, NOTHING, "BIOREAD");
	memset(pattern, 0x80, sizeof pattern);
	CHECK_OK(sim_device_finger(&desk.device, 0, 50, SPAN_OF(pattern), desk.now_ns), "a finger");
	CHECK(desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size) == OSDP_REPLY_BIOREADR && size == 1206 &&
		      data[1] == 0 && data[2] == 2 && data[3] == 50 && data[4] == (1200 & 0xFF) && data[5] == 1200 >> 8,
	      "BIOREADR: reader, status, type, quality, length, 1,200 bytes");
	CHECK_SECURE(&desk, OSDP_COMMAND_FILETRANSFER, BYTES(1, 6, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 2, 3, 4),
		     OSDP_REPLY_FTSTAT, BYTES(1, 0, 0, 0, 0, (1440 - 41) & 0xFF, (1440 - 41) >> 8),
		     "a file's first part");
	CHECK_SECURE(&desk, OSDP_COMMAND_FILETRANSFER, BYTES(1, 6, 0, 0, 0, 4, 0, 0, 0, 2, 0, 5, 6), OSDP_REPLY_FTSTAT,
		     BYTES(1, 0, 0, 1, 0, (1440 - 41) & 0xFF, (1440 - 41) >> 8), "its last: processed");
	CHECK(desk_noted(&desk, "\"happening\":\"file\""), "the file is told");
	CHECK_SECURE(&desk, OSDP_COMMAND_FILETRANSFER, BYTES(1, 6, 0, 0, 0, 5, 0, 0, 0, 1, 0, 5), OSDP_REPLY_FTSTAT,
		     BYTES(1, 0, 0, 0xFD, 0xFF, (1440 - 41) & 0xFF, (1440 - 41) >> 8), "a part out of order: -3");
}

static void fault(enum sim_fault_kind kind, uint32_t count)
{
	sim_device_set_fault(&desk.device, kind, true, count, 0, desk.now_ns);
}

static void faults(void)
{
	uint8_t data[64], before[64];
	size_t size;
	desk_lay(&desk);
	NEED(desk_handshake(&desk), "a session is up");
	fault(SIM_FAULT_SILENCE, 1);
	uint8_t sequence_then = desk.sequence;
	struct sim_session session_then = desk.session;
	CHECK(desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size) == 0, "silence");
	desk.session = session_then;
	CHECK(desk.sequence == sequence_then && desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size) == 0x40,
	      "for one command");
	fault(SIM_FAULT_BUSY, 1);
	session_then = desk.session;
	CHECK(desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size) == 0xFF, "busy");
	CHECK(desk.reply.bytes[4] == 4 && desk.reply.bytes[5] == OSDP_REPLY_BUSY && desk.reply.size == 8,
	      "BUSY: SQN 0, in clear, 8 bytes");
	desk.session = session_then;
	desk.sequence = desk.sequence == 1 ? 3 : (uint8_t)(desk.sequence - 1);
	CHECK(desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size) == 0x40, "the same command again is obeyed");
	fault(SIM_FAULT_DROP_REPLY, 1);
	CHECK(desk_secure(&desk, OSDP_COMMAND_OUT, BYTES(0, 2, 0, 0), data, &size) == 0x40 && desk.reply.lost &&
		      desk.device.outputs[0].on,
	      "drop-reply obeys and says nothing");
	fault(SIM_FAULT_BAD_CRC, 1);
	(void)desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size);
	CHECK(!sim_frame_check_good((struct span){desk.reply.bytes, desk.reply.size}), "bad-crc");
	memcpy(before, desk.device.cached, desk.device.cached_size);
	CHECK(sim_frame_check_good((struct span){before, desk.device.cached_size}), "the cached reply is whole");
	fault(SIM_FAULT_BAD_MAC, 1);
	CHECK(desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size) == 0xFF &&
		      sim_frame_check_good((struct span){desk.reply.bytes, desk.reply.size}),
	      "bad-mac has a good check");
	NEED(desk_handshake(&desk), "a session is up");
	fault(SIM_FAULT_PLAIN_NAK, 1);
	CHECK(desk_secure(&desk, OSDP_COMMAND_POLL, NOTHING, data, &size) == 0xFF && nak(6) &&
		      desk.device.session.state == SIM_SESSION_UP,
	      "plain-nak");
	NEED(desk_handshake(&desk), "a session is up");
	fault(SIM_FAULT_WRONG_KEY, 0);
	CHECK(desk.device.session.state == SIM_SESSION_NONE &&
		      desk_send(&desk, "530013000c03110076b0b1b2b3b4b5b6b75232") &&
		      memcmp(desk.reply.bytes + 25, "\xfd\xe5\xd2\xf4", 4) != 0,
	      "wrong-key ends the session and gives another cryptogram");
	CHECK(desk_send(&desk, "53001b000d0313007726d3356e07762d262801fc8e6665a8917bda") &&
		      desk.reply.bytes[7] == OSDP_RMAC_FAILED,
	      "and takes no right one");
}

static void identities(void)
{
	uint32_t swipe;
	desk_lay(&desk);
	fault(SIM_FAULT_SWAPPED, 0);
	CHECK(desk_clear(&desk, OSDP_COMMAND_ID, BYTES(0)) == OSDP_REPLY_PDID &&
		      memcmp(desk.reply.bytes + 11, "\x10\x32\x54\x76", 4) != 0,
	      "swapped: another serial number");
	desk_lay(&desk);
	fault(SIM_FAULT_WEAK_CUID, 0);
	CHECK(desk_send(&desk, "530013000c03110076b0b1b2b3b4b5b6b75232") &&
		      memcmp(desk.reply.bytes + 9, "\0\0\0\0\0\0\0", 8) == 0,
	      "weak-cuid: zeroes");
	desk_lay(&desk);
	desk.device.has_scbk = true;
	fault(SIM_FAULT_ASKS_SCBKD, 0);
	uint8_t chlng[19] = {0};
	NEED_OK(hex_read(span_of_string("530013000c03110176b0b1b2b3b4b5b6b70000"), chlng, sizeof chlng), "hex");
	struct sink s = {.start = chlng, .size = 17, .size_max = 19};
	sim_frame_end(&s);
	CHECK(desk_give(&desk, SPAN_OF(chlng)) && desk.reply.bytes[7] == OSDP_KEY_KIND_DEFAULT &&
		      memcmp(desk.reply.bytes + 25, "\xfd\xe5\xd2\xf4", 4) == 0,
	      "asks-scbkd: asked for its own key, it answers with the default one");
	desk_lay(&desk);
	fault(SIM_FAULT_PLAINTEXT, 0);
	CHECK(desk_clear(&desk, OSDP_COMMAND_CAP, BYTES(0)) == OSDP_REPLY_PDCAP &&
		      desk.reply.bytes[6] == OSDP_CAPABILITY_OUTPUTS,
	      "plaintext: no security in its capabilities");
	NEED_OK(sim_device_swipe(&desk.device, 0, 0, BYTES(0x80), 1, desk.now_ns, &swipe), "a card");
	CHECK(desk_clear(&desk, OSDP_COMMAND_POLL, NOTHING) == OSDP_REPLY_RAW, "and cards in clear");
	CHECK(desk_send(&desk, "530013000c03110076b0b1b2b3b4b5b6b75232") && nak(5), "a challenge: NAK 5");
}

int main(void)
{
	sequence();
	cache();
	cached_in_session();
	refusals();
	required();
	session_ends();
	padding();
	wrong_cryptogram();
	keyset();
	outputs();
	events();
	held_back();
	setting_up();
	face();
	fingers_and_files();
	faults();
	identities();
	return tap_finish();
}
