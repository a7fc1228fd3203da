/* cmd/against.h - a ledger against a checkpoint that somebody kept, also across a restore.
 *
 * A restored post signs under a new key and origin, so a checkpoint from before is by now a former key's. The
 * ledger itself tells the way: its first entry names the first key, and each restore's entry cites the checkpoint
 * it started from and names the next. What was lost between that checkpoint and the restore is named as the
 * rollback that it is.
 */
#ifndef LEGATION_CMD_AGAINST_H
#define LEGATION_CMD_AGAINST_H

#include "ledger/verify.h"

enum { AGAINST_RESTORES_MAX = 256 };

struct against {
	struct ledger_comparison comparison;
	bool restored;        /* there is a restore between the checkpoint and now */
	uint64_t restored_at; /* the entry that says so */
};

/* Compare the ledger with an older checkpoint of it, as ledger_against does, and past restores.
 *
 * needs   no transaction on the store. keys: whom to believe; none: the key stored in the database and those that the
 *         ledger's own entries name.
 * fails   as ledger_against.
 */
struct err against_compare(struct store *store, struct span note, const struct ledger_vkey *keys, size_t key_count,
			   struct against *ret_against) MUST_USE;

#endif
