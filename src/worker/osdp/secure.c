#include "worker/osdp/secure.h"

#include <openssl/evp.h>

enum { BLOCK = OSDP_NUMBER_BLOCK_SIZE, PADDING = 0x80 };

static const uint8_t no_key[BLOCK];

/* One block. The contexts are ECB without padding: chaining is done here, so that a frame costs no new start
 * vector.
 */
static void block_through(EVP_CIPHER_CTX *context, const uint8_t *in, uint8_t *out)
{
	int size = 0;
	ENSURE(EVP_CipherUpdate(context, out, &size, in, BLOCK) == 1 && size == BLOCK);
}

static void set_key(EVP_CIPHER_CTX *context, const uint8_t *key)
{
	ENSURE(EVP_CipherInit_ex(context, NULL, NULL, key, NULL, -1) == 1);
	ENSURE(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
}

static struct err make_context(EVP_CIPHER_CTX **ret_context, bool encrypts)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	ENSURE(context != NULL);
	*ret_context = context;
	if (EVP_CipherInit_ex(context, EVP_aes_128_ecb(), NULL, no_key, NULL, encrypts) != 1 ||
	    EVP_CIPHER_CTX_set_padding(context, 0) != 1)
		return FAIL(ERR_UNSUPPORTED, "libcrypto gives no AES-128");
	return OK;
}

struct err osdp_secure_make(struct osdp_secure *s)
{
	memset(s, 0, sizeof(*s));
	TRY(make_context(&s->encrypt, true));
	TRY(make_context(&s->decrypt, false));
	TRY(make_context(&s->mac1, true));
	return make_context(&s->mac2, true);
}

void osdp_secure_free(struct osdp_secure *s)
{
	EVP_CIPHER_CTX_free(s->encrypt);
	EVP_CIPHER_CTX_free(s->decrypt);
	EVP_CIPHER_CTX_free(s->mac1);
	EVP_CIPHER_CTX_free(s->mac2);
	wipe(s, sizeof(*s));
}

void osdp_secure_close(struct osdp_secure *s)
{
	if (s->keyed) {
		set_key(s->encrypt, no_key);
		set_key(s->decrypt, no_key);
		set_key(s->mac1, no_key);
		set_key(s->mac2, no_key);
	}
	wipe(s->expected_first_mac, sizeof(s->expected_first_mac));
	wipe(s->last_mac, sizeof(s->last_mac));
	s->keyed = false;
	s->open = false;
}

static void join_randoms(const uint8_t *first, const uint8_t *second, uint8_t *ret_block)
{
	memcpy(ret_block, first, OSDP_NUMBER_RANDOM_SIZE);
	memcpy(ret_block + OSDP_NUMBER_RANDOM_SIZE, second, OSDP_NUMBER_RANDOM_SIZE);
}

bool osdp_secure_start(struct osdp_secure *s, const struct osdp_keys *keys,
		       const uint8_t rnd_a[OSDP_NUMBER_RANDOM_SIZE], const uint8_t rnd_b[OSDP_NUMBER_RANDOM_SIZE],
		       struct span client_cryptogram, uint8_t ret_server_cryptogram[OSDP_NUMBER_BLOCK_SIZE])
{
	uint8_t randoms[BLOCK], expected[BLOCK], middle[BLOCK];
	osdp_secure_close(s);
	set_key(s->encrypt, keys->s_enc);
	set_key(s->decrypt, keys->s_enc);
	set_key(s->mac1, keys->s_mac1);
	set_key(s->mac2, keys->s_mac2);
	s->keyed = true;

	join_randoms(rnd_a, rnd_b, randoms);
	block_through(s->encrypt, randoms, expected);
	bool proved = span_equal_secret(client_cryptogram, SPAN_OF(expected));
	if (proved) {
		join_randoms(rnd_b, rnd_a, randoms);
		block_through(s->encrypt, randoms, ret_server_cryptogram);
		block_through(s->mac1, ret_server_cryptogram, middle);
		block_through(s->mac2, middle, s->expected_first_mac);
		wipe(middle, sizeof(middle));
	} else {
		osdp_secure_close(s);
	}
	wipe(expected, sizeof(expected));
	return proved;
}

bool osdp_secure_confirm(struct osdp_secure *s, struct span first_mac)
{
	if (!s->keyed || s->open || !span_equal_secret(first_mac, SPAN_OF(s->expected_first_mac)))
		return false;
	memcpy(s->last_mac, s->expected_first_mac, BLOCK);
	s->open = true;
	return true;
}

static void xor_block(uint8_t *into, const uint8_t *from)
{
	for (size_t i = 0; i < BLOCK; i++)
		into[i] = (uint8_t)(into[i] ^ from[i]);
}

/* The MAC of one frame, whole: CBC under S-MAC1, the last block under S-MAC2, beginning at the other side's last MAC.
 * Padding comes only where a block is not full. RULE OSDP-D.5
 */
static void compute_mac(const struct osdp_secure *s, struct span covered, uint8_t *ret_mac)
{
	uint8_t chain[BLOCK];
	memcpy(chain, s->last_mac, BLOCK);
	size_t at = 0;
	for (; covered.size - at > BLOCK; at += BLOCK) {
		xor_block(chain, covered.at + at);
		block_through(s->mac1, chain, chain);
	}
	uint8_t last[BLOCK] = {0};
	memcpy(last, covered.at + at, covered.size - at);
	if (covered.size - at < BLOCK)
		last[covered.size - at] = PADDING;
	xor_block(chain, last);
	block_through(s->mac2, chain, ret_mac);
}

static void start_vector(const struct osdp_secure *s, uint8_t *ret_vector)
{
	for (size_t i = 0; i < BLOCK; i++)
		ret_vector[i] = (uint8_t)~s->last_mac[i];
}

/* Pad always, then CBC under S-ENC. gives the size, a multiple of the block's. */
static size_t encrypt_data(const struct osdp_secure *s, struct span plain, uint8_t *ret_secret)
{
	size_t size = plain.size / BLOCK * BLOCK + BLOCK;
	uint8_t chain[BLOCK];
	start_vector(s, chain);
	memset(ret_secret, 0, size);
	memcpy(ret_secret, plain.at, plain.size);
	ret_secret[plain.size] = PADDING;
	for (size_t at = 0; at < size; at += BLOCK) {
		xor_block(chain, ret_secret + at);
		block_through(s->encrypt, chain, chain);
		memcpy(ret_secret + at, chain, BLOCK);
	}
	return size;
}

static void decrypt_data(const struct osdp_secure *s, struct span secret, uint8_t *ret_plain)
{
	uint8_t chain[BLOCK];
	start_vector(s, chain);
	for (size_t at = 0; at < secret.size; at += BLOCK) {
		block_through(s->decrypt, secret.at + at, ret_plain + at);
		xor_block(ret_plain + at, chain);
		memcpy(chain, secret.at + at, BLOCK);
	}
}

struct err osdp_secure_write(struct osdp_secure *s, struct osdp_frame *frame, struct sink *sink)
{
	REQUIRE(s->open && frame->scs == OSDP_SCS_NONE);
	uint8_t secret[OSDP_NUMBER_FRAME_SIZE_MAX + BLOCK];
	uint8_t mac[BLOCK];
	size_t start = 0;
	struct osdp_frame sealed = *frame;
	if (frame->data.size > OSDP_NUMBER_FRAME_SIZE_MAX)
		return FAIL(ERR_TOO_LARGE, "frame: %zu bytes of data", frame->data.size);
	bool hides = frame->data.size > 0; /* empty data are never encrypted */
	sealed.scs = frame->reply ? (hides ? OSDP_SCS_REPLY_ENCRYPTED : OSDP_SCS_REPLY_MAC)
				  : (hides ? OSDP_SCS_COMMAND_ENCRYPTED : OSDP_SCS_COMMAND_MAC);
	if (hides)
		sealed.data = (struct span){secret, encrypt_data(s, frame->data, secret)};
	TRY(osdp_frame_open(&sealed, sink, &start));
	compute_mac(s, (struct span){sink->start + start, sink->size - start}, mac);
	TRY(osdp_frame_close(&sealed, start, (struct span){mac, OSDP_NUMBER_MAC_SIZE}, sink));
	memcpy(s->last_mac, mac, BLOCK);
	frame->scs = sealed.scs;
	return OK;
}

/* Where the data end: before the last 80 that only zeroes follow, and that in the last block. */
static bool find_padding(struct span padded, size_t *ret_size)
{
	size_t at = padded.size;
	while (at > 0 && padded.at[at - 1] == 0)
		at--;
	if (at == 0 || padded.at[at - 1] != PADDING || padded.size - at >= BLOCK)
		return false;
	*ret_size = at - 1;
	return true;
}

enum osdp_secure_verdict osdp_secure_read(struct osdp_secure *s, const struct osdp_frame *frame, uint8_t *plain,
					  struct span *ret_data)
{
	uint8_t mac[BLOCK];
	size_t size = 0;
	uint8_t mac_only = frame->reply ? OSDP_SCS_REPLY_MAC : OSDP_SCS_COMMAND_MAC;
	uint8_t encrypted = frame->reply ? OSDP_SCS_REPLY_ENCRYPTED : OSDP_SCS_COMMAND_ENCRYPTED;
	if (!s->open || (frame->scs != mac_only && frame->scs != encrypted))
		return OSDP_SECURE_REFUSED;
	compute_mac(s, frame->under_mac, mac);
	if (!span_equal_secret(frame->mac, (struct span){mac, OSDP_NUMBER_MAC_SIZE}))
		return OSDP_SECURE_REFUSED;

	bool whole = frame->scs == mac_only || (frame->data.size > 0 && frame->data.size % BLOCK == 0);
	struct span data = frame->data;
	if (whole && frame->scs == encrypted) {
		decrypt_data(s, frame->data, plain);
		whole = find_padding((struct span){plain, frame->data.size}, &size);
		data = (struct span){plain, size};
	}
	memcpy(s->last_mac, mac, BLOCK);
	if (!whole)
		return OSDP_SECURE_MALFORMED;
	*ret_data = data;
	return OSDP_SECURE_GOOD;
}
