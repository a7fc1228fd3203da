/* access/routes.c - what query answers of doors and of a person's cards, and this domain's shape. */
#include "access/state.h"

#define SHAPE_TABLE "access/entries.def"
#define ENTRY_LIST access_kinds
#include "core/entry_tables.h"

#define SHAPE_TABLE "access/routes.def"
#define ROUTE_LIST access_routes
#include "core/route_tables.h"

enum { ROUTES_RECENT_MAX = 50, ROUTES_CARDS_MAX = 64 };

/* ---- doors ---- */

static enum access_lock lock_of(uint64_t strike_link, uint64_t unlocked_until, uint64_t now_us)
{
	if (unlocked_until > now_us)
		return ACCESS_UNLOCKED;
	return strike_link == OSDP_LINK_OFFLINE ? ACCESS_LOCK_UNKNOWN : ACCESS_LOCKED;
}

static struct err post_lockdown(struct store *store, bool *ret_lockdown)
{
	struct store_statement *find;
	bool row;
	TRY(store_statement(store, "SELECT lockdown FROM access_door WHERE id = 0", &find));
	TRY(store_step(find, &row));
	*ret_lockdown = row && store_column_u64(find, 0) != 0;
	return store_done(find);
}

struct err access_doors_read(struct core_read *read, void *ret_reply)
{
	struct access_doors *reply = ret_reply;
	struct access_door_row *rows = arena_take(read->arena, POST_DOORS_MAX * sizeof *rows);
	struct store_statement *all;
	size_t count = 0;
	TRY(post_lockdown(read->store, &reply->lockdown));
	TRY(store_statement(read->store,
			    "SELECT p.id, p.key, p.name, p.floor, p.zone_from, p.zone_to, p.x, p.y,"
			    " coalesce(a.unlocked_until, 0), coalesce(a.position, 0), coalesce(a.condition, 0),"
			    " coalesce(a.lockdown, 0), coalesce(r.link, 0), coalesce(s.link, 0), coalesce(a.since, 0),"
			    " p.reader_device, p.strike_device"
			    " FROM post_door p LEFT JOIN access_door a ON a.id = p.id"
			    " LEFT JOIN access_device r ON r.id = p.reader_device"
			    " LEFT JOIN access_device s ON s.id = p.strike_device ORDER BY p.id",
			    &all));
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row || count == POST_DOORS_MAX)
			break;
		rows[count++] = (struct access_door_row){
			.id = store_column_u64(all, 0),
			.key = arena_copy(read->arena, store_column_text(all, 1)),
			.name = arena_copy(read->arena, store_column_text(all, 2)),
			.floor = store_column_u64(all, 3),
			.zone_from = store_column_u64(all, 4),
			.zone_to = store_column_u64(all, 5),
			.x = (uint32_t)store_column_u64(all, 6),
			.y = (uint32_t)store_column_u64(all, 7),
			.lock = lock_of(store_column_u64(all, 13), store_column_u64(all, 8), read->now_us),
			.unlocked_until = store_column_u64(all, 8),
			.position = (enum access_position)store_column_u64(all, 9),
			.condition = (enum access_condition)store_column_u64(all, 10),
			.lockdown = reply->lockdown || store_column_u64(all, 11) != 0,
			.reader = (enum osdp_link)store_column_u64(all, 12),
			.strike = (enum osdp_link)store_column_u64(all, 13),
			.since = store_column_u64(all, 14),
			.has_reader = store_column_u64(all, 15) != 0,
			.has_strike = store_column_u64(all, 16) != 0,
		};
	}
	reply->doors = (struct shape_list){rows, count};
	return store_done(all);
}

/* ---- a person's file ---- */

static struct err cards_read(struct core_read *read, uint64_t person, struct shape_list *ret_list)
{
	struct access_credential_row *rows = arena_take(read->arena, ROUTES_CARDS_MAX * sizeof *rows);
	struct store_statement *all;
	size_t count = 0;
	TRY(store_statement(
		read->store,
		"SELECT id, not_before, expires, revoked FROM access_card WHERE person = $1 ORDER BY id LIMIT 64",
		&all));
	store_bind_u64(all, 1, person);
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row)
			break;
		rows[count++] = (struct access_credential_row){
			.id = store_column_u64(all, 0),
			.kind = ACCESS_CREDENTIAL_CARD,
			.not_before = store_column_u64(all, 1),
			.expires = store_column_u64(all, 2),
			.revoked = store_column_u64(all, 3) != 0,
		};
	}
	*ret_list = (struct shape_list){rows, count};
	return store_done(all);
}

static struct err doors_of_person(struct core_read *read, uint64_t person, struct shape_list *ret_list)
{
	uint64_t *doors = arena_take(read->arena, POST_DOORS_MAX * sizeof *doors);
	struct store_statement *all;
	size_t count = 0;
	TRY(store_statement(read->store, "SELECT door FROM access_right WHERE person = $1 ORDER BY door LIMIT 2000",
			    &all));
	store_bind_u64(all, 1, person);
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row)
			break;
		doors[count++] = store_column_u64(all, 0);
	}
	*ret_list = (struct shape_list){doors, count};
	return store_done(all);
}

static struct err recent_read(struct core_read *read, uint64_t person, struct shape_list *ret_list)
{
	struct access_passage *rows = arena_take(read->arena, ROUTES_RECENT_MAX * sizeof *rows);
	struct store_statement *all;
	size_t count = 0;
	TRY(store_statement(read->store,
			    "SELECT seq, time, door, granted, reason FROM access_passage WHERE person = $1"
			    " ORDER BY seq DESC LIMIT 50",
			    &all));
	store_bind_u64(all, 1, person);
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row)
			break;
		rows[count++] = (struct access_passage){
			.seq = store_column_u64(all, 0),
			.time = store_column_u64(all, 1),
			.door = store_column_u64(all, 2),
			.granted = store_column_u64(all, 3) != 0,
			.reason = (enum access_reason)store_column_u64(all, 4),
		};
	}
	*ret_list = (struct shape_list){rows, count};
	return store_done(all);
}

struct err access_person_read(struct core_read *read, void *ret_reply)
{
	const struct route_object *request = read->request;
	struct access_person_file *reply = ret_reply;
	reply->id = request->id;
	TRY(cards_read(read, request->id, &reply->credentials));
	TRY(doors_of_person(read, request->id, &reply->doors));
	return recent_read(read, request->id, &reply->recent);
}

struct err access_person_write(struct core *core, const struct core_request *request)
{
	const struct route_object *in = request->body;
	struct access_person_viewed body = {.person = in->id};
	if (!post_person(core, in->id)) {
		core_refuse(core, request->caller, 404, "not-found", "id", "there is no person %llu",
			    (unsigned long long)in->id);
		return OK;
	}
	return core_record(core, &access_person_viewed_entry, &body, (struct core_why){.actor = request->actor}, NULL);
}

/* ---- the domain's shape ---- */

static struct err message(struct core *core, enum worker_role from, uint32_t line, const struct message *message,
			  bool *ret_mine)
{
	(void)line;
	return from == WORKER_OSDP ? access_device_message(core, message, ret_mine) : OK;
}

const struct core_module access_module = {
	.name = "access",
	.kinds = access_kinds,
	.kind_count = sizeof access_kinds / sizeof *access_kinds,
	.routes = access_routes,
	.route_count = sizeof access_routes / sizeof *access_routes,
	.schema = access_schema,
	.tables = access_tables,
	.state_new = access_state_new,
	.state_free = access_state_free,
	.load = access_load,
	.apply = access_apply,
	.message = message,
	.worker = access_worker,
	.tick = access_tick,
};
