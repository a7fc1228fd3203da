/* core/pages.c - reading the ledger itself: browse, follow causes, prove one entry, check a checkpoint against a
 * later one.
 *
 * Browsing reads an index of the lines (their type, actor, cause), which is a projection like any other.
 */
#include "core/pages.h"

#include "ledger/append.h"
#include "ledger/read.h"

#define SHAPE_TABLE "core/routes.def"
#define ROUTE_LIST pages_routes
#include "core/route_tables.h"

enum { PAGES_LIMIT_DEFAULT = 100, PAGES_LIMIT_MAX = 500, PAGES_BYTES_MAX = 600 * 1024 };

static const char pages_schema[] =
	"CREATE TABLE ledger_index (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, actor TEXT NOT NULL,"
	" cause INTEGER);"
	"CREATE INDEX ledger_index_type ON ledger_index (type, seq);"
	"CREATE INDEX ledger_index_cause ON ledger_index (cause, seq);";
static const char *const pages_tables[] = {"ledger_index", NULL};

static struct err pages_apply(struct core *core, const struct core_entry *entry)
{
	struct store_statement *insert;
	TRY(store_statement(core_store(core),
			    "INSERT INTO ledger_index (seq, type, actor, cause) VALUES ($1, $2, $3, $4)", &insert));
	store_bind_u64(insert, 1, entry->seq);
	store_bind_text(insert, 2, span_of_string(entry->kind->type));
	store_bind_text(insert, 3, entry->actor);
	if (entry->has_cause)
		store_bind_u64(insert, 4, entry->cause);
	return store_run(insert);
}

/* ---- browsing ---- */

static struct err ledger_count(struct store *store, uint64_t *ret_size)
{
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	struct sink s = SINK_OF(note);
	return ledger_latest(store, &s, ret_size);
}

static struct err entries_find(struct core_read *read, const struct core_entries_request *request, uint64_t limit,
			       struct store_statement **ret_find)
{
	bool prefix = request->type.size > 0 && request->type.at[request->type.size - 1] == '.';
	bool upward = request->upward;
	/* One statement for each direction; a filter that is not asked for is NULL. A prefix is a range of the type's
	 * index: "access." up to, and without, "access/".
	 */
	TRY(store_statement(read->store,
			    upward ? "SELECT e.seq, e.line FROM ledger_index i JOIN entry e ON e.seq = i.seq"
				     " WHERE i.seq >= $1 AND ($2 IS NULL OR i.type = $2)"
				     " AND ($3 IS NULL OR (i.type >= $3 AND i.type < $4))"
				     " AND ($5 IS NULL OR i.actor = $5) AND ($6 IS NULL OR i.cause = $6)"
				     " ORDER BY i.seq ASC LIMIT $7"
				   : "SELECT e.seq, e.line FROM ledger_index i JOIN entry e ON e.seq = i.seq"
				     " WHERE i.seq < $1 AND ($2 IS NULL OR i.type = $2)"
				     " AND ($3 IS NULL OR (i.type >= $3 AND i.type < $4))"
				     " AND ($5 IS NULL OR i.actor = $5) AND ($6 IS NULL OR i.cause = $6)"
				     " ORDER BY i.seq DESC LIMIT $7",
			    ret_find));
	struct store_statement *find = *ret_find;
	store_bind_u64(find, 1, upward ? request->from : request->before ? request->before : SHAPE_NUMBER_MAX);
	if (request->type.size > 0 && !prefix)
		store_bind_text(find, 2, request->type);
	if (prefix) {
		uint8_t *end = arena_take(read->arena, request->type.size);
		memcpy(end, request->type.at, request->type.size);
		end[request->type.size - 1] = '.' + 1;
		store_bind_text(find, 3, request->type);
		store_bind_text(find, 4, (struct span){end, request->type.size});
	}
	if (request->actor.size > 0)
		store_bind_text(find, 5, request->actor);
	if (request->cause > 0)
		store_bind_u64(find, 6, request->cause);
	store_bind_u64(find, 7, limit);
	return OK;
}

struct err core_entries_read(struct core_read *read, void *ret_reply)
{
	const struct core_entries_request *request = read->request;
	struct core_entries_reply *reply = ret_reply;
	uint64_t limit = request->limit == 0 ? PAGES_LIMIT_DEFAULT : request->limit;
	if (limit > PAGES_LIMIT_MAX)
		limit = PAGES_LIMIT_MAX;
	struct core_entry_line *lines = arena_take(read->arena, limit * sizeof *lines);
	struct store_statement *find;
	size_t count = 0, bytes = 0;
	TRY(ledger_count(read->store, &reply->size));
	TRY(entries_find(read, request, limit, &find));
	for (;;) {
		bool row;
		TRY(store_step(find, &row));
		if (!row)
			break;
		struct span line = store_column_bytes(find, 1);
		bytes += line.size;
		if (bytes > PAGES_BYTES_MAX && count > 0)
			break;
		lines[count++].line = arena_copy(read->arena, line);
	}
	reply->entries = (struct shape_list){lines, count};
	return store_done(find);
}

static struct err sealed_state(struct store *store, uint64_t seq, enum core_sealed_state *ret_state)
{
	struct store_statement *find;
	bool row;
	TRY(store_statement(store,
			    "SELECT k.wrapped IS NOT NULL AND length(k.wrapped) > 0 FROM sealed s"
			    " LEFT JOIN subject_key k ON k.subject = s.subject WHERE s.seq = $1",
			    &find));
	store_bind_u64(find, 1, seq);
	TRY(store_step(find, &row));
	*ret_state = !row ? CORE_SEALED_NONE : store_column_u64(find, 0) ? CORE_SEALED_PRESENT : CORE_SEALED_ERASED;
	return store_done(find);
}

struct err core_entry_read(struct core_read *read, void *ret_reply)
{
	const struct core_entry_request *request = read->request;
	struct core_entry_reply *reply = ret_reply;
	TRY(ledger_count(read->store, &reply->size));
	TRY(ledger_line(read->store, request->seq, read->arena, &reply->line));
	return sealed_state(read->store, request->seq, &reply->sealed);
}

/* ---- proving ---- */

struct err core_proof_read(struct core_read *read, void *ret_reply)
{
	const struct core_entry_request *request = read->request;
	(void)ret_reply;
	read->media_type = "text/plain; charset=utf-8";
	return ledger_prove(read->store, request->seq, read->text);
}

static struct err note_take(struct core_read *read, struct span *ret_note, uint64_t *ret_size)
{
	struct sink s = sink_of(arena_take(read->arena, LEDGER_CHECKPOINT_SIZE_MAX), LEDGER_CHECKPOINT_SIZE_MAX);
	TRY(ledger_latest(read->store, &s, ret_size));
	*ret_note = sink_span(&s);
	return OK;
}

struct err core_checkpoint_read(struct core_read *read, void *ret_reply)
{
	struct core_checkpoint_reply *reply = ret_reply;
	struct ledger_vkey key;
	uint64_t size;
	TRY(note_take(read, &reply->note, &size));
	TRY(keys_vkey(read->store, &key));
	struct sink s = sink_of(arena_take(read->arena, LEDGER_VKEY_SIZE_MAX), LEDGER_VKEY_SIZE_MAX);
	ledger_vkey_write(&s, &key);
	reply->ledger_key = sink_span(&s);
	return OK;
}

struct err core_consistency_read(struct core_read *read, void *ret_reply)
{
	const struct core_consistency_request *request = read->request;
	struct core_consistency_reply *reply = ret_reply;
	struct ledger_path path;
	TRY(ledger_prove_consistency(read->store, request->from, &path, &reply->size));
	TRY(note_take(read, &reply->note, &reply->size));
	struct core_hash *hashes = arena_take(read->arena, (path.count + 1) * sizeof *hashes);
	for (size_t i = 0; i < path.count; i++) {
		struct sink s = sink_of(arena_take(read->arena, 48), 48);
		sink_base64(&s, ledger_hash_span(&path.hashes[i]));
		hashes[i].hash = sink_span(&s);
	}
	reply->hashes = (struct shape_list){hashes, path.count};
	return OK;
}

/* ---- tools ---- */

struct err core_remark_write(struct core *core, const struct core_request *request)
{
	const struct core_remark_request *in = request->body;
	struct core_remark body = {.text = in->text};
	struct route_done done;
	TRY(core_record(core, &core_remark_entry, &body, (struct core_why){.actor = request->actor}, &done.seq));
	core_answer(core, request->caller, &route_done_shape, &done);
	return OK;
}

const struct core_module core_pages_module = {
	.name = "ledger",
	.routes = pages_routes,
	.route_count = sizeof pages_routes / sizeof *pages_routes,
	.schema = pages_schema,
	.tables = pages_tables,
	.apply = pages_apply,
};
