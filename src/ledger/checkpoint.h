/* ledger/checkpoint.h - the C2SP tlog-checkpoint: origin, size and root of a tree as the text of a signed note. */
#ifndef LEGATION_LEDGER_CHECKPOINT_H
#define LEGATION_LEDGER_CHECKPOINT_H

#include "ledger/hash.h"
#include "ledger/note.h"

enum {
	LEDGER_CHECKPOINT_TEXT_SIZE_MAX = LEDGER_KEY_NAME_SIZE_MAX + 1 + 20 + 1 + 44 + 1, /* as we write it */
	LEDGER_CHECKPOINT_SIZE_MAX = 1024, /* our own note: text and one signature line */
};

struct ledger_checkpoint {
	struct span origin;
	uint64_t size;
	struct ledger_hash root;
	struct span extensions; /* further lines, each with its newline; we write none */
};

/* fails   ERR_INVALID. Spans point into `text`. */
struct err ledger_checkpoint_read(struct span text, struct ledger_checkpoint *ret_checkpoint) MUST_USE;
void ledger_checkpoint_write(struct sink *s, const struct ledger_checkpoint *checkpoint);

/* Read a note, verify it with `keys`, and read the checkpoint in it. The origin must be the name of one of the keys
 * that signed with LEDGER_KEY_ED25519: a witness alone does not make a checkpoint.
 *
 * gives   the checkpoint; ret_verified (may be NULL) says who signed.
 * fails   ERR_INVALID, ERR_TOO_LARGE for its form; ERR_DENIED when it is not signed so.
 */
struct err ledger_checkpoint_open(struct span note, const struct ledger_vkey *keys, size_t key_count,
				  struct ledger_checkpoint *ret_checkpoint,
				  struct ledger_note_verified *ret_verified) MUST_USE;

/* Write and sign: a whole note. The origin is the signer's name.
 * fails   ERR_TOO_LARGE when the sink is full.
 */
struct err ledger_checkpoint_sign(struct sink *s, uint64_t size, const struct ledger_hash *root,
				  const struct ledger_signer *signer) MUST_USE;

#endif
