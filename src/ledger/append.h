/* ledger/append.h - the writer's hand on the ledger.
 *
 * Stop 5 of 5 on the swipe tour: worker/osdp/reader.c > access/swipe.c > access/facts.c > access/decision.c > [here]
 *
 * Within one transaction of the store: any number of ledger_append, then one ledger_sign, then the caller commits,
 * and only then may anything be released. It knows neither what entries mean nor who waits for them.
 */
#ifndef LEGATION_LEDGER_APPEND_H
#define LEGATION_LEDGER_APPEND_H

#include "ledger/checkpoint.h"
#include "ledger/sealed.h"

struct ledger;

struct ledger_options {
	struct span post; /* "BRN" */
	const struct keys_root *root;
};

/* Make the ledger's tables and keys in an empty database, in one transaction of its own.
 *
 * needs   origin: "legation.invalid/BRN", or what the post configures.
 * gives   the recovery secret, to be shown once and wiped.
 * fails   ERR_EXISTS when there is a ledger.
 */
struct err ledger_create(struct store *store, const struct keys_root *root, struct span origin,
			 uint8_t ret_recovery_secret[KEYS_RECOVERY_SIZE]) MUST_USE;

/* Is there a ledger in this database? A crash at the founding may leave a database without one. */
struct err ledger_exists(struct store *store, bool *ret_exists) MUST_USE;

/* Open for writing, after checking that the ledger ends where and how its checkpoint says: the signature verifies
 * under the ledger's key; the root computed from the tiles and the last lines is the one signed; the entries end at
 * its size. (Every line inside is ledger_verify's work.)
 *
 * needs   the store outlives it, STORE_WRITE.
 * owns    the caller, until ledger_close.
 * fails   ERR_CORRUPT, naming the check that failed and the seq; ERR_NOT_FOUND when there is no ledger.
 */
struct err ledger_open(struct store *store, const struct ledger_options *options, struct ledger **ret_ledger) MUST_USE;
struct ledger *ledger_close(struct ledger *ledger); /* gives NULL; keys are wiped */
void ledger_free_at(struct ledger **ledger);

/* Give a restored ledger a new origin and a new signing key, in one transaction of its own: the same entries, signed
 * anew. The first entry appended after it should cite the old checkpoint, whose signature stays checkable: the old
 * key's public half is kept.
 *
 * needs   no open struct ledger on this store.
 * fails   ERR_CORRUPT when the old checkpoint does not verify under the old key.
 */
struct err ledger_renew(struct store *store, const struct keys_root *root, struct span origin) MUST_USE;

/* What to append. */
struct ledger_draft {
	const char *type;  /* "access.granted" */
	const char *actor; /* "reader/7" */
	uint64_t time_us;  /* one that lies before the last entry's is raised to that: entry time never goes back */
	bool has_cause;
	uint64_t cause; /* must exist */
	const struct shape *shape;
	const void *value;
	/* Whose key seals the sealed members, if any is set: */
	bool subject_is_self; /* the object that this entry makes */
	uint64_t subject;     /* else this one */
};

struct ledger_appended {
	uint64_t seq;
	uint64_t time_us;
	struct span line; /* as stored, until the next ledger_append */
};

/* Append one entry to the running transaction.
 *
 * fails   ERR_INVALID, ERR_TOO_LARGE: the draft breaks a bound of its table, or its cause does not exist; nothing was
 *         written. ERR_NOT_FOUND: its subject was erased; nothing was written. Anything else is the store's, and then
 *         only ledger_reload makes the ledger usable again; until then all here fails with ERR_CLOSED.
 */
struct err ledger_append(struct ledger *ledger, const struct ledger_draft *draft,
			 struct ledger_appended *ret_appended) MUST_USE;

/* Sign what has been appended, and put the checkpoint into the running transaction. Nothing to do when nothing was.
 * fails   as ledger_append's last kind.
 */
struct err ledger_sign(struct ledger *ledger) MUST_USE;

/* Come back from what is durable, after store_rollback: the same checks as ledger_open. */
struct err ledger_reload(struct ledger *ledger) MUST_USE;

uint64_t ledger_size(const struct ledger *ledger);          /* entries, those of the running transaction included */
uint64_t ledger_last_time_us(const struct ledger *ledger);  /* 0 when empty */
struct span ledger_checkpoint(const struct ledger *ledger); /* the last signed note; empty before the first */
const struct ledger_vkey *ledger_vkey(const struct ledger *ledger);
struct ledger_vault *ledger_vault(struct ledger *ledger);

#endif
