/* Signed notes: the published keys and signatures, RFC 8032's, the rules of the form, and what must be refused. */
#include "ledger/note.h"

#include <sodium.h>

#include "ledger/checkpoint.h"
#include "lib/tap.h"

static const char foo_vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char foo_line[] = "\xE2\x80\x94 example.com/foo "
			       "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72I"
			       "neyaQM=\n";
static const char foo_text[] = "This is an example message.\n";
static const char neumann_vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

static struct span vkey_text(const struct ledger_vkey *key)
{
	static char text[LEDGER_VKEY_SIZE_MAX];
	struct sink s = SINK_OF(text);
	ledger_vkey_write(&s, key);
	return sink_span(&s);
}

static struct ledger_vkey key_of(const char *text)
{
	struct ledger_vkey key;
	NEED_OK(ledger_vkey_read(span_of_string(text), &key), "vkey %s", text);
	return key;
}

static void vkeys(void)
{
	struct ledger_vkey key = key_of(foo_vkey);
	CHECK(key.id == 0x530d903a && span_is(ledger_vkey_name(&key), "example.com/foo"), "the published key's parts");
	CHECK(span_is(vkey_text(&key), foo_vkey), "and its text again");
	key = key_of(neumann_vkey);
	CHECK(key.id == 0xc74f20a3 && span_is(vkey_text(&key), neumann_vkey), "PeterNeumann's key");

	static const struct {
		const char *text, *words;
		enum err_code code;
	} bad[] = {
		{"", "not of the form", ERR_INVALID},
		{"example.com/foo", "not of the form", ERR_INVALID},
		{"example.com/foo+530d903a", "not of the form", ERR_INVALID},
		{"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "name", ERR_INVALID},
		{"example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "name", ERR_INVALID},
		{"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "hex", ERR_INVALID},
		{"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "the id", ERR_INVALID},
		{"example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "the id", ERR_INVALID},
		{"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2", "base64", ERR_INVALID},
		{"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==", "key of", ERR_INVALID},
		{"example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "type 2", ERR_UNSUPPORTED},
		{"example.com/foo+530d903a+", "key of 0", ERR_INVALID},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_FAILS(ledger_vkey_read(span_of_string(bad[i].text), &key), bad[i].code, bad[i].words,
			    "vkey refused: \"%s\"", bad[i].text);
}

static char buffer[LEDGER_NOTE_SIZE_MAX + 1024];

static struct span joined(const char *a, const char *b, const char *c, const char *d)
{
	struct sink s = SINK_OF(buffer);
	sink_text(&s, a);
	sink_text(&s, b);
	sink_text(&s, c);
	sink_text(&s, d);
	return sink_span(&s);
}

static void published_note(void)
{
	struct ledger_note note;
	struct ledger_note_verified verified;
	struct ledger_vkey keys[2] = {key_of(neumann_vkey), key_of(foo_vkey)};
	NEED_OK(ledger_note_read(joined(foo_text, "\n", foo_line, ""), &note), "the published note is read");
	CHECK(span_is(note.text, foo_text) && note.line_count == 1 && note.lines[0].key_id == 0x530d903a, "its parts");
	CHECK_OK(ledger_note_verify(&note, keys, 2, &verified), "it verifies");
	CHECK(verified.count == 1 && verified.by[1] && !verified.by[0], "by the second of two keys");
	CHECK_FAILS(ledger_note_verify(&note, keys, 1, &verified), ERR_DENIED, "no known key", "not by another key");
	CHECK_FAILS(ledger_note_verify(&note, keys, 0, &verified), ERR_DENIED, "no known key", "not without keys");
	keys[0] = keys[1];
	CHECK_FAILS(ledger_note_verify(&note, keys, 2, &verified), ERR_INVALID, "same name", "one key given twice");

	size_t size = note.text.size + 1 + sizeof foo_line - 1;
	size_t verified_count = 0;
	for (size_t i = 0; i < size * 8; i++) {
		buffer[i / 8] ^= (char)(1 << i % 8);
		struct span bytes = {(uint8_t *)buffer, size};
		if (!failed(ledger_note_read(bytes, &note)) &&
		    !failed(ledger_note_verify(&note, &keys[1], 1, &verified)))
			verified_count++;
		buffer[i / 8] ^= (char)(1 << i % 8);
	}
	CHECK(verified_count == 0, "no flipped bit of it verifies (%zu of %zu did)", verified_count, size * 8);
}

/* RFC 8032, 7.1, tests 1 to 3, through the note's own signing and verifying. */
static void rfc_8032(void)
{
	static const struct {
		const char *seed, *public_key, *message, *signature;
	} tests[] = {
		{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf"
		 "5f0"
		 "595bbe24655141438e7a100b"},
		{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2"
		 "eae"
		 "b4302aeeb00d291612bb0c00"},
		{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c1"
		 "5e9"
		 "716ed28dc027beceea1ec40a"},
	};
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
		uint8_t seed[32], public_key[32], message[8], signature[64], got[68];
		size_t message_size = strlen(tests[i].message) / 2, got_size = 0;
		struct ledger_signer signer;
		char line_bytes[256];
		struct sink line = SINK_OF(line_bytes);
		NEED_OK(hex_read(span_of_string(tests[i].seed), seed, 32), "seed");
		NEED_OK(hex_read(span_of_string(tests[i].public_key), public_key, 32), "public key");
		NEED_OK(hex_read(span_of_string(tests[i].message), message, message_size), "message");
		NEED_OK(hex_read(span_of_string(tests[i].signature), signature, 64), "signature");
		NEED_OK(ledger_signer_make(SPAN_TEXT("rfc"), LEDGER_KEY_ED25519, seed, &signer), "signer");
		CHECK(memcmp(signer.key.public_key, public_key, 32) == 0, "RFC 8032 test %zu: public key", i + 1);
		struct span text = {message, message_size};
		ledger_note_sign_line(&line, text, &signer, 0);
		size_t front = strlen("\xE2\x80\x94 rfc ");
		struct span base64 = {line.start + front, line.size - front - 1};
		NEED_OK(base64_read(base64, got, sizeof got, &got_size), "the line's base64");
		CHECK(got_size == 68 && memcmp(got + 4, signature, 64) == 0, "its signature");
		struct ledger_note note = {.text = text, .line_count = 1};
		struct ledger_note_verified verified;
		note.lines[0] = (struct ledger_note_line){SPAN_TEXT("rfc"), signer.key.id, base64};
		CHECK_OK(ledger_note_verify(&note, &signer.key, 1, &verified), "and it verifies");
	}
}

static bool verifies(const uint8_t public_key[32], const uint8_t signature[64], struct span text)
{
	struct ledger_vkey key;
	struct ledger_note note = {.text = text, .line_count = 1};
	struct ledger_note_verified verified;
	char base64[100];
	struct sink s = SINK_OF(base64);
	uint8_t bytes[68];
	NEED_OK(ledger_vkey_make(SPAN_TEXT("edge"), LEDGER_KEY_ED25519, public_key, &key), "a key");
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(key.id >> (24 - 8 * i));
	memcpy(bytes + 4, signature, 64);
	sink_base64(&s, SPAN_OF(bytes));
	note.lines[0] = (struct ledger_note_line){SPAN_TEXT("edge"), key.id, sink_span(&s)};
	return !failed(ledger_note_verify(&note, &key, 1, &verified));
}

/* Where Ed25519 verifiers are known to differ: ours takes none of these, and a verifier in a browser must not either.
 */
static void ed25519_edges(void)
{
	uint8_t seed[32] = {7}, public_key[32], secret[64], good[64], bad[64];
	struct span text = SPAN_TEXT("edge\n");
	crypto_sign_seed_keypair(public_key, secret, seed);
	crypto_sign_detached(good, NULL, text.at, text.size, secret);
	CHECK(verifies(public_key, good, text), "an ordinary signature verifies");

	/* The same with S + L, which is S again modulo the group's order. */
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
					  0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	memcpy(bad, good, 64);
	unsigned carry = 0;
	for (int i = 0; i < 32; i++) {
		carry += (unsigned)bad[32 + i] + order[i];
		bad[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	CHECK(!verifies(public_key, bad, text), "S not reduced is refused");

	/* With the neutral element as key, R = S B holds for every text. */
	uint8_t neutral[32] = {1};
	memset(bad, 0, sizeof bad);
	bad[0] = 0x58;
	memset(bad + 1, 0x66, 31);
	bad[32] = 1;
	CHECK(!verifies(neutral, bad, text), "a key of small order is refused");

	/* With the neutral element as R, S = k a. */
	uint8_t hash[64], k[32], scalar_hash[64];
	crypto_hash_sha512_state state;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, neutral, 32);
	crypto_hash_sha512_update(&state, public_key, 32);
	crypto_hash_sha512_update(&state, text.at, text.size);
	crypto_hash_sha512_final(&state, hash);
	crypto_core_ed25519_scalar_reduce(k, hash);
	crypto_hash_sha512(scalar_hash, seed, 32);
	scalar_hash[0] &= 248;
	scalar_hash[31] = (uint8_t)((scalar_hash[31] & 127) | 64);
	uint8_t wide[64] = {0}, a[32];
	memcpy(wide, scalar_hash, 32);
	crypto_core_ed25519_scalar_reduce(a, wide);
	memcpy(bad, neutral, 32);
	crypto_core_ed25519_scalar_mul(bad + 32, k, a);
	CHECK(!verifies(public_key, bad, text), "an R of small order is refused");
}

static void form(void)
{
	static const char sig[] = "\xE2\x80\x94 a AAAAAAE=\n";
	static const struct {
		const char *text, *why;
		enum err_code code;
	} bad[] = {
		{"", "no signatures", ERR_INVALID},
		{"text\n", "no signatures", ERR_INVALID},
		{"text\n\n", "no signatures", ERR_INVALID},
		{"\n\n", "no signatures", ERR_INVALID},
		{"text\n\xE2\x80\x94 a AAAAAAE=\n", "no signatures", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a AAAAAAE=", "not of the form", ERR_INVALID},
		{"text\n\n- a AAAAAAE=\n", "not of the form", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a\n", "not of the form", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a \n", "0 bytes", ERR_INVALID},
		{"text\n\n\xE2\x80\x94  AAAAAAE=\n", "key name", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a+b AAAAAAE=\n", "key name", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a\xC2\xA0"
		 "b AAAAAAE=\n",
		 "key name", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a\xE3\x80\x80 AAAAAAE=\n", "key name", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a AAAAAA==\n", "4 bytes", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a AAAAAAE\n", "base64", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a AAAAAAF=\n", "unused bits", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a AAAAAAE= \n", "base64", ERR_INVALID},
		{"te\txt\n\n\xE2\x80\x94 a AAAAAAE=\n", "control", ERR_INVALID},
		{"te\rxt\n\n\xE2\x80\x94 a AAAAAAE=\n", "control", ERR_INVALID},
		{"te\xFFxt\n\n\xE2\x80\x94 a AAAAAAE=\n", "UTF-8", ERR_INVALID},
		{"te\xC0\x80xt\n\n\xE2\x80\x94 a AAAAAAE=\n", "UTF-8", ERR_INVALID},
		{"te\xED\xA0\x80xt\n\n\xE2\x80\x94 a AAAAAAE=\n", "UTF-8", ERR_INVALID},
		{"text\n\n\xE2\x80\x94 a AAAAAAE=\n\n", "no signatures", ERR_INVALID},
	};
	struct ledger_note note;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_FAILS(ledger_note_read(span_of_string(bad[i].text), &note), bad[i].code, bad[i].why,
			    "refused (%zu): %s", i, bad[i].why);
	struct span with_nul = {(const uint8_t *)"te\0xt\n\n\xE2\x80\x94 a AAAAAAE=\n", 23};
	CHECK_FAILS(ledger_note_read(with_nul, &note), ERR_INVALID, "control", "refused: a NUL");

	CHECK_OK(ledger_note_read(joined("a\n\nb\n", "\n", sig, sig), &note), "empty lines in the text are its own");
	CHECK(span_is(note.text, "a\n\nb\n") && note.line_count == 2, "and it is split at the last one");
	CHECK_OK(ledger_note_read(joined("na\xC3\xAFve \xE2\x98\x83 \x7F\n", "\n", sig, ""), &note), "any other UTF-8");

	struct sink s = SINK_OF(buffer);
	sink_text(&s, "text\n\n");
	for (size_t i = 0; i < LEDGER_NOTE_SIGNATURES_MAX; i++)
		sink_text(&s, sig);
	CHECK_OK(ledger_note_read(sink_span(&s), &note), "64 signatures");
	sink_text(&s, sig);
	CHECK_FAILS(ledger_note_read(sink_span(&s), &note), ERR_TOO_LARGE, "more than 64", "65 signatures");
	memset(buffer, 'a', sizeof buffer);
	CHECK_FAILS(ledger_note_read((struct span){(uint8_t *)buffer, LEDGER_NOTE_SIZE_MAX + 1}, &note), ERR_TOO_LARGE,
		    "at most", "a note over its bound");
}

static void several_keys(void)
{
	static const uint8_t seeds[3][32] = {{1}, {2}, {3}};
	struct ledger_signer log, witness, other;
	NEED_OK(ledger_signer_make(SPAN_TEXT("legation.invalid/BRN"), LEDGER_KEY_ED25519, seeds[0], &log), "log");
	NEED_OK(ledger_signer_make(SPAN_TEXT("witness.invalid/w"), LEDGER_KEY_COSIGNATURE, seeds[1], &witness),
		"witness");
	NEED_OK(ledger_signer_make(SPAN_TEXT("other.invalid"), LEDGER_KEY_ED25519, seeds[2], &other), "other");
	CHECK(span_equal(vkey_text(&witness.key), vkey_text(&witness.key)), "a cosigner's vkey is written");
	struct ledger_vkey again;
	CHECK_OK(ledger_vkey_read(vkey_text(&witness.key), &again), "and read");
	CHECK(again.type == LEDGER_KEY_COSIGNATURE && again.id == witness.key.id, "as what it is");

	char bytes[2048];
	struct sink s = SINK_OF(bytes);
	struct ledger_hash root = ledger_hash_bytes(SPAN_TEXT("root"));
	struct ledger_note note;
	struct ledger_note_verified verified;
	struct ledger_checkpoint checkpoint;
	struct ledger_vkey keys[2] = {log.key, witness.key};
	NEED_OK(ledger_checkpoint_sign(&s, 42, &root, &log), "a checkpoint");
	CHECK_OK(ledger_checkpoint_open(sink_span(&s), keys, 2, &checkpoint, &verified), "opens");
	CHECK(checkpoint.size == 42 && ledger_hash_equal(&checkpoint.root, &root) && verified.count == 1, "as it was");
	NEED_OK(ledger_note_read(sink_span(&s), &note), "its note");
	struct span text = note.text;
	ledger_note_sign_line(&s, text, &witness, 1790000000);
	ledger_note_sign_line(&s, text, &other, 0);
	CHECK_OK(ledger_checkpoint_open(sink_span(&s), keys, 2, &checkpoint, &verified),
		 "cosigned, and by an unknown key");
	CHECK(verified.count == 2 && verified.by[0] && verified.by[1] && verified.cosigned_at_s[1] == 1790000000,
	      "both known keys count, with the time of the cosigner");
	CHECK_FAILS(ledger_checkpoint_open(sink_span(&s), &keys[1], 1, &checkpoint, NULL), ERR_DENIED, "not signed by",
		    "a witness alone does not make a checkpoint");
	struct ledger_vkey stranger[1] = {other.key};
	CHECK_FAILS(ledger_checkpoint_open(sink_span(&s), stranger, 1, &checkpoint, NULL), ERR_DENIED, "not signed by",
		    "nor does a key of another name");

	/* Break the witness' time: a known key's bad signature rejects the note, although the log's is good. */
	struct ledger_signer liar = witness;
	liar.secret_key[0] ^= 1;
	s.size = 0;
	NEED_OK(ledger_checkpoint_sign(&s, 42, &root, &log), "a checkpoint");
	NEED_OK(ledger_note_read(sink_span(&s), &note), "its note");
	ledger_note_sign_line(&s, note.text, &liar, 1790000000);
	CHECK_FAILS(ledger_checkpoint_open(sink_span(&s), keys, 2, &checkpoint, NULL), ERR_DENIED, "does not verify",
		    "a known key's bad signature rejects the whole");
	CHECK_OK(ledger_checkpoint_open(sink_span(&s), keys, 1, &checkpoint, NULL),
		 "which is nothing to who knows it not");
}

static void checkpoints(void)
{
	static const char root[] = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
	struct ledger_checkpoint checkpoint;
	char written[512];
	struct sink s = SINK_OF(written);
	struct span text = joined("example.com/behind-the-sofa\n", "20852163\n", root, "");
	CHECK_OK(ledger_checkpoint_read(text, &checkpoint), "the checkpoint of the format's own page");
	CHECK(checkpoint.size == 20852163 && span_is(checkpoint.origin, "example.com/behind-the-sofa"), "its parts");
	ledger_checkpoint_write(&s, &checkpoint);
	CHECK_SPAN(sink_span(&s), text, "written again");
	CHECK_OK(ledger_checkpoint_read(joined("o\n0\n", root, "more\nlines\n", ""), &checkpoint), "extension lines");
	CHECK(span_is(checkpoint.extensions, "more\nlines\n"), "are kept");
	s.size = 0;
	ledger_checkpoint_write(&s, &checkpoint);
	CHECK_SPAN(sink_span(&s), joined("o\n0\n", root, "more\nlines\n", ""), "and written again");

	static const char *const bad[] = {
		"",
		"o\n",
		"o\n1\n",
		"\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"o\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"o\n\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nmore",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_FAILS(ledger_checkpoint_read(span_of_string(bad[i]), &checkpoint), ERR_INVALID, "checkpoint",
			    "checkpoint refused (%zu)", i);
	CHECK_FAILS(ledger_checkpoint_read(joined("o\n", "99999999999999999999\n", root, ""), &checkpoint),
		    ERR_TOO_LARGE, "size", "a size that no tree has");
}

int main(void)
{
	NEED(sodium_init() >= 0, "libsodium");
	vkeys();
	published_note();
	rfc_8032();
	ed25519_edges();
	form();
	several_keys();
	checkpoints();
	return tap_finish();
}
