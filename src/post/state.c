#include "post/state.h"

#include <stdlib.h>

#define SHAPE_TABLE "core/entries.def"
#include "core/entry_structs.h"

/* ---- one block for a struct and its texts ---- */

static bool has_text(const struct shape_field *field)
{
	return field->kind == SHAPE_KIND_TEXT || field->kind == SHAPE_KIND_PROSE || field->kind == SHAPE_KIND_BYTES;
}

void *post_copy(const struct shape *shape, size_t item_size, const void *value)
{
	size_t size = item_size;
	for (size_t i = 0; i < shape->field_count; i++)
		if (has_text(&shape->fields[i]))
			size += ((const struct span *)(const void *)((const uint8_t *)value + shape->fields[i].offset))
					->size;
	uint8_t *copy = malloc(size);
	ENSURE(copy);
	memcpy(copy, value, item_size);
	uint8_t *text = copy + item_size;
	for (size_t i = 0; i < shape->field_count; i++) {
		if (!has_text(&shape->fields[i]))
			continue;
		struct span *span = (struct span *)(void *)(copy + shape->fields[i].offset);
		if (span->size > 0)
			memcpy(text, span->at, span->size);
		span->at = text;
		text += span->size;
	}
	return copy;
}

/* ---- lists ---- */

static uint64_t id_of(const void *item)
{
	uint64_t id;
	memcpy(&id, item, sizeof id);
	return id;
}

static struct span key_of(const struct post_list *list, const void *item)
{
	return *(const struct span *)(const void *)((const uint8_t *)item + list->key_offset);
}

/* The place of an id, or where it would stand. */
static size_t place_of(const struct post_list *list, uint64_t id)
{
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (id_of(list->items[middle]) < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void forget_keys(struct post_list *list)
{
	free(list->slots);
	list->slots = NULL;
	list->slot_count = 0;
}

void post_list_put(struct post_list *list, const void *value)
{
	void *copy = post_copy(list->shape, list->item_size, value);
	size_t place = place_of(list, id_of(value));
	forget_keys(list);
	if (place < list->count && id_of(list->items[place]) == id_of(value)) {
		free(list->items[place]);
		list->items[place] = copy;
		return;
	}
	if (list->count == list->room) {
		list->room = list->room ? list->room * 2 : 16;
		list->items = realloc(list->items, list->room * sizeof *list->items);
		ENSURE(list->items);
	}
	memmove(list->items + place + 1, list->items + place, (list->count - place) * sizeof *list->items);
	list->items[place] = copy;
	list->count++;
}

void post_list_remove(struct post_list *list, uint64_t id)
{
	size_t place = place_of(list, id);
	if (place == list->count || id_of(list->items[place]) != id)
		return;
	forget_keys(list);
	free(list->items[place]);
	list->count--;
	memmove(list->items + place, list->items + place + 1, (list->count - place) * sizeof *list->items);
}

void *post_list_find(const struct post_list *list, uint64_t id)
{
	size_t place = place_of(list, id);
	return place < list->count && id_of(list->items[place]) == id ? list->items[place] : NULL;
}

static size_t slot_of(const struct post_list *list, struct span key)
{
	uint32_t hash = 2166136261u; /* FNV-1a: keys are written by the post's own officers */
	for (size_t i = 0; i < key.size; i++)
		hash = (hash ^ key.at[i]) * 16777619u;
	return hash & (list->slot_count - 1);
}

static void learn_keys(struct post_list *list)
{
	list->slot_count = 16;
	while (list->slot_count < list->count * 2)
		list->slot_count *= 2;
	list->slots = calloc(list->slot_count, sizeof *list->slots);
	ENSURE(list->slots);
	for (size_t i = 0; i < list->count; i++) {
		struct span key = key_of(list, list->items[i]);
		if (key.size == 0)
			continue;
		size_t slot = slot_of(list, key);
		while (list->slots[slot] != 0)
			slot = (slot + 1) & (list->slot_count - 1);
		list->slots[slot] = (uint32_t)i + 1;
	}
}

void *post_list_find_key(struct post_list *list, struct span key)
{
	if (key.size == 0)
		return NULL;
	if (!list->slots)
		learn_keys(list);
	for (size_t slot = slot_of(list, key); list->slots[slot] != 0; slot = (slot + 1) & (list->slot_count - 1)) {
		void *item = list->items[list->slots[slot] - 1];
		if (span_equal(key_of(list, item), key))
			return item;
	}
	return NULL;
}

static void list_free(struct post_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	forget_keys(list);
}

/* ---- the state ---- */

/* A finding's copy is made by the entry's shape, but for the id in front of it. */
static const struct shape_field standing_fields[] = {
	{.name = "articles", .kind = SHAPE_KIND_TEXT, .offset = offsetof(struct post_standing, is.articles), .max = 60},
	{.name = "text", .kind = SHAPE_KIND_TEXT, .offset = offsetof(struct post_standing, is.text), .max = 200},
};
static const struct shape standing_shape = {"post_standing", sizeof(struct post_standing), standing_fields, 2};

#define LIST_OF(name)                                                                                                  \
	{                                                                                                              \
		.shape = &post_##name##_shape, .key_offset = offsetof(struct post_##name, key),                        \
		.item_size = sizeof(struct post_##name)                                                                \
	}

void *post_state_new(void)
{
	struct post_state *state = calloc(1, sizeof *state);
	ENSURE(state);
	state->lists[POST_OBJECT_BUILDING] = (struct post_list)LIST_OF(building);
	state->lists[POST_OBJECT_FLOOR] = (struct post_list)LIST_OF(floor);
	state->lists[POST_OBJECT_ZONE] = (struct post_list)LIST_OF(zone);
	state->lists[POST_OBJECT_LINE] = (struct post_list)LIST_OF(line);
	state->lists[POST_OBJECT_DEVICE] = (struct post_list)LIST_OF(device);
	state->lists[POST_OBJECT_DOOR] = (struct post_list)LIST_OF(door);
	state->lists[POST_OBJECT_PERSON] = (struct post_list){
		.shape = &post_person_changed_shape,
		.key_offset = offsetof(struct post_member, is.key),
		.item_size = sizeof(struct post_member),
	};
	state->findings = (struct post_list){
		.shape = &standing_shape,
		.key_offset = offsetof(struct post_standing, is.text),
		.item_size = sizeof(struct post_standing),
	};
	return state;
}

void post_state_free(void *at)
{
	struct post_state *state = at;
	if (!state)
		return;
	free(state->described);
	for (size_t i = 0; i < POST_OBJECT_COUNT; i++)
		list_free(&state->lists[i]);
	list_free(&state->findings);
	free(state);
}

struct post_state *post_state_of(struct core *core)
{
	return core_state(core, &post_module);
}

/* ---- entries ---- */

static const struct {
	const struct core_entry_kind *kind;
	enum post_object what;
} described_kinds[] = {
	{&post_building_entry, POST_OBJECT_BUILDING}, {&post_floor_entry, POST_OBJECT_FLOOR},
	{&post_zone_entry, POST_OBJECT_ZONE},         {&post_line_entry, POST_OBJECT_LINE},
	{&post_device_entry, POST_OBJECT_DEVICE},     {&post_door_entry, POST_OBJECT_DOOR},
};

/* Any of the kinds whose struct begins with `id`, zero when the entry makes the object. */
static bool apply_described(struct post_state *state, const struct core_entry *entry)
{
	for (size_t i = 0; i < sizeof described_kinds / sizeof *described_kinds; i++) {
		if (entry->kind != described_kinds[i].kind)
			continue;
		union {
			uint64_t id;
			struct post_building building;
			struct post_floor floor;
			struct post_zone zone;
			struct post_line line;
			struct post_device device;
			struct post_door door;
		} copy;
		memcpy(&copy, entry->body, entry->kind->shape->size);
		if (copy.id == 0)
			copy.id = entry->seq;
		post_list_put(&state->lists[described_kinds[i].what], &copy);
		return true;
	}
	return false;
}

static bool apply_person(struct post_state *state, const struct core_entry *entry)
{
	struct post_list *people = &state->lists[POST_OBJECT_PERSON];
	struct post_member member = {.erased = entry->erased};
	if (entry->kind == &post_person_entry) {
		const struct post_person *person = entry->body;
		member.is = (struct post_person_changed){
			.person = entry->seq,
			.status = person->status,
			.permanent_residence = person->permanent_residence,
			.notified_on = person->notified_on,
			.of = person->of,
			.key = person->key,
			.name = person->name,
			.nationality = person->nationality,
		};
	} else if (entry->kind == &post_person_changed_entry) {
		member.is = *(const struct post_person_changed *)entry->body;
	} else if (entry->kind == &post_person_left_entry) {
		struct post_member *leaving =
			post_list_find(people, ((const struct post_person_left *)entry->body)->person);
		if (leaving)
			leaving->left = true;
		return true;
	} else {
		return false;
	}
	post_list_put(people, &member);
	return true;
}

static bool apply_erasure(struct post_state *state, const struct core_entry *entry)
{
	if (entry->kind != &core_subject_erased_entry)
		return false;
	struct post_list *people = &state->lists[POST_OBJECT_PERSON];
	const struct core_subject_erased *erased = entry->body;
	const struct post_member *member = post_list_find(people, erased->subject);
	if (!member)
		return false;
	struct post_member blank = *member;
	blank.is.key = blank.is.name = blank.is.nationality = (struct span){0};
	blank.erased = true;
	post_list_put(people, &blank);
	return true;
}

static bool apply_finding(struct post_state *state, const struct core_entry *entry)
{
	if (entry->kind == &post_finding_entry) {
		struct post_standing standing = {.id = entry->seq, .is = *(const struct post_finding *)entry->body};
		post_list_put(&state->findings, &standing);
		return true;
	}
	if (entry->kind != &post_finding_cleared_entry)
		return false;
	post_list_remove(&state->findings, ((const struct post_finding_cleared *)entry->body)->finding);
	return true;
}

static bool apply_post(struct post_state *state, const struct core_entry *entry)
{
	if (entry->kind == &post_described_entry) {
		free(state->described);
		state->described = post_copy(&post_described_shape, sizeof(struct post_described), entry->body);
		return true;
	}
	if (entry->kind != &post_removed_entry)
		return false;
	const struct post_removed *removed = entry->body;
	if (state->lists[removed->what].shape && removed->what != POST_OBJECT_PERSON)
		post_list_remove(&state->lists[removed->what], removed->object);
	return true;
}

void post_state_apply(struct post_state *state, const struct core_entry *entry)
{
	if (apply_described(state, entry) || apply_person(state, entry) || apply_erasure(state, entry) ||
	    apply_finding(state, entry) || apply_post(state, entry))
		state->generation++;
}

/* ---- what others ask ---- */

#define ASK_BY_ID(name, WHAT)                                                                                          \
	const struct post_##name *post_##name(struct core *core, uint64_t id)                                          \
	{                                                                                                              \
		return post_list_find(&post_state_of(core)->lists[POST_OBJECT_##WHAT], id);                            \
	}
#define ASK_BY_KEY(name, type, WHAT)                                                                                   \
	const struct type *post_##name##_by_key(struct core *core, struct span key)                                    \
	{                                                                                                              \
		return post_list_find_key(&post_state_of(core)->lists[POST_OBJECT_##WHAT], key);                       \
	}
#define ASK_ALL(name, type, WHAT)                                                                                      \
	size_t post_##name##_count(struct core *core)                                                                  \
	{                                                                                                              \
		return post_state_of(core)->lists[POST_OBJECT_##WHAT].count;                                           \
	}                                                                                                              \
	const struct type *post_##name##_at(struct core *core, size_t index)                                           \
	{                                                                                                              \
		const struct post_list *list = &post_state_of(core)->lists[POST_OBJECT_##WHAT];                        \
		REQUIRE(index < list->count);                                                                          \
		return list->items[index];                                                                             \
	}

ASK_BY_ID(building, BUILDING)
ASK_BY_ID(floor, FLOOR)
ASK_BY_ID(zone, ZONE)
ASK_BY_ID(line, LINE)
ASK_BY_ID(device, DEVICE)
ASK_BY_ID(door, DOOR)

const struct post_member *post_person(struct core *core, uint64_t id)
{
	return post_list_find(&post_state_of(core)->lists[POST_OBJECT_PERSON], id);
}

ASK_BY_KEY(door, post_door, DOOR)
ASK_BY_KEY(zone, post_zone, ZONE)
ASK_BY_KEY(device, post_device, DEVICE)
ASK_BY_KEY(person, post_member, PERSON)

ASK_ALL(line, post_line, LINE)
ASK_ALL(device, post_device, DEVICE)
ASK_ALL(door, post_door, DOOR)
ASK_ALL(person, post_member, PERSON)

const struct post_described *post_described(struct core *core)
{
	return post_state_of(core)->described;
}

const struct post_line *post_line_by_number(struct core *core, uint32_t number)
{
	for (size_t i = 0; i < post_line_count(core); i++)
		if (post_line_at(core, i)->number == number)
			return post_line_at(core, i);
	return NULL;
}

uint64_t post_generation(struct core *core)
{
	return post_state_of(core)->generation;
}

void post_lines_send(struct core *core)
{
	struct line_transport lines[POST_LINES_MAX] = {0};
	size_t count = 0;
	for (size_t i = 0; i < post_line_count(core) && count < POST_LINES_MAX; i++) {
		const struct post_line *line = post_line_at(core, i);
		lines[count++] = (struct line_transport){line->number, line->address, line->baud};
	}
	core_set_lines(core, &(struct supervisor_lines){.lines = {lines, count}});
}
