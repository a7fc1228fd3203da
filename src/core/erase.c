/* core/erase.c - destroying a subject's key, on record.
 *
 * The entry stays, its hash stays, every proof still holds; what was sealed cannot be read again. The key's bytes
 * must not survive in the write-ahead log either, so the log is emptied once the erasure is durable.
 */
#include "core/internal.h"

/* Sealed parts that can still be opened: of a subject that was erased already there are none. */
static struct err sealed_count(struct core *core, uint64_t subject, uint64_t *ret_count)
{
	struct store_statement *count;
	bool row;
	TRY(store_statement(core_store(core),
			    "SELECT count(*) FROM sealed s JOIN subject_key k ON k.subject = s.subject"
			    " WHERE s.subject = $1 AND k.erased_seq IS NULL",
			    &count));
	store_bind_u64(count, 1, subject);
	TRY(store_step(count, &row));
	*ret_count = row ? store_column_u64(count, 0) : 0;
	return store_done(count);
}

struct err core_erase_write(struct core *core, const struct core_request *request)
{
	const struct core_erase_request *in = request->body;
	struct core_erase_reply reply = {0};
	bool erased = false;
	TRY(sealed_count(core, in->subject, &reply.sealed_parts));
	if (reply.sealed_parts == 0) {
		core_refuse(core, request->caller, 404, "not-found", "subject", "nothing is sealed for subject %llu",
			    (unsigned long long)in->subject);
		return OK;
	}
	struct core_subject_erased body = {
		.subject = in->subject,
		.sealed_parts = reply.sealed_parts,
		.reason_text = in->reason,
	};
	struct core_why why = {.actor = request->actor, .cause = in->subject, .has_cause = true};
	TRY(core_record(core, &core_subject_erased_entry, &body, why, &reply.seq));
	TRY(ledger_erase(ledger_vault(core->ledger), in->subject, reply.seq, &erased));
	core->wal_to_empty = true;
	core_answer(core, request->caller, &core_erase_reply_shape, &reply);
	return OK;
}
