/* fuzz/proof.c - tlog-proof files: no bytes crash the reader or the check, what is read is written again as it was, and
 * nothing is accepted under a key that signed nothing.
 */
#include "ledger/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char known[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

/* The tree's part of the check alone, which the signature would keep the fuzzer from: it may accept or refuse. */
static void check_tree(const struct ledger_proof *proof, struct span entry)
{
	struct ledger_note note;
	struct ledger_checkpoint checkpoint;
	struct span spans[LEDGER_PROOF_HASHES_MAX];
	if (failed(ledger_note_read(proof->note, &note)) || failed(ledger_checkpoint_read(note.text, &checkpoint)))
		return;
	struct ledger_hash leaf = ledger_hash_leaf(entry);
	size_t count = ledger_path_spans(&proof->path, spans);
	(void)failed(ledger_tree_check_inclusion(proof->index, checkpoint.size, ledger_hash_span(&leaf), spans, count,
						 ledger_hash_span(&checkpoint.root)));
	(void)failed(ledger_tree_check_consistency(proof->index, checkpoint.size, ledger_hash_span(&leaf), spans, count,
						   ledger_hash_span(&checkpoint.root)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[LEDGER_PROOF_SIZE_MAX];
	static uint8_t extra[LEDGER_PROOF_EXTRA_SIZE_MAX];
	struct ledger_proof proof;
	struct ledger_checkpoint checkpoint;
	struct ledger_vkey key;
	struct sink s = SINK_OF(room), e = SINK_OF(extra);
	if (failed(ledger_proof_read((struct span){data, size}, &proof)))
		return 0;
	ledger_proof_write(&s, &proof);
	ENSURE(!s.failed && span_equal(sink_span(&s), (struct span){data, size}));
	if (proof.has_extra)
		ENSURE(!failed(ledger_proof_extra(&proof, &e)));
	check_tree(&proof, sink_span(&e));
	ENSURE(!failed(ledger_vkey_read(SPAN_TEXT(known), &key)));
	ENSURE(failed(ledger_proof_check(&proof, sink_span(&e), &key, 1, &checkpoint)));
	return 0;
}
