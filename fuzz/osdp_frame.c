/* fuzz/osdp_frame.c - hostile bytes for the OSDP panel: the frame decoder, and a line with devices behind it.
 *
 * An input is a script. Its first byte says how the devices are (bit 0: the first needs no channel; bit 1: it has
 * checksums; bit 2: it is alone). Then come steps: a byte n below 0x80 gives the next n bytes to the line as they
 * are; 0x80 + n makes a well-formed reply for whoever was spoken to out of the next n & 0x1F bytes (bit 5: with a
 * security block); 0xC0 and above let time pass. Core plays its part: it hands out randoms and accepts every
 * cryptogram that fits the fuzzer's fixed keys. A device may be given true proofs and true MACs, for no fuzzer
 * would guess them: so the depths behind a handshake are reached, and a device gone bad is played.
 *
 * What must hold: no crash, no endless loop, and nothing from a device that needs a channel reaches core without one.
 */
#include <stdlib.h>

#include "worker/osdp/device_internal.h"
#include "worker/osdp/line.h"

enum { STEPS_MAX = 400, START_US = 1000000 };

struct table {
	struct osdp_bus *bus;
	struct osdp_port port;
	uint64_t now_us;
	bool random_asked;
	bool session_asked;
	uint64_t device;
	uint8_t rnd_b[8];
	uint8_t client_cryptogram[16];
};

static const uint8_t rnd_a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t scbk[16] = {0x8e, 0x41, 0xd0, 0x77, 0x19, 0xfa, 0x02, 0xbb,
				 0x5c, 0x93, 0x6d, 0xe8, 0x34, 0x20, 0xcf, 0x17};

static void say(void *context, enum message_kind kind, const void *body)
{
	struct table *t = context;
	static uint8_t room[LINK_MESSAGE_SIZE_MAX];
	struct sink s = SINK_OF(room);
	ENSURE(!failed(message_write(kind, body, &s)) && s.size > 0); /* every bound of the tables is kept */
	if (kind == MESSAGE_OSDP_CHALLENGE) {
		t->random_asked = true;
		t->device = ((const struct osdp_challenge *)body)->device;
	}
	if (kind == MESSAGE_OSDP_CRYPTOGRAM) {
		const struct osdp_cryptogram *asked = body;
		t->session_asked = true;
		t->device = asked->device;
		memcpy(t->rnd_b, asked->rnd_b.at, 8);
		memcpy(t->client_cryptogram, asked->client_cryptogram.at, 16);
	}
	const struct osdp_peripheral *speaker = t->bus->speaker < 0 ? NULL : &t->bus->devices[t->bus->speaker];
	bool person = kind == MESSAGE_OSDP_CARD || kind == MESSAGE_OSDP_KEYPAD || kind == MESSAGE_OSDP_CONTACTS;
	ENSURE(!person || (speaker != NULL && (!speaker->settings.secure || speaker->session == OSDP_SESSION_OWN)));
}

static void play_core(struct table *t)
{
	struct osdp_keys keys;
	uint8_t server[16], client[16];
	if (t->random_asked) {
		struct osdp_random random = {.device = t->device, .rnd_a = SPAN_OF(rnd_a)};
		t->random_asked = false;
		osdp_bus_told(t->bus, MESSAGE_OSDP_RANDOM, &random, t->now_us);
	}
	if (t->session_asked) {
		osdp_derive_session(scbk, rnd_a, &keys);
		osdp_derive_client_cryptogram(&keys, rnd_a, t->rnd_b, client);
		osdp_derive_server_cryptogram(&keys, rnd_a, t->rnd_b, server);
		struct osdp_session session = {
			t->device,      true, SPAN_OF(keys.s_enc), SPAN_OF(keys.s_mac1), SPAN_OF(keys.s_mac2),
			SPAN_OF(server)};
		t->session_asked = false;
		osdp_bus_told(t->bus, MESSAGE_OSDP_SESSION, &session, t->now_us);
	}
}

static void let_time_pass(struct table *t, uint64_t us)
{
	t->now_us += us;
	struct span bytes = osdp_bus_speak(t->bus, t->now_us);
	if (bytes.size > 0)
		osdp_bus_sent(t->bus, t->now_us, bytes.size);
	play_core(t);
}

/* The device's end of the session that the panel has with it. */
static struct err write_in_channel(struct osdp_peripheral *p, struct osdp_frame *frame, struct sink *s)
{
	static struct osdp_secure twin;
	struct osdp_keys keys;
	uint8_t client[16], server[16];
	if (twin.encrypt == NULL)
		ENSURE(!failed(osdp_secure_make(&twin)));
	osdp_derive_session(scbk, rnd_a, &keys);
	osdp_derive_client_cryptogram(&keys, rnd_a, p->rnd_b, client);
	ENSURE(osdp_secure_start(&twin, &keys, rnd_a, p->rnd_b, SPAN_OF(client), server));
	ENSURE(osdp_secure_confirm(&twin, SPAN_OF(twin.expected_first_mac)));
	memcpy(twin.last_mac, p->secure.last_mac, sizeof(twin.last_mac));
	frame->scs = OSDP_SCS_NONE;
	return osdp_secure_write(&twin, frame, s);
}

static struct err write_reply(struct osdp_peripheral *p, struct osdp_frame *frame, struct sink *s)
{
	static const uint8_t no_mac[OSDP_NUMBER_MAC_SIZE];
	static uint8_t proof[32] = "cUID0001RND.B...";
	struct osdp_keys keys;
	size_t start = 0;
	if (p->session != OSDP_SESSION_NONE && frame->scs == OSDP_SCS_REPLY_ENCRYPTED)
		return write_in_channel(p, frame, s);
	osdp_derive_session(scbk, rnd_a, &keys);
	if (frame->id == OSDP_REPLY_CCRYPT && frame->scs == OSDP_SCS_CCRYPT && frame->data.size == 0) {
		osdp_derive_client_cryptogram(&keys, rnd_a, proof + 8, proof + 16);
		frame->data = SPAN_OF(proof);
	}
	if (frame->id == OSDP_REPLY_RMAC_I && frame->scs == OSDP_SCS_RMAC_I && frame->data.size == 0)
		frame->data = SPAN_OF(p->secure.expected_first_mac);
	TRY(osdp_frame_open(frame, s, &start));
	return osdp_frame_close(frame, start, (struct span){no_mac, osdp_scs_has_mac(frame->scs) ? sizeof(no_mac) : 0},
				s);
}

/* A reply with everything right but its sense. */
static void reply(struct table *t, struct span bytes, bool block)
{
	uint8_t room[OSDP_NUMBER_FRAME_SIZE_MAX];
	struct sink s = SINK_OF(room);
	struct cursor c = cursor_of(bytes);
	if (t->bus->speaker < 0)
		return;
	struct osdp_peripheral *p = &t->bus->devices[t->bus->speaker];
	struct osdp_frame frame = {.address = (uint8_t)p->settings.address,
				   .reply = true,
				   .sequence = p->sequence,
				   .crc = !p->settings.checksum,
				   .scs_value = 1,
				   .id = cursor_u8(&c)};
	if (block)
		frame.scs = (uint8_t)(OSDP_SCS_CHLNG + cursor_u8(&c) % 8);
	frame.data = cursor_take(&c, cursor_left(&c));
	if (!failed(write_reply(p, &frame, &s)))
		osdp_bus_received(t->bus, sink_span(&s), t->now_us);
	play_core(t);
}

/* The decoder alone: cut in two ways, it must find the same. */
static void decode_both_ways(struct span bytes)
{
	static struct osdp_decoder whole, cut;
	struct osdp_frame frame;
	size_t found[2] = {0, 0};
	memset(&whole, 0, sizeof(whole));
	memset(&cut, 0, sizeof(cut));
	for (size_t at = 0; at < bytes.size;) {
		at += osdp_decoder_take(&whole, (struct span){bytes.at + at, bytes.size - at});
		while (osdp_decoder_next(&whole, &frame) != OSDP_DECODED_NOTHING)
			found[0]++;
	}
	for (size_t at = 0; at < bytes.size; at++) {
		ENSURE(osdp_decoder_take(&cut, (struct span){bytes.at + at, 1}) == 1);
		while (osdp_decoder_next(&cut, &frame) != OSDP_DECODED_NOTHING)
			found[1]++;
	}
	ENSURE(found[0] == found[1] && whole.size == cut.size && whole.noise_bytes == cut.noise_bytes);
}

static void run_script(struct table *t, struct span script)
{
	struct cursor c = cursor_of(script);
	for (int step = 0; step < STEPS_MAX && cursor_left(&c) > 0; step++) {
		uint8_t what = cursor_u8(&c);
		size_t left = cursor_left(&c);
		if (what >= 0xF0) {
			let_time_pass(t, UINT64_C(1) << (what & 0x0F) << 9);
		} else if (what >= 0xC0) {
			let_time_pass(t, 300);
		} else if (what >= 0x80) {
			size_t size = what & 0x1F;
			reply(t, cursor_take(&c, size < left ? size : left), (what & 0x20) != 0);
		} else {
			struct span bytes = cursor_take(&c, what < left ? what : left);
			osdp_bus_received(t->bus, bytes, t->now_us);
			play_core(t);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct table t;
	struct cursor c = cursor_of((struct span){data, size});
	if (t.bus == NULL) {
		t.port = (struct osdp_port){&t, say};
		ENSURE(!failed(osdp_bus_new(0, &t.port, &t.bus)));
	}
	uint8_t how = cursor_u8(&c);
	struct osdp_device devices[2] = {
		{.device = 1, .address = 0, .secure = (how & 1) == 0, .checksum = (how & 2) != 0},
		{.device = 2, .address = 5, .secure = true, .controls = true},
	};
	struct osdp_line line = {.line = 0, .devices = {devices, (how & 4) != 0 ? 1 : 2}};
	t.now_us = START_US;
	osdp_bus_forget(t.bus);
	osdp_bus_open(t.bus, 115200, t.now_us);
	osdp_bus_told(t.bus, MESSAGE_OSDP_LINE, &line, t.now_us);
	t.random_asked = t.session_asked = false;
	decode_both_ways((struct span){data, size});
	run_script(&t, (struct span){c.at, cursor_left(&c)});
	return 0;
}
