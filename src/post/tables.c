#include "post/tables.h"

#define SHAPE_TABLE "core/entries.def"
#include "core/entry_structs.h"

/* The columns of an object's table are its entry's fields in their order, then `removed`: the seq of the entry that
 * took it away, 0 while it stands. What was removed keeps its row, so that older entries can still be read with names.
 */
const char post_schema[] =
	"CREATE TABLE post_described (one INTEGER PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER "
	"NOT NULL,"
	" host_state TEXT NOT NULL, sending_state TEXT NOT NULL, time_zone TEXT NOT NULL);"
	"CREATE TABLE post_building (id INTEGER PRIMARY KEY, key TEXT NOT NULL, name TEXT NOT NULL, removed INTEGER "
	"NOT NULL);"
	"CREATE TABLE post_floor (id INTEGER PRIMARY KEY, building INTEGER NOT NULL, key TEXT NOT NULL, name TEXT NOT "
	"NULL,"
	" level TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, figures INTEGER NOT NULL,"
	" plan BLOB NOT NULL, removed INTEGER NOT NULL);"
	"CREATE TABLE post_plan (floor INTEGER NOT NULL, first INTEGER NOT NULL, figures BLOB NOT NULL,"
	" PRIMARY KEY (floor, first));"
	"CREATE TABLE post_zone (id INTEGER PRIMARY KEY, floor INTEGER NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL,"
	" level INTEGER NOT NULL, outline TEXT NOT NULL, removed INTEGER NOT NULL);"
	"CREATE TABLE post_line (id INTEGER PRIMARY KEY, key TEXT NOT NULL, address TEXT NOT NULL, baud INTEGER NOT "
	"NULL,"
	" number INTEGER NOT NULL, removed INTEGER NOT NULL);"
	"CREATE TABLE post_device (id INTEGER PRIMARY KEY, line INTEGER NOT NULL, key TEXT NOT NULL, address INTEGER "
	"NOT NULL,"
	" kind INTEGER NOT NULL, plain INTEGER NOT NULL, checksum INTEGER NOT NULL, removed INTEGER NOT NULL);"
	"CREATE TABLE post_door (id INTEGER PRIMARY KEY, floor INTEGER NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL,"
	" x INTEGER NOT NULL, y INTEGER NOT NULL, zone_from INTEGER NOT NULL, zone_to INTEGER NOT NULL,"
	" reader_device INTEGER NOT NULL, reader_number INTEGER NOT NULL, reader_inside_device INTEGER NOT NULL,"
	" reader_inside_number INTEGER NOT NULL, strike_device INTEGER NOT NULL, strike_output INTEGER NOT NULL,"
	" strike_100ms INTEGER NOT NULL, contact_device INTEGER NOT NULL, contact_input INTEGER NOT NULL,"
	" contact_active INTEGER NOT NULL, exit_device INTEGER NOT NULL, exit_input INTEGER NOT NULL,"
	" fire_release INTEGER NOT NULL, held_after_s INTEGER NOT NULL, removed INTEGER NOT NULL);"
	"CREATE TABLE post_person (id INTEGER PRIMARY KEY, status INTEGER NOT NULL, permanent_residence INTEGER NOT "
	"NULL,"
	" notified_on TEXT NOT NULL, of_person INTEGER NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL,"
	" nationality TEXT NOT NULL, folded TEXT NOT NULL, gone INTEGER NOT NULL, erased INTEGER NOT NULL,"
	" since INTEGER NOT NULL);"
	"CREATE INDEX post_person_folded ON post_person (folded, id);"
	"CREATE TABLE post_finding (id INTEGER PRIMARY KEY, since INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" what INTEGER NOT NULL, object INTEGER NOT NULL, articles TEXT NOT NULL, text TEXT NOT NULL);";

const char *const post_tables[] = {"post_described", "post_building", "post_floor",  "post_plan",
				   "post_zone",      "post_line",     "post_device", "post_door",
				   "post_person",    "post_finding",  NULL};

/* ---- a struct as a row ---- */

static uint64_t number_at(const struct shape_field *field, const void *value)
{
	const void *at = (const uint8_t *)value + field->offset;
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		return *(const bool *)at;
	case SHAPE_KIND_U32:
	case SHAPE_KIND_ENUM:
		return *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

/* Bind the fields of a struct to $1, $2 ... */
static void bind_fields(struct store_statement *statement, const struct shape *shape, const void *value)
{
	for (size_t i = 0; i < shape->field_count; i++) {
		const struct shape_field *field = &shape->fields[i];
		const struct span *span = (const void *)((const uint8_t *)value + field->offset);
		if (field->kind == SHAPE_KIND_TEXT)
			store_bind_text(statement, (uint32_t)i + 1, *span);
		else if (field->kind == SHAPE_KIND_BYTES)
			store_bind_bytes(statement, (uint32_t)i + 1, *span);
		else
			store_bind_u64(statement, (uint32_t)i + 1, number_at(field, value));
	}
}

/* Fill a struct from the current row; its texts live until the next step. */
static void take_fields(struct store_statement *statement, const struct shape *shape, void *value)
{
	for (size_t i = 0; i < shape->field_count; i++) {
		const struct shape_field *field = &shape->fields[i];
		void *at = (uint8_t *)value + field->offset;
		uint32_t column = (uint32_t)i;
		if (field->kind == SHAPE_KIND_TEXT)
			*(struct span *)at = store_column_text(statement, column);
		else if (field->kind == SHAPE_KIND_BYTES)
			*(struct span *)at = store_column_bytes(statement, column);
		else if (field->kind == SHAPE_KIND_BOOL)
			*(bool *)at = store_column_u64(statement, column) != 0;
		else if (field->kind == SHAPE_KIND_U32 || field->kind == SHAPE_KIND_ENUM)
			*(uint32_t *)at = (uint32_t)store_column_u64(statement, column);
		else
			*(uint64_t *)at = store_column_u64(statement, column);
	}
}

/* ---- objects ---- */

struct object_table {
	const struct core_entry_kind *kind;
	enum post_object what;
	const char *clear;
	const char *insert;
	const char *remove;
	const char *standing;
};

#define OBJECT_TABLE(name, WHAT, values)                                                                               \
	{                                                                                                              \
		.kind = &post_##name##_entry, .what = POST_OBJECT_##WHAT,                                              \
		.clear = "DELETE FROM post_" #name " WHERE id = $1",                                                   \
		.insert = "INSERT INTO post_" #name " VALUES (" values ", 0)",                                         \
		.remove = "UPDATE post_" #name " SET removed = $2 WHERE id = $1",                                      \
		.standing = "SELECT * FROM post_" #name " WHERE removed = 0 ORDER BY id"                               \
	}

static const struct object_table object_tables[] = {
	OBJECT_TABLE(building, BUILDING, "$1, $2, $3"),
	OBJECT_TABLE(floor, FLOOR, "$1, $2, $3, $4, $5, $6, $7, $8, $9"),
	OBJECT_TABLE(zone, ZONE, "$1, $2, $3, $4, $5, $6"),
	OBJECT_TABLE(line, LINE, "$1, $2, $3, $4, $5"),
	OBJECT_TABLE(device, DEVICE, "$1, $2, $3, $4, $5, $6, $7"),
	OBJECT_TABLE(
		door, DOOR,
		"$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22"),
};

enum { OBJECT_TABLES = sizeof object_tables / sizeof *object_tables };

/* The parts of a plan go with the plan they were of. */
static struct err forget_plan(struct core *core, const struct post_floor *now, uint64_t id)
{
	const struct post_floor *before = post_floor(core, id);
	if (!before || span_equal(before->plan, now->plan))
		return OK;
	struct store_statement *clear;
	TRY(store_statement(core_store(core), "DELETE FROM post_plan WHERE floor = $1", &clear));
	store_bind_u64(clear, 1, id);
	return store_run(clear);
}

static struct err apply_object(struct core *core, const struct object_table *table, const struct core_entry *entry)
{
	struct store_statement *statement;
	uint64_t id;
	memcpy(&id, entry->body, sizeof id);
	if (id == 0) {
		id = entry->seq;
	} else {
		TRY(store_statement(core_store(core), table->clear, &statement));
		store_bind_u64(statement, 1, id);
		TRY(store_run(statement));
	}
	if (table->what == POST_OBJECT_FLOOR)
		TRY(forget_plan(core, entry->body, id));
	TRY(store_statement(core_store(core), table->insert, &statement));
	bind_fields(statement, entry->kind->shape, entry->body);
	store_bind_u64(statement, 1, id);
	return store_run(statement);
}

static struct err apply_plan(struct core *core, const struct core_entry *entry)
{
	const struct post_plan *plan = entry->body;
	const struct post_figure *figures = plan->figures.at;
	size_t room = 64;
	for (size_t i = 0; i < plan->figures.count; i++)
		room += 64 + figures[i].points.size + figures[i].d.size + figures[i].text.size;
	struct sink s = sink_of(arena_take(core_arena(core), room), room);
	shape_write_binary(&s, &post_plan_shape, plan);
	TRY(sink_finish(&s, "a part of a plan"));
	struct store_statement *insert;
	TRY(store_statement(core_store(core), "INSERT INTO post_plan VALUES ($1, $2, $3)", &insert));
	store_bind_u64(insert, 1, plan->floor);
	store_bind_u64(insert, 2, plan->first);
	store_bind_bytes(insert, 3, sink_span(&s));
	return store_run(insert);
}

static struct err apply_removed(struct core *core, const struct core_entry *entry)
{
	const struct post_removed *removed = entry->body;
	struct store_statement *statement;
	for (size_t i = 0; i < OBJECT_TABLES; i++) {
		if (object_tables[i].what != removed->what)
			continue;
		TRY(store_statement(core_store(core), object_tables[i].remove, &statement));
		store_bind_u64(statement, 1, removed->object);
		store_bind_u64(statement, 2, entry->seq);
		TRY(store_run(statement));
	}
	return OK;
}

static struct err apply_described(struct core *core, const struct core_entry *entry)
{
	struct store_statement *statement;
	TRY(store_statement(core_store(core), "DELETE FROM post_described", &statement));
	TRY(store_run(statement));
	TRY(store_statement(core_store(core),
			    "INSERT INTO post_described (code, name, kind, host_state, sending_state, time_zone, one)"
			    " VALUES ($1, $2, $3, $4, $5, $6, 1)",
			    &statement));
	bind_fields(statement, &post_described_shape, entry->body);
	return store_run(statement);
}

/* ---- people ---- */

static struct span folded_name(struct core *core, struct span name)
{
	struct sink s = sink_of(arena_take(core_arena(core), name.size + 1), name.size);
	post_fold(&s, name);
	return sink_span(&s);
}

static struct err apply_person(struct core *core, const struct core_entry *entry)
{
	const struct post_person *person = entry->body;
	struct post_person_changed row = {
		.person = entry->seq,
		.status = person->status,
		.permanent_residence = person->permanent_residence,
		.notified_on = person->notified_on,
		.of = person->of,
		.key = person->key,
		.name = person->name,
		.nationality = person->nationality,
	};
	struct store_statement *insert;
	TRY(store_statement(
		core_store(core),
		"INSERT INTO post_person (id, status, permanent_residence, notified_on, of_person, key, name,"
		" nationality, folded, gone, erased, since)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)",
		&insert));
	bind_fields(insert, &post_person_changed_shape, &row);
	store_bind_text(insert, 9, folded_name(core, person->name));
	store_bind_u64(insert, 10, entry->erased);
	store_bind_u64(insert, 11, entry->time_us);
	return store_run(insert);
}

static struct err apply_person_changed(struct core *core, const struct core_entry *entry)
{
	const struct post_person_changed *person = entry->body;
	struct store_statement *update;
	TRY(store_statement(
		core_store(core),
		"UPDATE post_person SET status = $2, permanent_residence = $3, notified_on = $4,"
		" of_person = $5, key = $6, name = $7, nationality = $8, folded = $9, gone = 0, erased = $10"
		" WHERE id = $1",
		&update));
	bind_fields(update, &post_person_changed_shape, person);
	store_bind_text(update, 9, folded_name(core, person->name));
	store_bind_u64(update, 10, entry->erased);
	return store_run(update);
}

static struct err apply_person_left(struct core *core, const struct core_entry *entry)
{
	struct store_statement *update;
	TRY(store_statement(core_store(core), "UPDATE post_person SET gone = 1 WHERE id = $1", &update));
	store_bind_u64(update, 1, ((const struct post_person_left *)entry->body)->person);
	return store_run(update);
}

static struct err apply_subject_erased(struct core *core, const struct core_entry *entry)
{
	struct store_statement *update;
	TRY(store_statement(core_store(core),
			    "UPDATE post_person SET key = '', name = '', nationality = '', folded = '', erased = 1"
			    " WHERE id = $1",
			    &update));
	store_bind_u64(update, 1, ((const struct core_subject_erased *)entry->body)->subject);
	return store_run(update);
}

/* ---- findings ---- */

static struct err apply_finding(struct core *core, const struct core_entry *entry)
{
	const struct post_finding *finding = entry->body;
	struct store_statement *insert;
	TRY(store_statement(core_store(core),
			    "INSERT INTO post_finding (kind, what, object, articles, text, id, since)"
			    " VALUES ($1, $2, $3, $4, $5, $6, $7)",
			    &insert));
	bind_fields(insert, &post_finding_shape, finding);
	store_bind_u64(insert, 6, entry->seq);
	store_bind_u64(insert, 7, entry->time_us);
	return store_run(insert);
}

static struct err apply_finding_cleared(struct core *core, const struct core_entry *entry)
{
	struct store_statement *clear;
	TRY(store_statement(core_store(core), "DELETE FROM post_finding WHERE id = $1", &clear));
	store_bind_u64(clear, 1, ((const struct post_finding_cleared *)entry->body)->finding);
	return store_run(clear);
}

/* ---- all kinds ---- */

struct err post_tables_apply(struct core *core, const struct core_entry *entry)
{
	static const struct {
		const struct core_entry_kind *kind;
		struct err (*apply)(struct core *core, const struct core_entry *entry);
	} others[] = {
		{&post_described_entry, apply_described},
		{&post_plan_entry, apply_plan},
		{&post_removed_entry, apply_removed},
		{&post_person_entry, apply_person},
		{&post_person_changed_entry, apply_person_changed},
		{&post_person_left_entry, apply_person_left},
		{&post_finding_entry, apply_finding},
		{&post_finding_cleared_entry, apply_finding_cleared},
		{&core_subject_erased_entry, apply_subject_erased},
	};
	for (size_t i = 0; i < OBJECT_TABLES; i++)
		if (object_tables[i].kind == entry->kind)
			return apply_object(core, &object_tables[i], entry);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i].kind == entry->kind)
			return others[i].apply(core, entry);
	return OK;
}

/* ---- at start ---- */

static struct err load_list(struct store *store, const char *sql, const struct shape *shape, struct post_list *list)
{
	struct store_statement *find;
	union {
		struct post_floor floor;
		struct post_zone zone;
		struct post_door door;
		struct post_member member;
		uint8_t room[512];
	} value;
	REQUIRE(list->item_size <= sizeof value);
	TRY(store_statement(store, sql, &find));
	for (;;) {
		bool row;
		TRY(store_step(find, &row));
		if (!row)
			return store_done(find);
		memset(&value, 0, sizeof value);
		take_fields(find, shape, &value);
		if (shape == &post_person_changed_shape) {
			value.member.left = store_column_u64(find, 8) != 0;
			value.member.erased = store_column_u64(find, 9) != 0;
		}
		post_list_put(list, &value);
	}
}

static struct err load_described(struct store *store, struct post_state *state)
{
	struct store_statement *find;
	struct post_described described = {0};
	bool row;
	TRY(store_statement(store, "SELECT code, name, kind, host_state, sending_state, time_zone FROM post_described",
			    &find));
	TRY(store_step(find, &row));
	if (row) {
		take_fields(find, &post_described_shape, &described);
		state->described = post_copy(&post_described_shape, sizeof described, &described);
	}
	return store_done(find);
}

static struct err load_findings(struct store *store, struct post_state *state)
{
	struct store_statement *find;
	TRY(store_statement(store, "SELECT kind, what, object, articles, text, id FROM post_finding ORDER BY id",
			    &find));
	for (;;) {
		struct post_standing standing = {0};
		bool row;
		TRY(store_step(find, &row));
		if (!row)
			return store_done(find);
		take_fields(find, &post_finding_shape, &standing.is);
		standing.id = store_column_u64(find, 5);
		post_list_put(&state->findings, &standing);
	}
}

struct err post_tables_load(struct core *core)
{
	struct store *store = core_store(core);
	struct post_state *state = post_state_of(core);
	state->generation++;
	TRY(load_described(store, state));
	for (size_t i = 0; i < OBJECT_TABLES; i++) {
		struct post_list *list = &state->lists[object_tables[i].what];
		TRY(load_list(store, object_tables[i].standing, list->shape, list));
	}
	TRY(load_list(
		store,
		"SELECT id, status, permanent_residence, notified_on, of_person, key, name, nationality, gone, erased"
		" FROM post_person ORDER BY id",
		&post_person_changed_shape, &state->lists[POST_OBJECT_PERSON]));
	return load_findings(store, state);
}
