/* ledger/note.h - C2SP signed notes: a text, an empty line, and signature lines.
 *
 * Reading checks the form alone and remembers where things stand; ledger_note_verify checks signatures. Ed25519 (type
 * 1) and witness cosignatures (type 4) are understood; every other key is unknown and ignored, as the format asks.
 * Knows nothing of trees.
 */
#ifndef LEGATION_LEDGER_NOTE_H
#define LEGATION_LEDGER_NOTE_H

#include "base/span.h"

enum {
	LEDGER_NOTE_SIZE_MAX = 512 * 1024, /* bytes */
	LEDGER_NOTE_SIGNATURES_MAX = 64,   /* the format asks for 16 at least */
	LEDGER_SIGNATURE_SIZE_MAX = 5120,  /* bytes of one decoded signature line */
	LEDGER_KEY_NAME_SIZE_MAX = 255,    /* bytes */
	LEDGER_VKEY_SIZE_MAX = LEDGER_KEY_NAME_SIZE_MAX + 1 + 8 + 1 + 44,
	LEDGER_KEYS_MAX = 16, /* known keys that one verification may be given */
	LEDGER_PUBLIC_KEY_SIZE = 32,
	LEDGER_SECRET_KEY_SIZE = 64, /* libsodium's form: seed, then public key */
};

enum ledger_key_type {
	LEDGER_KEY_NONE = 0,
	LEDGER_KEY_ED25519 = 1,
	LEDGER_KEY_COSIGNATURE = 4,
};

/* A verifier key: what `NAME+ID+KEY` says. */
struct ledger_vkey {
	uint8_t name_bytes[LEDGER_KEY_NAME_SIZE_MAX];
	size_t name_size;
	uint32_t id;
	enum ledger_key_type type;
	uint8_t public_key[LEDGER_PUBLIC_KEY_SIZE];
};

struct span ledger_vkey_name(const struct ledger_vkey *key);

/* Make a key's struct from its parts; the id is computed.
 * fails   ERR_INVALID when the name is empty, too long, or has a space or a plus in it.
 */
struct err ledger_vkey_make(struct span name, enum ledger_key_type type,
			    const uint8_t public_key[LEDGER_PUBLIC_KEY_SIZE], struct ledger_vkey *ret_key) MUST_USE;

/* fails   ERR_INVALID for what is not a vkey or whose id does not match; ERR_UNSUPPORTED for another type of key. */
struct err ledger_vkey_read(struct span text, struct ledger_vkey *ret_key) MUST_USE;
void ledger_vkey_write(struct sink *s, const struct ledger_vkey *key);

struct ledger_note_line {
	struct span name;
	uint32_t key_id;
	struct span base64; /* of key id and signature */
};

struct ledger_note {
	struct span text; /* with its final newline */
	size_t line_count;
	struct ledger_note_line lines[LEDGER_NOTE_SIGNATURES_MAX];
};

/* Take a note apart. Spans point into `bytes`.
 *
 * fails   ERR_INVALID, naming what is wrong; ERR_TOO_LARGE over a bound.
 */
struct err ledger_note_read(struct span bytes, struct ledger_note *ret_note) MUST_USE;

/* The bytes that ledger_note_read took apart. */
void ledger_note_write(struct sink *s, const struct ledger_note *note);

struct ledger_note_verified {
	size_t count;                            /* keys that signed, at least one */
	bool by[LEDGER_KEYS_MAX];                /* by the place of the key in `keys` */
	uint64_t cosigned_at_s[LEDGER_KEYS_MAX]; /* Unix seconds, where that key is a cosigner's */
};

/* Check the signatures of known keys.
 *
 * needs   key_count at most LEDGER_KEYS_MAX.
 * fails   ERR_DENIED when a known key's signature does not verify, or no known key signed; ERR_INVALID when two of
 *         `keys` have the same name and id.
 */
struct err ledger_note_verify(const struct ledger_note *note, const struct ledger_vkey *keys, size_t key_count,
			      struct ledger_note_verified *ret_verified) MUST_USE;

/* Who signs. Wiped by ledger_signer_wipe. */
struct ledger_signer {
	struct ledger_vkey key;
	uint8_t secret_key[LEDGER_SECRET_KEY_SIZE];
};

/* needs   a 32-byte Ed25519 seed.
 * fails   as ledger_vkey_make.
 */
struct err ledger_signer_make(struct span name, enum ledger_key_type type, const uint8_t seed[32],
			      struct ledger_signer *ret_signer) MUST_USE;
void ledger_signer_wipe(struct ledger_signer *signer);

/* Write a note with one signature: the text, an empty line, the line.
 *
 * needs   text as the format asks, ending in a newline; a signer of type LEDGER_KEY_ED25519.
 * fails   ERR_INVALID for a text that is no note's; ERR_TOO_LARGE when the sink is full.
 */
struct err ledger_note_sign(struct sink *s, struct span text, const struct ledger_signer *signer) MUST_USE;

/* Write one more signature line, to be put behind a note: of either type; `time_s` is for a cosigner. */
void ledger_note_sign_line(struct sink *s, struct span text, const struct ledger_signer *signer, uint64_t time_s);

#endif
