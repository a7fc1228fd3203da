#include "ledger/tree.h"

/* ---- making ---- */

/* The root of the leaves [start, end), which begin at a multiple of the largest power of two that fits into them: one
 * complete subtree for each bit of their number, joined from the right.
 */
static struct err range_root(const struct ledger_source *source, uint64_t start, uint64_t end,
			     struct ledger_hash *ret_root)
{
	struct ledger_hash parts[LEDGER_LEVELS_MAX];
	size_t count = 0;
	REQUIRE(start < end);
	for (uint64_t at = start; at < end;) {
		unsigned level = 63u - (unsigned)__builtin_clzll(end - at);
		TRY(source->hash(source->context, level, at >> level, &parts[count++]));
		at += UINT64_C(1) << level;
	}
	struct ledger_hash root = parts[--count];
	while (count > 0)
		root = ledger_hash_node(&parts[--count], &root);
	*ret_root = root;
	return OK;
}

struct err ledger_tree_root(const struct ledger_source *source, uint64_t size, struct ledger_hash *ret_root)
{
	REQUIRE(size <= LEDGER_SIZE_MAX);
	if (size == 0) {
		*ret_root = ledger_hash_bytes((struct span){0});
		return OK;
	}
	return range_root(source, 0, size, ret_root);
}

/* Where RFC 6962 splits n > 1 leaves: the largest power of two below n. */
static uint64_t split_of(uint64_t n)
{
	return UINT64_C(1) << (63u - (unsigned)__builtin_clzll(n - 1));
}

static void turn_around(struct ledger_path *path)
{
	for (size_t i = 0, k = path->count; i + 1 < k; i++) {
		k--;
		struct ledger_hash kept = path->hashes[i];
		path->hashes[i] = path->hashes[k];
		path->hashes[k] = kept;
	}
}

struct err ledger_tree_inclusion(const struct ledger_source *source, uint64_t index, uint64_t size,
				 struct ledger_path *ret_path)
{
	REQUIRE(size <= LEDGER_SIZE_MAX);
	if (index >= size)
		return FAIL(ERR_NOT_FOUND, "entry %llu: the tree has %llu", (unsigned long long)index,
			    (unsigned long long)size);
	struct ledger_path path = {0};
	/* From the root down, taking the sibling at each split; the format wants them from the leaf up. */
	for (uint64_t start = 0, end = size; end - start > 1;) {
		uint64_t middle = start + split_of(end - start);
		ENSURE(path.count < LEDGER_PROOF_HASHES_MAX);
		struct ledger_hash *sibling = &path.hashes[path.count++];
		if (index < middle) {
			TRY(range_root(source, middle, end, sibling));
			end = middle;
		} else {
			TRY(range_root(source, start, middle, sibling));
			start = middle;
		}
	}
	turn_around(&path);
	*ret_path = path;
	return OK;
}

struct err ledger_tree_consistency(const struct ledger_source *source, uint64_t old_size, uint64_t size,
				   struct ledger_path *ret_path)
{
	REQUIRE(size <= LEDGER_SIZE_MAX);
	if (old_size == 0 || old_size > size)
		return FAIL(ERR_INVALID, "no consistency proof from %llu to %llu entries", (unsigned long long)old_size,
			    (unsigned long long)size);
	struct ledger_path path = {0};
	uint64_t start = 0;
	uint64_t end = size;
	/* SUBPROOF of RFC 6962, 2.1.2, walked down: until the old tree's end is a subtree's end. */
	while (old_size < end) {
		uint64_t middle = start + split_of(end - start);
		ENSURE(path.count < LEDGER_PROOF_HASHES_MAX);
		struct ledger_hash *other = &path.hashes[path.count++];
		if (old_size <= middle) {
			TRY(range_root(source, middle, end, other));
			end = middle;
		} else {
			TRY(range_root(source, start, middle, other));
			start = middle;
		}
	}
	if (start > 0) { /* else that subtree is the whole old tree, whose root the verifier has */
		ENSURE(path.count < LEDGER_PROOF_HASHES_MAX);
		TRY(range_root(source, start, end, &path.hashes[path.count++]));
	}
	turn_around(&path);
	*ret_path = path;
	return OK;
}

/* ---- checking: RFC 9162, 2.1.3.2 and 2.1.4.2 ---- */

static struct err hash_of_span(struct span bytes, struct ledger_hash *ret_hash)
{
	if (bytes.size != LEDGER_HASH_SIZE)
		return FAIL(ERR_INVALID, "a hash of %zu bytes", bytes.size);
	memcpy(ret_hash->bytes, bytes.at, LEDGER_HASH_SIZE);
	return OK;
}

static struct err hashes_of_spans(const struct span *spans, size_t count, struct ledger_path *ret_path)
{
	if (count > LEDGER_PROOF_HASHES_MAX)
		return FAIL(ERR_INVALID, "a proof of %zu hashes", count);
	ret_path->count = count;
	for (size_t i = 0; i < count; i++)
		TRY(hash_of_span(spans[i], &ret_path->hashes[i]));
	return OK;
}

static struct err wrong_length(void)
{
	return FAIL(ERR_INVALID, "the proof has not the number of hashes that index and size ask for");
}

struct err ledger_tree_check_inclusion(uint64_t index, uint64_t size, struct span leaf, const struct span *path,
				       size_t path_count, struct span root)
{
	struct ledger_hash computed;
	struct ledger_hash expected;
	struct ledger_path proof;
	TRY(hash_of_span(leaf, &computed));
	TRY(hash_of_span(root, &expected));
	TRY(hashes_of_spans(path, path_count, &proof));
	if (index >= size)
		return FAIL(ERR_INVALID, "entry %llu is not in a tree of %llu", (unsigned long long)index,
			    (unsigned long long)size);
	uint64_t at = index;
	uint64_t last = size - 1;
	for (size_t i = 0; i < proof.count; i++) {
		if (last == 0)
			return wrong_length();
		if (at % 2 == 1 || at == last) {
			computed = ledger_hash_node(&proof.hashes[i], &computed);
			for (; at % 2 == 0 && at != 0; at /= 2)
				last /= 2;
		} else {
			computed = ledger_hash_node(&computed, &proof.hashes[i]);
		}
		at /= 2;
		last /= 2;
	}
	if (last != 0)
		return wrong_length();
	if (!ledger_hash_equal(&computed, &expected))
		return FAIL(ERR_INVALID, "the proof leads to another root");
	return OK;
}

/* Walk both trees at once: the hashes left of the old tree's edge count for both, those right of it for the new one. */
static struct err climb(uint64_t old_size, uint64_t size, struct ledger_path *proof, struct ledger_hash *old_computed,
			struct ledger_hash *computed)
{
	uint64_t at = old_size - 1;
	uint64_t last = size - 1;
	for (; at % 2 == 1; at /= 2)
		last /= 2;
	*old_computed = *computed = proof->hashes[0];
	for (size_t i = 1; i < proof->count; i++) {
		if (last == 0)
			return wrong_length();
		if (at % 2 == 1 || at == last) {
			*old_computed = ledger_hash_node(&proof->hashes[i], old_computed);
			*computed = ledger_hash_node(&proof->hashes[i], computed);
			for (; at % 2 == 0 && at != 0; at /= 2)
				last /= 2;
		} else {
			*computed = ledger_hash_node(computed, &proof->hashes[i]);
		}
		at /= 2;
		last /= 2;
	}
	return last == 0 ? OK : wrong_length();
}

struct err ledger_tree_check_consistency(uint64_t old_size, uint64_t size, struct span old_root,
					 const struct span *path, size_t path_count, struct span root)
{
	struct ledger_hash old_expected;
	struct ledger_hash expected;
	struct ledger_path given;
	TRY(hash_of_span(old_root, &old_expected));
	TRY(hash_of_span(root, &expected));
	TRY(hashes_of_spans(path, path_count, &given));
	if (old_size == 0 || old_size > size)
		return FAIL(ERR_INVALID, "nothing to prove from %llu to %llu entries", (unsigned long long)old_size,
			    (unsigned long long)size);
	if (old_size == size) {
		if (path_count != 0)
			return wrong_length();
		return ledger_hash_equal(&old_expected, &expected) ? OK : FAIL(ERR_INVALID, "two roots for one size");
	}
	struct ledger_path proof = {0};
	if ((old_size & (old_size - 1)) == 0) /* a complete old tree is itself the first hash */
		proof.hashes[proof.count++] = old_expected;
	if (given.count == 0 || proof.count + given.count > LEDGER_PROOF_HASHES_MAX)
		return wrong_length();
	memcpy(&proof.hashes[proof.count], given.hashes, given.count * sizeof *given.hashes);
	proof.count += given.count;
	struct ledger_hash old_computed;
	struct ledger_hash computed;
	TRY(climb(old_size, size, &proof, &old_computed, &computed));
	if (!ledger_hash_equal(&old_computed, &old_expected))
		return FAIL(ERR_INVALID, "the proof leads to another old root");
	if (!ledger_hash_equal(&computed, &expected))
		return FAIL(ERR_INVALID, "the proof leads to another root");
	return OK;
}

size_t ledger_path_spans(const struct ledger_path *path, struct span spans[LEDGER_PROOF_HASHES_MAX])
{
	for (size_t i = 0; i < path->count; i++)
		spans[i] = ledger_hash_span(&path->hashes[i]);
	return path->count;
}
