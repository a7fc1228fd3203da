/* sim/reader/secure.h - the device's half of the secure channel: keys of a session, MAC chain, encryption.
 *
 * Stop 2, beside device.c. Keeps one session's keys and the last whole MAC of either side. It does not know
 * sequence numbers, key storage or when a session must end: device.c decides that.
 */
#ifndef LEGATION_SIM_READER_SECURE_H
#define LEGATION_SIM_READER_SECURE_H

#include "sim/reader/frame.h"

enum sim_session_state {
	SIM_SESSION_NONE = 0,
	SIM_SESSION_CHALLENGED, /* our cryptogram is out; the panel's is awaited */
	SIM_SESSION_UP,
};

struct sim_session {
	enum sim_session_state state;
	uint8_t key_kind;
	uint8_t key_encrypt[OSDP_BLOCK_SIZE];
	uint8_t key_mac_1[OSDP_BLOCK_SIZE];
	uint8_t key_mac_2[OSDP_BLOCK_SIZE];
	uint8_t server_expected[OSDP_BLOCK_SIZE];
	uint8_t command_mac[OSDP_BLOCK_SIZE]; /* whole, of the last command */
	uint8_t reply_mac[OSDP_BLOCK_SIZE];   /* whole, of the last reply; R-MAC-I at first */
};

/* 30 31 .. 3F */
extern const uint8_t sim_key_default[OSDP_BLOCK_SIZE];

/* AES-128-CBC over whole blocks; `in` and `out` may be the same. */
void sim_aes_cbc(const uint8_t *key, const uint8_t *iv, bool encrypt, struct span in, uint8_t *out);

/* Answer a challenge: derive the session keys, expect the panel's cryptogram.
 *
 * gives   our cryptogram of 16 bytes; the session is SIM_SESSION_CHALLENGED.
 */
void sim_session_challenge(struct sim_session *session, uint8_t key_kind, const uint8_t *scbk, const uint8_t *rnd_a,
			   const uint8_t *rnd_b, uint8_t *ret_cryptogram);

/* Compare the panel's cryptogram, in constant time.
 *
 * gives   true, the session up and R-MAC-I in `ret_rmac`; or false and the session gone.
 */
bool sim_session_confirm(struct sim_session *session, const uint8_t *server_cryptogram, uint8_t *ret_rmac) MUST_USE;

/* Verify a command's MAC and decrypt its data.
 *
 * needs   session up; frame with block type COMMAND_MAC or COMMAND_ENCRYPTED; `ret_data` of OSDP_FRAME_SIZE_MAX bytes.
 * fails   ERR_INVALID: wrong MAC, data not whole blocks, wrong padding. The session is then of no more use.
 */
struct err sim_session_open(struct sim_session *session, const struct sim_frame *frame, uint8_t *ret_data,
			    size_t *ret_size) MUST_USE;

/* Write a whole reply frame, encrypted when there is data, with its MAC. The chain moves on. */
void sim_session_seal(struct sim_session *session, struct sink *s, uint8_t address_byte, uint8_t sequence, bool has_crc,
		      uint8_t id, struct span data);

/* Forget keys and chain. */
void sim_session_end(struct sim_session *session);

/* The pieces, for the published vectors and for the panel's half in tests. */
void sim_session_keys(struct sim_session *session, const uint8_t *scbk, const uint8_t *rnd_a);
void sim_session_mac(const struct sim_session *session, const uint8_t *icv, struct span message, uint8_t *ret_mac);

#endif
