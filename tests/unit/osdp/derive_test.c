/* tests/unit/osdp/derive_test.c - session keys and cryptograms by the standard's own example; weak keys. */
#include "lib/tap.h"
#include "worker/osdp/derive.h"

static const uint8_t rnd_a[8] = {0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7};
static const uint8_t rnd_b[8] = {0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7};

static void check_hex(const uint8_t got[16], const char *expected, const char *what)
{
	uint8_t bytes[16];
	NEED_OK(hex_read(span_of_string(expected), bytes, sizeof(bytes)), "the vector is hex");
	CHECK(memcmp(got, bytes, sizeof(bytes)) == 0, "%s as published", what);
}

/* PROVES OSDP-D.4.1 OSDP-D.4.3 OSDP-D.4.4 OSDP-D.4.5 */
static void published_vectors(void)
{
	struct osdp_keys keys;
	uint8_t block[16];
	osdp_derive_session(osdp_derive_default_key, rnd_a, &keys);
	check_hex(keys.s_mac1, "5e86c676603bdee2d8beafe178637332", "S-MAC1");
	check_hex(keys.s_mac2, "6fda86e857777e81132035758239172e", "S-MAC2");
	check_hex(keys.s_enc, "bf8dc2a8329acb8c67c6d0cd9a451682", "S-ENC");
	osdp_derive_client_cryptogram(&keys, rnd_a, rnd_b, block);
	check_hex(block, "fde5d2f428ec16312471ea3c02bd7796", "the client's cryptogram");
	osdp_derive_server_cryptogram(&keys, rnd_a, rnd_b, block);
	check_hex(block, "26d3356e07762d262801fc8e6665a891", "the server's cryptogram");
	osdp_derive_first_mac(&keys, block, block);
	check_hex(block, "b2a30057eb98ba2229ec1f875662b524", "R-MAC-I");
}

static void other_randoms_other_keys(void)
{
	struct osdp_keys one, two;
	uint8_t other[8];
	memcpy(other, rnd_a, sizeof(other));
	for (size_t i = 0; i < 6; i++) {
		other[i] ^= 1;
		osdp_derive_session(osdp_derive_default_key, rnd_a, &one);
		osdp_derive_session(osdp_derive_default_key, other, &two);
		CHECK(memcmp(&one, &two, sizeof(one)) != 0, "byte %zu of RND.A enters the keys", i);
		other[i] ^= 1;
	}
}

static void check_weak(const char *hex, const char *words)
{
	uint8_t key[16];
	NEED_OK(hex_read(span_of_string(hex), key, sizeof(key)), "the key is hex");
	const char *why = osdp_derive_weakness(key);
	CHECK(why != NULL && strstr(why, words) != NULL, "%s is refused: %s", hex, why == NULL ? "(not)" : why);
}

/* PROVES DEFENCE-4 */
static void weak_keys(void)
{
	check_weak("303132333435363738393a3b3c3d3e3f", "default key");
	check_weak("00000000000000000000000000000000", "repeats");
	check_weak("ffffffffffffffffffffffffffffffff", "repeats");
	check_weak("01020102010201020102010201020102", "repeats");
	check_weak("00112233445566770011223344556677", "repeats");
	check_weak("0102030405060708090a0b0c0d0e0f10", "equal steps");
	check_weak("0f0e0d0c0b0a09080706050403020100", "equal steps");
	check_weak("f8f9fafbfcfdfeff0001020304050607", "equal steps");
	check_weak("00112233445566778899aabbccddeeff", "equal steps");
	check_weak("2b7e151628aed2a6abf7158809cf4f3c", "sample");
	check_weak("0123456789abcdeffedcba9876543210", "sample");
	check_weak("4c65676174696f6e206b6579206f6e65", "text");
	check_weak("00000000000000000000000000000001", "different");
	check_weak("c1c1c1c1a7a7a7a7000000ff11223333", "different");
	static const uint8_t good[16] = {0x8e, 0x41, 0xd0, 0x77, 0x19, 0xfa, 0x02, 0xbb,
					 0x5c, 0x93, 0x6d, 0xe8, 0x34, 0x20, 0xcf, 0x17};
	CHECK(osdp_derive_weakness(good) == NULL, "a key without a shape is taken");
}

int main(void)
{
	published_vectors();
	other_randoms_other_keys();
	weak_keys();
	return tap_finish();
}
