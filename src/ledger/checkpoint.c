#include "ledger/checkpoint.h"

#include "ledger/lines.h"
#include "ledger/tree.h"

struct err ledger_checkpoint_read(struct span text, struct ledger_checkpoint *ret_checkpoint)
{
	struct ledger_checkpoint checkpoint = {0};
	struct cursor c = cursor_of(text);
	checkpoint.origin = ledger_take_line(&c);
	struct span size = ledger_take_line(&c);
	struct span root = ledger_take_line(&c);
	if (c.failed || checkpoint.origin.size == 0)
		return FAIL(ERR_INVALID, "checkpoint: not three lines of origin, size and root");
	TRY(err_within(decimal_read(size, LEDGER_SIZE_MAX, &checkpoint.size), "checkpoint: size"));
	size_t root_size = 0;
	TRY(err_within(base64_read(root, checkpoint.root.bytes, LEDGER_HASH_SIZE, &root_size), "checkpoint: root"));
	if (root_size != LEDGER_HASH_SIZE)
		return FAIL(ERR_INVALID, "checkpoint: a root of %zu bytes", root_size);
	checkpoint.extensions = (struct span){c.at, cursor_left(&c)};
	while (cursor_left(&c) > 0)
		if (ledger_take_line(&c).size == 0)
			return FAIL(ERR_INVALID, "checkpoint: an empty or unfinished line behind the root");
	*ret_checkpoint = checkpoint;
	return OK;
}

void ledger_checkpoint_write(struct sink *s, const struct ledger_checkpoint *checkpoint)
{
	sink_put(s, checkpoint->origin);
	sink_u8(s, '\n');
	sink_decimal(s, checkpoint->size);
	sink_u8(s, '\n');
	sink_base64(s, SPAN_OF(checkpoint->root.bytes));
	sink_u8(s, '\n');
	sink_put(s, checkpoint->extensions);
}

struct err ledger_checkpoint_open(struct span note, const struct ledger_vkey *keys, size_t key_count,
				  struct ledger_checkpoint *ret_checkpoint, struct ledger_note_verified *ret_verified)
{
	struct ledger_note parts;
	struct ledger_note_verified verified;
	struct ledger_checkpoint checkpoint;
	TRY(ledger_note_read(note, &parts));
	TRY(ledger_note_verify(&parts, keys, key_count, &verified));
	TRY(ledger_checkpoint_read(parts.text, &checkpoint));
	bool by_origin = false;
	for (size_t i = 0; i < key_count; i++)
		by_origin |= verified.by[i] && keys[i].type == LEDGER_KEY_ED25519 &&
			     span_equal(ledger_vkey_name(&keys[i]), checkpoint.origin);
	if (!by_origin)
		return FAIL(ERR_DENIED, "checkpoint: of %.*s, but not signed by a known key of that name",
			    SPAN_ARGS(checkpoint.origin));
	*ret_checkpoint = checkpoint;
	if (ret_verified)
		*ret_verified = verified;
	return OK;
}

struct err ledger_checkpoint_sign(struct sink *s, uint64_t size, const struct ledger_hash *root,
				  const struct ledger_signer *signer)
{
	char text[LEDGER_CHECKPOINT_TEXT_SIZE_MAX];
	struct sink t = SINK_OF(text);
	struct ledger_checkpoint checkpoint = {.origin = ledger_vkey_name(&signer->key), .size = size, .root = *root};
	ledger_checkpoint_write(&t, &checkpoint);
	TRY(sink_finish(&t, "checkpoint"));
	return ledger_note_sign(s, sink_span(&t), signer);
}
