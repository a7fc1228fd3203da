/* ledger/sealed.h - the sealed part of an entry: personal data beside the line, bound to it by a salted hash.
 *
 * Its plaintext is {"salt":"<32 hex>",members...}; the SHA-256 of that stands in the line. It is kept encrypted under
 * its subject's key (XChaCha20-Poly1305, bound to post and seq), and the subject's key is wrapped under the root key.
 * Erasing a subject destroys that key: the hashes stay, the words are gone. The vault is who does this, and it holds
 * a few opened keys. It does not know what the members mean.
 */
#ifndef LEGATION_LEDGER_SEALED_H
#define LEGATION_LEDGER_SEALED_H

#include "base/shape.h"
#include "ledger/entry.h"
#include "ledger/keys.h"

enum {
	LEDGER_SEALED_SIZE_MAX = 64 * 1024, /* bytes of plaintext */
	LEDGER_SEALED_OVERHEAD = 24 + 16,   /* nonce and tag */
	LEDGER_VAULT_KEYS_DEFAULT = 256,    /* opened subject keys that a vault remembers */
	LEDGER_SALT_SIZE = 16,
};

struct ledger_vault;

/* needs   the store outlives it; the root key is copied. keys_max: 0 for LEDGER_VAULT_KEYS_DEFAULT, rounded up to a
 *         power of two.
 * owns    the caller, until ledger_vault_free, which wipes what it held.
 */
struct ledger_vault *ledger_vault_new(struct store *store, const struct keys_root *root, struct span post,
				      uint32_t keys_max) MUST_USE;
struct ledger_vault *ledger_vault_free(struct ledger_vault *vault);
void ledger_vault_free_at(struct ledger_vault **vault);

/* Seal the sealed members of `value` for entry `seq`, in the running transaction. The subject's key is made when this
 * is the subject's first sealed part.
 *
 * gives   ret_any: whether there is anything sealed at all; then the hash for the line.
 * fails   ERR_NOT_FOUND when the subject was erased; ERR_TOO_LARGE; as the store does.
 */
struct err ledger_seal(struct ledger_vault *vault, uint64_t seq, uint64_t subject, const struct shape *shape,
		       const void *value, bool *ret_any, struct ledger_hash *ret_hash) MUST_USE;

enum ledger_sealed_state {
	LEDGER_SEALED_NONE = 0, /* there is no box for this entry */
	LEDGER_SEALED_OPEN,
	LEDGER_SEALED_ERASED, /* its subject's key is gone */
};

/* Open the sealed part of an entry.
 *
 * needs   hash: what the line says.
 * gives   the plaintext in the arena, where the state is LEDGER_SEALED_OPEN.
 * fails   ERR_CORRUPT when the box does not open, or is not what the line's hash was made of.
 */
struct err ledger_sealed_open(struct ledger_vault *vault, uint64_t seq, const struct ledger_hash *hash,
			      struct arena *arena, enum ledger_sealed_state *ret_state,
			      struct span *ret_plain) MUST_USE;

/* The same for a box that is at hand: for whoever walks the table.
 * needs   room of LEDGER_SEALED_SIZE_MAX bytes at ret_plain.
 * fails   ERR_CORRUPT also when there is no row for the subject's key at all.
 */
struct err ledger_box_open(struct ledger_vault *vault, uint64_t seq, uint64_t subject, struct span box,
			   const struct ledger_hash *hash, uint8_t *ret_plain, enum ledger_sealed_state *ret_state,
			   size_t *ret_size) MUST_USE;

/* Put the sealed members of a plaintext into a struct whose open part has been read. */
struct err ledger_sealed_read(const struct shape *shape, struct span plain, struct arena *arena, void *value) MUST_USE;

/* Both at once, for replay: open entry's sealed part, if it has one, and read it into `value`.
 * gives   ret_erased: it had one, and its key is gone; the sealed members are empty then.
 */
struct err ledger_sealed_load(struct ledger_vault *vault, const struct ledger_entry *entry, const struct shape *shape,
			      struct arena *arena, void *value, bool *ret_erased) MUST_USE;

/* Forget the opened keys: after store_rollback, which may have unmade some. */
void ledger_vault_forget(struct ledger_vault *vault);

/* Does every subject's key open, or is it marked as erased? `bad` gets the subject of each that is neither.
 * gives   how many are erased.
 */
struct err ledger_vault_check(struct ledger_vault *vault, void (*bad)(void *context, uint64_t subject), void *context,
			      uint64_t *ret_erased) MUST_USE;

/* Destroy a subject's key, in the running transaction. Its row stays, empty, so that no new key is ever made for it.
 *
 * needs   seq: the entry that records the erasure. Afterwards, once committed, store_empty_wal: the log may still hold
 *         the key.
 * gives   whether there was a key.
 */
struct err ledger_erase(struct ledger_vault *vault, uint64_t subject, uint64_t seq, bool *ret_erased) MUST_USE;

#endif
