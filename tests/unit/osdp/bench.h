/* tests/unit/osdp/bench.h - a line in a test tube: the panel's bus, small devices of our own, a core that answers,
 * and a clock that goes as fast as we like. Everything is decided by the seed of the test, nothing by the machine.
 *
 * The devices here are for what a device may do right or wrong towards the panel; the independent peer is the
 * simulator.
 */
#ifndef LEGATION_TESTS_UNIT_OSDP_BENCH_H
#define LEGATION_TESTS_UNIT_OSDP_BENCH_H

#include "lib/tap.h"
#include "worker/osdp/device_internal.h"
#include "worker/osdp/line.h"

enum {
	BENCH_DEVICES_MAX = 32,
	BENCH_SAID_MAX = 4096,
	BENCH_SAID_SIZE = 512,
	BENCH_FRAME_MAX = OSDP_NUMBER_FRAME_SIZE_MAX + 8,
	BENCH_HEARD_MAX = 512,
	BENCH_START_US = 1000000,
};

/* ---- a device ---- */

struct bench_device {
	uint8_t address;
	uint8_t key[16];
	bool checksum;
	uint64_t delay_us; /* from the command's end to the reply's beginning */
	struct osdp_decoder decoder;
	struct osdp_secure secure;
	bool in_session;
	struct osdp_keys keys;
	uint8_t rnd_a[8], rnd_b[8];
	uint8_t last_sequence;
	bool has_cached;
	uint8_t cached[BENCH_FRAME_MAX];
	size_t cached_size;

	uint32_t serial;
	uint8_t event[200]; /* reply id, then data: answers the next poll */
	size_t event_size;

	/* What goes wrong with it. */
	bool dead;
	uint32_t deaf_count;   /* does not hear this many commands */
	uint32_t mute_count;   /* hears and acts, but its reply is lost, this many times */
	uint32_t garble_count; /* one bit of its reply falls over, this many times */
	uint32_t busy_count;
	bool default_key; /* asks for SCBK-D */
	bool no_aes;      /* says in PDCAP that it cannot encrypt */
	uint8_t ignores;  /* keeps silent to this command */
	uint8_t refuses;  /* NAKs this command with refusal_code */
	uint8_t refusal_code;
	bool plain_event; /* answers the next poll in the clear, inside the channel */
	bool wrong_mac;   /* the next reply in the channel has one */
	bool bad_ss;      /* RMAC_I says failed */
	void (*meddle)(struct bench_device *device, uint8_t *reply, size_t *size); /* somebody on the wire */

	/* What it has lived through. */
	uint8_t heard[BENCH_HEARD_MAX]; /* command ids, in order, repeats not counted */
	size_t heard_count;
	uint32_t repeats;
	uint32_t sessions;
	uint32_t challenges;
	uint32_t default_challenges; /* those in which the panel offered the default key */
	uint8_t last_out[4];
	uint32_t outs, leds, buzzes, texts, keysets;
	bool keyset_under_default; /* it was sent a key under the default key */
	uint8_t new_key[16];
};

struct bench_said {
	enum message_kind kind;
	uint64_t at_us;
	size_t size;
	uint8_t bytes[BENCH_SAID_SIZE];
};

struct bench {
	struct osdp_bus *bus;
	struct osdp_port port;
	struct bench_device devices[BENCH_DEVICES_MAX];
	size_t device_count;
	uint64_t now_us;
	uint64_t core_us; /* how long core takes */
	bool core_away;
	bool install;
	uint32_t install_grants;
	uint8_t core_key[BENCH_DEVICES_MAX][16];
	uint64_t random_state;
	uint8_t rnd_a[BENCH_DEVICES_MAX][8];
	struct osdp_keys keys[BENCH_DEVICES_MAX];
	struct bench_said *said;
	size_t said_count;
	size_t core_next; /* first message that core has not looked at */
	struct arena *arena;

	/* The wire. */
	uint64_t reply_at_us; /* 0: none on its way */
	uint8_t reply[BENCH_FRAME_MAX];
	size_t reply_size;
	uint64_t last_out_at_us; /* when the panel last began an OUT command */
	uint64_t last_reply_us;
	uint64_t last_sent_us;
	uint8_t last_sent[BENCH_FRAME_MAX];
	size_t last_sent_size;
	uint64_t polled_us[BENCH_DEVICES_MAX]; /* when each device was last spoken to */
	uint64_t poll_gap_us_max[BENCH_DEVICES_MAX];
	bool echo; /* the adapter gives us back what we send */
	uint32_t frames_sent;
	uint32_t idle_broken; /* times that the panel drove the line too soon */
};

static inline uint64_t bench_random(struct bench *b)
{
	b->random_state = b->random_state * 6364136223846793005u + 1442695040888963407u;
	return b->random_state >> 24;
}

/* ---- a device answers ---- */

static inline size_t bench_reply(struct bench_device *d, uint8_t id, struct span data, uint8_t scs, uint8_t scs_value,
				 bool in_channel, uint8_t *ret_reply)
{
	struct sink s = sink_of(ret_reply, BENCH_FRAME_MAX);
	size_t start = 0;
	struct osdp_frame frame = {.address = d->address,
				   .reply = true,
				   .sequence = d->last_sequence,
				   .crc = !d->checksum,
				   .scs = scs,
				   .scs_value = scs_value,
				   .id = id,
				   .data = data};
	sink_u8(&s, OSDP_NUMBER_MARK);
	if (in_channel) {
		NEED_OK(osdp_secure_write(&d->secure, &frame, &s), "device writes");
	} else {
		NEED_OK(osdp_frame_open(&frame, &s, &start), "device writes");
		NEED_OK(osdp_frame_close(&frame, start, (struct span){0}, &s), "device writes");
	}
	return s.size;
}

static inline size_t bench_nak(struct bench_device *d, uint8_t code, bool in_channel, uint8_t *ret_reply)
{
	return bench_reply(d, OSDP_REPLY_NAK, (struct span){&code, 1}, 0, 0, in_channel, ret_reply);
}

static inline size_t bench_challenge(struct bench_device *d, const struct osdp_frame *frame, uint8_t *ret_reply)
{
	uint8_t data[32] = "cUID0000";
	data[7] = (uint8_t)('0' + d->address % 10);
	memcpy(d->rnd_a, frame->data.at, 8);
	d->challenges++;
	d->default_challenges += frame->scs_value == OSDP_KEY_KIND_DEFAULT;
	for (size_t i = 0; i < 8; i++)
		d->rnd_b[i] = (uint8_t)(d->sessions * 16 + i + d->address);
	bool default_key = d->default_key;
	osdp_derive_session(default_key ? osdp_derive_default_key : d->key, d->rnd_a, &d->keys);
	memcpy(data + 8, d->rnd_b, 8);
	osdp_derive_client_cryptogram(&d->keys, d->rnd_a, d->rnd_b, data + 16);
	return bench_reply(d, OSDP_REPLY_CCRYPT, SPAN_OF(data), OSDP_SCS_CCRYPT, default_key ? 0 : 1, false, ret_reply);
}

static inline size_t bench_confirm(struct bench_device *d, const struct osdp_frame *frame, uint8_t *ret_reply)
{
	uint8_t client[16], server[16], mac[16];
	osdp_derive_client_cryptogram(&d->keys, d->rnd_a, d->rnd_b, client);
	NEED(osdp_secure_start(&d->secure, &d->keys, d->rnd_a, d->rnd_b, SPAN_OF(client), server), "device has keys");
	osdp_derive_first_mac(&d->keys, server, mac);
	bool good =
		span_equal(frame->data, SPAN_OF(server)) && osdp_secure_confirm(&d->secure, SPAN_OF(mac)) && !d->bad_ss;
	size_t size =
		bench_reply(d, OSDP_REPLY_RMAC_I, SPAN_OF(mac), OSDP_SCS_RMAC_I, good ? 0x01 : 0xFF, false, ret_reply);
	d->in_session = good;
	d->sessions += good;
	return size;
}

static inline size_t bench_poll(struct bench_device *d, bool in_channel, uint8_t *ret_reply)
{
	if (d->event_size == 0)
		return bench_reply(d, OSDP_REPLY_ACK, (struct span){0}, 0, 0, in_channel, ret_reply);
	bool plain = d->plain_event || !in_channel;
	size_t size =
		bench_reply(d, d->event[0], (struct span){d->event + 1, d->event_size - 1}, 0, 0, !plain, ret_reply);
	d->event_size = 0;
	d->plain_event = false;
	return size;
}

static inline void bench_obey(struct bench_device *d, uint8_t id, struct span data)
{
	d->outs += id == OSDP_COMMAND_OUT;
	d->leds += id == OSDP_COMMAND_LED;
	d->buzzes += id == OSDP_COMMAND_BUZ;
	d->texts += id == OSDP_COMMAND_TEXT;
	if (id == OSDP_COMMAND_OUT)
		memcpy(d->last_out, data.at, 4);
	if (id == OSDP_COMMAND_KEYSET) {
		d->keysets++;
		d->keyset_under_default |= d->default_key;
		memcpy(d->new_key, data.at + 2, 16);
		memcpy(d->key, d->new_key, 16);
		d->default_key = false;
	}
}

static inline size_t bench_answer(struct bench_device *d, const struct osdp_frame *frame, struct span data,
				  uint8_t *ret_reply)
{
	static const uint8_t zeroes[4];
	uint8_t identity[12] = {0x0A, 0x0B, 0x0C, 1, 2, (uint8_t)d->serial, 0, 0, 0, 3, 4, 5};
	uint8_t capabilities[] = {1, 1, 2, 2, 1, 2, 9, d->no_aes ? 0 : 1, 1, 16, 2, 0};
	bool in = d->in_session;
	if (frame->id == d->refuses)
		return bench_nak(d, d->refusal_code, in, ret_reply);
	switch (frame->id) {
	case OSDP_COMMAND_ID:
		return bench_reply(d, OSDP_REPLY_PDID, SPAN_OF(identity), 0, 0, in, ret_reply);
	case OSDP_COMMAND_CAP:
		return bench_reply(d, OSDP_REPLY_PDCAP, SPAN_OF(capabilities), 0, 0, in, ret_reply);
	case OSDP_COMMAND_CHLNG:
		return bench_challenge(d, frame, ret_reply);
	case OSDP_COMMAND_SCRYPT:
		return bench_confirm(d, frame, ret_reply);
	case OSDP_COMMAND_LSTAT:
		return bench_reply(d, OSDP_REPLY_LSTATR, (struct span){zeroes, 2}, 0, 0, in, ret_reply);
	case OSDP_COMMAND_ISTAT:
		return bench_reply(d, OSDP_REPLY_ISTATR, (struct span){zeroes, 2}, 0, 0, in, ret_reply);
	case OSDP_COMMAND_OSTAT:
		return bench_reply(d, OSDP_REPLY_OSTATR, (struct span){zeroes, 2}, 0, 0, in, ret_reply);
	case OSDP_COMMAND_RSTAT:
		return bench_reply(d, OSDP_REPLY_RSTATR, (struct span){zeroes, 1}, 0, 0, in, ret_reply);
	case OSDP_COMMAND_POLL:
		return bench_poll(d, in, ret_reply);
	default:
		bench_obey(d, frame->id, data);
		return bench_reply(d, OSDP_REPLY_ACK, (struct span){0}, 0, 0, in, ret_reply);
	}
}

/* One command at a device. gives the size of its reply, 0: silence. */
static inline size_t bench_device_hear(struct bench_device *d, struct span bytes, uint8_t *ret_reply)
{
	struct osdp_frame frame;
	uint8_t plain[BENCH_FRAME_MAX];
	if (d->dead)
		return 0;
	osdp_decoder_reset(&d->decoder);
	NEED(osdp_decoder_take(&d->decoder, bytes) == bytes.size, "the device takes a command");
	if (osdp_decoder_next(&d->decoder, &frame) != OSDP_DECODED_FRAME || frame.reply || frame.address != d->address)
		return 0;
	if ((d->deaf_count > 0 && d->deaf_count--) || (d->ignores != 0 && frame.id == d->ignores))
		return 0;
	if (d->has_cached && frame.sequence != 0 && frame.sequence == d->last_sequence) {
		d->repeats++;
		memcpy(ret_reply, d->cached, d->cached_size);
		return d->cached_size;
	}
	if (d->busy_count > 0 && d->busy_count--) {
		d->last_sequence = 0;
		return bench_reply(d, OSDP_REPLY_BUSY, (struct span){0}, 0, 0, false, ret_reply);
	}
	if (frame.sequence == 0)
		d->in_session = false;
	d->last_sequence = frame.sequence;
	struct span data = frame.data;
	if (d->heard_count < BENCH_HEARD_MAX)
		d->heard[d->heard_count++] = frame.id;
	if (d->in_session && osdp_secure_read(&d->secure, &frame, plain, &data) != OSDP_SECURE_GOOD) {
		d->in_session = false;
		return bench_nak(d, OSDP_NAK_SECURE_NOT_MET, false, ret_reply);
	}
	if (osdp_scs_has_mac(frame.scs) && !d->in_session)
		return bench_nak(d, OSDP_NAK_SECURE_NOT_MET, false, ret_reply);
	size_t size = bench_answer(d, &frame, data, ret_reply);
	if (d->wrong_mac && osdp_scs_has_mac(frame.scs)) {
		d->wrong_mac = false;
		ret_reply[size - 3] ^= 1;
		uint16_t crc = osdp_crc((struct span){ret_reply + 1, size - 3});
		ret_reply[size - 2] = (uint8_t)crc;
		ret_reply[size - 1] = (uint8_t)(crc >> 8);
	}
	memcpy(d->cached, ret_reply, size);
	d->cached_size = size;
	d->has_cached = true;
	return size;
}

/* ---- core ---- */

static inline void bench_say(void *context, enum message_kind kind, const void *body)
{
	struct bench *b = context;
	NEED(b->said_count < BENCH_SAID_MAX, "room for what the panel says");
	struct bench_said *said = &b->said[b->said_count++];
	struct sink s = SINK_OF(said->bytes);
	NEED_OK(message_write(kind, body, &s), "%s keeps within its bounds", message_name(kind));
	*said = (struct bench_said){.kind = kind, .at_us = b->now_us, .size = s.size};
	s = SINK_OF(said->bytes);
	NEED_OK(message_write(kind, body, &s), "%s is written", message_name(kind));
}

static inline const void *bench_said_body(struct bench *b, const struct bench_said *said)
{
	struct message message;
	NEED_OK(message_read((struct span){said->bytes, said->size}, b->arena, &message), "message is read back");
	return message.body;
}

static inline void bench_told(struct bench *b, enum message_kind kind, const void *body)
{
	osdp_bus_told(b->bus, kind, body, b->now_us);
}

static inline void bench_answer_challenge(struct bench *b, uint64_t device)
{
	size_t i = (size_t)device - 1;
	for (size_t j = 0; j < 8; j++)
		b->rnd_a[i][j] = (uint8_t)bench_random(b);
	bool install = b->install && b->install_grants > 0;
	b->install_grants -= install;
	osdp_derive_session(install ? osdp_derive_default_key : b->core_key[i], b->rnd_a[i], &b->keys[i]);
	struct osdp_random random = {.device = device, .rnd_a = SPAN_OF(b->rnd_a[i]), .install = install};
	bench_told(b, MESSAGE_OSDP_RANDOM, &random);
}

static inline void bench_answer_cryptogram(struct bench *b, const struct osdp_cryptogram *asked)
{
	uint8_t client[16], server[16];
	size_t i = (size_t)asked->device - 1;
	osdp_derive_client_cryptogram(&b->keys[i], b->rnd_a[i], asked->rnd_b.at, client);
	osdp_derive_server_cryptogram(&b->keys[i], b->rnd_a[i], asked->rnd_b.at, server);
	struct osdp_session session = {.device = asked->device};
	if (span_equal(asked->client_cryptogram, SPAN_OF(client)))
		session = (struct osdp_session){asked->device,
						true,
						SPAN_OF(b->keys[i].s_enc),
						SPAN_OF(b->keys[i].s_mac1),
						SPAN_OF(b->keys[i].s_mac2),
						SPAN_OF(server)};
	bench_told(b, MESSAGE_OSDP_SESSION, &session);
}

/* gives when core will answer next, or OSDP_NEVER. */
static inline uint64_t bench_core_due(const struct bench *b)
{
	if (b->core_away || b->core_next == b->said_count)
		return OSDP_NEVER;
	return b->said[b->core_next].at_us + b->core_us;
}

static inline void bench_core(struct bench *b)
{
	while (bench_core_due(b) <= b->now_us) {
		const struct bench_said *said = &b->said[b->core_next++];
		if (said->kind == MESSAGE_OSDP_CHALLENGE)
			bench_answer_challenge(b, ((const struct osdp_challenge *)bench_said_body(b, said))->device);
		if (said->kind == MESSAGE_OSDP_CRYPTOGRAM)
			bench_answer_cryptogram(b, bench_said_body(b, said));
		arena_reset(b->arena);
	}
}

/* ---- the wire and time ---- */

static inline uint64_t bench_wire_us(const struct bench *b, size_t bytes)
{
	return (bytes * b->bus->character_ns + 999) / 1000;
}

static inline void bench_carry(struct bench *b, struct span bytes)
{
	b->idle_broken += b->last_reply_us != 0 && b->now_us < b->last_reply_us + bench_wire_us(b, 2);
	b->frames_sent++;
	b->last_sent_us = b->now_us;
	memcpy(b->last_sent, bytes.at, bytes.size);
	b->last_sent_size = bytes.size;
	osdp_bus_sent(b->bus, b->now_us, bytes.size);
	if (b->echo)
		osdp_bus_received(b->bus, bytes, b->now_us);
	for (size_t i = 0; i < b->device_count; i++) {
		struct bench_device *d = &b->devices[i];
		if (bytes.at[2] == d->address) {
			uint64_t gap_us = b->polled_us[i] == 0 ? 0 : b->now_us - b->polled_us[i];
			b->poll_gap_us_max[i] = gap_us > b->poll_gap_us_max[i] ? gap_us : b->poll_gap_us_max[i];
			b->polled_us[i] = b->now_us;
		}
		uint32_t outs = d->outs;
		size_t size = bench_device_hear(d, bytes, b->reply);
		if (d->outs > outs)
			b->last_out_at_us = b->now_us;
		if (size > 0 && d->meddle != NULL)
			d->meddle(d, b->reply, &size);
		if (size == 0 || (d->mute_count > 0 && d->mute_count--))
			continue;
		if (d->garble_count > 0 && d->garble_count--)
			b->reply[size / 2] ^= 0x10;
		b->reply_size = size;
		b->reply_at_us = b->now_us + bench_wire_us(b, bytes.size) + d->delay_us + bench_wire_us(b, size);
	}
}

static inline void bench_run(struct bench *b, uint64_t for_us)
{
	uint64_t until_us = b->now_us + for_us;
	for (uint32_t rounds = 0; rounds < 2000000; rounds++) {
		struct span bytes = osdp_bus_speak(b->bus, b->now_us);
		if (bytes.size > 0)
			bench_carry(b, bytes);
		bench_core(b);
		uint64_t next_us = osdp_bus_due(b->bus, b->now_us);
		if (b->reply_at_us != 0 && b->reply_at_us < next_us)
			next_us = b->reply_at_us;
		if (bench_core_due(b) < next_us)
			next_us = bench_core_due(b);
		if (next_us > until_us)
			break;
		b->now_us = next_us > b->now_us ? next_us : b->now_us;
		if (b->reply_at_us != 0 && b->reply_at_us <= b->now_us) {
			b->reply_at_us = 0;
			b->last_reply_us = b->now_us;
			osdp_bus_received(b->bus, (struct span){b->reply, b->reply_size}, b->now_us);
		}
	}
	b->now_us = until_us;
}

/* ---- making one ---- */

static inline struct osdp_device bench_settings(size_t i)
{
	return (struct osdp_device){.device = i + 1, .address = (uint32_t)i, .secure = true};
}

static inline void bench_set_line(struct bench *b, const struct osdp_device *settings, size_t count)
{
	struct osdp_line line = {.line = 0, .devices = {settings, count}};
	bench_told(b, MESSAGE_OSDP_LINE, &line);
}

static inline struct bench *bench_new(size_t count, bool secure)
{
	struct osdp_device settings[BENCH_DEVICES_MAX];
	struct bench *b = calloc(1, sizeof(*b));
	NEED(b != NULL, "memory");
	b->said = calloc(BENCH_SAID_MAX, sizeof(*b->said));
	b->arena = arena_new(1 << 20);
	b->port = (struct osdp_port){b, bench_say};
	b->now_us = BENCH_START_US;
	b->core_us = 100;
	b->random_state = 1;
	NEED(b->said != NULL, "memory");
	NEED_OK(osdp_bus_new(0, &b->port, &b->bus), "a bus");
	b->device_count = count;
	for (size_t i = 0; i < count; i++) {
		struct bench_device *d = &b->devices[i];
		d->address = (uint8_t)i;
		d->delay_us = 1000;
		NEED_OK(osdp_secure_make(&d->secure), "a device's contexts");
		for (size_t j = 0; j < 16; j++)
			d->key[j] = b->core_key[i][j] = (uint8_t)(bench_random(b) ^ (i * 7));
		settings[i] = bench_settings(i);
		settings[i].secure = secure;
	}
	bench_set_line(b, settings, count);
	osdp_bus_open(b->bus, 115200, b->now_us);
	return b;
}

static inline void bench_free(struct bench *b)
{
	for (size_t i = 0; i < b->device_count; i++)
		osdp_secure_free(&b->devices[i].secure);
	b->bus = osdp_bus_free(b->bus);
	b->arena = arena_free(b->arena);
	free(b->said);
	free(b);
}

/* ---- asking what happened ---- */

static inline size_t bench_count(const struct bench *b, enum message_kind kind)
{
	size_t count = 0;
	for (size_t i = 0; i < b->said_count; i++)
		count += b->said[i].kind == kind;
	return count;
}

/* The last message of a kind; its body lives until the next call. */
static inline const void *bench_last(struct bench *b, enum message_kind kind)
{
	arena_reset(b->arena);
	for (size_t i = b->said_count; i > 0; i--)
		if (b->said[i - 1].kind == kind)
			return bench_said_body(b, &b->said[i - 1]);
	return NULL;
}

static inline uint32_t bench_alarms(struct bench *b, enum osdp_offence offence)
{
	uint32_t count = 0;
	for (size_t i = 0; i < b->said_count; i++) {
		arena_reset(b->arena);
		if (b->said[i].kind != MESSAGE_OSDP_ALARM)
			continue;
		const struct osdp_alarm *alarm = bench_said_body(b, &b->said[i]);
		count += alarm->offence == offence ? alarm->count : 0;
	}
	return count;
}

static inline struct osdp_peripheral *bench_panel_side(struct bench *b, size_t device)
{
	for (size_t i = 0; i < b->bus->turn_count; i++)
		if (b->bus->devices[b->bus->turns[i]].settings.device == device + 1)
			return &b->bus->devices[b->bus->turns[i]];
	return NULL;
}

static inline bool bench_is_secure(struct bench *b, size_t device)
{
	const struct osdp_peripheral *p = bench_panel_side(b, device);
	return p->session == OSDP_SESSION_OWN && p->link == OSDP_LINK_SECURE && p->secure.open;
}

/* The device will answer its next poll with this card: 26 bits. */
static inline void bench_swipe(struct bench_device *d)
{
	static const uint8_t card[] = {OSDP_REPLY_RAW, 0, 1, 26, 0, 0xA5, 0x5A, 0x12, 0xC0};
	memcpy(d->event, card, sizeof(card));
	d->event_size = sizeof(card);
}

static inline void bench_unlock(struct bench *b, uint64_t device, uint64_t reference)
{
	struct osdp_output output = {.device = device,
				     .output = 1,
				     .control = OSDP_OUTPUT_CONTROL_TIMED_ON,
				     .time_100ms = 50,
				     .reference = reference};
	bench_told(b, MESSAGE_OSDP_OUTPUT, &output);
}

#endif
