/* post/routes.c - the post as the console reads it, from the tables. All but the first part runs in query. */
#include "post/check.h"
#include "post/tables.h"

#define SHAPE_TABLE "post/routes.def"
#define ROUTE_LIST post_routes
#include "core/route_tables.h"

#define SHAPE_TABLE "post/entries.def"
#define ENTRY_LIST post_kinds
#include "core/entry_tables.h"

enum { PEOPLE_LIMIT_DEFAULT = 50, PEOPLE_LIMIT_MAX = 200, NAMES_LIMIT = 5000, FINDINGS_LIMIT = 1000 };

/* ---- in core ---- */

/* Reading somebody's file is an entry before it is a page. */
struct err post_person_file_write(struct core *core, const struct core_request *request)
{
	const struct route_object *object = request->body;
	if (!post_person(core, object->id)) {
		core_refuse(core, request->caller, 404, "not-found", "id", "there is no person %llu",
			    (unsigned long long)object->id);
		return OK;
	}
	struct post_person_viewed viewed = {.person = object->id};
	struct core_why why = {.actor = request->actor};
	return core_record(core, &post_person_viewed_entry, &viewed, why, NULL);
}

static struct err post_apply(struct core *core, const struct core_entry *entry)
{
	TRY(post_tables_apply(core, entry));
	post_state_apply(post_state_of(core), entry);
	return OK;
}

static struct err post_load(struct core *core)
{
	TRY(post_tables_load(core));
	post_lines_send(core);
	return OK;
}

const struct core_module post_module = {
	.name = "post",
	.kinds = post_kinds,
	.kind_count = sizeof post_kinds / sizeof *post_kinds,
	.routes = post_routes,
	.route_count = sizeof post_routes / sizeof *post_routes,
	.schema = post_schema,
	.tables = post_tables,
	.state_new = post_state_new,
	.state_free = post_state_free,
	.load = post_load,
	.apply = post_apply,
};

/* ---- rows into structs ---- */

static struct err take_room(struct arena *arena, size_t size, void *ret_at)
{
	if (!arena_has_room(arena, size + 1))
		return FAIL(ERR_TOO_LARGE, "the answer is too large");
	void *at = arena_take(arena, size + 1);
	memcpy(ret_at, &at, sizeof at);
	return OK;
}

static struct err take_text(struct arena *arena, struct span text, struct span *ret_text)
{
	void *at;
	TRY(take_room(arena, text.size, &at));
	if (text.size > 0)
		memcpy(at, text.at, text.size);
	*ret_text = (struct span){at, text.size};
	return OK;
}

/* Fill the fields of a struct from the current row's columns, in order; lists have no column. */
static struct err take_row(struct store_statement *find, const struct shape *shape, struct arena *arena, void *value)
{
	uint32_t column = 0;
	for (size_t i = 0; i < shape->field_count; i++) {
		const struct shape_field *field = &shape->fields[i];
		void *at = (uint8_t *)value + field->offset;
		switch (field->kind) {
		case SHAPE_KIND_LIST:
		case SHAPE_KIND_IDS:
			continue;
		case SHAPE_KIND_TEXT:
			TRY(take_text(arena, store_column_text(find, column), at));
			break;
		case SHAPE_KIND_BOOL:
			*(bool *)at = store_column_u64(find, column) != 0;
			break;
		case SHAPE_KIND_U32:
		case SHAPE_KIND_ENUM:
			*(uint32_t *)at = (uint32_t)store_column_u64(find, column);
			break;
		default:
			*(uint64_t *)at = store_column_u64(find, column);
		}
		column++;
	}
	return OK;
}

/* All rows of a bound statement, at most `max`; whether there was one more. */
static struct err take_rows(struct store_statement *find, const struct shape *shape, struct arena *arena, size_t max,
			    struct shape_list *ret_list, bool *ret_more)
{
	size_t room = 0, count = 0;
	uint8_t *rows = NULL;
	bool row = false;
	for (;;) {
		TRY(store_step(find, &row));
		if (!row || count == max)
			break;
		if (count == room) {
			void *grown;
			room = room ? room * 2 : 16;
			TRY(take_room(arena, room * shape->size, &grown));
			if (rows)
				memcpy(grown, rows, count * shape->size);
			rows = grown;
		}
		TRY(take_row(find, shape, arena, rows + count * shape->size));
		count++;
	}
	*ret_list = (struct shape_list){rows, count};
	*ret_more = row;
	return store_done(find);
}

/* ---- the post, drawn ---- */

static struct err take_all(struct core_read *read, const char *sql, const struct shape *shape, size_t max,
			   struct shape_list *ret_list)
{
	struct store_statement *find;
	bool more;
	TRY(store_statement(read->store, sql, &find));
	return take_rows(find, shape, read->arena, max, ret_list, &more);
}

static struct err take_plan(struct core_read *read, struct post_view_floor *floor)
{
	struct store_statement *find;
	struct post_figure *figures = NULL;
	size_t count = 0;
	TRY(store_statement(read->store, "SELECT figures FROM post_plan WHERE floor = $1 ORDER BY first", &find));
	store_bind_u64(find, 1, floor->id);
	for (;;) {
		bool row;
		struct post_plan part;
		TRY(store_step(find, &row));
		if (!row)
			break;
		struct cursor c = cursor_of(store_column_bytes(find, 0));
		TRY(shape_read_binary(&c, &post_plan_shape, read->arena, &part));
		if (!figures)
			TRY(take_room(read->arena, POST_FIGURES_MAX * sizeof *figures, &figures));
		if (part.figures.count > POST_FIGURES_MAX - count)
			return FAIL(ERR_CORRUPT, "the plan of floor %llu has too many figures",
				    (unsigned long long)floor->id);
		memcpy(figures + count, part.figures.at, part.figures.count * sizeof *figures);
		count += part.figures.count;
	}
	floor->plan = (struct shape_list){figures, count};
	return store_done(find);
}

struct err post_view_read(struct core_read *read, void *ret_reply)
{
	struct post_view *view = ret_reply;
	struct store_statement *find;
	bool row;
	TRY(store_statement(read->store,
			    "SELECT code, name, kind, host_state, sending_state, time_zone, 0, ''"
			    " FROM post_described",
			    &find));
	TRY(store_step(find, &row));
	if (row)
		TRY(take_row(find, &post_view_shape, read->arena, view));
	TRY(store_done(find));
	const struct law_site *site = law_site(view->kind);
	view->premises = site->premises;
	view->articles = span_of_string(site->articles);
	TRY(take_all(read, "SELECT id, key, name FROM post_building WHERE removed = 0 ORDER BY id",
		     &post_view_building_shape, POST_BUILDINGS_MAX, &view->buildings));
	TRY(take_all(read,
		     "SELECT id, building, key, name, level, width, height FROM post_floor WHERE removed = 0"
		     " ORDER BY building, CAST(level AS INTEGER), id",
		     &post_view_floor_shape, POST_FLOORS_MAX, &view->floors));
	TRY(take_all(read, "SELECT id, floor, key, name, level, outline FROM post_zone WHERE removed = 0 ORDER BY id",
		     &post_view_zone_shape, POST_ZONES_MAX, &view->zones));
	TRY(take_all(
		read,
		"SELECT id, floor, key, name, zone_from, zone_to, x, y FROM post_door WHERE removed = 0 ORDER BY id",
		&post_view_door_shape, POST_DOORS_MAX, &view->doors));
	for (size_t i = 0; i < view->floors.count; i++)
		TRY(take_plan(read, (struct post_view_floor *)view->floors.at + i));
	return OK;
}

/* ---- people ---- */

/* The pattern of LIKE that finds the text anywhere: folded as names are, with LIKE's own signs made plain. */
static struct err pattern_of(struct core_read *read, struct span search, struct span *ret_pattern)
{
	void *folded_at, *pattern_at;
	TRY(take_room(read->arena, search.size, &folded_at));
	TRY(take_room(read->arena, search.size * 2 + 2, &pattern_at));
	struct sink folded = sink_of(folded_at, search.size), pattern = sink_of(pattern_at, search.size * 2 + 2);
	post_fold(&folded, search);
	sink_u8(&pattern, '%');
	for (size_t i = 0; i < folded.size; i++) {
		if (folded.start[i] == '%' || folded.start[i] == '_' || folded.start[i] == '\\')
			sink_u8(&pattern, '\\');
		sink_u8(&pattern, folded.start[i]);
	}
	sink_u8(&pattern, '%');
	*ret_pattern = sink_span(&pattern);
	return OK;
}

struct err post_people_read(struct core_read *read, void *ret_reply)
{
	const struct post_people_request *request = read->request;
	struct post_people_reply *reply = ret_reply;
	size_t limit = request->limit == 0 ? PEOPLE_LIMIT_DEFAULT : request->limit;
	struct store_statement *find;
	struct span pattern;
	TRY(pattern_of(read, request->search, &pattern));
	TRY(store_statement(read->store,
			    "SELECT id, name, status, nationality, gone, erased FROM post_person"
			    " WHERE folded LIKE $1 ESCAPE '\\' AND ($2 = 1 OR (gone = 0 AND erased = 0))"
			    " AND ($3 = 0 OR (folded, id) > (SELECT folded, id FROM post_person WHERE id = $3))"
			    " ORDER BY folded, id LIMIT $4",
			    &find));
	store_bind_text(find, 1, pattern);
	store_bind_u64(find, 2, request->with_left);
	store_bind_u64(find, 3, request->after);
	if (limit > PEOPLE_LIMIT_MAX)
		limit = PEOPLE_LIMIT_MAX;
	store_bind_u64(find, 4, limit + 1);
	return take_rows(find, &post_people_row_shape, read->arena, limit, &reply->people, &reply->more);
}

/* One person's row without the law's answer. */
static struct err find_person(struct core_read *read, uint64_t id, struct post_person_file_reply *reply,
			      bool *ret_there)
{
	struct store_statement *find;
	TRY(store_statement(
		read->store,
		"SELECT p.id, p.key, p.name, p.status, p.nationality, p.permanent_residence, p.notified_on,"
		" p.of_person, COALESCE(o.name, ''), 0, '', '', '', p.gone, p.erased, p.since FROM post_person p"
		" LEFT JOIN post_person o ON o.id = p.of_person WHERE p.id = $1",
		&find));
	store_bind_u64(find, 1, id);
	TRY(store_step(find, ret_there));
	if (*ret_there)
		TRY(take_row(find, &post_person_file_reply_shape, read->arena, reply));
	return store_done(find);
}

struct err post_person_file_read(struct core_read *read, void *ret_reply)
{
	const struct route_object *object = read->request;
	struct post_person_file_reply *reply = ret_reply, member = {0};
	struct post_described post = {0};
	struct store_statement *find;
	bool there;
	TRY(find_person(read, object->id, reply, &there));
	if (!there)
		return FAIL(ERR_NOT_FOUND, "there is no person %llu", (unsigned long long)object->id);
	if (reply->of != 0)
		TRY(find_person(read, reply->of, &member, &there));
	TRY(store_statement(read->store,
			    "SELECT code, name, kind, host_state, sending_state, time_zone FROM post_described",
			    &find));
	TRY(store_step(find, &there));
	if (there)
		TRY(take_row(find, &post_described_shape, read->arena, &post));
	TRY(store_done(find));
	struct law_person in_law = {
		.status = reply->status,
		.host_national = span_equal(reply->nationality, post.host_state),
		.permanent_residence = reply->permanent_residence,
		.of = member.status,
		.of_host_national = member.status != LAW_STATUS_NONE && span_equal(member.nationality, post.host_state),
		.of_permanent_residence = member.permanent_residence,
	};
	struct law_standing standing = law_standing(post.kind, &in_law);
	reply->fit = standing.fit;
	reply->articles = span_of_string(standing.articles);
	reply->limits = span_of_string(standing.limits);
	reply->why = span_of_string(standing.why);
	return OK;
}

/* ---- names and findings ---- */

struct err post_names_read(struct core_read *read, void *ret_reply)
{
	const struct post_names_request *request = read->request;
	struct post_names_reply *reply = ret_reply;
	struct store_statement *find;
	/* The numbers are those of enum post_object; an erased person has no name and is left out. */
	TRY(store_statement(read->store,
			    "SELECT id, what, name FROM ("
			    "SELECT id, 2 AS what, name FROM post_building UNION ALL "
			    "SELECT id, 3, name FROM post_floor UNION ALL "
			    "SELECT id, 4, name FROM post_zone UNION ALL "
			    "SELECT id, 5, key FROM post_line UNION ALL "
			    "SELECT id, 6, key FROM post_device UNION ALL "
			    "SELECT id, 7, name FROM post_door UNION ALL "
			    "SELECT id, 8, name FROM post_person WHERE erased = 0) AS named"
			    " WHERE id > $1 ORDER BY id LIMIT $2",
			    &find));
	store_bind_u64(find, 1, request->after);
	store_bind_u64(find, 2, NAMES_LIMIT + 1);
	return take_rows(find, &post_name_shape, read->arena, NAMES_LIMIT, &reply->names, &reply->more);
}

struct err post_findings_read(struct core_read *read, void *ret_reply)
{
	struct post_findings_reply *reply = ret_reply;
	struct store_statement *find;
	TRY(store_statement(
		read->store,
		"SELECT id, since, kind, what, object, articles, text FROM post_finding ORDER BY id LIMIT $1", &find));
	store_bind_u64(find, 1, FINDINGS_LIMIT + 1);
	return take_rows(find, &post_findings_row_shape, read->arena, FINDINGS_LIMIT, &reply->findings, &reply->more);
}
