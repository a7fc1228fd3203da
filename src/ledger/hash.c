/* OpenSSL calls these functions deprecated in favour of EVP, whose fetch, context and dispatch cost more than hashing a
 * line of ours does. They are part of every OpenSSL 3 and use the same machine code.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "ledger/hash.h"

#include <endian.h>
#include <openssl/sha.h>

struct ledger_hash ledger_hash_bytes(struct span bytes)
{
	struct ledger_hash hash;
	SHA256_CTX context;
	(void)SHA256_Init(&context);
	(void)SHA256_Update(&context, bytes.at, bytes.size);
	(void)SHA256_Final(hash.bytes, &context);
	return hash;
}

struct ledger_hash ledger_hash_leaf(struct span data)
{
	static const uint8_t prefix = 0x00;
	struct ledger_hash hash;
	SHA256_CTX context;
	(void)SHA256_Init(&context);
	(void)SHA256_Update(&context, &prefix, 1);
	(void)SHA256_Update(&context, data.at, data.size);
	(void)SHA256_Final(hash.bytes, &context);
	return hash;
}

/* A node's message is always 65 bytes, so its padding is known: two whole blocks go in at once and the state is read off,
 * which saves the buffering that is a quarter of the time.
 */
struct ledger_hash ledger_hash_node(const struct ledger_hash *left, const struct ledger_hash *right)
{
	enum { MESSAGE_SIZE = 1 + 2 * LEDGER_HASH_SIZE };
	uint8_t blocks[2 * SHA256_CBLOCK] = {[0] = 0x01, [MESSAGE_SIZE] = 0x80};
	struct ledger_hash hash;
	SHA256_CTX context;
	memcpy(blocks + 1, left->bytes, LEDGER_HASH_SIZE);
	memcpy(blocks + 1 + LEDGER_HASH_SIZE, right->bytes, LEDGER_HASH_SIZE);
	blocks[sizeof blocks - 2] = (uint8_t)(MESSAGE_SIZE * 8 >> 8);
	blocks[sizeof blocks - 1] = (uint8_t)(MESSAGE_SIZE * 8);
	(void)SHA256_Init(&context);
	(void)SHA256_Update(&context, blocks, sizeof blocks);
	for (size_t i = 0; i < LEDGER_HASH_SIZE / 4; i++) {
		uint32_t word = htobe32(context.h[i]);
		memcpy(hash.bytes + 4 * i, &word, sizeof word);
	}
	return hash;
}

bool ledger_hash_equal(const struct ledger_hash *a, const struct ledger_hash *b)
{
	return memcmp(a->bytes, b->bytes, LEDGER_HASH_SIZE) == 0;
}

struct span ledger_hash_span(const struct ledger_hash *hash)
{
	return (struct span){hash->bytes, LEDGER_HASH_SIZE};
}

void ledger_frontier_push(struct ledger_frontier *frontier, const struct ledger_hash *leaf)
{
	struct ledger_hash hash = *leaf;
	unsigned level = 0;
	for (; frontier->size >> level & 1; level++)
		hash = ledger_hash_node(&frontier->node[level], &hash);
	REQUIRE(level < LEDGER_LEVELS_MAX);
	frontier->node[level] = hash;
	frontier->size++;
}

struct ledger_hash ledger_frontier_root(const struct ledger_frontier *frontier)
{
	if (frontier->size == 0)
		return ledger_hash_bytes((struct span){0});
	unsigned level = 0;
	while (!(frontier->size >> level & 1))
		level++;
	struct ledger_hash root = frontier->node[level];
	for (level++; level < LEDGER_LEVELS_MAX; level++)
		if (frontier->size >> level & 1)
			root = ledger_hash_node(&frontier->node[level], &root);
	return root;
}

struct ledger_hash ledger_hash_row(struct ledger_hash *hashes, size_t count)
{
	REQUIRE(count > 0);
	/* Level by level; an odd one at the end moves up as it is, which is what RFC 6962's split makes of it. */
	while (count > 1) {
		size_t above = 0;
		for (size_t i = 0; i + 1 < count; i += 2)
			hashes[above++] = ledger_hash_node(&hashes[i], &hashes[i + 1]);
		if (count % 2 == 1)
			hashes[above++] = hashes[count - 1];
		count = above;
	}
	return hashes[0];
}
