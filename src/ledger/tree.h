/* ledger/tree.h - inclusion and consistency proofs of an RFC 6962 tree: making them, and checking them.
 *
 * Making needs a source of the hashes of complete subtrees; checking needs nothing but bytes. Knows no storage, no text
 * form and no signatures.
 */
#ifndef LEGATION_LEDGER_TREE_H
#define LEGATION_LEDGER_TREE_H

#include "ledger/hash.h"

enum { LEDGER_PROOF_HASHES_MAX = LEDGER_LEVELS_MAX + 1 };

#define LEDGER_SIZE_MAX (UINT64_C(1) << 53) /* entries: numbers stay exact in a browser */

/* Where hashes come from: the root of the complete subtree of 2^level leaves that starts at leaf index << level. */
struct ledger_source {
	struct err (*hash)(void *context, unsigned level, uint64_t index, struct ledger_hash *ret_hash);
	void *context;
};

struct ledger_path {
	size_t count;
	struct ledger_hash hashes[LEDGER_PROOF_HASHES_MAX];
};

/* needs   size at most what the source holds, LEDGER_SIZE_MAX at most.
 * fails   as the source does.
 */
struct err ledger_tree_root(const struct ledger_source *source, uint64_t size, struct ledger_hash *ret_root) MUST_USE;

/* The siblings of leaf `index` on the way to the root of the first `size` leaves, bottom first.
 *
 * fails   ERR_NOT_FOUND when index >= size; as the source does.
 */
struct err ledger_tree_inclusion(const struct ledger_source *source, uint64_t index, uint64_t size,
				 struct ledger_path *ret_path) MUST_USE;

/* The hashes that lead from the root of the first `old_size` leaves to that of the first `size`.
 *
 * fails   ERR_INVALID when old_size is 0 or over size (what size 0 means is for the caller to say); as the source does.
 */
struct err ledger_tree_consistency(const struct ledger_source *source, uint64_t old_size, uint64_t size,
				   struct ledger_path *ret_path) MUST_USE;

/* Is the leaf at `index` in the tree with this size and root?
 *
 * fails   ERR_INVALID when a hash is not of 32 bytes, the path has another length than index and size ask for, index is
 *         not under size, or the computed root is another.
 */
struct err ledger_tree_check_inclusion(uint64_t index, uint64_t size, struct span leaf, const struct span *path,
				       size_t path_count, struct span root) MUST_USE;

/* Does the tree with `size` and `root` start with all that the one with old_size and old_root held?
 *
 * fails   ERR_INVALID as above, and for old_size 0 (anything follows from nothing; the protocol above decides what that
 *         means) and old_size over size. Equal sizes need an empty path and equal roots.
 */
struct err ledger_tree_check_consistency(uint64_t old_size, uint64_t size, struct span old_root,
					 const struct span *path, size_t path_count, struct span root) MUST_USE;

/* A path's hashes as spans, for the two checks. gives the count. */
size_t ledger_path_spans(const struct ledger_path *path, struct span spans[LEDGER_PROOF_HASHES_MAX]);

#endif
