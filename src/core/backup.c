/* core/backup.c - a backup was written by the tool, beside us: put it on record.
 *
 * The tool reads the ledger by itself, so that a long backup holds up nobody. What it says it took is checked
 * against the tree before it is believed.
 */
#include "core/internal.h"

static struct err root_at(struct core *core, uint64_t size, struct ledger_hash *ret_root)
{
	AUTO_FREE(ledger_reader)
	struct ledger_reader *reader = ledger_reader_new(core->store, ledger_size(core->ledger));
	struct ledger_source source = ledger_reader_source(reader);
	return ledger_tree_root(&source, size, ret_root);
}

struct err core_backup_made_write(struct core *core, const struct core_request *request)
{
	const struct core_backup_made_request *in = request->body;
	struct ledger_hash root;
	struct route_done done = {0};
	bool ours = in->size > 0 && in->size <= ledger_size(core->ledger);
	if (ours) {
		TRY(root_at(core, in->size, &root));
		ours = span_equal(in->root, ledger_hash_span(&root));
	}
	if (!ours) {
		core_refuse(core, request->caller, 409, "not-this-ledger", "root",
			    "these are not the first %llu entries of this ledger", (unsigned long long)in->size);
		return OK;
	}
	struct core_backup_made body = {
		.size = in->size,
		.root = in->root,
		.bytes = in->bytes,
		.keys_expire = in->keys_expire,
	};
	TRY(core_record(core, &core_backup_made_entry, &body, (struct core_why){.actor = request->actor}, &done.seq));
	core_answer(core, request->caller, &route_done_shape, &done);
	return OK;
}
