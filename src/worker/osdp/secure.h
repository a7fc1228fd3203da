/* worker/osdp/secure.h - the secure channel of one device: proofs, the MAC chain, encryption.
 *
 * It stands between frame.h (bytes) and device.h (what is said when). It is given session keys by core and knows no
 * SCBK, no wire and no time. All AES contexts are made once, before the sandbox closes; a new session only changes
 * their keys.
 *
 * The same code writes and reads in both directions, so that the tests can play the other end; the panel sends
 * commands.
 */
#ifndef LEGATION_WORKER_OSDP_SECURE_H
#define LEGATION_WORKER_OSDP_SECURE_H

#include "worker/osdp/derive.h"
#include "worker/osdp/frame.h"

struct evp_cipher_ctx_st;

struct osdp_secure {
	struct evp_cipher_ctx_st *encrypt; /* S-ENC */
	struct evp_cipher_ctx_st *decrypt;
	struct evp_cipher_ctx_st *mac1; /* S-MAC1 */
	struct evp_cipher_ctx_st *mac2; /* S-MAC2 */
	uint8_t expected_first_mac[OSDP_NUMBER_BLOCK_SIZE];
	uint8_t last_mac[OSDP_NUMBER_BLOCK_SIZE]; /* whole, of the last frame that was written or accepted */
	bool keyed;                               /* has session keys */
	bool open;                                /* both sides have proved themselves */
};

enum osdp_secure_verdict {
	OSDP_SECURE_REFUSED = 0, /* no MAC, or a wrong one: nothing of the frame may be believed */
	OSDP_SECURE_MALFORMED,   /* the MAC holds, but the padding or the size does not */
	OSDP_SECURE_GOOD,
};

/* gives   contexts without keys.
 * owns    the caller, until osdp_secure_free.
 * fails   ERR_UNSUPPORTED when libcrypto has no AES-128.
 */
struct err osdp_secure_make(struct osdp_secure *s) MUST_USE;
void osdp_secure_free(struct osdp_secure *s);

/* Take session keys and check what the device has shown for them.
 *
 * gives   true, and in ret_server_cryptogram what SCRYPT must carry, when the client's cryptogram is the right one.
 * rules   OSDP-D.4
 */
bool osdp_secure_start(struct osdp_secure *s, const struct osdp_keys *keys,
		       const uint8_t rnd_a[OSDP_NUMBER_RANDOM_SIZE], const uint8_t rnd_b[OSDP_NUMBER_RANDOM_SIZE],
		       struct span client_cryptogram, uint8_t ret_server_cryptogram[OSDP_NUMBER_BLOCK_SIZE]) MUST_USE;

/* Check the device's answer to SCRYPT; when it is right, the channel is open. */
bool osdp_secure_confirm(struct osdp_secure *s, struct span first_mac) MUST_USE;

/* Forget keys and chain. */
void osdp_secure_close(struct osdp_secure *s);

/* Write a whole frame: encrypted when it has data, with its MAC and check bytes. The chain advances.
 *
 * needs   the channel open; frame's `scs` unset: the data's size decides it.
 * fails   ERR_TOO_LARGE; the chain is then as before.
 * rules   OSDP-D.5
 */
struct err osdp_secure_write(struct osdp_secure *s, struct osdp_frame *frame, struct sink *sink) MUST_USE;

/* Check and open a frame.
 *
 * needs   room for frame->data.size bytes at plain.
 * gives   in ret_data the plain data when the verdict is GOOD, in `plain` or in the frame. The chain advances only
 *         when the MAC holds.
 * rules   OSDP-D.5
 */
enum osdp_secure_verdict osdp_secure_read(struct osdp_secure *s, const struct osdp_frame *frame, uint8_t *plain,
					  struct span *ret_data) MUST_USE;

#endif
