/* RFC 6962 trees: the published vectors, every mutation of them refused, and properties over random trees. */
#include "ledger/tree.h"
#include "lib/random.h"
#include "lib/tap.h"

static const char *const inputs[8] = {
	"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const leaf_hashes[8] = {
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
	"0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
	"07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
	"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
	"4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
	"b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
	"46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
};
static const char *const roots[9] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static struct ledger_hash hash_of_hex(const char *hex)
{
	struct ledger_hash hash;
	NEED_OK(hex_read(span_of_string(hex), hash.bytes, sizeof hash.bytes), "a hash in hex");
	return hash;
}

static bool is_hash(const struct ledger_hash *hash, const char *hex)
{
	struct ledger_hash expected = hash_of_hex(hex);
	return ledger_hash_equal(hash, &expected);
}

/* ---- a tree in memory ---- */

enum { LEAVES_MAX = 5000 };

struct tree {
	size_t size;
	struct ledger_hash leaves[LEAVES_MAX];
};

static struct err tree_hash(void *context, unsigned level, uint64_t index, struct ledger_hash *ret_hash)
{
	static struct ledger_hash work[LEAVES_MAX];
	const struct tree *tree = context;
	uint64_t start = index << level;
	uint64_t count = UINT64_C(1) << level;
	NEED(start + count <= tree->size, "only complete subtrees of the tree are asked for");
	memcpy(work, &tree->leaves[start], (size_t)count * sizeof *work);
	*ret_hash = ledger_hash_row(work, (size_t)count);
	return OK;
}

static struct tree published;
static struct tree large;

static void fill_trees(void)
{
	for (size_t i = 0; i < 8; i++) {
		uint8_t data[16];
		size_t size = strlen(inputs[i]) / 2;
		NEED_OK(hex_read(span_of_string(inputs[i]), data, size), "input %zu", i);
		published.leaves[i] = ledger_hash_leaf((struct span){data, size});
		CHECK(is_hash(&published.leaves[i], leaf_hashes[i]), "leaf hash of input %zu", i);
	}
	published.size = 8;
	large.size = LEAVES_MAX;
	for (size_t i = 0; i < LEAVES_MAX; i++) {
		uint8_t data[2] = {(uint8_t)(i & 255), (uint8_t)(i >> 8)};
		large.leaves[i] = ledger_hash_leaf(SPAN_OF(data));
	}
}

static struct ledger_source source_of(struct tree *tree)
{
	return (struct ledger_source){.hash = tree_hash, .context = tree};
}

static struct ledger_hash root_of(struct tree *tree, uint64_t size)
{
	struct ledger_source source = source_of(tree);
	struct ledger_hash root;
	NEED_OK(ledger_tree_root(&source, size, &root), "a root");
	return root;
}

/* ---- vectors ---- */

static void hasher_vectors(void)
{
	struct ledger_hash leaf = ledger_hash_leaf(SPAN_TEXT("L123456"));
	CHECK(is_hash(&leaf, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"), "leaf(L123456)");
	/* node() over texts that are no hashes: SHA-256 of the prefixed bytes shows the prefix; node's own layout is
	 * shown by every root below.
	 */
	struct ledger_hash node = ledger_hash_bytes(SPAN_TEXT("\x01N123N456"));
	CHECK(is_hash(&node, "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"), "node(N123, N456)");
}

static void root_vectors(void)
{
	struct ledger_frontier frontier = {0};
	for (size_t n = 0; n <= 8; n++) {
		struct ledger_hash root = root_of(&published, n);
		struct ledger_hash grown = ledger_frontier_root(&frontier);
		CHECK(is_hash(&root, roots[n]) && is_hash(&grown, roots[n]), "root of %zu leaves", n);
		if (n < 8)
			ledger_frontier_push(&frontier, &published.leaves[n]);
	}
	static const struct {
		uint64_t size;
		const char *root;
	} large_roots[] = {
		{10, "VjWMPSYNtCuCNlF/RLnQy6HcwSk6CIipfxm+hettA+4="},
		{15, "j4SulYmocFuxdeyp12xXCIgK6PekBcxzAIj4zbQzNEI="},
		{16, "c+4Uc6BCMOZf/v3NZK1kqTUJe+bBoFtOhP+P3SayKRE="},
		{255, "SmdsuKUqiod3RX2jyF2M6JnbdE4QuTwwipfAowI4/i0="},
		{256, "qFI0t/tZ1MdOYgyPpPzHFiZVw86koScXy9q3FU5casA="},
		{4095, "cWRFdQhPcjn9WyBXE/r1f04ejxIm5lvg40DEpRBVS0w="},
		{4096, "6uU/phfHg1n/GksYT6TO9aN8EauMCCJRl3dIK0HDs2M="},
	};
	struct ledger_frontier large_frontier = {0};
	for (size_t i = 0; i < sizeof large_roots / sizeof *large_roots; i++) {
		struct ledger_hash expected;
		size_t size = 0;
		NEED_OK(base64_read(span_of_string(large_roots[i].root), expected.bytes, sizeof expected.bytes, &size),
			"a root in base64");
		while (large_frontier.size < large_roots[i].size)
			ledger_frontier_push(&large_frontier, &large.leaves[large_frontier.size]);
		struct ledger_hash root = root_of(&large, large_roots[i].size);
		struct ledger_hash grown = ledger_frontier_root(&large_frontier);
		CHECK(ledger_hash_equal(&root, &expected) && ledger_hash_equal(&grown, &expected),
		      "root of %llu leaves", (unsigned long long)large_roots[i].size);
	}
}

struct proof_vector {
	uint64_t a, b; /* index and size, or old size and size */
	size_t count;
	const char *hashes[3];
};

static const char h1[] = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
static const char h23[] = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
static const char h4567[] = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
static const char h4[] = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
static const char h67[] = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
static const char h0123[] = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
static const char h01[] = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
static const char h0[] = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
static const char h45[] = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
static const char h6[] = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f";

static const struct proof_vector inclusion_vectors[] = {
	{0, 8, 3, {h1, h23, h4567}}, {5, 8, 3, {h4, h67, h0123}},   {2, 3, 1, {h01, NULL, NULL}},
	{1, 5, 3, {h0, h23, h4}},    {0, 1, 0, {NULL, NULL, NULL}},
};
static const struct proof_vector consistency_vectors[] = {
	{1, 8, 3, {h1, h23, h4567}}, {6, 8, 3, {h45, h67, h0123}},  {2, 5, 2, {h23, h4, NULL}},
	{6, 7, 3, {h45, h6, h0123}}, {8, 8, 0, {NULL, NULL, NULL}},
};

static bool path_is(const struct ledger_path *path, const struct proof_vector *vector)
{
	bool same = path->count == vector->count;
	for (size_t i = 0; same && i < path->count; i++)
		same = is_hash(&path->hashes[i], vector->hashes[i]);
	return same;
}

/* ---- one claim, and what becomes of it when any part is changed ---- */

/* Both checks, with everything as bytes: `subject` is the leaf's hash, or the old root. */
struct claim {
	bool consistency;
	uint64_t a, b;
	uint8_t subject[64], root[64];
	size_t subject_size, root_size;
	size_t count;
	uint8_t path[LEDGER_PROOF_HASHES_MAX + 3][64];
	size_t path_size[LEDGER_PROOF_HASHES_MAX + 3];
};

static struct err check(const struct claim *claim)
{
	struct span spans[LEDGER_PROOF_HASHES_MAX + 3];
	for (size_t i = 0; i < claim->count; i++)
		spans[i] = (struct span){claim->path[i], claim->path_size[i]};
	struct span subject = {claim->subject, claim->subject_size};
	struct span root = {claim->root, claim->root_size};
	return claim->consistency
		       ? ledger_tree_check_consistency(claim->a, claim->b, subject, spans, claim->count, root)
		       : ledger_tree_check_inclusion(claim->a, claim->b, subject, spans, claim->count, root);
}

static struct claim claim_of(struct tree *tree, bool consistency, uint64_t a, uint64_t b)
{
	struct claim claim = {.consistency = consistency, .a = a, .b = b, .subject_size = 32, .root_size = 32};
	struct ledger_source source = source_of(tree);
	struct ledger_path path;
	struct ledger_hash root = root_of(tree, b);
	struct ledger_hash subject = consistency ? root_of(tree, a) : tree->leaves[a];
	NEED_OK(consistency ? ledger_tree_consistency(&source, a, b, &path)
			    : ledger_tree_inclusion(&source, a, b, &path),
		"a proof");
	memcpy(claim.subject, subject.bytes, 32);
	memcpy(claim.root, root.bytes, 32);
	claim.count = path.count;
	for (size_t i = 0; i < path.count; i++) {
		memcpy(claim.path[i], path.hashes[i].bytes, 32);
		claim.path_size[i] = 32;
	}
	return claim;
}

static size_t mutations;
static size_t accepted;

static void refuse(const struct claim *mutated, const char *what)
{
	mutations++;
	if (!failed(check(mutated))) {
		accepted++;
		printf("# accepted: %s %llu %llu: %s\n", mutated->consistency ? "consistency" : "inclusion",
		       (unsigned long long)mutated->a, (unsigned long long)mutated->b, what);
	}
}

/* A proof for one pair of numbers may be the right one for another only if the trees are the same: never here. Wrong
 * numbers that lead to the same path are refused because the length or the sides differ; where the shape of two sizes
 * is the same (the leaf's path does not show the size), RFC 9162's check cannot tell, and the signed size settles it.
 */
static bool same_shape(const struct claim *a, const struct claim *b)
{
	if (a->b == 0 || b->b == 0 || a->consistency != b->consistency || a->a != b->a)
		return false;
	/* Walk both; equal when each step takes the same side and both end together. */
	uint64_t at_a = a->consistency ? a->a - 1 : a->a, at_b = b->consistency ? b->a - 1 : b->a;
	uint64_t last_a = a->b - 1, last_b = b->b - 1;
	while (last_a > 0 || last_b > 0) {
		bool top_a = last_a == 0, top_b = last_b == 0;
		if (top_a != top_b)
			return false;
		int side_a = at_a % 2 == 1 ? 1 : at_a < last_a ? 2 : 0;
		int side_b = at_b % 2 == 1 ? 1 : at_b < last_b ? 2 : 0;
		/* a level with no sibling leaves no trace in the path */
		if (side_a == 0) {
			at_a /= 2, last_a /= 2;
			if (side_b == 0)
				at_b /= 2, last_b /= 2;
			continue;
		}
		if (side_b == 0) {
			at_b /= 2, last_b /= 2;
			continue;
		}
		if (side_a != side_b)
			return false;
		at_a /= 2, last_a /= 2, at_b /= 2, last_b /= 2;
	}
	return true;
}

static void mutate_numbers(const struct claim *good)
{
	static const uint64_t xors[] = {1, 2, 4, 128, UINT64_C(1) << 40, UINT64_MAX};
	struct claim wrong;
	for (size_t i = 0; i < sizeof xors / sizeof *xors; i++) {
		wrong = *good;
		wrong.a ^= xors[i];
		refuse(&wrong, "first number xored");
		wrong = *good;
		wrong.b ^= xors[i];
		if (!same_shape(good, &wrong))
			refuse(&wrong, "size xored");
	}
	const uint64_t others_a[] = {good->a + 1, good->a - 1, good->a * 2 + 1, good->a + good->b,
				     good->b,     0,           UINT64_MAX};
	for (size_t i = 0; i < sizeof others_a / sizeof *others_a; i++) {
		wrong = *good;
		wrong.a = others_a[i];
		if (wrong.a != good->a)
			refuse(&wrong, "another first number");
	}
	const uint64_t others_b[] = {good->b + 1, good->b - 1, good->b * 2, good->b / 2, 0, good->a, UINT64_MAX};
	for (size_t i = 0; i < sizeof others_b / sizeof *others_b; i++) {
		wrong = *good;
		wrong.b = others_b[i];
		if (wrong.b != good->b && !same_shape(good, &wrong))
			refuse(&wrong, "another size");
	}
}

static void mutate_sizes_of_hashes(const struct claim *good)
{
	static const size_t sizes[] = {0, 1, 31, 33, 64};
	struct claim wrong;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		wrong = *good;
		wrong.root_size = sizes[i];
		refuse(&wrong, "root of another length");
		wrong = *good;
		wrong.subject_size = sizes[i];
		refuse(&wrong, "leaf or old root of another length");
		wrong.root_size = sizes[i];
		refuse(&wrong, "both of another length");
		for (size_t k = 0; k < good->count; k++) {
			wrong = *good;
			wrong.path_size[k] = sizes[i];
			refuse(&wrong, "hash of another length");
		}
	}
}

static void insert_hash(struct claim *claim, size_t at, const uint8_t bytes[32])
{
	memmove(claim->path[at + 1], claim->path[at], (claim->count - at) * sizeof *claim->path);
	memcpy(claim->path[at], bytes, 32);
	for (size_t i = 0; i <= claim->count; i++)
		claim->path_size[i] = 32;
	claim->count++;
}

static void mutate_path(const struct claim *good)
{
	struct claim wrong;
	uint8_t zeroes[32] = {0};
	for (size_t i = 0; i <= good->count; i++) {
		wrong = *good;
		insert_hash(&wrong, i, zeroes);
		refuse(&wrong, "a hash too many");
		wrong = *good;
		insert_hash(&wrong, i, good->root);
		refuse(&wrong, "the root put in");
		wrong = *good;
		insert_hash(&wrong, i, good->subject);
		refuse(&wrong, "the leaf or old root put in");
	}
	for (size_t i = 0; i < good->count; i++) {
		wrong = *good;
		memmove(wrong.path[i], wrong.path[i + 1], (good->count - i) * sizeof *wrong.path);
		wrong.count--;
		refuse(&wrong, "a hash left out");
		wrong = *good;
		memcpy(wrong.path[i], good->root, 32);
		refuse(&wrong, "the root in a hash's place");
		for (unsigned bit = 0; bit < 256; bit += 37) {
			wrong = *good;
			wrong.path[i][bit / 8] ^= (uint8_t)(1u << bit % 8);
			refuse(&wrong, "a bit of a hash");
		}
		for (size_t k = i + 1; k < good->count; k++) {
			wrong = *good;
			memcpy(wrong.path[i], good->path[k], 32);
			memcpy(wrong.path[k], good->path[i], 32);
			refuse(&wrong, "two hashes exchanged");
		}
	}
	wrong = *good;
	wrong.count = LEDGER_PROOF_HASHES_MAX + 1;
	for (size_t i = 0; i < wrong.count; i++)
		wrong.path_size[i] = 32;
	refuse(&wrong, "more hashes than any proof");
	if (good->count > 0) {
		wrong = *good;
		wrong.count = 0;
		refuse(&wrong, "no hashes at all");
	}
	for (unsigned bit = 0; bit < 256; bit++) {
		wrong = *good;
		wrong.root[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refuse(&wrong, "a bit of the root");
		wrong = *good;
		wrong.subject[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refuse(&wrong, "a bit of the leaf or old root");
	}
}

static void mutate(const struct claim *good)
{
	mutate_numbers(good);
	mutate_sizes_of_hashes(good);
	mutate_path(good);
}

static void proof_vectors(void)
{
	struct ledger_source source = source_of(&published);
	struct ledger_path path;
	for (size_t i = 0; i < sizeof inclusion_vectors / sizeof *inclusion_vectors; i++) {
		const struct proof_vector *v = &inclusion_vectors[i];
		NEED_OK(ledger_tree_inclusion(&source, v->a, v->b, &path), "inclusion proof");
		struct claim claim = claim_of(&published, false, v->a, v->b);
		CHECK(path_is(&path, v), "inclusion (%d, %d) has the published hashes", (int)v->a, (int)v->b);
		CHECK_OK(check(&claim), "and is accepted");
		mutate(&claim);
	}
	for (size_t i = 0; i < sizeof consistency_vectors / sizeof *consistency_vectors; i++) {
		const struct proof_vector *v = &consistency_vectors[i];
		NEED_OK(ledger_tree_consistency(&source, v->a, v->b, &path), "consistency proof");
		struct claim claim = claim_of(&published, true, v->a, v->b);
		CHECK(path_is(&path, v), "consistency %d to %d has the published hashes", (int)v->a, (int)v->b);
		CHECK_OK(check(&claim), "and is accepted");
		mutate(&claim);
	}
	CHECK(accepted == 0, "all %zu mutations of the published proofs are refused", mutations);
}

static void edges(void)
{
	struct ledger_source source = source_of(&published);
	struct ledger_path path;
	struct claim empty = {.a = 0, .b = 0};
	CHECK_FAILS(check(&empty), ERR_INVALID, "hash of 0 bytes", "an empty leaf and an empty root are no proof");
	empty.subject_size = empty.root_size = 32;
	CHECK_FAILS(check(&empty), ERR_INVALID, "not in a tree", "nothing is in the empty tree");
	empty.consistency = true;
	CHECK_FAILS(check(&empty), ERR_INVALID, "nothing to prove", "0 to 0 is not the proof's to accept");
	CHECK_FAILS(ledger_tree_inclusion(&source, 8, 8, &path), ERR_NOT_FOUND, "the tree has 8", "index 8 of 8");
	CHECK_FAILS(ledger_tree_consistency(&source, 0, 8, &path), ERR_INVALID, "no consistency proof", "from 0");
	CHECK_FAILS(ledger_tree_consistency(&source, 8, 7, &path), ERR_INVALID, "no consistency proof", "backward");
}

static void all_small_trees(void)
{
	size_t good = 0;
	size_t wanted = 0;
	for (uint64_t size = 1; size <= 70; size++) {
		for (uint64_t a = 0; a < size; a++) {
			struct claim inclusion = claim_of(&large, false, a, size);
			struct claim consistency = claim_of(&large, true, a + 1, size);
			wanted += 2;
			good += !failed(check(&inclusion));
			good += !failed(check(&consistency));
		}
	}
	CHECK(good == wanted, "every proof of every tree up to 70 leaves verifies (%zu)", wanted);
}

static void random_trees(void)
{
	mutations = accepted = 0;
	size_t bad = 0;
	for (int i = 0; i < 300; i++) {
		uint64_t size = 2 + random_below(LEAVES_MAX - 2);
		bool consistency = i % 2 == 0;
		struct claim claim = claim_of(&large, consistency, random_below(size - 1) + 1, size);
		bad += failed(check(&claim));
		mutate(&claim);
	}
	CHECK(bad == 0, "proofs of random trees verify");
	CHECK(accepted == 0, "and none of %zu mutations does", mutations);
}

int main(void)
{
	random_start();
	fill_trees();
	hasher_vectors();
	root_vectors();
	proof_vectors();
	edges();
	all_small_trees();
	random_trees();
	return tap_finish();
}
