/* user/routes.c - what query answers of users and sessions, and this domain's shape. */
#include "ledger/hash.h"
#include "ledger/read.h"
#include "user/state.h"

#define SHAPE_TABLE "user/entries.def"
#define ENTRY_LIST user_kinds
#include "core/entry_tables.h"

#define SHAPE_TABLE "user/routes.def"
#define ROUTE_LIST user_routes
#include "core/route_tables.h"

struct err user_session_read_token(struct store *store, struct span token, uint64_t now_us,
				   struct core_session *ret_session)
{
	struct store_statement *find;
	struct ledger_hash hash = ledger_hash_bytes(token);
	bool row;
	TRY(store_statement(store,
			    "SELECT u.id, u.role FROM user_session s JOIN user_user u ON u.id = s.user"
			    " WHERE s.token_hash = $1 AND s.expires > $2 AND u.disabled = 0 AND u.erased = 0",
			    &find));
	store_bind_bytes(find, 1, ledger_hash_span(&hash));
	store_bind_u64(find, 2, now_us);
	TRY(store_step(find, &row));
	if (row)
		*ret_session = (struct core_session){
			.user = store_column_u64(find, 0),
			.role = (enum route_role)store_column_u64(find, 1),
		};
	return store_done(find);
}

static struct err place_read(struct core_read *read, struct user_session *reply)
{
	struct ledger_vkey key;
	struct ledger_entry first;
	struct span line;
	TRY(ledger_line(read->store, 0, read->arena, &line));
	TRY(ledger_entry_read_header(line, &first));
	TRY(keys_vkey(read->store, &key));
	struct sink s = sink_of(arena_take(read->arena, LEDGER_VKEY_SIZE_MAX), LEDGER_VKEY_SIZE_MAX);
	ledger_vkey_write(&s, &key);
	reply->post_code = first.post;
	reply->origin = arena_copy(read->arena, ledger_vkey_name(&key));
	reply->ledger_key = sink_span(&s);
	return OK;
}

struct err user_session_read(struct core_read *read, void *ret_reply)
{
	struct user_session *reply = ret_reply;
	struct store_statement *find;
	bool row;
	TRY(store_statement(read->store, "SELECT id, name, role, language FROM user_user WHERE id = $1", &find));
	store_bind_u64(find, 1, read->user);
	TRY(store_step(find, &row));
	if (!row)
		return FAIL(ERR_NOT_FOUND, "no such user");
	reply->id = store_column_u64(find, 0);
	reply->name = arena_copy(read->arena, store_column_text(find, 1));
	reply->role = (enum route_role)store_column_u64(find, 2);
	reply->language = (enum route_language)store_column_u64(find, 3);
	TRY(store_done(find));
	return place_read(read, reply);
}

struct err user_list_read(struct core_read *read, void *ret_reply)
{
	struct user_list *reply = ret_reply;
	struct user_row *rows = arena_take(read->arena, USER_MAX * sizeof *rows);
	struct store_statement *all;
	size_t count = 0;
	TRY(store_statement(read->store,
			    "SELECT id, name, role, language, disabled, has_password, last_seen, locked_until,"
			    " (SELECT count(*) FROM user_session s WHERE s.user = u.id AND s.expires > $1)"
			    " FROM user_user u WHERE erased = 0 ORDER BY id",
			    &all));
	store_bind_u64(all, 1, read->now_us);
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row || count == USER_MAX)
			break;
		rows[count++] = (struct user_row){
			.id = store_column_u64(all, 0),
			.name = arena_copy(read->arena, store_column_text(all, 1)),
			.role = (enum route_role)store_column_u64(all, 2),
			.language = (enum route_language)store_column_u64(all, 3),
			.disabled = store_column_u64(all, 4) != 0,
			.has_password = store_column_u64(all, 5) != 0,
			.last_seen = store_column_u64(all, 6),
			.locked_until = store_column_u64(all, 7) > read->now_us ? store_column_u64(all, 7) : 0,
			.sessions = (uint32_t)store_column_u64(all, 8),
		};
	}
	reply->users = (struct shape_list){rows, count};
	return store_done(all);
}

struct err user_names_read(struct core_read *read, void *ret_reply)
{
	struct user_names *reply = ret_reply;
	struct user_name *rows = arena_take(read->arena, USER_MAX * sizeof *rows);
	struct store_statement *all;
	size_t count = 0;
	TRY(store_statement(read->store, "SELECT id, name FROM user_user WHERE erased = 0 ORDER BY id", &all));
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row || count == USER_MAX)
			break;
		rows[count++] = (struct user_name){
			.id = store_column_u64(all, 0),
			.name = arena_copy(read->arena, store_column_text(all, 1)),
		};
	}
	reply->names = (struct shape_list){rows, count};
	return store_done(all);
}

const struct core_module user_module = {
	.name = "user",
	.kinds = user_kinds,
	.kind_count = sizeof user_kinds / sizeof *user_kinds,
	.routes = user_routes,
	.route_count = sizeof user_routes / sizeof *user_routes,
	.schema = user_schema,
	.tables = user_tables,
	.state_new = user_state_new,
	.state_free = user_state_free,
	.load = user_load,
	.apply = user_apply,
	.message = user_message,
	.worker = user_worker,
	.tick = user_session_tick,
	.session = user_session_of,
	.session_read = user_session_read_token,
};
