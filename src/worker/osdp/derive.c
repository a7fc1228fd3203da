#include "worker/osdp/derive.h"

#include <openssl/evp.h>

const uint8_t osdp_derive_default_key[OSDP_DERIVE_KEY_SIZE] = {
	0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F,
};

enum { DISTINCT_BYTES_LEAST = 8 };

/* Keys that standards and manuals print as examples and that no other check below finds. */
static const uint8_t sample_keys[][OSDP_DERIVE_KEY_SIZE] = {
	{0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C}, /* FIPS 197 */
	{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32,
	 0x10}, /* GB/T 32907 */
};

static void encrypt_block(const uint8_t key[OSDP_DERIVE_KEY_SIZE], const uint8_t in[OSDP_DERIVE_KEY_SIZE],
			  uint8_t ret_out[OSDP_DERIVE_KEY_SIZE])
{
	int size = 0;
	uint8_t out[2 * OSDP_DERIVE_KEY_SIZE];
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	ENSURE(context != NULL);
	ENSURE(EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), NULL, key, NULL) == 1);
	ENSURE(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
	ENSURE(EVP_EncryptUpdate(context, out, &size, in, OSDP_DERIVE_KEY_SIZE) == 1);
	ENSURE(size == OSDP_DERIVE_KEY_SIZE);
	EVP_CIPHER_CTX_free(context);
	memcpy(ret_out, out, OSDP_DERIVE_KEY_SIZE);
	wipe(out, sizeof(out));
}

static void derive_key(const uint8_t *scbk, uint8_t which, const uint8_t *rnd_a, uint8_t *ret_key)
{
	uint8_t block[OSDP_DERIVE_KEY_SIZE] = {0x01, which};
	memcpy(block + 2, rnd_a, 6); /* six of the eight bytes, as the standard has it */
	encrypt_block(scbk, block, ret_key);
}

void osdp_derive_session(const uint8_t scbk[OSDP_DERIVE_KEY_SIZE], const uint8_t rnd_a[OSDP_DERIVE_RANDOM_SIZE],
			 struct osdp_keys *ret_keys)
{
	derive_key(scbk, 0x82, rnd_a, ret_keys->s_enc);
	derive_key(scbk, 0x01, rnd_a, ret_keys->s_mac1);
	derive_key(scbk, 0x02, rnd_a, ret_keys->s_mac2);
}

static void cryptogram(const uint8_t *key, const uint8_t *first, const uint8_t *second, uint8_t *ret_cryptogram)
{
	uint8_t block[OSDP_DERIVE_KEY_SIZE];
	memcpy(block, first, OSDP_DERIVE_RANDOM_SIZE);
	memcpy(block + OSDP_DERIVE_RANDOM_SIZE, second, OSDP_DERIVE_RANDOM_SIZE);
	encrypt_block(key, block, ret_cryptogram);
}

void osdp_derive_client_cryptogram(const struct osdp_keys *keys, const uint8_t rnd_a[OSDP_DERIVE_RANDOM_SIZE],
				   const uint8_t rnd_b[OSDP_DERIVE_RANDOM_SIZE],
				   uint8_t ret_cryptogram[OSDP_DERIVE_KEY_SIZE])
{
	cryptogram(keys->s_enc, rnd_a, rnd_b, ret_cryptogram);
}

void osdp_derive_server_cryptogram(const struct osdp_keys *keys, const uint8_t rnd_a[OSDP_DERIVE_RANDOM_SIZE],
				   const uint8_t rnd_b[OSDP_DERIVE_RANDOM_SIZE],
				   uint8_t ret_cryptogram[OSDP_DERIVE_KEY_SIZE])
{
	cryptogram(keys->s_enc, rnd_b, rnd_a, ret_cryptogram);
}

void osdp_derive_first_mac(const struct osdp_keys *keys, const uint8_t server_cryptogram[OSDP_DERIVE_KEY_SIZE],
			   uint8_t ret_mac[OSDP_DERIVE_KEY_SIZE])
{
	uint8_t middle[OSDP_DERIVE_KEY_SIZE];
	encrypt_block(keys->s_mac1, server_cryptogram, middle);
	encrypt_block(keys->s_mac2, middle, ret_mac);
	wipe(middle, sizeof(middle));
}

/* The checks look at every byte whatever they find: a key's shape should not show in the time. */
static bool equal_steps(const uint8_t *key)
{
	uint8_t step = (uint8_t)(key[1] - key[0]);
	unsigned differs = 0;
	for (size_t i = 1; i < OSDP_DERIVE_KEY_SIZE; i++)
		differs |= (unsigned)((uint8_t)(key[i] - key[i - 1]) ^ step);
	return differs == 0;
}

static bool repeats(const uint8_t *key)
{
	bool found = false;
	for (size_t period = 1; period <= OSDP_DERIVE_KEY_SIZE / 2; period++) {
		unsigned differs = 0;
		for (size_t i = period; i < OSDP_DERIVE_KEY_SIZE; i++)
			differs |= (unsigned)(key[i] ^ key[i - period]);
		found |= differs == 0;
	}
	return found;
}

static bool readable(const uint8_t *key)
{
	unsigned strange = 0;
	for (size_t i = 0; i < OSDP_DERIVE_KEY_SIZE; i++)
		strange += key[i] < 0x20 || key[i] > 0x7E;
	return strange == 0;
}

static size_t distinct_bytes(const uint8_t *key)
{
	size_t distinct = 0;
	for (size_t i = 0; i < OSDP_DERIVE_KEY_SIZE; i++) {
		unsigned seen = 0;
		for (size_t j = 0; j < i; j++)
			seen |= key[i] == key[j];
		distinct += !seen;
	}
	return distinct;
}

/* RULE DEFENCE-4 */
const char *osdp_derive_weakness(const uint8_t scbk[OSDP_DERIVE_KEY_SIZE])
{
	struct span key = {scbk, OSDP_DERIVE_KEY_SIZE};
	if (span_equal_secret(key, SPAN_OF(osdp_derive_default_key)))
		return "it is the default key, which everybody knows";
	if (repeats(scbk))
		return "it repeats itself";
	if (equal_steps(scbk))
		return "its bytes go up or down in equal steps";
	for (size_t i = 0; i < sizeof(sample_keys) / sizeof(sample_keys[0]); i++)
		if (span_equal_secret(key, SPAN_OF(sample_keys[i])))
			return "it is a published sample key";
	if (readable(scbk))
		return "it is readable text";
	if (distinct_bytes(scbk) < DISTINCT_BYTES_LEAST)
		return "it has too few different bytes";
	return NULL;
}
