/* cmd/demo_site.c - the demo's post as the simulator needs it, and as the server does.
 *
 * One file describes the post; the simulator's lines, devices and doors are made from it, so that the demo cannot show
 * hardware that the post does not have. Keys are drawn for each device at each start.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "cmd/demo.h"

static const struct post_import_line *lines(const struct demo_site *site)
{
	return site->post.lines.at;
}

static const struct post_import_device *devices(const struct demo_site *site)
{
	return site->post.devices.at;
}

static const struct post_import_door *doors(const struct demo_site *site)
{
	return site->post.doors.at;
}

static const struct post_import_person *people(const struct demo_site *site)
{
	return site->post.people.at;
}

static const struct post_import_device *device_of(const struct demo_site *site, struct span key)
{
	for (size_t i = 0; key.size > 0 && i < site->post.devices.count; i++)
		if (span_equal(devices(site)[i].key, key))
			return &devices(site)[i];
	return NULL;
}

static unsigned line_of(const struct demo_site *site, const struct post_import_device *device)
{
	size_t line = 0;
	while (line < site->post.lines.count && !span_equal(lines(site)[line].key, device->on_line))
		line++;
	ENSURE(line < site->post.lines.count); /* the file's reader checked it */
	return (unsigned)line;
}

/* ---- who may pass where ---- */

static enum post_zone_level level_of(const struct demo_site *site, struct span key)
{
	const struct post_import_zone *zones = site->post.zones.at;
	for (size_t i = 0; i < site->post.zones.count; i++)
		if (span_equal(zones[i].key, key))
			return zones[i].level;
	return POST_ZONE_PUBLIC;
}

/* The higher the rank, the nearer to the secrets; visitors stay where everybody may be. */
static enum post_zone_level reach_of(enum law_status status)
{
	switch (status) {
	case LAW_DIPLOMATIC_AGENT:
		return POST_ZONE_EXCLUSION;
	case LAW_ADMINISTRATIVE_TECHNICAL:
	case LAW_CONSULAR_OFFICER:
		return POST_ZONE_LIMITED;
	case LAW_SERVICE_STAFF:
	case LAW_CONSULAR_EMPLOYEE:
	case LAW_FAMILY_MEMBER:
		return POST_ZONE_CONTROLLED;
	default:
		return POST_ZONE_PUBLIC;
	}
}

static void allow(struct demo_site *site)
{
	size_t door_count = site->post.doors.count;
	site->allowed = calloc(site->post.people.count * door_count + 1, sizeof *site->allowed);
	ENSURE(site->allowed);
	for (size_t person = 0; person < site->post.people.count; person++)
		for (size_t door = 0; door < door_count; door++) {
			enum post_zone_level from = level_of(site, doors(site)[door].zone_from);
			enum post_zone_level to = level_of(site, doors(site)[door].zone_to);
			enum post_zone_level needed = from > to ? from : to;
			site->allowed[person * door_count + door] = reach_of(people(site)[person].status) >= needed;
		}
}

/* ---- reading ---- */

static void reader_add(struct demo_site *site, struct span key, uint32_t number, size_t door)
{
	const struct post_import_device *device = device_of(site, key);
	if (!device || !doors(site)[door].strike_device.size)
		return;
	site->readers[site->reader_count++] = (struct demo_reader){
		.line = line_of(site, device),
		.address = device->address,
		.reader = number,
		.door = door,
	};
}

struct err demo_site_read(struct demo_site *site, const char *folder)
{
	char path[500];
	struct post_file_options options = {0};
	*site = (struct demo_site){.arena = arena_new(POST_FILE_ARENA_MAX)};
	(void)snprintf(site->folder, sizeof site->folder, "%s", folder);
	(void)snprintf(path, sizeof path, "%s/embassy.yaml", folder);
	TRY(post_file_read(path, &options, site->arena, &site->post));
	site->keys = calloc(site->post.devices.count + 1, sizeof *site->keys);
	site->readers = calloc(2 * site->post.doors.count + 1, sizeof *site->readers);
	ENSURE(site->keys && site->readers);
	for (size_t i = 0; i < site->post.devices.count; i++)
		randombytes_buf(site->keys[i], sizeof site->keys[i]);
	for (size_t i = 0; i < site->post.doors.count; i++) {
		reader_add(site, doors(site)[i].reader_device, doors(site)[i].reader_number, i);
		reader_add(site, doors(site)[i].reader_inside_device, doors(site)[i].reader_inside_number, i);
	}
	allow(site);
	return OK;
}

void demo_site_free(struct demo_site *site)
{
	if (site->keys)
		wipe(site->keys, site->post.devices.count * sizeof *site->keys);
	free(site->keys);
	free(site->allowed);
	free(site->readers);
	arena_free(site->arena);
}

/* ---- the simulator's configuration ---- */

static json_t *text(struct span span)
{
	return json_stringn((const char *)span.at, span.size);
}

static json_t *point(const struct demo_site *site, struct span device, const char *what, uint32_t number)
{
	const struct post_import_device *is = device_of(site, device);
	return is ? json_pack("{s:i,s:i}", "device", (int)is->address, what, (int)number) : NULL;
}

/* The strike that this reader's first door has, for the simulator's own latency figures. */
static json_t *unlocks_of(const struct demo_site *site, const struct post_import_device *device)
{
	for (size_t i = 0; i < site->post.doors.count; i++) {
		const struct post_import_door *door = &doors(site)[i];
		const struct post_import_device *strike = device_of(site, door->strike_device);
		if (span_equal(door->reader_device, device->key) && strike &&
		    span_equal(strike->on_line, device->on_line))
			return point(site, door->strike_device, "output", door->strike_output);
	}
	return NULL;
}

static json_t *device_json(const struct demo_site *site, size_t index)
{
	const struct post_import_device *device = &devices(site)[index];
	bool io = device->kind == POST_DEVICE_IO;
	char key[33];
	sodium_bin2hex(key, sizeof key, site->keys[index], 16);
	json_t *json =
		json_pack("{s:o,s:i,s:s,s:s,s:s,s:i}", "name", text(device->key), "address", (int)device->address,
			  "kind", io ? "io" : "reader", "scbk", key, "vendor", "a1e501", "serial", (int)(7000 + index));
	wipe(key, sizeof key);
	if (io) {
		json_object_set_new(json, "inputs", json_integer(16));
		json_object_set_new(json, "outputs", json_integer(16));
	} else {
		json_object_set_new(json, "readers", json_integer(2));
		json_object_set_new(json, "keypad", json_true());
	}
	json_t *unlocks = io ? NULL : unlocks_of(site, device);
	if (unlocks)
		json_object_set_new(json, "unlocks", unlocks);
	return json;
}

/* The simulator's door wants lock, contact and request on one line; another line's stays away. */
static void set_point(const struct demo_site *site, json_t *json, const char *name, const char *what,
		      struct span device, uint32_t number, size_t line)
{
	const struct post_import_device *is = device_of(site, device);
	if (is && line_of(site, is) == line)
		json_object_set_new(json, name, point(site, device, what, number));
}

static json_t *door_json(const struct demo_site *site, const struct post_import_door *door, size_t line)
{
	json_t *json = json_pack("{s:o,s:s}", "name", text(door->key), "contact_active_when",
				 door->contact_active == POST_CONTACT_ACTIVE_SHUT ? "closed" : "open");
	set_point(site, json, "lock", "output", door->strike_device, door->strike_output, line);
	set_point(site, json, "contact", "input", door->contact_device, door->contact_input, line);
	set_point(site, json, "rex", "input", door->exit_device, door->exit_input, line);
	return json;
}

static json_t *line_json(const struct demo_site *site, size_t index)
{
	const struct post_import_line *line = &lines(site)[index];
	bool pty = line->address.size > 7 && memcmp(line->address.at, "serial:", 7) == 0;
	json_t *json = json_pack("{s:o,s:s,s:i}", "name", text(line->key), "transport", pty ? "pty" : "tcp", "baud",
				 (int)line->baud);
	json_t *device_list = json_array(), *door_list = json_array();
	for (size_t i = 0; i < site->post.devices.count; i++)
		if (line_of(site, &devices(site)[i]) == index)
			json_array_append_new(device_list, device_json(site, i));
	for (size_t i = 0; i < site->post.doors.count; i++) {
		const struct post_import_device *strike = device_of(site, doors(site)[i].strike_device);
		if (strike && line_of(site, strike) == index)
			json_array_append_new(door_list, door_json(site, &doors(site)[i], index));
	}
	json_object_set_new(json, "devices", device_list);
	json_object_set_new(json, "doors", door_list);
	return json;
}

struct err demo_site_write(struct demo_site *site, const char *path)
{
	json_t *line_list = json_array();
	for (size_t i = 0; i < site->post.lines.count; i++)
		json_array_append_new(line_list, line_json(site, i));
	json_t *json = json_pack("{s:o}", "lines", line_list);
	FILE *to = fopen(path, "we");
	bool good = to && json_dumpf(json, to, JSON_INDENT(1)) == 0;
	if (to && fclose(to) != 0)
		good = false;
	json_decref(json);
	return good ? OK : FAIL_ERRNO("write %s", path);
}

/* ---- into the server ---- */

/* H10301: even parity over the first twelve data bits, odd over the last twelve. */
static void card_bits(uint16_t number, uint8_t ret_bits[4])
{
	uint32_t data = (uint32_t)DEMO_FACILITY << 16 | number;
	uint32_t even = (uint32_t)__builtin_popcount(data >> 12) & 1;
	uint32_t odd = ~(uint32_t)__builtin_popcount(data & 0xFFF) & 1;
	uint32_t bits = (even << 25 | data << 1 | odd) << 6;
	for (size_t i = 0; i < 4; i++)
		ret_bits[i] = (uint8_t)(bits >> (24 - 8 * i));
}

static struct err import_post(struct demo_site *site, struct client *client)
{
	struct post_import_line *moved = arena_take(site->arena, site->post.lines.count * sizeof *moved + 1);
	struct post_import request = site->post;
	struct span reply;
	memcpy(moved, site->post.lines.at, site->post.lines.count * sizeof *moved);
	for (size_t i = 0; i < site->post.lines.count; i++)
		moved[i].address = span_of_string(site->addresses[i]);
	request.lines.at = moved;
	return client_ask(client, "post_import", &request, &reply);
}

static struct err import_access(struct demo_site *site, struct client *client)
{
	size_t person_count = site->post.people.count, door_count = site->post.doors.count;
	struct access_import_credential *cards = arena_take(site->arena, (person_count + 1) * sizeof *cards);
	struct access_import_right *rights = arena_take(site->arena, (person_count + 1) * sizeof *rights);
	struct span reply;
	for (size_t person = 0; person < person_count; person++) {
		uint8_t *bits = arena_take(site->arena, 4);
		struct access_import_door *list = arena_take(site->arena, (door_count + 1) * sizeof *list);
		size_t count = 0;
		card_bits((uint16_t)(DEMO_FIRST_CARD + person), bits);
		for (size_t door = 0; door < door_count; door++)
			if (site->allowed[person * door_count + door])
				list[count++].key = doors(site)[door].key;
		cards[person] = (struct access_import_credential){
			.person = people(site)[person].key,
			.key = people(site)[person].key,
			.bit_count = 26,
			.bits = {bits, 4},
		};
		rights[person] =
			(struct access_import_right){.person = people(site)[person].key, .doors = {list, count}};
	}
	struct access_import_request request = {
		.file = SPAN_TEXT("demo"),
		.credentials = {cards, person_count},
		.rights = {rights, person_count},
	};
	return client_ask(client, "access_import", &request, &reply);
}

struct err demo_site_import(struct demo_site *site, struct client *client)
{
	struct span reply;
	TRY(import_post(site, client));
	for (size_t i = 0; i < site->post.devices.count; i++) {
		struct access_key_request request = {.device = devices(site)[i].key, .scbk = {site->keys[i], 16}};
		TRY(client_ask(client, "access_key", &request, &reply));
	}
	return import_access(site, client);
}
