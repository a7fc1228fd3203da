#include "sim/reader/secure.h"

#include <openssl/evp.h>

#include "base/err.h"

enum { BLOCK = OSDP_BLOCK_SIZE };

const uint8_t sim_key_default[BLOCK] = "0123456789:;<=>?";

static EVP_CIPHER *aes_128_cbc(void)
{
	static EVP_CIPHER *cipher; /* fetched once: a fetch costs more than the encryption of a frame */
	if (!cipher)
		cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	ENSURE(cipher);
	return cipher;
}

void sim_aes_cbc(const uint8_t *key, const uint8_t *iv, bool encrypt, struct span in, uint8_t *out)
{
	static EVP_CIPHER_CTX *context;
	REQUIRE(in.size % BLOCK == 0 && in.size <= OSDP_FRAME_SIZE_MAX);
	if (!context)
		context = EVP_CIPHER_CTX_new();
	ENSURE(context);
	int size = 0;
	ENSURE(EVP_CipherInit_ex2(context, aes_128_cbc(), key, iv, encrypt, NULL) == 1);
	ENSURE(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
	ENSURE(EVP_CipherUpdate(context, out, &size, in.at, (int)in.size) == 1 && (size_t)size == in.size);
	EVP_CIPHER_CTX_reset(context); /* wipes the schedule */
}

static void encrypt_block(const uint8_t *key, const uint8_t *in, uint8_t *out)
{
	static const uint8_t zero[BLOCK];
	sim_aes_cbc(key, zero, true, (struct span){in, BLOCK}, out);
}

static void derive(const uint8_t *scbk, uint8_t purpose, const uint8_t *rnd_a, uint8_t *ret_key)
{
	uint8_t block[BLOCK] = {0x01, purpose};
	memcpy(block + 2, rnd_a, 6);
	encrypt_block(scbk, block, ret_key);
}

void sim_session_keys(struct sim_session *session, const uint8_t *scbk, const uint8_t *rnd_a)
{
	derive(scbk, 0x82, rnd_a, session->key_encrypt);
	derive(scbk, 0x01, rnd_a, session->key_mac_1);
	derive(scbk, 0x02, rnd_a, session->key_mac_2);
}

void sim_session_challenge(struct sim_session *session, uint8_t key_kind, const uint8_t *scbk, const uint8_t *rnd_a,
			   const uint8_t *rnd_b, uint8_t *ret_cryptogram)
{
	sim_session_end(session);
	session->key_kind = key_kind;
	sim_session_keys(session, scbk, rnd_a);
	uint8_t both[2 * OSDP_RANDOM_SIZE];
	memcpy(both, rnd_a, OSDP_RANDOM_SIZE);
	memcpy(both + OSDP_RANDOM_SIZE, rnd_b, OSDP_RANDOM_SIZE);
	encrypt_block(session->key_encrypt, both, ret_cryptogram);
	memcpy(both, rnd_b, OSDP_RANDOM_SIZE);
	memcpy(both + OSDP_RANDOM_SIZE, rnd_a, OSDP_RANDOM_SIZE);
	encrypt_block(session->key_encrypt, both, session->server_expected);
	session->state = SIM_SESSION_CHALLENGED;
}

bool sim_session_confirm(struct sim_session *session, const uint8_t *server_cryptogram, uint8_t *ret_rmac)
{
	REQUIRE(session->state == SIM_SESSION_CHALLENGED);
	if (!span_equal_secret(SPAN_OF(session->server_expected), (struct span){server_cryptogram, BLOCK})) {
		sim_session_end(session);
		return false;
	}
	uint8_t between[BLOCK];
	encrypt_block(session->key_mac_1, server_cryptogram, between);
	encrypt_block(session->key_mac_2, between, session->reply_mac);
	memcpy(ret_rmac, session->reply_mac, BLOCK);
	session->state = SIM_SESSION_UP;
	return true;
}

void sim_session_mac(const struct sim_session *session, const uint8_t *icv, struct span message, uint8_t *ret_mac)
{
	REQUIRE(message.size > 0 && message.size <= OSDP_FRAME_SIZE_MAX);
	uint8_t padded[OSDP_FRAME_SIZE_MAX + BLOCK] = {0};
	memcpy(padded, message.at, message.size);
	size_t size = message.size;
	if (size % BLOCK) {
		padded[size] = 0x80;
		size += BLOCK - size % BLOCK;
	}
	uint8_t chain[BLOCK];
	memcpy(chain, icv, BLOCK);
	if (size > BLOCK) {
		uint8_t all[OSDP_FRAME_SIZE_MAX + BLOCK];
		sim_aes_cbc(session->key_mac_1, chain, true, (struct span){padded, size - BLOCK}, all);
		memcpy(chain, all + size - 2 * BLOCK, BLOCK);
	}
	sim_aes_cbc(session->key_mac_2, chain, true, (struct span){padded + size - BLOCK, BLOCK}, ret_mac);
}

/* The IV is the bitwise complement of the other side's last whole MAC. */
static void iv_of(const uint8_t *mac, uint8_t *ret_iv)
{
	for (size_t i = 0; i < BLOCK; i++)
		ret_iv[i] = (uint8_t)~mac[i];
}

struct err sim_session_open(struct sim_session *session, const struct sim_frame *frame, uint8_t *ret_data,
			    size_t *ret_size)
{
	REQUIRE(session->state == SIM_SESSION_UP && frame->mac.size == OSDP_MAC_SIZE);
	uint8_t mac[BLOCK];
	struct span covered = {frame->raw.at, (size_t)(frame->mac.at - frame->raw.at)};
	sim_session_mac(session, session->reply_mac, covered, mac);
	if (!span_equal_secret((struct span){mac, OSDP_MAC_SIZE}, frame->mac))
		return FAIL(ERR_INVALID, "the MAC is wrong");
	size_t size = frame->data.size;
	if (frame->block_type == OSDP_SCS_COMMAND_ENCRYPTED) {
		if (size == 0 || size % BLOCK)
			return FAIL(ERR_INVALID, "encrypted data of %zu bytes", size);
		uint8_t iv[BLOCK];
		iv_of(session->reply_mac, iv);
		sim_aes_cbc(session->key_encrypt, iv, false, frame->data, ret_data);
		while (size > 0 && ret_data[size - 1] == 0)
			size--;
		if (size == 0 || ret_data[size - 1] != 0x80 || frame->data.size - size >= BLOCK)
			return FAIL(ERR_INVALID, "the padding of the data is wrong");
		size--;
	} else if (size) {
		memcpy(ret_data, frame->data.at, size);
	}
	memcpy(session->command_mac, mac, BLOCK);
	*ret_size = size;
	return OK;
}

void sim_session_seal(struct sim_session *session, struct sink *s, uint8_t address_byte, uint8_t sequence, bool has_crc,
		      uint8_t id, struct span data)
{
	REQUIRE(session->state == SIM_SESSION_UP);
	uint8_t padded[OSDP_FRAME_SIZE_MAX] = {0};
	uint8_t block = data.size ? OSDP_SCS_REPLY_ENCRYPTED : OSDP_SCS_REPLY_MAC;
	size_t size = 0;
	if (data.size) {
		size = data.size + BLOCK - data.size % BLOCK;
		REQUIRE(size <= sizeof padded);
		memcpy(padded, data.at, data.size);
		padded[data.size] = 0x80;
		uint8_t iv[BLOCK];
		iv_of(session->command_mac, iv);
		sim_aes_cbc(session->key_encrypt, iv, true, (struct span){padded, size}, padded);
	}
	sim_frame_begin(s, address_byte, sequence, has_crc, (struct span){&block, 1}, id, (struct span){padded, size},
			OSDP_MAC_SIZE);
	sim_session_mac(session, session->command_mac, sink_span(s), session->reply_mac);
	sink_put(s, (struct span){session->reply_mac, OSDP_MAC_SIZE});
	sim_frame_end(s);
}

void sim_session_end(struct sim_session *session)
{
	wipe(session, sizeof *session);
}
