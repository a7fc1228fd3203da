/* fuzz/entry.c - lines of the ledger: no bytes crash the reader, and what is read is written again as it was. */
#include "ledger/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[LEDGER_ENTRY_SIZE_MAX];
	struct ledger_entry entry, header;
	struct span line = {data, size};
	struct sink s = SINK_OF(room);
	bool good_header = !failed(ledger_entry_read_header(line, &header));
	if (failed(ledger_entry_read(line, &entry)))
		return 0;
	ENSURE(good_header && span_equal(header.body, entry.body));
	ENSURE(!failed(ledger_entry_write(&s, &entry, NULL, NULL)));
	ENSURE(span_equal(sink_span(&s), line));
	return 0;
}
