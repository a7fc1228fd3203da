/* tlog-proof files: written, read, checked, and every change of one refused. */
#include "ledger/proof.h"

#include "lib/random.h"
#include "lib/tap.h"

enum { ENTRIES = 600 };

static struct ledger_hash leaves[ENTRIES];
static char lines[ENTRIES][64];
static struct ledger_signer signer;

static struct err leaf_source(void *context, unsigned level, uint64_t index, struct ledger_hash *ret_hash)
{
	static struct ledger_hash work[ENTRIES];
	(void)context;
	size_t count = (size_t)1 << level;
	memcpy(work, &leaves[index << level], count * sizeof *work);
	*ret_hash = ledger_hash_row(work, count);
	return OK;
}

static const struct ledger_source source = {.hash = leaf_source};

static void make_tree(void)
{
	static const uint8_t seed[32] = {9};
	NEED_OK(ledger_signer_make(SPAN_TEXT("legation.invalid/BRN"), LEDGER_KEY_ED25519, seed, &signer), "signer");
	for (size_t i = 0; i < ENTRIES; i++) {
		(void)snprintf(lines[i], sizeof lines[i], "{\"entry\":%zu}", i);
		leaves[i] = ledger_hash_leaf(span_of_string(lines[i]));
	}
}

/* A proof file in `s`: its entry beside it as extra, or not. */
static void make_proof(struct sink *s, uint64_t index, uint64_t size, bool extra)
{
	char note[LEDGER_CHECKPOINT_SIZE_MAX];
	struct sink n = SINK_OF(note);
	struct ledger_path path;
	struct ledger_hash root;
	NEED_OK(ledger_tree_root(&source, size, &root), "root");
	NEED_OK(ledger_checkpoint_sign(&n, size, &root, &signer), "checkpoint");
	NEED_OK(ledger_tree_inclusion(&source, index, size, &path), "path");
	s->size = 0;
	ledger_proof_write_entry(s, extra ? span_of_string(lines[index]) : (struct span){0}, index, &path,
				 sink_span(&n));
	NEED(!s->failed, "the proof fits");
}

static bool accepts(struct span file, struct span entry)
{
	static uint8_t room[LEDGER_PROOF_EXTRA_SIZE_MAX];
	struct sink r = SINK_OF(room);
	struct ledger_proof proof;
	struct ledger_checkpoint checkpoint;
	if (failed(ledger_proof_read(file, &proof)))
		return false;
	if (entry.size == 0) {
		if (failed(ledger_proof_extra(&proof, &r)))
			return false;
		entry = sink_span(&r);
	}
	return !failed(ledger_proof_check(&proof, entry, &signer.key, 1, &checkpoint));
}

static void whole(void)
{
	static char bytes[8192], again[8192];
	struct sink s = SINK_OF(bytes), a = SINK_OF(again);
	struct ledger_proof proof;
	make_proof(&s, 417, ENTRIES, true);
	CHECK(accepts(sink_span(&s), (struct span){0}), "a proof is accepted by its extra line");
	CHECK(accepts(sink_span(&s), span_of_string(lines[417])), "and by the entry beside it");
	CHECK(!accepts(sink_span(&s), span_of_string(lines[418])), "an entry beside it wins over the extra line");
	NEED_OK(ledger_proof_read(sink_span(&s), &proof), "read");
	ledger_proof_write(&a, &proof);
	CHECK_SPAN(sink_span(&a), sink_span(&s), "written again, byte for byte");
	make_proof(&s, 417, ENTRIES, false);
	CHECK(!accepts(sink_span(&s), (struct span){0}), "without an extra line the entry is needed");
	CHECK(accepts(sink_span(&s), span_of_string(lines[417])), "with it, it is accepted");
	make_proof(&s, 0, 1, true);
	CHECK(accepts(sink_span(&s), (struct span){0}), "the only entry of a tree needs no hashes");
}

static void every_bit(void)
{
	static char bytes[8192];
	struct sink s = SINK_OF(bytes);
	make_proof(&s, 300, 555, true);
	size_t taken = 0;
	for (size_t i = 0; i < s.size * 8; i++) {
		bytes[i / 8] ^= (char)(1 << i % 8);
		taken += accepts(sink_span(&s), (struct span){0});
		bytes[i / 8] ^= (char)(1 << i % 8);
	}
	CHECK(taken == 0, "no flipped bit of a proof is accepted (%zu of %zu were)", taken, s.size * 8);
	taken = 0;
	for (size_t size = 0; size < s.size; size++)
		taken += accepts((struct span){(uint8_t *)bytes, size}, (struct span){0});
	CHECK(taken == 0, "nor any beginning of one");
}

static void form(void)
{
	static char bytes[8192];
	struct ledger_proof proof;
	static const char hash[] = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n";
	static const struct {
		const char *text, *words;
		enum err_code code;
	} bad[] = {
		{"", "does not start", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1", "does not start", ERR_INVALID},
		{"c2sp.org/tlog-proof@v2\nindex 0\n\nx", "does not start", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\n", "no index", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nextra AAAA", "ends before", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nindex 0", "ends before", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nindex 0\n", "ends before", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nindex 0\n\n", "no checkpoint", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nindex 00\n\nx", "decimal", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nindex -1\n\nx", "decimal", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nindex \n\nx", "decimal", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\nx", "over", ERR_TOO_LARGE},
		{"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx", "3 bytes", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nindex 0\nnope\nx", "hash 0", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nextra AAA\nindex 0\n\nx", "extra", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nextra AA==AAAA\nindex 0\n\nx", "extra", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\nx", "no index", ERR_INVALID},
		{"c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\nx", "hash 0", ERR_INVALID},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_FAILS(ledger_proof_read(span_of_string(bad[i].text), &proof), bad[i].code, bad[i].words,
			    "refused (%zu): %s", i, bad[i].words);
	struct sink s = SINK_OF(bytes);
	sink_text(&s, "c2sp.org/tlog-proof@v1\nindex 0\n");
	for (int i = 0; i < LEDGER_PROOF_HASHES_MAX + 1; i++)
		sink_text(&s, hash);
	sink_text(&s, "\nx");
	CHECK_FAILS(ledger_proof_read(sink_span(&s), &proof), ERR_TOO_LARGE, "more than", "too many hashes");
}

/* An extra line that goes on over several pieces of the check, and its bound. */
static void large_extra(void)
{
	static uint8_t entry[LEDGER_PROOF_EXTRA_SIZE_MAX + 3], room[LEDGER_PROOF_EXTRA_SIZE_MAX];
	static char bytes[LEDGER_PROOF_SIZE_MAX];
	struct ledger_path path = {0};
	struct ledger_proof proof;
	for (size_t i = 0; i < sizeof entry; i++)
		entry[i] = (uint8_t)random_u64();
	for (size_t size = LEDGER_PROOF_EXTRA_SIZE_MAX - 2; size <= LEDGER_PROOF_EXTRA_SIZE_MAX; size++) {
		struct sink s = SINK_OF(bytes), r = SINK_OF(room);
		ledger_proof_write_entry(&s, (struct span){entry, size}, 5, &path, SPAN_TEXT("x"));
		NEED_OK(sink_finish(&s, "proof"), "it fits");
		CHECK_OK(ledger_proof_read(sink_span(&s), &proof), "an entry of %zu bytes", size);
		CHECK_OK(ledger_proof_extra(&proof, &r), "comes out");
		CHECK_SPAN(sink_span(&r), ((struct span){entry, size}), "as it went in");
	}
	struct sink s = SINK_OF(bytes);
	ledger_proof_write_entry(&s, SPAN_OF(entry), 5, &path, SPAN_TEXT("x"));
	CHECK_FAILS(ledger_proof_read(sink_span(&s), &proof), ERR_TOO_LARGE, "extra", "but none over the bound");
}

int main(void)
{
	random_start();
	make_tree();
	whole();
	every_bit();
	form();
	large_extra();
	return tap_finish();
}
