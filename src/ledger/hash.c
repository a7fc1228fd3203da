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

/* A node's message is always 65 bytes, so its padding is known: two whole blocks go in at once and the state is read
 * off, which saves the buffering that is a quarter of the time.
 */
enum { NODE_MESSAGE_SIZE = 1 + 2 * LEDGER_HASH_SIZE, NODE_BLOCKS_SIZE = 2 * SHA256_CBLOCK };

static void write_node(uint8_t blocks[NODE_BLOCKS_SIZE], const struct ledger_hash *left,
		       const struct ledger_hash *right)
{
	blocks[0] = 0x01;
	memcpy(blocks + 1, left->bytes, LEDGER_HASH_SIZE);
	memcpy(blocks + 1 + LEDGER_HASH_SIZE, right->bytes, LEDGER_HASH_SIZE);
	memset(blocks + NODE_MESSAGE_SIZE, 0, NODE_BLOCKS_SIZE - NODE_MESSAGE_SIZE);
	blocks[NODE_MESSAGE_SIZE] = 0x80;
	blocks[NODE_BLOCKS_SIZE - 2] = (uint8_t)(NODE_MESSAGE_SIZE * 8 >> 8);
	blocks[NODE_BLOCKS_SIZE - 1] = (uint8_t)(NODE_MESSAGE_SIZE * 8);
}

static void hash_blocks(const uint8_t blocks[NODE_BLOCKS_SIZE], struct ledger_hash *ret_hash)
{
	SHA256_CTX context;
	(void)SHA256_Init(&context);
	(void)SHA256_Update(&context, blocks, NODE_BLOCKS_SIZE);
	for (size_t i = 0; i < LEDGER_HASH_SIZE / 4; i++) {
		uint32_t word = htobe32(context.h[i]);
		memcpy(ret_hash->bytes + 4 * i, &word, sizeof word);
	}
}

struct ledger_hash ledger_hash_node(const struct ledger_hash *left, const struct ledger_hash *right)
{
	uint8_t blocks[NODE_BLOCKS_SIZE];
	struct ledger_hash hash;
	write_node(blocks, left, right);
	hash_blocks(blocks, &hash);
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

enum { NODES_AT_ONCE = 8 };

struct ledger_hash ledger_hash_row(struct ledger_hash *hashes, size_t count)
{
	REQUIRE(count > 0);
	/* Level by level; an odd one at the end moves up as it is, which is what RFC 6962's split makes of it. */
	while (count > 1) {
		size_t pairs = count / 2;
		/* A few messages are written before the first of them is hashed: a processor that reads what it has
		 * only just written waits for it.
		 */
		for (size_t i = 0; i < pairs; i += NODES_AT_ONCE) {
			uint8_t blocks[NODES_AT_ONCE][NODE_BLOCKS_SIZE];
			size_t some = pairs - i < NODES_AT_ONCE ? pairs - i : NODES_AT_ONCE;
			for (size_t k = 0; k < some; k++)
				write_node(blocks[k], &hashes[2 * (i + k)], &hashes[2 * (i + k) + 1]);
			for (size_t k = 0; k < some; k++)
				hash_blocks(blocks[k], &hashes[i + k]);
		}
		if (count % 2 == 1)
			hashes[pairs] = hashes[count - 1];
		count = pairs + count % 2;
	}
	return hashes[0];
}
