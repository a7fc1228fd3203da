/* post/import.c - a post's file becomes entries: gather, compare, record, release.
 *
 * The file comes decoded (post/file.c) and is checked again here. Every object is matched by its key and described
 * with ids where the file has keys; objects that the file brings anew have provisional ids until their entry is
 * recorded. What differs from what stands is recorded, in an order in which every id exists before it is named, under
 * one post.imported; what does not differ is not. When anything is refused, nothing is recorded.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/hash.h"
#include "post/check.h"
#include "post/describe.h"
#include "post/state.h"

struct story {
	struct core *core;
	const struct core_request *request;
	const struct post_import *file;
	struct post_state *state;
	struct post_index index;
	struct post_names names;
	struct core_why why; /* of every entry but the first */
	struct post_import_reply reply;
	struct post_change *changes;
	size_t change_count;
	struct post_import_finding *findings;
	size_t finding_count;
	bool lines_touched;
};

/* ---- 1. gather: what differs ---- */

static void say_change(struct story *s, enum post_change_kind change, enum post_object what, struct span key,
		       struct span members)
{
	uint32_t *counter = change == POST_CHANGE_ADDED     ? &s->reply.added
			    : change == POST_CHANGE_CHANGED ? &s->reply.changed
							    : &s->reply.removed;
	(*counter)++;
	s->lines_touched |= what == POST_OBJECT_LINE || what == POST_OBJECT_DEVICE;
	if (s->change_count == POST_LISTED_MAX) {
		s->reply.unlisted++;
		return;
	}
	s->changes[s->change_count++] = (struct post_change){change, what, key, members};
}

static struct span text_kept(struct story *s, struct sink *text)
{
	return arena_copy(s->request->arena, sink_span(text));
}

/* What stands of this item: the same key, and a person not erased (whose key is empty). */
static const void *standing(struct story *s, enum post_object what, struct span key)
{
	return post_list_find_key(&s->state->lists[what], key);
}

static void name_items(struct story *s)
{
	uint64_t provisional = SHAPE_NUMBER_MAX;
	for (enum post_object what = POST_OBJECT_BUILDING; what <= POST_OBJECT_PERSON; what++) {
		struct post_items items = post_items(s->file, what);
		s->names.ids[what] = arena_take(s->request->arena, items.count * sizeof(uint64_t) + 1);
		for (size_t i = 0; i < items.count; i++) {
			const uint64_t *there = standing(s, what, post_item(&items, i)->key);
			s->names.ids[what][i] = there ? *there : provisional--;
		}
	}
	post_names_number_lines(&s->names, &s->index, &s->state->lists[POST_OBJECT_LINE], s->request->arena);
}

static void compare_item(struct story *s, enum post_object what, size_t at)
{
	struct post_items items = post_items(s->file, what);
	struct span key = post_item(&items, at)->key;
	const void *there = standing(s, what, key);
	union post_description now;
	post_describe(&s->names, &s->index, what, at, &now);
	if (!there) {
		say_change(s, POST_CHANGE_ADDED, what, key, (struct span){0});
		return;
	}
	uint8_t room[300];
	struct sink members = SINK_OF(room);
	post_differ(s->state->lists[what].shape, there, &now, &members);
	if (what == POST_OBJECT_PERSON && ((const struct post_member *)there)->left)
		sink_text(&members, members.size ? ", back" : "back");
	if (members.size > 0)
		say_change(s, POST_CHANGE_CHANGED, what, key, text_kept(s, &members));
}

/* Everything that stands and is not in the file. */
static void compare_removed(struct story *s, enum post_object what)
{
	struct post_list *list = &s->state->lists[what];
	for (size_t i = 0; i < list->count; i++) {
		struct span key =
			*(const struct span *)(const void *)((const uint8_t *)list->items[i] + list->key_offset);
		const struct post_member *member = what == POST_OBJECT_PERSON ? list->items[i] : NULL;
		if (member && (member->left || member->erased))
			continue;
		if (post_index_find(&s->index, what, key) == POST_NOWHERE)
			say_change(s, POST_CHANGE_REMOVED, what, arena_copy(s->request->arena, key), (struct span){0});
	}
}

static struct post_described described_now(const struct post_import *file)
{
	return (struct post_described){
		.code = file->code,
		.name = file->name,
		.kind = file->kind,
		.host_state = file->host_state,
		.sending_state = file->sending_state,
		.time_zone = file->time_zone,
	};
}

static void compare_post(struct story *s)
{
	struct post_described now = described_now(s->file);
	if (!s->state->described) {
		say_change(s, POST_CHANGE_ADDED, POST_OBJECT_POST, s->file->code, (struct span){0});
		return;
	}
	uint8_t room[300];
	struct sink members = SINK_OF(room);
	post_differ(&post_described_shape, s->state->described, &now, &members);
	if (members.size > 0)
		say_change(s, POST_CHANGE_CHANGED, POST_OBJECT_POST, s->file->code, text_kept(s, &members));
}

static void compare_all(struct story *s)
{
	compare_post(s);
	for (enum post_object what = POST_OBJECT_BUILDING; what <= POST_OBJECT_PERSON; what++)
		for (size_t i = 0; i < post_items(s->file, what).count; i++)
			compare_item(s, what, i);
	for (enum post_object what = POST_OBJECT_PERSON; what >= POST_OBJECT_BUILDING; what--)
		compare_removed(s, what);
}

/* ---- findings ---- */

static bool same_finding(const struct post_finding *a, const struct post_finding *b)
{
	return a->kind == b->kind && a->what == b->what && a->object == b->object && span_equal(a->text, b->text) &&
	       span_equal(a->articles, b->articles);
}

static struct post_finding finding_of(const struct story *s, const struct post_found *found)
{
	return (struct post_finding){
		.kind = found->kind,
		.what = found->what,
		.object = s->names.ids[found->what][found->index],
		.articles = span_of_string(found->articles),
		.text = span_of_string(found->text),
	};
}

static void say_finding(struct story *s, bool cleared, const struct post_finding *finding, struct span key)
{
	if (s->finding_count == POST_LISTED_MAX) {
		s->reply.unlisted++;
		return;
	}
	s->findings[s->finding_count++] = (struct post_import_finding){
		.cleared = cleared,
		.kind = finding->kind,
		.what = finding->what,
		.key = arena_copy(s->request->arena, key),
		.articles = arena_copy(s->request->arena, finding->articles),
		.text = arena_copy(s->request->arena, finding->text),
	};
}

/* What stands and what was found, both in the order of kind and object, so that one walk compares them. */
struct lined_up {
	struct post_finding is;
	uint64_t id;     /* of what stands */
	struct span key; /* of what was found */
};

static int compare_lined_up(const void *a_at, const void *b_at)
{
	const struct lined_up *a = a_at, *b = b_at;
	if (a->is.kind != b->is.kind)
		return a->is.kind < b->is.kind ? -1 : 1;
	if (a->is.object != b->is.object)
		return a->is.object < b->is.object ? -1 : 1;
	return 0; /* one kind is found once in one object */
}

static struct shape_list line_up_found(struct story *s)
{
	struct shape_list list = post_findings_of(&s->index, s->request->arena);
	const struct post_found *found = list.at;
	struct lined_up *up = arena_take(s->request->arena, list.count * sizeof *up + 1);
	for (size_t i = 0; i < list.count; i++) {
		struct post_items items = post_items(s->file, found[i].what);
		up[i] = (struct lined_up){finding_of(s, &found[i]), 0, post_item(&items, found[i].index)->key};
	}
	qsort(up, list.count, sizeof *up, compare_lined_up);
	return (struct shape_list){up, list.count};
}

static struct shape_list line_up_standing(struct story *s)
{
	const struct post_list *list = &s->state->findings;
	struct lined_up *up = arena_take(s->request->arena, list->count * sizeof *up + 1);
	for (size_t i = 0; i < list->count; i++) {
		const struct post_standing *standing_one = list->items[i];
		up[i] = (struct lined_up){standing_one->is, standing_one->id, {0}};
		up[i].is.articles = arena_copy(s->request->arena, standing_one->is.articles);
		up[i].is.text = arena_copy(s->request->arena, standing_one->is.text);
	}
	qsort(up, list->count, sizeof *up, compare_lined_up);
	return (struct shape_list){up, list->count};
}

static struct err clear_finding(struct story *s, const struct lined_up *old, bool record)
{
	if (!record) {
		const struct post_list *list = &s->state->lists[old->is.what];
		const uint8_t *object = list->shape ? post_list_find(list, old->is.object) : NULL;
		struct span key =
			object ? *(const struct span *)(const void *)(object + list->key_offset) : (struct span){0};
		say_finding(s, true, &old->is, key);
		return OK;
	}
	return core_record(s->core, &post_finding_cleared_entry, &(struct post_finding_cleared){old->id}, s->why, NULL);
}

static struct err make_finding(struct story *s, const struct lined_up *found, bool record)
{
	if (!record) {
		say_finding(s, false, &found->is, found->key);
		return OK;
	}
	return core_record(s->core, &post_finding_entry, &found->is, s->why, NULL);
}

/* Say what is found anew and what is no more, or record it. */
static struct err settle_findings(struct story *s, bool record)
{
	struct shape_list found_list = line_up_found(s), old_list = line_up_standing(s);
	const struct lined_up *found = found_list.at, *old = old_list.at;
	size_t f = 0, o = 0;
	while (f < found_list.count || o < old_list.count) {
		int order = f == found_list.count ? 1 : o == old_list.count ? -1 : compare_lined_up(&found[f], &old[o]);
		bool same = order == 0 && same_finding(&found[f].is, &old[o].is);
		if (order >= 0 && !same)
			TRY(clear_finding(s, &old[o], record));
		if (order <= 0 && !same)
			TRY(make_finding(s, &found[f], record));
		f += order <= 0;
		o += order >= 0;
	}
	return OK;
}

/* ---- 2. decide: may it be taken at all? ---- */

static bool refuse_problem(struct story *s, const struct post_problem *problem)
{
	struct post_items items = post_items(s->file, problem->what);
	uint32_t line = s->file->line, column = s->file->column;
	if (problem->what != POST_OBJECT_POST) {
		line = post_item(&items, problem->index)->line;
		column = post_item(&items, problem->index)->column;
	}
	core_refuse(s->core, s->request->caller, 422, "post-file", problem->member, "%.*s:%u:%u: %s%s%s",
		    SPAN_ARGS(s->file->file), line, column, problem->member, *problem->member ? ": " : "",
		    problem->why);
	return false;
}

static bool may_be_taken(struct story *s)
{
	struct span code = core_post_code(s->core);
	struct post_problem problem;
	if (s->file->file.size == 0 || s->file->sha256.size != LEDGER_HASH_SIZE) {
		core_refuse(s->core, s->request->caller, 400, "invalid", "sha256",
			    "the file's name and hash are missing");
		return false;
	}
	if (!span_equal(s->file->code, code) ||
	    (s->file->expect_code.size > 0 && !span_equal(s->file->expect_code, code))) {
		core_refuse(s->core, s->request->caller, 409, "other-post", "code",
			    "this is the ledger of %.*s, and the file is %.*s's", SPAN_ARGS(code),
			    SPAN_ARGS(s->file->code));
		return false;
	}
	if (!post_check(s->file, s->request->arena, &s->index, &problem))
		return refuse_problem(s, &problem);
	return true;
}

/* ---- 3. record ---- */

static struct err record_plan(struct story *s, size_t at)
{
	const struct post_import_floor *floor = (const struct post_import_floor *)s->file->floors.at + at;
	struct post_plan part = {.floor = s->names.ids[POST_OBJECT_FLOOR][at]};
	for (size_t first = 0; first < floor->plan.count; first += part.figures.count) {
		part.first = (uint32_t)first;
		part.figures = post_plan_part(&floor->plan, first);
		TRY(core_record(s->core, &post_plan_entry, &part, s->why, NULL));
	}
	return OK;
}

/* An object's entry when it is new or differs. The first field of each such struct is its id, zero when it is new. */
static struct err record_item(struct story *s, enum post_object what, size_t at)
{
	uint64_t *id = &s->names.ids[what][at];
	const void *there = post_list_find(&s->state->lists[what], *id);
	union post_description now;
	uint8_t room[300];
	struct sink members = SINK_OF(room);
	post_describe(&s->names, &s->index, what, at, &now);
	if (there) {
		post_differ(s->state->lists[what].shape, there, &now, &members);
		if (members.size == 0)
			return OK;
	}
	bool plan_changed = what == POST_OBJECT_FLOOR &&
			    (!there || !span_equal(((const struct post_floor *)there)->plan, now.floor.plan));
	uint64_t seq = 0;
	if (!there)
		now.id = 0;
	TRY(core_record(s->core, post_description_kind(what), &now, s->why, &seq));
	if (!there)
		*id = seq;
	return plan_changed ? record_plan(s, at) : OK;
}

static struct err record_person(struct story *s, size_t at)
{
	uint64_t *id = &s->names.ids[POST_OBJECT_PERSON][at];
	const struct post_member *there = post_list_find(&s->state->lists[POST_OBJECT_PERSON], *id);
	union post_description now;
	uint8_t room[300];
	struct sink members = SINK_OF(room);
	post_describe(&s->names, &s->index, POST_OBJECT_PERSON, at, &now);
	if (there) {
		post_differ(&post_person_changed_shape, there, &now, &members);
		if (members.size == 0 && !there->left)
			return OK;
		return core_record(s->core, &post_person_changed_entry, &now.person, s->why, NULL);
	}
	struct post_person person = {
		.status = now.person.status,
		.permanent_residence = now.person.permanent_residence,
		.notified_on = now.person.notified_on,
		.of = now.person.of,
		.key = now.person.key,
		.name = now.person.name,
		.nationality = now.person.nationality,
	};
	return core_record(s->core, &post_person_entry, &person, s->why, id);
}

/* Members before those who are theirs, so that their ids exist. */
static struct err record_people(struct story *s)
{
	const struct post_import_person *people = s->file->people.at;
	for (size_t i = 0; i < s->file->people.count; i++)
		if (people[i].of.size == 0)
			TRY(record_person(s, i));
	for (size_t i = 0; i < s->file->people.count; i++)
		if (people[i].of.size > 0)
			TRY(record_person(s, i));
	return OK;
}

struct gone {
	uint64_t id;
	struct span key;
};

static struct err record_removed(struct story *s, enum post_object what)
{
	const struct post_list *list = &s->state->lists[what];
	struct gone *gone = arena_take(s->request->arena, list->count * sizeof *gone + 1);
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct span key =
			*(const struct span *)(const void *)((const uint8_t *)list->items[i] + list->key_offset);
		const struct post_member *member = what == POST_OBJECT_PERSON ? list->items[i] : NULL;
		if ((member && (member->left || member->erased)) ||
		    post_index_find(&s->index, what, key) != POST_NOWHERE)
			continue;
		memcpy(&gone[count].id, list->items[i], sizeof gone->id);
		gone[count++].key = arena_copy(s->request->arena, key);
	}
	for (size_t i = 0; i < count; i++) {
		if (what == POST_OBJECT_PERSON)
			TRY(core_record(s->core, &post_person_left_entry, &(struct post_person_left){gone[i].id},
					s->why, NULL));
		else
			TRY(core_record(s->core, &post_removed_entry,
					&(struct post_removed){what, gone[i].id, gone[i].key}, s->why, NULL));
	}
	return OK;
}

static struct err record_post(struct story *s)
{
	struct post_described now = described_now(s->file);
	uint8_t room[300];
	struct sink members = SINK_OF(room);
	if (s->state->described) {
		post_differ(&post_described_shape, s->state->described, &now, &members);
		if (members.size == 0)
			return OK;
	}
	return core_record(s->core, &post_described_entry, &now, s->why, NULL);
}

static struct err record_all(struct story *s)
{
	struct post_imported imported = {
		.file = s->file->file,
		.sha256 = s->file->sha256,
		.added = s->reply.added,
		.changed = s->reply.changed,
		.removed = s->reply.removed,
	};
	struct core_why first = {.actor = s->request->actor};
	TRY(core_record(s->core, &post_imported_entry, &imported, first, &s->reply.seq));
	s->why = (struct core_why){.actor = s->request->actor, .cause = s->reply.seq, .has_cause = true};
	TRY(record_post(s));
	for (enum post_object what = POST_OBJECT_BUILDING; what < POST_OBJECT_PERSON; what++)
		for (size_t i = 0; i < post_items(s->file, what).count; i++)
			TRY(record_item(s, what, i));
	TRY(record_people(s));
	for (enum post_object what = POST_OBJECT_PERSON; what >= POST_OBJECT_BUILDING; what--)
		TRY(record_removed(s, what));
	return settle_findings(s, true);
}

/* ---- the story ---- */

struct err post_import_write(struct core *core, const struct core_request *request)
{
	struct story s = {
		.core = core,
		.request = request,
		.file = request->body,
		.state = post_state_of(core),
		.changes = arena_take(request->arena, POST_LISTED_MAX * sizeof(struct post_change)),
		.findings = arena_take(request->arena, POST_LISTED_MAX * sizeof(struct post_import_finding)),
	};
	if (!may_be_taken(&s))
		return OK;
	name_items(&s);
	compare_all(&s);
	TRY(settle_findings(&s, false));
	bool differs = s.reply.added + s.reply.changed + s.reply.removed > 0 || s.finding_count > 0;
	if (differs && !s.file->dry_run) {
		TRY(record_all(&s));
		if (s.lines_touched)
			post_lines_send(core);
	}
	s.reply.changes = (struct shape_list){s.changes, s.change_count};
	s.reply.findings = (struct shape_list){s.findings, s.finding_count};
	core_answer(core, request->caller, &post_import_reply_shape, &s.reply);
	return OK;
}
