/* fuzz/checkpoint.c - checkpoints: no bytes crash the reader, and what is read is written again as it was. */
#include "ledger/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char known[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[LEDGER_NOTE_SIZE_MAX];
	struct ledger_checkpoint checkpoint;
	struct ledger_note_verified verified;
	struct ledger_vkey key;
	struct sink s = SINK_OF(room);
	struct span bytes = {data, size};
	if (size <= sizeof room && !failed(ledger_checkpoint_read(bytes, &checkpoint))) {
		ledger_checkpoint_write(&s, &checkpoint);
		ENSURE(!s.failed && span_equal(sink_span(&s), bytes));
	}
	ENSURE(!failed(ledger_vkey_read(SPAN_TEXT(known), &key)));
	if (!failed(ledger_checkpoint_open(bytes, &key, 1, &checkpoint, &verified)))
		ENSURE(span_is(checkpoint.origin, "example.com/foo"));
	return 0;
}
