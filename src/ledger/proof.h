/* ledger/proof.h - the C2SP tlog-proof: one entry's place in a checkpointed tree, as a text file of its own.
 *
 * Our `extra` line carries the entry's exact bytes. It proves nothing by itself: its hash must be the leaf, and an
 * entry that is given beside the file wins.
 */
#ifndef LEGATION_LEDGER_PROOF_H
#define LEGATION_LEDGER_PROOF_H

#include "ledger/checkpoint.h"
#include "ledger/entry.h"
#include "ledger/tree.h"

enum {
	LEDGER_PROOF_EXTRA_SIZE_MAX = LEDGER_ENTRY_SIZE_MAX, /* bytes, decoded */
	LEDGER_PROOF_SIZE_MAX = LEDGER_PROOF_EXTRA_SIZE_MAX / 3 * 4 + LEDGER_NOTE_SIZE_MAX + 8 * 1024,
};

struct ledger_proof {
	bool has_extra;
	struct span extra_base64;
	uint64_t index;
	struct ledger_path path;
	struct span note; /* the checkpoint, verbatim */
};

/* fails   ERR_INVALID, ERR_TOO_LARGE. Spans point into `text`. The note's own form is ledger_checkpoint_open's to
 *         check.
 */
struct err ledger_proof_read(struct span text, struct ledger_proof *ret_proof) MUST_USE;
void ledger_proof_write(struct sink *s, const struct ledger_proof *proof);

/* The same from an entry's bytes, which become `extra` (none when `entry` is empty). */
void ledger_proof_write_entry(struct sink *s, struct span entry, uint64_t index, const struct ledger_path *path,
			      struct span note);

/* Decode the extra bytes into `room`.
 * fails   ERR_NOT_FOUND when there is no extra line; ERR_TOO_LARGE.
 */
struct err ledger_proof_extra(const struct ledger_proof *proof, struct sink *room) MUST_USE;

/* Check the whole: the checkpoint's signature, and that this entry is at proof->index in its tree.
 *
 * needs   entry: its bytes, from a file or from ledger_proof_extra.
 * gives   the checkpoint it was checked against.
 * fails   ERR_DENIED for the signature, ERR_INVALID for the rest; the sentence says which.
 */
struct err ledger_proof_check(const struct ledger_proof *proof, struct span entry, const struct ledger_vkey *keys,
			      size_t key_count, struct ledger_checkpoint *ret_checkpoint) MUST_USE;

#endif
