#include "bench/site.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>

#include "access/access.h"
#include "post/check.h"

enum { STRIKE_100MS = 30, HELD_AFTER_S = 60, PLAN_SIZE = 100000 };

PRINTF_LIKE(2, 3)
static struct span text(struct arena *arena, const char *format, ...)
{
	char room[80];
	va_list args;
	va_start(args, format);
	int size = vsnprintf(room, sizeof room, format, args);
	va_end(args);
	return arena_copy(arena, (struct span){(const uint8_t *)room, (size_t)size});
}

void site_make(struct site *site, size_t lines, size_t readers, size_t people)
{
	REQUIRE(lines <= SITE_LINES_MAX && readers <= SITE_READERS_MAX);
	*site = (struct site){.lines = lines, .readers = readers, .people = people};
	randombytes_buf(site->key, sizeof site->key);
	for (size_t i = 0; i < lines; i++) /* where nobody answers, until site_config knows better */
		bench_path(site->address[i], "tcp:127.0.0.1:%zu", 1 + i);
}

/* ---- the simulator ---- */

static json_t *device_json(const struct site *site, size_t line, size_t address)
{
	char key[33];
	sodium_bin2hex(key, sizeof key, site->key[line][address], 16);
	json_t *json = json_pack("{s:i,s:s,s:s}", "address", (int)address, "kind", address == 0 ? "io" : "reader",
				 "scbk", key);
	if (address == 0)
		json_object_set_new(json, "outputs", json_integer(16));
	else
		json_object_set_new(json, "unlocks", json_pack("{s:i,s:i}", "device", 0, "output", (int)address - 1));
	return json;
}

void site_config(struct site *site, const char *folder, unsigned baud, const char *path)
{
	json_t *lines = json_array();
	for (size_t line = 0; line < site->lines; line++) {
		char pty[BENCH_PATH_SIZE];
		json_t *devices = json_array();
		for (size_t address = 0; address <= site->readers; address++)
			json_array_append_new(devices, device_json(site, line, address));
		bench_path(pty, "%s/line-%zu", folder, line);
		json_array_append_new(lines, json_pack("{s:s,s:s,s:i,s:o}", "transport", "pty", "path", pty, "baud",
						       (int)baud, "devices", devices));
	}
	json_t *json = json_pack("{s:o}", "lines", lines);
	BENCH_NEED(json_dump_file(json, path, JSON_INDENT(1)) == 0, "write %s", path);
	json_decref(json);
}

/* ---- the post ---- */

static struct span device_key(struct arena *arena, size_t line, size_t address)
{
	return text(arena, "%s-%zu", address == 0 ? "io" : "reader", line * 100 + address);
}

static void wire(const struct site *site, struct arena *arena, struct post_import *post)
{
	struct post_import_line *lines = arena_take(arena, site->lines * sizeof *lines);
	struct post_import_device *devices = arena_take(arena, site->lines * (site->readers + 1) * sizeof *devices);
	struct post_import_door *doors = arena_take(arena, site->lines * site->readers * sizeof *doors);
	size_t device = 0, door = 0;
	for (size_t line = 0; line < site->lines; line++) {
		lines[line] = (struct post_import_line){
			.key = text(arena, "line-%zu", line),
			.address = span_of_string(site->address[line]),
			.baud = 115200,
		};
		for (size_t address = 0; address <= site->readers; address++)
			devices[device++] = (struct post_import_device){
				.key = device_key(arena, line, address),
				.on_line = lines[line].key,
				.address = (uint32_t)address,
				.kind = address == 0 ? POST_DEVICE_IO : POST_DEVICE_READER,
			};
		for (size_t reader = 1; reader <= site->readers; reader++, door++)
			doors[door] = (struct post_import_door){
				.key = text(arena, "door-%zu", door),
				.name = text(arena, "Door %zu", door),
				.floor = SPAN_TEXT("ground"),
				.x = (uint32_t)(1 + door) * 1000,
				.y = PLAN_SIZE / 2,
				.zone_to = SPAN_TEXT("offices"),
				.reader_device = device_key(arena, line, reader),
				.strike_device = device_key(arena, line, 0),
				.strike_output = (uint32_t)reader - 1,
				.strike_100ms = STRIKE_100MS,
				.fire_release = POST_FIRE_RELEASE_WIRED,
				.held_after_s = HELD_AFTER_S,
			};
	}
	post->lines = (struct shape_list){lines, site->lines};
	post->devices = (struct shape_list){devices, device};
	post->doors = (struct shape_list){doors, door};
}

static void import_post(const struct site *site, struct arena *arena, struct client *client)
{
	struct post_import_building building = {.key = SPAN_TEXT("chancery"), .name = SPAN_TEXT("Chancery")};
	struct post_import_floor floor = {
		.key = SPAN_TEXT("ground"),
		.name = SPAN_TEXT("Ground floor"),
		.building = SPAN_TEXT("chancery"),
		.level = SPAN_TEXT("0"),
		.width = PLAN_SIZE,
		.height = PLAN_SIZE,
	};
	struct post_import_zone zone = {
		.key = SPAN_TEXT("offices"),
		.name = SPAN_TEXT("Offices"),
		.floor = SPAN_TEXT("ground"),
		.level = POST_ZONE_CONTROLLED,
		.outline = SPAN_TEXT("0,0 100000,0 100000,50000 0,50000"),
	};
	static const uint8_t no_file[32] = {1}; /* there is no file to hash */
	struct post_import_person *people = arena_take(arena, site->people * sizeof *people);
	for (size_t i = 0; i < site->people; i++)
		people[i] = (struct post_import_person){
			.key = text(arena, "person-%zu", i),
			.name = text(arena, "Employee Number %zu", i),
			.status = LAW_ADMINISTRATIVE_TECHNICAL,
			.nationality = SPAN_TEXT("XA"),
			.notified_on = SPAN_TEXT("2026-01-15"),
		};
	struct post_import post = {
		.file = SPAN_TEXT("bench.yaml"),
		.sha256 = SPAN_OF(no_file),
		.code = SPAN_TEXT("BNC"),
		.name = SPAN_TEXT("Embassy of Arvenia, bench"),
		.kind = LAW_POST_EMBASSY,
		.host_state = SPAN_TEXT("XB"),
		.sending_state = SPAN_TEXT("XA"),
		.time_zone = SPAN_TEXT("UTC"),
		.buildings = {&building, 1},
		.floors = {&floor, 1},
		.zones = {&zone, 1},
		.people = {people, site->people},
	};
	struct span reply;
	wire(site, arena, &post);
	BENCH_OK(client_ask(client, "post_import", &post, &reply));
}

/* ---- keys, cards, rights ---- */

/* H10301: even parity over the first twelve data bits, odd over the last twelve. */
static struct span card_bits(struct arena *arena, uint32_t number)
{
	uint8_t *bytes = arena_take(arena, 4);
	uint32_t data = (uint32_t)SITE_FACILITY << 16 | number;
	uint32_t even = (uint32_t)__builtin_popcount(data >> 12) & 1;
	uint32_t odd = ~(uint32_t)__builtin_popcount(data & 0xFFF) & 1;
	uint32_t bits = (even << 25 | data << 1 | odd) << 6;
	for (size_t i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(bits >> (24 - 8 * i));
	return (struct span){bytes, 4};
}

static void import_keys(const struct site *site, struct arena *arena, struct client *client)
{
	struct span reply;
	for (size_t line = 0; line < site->lines; line++)
		for (size_t address = 0; address <= site->readers; address++) {
			struct access_key_request request = {
				.device = device_key(arena, line, address),
				.scbk = {site->key[line][address], 16},
			};
			BENCH_OK(client_ask(client, "access_key", &request, &reply));
		}
}

static void import_access(const struct site *site, struct arena *arena, struct client *client)
{
	size_t door_count = site->lines * site->readers;
	struct access_import_credential *cards = arena_take(arena, site->people * sizeof *cards);
	struct access_import_right *rights = arena_take(arena, site->people * sizeof *rights);
	struct access_import_door *doors = arena_take(arena, door_count * sizeof *doors);
	struct span reply;
	for (size_t i = 0; i < door_count; i++)
		doors[i].key = text(arena, "door-%zu", i);
	for (size_t i = 0; i < site->people; i++) {
		cards[i] = (struct access_import_credential){
			.person = text(arena, "person-%zu", i),
			.key = text(arena, "card-%zu", i),
			.bit_count = 26,
			.bits = card_bits(arena, (uint32_t)(SITE_FIRST_CARD + i)),
		};
		rights[i] = (struct access_import_right){.person = cards[i].person, .doors = {doors, door_count}};
	}
	struct access_import_request request = {
		.file = SPAN_TEXT("bench"),
		.credentials = {cards, site->people},
		.rights = {rights, site->people},
	};
	BENCH_OK(client_ask(client, "access_import", &request, &reply));
}

void site_import(const struct site *site, struct client *client)
{
	struct arena *arena = arena_new(16 * 1024 * 1024);
	import_post(site, arena, client);
	import_keys(site, arena, client);
	import_access(site, arena, client);
	arena_free(arena);
}
