#include "post/file.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/yaml.h"
#include "ledger/hash.h"
#include "post/plan.h"

struct reading {
	struct yaml_file yaml;
	const struct post_file_options *options;
	struct arena *arena;
	struct post_import *import;
	const char *folder; /* of the post's file, with its slash; "" when there is none */
};

/* ---- what the keys fill ---- */

static const struct yaml_rule post_rules[] = {
	{"code", "code", true, 0},
	{"name", "name", true, 0},
	{"kind", "kind", true, 0},
	{"host_state", "host_state", true, 0},
	{"sending_state", "sending_state", true, 0},
	{"time_zone", "time_zone", true, 0},
};
static const struct yaml_rule building_rules[] = {
	{"key", "key", true, 0},
	{"name", "name", true, 0},
};
static const struct yaml_rule floor_rules[] = {
	{"key", "key", true, 0},     {"name", "name", true, 0}, {"building", "building", true, 0},
	{"level", "level", true, 0}, {"plan", NULL, true, 0},
};
static const struct yaml_rule zone_rules[] = {
	{"key", "key", true, 0},     {"name", "name", true, 0},  {"floor", "floor", true, 0},
	{"level", "level", true, 0}, {"outline", NULL, true, 0},
};
static const struct yaml_rule line_rules[] = {
	{"key", "key", true, 0},
	{"address", "address", true, 0},
	{"baud", "baud", false, 0},
};
static const struct yaml_rule device_rules[] = {
	{"key", "key", true, 0},   {"line", "on_line", true, 0}, {"address", "address", true, 0},
	{"kind", "kind", true, 0}, {"secure", NULL, false, 0},   {"checksum", "checksum", false, 0},
};
static const struct yaml_rule door_rules[] = {
	{"key", "key", true, 0},
	{"name", "name", true, 0},
	{"floor", "floor", true, 0},
	{"x", "x", true, 2},
	{"y", "y", true, 2},
	{"from", "zone_from", false, 0},
	{"to", "zone_to", true, 0},
	{"reader.device", "reader_device", true, 0},
	{"reader.number", "reader_number", false, 0},
	{"reader_inside.device", "reader_inside_device", true, 0},
	{"reader_inside.number", "reader_inside_number", false, 0},
	{"strike.device", "strike_device", true, 0},
	{"strike.output", "strike_output", true, 0},
	{"strike.seconds", "strike_100ms", true, 1},
	{"contact.device", "contact_device", true, 0},
	{"contact.input", "contact_input", true, 0},
	{"contact.active", "contact_active", false, 0},
	{"exit_request.device", "exit_device", true, 0},
	{"exit_request.input", "exit_input", true, 0},
	{"fire_release", "fire_release", true, 0},
	{"held_after", "held_after_s", false, 0},
};
static const struct yaml_rule person_rules[] = {
	{"key", "key", true, 0},
	{"name", "name", true, 0},
	{"status", "status", true, 0},
	{"nationality", "nationality", true, 0},
	{"permanent_residence", "permanent_residence", false, 0},
	{"notified_on", "notified_on", false, 0},
	{"of", "of", false, 0},
};

/* The lists of the file; a rule without a field says only that the key may stand there. */
static const struct yaml_rule file_rules[] = {
	{"post", NULL, true, 0},   {"buildings", NULL, false, 0}, {"floors", NULL, false, 0},
	{"zones", NULL, false, 0}, {"lines", NULL, false, 0},     {"devices", NULL, false, 0},
	{"doors", NULL, false, 0}, {"people", NULL, false, 0},
};

#define FILL(r, node, shape, rules, value)                                                                             \
	yaml_fill(&(r)->yaml, (node), &(shape), (rules), sizeof(rules) / sizeof *(rules), (value))

/* ---- items that have more than scalars ---- */

static struct err read_building(struct reading *r, const struct yaml_node *node, void *item)
{
	return FILL(r, node, post_import_building_shape, building_rules, item);
}

static struct err plan_beside(struct reading *r, const char *name, struct span *ret_text)
{
	if (r->options->plan)
		return r->options->plan(r->options->context, name, r->arena, ret_text);
	char path[4200];
	if (snprintf(path, sizeof path, "%s%s", r->folder, name) >= (int)sizeof path)
		return FAIL(ERR_TOO_LARGE, "%s: its path is too long", name);
	return yaml_load(path, POST_PLAN_SIZE_MAX, r->arena, ret_text);
}

static struct err read_floor(struct reading *r, const struct yaml_node *node, void *item)
{
	struct post_import_floor *floor = item;
	struct span name, text;
	TRY(FILL(r, node, post_import_floor_shape, floor_rules, floor));
	const struct yaml_node *plan = yaml_member(node, "plan");
	TRY(yaml_text(&r->yaml, plan, "plan", POST_FILE_NAME_MAX, false, &name));
	const char *string = arena_string(r->arena, name);
	if (name.at[0] == '/' || strstr(string, ".."))
		return yaml_refuse(&r->yaml, plan, "plan: a plan lies beside the post's file or below it");
	struct err e = plan_beside(r, string, &text);
	if (failed(e)) {
		char why[ERR_WHY_SIZE_MAX];
		(void)snprintf(why, sizeof why, "%s", err_why());
		return yaml_refuse(&r->yaml, plan, "plan: %s", why);
	}
	return post_plan_read(string, text, r->arena, &floor->width, &floor->height, &floor->plan);
}

enum { OUTLINE_MAX = 4000, OUTLINE_POINTS_MAX = 400 };

static struct err read_outline(struct reading *r, const struct yaml_node *node, struct post_import_zone *zone)
{
	uint8_t room[OUTLINE_MAX];
	struct sink s = SINK_OF(room);
	const struct yaml_node *outline = yaml_member(node, "outline");
	TRY(yaml_need_list(&r->yaml, outline, "outline", OUTLINE_POINTS_MAX));
	for (const struct yaml_node *point = outline->first; point; point = point->next) {
		uint64_t x, y;
		TRY(yaml_need_list(&r->yaml, point, "outline: a point", 2));
		if (point->count != 2)
			return yaml_refuse(&r->yaml, point, "outline: a point is [x, y]");
		TRY(yaml_decimal(&r->yaml, point->first, "outline", 2, POST_SIZE_MAX, &x));
		TRY(yaml_decimal(&r->yaml, point->first->next, "outline", 2, POST_SIZE_MAX, &y));
		sink_printf(&s, "%s%u,%u", s.size ? " " : "", (uint32_t)x, (uint32_t)y);
	}
	if (s.failed)
		return yaml_refuse(&r->yaml, outline, "outline: too many points");
	zone->outline = arena_copy(r->arena, sink_span(&s));
	return OK;
}

static struct err read_zone(struct reading *r, const struct yaml_node *node, void *item)
{
	TRY(FILL(r, node, post_import_zone_shape, zone_rules, item));
	return read_outline(r, node, item);
}

static struct err read_line(struct reading *r, const struct yaml_node *node, void *item)
{
	struct post_import_line *line = item;
	line->baud = 9600;
	TRY(FILL(r, node, post_import_line_shape, line_rules, line));
	for (size_t i = 0; i < r->options->override_count; i++)
		if (span_equal(r->options->overrides[i].line, line->key))
			line->address = r->options->overrides[i].address;
	return OK;
}

static struct err read_device(struct reading *r, const struct yaml_node *node, void *item)
{
	struct post_import_device *device = item;
	bool secure = true;
	TRY(FILL(r, node, post_import_device_shape, device_rules, device));
	if (yaml_member(node, "secure"))
		TRY(yaml_bool(&r->yaml, yaml_member(node, "secure"), "secure", &secure));
	device->plain = !secure;
	return OK;
}

static struct err read_door(struct reading *r, const struct yaml_node *node, void *item)
{
	struct post_import_door *door = item;
	door->held_after_s = 30;
	TRY(FILL(r, node, post_import_door_shape, door_rules, door));
	if (door->contact_device.size > 0 && door->contact_active == POST_CONTACT_NONE)
		door->contact_active = POST_CONTACT_ACTIVE_OPEN;
	return OK;
}

static struct err read_person(struct reading *r, const struct yaml_node *node, void *item)
{
	return FILL(r, node, post_import_person_shape, person_rules, item);
}

/* ---- lists ---- */

struct list_reader {
	enum post_object what;
	size_t offset; /* of the list in struct post_import */
	size_t max;
	struct err (*read)(struct reading *r, const struct yaml_node *node, void *item);
};

static const struct list_reader list_readers[] = {
	{POST_OBJECT_BUILDING, offsetof(struct post_import, buildings), POST_BUILDINGS_MAX, read_building},
	{POST_OBJECT_FLOOR, offsetof(struct post_import, floors), POST_FLOORS_MAX, read_floor},
	{POST_OBJECT_ZONE, offsetof(struct post_import, zones), POST_ZONES_MAX, read_zone},
	{POST_OBJECT_LINE, offsetof(struct post_import, lines), POST_LINES_MAX, read_line},
	{POST_OBJECT_DEVICE, offsetof(struct post_import, devices), POST_DEVICES_MAX, read_device},
	{POST_OBJECT_DOOR, offsetof(struct post_import, doors), POST_DOORS_MAX, read_door},
	{POST_OBJECT_PERSON, offsetof(struct post_import, people), POST_PEOPLE_MAX, read_person},
};

static struct err read_list(struct reading *r, const struct list_reader *reader)
{
	struct post_items items = post_items(r->import, reader->what);
	const struct yaml_node *list = yaml_member(r->yaml.root, items.word);
	if (!list)
		return OK;
	TRY(yaml_need_list(&r->yaml, list, items.word, reader->max));
	if (!arena_has_room(r->arena, list->count * items.size + 1))
		return yaml_refuse(&r->yaml, list, "%s: too large", items.word);
	uint8_t *at = arena_take(r->arena, list->count * items.size + 1);
	size_t index = 0;
	for (const struct yaml_node *node = list->first; node; node = node->next, index++) {
		struct post_item *item = (struct post_item *)(void *)(at + index * items.size);
		TRY(yaml_need_map(&r->yaml, node, items.word));
		item->line = node->line;
		item->column = node->column;
		TRY(reader->read(r, node, item));
	}
	*(struct shape_list *)(void *)((uint8_t *)r->import + reader->offset) = (struct shape_list){at, list->count};
	return OK;
}

/* ---- the checks, with the place of the very word ---- */

static struct err refuse_problem(struct reading *r, const struct post_problem *problem)
{
	struct post_items items = post_items(r->import, problem->what);
	const struct yaml_node *node = yaml_member(r->yaml.root, items.word);
	if (problem->what != POST_OBJECT_POST) {
		node = node->first;
		for (size_t i = 0; i < problem->index; i++)
			node = node->next;
	}
	const struct yaml_node *member = *problem->member ? yaml_member(node, problem->member) : NULL;
	return yaml_refuse(&r->yaml, member ? member : node, "%s%s%s", problem->member, *problem->member ? ": " : "",
			   problem->why);
}

/* Core has no view of the machine's files, so this is looked up here. */
static struct err check_time_zone(struct reading *r)
{
	char path[100];
	struct stat about;
	if (stat("/usr/share/zoneinfo", &about) != 0)
		return FAIL(ERR_NOT_FOUND, "this machine has no time zone database: /usr/share/zoneinfo");
	(void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%.*s", SPAN_ARGS(r->import->time_zone));
	if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
		return yaml_refuse(&r->yaml, yaml_member(r->yaml.root, "post.time_zone"),
				   "time_zone: this machine knows no time zone \"%.*s\"",
				   SPAN_ARGS(r->import->time_zone));
	return OK;
}

static struct err check_overrides(struct reading *r, const struct post_index *index)
{
	for (size_t i = 0; i < r->options->override_count; i++) {
		struct span line = r->options->overrides[i].line;
		if (post_index_find(index, POST_OBJECT_LINE, line) == POST_NOWHERE)
			return FAIL(ERR_INVALID, "%s: there is no line \"%.*s\" to give another address", r->yaml.name,
				    SPAN_ARGS(line));
	}
	return OK;
}

/* Core takes requests up to a bound; better said here, before anything is sent. */
static struct err check_size(struct reading *r)
{
	if (!arena_has_room(r->arena, POST_FILE_REQUEST_MAX))
		return FAIL(ERR_TOO_LARGE, "%s: the file and its plans are too large", r->yaml.name);
	struct sink s = sink_of(arena_take(r->arena, POST_FILE_REQUEST_MAX), POST_FILE_REQUEST_MAX);
	shape_write_binary(&s, &post_import_shape, r->import);
	if (s.failed)
		return FAIL(ERR_TOO_LARGE, "%s: the file and its plans come to more than %d bytes", r->yaml.name,
			    POST_FILE_REQUEST_MAX);
	return OK;
}

static struct err check_all(struct reading *r)
{
	struct post_index index;
	struct post_problem problem;
	struct arena *arena = arena_new(POST_FILE_ARENA_MAX);
	struct err e = OK;
	if (!post_check(r->import, arena, &index, &problem))
		e = refuse_problem(r, &problem);
	if (!failed(e))
		e = check_overrides(r, &index);
	arena_free(arena);
	TRY(e);
	TRY(check_time_zone(r));
	return check_size(r);
}

/* ---- the file ---- */

static const char *name_alone(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static struct err parse(struct reading *r, const char *name, struct span text)
{
	TRY(yaml_read(name, text, r->arena, &r->yaml));
	const struct yaml_node *root = r->yaml.root;
	TRY(FILL(r, root, post_import_shape, file_rules, r->import));
	const struct yaml_node *post = yaml_member(root, "post");
	TRY(FILL(r, post, post_import_shape, post_rules, r->import));
	r->import->line = post->line;
	r->import->column = post->column;
	for (size_t i = 0; i < sizeof list_readers / sizeof *list_readers; i++)
		TRY(read_list(r, &list_readers[i]));
	struct span alone = span_of_string(name_alone(name));
	if (alone.size > 200)
		alone.size = 200;
	if (!span_is_text(alone, false))
		return FAIL(ERR_INVALID, "the file's name is not text in UTF-8");
	r->import->file = arena_copy(r->arena, alone);
	struct ledger_hash hash = ledger_hash_bytes(text);
	r->import->sha256 = arena_copy(r->arena, ledger_hash_span(&hash));
	return check_all(r);
}

struct err post_file_parse(const char *name, struct span text, const struct post_file_options *options,
			   struct arena *arena, struct post_import *ret_import)
{
	struct post_import import = {0};
	struct reading r = {.options = options, .arena = arena, .import = &import, .folder = ""};
	TRY(parse(&r, name, text));
	*ret_import = import;
	return OK;
}

struct err post_file_read(const char *path, const struct post_file_options *options, struct arena *arena,
			  struct post_import *ret_import)
{
	struct post_import import = {0};
	struct span text;
	struct span whole = span_of_string(path);
	size_t folder = whole.size - strlen(name_alone(path));
	TRY(yaml_load(path, YAML_SIZE_MAX, arena, &text));
	struct reading r = {
		.options = options,
		.arena = arena,
		.import = &import,
		.folder = arena_string(arena, (struct span){whole.at, folder}),
	};
	TRY(parse(&r, path, text));
	*ret_import = import;
	return OK;
}

struct err post_file_override_read(const char *argument, struct post_file_override *ret_override)
{
	const char *equals = strchr(argument, '=');
	if (!equals || equals == argument || !equals[1])
		return FAIL(ERR_INVALID, "\"%s\": write LINE=ADDRESS", argument);
	*ret_override = (struct post_file_override){
		.line = {(const uint8_t *)argument, (size_t)(equals - argument)},
		.address = span_of_string(equals + 1),
	};
	return OK;
}
