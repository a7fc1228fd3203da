#include "sim/reader/selfcheck.h"

#include <stdio.h>

#include "sim/reader/secure.h"

static bool one(bool json, const char *name, struct span got, const char *hex)
{
	uint8_t expected[64];
	size_t size = strlen(hex) / 2;
	REQUIRE(size <= sizeof expected && !failed(hex_read(span_of_string(hex), expected, size)));
	bool good = span_equal(got, (struct span){expected, size});
	if (json)
		printf("{\"vector\":\"%s\",\"ok\":%s}\n", name, good ? "true" : "false");
	else
		printf("%s  %s\n", good ? "ok    " : "FAILED", name);
	return good;
}

/* A frame's check as it stands on the wire. */
static bool check_of(bool json, const char *name, const char *frame_hex, const char *check_hex)
{
	uint8_t bytes[64];
	size_t size = strlen(frame_hex) / 2;
	REQUIRE(!failed(hex_read(span_of_string(frame_hex), bytes, size)));
	struct sink s = {.start = bytes, .size = size, .size_max = sizeof bytes};
	sim_frame_end(&s);
	return one(json, name, (struct span){bytes + size, s.size - size}, check_hex);
}

static bool handshake(bool json, struct sim_session *session)
{
	static const uint8_t rnd_a[] = {0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7};
	static const uint8_t rnd_b[] = {0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7};
	uint8_t cryptogram[OSDP_BLOCK_SIZE], server[OSDP_BLOCK_SIZE], rmac[OSDP_BLOCK_SIZE];
	sim_session_challenge(session, OSDP_KEY_KIND_DEFAULT, sim_key_default, rnd_a, rnd_b, cryptogram);
	memcpy(server, session->server_expected, sizeof server);
	bool good = true;
	good &= one(json, "Annex E S-MAC1", SPAN_OF(session->key_mac_1), "5e86c676603bdee2d8beafe178637332");
	good &= one(json, "Annex E S-MAC2", SPAN_OF(session->key_mac_2), "6fda86e857777e81132035758239172e");
	good &= one(json, "Annex E S-ENC", SPAN_OF(session->key_encrypt), "bf8dc2a8329acb8c67c6d0cd9a451682");
	good &= one(json, "Annex E client cryptogram", SPAN_OF(cryptogram), "fde5d2f428ec16312471ea3c02bd7796");
	good &= one(json, "Annex E server cryptogram", SPAN_OF(server), "26d3356e07762d262801fc8e6665a891");
	good &= sim_session_confirm(session, server, rmac);
	good &= one(json, "Annex E R-MAC-I", SPAN_OF(rmac), "b2a30057eb98ba2229ec1f875662b524");
	return good;
}

static bool first_poll(bool json, struct sim_session *session)
{
	uint8_t poll[] = {0x53, 0x00, 0x0E, 0x00, 0x0D, 0x02, 0x15, 0x60, 0xDF, 0x88, 0x98, 0x23, 0x9A, 0x62};
	uint8_t data[OSDP_FRAME_SIZE_MAX], ack[32];
	size_t size = 0;
	struct sim_frame frame;
	struct sink s = SINK_OF(ack);
	bool good = !failed(sim_frame_read(SPAN_OF(poll), &frame)) && sim_frame_check_good(SPAN_OF(poll)) &&
		    !failed(sim_session_open(session, &frame, data, &size)) && size == 0;
	good &= one(json, "POLL in the Annex E session", SPAN_OF(session->command_mac),
		    "df8898239032d09d94ce22212a28a31f");
	sim_session_seal(session, &s, 0x80, 1, true, OSDP_REPLY_ACK, (struct span){NULL, 0});
	good &= one(json, "ACK in the Annex E session", sink_span(&s), "53800e000d021640c7e664b6dab6");
	good &= one(json, "R-MAC of that ACK", SPAN_OF(session->reply_mac), "c7e664b633b07bbed74bc91df1304bf8");
	return good;
}

bool sim_self_check(bool json)
{
	struct sim_session session = {0};
	uint16_t crc = sim_crc16(SPAN_TEXT("123456789"));
	uint8_t crc_bytes[] = {(uint8_t)(crc >> 8), (uint8_t)crc};
	bool good = one(json, "CRC-16 of 123456789", SPAN_OF(crc_bytes), "e5cc");
	good &= check_of(json, "CRC of a broadcast COMSET", "537f0d00046e0080250000", "6e38");
	good &= check_of(json, "CRC of ID", "53000900046100", "c066");
	good &= check_of(json, "checksum of a broadcast COMSET", "537f0c00006e0080250000", "0f");
	good &= check_of(json, "checksum of ID", "53000800006100", "44");
	good &= handshake(json, &session);
	good &= session.state == SIM_SESSION_UP && first_poll(json, &session);
	sim_session_end(&session);
	return good;
}
