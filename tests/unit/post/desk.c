#include "desk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SHAPE_TABLE "core/entries.def"
#include "core/entry_structs.h"

#define SHAPE_TABLE "core/entries.def"
#define ENTRY_LIST desk_core_kinds
#include "core/entry_tables.h"

struct core {
	struct store *store;
	struct arena *arena;
	void *state;
	char code[16];
	char path[64];
	struct desk_entry *entries;
	size_t count;
	struct desk_answer answer;
	struct supervisor_lines lines;
	struct line_transport transports[32];
	size_t lines_set;
	uint64_t *erased;
	size_t erased_count;
};

/* ---- core/core.h ---- */

struct store *core_store(struct core *core)
{
	return core->store;
}

struct arena *core_arena(struct core *core)
{
	return core->arena;
}

struct span core_post_code(const struct core *core)
{
	return span_of_string(core->code);
}

void *core_state(struct core *core, const struct core_module *module)
{
	REQUIRE(module == &post_module);
	return core->state;
}

void core_set_lines(struct core *core, const struct supervisor_lines *lines)
{
	core->lines_set++;
	REQUIRE(lines->lines.count <= 32);
	memcpy(core->transports, lines->lines.at, lines->lines.count * sizeof *core->transports);
	core->lines = (struct supervisor_lines){{core->transports, lines->lines.count}};
}

static char *json_of(const struct shape *shape, enum shape_part part, const void *body)
{
	enum { ROOM = 64 * 1024 }; /* an entry must be far below what a ledger's line may be */
	char *text = malloc(ROOM);
	struct sink s = sink_of(text, ROOM - 1);
	sink_u8(&s, '{');
	shape_write_sparse(&s, shape, part, body, false);
	sink_u8(&s, '}');
	REQUIRE(!s.failed);
	text[s.size] = 0;
	return realloc(text, s.size + 1);
}

static struct err apply(struct core *core, const struct desk_entry *kept, const void *body, uint64_t seq, bool erased)
{
	struct core_entry entry = {
		.kind = kept->kind,
		.body = body,
		.seq = seq,
		.time_us = UINT64_C(1763800000000000) + seq,
		.actor = span_of_string(kept->actor),
		.cause = kept->cause,
		.has_cause = kept->has_cause,
		.erased = erased,
	};
	return post_module.apply(core, &entry);
}

struct err core_record(struct core *core, const struct core_entry_kind *kind, const void *body, struct core_why why,
		       uint64_t *ret_seq)
{
	REQUIRE(core->count < DESK_ENTRIES_MAX);
	REQUIRE(!why.has_cause || why.cause < core->count + 1);
	TRY(shape_validate(kind->shape, body));
	uint64_t seq = core->count + 1; /* the founding entry is 0 */
	struct desk_entry *kept = &core->entries[core->count++];
	*kept = (struct desk_entry){
		.kind = kind,
		.open = json_of(kind->shape, SHAPE_OPEN, body),
		.sealed = json_of(kind->shape, SHAPE_SEALED, body),
		.subject = kind->subject_rule == CORE_SUBJECT_SELF ? seq : 0,
		.cause = why.cause,
		.has_cause = why.has_cause,
	};
	if (kind->subject_rule == CORE_SUBJECT_FIELD)
		memcpy(&kept->subject, (const uint8_t *)body + kind->subject_offset, sizeof kept->subject);
	(void)snprintf(kept->actor, sizeof kept->actor, "%s", why.actor);
	TRY(apply(core, kept, body, seq, false));
	if (ret_seq)
		*ret_seq = seq;
	return OK;
}

void core_answer(struct core *core, struct core_caller caller, const struct shape *shape, const void *reply)
{
	(void)caller;
	REQUIRE(!core->answer.there);
	REQUIRE(!failed(shape_validate(shape, reply)));
	struct span copy =
		arena_copy(core->arena, (struct span){reply, shape->size}); /* its lists live there already */
	core->answer = (struct desk_answer){.there = true, .status = 200, .reply = copy.at};
}

void core_refuse(struct core *core, struct core_caller caller, uint32_t status, const char *error, const char *field,
		 const char *format, ...)
{
	va_list args;
	(void)caller;
	REQUIRE(!core->answer.there);
	core->answer = (struct desk_answer){.there = true, .status = status};
	(void)snprintf(core->answer.error, sizeof core->answer.error, "%s", error);
	(void)snprintf(core->answer.field, sizeof core->answer.field, "%s", field);
	va_start(args, format);
	(void)vsnprintf(core->answer.message, sizeof core->answer.message, format, args);
	va_end(args);
}

/* ---- the desk ---- */

struct core *desk_new(const char *code)
{
	struct core *core = calloc(1, sizeof *core);
	(void)snprintf(core->code, sizeof core->code, "%s", code);
	(void)snprintf(core->path, sizeof core->path, "/tmp/legation-desk-XXXXXX");
	int file = mkstemp(core->path);
	REQUIRE(file >= 0);
	close(file);
	unlink(core->path);
	struct store_options options = {.mode = STORE_WRITE, .create = true};
	struct err e = store_open(core->path, &options, &core->store);
	if (failed(e))
		printf("Bail out! %s\n", err_why());
	REQUIRE(!failed(e));
	REQUIRE(!failed(store_script(core->store, post_module.schema)));
	core->arena = arena_new(24 * 1024 * 1024);
	core->entries = calloc(DESK_ENTRIES_MAX, sizeof *core->entries);
	core->erased = calloc(100, sizeof *core->erased);
	core->state = post_module.state_new();
	REQUIRE(!failed(store_begin(core->store)));
	return core;
}

struct core *desk_free(struct core *core)
{
	char beside[80];
	if (!core)
		return NULL;
	store_rollback(core->store);
	core->store = store_close(core->store);
	unlink(core->path);
	(void)snprintf(beside, sizeof beside, "%s-wal", core->path);
	unlink(beside);
	(void)snprintf(beside, sizeof beside, "%s-shm", core->path);
	unlink(beside);
	for (size_t i = 0; i < core->count; i++) {
		free(core->entries[i].open);
		free(core->entries[i].sealed);
	}
	free(core->entries);
	free(core->erased);
	post_module.state_free(core->state);
	arena_free(core->arena);
	free(core);
	return NULL;
}

void desk_ask(struct core *core, struct err (*write)(struct core *, const struct core_request *), const void *body)
{
	struct core_request request = {.body = body, .arena = core->arena, .tool = true, .actor = "uid/0"};
	arena_reset(core->arena);
	core->answer = (struct desk_answer){0};
	struct err e = write(core, &request);
	if (failed(e))
		printf("# the story failed: %s\n", err_why());
	REQUIRE(!failed(e));
}

const struct desk_answer *desk_answer(const struct core *core)
{
	return &core->answer;
}

struct err desk_read(struct core *core, struct err (*read)(struct core_read *, void *), const void *request,
		     void *reply)
{
	struct core_read in = {.store = core->store, .arena = core->arena, .request = request, .role = ROLE_OPERATOR};
	arena_reset(core->arena);
	return read(&in, reply);
}

size_t desk_count(const struct core *core)
{
	return core->count;
}

const struct desk_entry *desk_entry(const struct core *core, size_t index)
{
	REQUIRE(index < core->count);
	return &core->entries[index];
}

size_t desk_lines(const struct core *core, struct supervisor_lines *ret_lines)
{
	if (ret_lines)
		*ret_lines = core->lines;
	return core->lines_set;
}

void desk_erase(struct core *core, uint64_t subject)
{
	struct core_subject_erased erased = {.subject = subject, .reason_text = SPAN_TEXT("asked for")};
	core->erased[core->erased_count++] = subject;
	REQUIRE(!failed(
		core_record(core, &core_subject_erased_entry, &erased, (struct core_why){.actor = "uid/0"}, NULL)));
}

static void read_part(const char *json, const struct core_entry_kind *kind, enum shape_part part, struct arena *arena,
		      void *body)
{
	struct cursor c = cursor_of(span_of_string(json));
	shape_read_literal(&c, "{");
	struct err e = shape_read_sparse(&c, kind->shape, part, arena, body);
	if (failed(e))
		printf("# %s: %s\n", kind->type, err_why());
	REQUIRE(!failed(e));
	shape_read_literal(&c, "}");
	REQUIRE(!failed(cursor_finish(&c, kind->type)));
}

struct core *desk_replay(const struct core *core)
{
	struct core *fresh = desk_new(core->code);
	for (size_t i = 0; i < core->count; i++) {
		const struct desk_entry *kept = &core->entries[i];
		bool erased = false;
		arena_reset(fresh->arena);
		void *body = arena_take(fresh->arena, kept->kind->shape->size);
		for (size_t k = 0; k < core->erased_count; k++)
			erased |= kept->subject == core->erased[k] && strcmp(kept->sealed, "{}") != 0;
		read_part(kept->open, kept->kind, SHAPE_OPEN, fresh->arena, body);
		if (!erased)
			read_part(kept->sealed, kept->kind, SHAPE_SEALED, fresh->arena, body);
		REQUIRE(!failed(apply(fresh, kept, body, i + 1, erased)));
	}
	return fresh;
}

void desk_reload(struct core *core)
{
	post_module.state_free(core->state);
	core->state = post_module.state_new();
	struct err e = post_module.load(core);
	if (failed(e))
		printf("# load: %s\n", err_why());
	REQUIRE(!failed(e));
}

static bool values_equal(struct store_value a, struct store_value b)
{
	return a.kind == b.kind && a.number == b.number && span_equal(a.span, b.span);
}

static const char *table_differs(struct core *a, struct core *b, const char *table)
{
	static char how[200];
	char sql[100];
	struct store_statement *of_a, *of_b;
	bool row_a = true, row_b = true;
	how[0] = 0;
	(void)snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY 1, 2", table);
	REQUIRE(!failed(store_statement_once(a->store, sql, &of_a)));
	REQUIRE(!failed(store_statement_once(b->store, sql, &of_b)));
	for (size_t row = 1; row_a && row_b && !how[0]; row++) {
		REQUIRE(!failed(store_step(of_a, &row_a)) && !failed(store_step(of_b, &row_b)));
		if (row_a != row_b)
			(void)snprintf(how, sizeof how, "%s: row %zu is in one only", table, row);
		for (uint32_t i = 0; row_a && row_b && i < store_column_count(of_a); i++)
			if (!values_equal(store_column_any(of_a, i), store_column_any(of_b, i)))
				(void)snprintf(how, sizeof how, "%s: row %zu, column %u", table, row, i);
	}
	store_statement_free(of_a);
	store_statement_free(of_b);
	return how[0] ? how : NULL;
}

const char *desk_differs(struct core *a, struct core *b)
{
	for (const char *const *table = post_module.tables; *table; table++) {
		const char *how = table_differs(a, b, *table);
		if (how)
			return how;
	}
	return NULL;
}
