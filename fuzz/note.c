/* fuzz/note.c - signed notes: no bytes crash the reader or the verifier, and what is read is written again as it was.
 */
#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char known[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[LEDGER_NOTE_SIZE_MAX];
	struct ledger_note note;
	struct ledger_note_verified verified;
	struct ledger_vkey key;
	struct sink s = SINK_OF(room);
	/* The first line may be a key instead; what is one is written again as it was, too. */
	if (!failed(ledger_vkey_read((struct span){data, size}, &key))) {
		ledger_vkey_write(&s, &key);
		ENSURE(span_equal(sink_span(&s), (struct span){data, size}));
		return 0;
	}
	if (failed(ledger_note_read((struct span){data, size}, &note)))
		return 0;
	ledger_note_write(&s, &note);
	ENSURE(!s.failed && span_equal(sink_span(&s), (struct span){data, size}));
	ENSURE(!failed(ledger_vkey_read(SPAN_TEXT(known), &key)));
	if (!failed(ledger_note_verify(&note, &key, 1, &verified)))
		ENSURE(verified.count == 1 && verified.by[0]);
	return 0;
}
