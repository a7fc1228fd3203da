#include "post/describe.h"

#include <stdlib.h>

/* ---- what a file's items are called ---- */

static struct ledger_hash plan_hash(const struct shape_list *plan)
{
	const struct post_figure *figures = plan->at;
	size_t room = 64;
	for (size_t i = 0; i < plan->count; i++)
		room += 64 + figures[i].points.size + figures[i].d.size + figures[i].text.size;
	uint8_t *bytes = malloc(room);
	ENSURE(bytes);
	struct sink s = sink_of(bytes, room);
	for (size_t i = 0; i < plan->count; i++)
		shape_write_binary(&s, &post_figure_shape, &figures[i]);
	ENSURE(!s.failed);
	struct ledger_hash hash = ledger_hash_bytes(sink_span(&s));
	free(bytes);
	return hash;
}

static void number_lines(struct post_names *names, const struct post_index *index, const struct post_list *standing,
			 struct arena *arena)
{
	size_t count = index->file->lines.count;
	bool taken[POST_LINES_MAX] = {false};
	names->line_numbers = arena_take(arena, count * sizeof *names->line_numbers + 1);
	for (size_t i = 0; i < count; i++) {
		const struct post_line *line = post_list_find(standing, names->ids[POST_OBJECT_LINE][i]);
		names->line_numbers[i] = line ? line->number : POST_LINES_MAX;
		if (line)
			taken[line->number] = true;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t free_one = 0;
		while (names->line_numbers[i] == POST_LINES_MAX && taken[free_one])
			free_one++; /* as many numbers as a file may have lines */
		if (names->line_numbers[i] == POST_LINES_MAX) {
			names->line_numbers[i] = free_one;
			taken[free_one] = true;
		}
	}
}

void post_names_number_lines(struct post_names *names, const struct post_index *index, const struct post_list *lines,
			     struct arena *arena)
{
	number_lines(names, index, lines, arena);
	const struct post_import_floor *floors = index->file->floors.at;
	names->plans = arena_take(arena, index->file->floors.count * sizeof *names->plans + 1);
	for (size_t i = 0; i < index->file->floors.count; i++)
		names->plans[i] = plan_hash(&floors[i].plan);
}

/* ---- descriptions ---- */

struct describer {
	const struct post_names *names;
	const struct post_index *index;
	size_t at;
	uint64_t id;
};

/* The id of what a key names; 0 for the empty key. The file has been checked, so that every other key names
 * something. */
static uint64_t id_named(const struct describer *d, enum post_object what, struct span key)
{
	size_t at = post_index_find(d->index, what, key);
	ENSURE(at != POST_NOWHERE || key.size == 0);
	return at == POST_NOWHERE ? 0 : d->names->ids[what][at];
}

static void describe_building(const struct describer *d, union post_description *ret)
{
	const struct post_import_building *in =
		(const struct post_import_building *)d->index->file->buildings.at + d->at;
	ret->building = (struct post_building){.id = d->id, .key = in->key, .name = in->name};
}

static void describe_floor(const struct describer *d, union post_description *ret)
{
	const struct post_import_floor *in = (const struct post_import_floor *)d->index->file->floors.at + d->at;
	ret->floor = (struct post_floor){
		.id = d->id,
		.building = id_named(d, POST_OBJECT_BUILDING, in->building),
		.key = in->key,
		.name = in->name,
		.level = in->level,
		.width = in->width,
		.height = in->height,
		.figures = (uint32_t)in->plan.count,
		.plan = in->plan.count > 0 ? ledger_hash_span(&d->names->plans[d->at]) : (struct span){0},
	};
}

static void describe_zone(const struct describer *d, union post_description *ret)
{
	const struct post_import_zone *in = (const struct post_import_zone *)d->index->file->zones.at + d->at;
	ret->zone = (struct post_zone){
		.id = d->id,
		.floor = id_named(d, POST_OBJECT_FLOOR, in->floor),
		.key = in->key,
		.name = in->name,
		.level = in->level,
		.outline = in->outline,
	};
}

static void describe_line(const struct describer *d, union post_description *ret)
{
	const struct post_import_line *in = (const struct post_import_line *)d->index->file->lines.at + d->at;
	ret->line = (struct post_line){
		.id = d->id,
		.key = in->key,
		.address = in->address,
		.baud = in->baud,
		.number = d->names->line_numbers[d->at],
	};
}

static void describe_device(const struct describer *d, union post_description *ret)
{
	const struct post_import_device *in = (const struct post_import_device *)d->index->file->devices.at + d->at;
	ret->device = (struct post_device){
		.id = d->id,
		.line = id_named(d, POST_OBJECT_LINE, in->on_line),
		.key = in->key,
		.address = in->address,
		.kind = in->kind,
		.plain = in->plain,
		.checksum = in->checksum,
	};
}

static void describe_door(const struct describer *d, union post_description *ret)
{
	const struct post_import_door *in = (const struct post_import_door *)d->index->file->doors.at + d->at;
	ret->door = (struct post_door){
		.id = d->id,
		.floor = id_named(d, POST_OBJECT_FLOOR, in->floor),
		.key = in->key,
		.name = in->name,
		.x = in->x,
		.y = in->y,
		.zone_from = id_named(d, POST_OBJECT_ZONE, in->zone_from),
		.zone_to = id_named(d, POST_OBJECT_ZONE, in->zone_to),
		.reader_device = id_named(d, POST_OBJECT_DEVICE, in->reader_device),
		.reader_number = in->reader_number,
		.reader_inside_device = id_named(d, POST_OBJECT_DEVICE, in->reader_inside_device),
		.reader_inside_number = in->reader_inside_number,
		.strike_device = id_named(d, POST_OBJECT_DEVICE, in->strike_device),
		.strike_output = in->strike_output,
		.strike_100ms = in->strike_100ms,
		.contact_device = id_named(d, POST_OBJECT_DEVICE, in->contact_device),
		.contact_input = in->contact_input,
		.contact_active = in->contact_active,
		.exit_device = id_named(d, POST_OBJECT_DEVICE, in->exit_device),
		.exit_input = in->exit_input,
		.fire_release = in->fire_release,
		.held_after_s = in->held_after_s,
	};
}

static void describe_person(const struct describer *d, union post_description *ret)
{
	const struct post_import_person *in = (const struct post_import_person *)d->index->file->people.at + d->at;
	ret->person = (struct post_person_changed){
		.person = d->id,
		.status = in->status,
		.permanent_residence = in->permanent_residence,
		.notified_on = in->notified_on,
		.of = id_named(d, POST_OBJECT_PERSON, in->of),
		.key = in->key,
		.name = in->name,
		.nationality = in->nationality,
	};
}

static const struct {
	void (*describe)(const struct describer *d, union post_description *ret);
	const struct core_entry_kind *kind;
} descriptions[POST_OBJECT_COUNT] = {
	[POST_OBJECT_BUILDING] = {describe_building, &post_building_entry},
	[POST_OBJECT_FLOOR] = {describe_floor, &post_floor_entry},
	[POST_OBJECT_ZONE] = {describe_zone, &post_zone_entry},
	[POST_OBJECT_LINE] = {describe_line, &post_line_entry},
	[POST_OBJECT_DEVICE] = {describe_device, &post_device_entry},
	[POST_OBJECT_DOOR] = {describe_door, &post_door_entry},
	[POST_OBJECT_PERSON] = {describe_person, &post_person_changed_entry},
};

void post_describe(const struct post_names *names, const struct post_index *index, enum post_object what, size_t at,
		   union post_description *ret_description)
{
	REQUIRE(what <= POST_OBJECT_PERSON && descriptions[what].describe);
	struct describer d = {.names = names, .index = index, .at = at, .id = names->ids[what][at]};
	memset(ret_description, 0, sizeof *ret_description);
	descriptions[what].describe(&d, ret_description);
}

const struct core_entry_kind *post_description_kind(enum post_object what)
{
	return descriptions[what].kind;
}

/* ---- comparing ---- */

static bool fields_equal(const struct shape_field *field, const void *a_struct, const void *b_struct)
{
	const void *a = (const uint8_t *)a_struct + field->offset, *b = (const uint8_t *)b_struct + field->offset;
	switch (field->kind) {
	case SHAPE_KIND_TEXT:
	case SHAPE_KIND_PROSE:
	case SHAPE_KIND_BYTES:
		return span_equal(*(const struct span *)a, *(const struct span *)b);
	case SHAPE_KIND_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case SHAPE_KIND_U32:
	case SHAPE_KIND_ENUM:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	default:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	}
}

void post_differ(const struct shape *shape, const void *before, const void *now, struct sink *ret_members)
{
	for (size_t i = 0; i < shape->field_count; i++)
		if (!fields_equal(&shape->fields[i], before, now))
			sink_printf(ret_members, "%s%s", ret_members->size ? ", " : "", shape->fields[i].name);
}

/* ---- plans in parts ---- */

struct shape_list post_plan_part(const struct shape_list *plan, size_t first)
{
	enum { PART_FIGURES_MAX = 1000, FIGURE_BYTES_MAX = 32 * 1024 };
	const struct post_figure *figures = plan->at;
	uint8_t room[FIGURE_BYTES_MAX];
	size_t count = 0, bytes = 0;
	while (first + count < plan->count && count < PART_FIGURES_MAX) {
		struct sink s = SINK_OF(room);
		shape_write_sparse(&s, &post_figure_shape, SHAPE_OPEN, &figures[first + count], false);
		ENSURE(!s.failed);
		bytes += s.size + 3;
		if (count > 0 && bytes > POST_PLAN_ENTRY_BYTES_MAX)
			break;
		count++;
	}
	return (struct shape_list){figures + first, count};
}
