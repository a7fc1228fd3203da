/* tests/unit/osdp/secure_test.c - the secure channel: proofs, MACs, encryption, and everything that must not pass. */
#include <time.h>

#include "lib/tap.h"
#include "worker/osdp/secure.h"

static const uint8_t rnd_a[8] = {0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7};
static const uint8_t rnd_b[8] = {0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7};
static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % limit);
}

struct ends {
	struct osdp_secure panel, device;
};

static void open_ends(struct ends *e)
{
	struct osdp_keys keys;
	uint8_t client[16], server[16], mac[16];
	osdp_derive_session(osdp_derive_default_key, rnd_a, &keys);
	osdp_derive_client_cryptogram(&keys, rnd_a, rnd_b, client);
	NEED(osdp_secure_start(&e->panel, &keys, rnd_a, rnd_b, SPAN_OF(client), server),
	     "the panel believes the device");
	NEED(osdp_secure_start(&e->device, &keys, rnd_a, rnd_b, SPAN_OF(client), server), "the device too");
	osdp_derive_first_mac(&keys, server, mac);
	NEED(osdp_secure_confirm(&e->panel, SPAN_OF(mac)) && osdp_secure_confirm(&e->device, SPAN_OF(mac)),
	     "both open");
}

static void make_ends(struct ends *e)
{
	NEED_OK(osdp_secure_make(&e->panel), "contexts");
	NEED_OK(osdp_secure_make(&e->device), "contexts");
	open_ends(e);
}

static void free_ends(struct ends *e)
{
	osdp_secure_free(&e->panel);
	osdp_secure_free(&e->device);
}

static size_t write_frame(struct osdp_secure *s, bool reply, uint8_t sequence, uint8_t id, struct span data,
			  uint8_t *room)
{
	struct osdp_frame frame = {.reply = reply, .sequence = sequence, .crc = true, .id = id, .data = data};
	struct sink sink = sink_of(room, OSDP_NUMBER_FRAME_SIZE_MAX);
	NEED_OK(osdp_secure_write(s, &frame, &sink), "a frame is written");
	return sink.size;
}

static enum osdp_secure_verdict read_frame(struct osdp_secure *s, struct span bytes, uint8_t *plain,
					   struct span *ret_data)
{
	static struct osdp_decoder d;
	struct osdp_frame frame;
	osdp_decoder_reset(&d);
	NEED(osdp_decoder_take(&d, bytes) == bytes.size, "taken");
	NEED(osdp_decoder_next(&d, &frame) == OSDP_DECODED_FRAME, "decoded");
	return osdp_secure_read(s, &frame, plain, ret_data);
}

/* PROVES OSDP-D.4: the published session. */
static void published_session(void)
{
	struct ends e;
	uint8_t server[16], expected[16];
	make_ends(&e);
	NEED_OK(hex_read(SPAN_TEXT("b2a30057eb98ba2229ec1f875662b524"), expected, 16), "hex");
	CHECK(memcmp(e.panel.last_mac, expected, 16) == 0, "the chain begins with the published R-MAC-I");
	struct osdp_keys keys;
	osdp_derive_session(osdp_derive_default_key, rnd_a, &keys);
	NEED_OK(hex_read(SPAN_TEXT("fde5d2f428ec16312471ea3c02bd7796"), expected, 16), "hex");
	CHECK(osdp_secure_start(&e.panel, &keys, rnd_a, rnd_b, SPAN_OF(expected), server),
	      "the published client is believed");
	expected[15] ^= 1;
	CHECK(!osdp_secure_start(&e.panel, &keys, rnd_a, rnd_b, SPAN_OF(expected), server), "one wrong bit is not");
	CHECK(!e.panel.keyed && !e.panel.open, "and leaves no keys behind");
	CHECK(!osdp_secure_confirm(&e.panel, SPAN_OF(e.panel.expected_first_mac)),
	      "nothing confirms a channel without keys");
	free_ends(&e);
}

/* PROVES OSDP-D.5: a POLL and its ACK, with their MACs. */
static void derived_exchange(void)
{
	struct ends e;
	uint8_t room[OSDP_NUMBER_FRAME_SIZE_MAX], expected[32], plain[64];
	struct span data;
	make_ends(&e);
	size_t size = write_frame(&e.panel, false, 1, OSDP_COMMAND_POLL, (struct span){0}, room);
	NEED_OK(hex_read(SPAN_TEXT("53000e000d021560df8898239a62"), expected, 14), "hex");
	CHECK_SPAN(((struct span){room, size}), ((struct span){expected, 14}), "POLL with its MAC");
	NEED_OK(hex_read(SPAN_TEXT("df8898239032d09d94ce22212a28a31f"), expected, 16), "hex");
	CHECK(memcmp(e.panel.last_mac, expected, 16) == 0, "the whole C-MAC is kept");
	CHECK(read_frame(&e.device, (struct span){room, size}, plain, &data) == OSDP_SECURE_GOOD,
	      "the device takes it");
	size = write_frame(&e.device, true, 1, OSDP_REPLY_ACK, (struct span){0}, room);
	NEED_OK(hex_read(SPAN_TEXT("53800e000d021640c7e664b6dab6"), expected, 14), "hex");
	CHECK_SPAN(((struct span){room, size}), ((struct span){expected, 14}), "ACK with its MAC");
	CHECK(read_frame(&e.panel, (struct span){room, size}, plain, &data) == OSDP_SECURE_GOOD, "the panel takes it");
	NEED_OK(hex_read(SPAN_TEXT("c7e664b633b07bbed74bc91df1304bf8"), expected, 16), "hex");
	CHECK(memcmp(e.panel.last_mac, expected, 16) == 0, "the whole R-MAC is kept");
	free_ends(&e);
}

static void nothing_wrong_passes(void)
{
	static const uint8_t card[] = {0, 1, 26, 0, 1, 2, 3, 4};
	struct ends e;
	uint8_t command[OSDP_NUMBER_FRAME_SIZE_MAX], reply[OSDP_NUMBER_FRAME_SIZE_MAX],
		plain[OSDP_NUMBER_FRAME_SIZE_MAX];
	struct span data;
	make_ends(&e);
	size_t command_size = write_frame(&e.panel, false, 1, OSDP_COMMAND_POLL, (struct span){0}, command);
	NEED(read_frame(&e.device, (struct span){command, command_size}, plain, &data) == OSDP_SECURE_GOOD, "taken");
	size_t size = write_frame(&e.device, true, 1, OSDP_REPLY_RAW, SPAN_OF(card), reply);
	CHECK(memmem(reply, size, card, sizeof(card)) == NULL, "the card is not in the frame to be read");
	uint8_t before[16];
	memcpy(before, e.panel.last_mac, 16);
	bool passed = false;
	for (size_t bit = 0; bit < (size - 2) * 8; bit++) {
		uint8_t bad[OSDP_NUMBER_FRAME_SIZE_MAX];
		memcpy(bad, reply, size);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		uint16_t crc = osdp_crc((struct span){bad, size - 2});
		bad[size - 2] = (uint8_t)crc;
		bad[size - 1] = (uint8_t)(crc >> 8);
		struct osdp_decoder d = {0};
		struct osdp_frame frame;
		(void)osdp_decoder_take(&d, (struct span){bad, size});
		if (osdp_decoder_next(&d, &frame) == OSDP_DECODED_FRAME)
			passed |= osdp_secure_read(&e.panel, &frame, plain, &data) != OSDP_SECURE_REFUSED;
	}
	CHECK(!passed, "no frame with one bit changed and its CRC made right has a good MAC");
	CHECK(memcmp(before, e.panel.last_mac, 16) == 0, "what is refused does not advance the chain");
	CHECK(read_frame(&e.panel, (struct span){command, command_size}, plain, &data) == OSDP_SECURE_REFUSED,
	      "our own command is no reply");
	CHECK(read_frame(&e.panel, (struct span){reply, size}, plain, &data) == OSDP_SECURE_GOOD,
	      "the reply itself is good");
	CHECK_SPAN(data, SPAN_OF(card), "and carries the card");
	CHECK(read_frame(&e.panel, (struct span){reply, size}, plain, &data) == OSDP_SECURE_REFUSED, "but only once");
	free_ends(&e);
}

/* A frame under a good MAC with bad padding: only somebody with the keys can make one. */
static void bad_padding(void)
{
	struct ends e;
	uint8_t room[OSDP_NUMBER_FRAME_SIZE_MAX], plain[OSDP_NUMBER_FRAME_SIZE_MAX];
	struct span data;
	make_ends(&e);
	size_t size = write_frame(&e.panel, false, 1, OSDP_COMMAND_POLL, (struct span){0}, room);
	NEED(read_frame(&e.device, (struct span){room, size}, plain, &data) == OSDP_SECURE_GOOD, "taken");
	/* The device gets another S-ENC: its MACs hold, and what it encrypts turns to noise. */
	struct osdp_keys keys;
	struct ends other = {0};
	uint8_t client[16], server[16], mac[16];
	osdp_derive_session(osdp_derive_default_key, rnd_a, &keys);
	keys.s_enc[0] ^= 1;
	make_ends(&other);
	osdp_derive_client_cryptogram(&keys, rnd_a, rnd_b, client);
	NEED(osdp_secure_start(&other.device, &keys, rnd_a, rnd_b, SPAN_OF(client), server), "another S-ENC");
	osdp_derive_first_mac(&keys, server, mac);
	NEED(osdp_secure_confirm(&other.device, SPAN_OF(mac)), "opens");
	memcpy(other.device.last_mac, e.panel.last_mac, 16);
	static const uint8_t byte[1] = {7};
	size = write_frame(&other.device, true, 1, OSDP_REPLY_RAW, SPAN_OF(byte), room);
	CHECK(read_frame(&e.panel, (struct span){room, size}, plain, &data) == OSDP_SECURE_MALFORMED,
	      "a good MAC over bad padding is malformed, not believed");
	free_ends(&other);
	free_ends(&e);
}

static void every_size(void)
{
	struct ends e;
	static uint8_t room[OSDP_NUMBER_FRAME_SIZE_MAX], plain[OSDP_NUMBER_FRAME_SIZE_MAX], data[1400];
	struct span got;
	bool good = true;
	make_ends(&e);
	for (uint32_t size = 0; size < 1400; size = size < 70 ? size + 1 : size + 1 + random_below(97)) {
		bool command = random_below(2) != 0;
		for (size_t i = 0; i < size; i++)
			data[i] = random_below(4) == 0 ? (uint8_t)(random_below(2) * 0x80) : (uint8_t)random_below(256);
		struct osdp_secure *from = command ? &e.panel : &e.device, *to = command ? &e.device : &e.panel;
		size_t written = write_frame(from, !command, 2, 0x69, (struct span){data, size}, room);
		good &= read_frame(to, (struct span){room, written}, plain, &got) == OSDP_SECURE_GOOD;
		good &= span_equal(got, (struct span){data, size});
	}
	CHECK(good, "data of every size comes through, also such that ends in 80 and 00");
	static uint8_t big[OSDP_NUMBER_FRAME_SIZE_MAX];
	uint8_t before[16];
	memcpy(before, e.panel.last_mac, 16);
	struct osdp_frame frame = {.crc = true, .id = 0x6B, .data = {big, 1430}};
	struct sink sink = sink_of(room, sizeof(room));
	CHECK_FAILS(osdp_secure_write(&e.panel, &frame, &sink), ERR_TOO_LARGE, "frame", "too large data is refused");
	CHECK(memcmp(before, e.panel.last_mac, 16) == 0, "and the chain is as before");
	free_ends(&e);
}

/* Random frames with right check bytes: none may have a good MAC. */
static void garbage_is_never_believed(void)
{
	struct ends e;
	static uint8_t room[OSDP_NUMBER_FRAME_SIZE_MAX], plain[OSDP_NUMBER_FRAME_SIZE_MAX], data[200];
	struct span got;
	uint32_t believed = 0;
	make_ends(&e);
	for (int i = 0; i < 50000; i++) {
		uint8_t mac[4];
		for (size_t j = 0; j < sizeof(data); j++)
			data[j] = (uint8_t)random_below(256);
		memcpy(mac, data, sizeof(mac));
		struct osdp_frame frame = {.reply = true,
					   .sequence = 1,
					   .crc = true,
					   .id = OSDP_REPLY_RAW,
					   .scs = random_below(2) ? OSDP_SCS_REPLY_MAC : OSDP_SCS_REPLY_ENCRYPTED,
					   .data = {data, random_below(13) * 16}};
		struct sink sink = sink_of(room, sizeof(room));
		size_t start = 0;
		NEED_OK(osdp_frame_open(&frame, &sink, &start), "written");
		NEED_OK(osdp_frame_close(&frame, start, SPAN_OF(mac), &sink), "written");
		believed += read_frame(&e.panel, sink_span(&sink), plain, &got) != OSDP_SECURE_REFUSED;
	}
	CHECK(believed == 0, "50,000 made-up frames: none is believed");
	free_ends(&e);
}

int main(void)
{
	const char *seed = getenv("OSDP_SEED");
	random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	printf("# seed %llu (OSDP_SEED)\n", (unsigned long long)random_state);
	published_session();
	derived_exchange();
	nothing_wrong_passes();
	bad_padding();
	every_size();
	garbage_is_never_believed();
	return tap_finish();
}
