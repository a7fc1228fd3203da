#include "post/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* ---- the lists ---- */

#define HEAD_IS_AN_ITEM(type)                                                                                          \
	_Static_assert(offsetof(struct type, line) == offsetof(struct post_item, line) &&                              \
			       offsetof(struct type, column) == offsetof(struct post_item, column) &&                  \
			       offsetof(struct type, key) == offsetof(struct post_item, key),                          \
		       "every item begins alike")
HEAD_IS_AN_ITEM(post_import_building);
HEAD_IS_AN_ITEM(post_import_floor);
HEAD_IS_AN_ITEM(post_import_zone);
HEAD_IS_AN_ITEM(post_import_line);
HEAD_IS_AN_ITEM(post_import_device);
HEAD_IS_AN_ITEM(post_import_door);
HEAD_IS_AN_ITEM(post_import_person);

struct post_items post_items(const struct post_import *file, enum post_object what)
{
	const struct {
		const struct shape_list *list;
		size_t size;
		const char *word;
	} lists[POST_OBJECT_PERSON + 1] = {
		[POST_OBJECT_BUILDING] = {&file->buildings, sizeof(struct post_import_building), "buildings"},
		[POST_OBJECT_FLOOR] = {&file->floors, sizeof(struct post_import_floor), "floors"},
		[POST_OBJECT_ZONE] = {&file->zones, sizeof(struct post_import_zone), "zones"},
		[POST_OBJECT_LINE] = {&file->lines, sizeof(struct post_import_line), "lines"},
		[POST_OBJECT_DEVICE] = {&file->devices, sizeof(struct post_import_device), "devices"},
		[POST_OBJECT_DOOR] = {&file->doors, sizeof(struct post_import_door), "doors"},
		[POST_OBJECT_PERSON] = {&file->people, sizeof(struct post_import_person), "people"},
	};
	if (!lists[what].list)
		return (struct post_items){.word = "post"};
	return (struct post_items){lists[what].list->at, lists[what].list->count, lists[what].size, lists[what].word};
}

const struct post_item *post_item(const struct post_items *items, size_t index)
{
	REQUIRE(index < items->count);
	return (const struct post_item *)(const void *)(items->at + index * items->size);
}

/* ---- saying what is wrong ---- */

struct checker {
	const struct post_import *file;
	struct arena *arena;
	struct post_index index;
	struct post_problem *problem;
};

static bool wrong(struct checker *c, enum post_object what, size_t index, const char *member, const char *format, ...)
	PRINTF_LIKE(5, 6);
static bool wrong(struct checker *c, enum post_object what, size_t index, const char *member, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	*c->problem = (struct post_problem){.what = what, .index = index, .member = member};
	(void)vsnprintf(c->problem->why, sizeof c->problem->why, format, args);
	va_end(args);
	return false;
}

/* ---- keys ---- */

static bool key_is_well_formed(struct span key)
{
	for (size_t i = 0; i < key.size; i++) {
		uint8_t a = key.at[i];
		bool word = (a >= 'a' && a <= 'z') || (a >= '0' && a <= '9');
		if (!word && (i == 0 || (a != '-' && a != '_' && a != '.')))
			return false;
	}
	return key.size > 0;
}

static int compare_spans(struct span a, struct span b)
{
	size_t least = a.size < b.size ? a.size : b.size;
	int order = least ? memcmp(a.at, b.at, least) : 0;
	return order ? order : (a.size > b.size) - (a.size < b.size);
}

struct keyed {
	struct span key;
	uint32_t index;
};

static int compare_keyed(const void *a_at, const void *b_at)
{
	const struct keyed *a = a_at, *b = b_at;
	int order = compare_spans(a->key, b->key);
	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static bool index_list(struct checker *c, enum post_object what)
{
	struct post_items items = post_items(c->file, what);
	struct keyed *sorted = arena_take(c->arena, items.count * sizeof *sorted + 1);
	uint32_t *by_key = arena_take(c->arena, items.count * sizeof *by_key + 1);
	for (size_t i = 0; i < items.count; i++) {
		sorted[i] = (struct keyed){post_item(&items, i)->key, (uint32_t)i};
		if (!key_is_well_formed(sorted[i].key))
			return wrong(c, what, i, "key", "a key is made of a to z, 0 to 9, '-', '_' and '.'");
	}
	qsort(sorted, items.count, sizeof *sorted, compare_keyed);
	for (size_t i = 0; i < items.count; i++) {
		by_key[i] = sorted[i].index;
		if (i > 0 && span_equal(sorted[i].key, sorted[i - 1].key))
			return wrong(c, what, sorted[i].index, "key", "\"%.*s\" is used twice in %s; first on line %u",
				     SPAN_ARGS(sorted[i].key), items.word,
				     post_item(&items, sorted[i - 1].index)->line);
	}
	c->index.by_key[what] = by_key;
	return true;
}

size_t post_index_find(const struct post_index *index, enum post_object what, struct span key)
{
	struct post_items items = post_items(index->file, what);
	size_t low = 0, high = items.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t at = index->by_key[what][middle];
		int order = compare_spans(post_item(&items, at)->key, key);
		if (order == 0)
			return at;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return POST_NOWHERE;
}

/* The item that a member names, or a problem. */
static const void *referred(struct checker *c, enum post_object what, size_t at, const char *member,
			    enum post_object to, struct span key, const char *a_thing)
{
	size_t found = post_index_find(&c->index, to, key);
	if (found == POST_NOWHERE) {
		if (key.size == 0)
			(void)wrong(c, what, at, member, "%s must be named", a_thing);
		else
			(void)wrong(c, what, at, member, "there is no %s \"%.*s\"", a_thing, SPAN_ARGS(key));
		return NULL;
	}
	struct post_items items = post_items(c->file, to);
	return post_item(&items, found);
}

/* ---- the post ---- */

static bool all_in(struct span text, const char *allowed)
{
	for (size_t i = 0; i < text.size; i++)
		if (!text.at[i] || !strchr(allowed, text.at[i]))
			return false;
	return true;
}

/* What a name of the time zone database may look like; whether the machine knows it, the command's process looks. */
static bool zone_name_is_sane(struct span name)
{
	return name.size > 0 && name.at[0] >= 'A' && name.at[0] <= 'Z' && !memchr(name.at, '.', name.size) &&
	       all_in(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");
}

static bool check_post(struct checker *c)
{
	const struct post_import *f = c->file;
	if (f->code.size < 2 || !all_in(f->code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
		return wrong(c, POST_OBJECT_POST, 0, "code", "a post's code is 2 to 8 of A to Z and 0 to 9");
	if (f->name.size == 0)
		return wrong(c, POST_OBJECT_POST, 0, "name", "a post has a name");
	if (f->kind == LAW_POST_NONE)
		return wrong(c, POST_OBJECT_POST, 0, "kind", "the kind of post decides which rules it is under");
	if (!law_state_exists(f->host_state))
		return wrong(c, POST_OBJECT_POST, 0, "host_state", "\"%.*s\" is no code of ISO 3166",
			     SPAN_ARGS(f->host_state));
	if (!law_state_exists(f->sending_state))
		return wrong(c, POST_OBJECT_POST, 0, "sending_state", "\"%.*s\" is no code of ISO 3166",
			     SPAN_ARGS(f->sending_state));
	bool at_home = span_equal(f->host_state, f->sending_state);
	if (at_home != (f->kind == LAW_POST_HEADQUARTERS))
		return wrong(c, POST_OBJECT_POST, 0, "host_state",
			     at_home ? "only a headquarters stands in its own State"
				     : "a headquarters stands in its own State");
	if (!zone_name_is_sane(f->time_zone))
		return wrong(c, POST_OBJECT_POST, 0, "time_zone", "\"%.*s\" is no time zone", SPAN_ARGS(f->time_zone));
	return true;
}

/* ---- buildings, floors, zones ---- */

static bool check_name(struct checker *c, enum post_object what, size_t at, struct span name)
{
	return name.size > 0 || wrong(c, what, at, "name", "a name is missing");
}

static bool check_building(struct checker *c, size_t at, const void *item)
{
	const struct post_import_building *building = item;
	return check_name(c, POST_OBJECT_BUILDING, at, building->name);
}

static bool level_is_well_formed(struct span level)
{
	struct span digits = level;
	if (level.size > 0 && level.at[0] == '-')
		digits = (struct span){level.at + 1, level.size - 1};
	uint64_t number;
	return !failed(decimal_read(digits, 999, &number)) && (number > 0 || digits.size == level.size);
}

static bool check_floor(struct checker *c, size_t at, const void *item)
{
	const struct post_import_floor *floor = item;
	if (!check_name(c, POST_OBJECT_FLOOR, at, floor->name))
		return false;
	if (!referred(c, POST_OBJECT_FLOOR, at, "building", POST_OBJECT_BUILDING, floor->building, "building"))
		return false;
	if (!level_is_well_formed(floor->level))
		return wrong(c, POST_OBJECT_FLOOR, at, "level", "a level is a whole number, -999 to 999");
	if (floor->width == 0 || floor->height == 0 || floor->width > POST_SIZE_MAX || floor->height > POST_SIZE_MAX)
		return wrong(c, POST_OBJECT_FLOOR, at, "plan", "a plan is 0.01 to %d units wide and high",
			     POST_SIZE_MAX / 100);
	const struct post_figure *figures = floor->plan.at;
	for (size_t i = 0; i < floor->plan.count; i++) {
		const char *why = post_figure_wrong(&figures[i], floor->width, floor->height);
		if (why)
			return wrong(c, POST_OBJECT_FLOOR, at, "plan", "figure %zu %s", i + 1, why);
	}
	return true;
}

static bool check_zone(struct checker *c, size_t at, const void *item)
{
	const struct post_import_zone *zone = item;
	if (!check_name(c, POST_OBJECT_ZONE, at, zone->name))
		return false;
	const struct post_import_floor *floor =
		referred(c, POST_OBJECT_ZONE, at, "floor", POST_OBJECT_FLOOR, zone->floor, "floor");
	if (!floor)
		return false;
	if (zone->level == POST_ZONE_NONE)
		return wrong(c, POST_OBJECT_ZONE, at, "level", "a level is missing");
	if (post_points_count(zone->outline, floor->width, floor->height) < 3)
		return wrong(c, POST_OBJECT_ZONE, at, "outline",
			     "an outline is 3 points or more, all on the floor's plan");
	return true;
}

/* ---- lines and devices ---- */

static bool address_is_well_formed(struct span address)
{
	if (address.size > 12 && memcmp(address.at, "serial:/dev/", 12) == 0) {
		struct span path = {address.at + 7, address.size - 7};
		for (size_t i = 0; i + 1 < path.size; i++)
			if (path.at[i] == '.' && path.at[i + 1] == '.')
				return false;
		return !memchr(path.at, ' ', path.size);
	}
	if (address.size <= 4 || memcmp(address.at, "tcp:", 4) != 0)
		return false;
	const uint8_t *colon = memrchr(address.at, ':', address.size);
	struct span host = {address.at + 4, colon > address.at + 4 ? (size_t)(colon - address.at) - 4 : 0};
	struct span port = {colon + 1, address.size - (size_t)(colon + 1 - address.at)};
	uint64_t number;
	return host.size > 0 && !failed(decimal_read(port, 65535, &number)) && number > 0 &&
	       all_in(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]");
}

static bool check_line(struct checker *c, size_t at, const void *item)
{
	static const uint32_t bauds[] = {9600, 19200, 38400, 57600, 115200, 230400};
	const struct post_import_line *line = item;
	if (!address_is_well_formed(line->address))
		return wrong(c, POST_OBJECT_LINE, at, "address", "an address is serial:/dev/NAME or tcp:HOST:PORT");
	bool known = false;
	for (size_t i = 0; i < sizeof bauds / sizeof *bauds; i++)
		known |= line->baud == bauds[i];
	if (!known)
		return wrong(c, POST_OBJECT_LINE, at, "baud",
			     "%u: OSDP runs at 9600, 19200, 38400, 57600, 115200 or 230400", line->baud);
	const struct post_import_line *lines = c->file->lines.at;
	for (size_t i = 0; i < at; i++)
		if (span_equal(lines[i].address, line->address))
			return wrong(c, POST_OBJECT_LINE, at, "address", "line \"%.*s\" has this address too",
				     SPAN_ARGS(lines[i].key));
	return true;
}

static bool check_device(struct checker *c, size_t at, const void *item)
{
	const struct post_import_device *device = item;
	if (!referred(c, POST_OBJECT_DEVICE, at, "line", POST_OBJECT_LINE, device->on_line, "line"))
		return false;
	if (device->address > 126)
		return wrong(c, POST_OBJECT_DEVICE, at, "address", "%u: an address is 0 to 126", device->address);
	if (device->kind == POST_DEVICE_NONE)
		return wrong(c, POST_OBJECT_DEVICE, at, "kind", "a device is a reader or an io");
	return true;
}

/* ---- what may be used once only: an address of a line, an input, an output or a reader of a device ---- */

struct use {
	uint64_t place; /* what is used, as one number */
	enum post_object what;
	uint32_t index;
	const char *member;
};

static int compare_uses(const void *a_at, const void *b_at)
{
	const struct use *a = a_at, *b = b_at;
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

enum use_kind { USE_ADDRESS = 1, USE_READER, USE_OUTPUT, USE_INPUT };

static void use(struct checker *c, struct use *uses, size_t *count, enum use_kind kind, size_t user, const char *member,
		struct span owner, uint32_t number)
{
	bool address = kind == USE_ADDRESS;
	size_t place = post_index_find(&c->index, address ? POST_OBJECT_LINE : POST_OBJECT_DEVICE, owner);
	if (place == POST_NOWHERE)
		return; /* the door has no such thing */
	uses[(*count)++] = (struct use){(uint64_t)kind << 56 | (uint64_t)place << 32 | number,
					address ? POST_OBJECT_DEVICE : POST_OBJECT_DOOR, (uint32_t)user, member};
}

static bool check_uses(struct checker *c)
{
	static const char *const things[] = {"", "address", "reader", "output", "input"};
	const struct post_import_device *devices = c->file->devices.at;
	const struct post_import_door *doors = c->file->doors.at;
	struct use *uses = arena_take(c->arena, (c->file->devices.count + 5 * c->file->doors.count) * sizeof *uses + 1);
	size_t count = 0;
	for (size_t i = 0; i < c->file->devices.count; i++)
		use(c, uses, &count, USE_ADDRESS, i, "address", devices[i].on_line, devices[i].address);
	for (size_t i = 0; i < c->file->doors.count; i++) {
		const struct post_import_door *d = &doors[i];
		use(c, uses, &count, USE_READER, i, "reader", d->reader_device, d->reader_number);
		use(c, uses, &count, USE_READER, i, "reader_inside", d->reader_inside_device, d->reader_inside_number);
		use(c, uses, &count, USE_OUTPUT, i, "strike", d->strike_device, d->strike_output);
		use(c, uses, &count, USE_INPUT, i, "contact", d->contact_device, d->contact_input);
		use(c, uses, &count, USE_INPUT, i, "exit_request", d->exit_device, d->exit_input);
	}
	qsort(uses, count, sizeof *uses, compare_uses);
	for (size_t i = 1; i < count; i++) {
		if (uses[i].place != uses[i - 1].place)
			continue;
		struct post_items items = post_items(c->file, uses[i].what);
		struct span other = post_item(&items, uses[i - 1].index)->key;
		return wrong(c, uses[i].what, uses[i].index, uses[i].member, "%s %u is used by %s \"%.*s\" too",
			     things[uses[i].place >> 56], (uint32_t)uses[i].place,
			     uses[i].what == POST_OBJECT_DEVICE ? "device" : "door", SPAN_ARGS(other));
	}
	return true;
}

/* ---- doors ---- */

static bool check_wire(struct checker *c, size_t at, const char *device_member, struct span device,
		       const char *number_member, uint32_t number, bool a_reader)
{
	if (device.size == 0)
		return true;
	const struct post_import_device *wired =
		referred(c, POST_OBJECT_DOOR, at, device_member, POST_OBJECT_DEVICE, device, "device");
	if (!wired)
		return false;
	if (a_reader && wired->kind != POST_DEVICE_READER)
		return wrong(c, POST_OBJECT_DOOR, at, device_member, "\"%.*s\" is no reader", SPAN_ARGS(device));
	if (number >= POST_CONTACTS_MAX)
		return wrong(c, POST_OBJECT_DOOR, at, number_member, "%u: numbers go from 0 to %d", number,
			     POST_CONTACTS_MAX - 1);
	return true;
}

static bool check_wires(struct checker *c, size_t at, const struct post_import_door *door)
{
	if (!check_wire(c, at, "reader.device", door->reader_device, "reader.number", door->reader_number, true) ||
	    !check_wire(c, at, "reader_inside.device", door->reader_inside_device, "reader_inside.number",
			door->reader_inside_number, true) ||
	    !check_wire(c, at, "strike.device", door->strike_device, "strike.output", door->strike_output, false) ||
	    !check_wire(c, at, "contact.device", door->contact_device, "contact.input", door->contact_input, false) ||
	    !check_wire(c, at, "exit_request.device", door->exit_device, "exit_request.input", door->exit_input, false))
		return false;
	bool has_reader = door->reader_device.size > 0 || door->reader_inside_device.size > 0;
	if (has_reader && door->strike_device.size == 0)
		return wrong(c, POST_OBJECT_DOOR, at, "strike", "a door with a reader needs a strike to release");
	if (door->strike_device.size > 0 && (door->strike_100ms < 5 || door->strike_100ms > 600))
		return wrong(c, POST_OBJECT_DOOR, at, "strike.seconds", "a strike is released for 0.5 to 60 seconds");
	if (door->strike_device.size == 0 && door->strike_100ms > 0)
		return wrong(c, POST_OBJECT_DOOR, at, "strike", "seconds without a strike");
	if ((door->contact_device.size > 0) != (door->contact_active != POST_CONTACT_NONE))
		return wrong(c, POST_OBJECT_DOOR, at, "contact", "a contact says when it is active: open or shut");
	return true;
}

static bool check_door(struct checker *c, size_t at, const void *item)
{
	const struct post_import_door *door = item;
	if (!check_name(c, POST_OBJECT_DOOR, at, door->name))
		return false;
	const struct post_import_floor *floor =
		referred(c, POST_OBJECT_DOOR, at, "floor", POST_OBJECT_FLOOR, door->floor, "floor");
	if (!floor)
		return false;
	if (door->x > floor->width || door->y > floor->height)
		return wrong(c, POST_OBJECT_DOOR, at, door->x > floor->width ? "x" : "y",
			     "the door lies outside the plan of floor \"%.*s\"", SPAN_ARGS(door->floor));
	const struct post_import_zone *to =
		referred(c, POST_OBJECT_DOOR, at, "to", POST_OBJECT_ZONE, door->zone_to, "zone");
	const struct post_import_zone *from = to;
	if (to && door->zone_from.size > 0)
		from = referred(c, POST_OBJECT_DOOR, at, "from", POST_OBJECT_ZONE, door->zone_from, "zone");
	if (!to || !from)
		return false;
	if (door->zone_from.size > 0 && from == to)
		return wrong(c, POST_OBJECT_DOOR, at, "to", "the door leads from zone \"%.*s\" to itself",
			     SPAN_ARGS(door->zone_to));
	if (!span_equal(to->floor, door->floor) && !span_equal(from->floor, door->floor))
		return wrong(c, POST_OBJECT_DOOR, at, "floor", "none of the door's zones is on floor \"%.*s\"",
			     SPAN_ARGS(door->floor));
	if (door->fire_release == POST_FIRE_RELEASE_UNSAID)
		return wrong(c, POST_OBJECT_DOOR, at, "fire_release", "wired or none must be said");
	if (door->held_after_s < 5 || door->held_after_s > 3600)
		return wrong(c, POST_OBJECT_DOOR, at, "held_after", "a door is held open after 5 to 3600 seconds");
	return check_wires(c, at, door);
}

/* ---- people ---- */

static bool is_day(struct span day)
{
	char full[CLOCK_TEXT_SIZE];
	struct sink s = SINK_OF(full);
	uint64_t time;
	sink_put(&s, day);
	sink_text(&s, "T00:00:00.000000Z");
	return day.size == 10 && !failed(clock_read(sink_span(&s), &time));
}

static bool check_of(struct checker *c, size_t at, const struct post_import_person *person)
{
	if (!law_status_depends(person->status)) {
		if (person->of.size > 0)
			return wrong(c, POST_OBJECT_PERSON, at, "of",
				     "only family members and private servants are somebody's");
		return true;
	}
	if (person->of.size == 0)
		return wrong(c, POST_OBJECT_PERSON, at, "of", "whose family member or servant this is must be said");
	const struct post_import_person *member =
		referred(c, POST_OBJECT_PERSON, at, "of", POST_OBJECT_PERSON, person->of, "person");
	if (member && !law_status_is_member(member->status))
		return wrong(c, POST_OBJECT_PERSON, at, "of", "\"%.*s\" is no member of the post",
			     SPAN_ARGS(person->of));
	return member != NULL;
}

static bool check_person(struct checker *c, size_t at, const void *item)
{
	const struct post_import_person *person = item;
	if (!check_name(c, POST_OBJECT_PERSON, at, person->name))
		return false;
	if (person->status == LAW_STATUS_NONE)
		return wrong(c, POST_OBJECT_PERSON, at, "status", "a status is missing");
	if (!law_state_exists(person->nationality))
		return wrong(c, POST_OBJECT_PERSON, at, "nationality", "\"%.*s\" is no code of ISO 3166",
			     SPAN_ARGS(person->nationality));
	if (person->notified_on.size > 0 && !is_day(person->notified_on))
		return wrong(c, POST_OBJECT_PERSON, at, "notified_on", "\"%.*s\" is no day; write 2026-11-22",
			     SPAN_ARGS(person->notified_on));
	if (!check_of(c, at, person))
		return false;
	struct law_person in_law = post_law_person(&c->index, person);
	struct law_standing standing = law_standing(c->file->kind, &in_law);
	if (standing.fit == LAW_FIT_IMPOSSIBLE)
		return wrong(c, POST_OBJECT_PERSON, at, "status", "%s", standing.why);
	return true;
}

/* ---- all of it ---- */

/* How large the post is when it is drawn: at most, for a quote in a text takes two bytes. */
static size_t drawn_bytes(const struct post_import *file)
{
	enum { FIGURE_BYTES = 200, PLACE_BYTES = 200 };
	const struct post_import_floor *floors = file->floors.at;
	const struct post_import_zone *zones = file->zones.at;
	const struct post_import_door *doors = file->doors.at;
	size_t bytes = (file->buildings.count + file->floors.count) * (PLACE_BYTES + 200);
	for (size_t i = 0; i < file->floors.count; i++) {
		const struct post_figure *figures = floors[i].plan.at;
		for (size_t k = 0; k < floors[i].plan.count; k++)
			bytes += FIGURE_BYTES + figures[k].points.size + figures[k].d.size + 2 * figures[k].text.size;
	}
	for (size_t i = 0; i < file->zones.count; i++)
		bytes += PLACE_BYTES + zones[i].outline.size + 2 * zones[i].name.size;
	for (size_t i = 0; i < file->doors.count; i++)
		bytes += PLACE_BYTES + 2 * doors[i].name.size;
	return bytes;
}

static bool check_size(struct checker *c)
{
	size_t bytes = drawn_bytes(c->file);
	return bytes <= POST_DRAWN_BYTES_MAX ||
	       wrong(c, POST_OBJECT_POST, 0, "",
		     "all plans, zones and doors together are too large to be drawn: %zu bytes, "
		     "at most %d",
		     bytes, POST_DRAWN_BYTES_MAX);
}

static bool check_list(struct checker *c, enum post_object what, bool (*check)(struct checker *, size_t, const void *))
{
	struct post_items items = post_items(c->file, what);
	for (size_t i = 0; i < items.count; i++)
		if (!check(c, i, post_item(&items, i)))
			return false;
	return true;
}

bool post_check(const struct post_import *file, struct arena *arena, struct post_index *ret_index,
		struct post_problem *ret_problem)
{
	struct checker c = {.file = file, .arena = arena, .index = {.file = file}, .problem = ret_problem};
	if (!check_post(&c))
		return false;
	for (enum post_object what = POST_OBJECT_BUILDING; what <= POST_OBJECT_PERSON; what++)
		if (!index_list(&c, what))
			return false;
	if (!check_list(&c, POST_OBJECT_BUILDING, check_building) || !check_list(&c, POST_OBJECT_FLOOR, check_floor) ||
	    !check_list(&c, POST_OBJECT_ZONE, check_zone) || !check_list(&c, POST_OBJECT_LINE, check_line) ||
	    !check_list(&c, POST_OBJECT_DEVICE, check_device) || !check_list(&c, POST_OBJECT_DOOR, check_door) ||
	    !check_uses(&c) || !check_list(&c, POST_OBJECT_PERSON, check_person) || !check_size(&c))
		return false;
	*ret_index = c.index;
	return true;
}
