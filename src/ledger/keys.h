/* ledger/keys.h - the root key, and everything that it wraps.
 *
 * The root key is 32 bytes in a file of its own, outside the database, that only core can read. It wraps the ledger's
 * signing key, reader keys, the PIN pepper and the keys of sealed parts: XChaCha20-Poly1305, bound to what the key is
 * for and whose it is, so that a wrapped key moved to another place does not open. The recovery key is a pair: its
 * public half stays here and backups are sealed to it, its secret half is shown once and kept by people.
 */
#ifndef LEGATION_LEDGER_KEYS_H
#define LEGATION_LEDGER_KEYS_H

#include "ledger/note.h"
#include "store/store.h"

enum {
	KEYS_ROOT_SIZE = 32,
	KEYS_WRAP_OVERHEAD = 24 + 16, /* nonce and tag */
	KEYS_PLAIN_SIZE_MAX = 256,    /* bytes of one wrapped secret */
	KEYS_PURPOSE_SIZE_MAX = 32,
	KEYS_RECOVERY_SIZE = 32,                  /* either half */
	KEYS_RECOVERY_TEXT_SIZE = 8 * 8 + 15 + 1, /* 16 groups of 4 hex digits with dashes, and a NUL */
};

struct keys_root {
	uint8_t bytes[KEYS_ROOT_SIZE];
};

/* Make a root key file (mode 0400), flushed with its directory.
 * fails   ERR_EXISTS rather than overwrite one; ERR_DENIED, ERR_FULL, ERR_IO.
 */
struct err keys_root_make(const char *path, struct keys_root *ret_root) MUST_USE;

/* Write one that is known already, in the same way: a restore. */
struct err keys_root_write(const char *path, const struct keys_root *root) MUST_USE;

/* fails   ERR_NOT_FOUND, ERR_DENIED; ERR_INVALID when the file has another size, or others than its owner may read
 *         it.
 */
struct err keys_root_load(const char *path, struct keys_root *ret_root) MUST_USE;
void keys_root_wipe(struct keys_root *root);

/* Wrap a secret: nonce, ciphertext, tag.
 *
 * needs   purpose: a short word of ours ("scbk", "pepper", "subject"); id: whose ("reader 7" is 7; 0 when there is
 *         one).
 * gives   plain.size + KEYS_WRAP_OVERHEAD bytes in the sink.
 */
void keys_wrap(const struct keys_root *root, const char *purpose, uint64_t id, struct span plain, struct sink *s);

/* Open what keys_wrap made.
 *
 * gives   wrapped.size - KEYS_WRAP_OVERHEAD bytes at ret_plain; the caller wipes them.
 * fails   ERR_CORRUPT when it does not open: altered, another root, another purpose or id; or is not of `plain_size`.
 */
struct err keys_unwrap(const struct keys_root *root, const char *purpose, uint64_t id, struct span wrapped,
		       uint8_t *ret_plain, size_t plain_size) MUST_USE;

/* ---- the table `key`: one row for each key that the post as a whole has ---- */

/* Make the ledger's signing key and the recovery pair, in the running transaction.
 *
 * needs   name: the origin, "legation.invalid/BRN".
 * gives   the recovery secret, to be shown once and wiped: a backup cannot be opened without it.
 * fails   ERR_EXISTS when there are keys already; ERR_INVALID for the name.
 */
struct err keys_make(struct store *store, const struct keys_root *root, struct span name,
		     uint8_t ret_recovery_secret[KEYS_RECOVERY_SIZE]) MUST_USE;

/* Sign under a new origin and with a new key from now on, in the running transaction: what a restored ledger does.
 * The old key's public half stays in the table.
 */
struct err keys_renew(struct store *store, const struct keys_root *root, struct span name) MUST_USE;

/* The ledger's signer.
 * fails   ERR_NOT_FOUND; ERR_CORRUPT when it does not open or its public half is not the stored one.
 */
struct err keys_signer(struct store *store, const struct keys_root *root, struct ledger_signer *ret_signer) MUST_USE;

/* The public half, which a reader without the root key may know. */
struct err keys_vkey(struct store *store, struct ledger_vkey *ret_key) MUST_USE;
struct err keys_recovery_public(struct store *store, uint8_t ret_public[KEYS_RECOVERY_SIZE]) MUST_USE;

/* Any other secret of the post's own (the PIN pepper): made when it is not there yet.
 * needs   a name of its own, at most KEYS_PURPOSE_SIZE_MAX bytes; size at most KEYS_PLAIN_SIZE_MAX; a transaction
 *         that may write, when it may have to be made.
 */
struct err keys_secret(struct store *store, const struct keys_root *root, const char *name, uint8_t *ret_secret,
		       size_t size) MUST_USE;

/* Does every row of the table open under the root key and hold what belongs to it?
 * fails   ERR_CORRUPT, naming the row.
 */
struct err keys_check(struct store *store, const struct keys_root *root) MUST_USE;

/* The same, brought from elsewhere: a reader's key from the bench. Replaces what was there. */
struct err keys_secret_put(struct store *store, const struct keys_root *root, const char *name,
			   struct span secret) MUST_USE;

/* Forget one. Nothing happens when there is none of that name. */
struct err keys_secret_drop(struct store *store, const char *name) MUST_USE;

/* fails   ERR_NOT_FOUND when there is none of that name; nothing is made. */
struct err keys_secret_load(struct store *store, const struct keys_root *root, const char *name, uint8_t *ret_secret,
			    size_t size) MUST_USE;

/* The recovery secret as people copy it: "3f9a-...", and back. Reading forgives spaces, capitals and missing dashes. */
void keys_recovery_write(const uint8_t secret[KEYS_RECOVERY_SIZE], char ret_text[KEYS_RECOVERY_TEXT_SIZE]);
struct err keys_recovery_read(struct span text, uint8_t ret_secret[KEYS_RECOVERY_SIZE]) MUST_USE;

#endif
