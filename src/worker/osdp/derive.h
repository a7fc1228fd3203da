/* worker/osdp/derive.h - the secure channel's keys and cryptograms, from a device's own key (SCBK) and the two
 * randoms.
 *
 * A library of its own, `osdp_derive`, for core's side: core keeps the SCBKs, draws RND.A and derives a session's
 * keys; the worker is given those and never sees an SCBK but the one that a KEYSET is carrying. It knows no frames
 * and no devices.
 *
 * A failure inside libcrypto on one block of sixteen bytes is a broken program and ends it.
 */
#ifndef LEGATION_WORKER_OSDP_DERIVE_H
#define LEGATION_WORKER_OSDP_DERIVE_H

#include "base/span.h"

enum {
	OSDP_DERIVE_KEY_SIZE = 16,
	OSDP_DERIVE_RANDOM_SIZE = 8,
};

/* The keys of one session. Whoever holds them wipes them. */
struct osdp_keys {
	uint8_t s_enc[OSDP_DERIVE_KEY_SIZE];
	uint8_t s_mac1[OSDP_DERIVE_KEY_SIZE];
	uint8_t s_mac2[OSDP_DERIVE_KEY_SIZE];
};

/* The install key that every device and every eavesdropper knows: 30 31 .. 3F. */
extern const uint8_t osdp_derive_default_key[OSDP_DERIVE_KEY_SIZE];

/* needs   rnd_a fresh from getrandom(2): nothing else makes the session's keys fresh, for none of RND.B enters them.
 * rules   OSDP-D.4.1
 */
void osdp_derive_session(const uint8_t scbk[OSDP_DERIVE_KEY_SIZE], const uint8_t rnd_a[OSDP_DERIVE_RANDOM_SIZE],
			 struct osdp_keys *ret_keys);

/* What the device shows to prove that it has the SCBK; compare it with span_equal_secret. RULE OSDP-D.4.3 */
void osdp_derive_client_cryptogram(const struct osdp_keys *keys, const uint8_t rnd_a[OSDP_DERIVE_RANDOM_SIZE],
				   const uint8_t rnd_b[OSDP_DERIVE_RANDOM_SIZE],
				   uint8_t ret_cryptogram[OSDP_DERIVE_KEY_SIZE]);

/* What we show in return, in SCRYPT. RULE OSDP-D.4.4 */
void osdp_derive_server_cryptogram(const struct osdp_keys *keys, const uint8_t rnd_a[OSDP_DERIVE_RANDOM_SIZE],
				   const uint8_t rnd_b[OSDP_DERIVE_RANDOM_SIZE],
				   uint8_t ret_cryptogram[OSDP_DERIVE_KEY_SIZE]);

/* The first link of the MAC chain: what a good device answers to SCRYPT. RULE OSDP-D.4.5 */
void osdp_derive_first_mac(const struct osdp_keys *keys, const uint8_t server_cryptogram[OSDP_DERIVE_KEY_SIZE],
			   uint8_t ret_mac[OSDP_DERIVE_KEY_SIZE]);

/* Why this key must not be anybody's SCBK, or NULL when nothing speaks against it: the default key, one byte over
 * and over, bytes in equal steps up or down, a short pattern repeated, readable text, published sample keys, too
 * few different bytes. A key from getrandom(2) is refused about once in five million draws; then draw again.
 */
const char *osdp_derive_weakness(const uint8_t scbk[OSDP_DERIVE_KEY_SIZE]) MUST_USE;

#endif
