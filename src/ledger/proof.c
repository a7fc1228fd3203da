#include "ledger/proof.h"

#include "ledger/lines.h"

static const char first_line[] = "c2sp.org/tlog-proof@v1\n";

static bool starts_with(const struct cursor *c, const char *word)
{
	size_t size = strlen(word);
	return cursor_left(c) >= size && memcmp(c->at, word, size) == 0;
}

static struct span after(struct span line, const char *word)
{
	size_t size = strlen(word);
	return (struct span){line.at + size, line.size - size};
}

static struct err read_path(struct cursor *c, struct ledger_path *ret_path)
{
	ret_path->count = 0;
	for (struct span line = ledger_take_line(c); line.size > 0; line = ledger_take_line(c)) {
		size_t size = 0;
		if (ret_path->count == LEDGER_PROOF_HASHES_MAX)
			return FAIL(ERR_TOO_LARGE, "proof: more than %d hashes", LEDGER_PROOF_HASHES_MAX);
		TRY(err_within(base64_read(line, ret_path->hashes[ret_path->count].bytes, LEDGER_HASH_SIZE, &size),
			       "proof: hash %zu", ret_path->count));
		if (size != LEDGER_HASH_SIZE)
			return FAIL(ERR_INVALID, "proof: hash %zu has %zu bytes", ret_path->count, size);
		ret_path->count++;
	}
	return c->failed ? FAIL(ERR_INVALID, "proof: ends before its checkpoint") : OK;
}

/* Is this what sink_base64 would have written, for at most size_max bytes? Checked in pieces, without room for the
 * whole.
 */
static struct err check_base64(struct span text, size_t size_max)
{
	enum { PIECE = 4096 };
	uint8_t bytes[PIECE / 4 * 3];
	if (text.size / 4 * 3 > size_max + 2)
		return FAIL(ERR_TOO_LARGE, "more than %zu bytes", size_max);
	for (size_t at = 0; at < text.size;) {
		size_t left = text.size - at;
		size_t size = left < PIECE ? left : PIECE;
		size_t got = 0;
		TRY(base64_read((struct span){text.at + at, size}, bytes, sizeof bytes, &got));
		if (size < left && got != sizeof bytes)
			return FAIL(ERR_INVALID, "base64: padding before its end");
		at += size;
	}
	return OK;
}

struct err ledger_proof_read(struct span text, struct ledger_proof *ret_proof)
{
	if (text.size > LEDGER_PROOF_SIZE_MAX)
		return FAIL(ERR_TOO_LARGE, "proof: %zu bytes, at most %d", text.size, LEDGER_PROOF_SIZE_MAX);
	struct cursor c = cursor_of(text);
	if (!starts_with(&c, first_line))
		return FAIL(ERR_INVALID, "proof: does not start with c2sp.org/tlog-proof@v1");
	(void)ledger_take_line(&c);
	ret_proof->has_extra = starts_with(&c, "extra ");
	ret_proof->extra_base64 = (struct span){0};
	if (ret_proof->has_extra) {
		struct span extra = ledger_take_line(&c);
		if (c.failed)
			return FAIL(ERR_INVALID, "proof: ends before its checkpoint");
		ret_proof->extra_base64 = after(extra, "extra ");
		TRY(err_within(check_base64(ret_proof->extra_base64, LEDGER_PROOF_EXTRA_SIZE_MAX), "proof: extra"));
	}
	if (c.failed || !starts_with(&c, "index "))
		return FAIL(ERR_INVALID, "proof: no index line");
	struct span index = ledger_take_line(&c);
	if (c.failed)
		return FAIL(ERR_INVALID, "proof: ends before its checkpoint");
	TRY(err_within(decimal_read(after(index, "index "), LEDGER_SIZE_MAX, &ret_proof->index), "proof: index"));
	TRY(read_path(&c, &ret_proof->path));
	ret_proof->note = (struct span){c.at, cursor_left(&c)};
	return ret_proof->note.size > 0 ? OK : FAIL(ERR_INVALID, "proof: no checkpoint");
}

static void write_rest(struct sink *s, uint64_t index, const struct ledger_path *path, struct span note)
{
	sink_text(s, "index ");
	sink_decimal(s, index);
	sink_u8(s, '\n');
	for (size_t i = 0; i < path->count; i++) {
		sink_base64(s, SPAN_OF(path->hashes[i].bytes));
		sink_u8(s, '\n');
	}
	sink_u8(s, '\n');
	sink_put(s, note);
}

void ledger_proof_write(struct sink *s, const struct ledger_proof *proof)
{
	sink_text(s, first_line);
	if (proof->has_extra) {
		sink_text(s, "extra ");
		sink_put(s, proof->extra_base64);
		sink_u8(s, '\n');
	}
	write_rest(s, proof->index, &proof->path, proof->note);
}

void ledger_proof_write_entry(struct sink *s, struct span entry, uint64_t index, const struct ledger_path *path,
			      struct span note)
{
	sink_text(s, first_line);
	if (entry.size > 0) {
		sink_text(s, "extra ");
		sink_base64(s, entry);
		sink_u8(s, '\n');
	}
	write_rest(s, index, path, note);
}

struct err ledger_proof_extra(const struct ledger_proof *proof, struct sink *room)
{
	if (!proof->has_extra)
		return FAIL(ERR_NOT_FOUND, "proof: no extra line, so the entry itself is needed");
	size_t size = 0;
	if (room->failed)
		return sink_finish(room, "proof: extra");
	TRY(base64_read(proof->extra_base64, room->start + room->size, room->size_max - room->size, &size));
	room->size += size;
	return OK;
}

struct err ledger_proof_check(const struct ledger_proof *proof, struct span entry, const struct ledger_vkey *keys,
			      size_t key_count, struct ledger_checkpoint *ret_checkpoint)
{
	struct ledger_checkpoint checkpoint;
	TRY(ledger_checkpoint_open(proof->note, keys, key_count, &checkpoint, NULL));
	struct ledger_hash leaf = ledger_hash_leaf(entry);
	struct span spans[LEDGER_PROOF_HASHES_MAX];
	size_t count = ledger_path_spans(&proof->path, spans);
	TRY(ledger_tree_check_inclusion(proof->index, checkpoint.size, ledger_hash_span(&leaf), spans, count,
					ledger_hash_span(&checkpoint.root)));
	*ret_checkpoint = checkpoint;
	return OK;
}
