/* ledger/hash.h - the two hashes of RFC 6962 and a tree that only grows.
 *
 * leaf = SHA-256(0x00 || data), node = SHA-256(0x01 || left || right), the empty tree = SHA-256(""). Knows no entries
 * and no storage.
 */
#ifndef LEGATION_LEDGER_HASH_H
#define LEGATION_LEDGER_HASH_H

#include "base/span.h"

enum { LEDGER_HASH_SIZE = 32, LEDGER_LEVELS_MAX = 63 };

struct ledger_hash {
	uint8_t bytes[LEDGER_HASH_SIZE];
};

struct ledger_hash ledger_hash_leaf(struct span data);
struct ledger_hash ledger_hash_node(const struct ledger_hash *left, const struct ledger_hash *right);
struct ledger_hash ledger_hash_bytes(struct span bytes); /* plain SHA-256 */
bool ledger_hash_equal(const struct ledger_hash *a, const struct ledger_hash *b);
struct span ledger_hash_span(const struct ledger_hash *hash);

/* The complete subtrees along the right edge: all that appending needs. node[k] is the root of 2^k leaves and means
 * something exactly when bit k of `size` is set. All zero is the empty tree.
 */
struct ledger_frontier {
	uint64_t size;
	struct ledger_hash node[LEDGER_LEVELS_MAX];
};

void ledger_frontier_push(struct ledger_frontier *frontier, const struct ledger_hash *leaf);
struct ledger_hash ledger_frontier_root(const struct ledger_frontier *frontier);

/* The root of a complete subtree, or of any row of hashes that stand side by side in a tree.
 * needs   count > 0; `hashes` is used as working space.
 */
struct ledger_hash ledger_hash_row(struct ledger_hash *hashes, size_t count);

#endif
