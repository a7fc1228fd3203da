#include "sim/reader/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/reader/json.h"

enum { REPLY_DELAY_US_DEFAULT = 1000, REPLY_DELAY_US_MAX = 1000000, HOLD_MS_MAX = 3600 * 1000 };

struct err sim_file_read(const char *path, size_t size_max, struct span *ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? FAIL(ERR_NOT_FOUND, "%s is not there", path) : FAIL_ERRNO("open %s", path);
	uint8_t *bytes = malloc(size_max + 1);
	ENSURE(bytes);
	size_t size = 0;
	ssize_t got;
	while (size <= size_max && (got = read(fd, bytes + size, size_max + 1 - size)) > 0)
		size += (size_t)got;
	bool broken = size <= size_max && got < 0;
	struct err e = OK;
	if (broken)
		e = FAIL_ERRNO("read %s", path);
	else if (size > size_max)
		e = FAIL(ERR_TOO_LARGE, "%s is over %zu bytes", path, size_max);
	close(fd);
	if (failed(e))
		free(bytes);
	else
		*ret_text = (struct span){bytes, size};
	return e;
}

/* A number into a field of its own width; the range has been checked. */
#define NUMBER(at, key, least, most, field)                                                                            \
	do {                                                                                                           \
		uint64_t number_value = (field);                                                                       \
		TRY(sim_json_number((at), (key), (least), (most), &number_value));                                     \
		(field) = (__typeof__(field))number_value;                                                             \
	} while (0)

/* ---- a device ---- */

static struct err read_firmware(const struct sim_json *at, struct sim_setup *setup)
{
	char text[16] = "1.0.0";
	TRY(sim_json_text(at, "firmware", text, sizeof text));
	const char *part = text;
	for (size_t i = 0; i < sizeof setup->firmware; i++) {
		size_t size = strcspn(part, ".");
		bool ends = part[size] == '\0';
		uint64_t number = 0;
		if (ends != (i + 1 == sizeof setup->firmware) ||
		    failed(decimal_read((struct span){(const uint8_t *)part, size}, 255, &number))) {
			struct sim_json member = sim_json_member(at, "firmware");
			return sim_json_fail(&member, "three numbers up to 255 are needed, as 1.2.3");
		}
		setup->firmware[i] = (uint8_t)number;
		part += size + 1;
	}
	return OK;
}

static struct err read_identity(const struct sim_json *at, struct sim_setup *setup)
{
	TRY(sim_json_hex(at, "vendor", setup->vendor, sizeof setup->vendor, NULL));
	NUMBER(at, "model", 0, 255, setup->model);
	NUMBER(at, "version", 0, 255, setup->version);
	NUMBER(at, "serial", 0, UINT32_MAX, setup->serial);
	TRY(read_firmware(at, setup));
	memcpy(setup->cuid, setup->vendor, 3);
	setup->cuid[3] = setup->model;
	setup->cuid[4] = setup->version;
	for (int i = 0; i < 3; i++)
		setup->cuid[5 + i] = (uint8_t)(setup->serial >> 8 * i);
	return sim_json_hex(at, "cuid", setup->cuid, sizeof setup->cuid, NULL);
}

static void capability(struct sim_setup *setup, uint8_t function, uint8_t compliance, uint8_t count)
{
	for (size_t i = 0; i < setup->capability_count; i++) {
		if (setup->capabilities[i].function == function) {
			setup->capabilities[i] = (struct sim_capability){function, compliance, count};
			return;
		}
	}
	ENSURE(setup->capability_count < SIM_CAPABILITIES_MAX);
	setup->capabilities[setup->capability_count++] = (struct sim_capability){function, compliance, count};
}

static void capabilities_of(struct sim_setup *s)
{
	enum { TIMED_OUTPUTS = 3, TRICOLOUR = 4, TIMED_BUZZER = 2, BITS = 1, AES_128 = 1, OSDP_2_2 = 2 };
	uint16_t size = s->receive_size_max;
	if (s->input_count)
		capability(s, OSDP_CAPABILITY_CONTACTS, 1, s->input_count);
	if (s->output_count)
		capability(s, OSDP_CAPABILITY_OUTPUTS, TIMED_OUTPUTS, s->output_count);
	if (s->reader_count) {
		capability(s, OSDP_CAPABILITY_CARD_FORMAT, BITS, 0);
		capability(s, OSDP_CAPABILITY_LED, TRICOLOUR, s->led_count);
		capability(s, OSDP_CAPABILITY_AUDIBLE, TIMED_BUZZER, 1);
	}
	if (s->display)
		capability(s, OSDP_CAPABILITY_TEXT, 1, 1);
	capability(s, OSDP_CAPABILITY_CRC, 1, 0);
	if (s->secure != SIM_SECURE_NONE)
		capability(s, OSDP_CAPABILITY_SECURITY, AES_128, 1);
	capability(s, OSDP_CAPABILITY_RECEIVE_SIZE, (uint8_t)size, (uint8_t)(size >> 8));
	capability(s, OSDP_CAPABILITY_COMBINED_SIZE, (uint8_t)size, (uint8_t)(size >> 8));
	capability(s, OSDP_CAPABILITY_READERS, 0, s->reader_count);
	if (s->biometric)
		capability(s, OSDP_CAPABILITY_BIOMETRICS, 2, 1);
	capability(s, OSDP_CAPABILITY_VERSION, OSDP_2_2, 0);
}

static struct err read_capabilities(const struct sim_json *at, struct sim_setup *setup)
{
	static const char *const keys[] = {"function", "compliance", "count", NULL};
	capabilities_of(setup);
	struct sim_json list = sim_json_member(at, "capabilities");
	if (!list.value)
		return OK;
	TRY(sim_json_list(&list, SIM_CAPABILITIES_MAX));
	for (size_t i = 0; i < sim_json_count(&list); i++) {
		struct sim_json item = sim_json_item(&list, i);
		uint8_t function = 0, compliance = 0, count = 0;
		TRY(sim_json_object(&item, keys));
		TRY(sim_json_needs(&item, "function"));
		NUMBER(&item, "function", 1, SIM_CAPABILITIES_MAX, function);
		NUMBER(&item, "compliance", 0, 255, compliance);
		NUMBER(&item, "count", 0, 255, count);
		capability(setup, function, compliance, count);
	}
	return OK;
}

static struct err read_face(const struct sim_json *at, struct sim_setup *setup)
{
	static const char *const kinds[] = {"reader", "io", "both", NULL};
	static const char *const modes[] = {"required", "optional", "none", NULL};
	unsigned kind = 0, mode = SIM_SECURE_REQUIRED;
	TRY(sim_json_word(at, "kind", kinds, &kind));
	bool is_reader = kind != 1, is_io = kind != 0;
	setup->reader_count = is_reader ? 1 : 0;
	setup->led_count = is_reader ? 1 : 0;
	setup->keypad = false;
	setup->input_count = is_io ? 4 : 0;
	setup->output_count = is_io ? 2 : 0;
	NUMBER(at, "readers", 0, SIM_READERS_MAX, setup->reader_count);
	NUMBER(at, "leds", 0, SIM_LEDS_MAX, setup->led_count);
	NUMBER(at, "inputs", 0, SIM_INPUTS_MAX, setup->input_count);
	NUMBER(at, "outputs", 0, SIM_OUTPUTS_MAX, setup->output_count);
	TRY(sim_json_bool(at, "keypad", &setup->keypad));
	TRY(sim_json_bool(at, "keypad_ascii", &setup->keypad_ascii));
	TRY(sim_json_bool(at, "display", &setup->display));
	TRY(sim_json_bool(at, "biometric", &setup->biometric));
	TRY(sim_json_bool(at, "nak_bad_check", &setup->nak_bad_check));
	TRY(sim_json_bool(at, "mark", &setup->mark));
	TRY(sim_json_bool(at, "report_outputs", &setup->report_outputs));
	NUMBER(at, "receive_size", OSDP_DEVICE_SIZE_LEAST, OSDP_FRAME_SIZE_MAX, setup->receive_size_max);
	NUMBER(at, "hold_ms", 1, HOLD_MS_MAX, setup->hold_ms);
	TRY(sim_json_word(at, "secure", modes, &mode));
	setup->secure = (enum sim_secure_mode)mode;
	return OK;
}

static struct err read_unlocks(const struct sim_json *at, struct sim_setup *setup)
{
	static const char *const keys[] = {"device", "output", NULL};
	struct sim_json unlocks = sim_json_member(at, "unlocks");
	if (!unlocks.value)
		return OK;
	TRY(sim_json_object(&unlocks, keys));
	TRY(sim_json_needs(&unlocks, "device"));
	NUMBER(&unlocks, "device", 0, OSDP_ADDRESS_MAX, setup->unlocks_address);
	NUMBER(&unlocks, "output", 0, SIM_OUTPUTS_MAX - 1, setup->unlocks_output);
	setup->unlocks = true;
	return OK;
}

/* clang-format off */
static const char *const device_keys[] = {
	"name", "address", "kind", "secure", "scbk", "install", "unlocks",
	"vendor", "model", "version", "serial", "firmware", "cuid", "capabilities",
	"readers", "leds", "inputs", "outputs", "keypad", "keypad_ascii", "display", "biometric",
	"nak_bad_check", "mark", "report_outputs", "receive_size", "hold_ms", NULL,
};
/* clang-format on */

static struct err read_device(const struct sim_json *at, const struct sim_line *line, struct sim_device *device)
{
	struct sim_setup *setup = &device->setup;
	setup->mark = setup->report_outputs = true;
	setup->receive_size_max = OSDP_FRAME_SIZE_MAX;
	setup->hold_ms = SIM_HOLD_MS_DEFAULT;
	setup->model = setup->version = 1;
	setup->serial = (uint32_t)(line->index << 8 | line->device_count);
	TRY(sim_json_object(at, device_keys));
	TRY(sim_json_needs(at, "address"));
	NUMBER(at, "address", 0, OSDP_ADDRESS_MAX, setup->address);
	if (sim_line_device(line, setup->address)) {
		struct sim_json address = sim_json_member(at, "address");
		return sim_json_fail(&address, "another device of this line has the address %u", setup->address);
	}
	snprintf(setup->name, sizeof setup->name, "%u", setup->address);
	TRY(sim_json_text(at, "name", setup->name, sizeof setup->name));
	TRY(read_identity(at, setup));
	TRY(read_face(at, setup));
	TRY(read_capabilities(at, setup));
	TRY(read_unlocks(at, setup));
	TRY(sim_json_hex(at, "scbk", device->scbk, sizeof device->scbk, &device->has_scbk));
	TRY(sim_json_bool(at, "install", &device->install));
	if (setup->secure == SIM_SECURE_REQUIRED && !device->has_scbk && !device->install)
		return sim_json_fail(at, "\"secure\":\"required\" needs an \"scbk\", or \"install\":true");
	device->address = setup->address;
	device->baud = line->baud;
	return OK;
}

/* ---- a door ---- */

static struct err read_point(const struct sim_json *door, const char *key, const char *what,
			     const struct sim_line *line, struct sim_device **ret_device, unsigned *ret_index)
{
	const char *const keys[] = {"device", what, NULL};
	struct sim_json at = sim_json_member(door, key);
	if (!at.value)
		return OK;
	uint64_t address = 0, index = 0;
	bool is_output = strcmp(what, "output") == 0;
	TRY(sim_json_object(&at, keys));
	TRY(sim_json_needs(&at, "device"));
	TRY(sim_json_number(&at, "device", 0, OSDP_ADDRESS_MAX, &address));
	TRY(sim_json_number(&at, what, 0, 255, &index));
	struct sim_device *device = sim_line_device(line, (unsigned)address);
	struct sim_json member = sim_json_member(&at, device ? what : "device");
	if (!device)
		return sim_json_fail(&member, "no device of this line has the address %u", (unsigned)address);
	unsigned count = is_output ? device->setup.output_count : device->setup.input_count;
	if (index >= count)
		return sim_json_fail(member.value ? &member : &at, "device %u has %u %ss", (unsigned)address, count,
				     what);
	*ret_device = device;
	*ret_index = (unsigned)index;
	return OK;
}

static struct err read_door(const struct sim_json *at, const struct sim_line *line, struct sim_site *site,
			    struct sim_door *door)
{
	static const char *const keys[] = {"name", "lock", "contact", "rex", "contact_active_when", NULL};
	static const char *const levels[] = {"open", "closed", NULL};
	unsigned level = 0;
	TRY(sim_json_object(at, keys));
	TRY(sim_json_needs(at, "name"));
	TRY(sim_json_needs(at, "lock"));
	TRY(sim_json_text(at, "name", door->name, sizeof door->name));
	if (sim_site_door(site, span_of_string(door->name))) {
		struct sim_json name = sim_json_member(at, "name");
		return sim_json_fail(&name, "another door has this name");
	}
	TRY(read_point(at, "lock", "output", line, &door->lock, &door->lock_output));
	TRY(read_point(at, "contact", "input", line, &door->contact, &door->contact_input));
	TRY(read_point(at, "rex", "input", line, &door->rex, &door->rex_input));
	TRY(sim_json_word(at, "contact_active_when", levels, &level));
	door->contact_active_when_closed = level == 1;
	door->line = line->index;
	return OK;
}

/* ---- a line ---- */

static struct err read_wire(const struct sim_json *at, struct sim_line *line)
{
	static const char *const transports[] = {"pty", "tcp", NULL};
	unsigned transport = 0;
	uint64_t delay_us = line->reply_delay_ns / 1000;
	snprintf(line->name, sizeof line->name, "%u", line->index);
	TRY(sim_json_needs(at, "transport"));
	TRY(sim_json_text(at, "name", line->name, sizeof line->name));
	TRY(sim_json_word(at, "transport", transports, &transport));
	TRY(sim_json_text(at, "path", line->path, sizeof line->path));
	NUMBER(at, "port", 0, 65535, line->port);
	NUMBER(at, "baud", 0, 230400, line->baud);
	TRY(sim_json_number(at, "reply_delay_us", 0, REPLY_DELAY_US_MAX, &delay_us));
	line->reply_delay_ns = delay_us * 1000;
	line->transport = (enum sim_transport)transport;
	const char *foreign = line->transport == SIM_TRANSPORT_PTY ? "port" : "path";
	if (sim_json_has(at, foreign)) {
		struct sim_json member = sim_json_member(at, foreign);
		return sim_json_fail(&member, "a %s has none", transports[transport]);
	}
	static const uint32_t known[] = {0, 9600, 19200, 38400, 57600, 115200, 230400};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (line->baud == known[i])
			return OK;
	struct sim_json baud = sim_json_member(at, "baud");
	return sim_json_fail(&baud, "OSDP knows 9600, 19200, 38400, 57600, 115200 and 230400, and 0 is unpaced");
}

static struct err read_devices(const struct sim_json *at, struct sim_line *line)
{
	struct sim_json list = sim_json_member(at, "devices");
	TRY(sim_json_needs(at, "devices"));
	TRY(sim_json_list(&list, SIM_DEVICES_MAX));
	for (size_t i = 0; i < sim_json_count(&list); i++) {
		struct sim_json item = sim_json_item(&list, i);
		struct sim_device *device = calloc(1, sizeof *device);
		ENSURE(device);
		struct err e = read_device(&item, line, device);
		if (failed(e)) {
			free(device);
			return e;
		}
		line->devices[line->device_count++] = device;
	}
	for (size_t i = 0; i < line->device_count; i++) {
		const struct sim_setup *setup = &line->devices[i]->setup;
		if (!setup->unlocks)
			continue;
		const struct sim_device *target = sim_line_device(line, setup->unlocks_address);
		if (target && setup->unlocks_output < target->setup.output_count)
			continue;
		struct sim_json item = sim_json_item(&list, i);
		struct sim_json unlocks = sim_json_member(&item, "unlocks");
		return sim_json_fail(&unlocks, "no device of this line has that output");
	}
	return OK;
}

static struct err read_doors(const struct sim_json *at, const struct sim_line *line, struct sim_site *site)
{
	struct sim_json list = sim_json_member(at, "doors");
	if (!list.value)
		return OK;
	TRY(sim_json_list(&list, SIM_DOORS_MAX - site->door_count));
	for (size_t i = 0; i < sim_json_count(&list); i++) {
		struct sim_json item = sim_json_item(&list, i);
		TRY(read_door(&item, line, site, &site->doors[site->door_count]));
		site->door_count++;
	}
	return OK;
}

static struct err read_site(const struct sim_json *at, struct sim_site *site)
{
	static const char *const keys[] = {"baud", "reply_delay_us", "state", "seed", "lines", NULL};
	static const char *const line_keys[] = {"name",           "transport", "path",  "port", "baud",
						"reply_delay_us", "devices",   "doors", NULL};
	uint64_t baud = 0, delay_us = REPLY_DELAY_US_DEFAULT;
	TRY(sim_json_object(at, keys));
	TRY(sim_json_number(at, "baud", 0, 230400, &baud));
	TRY(sim_json_number(at, "reply_delay_us", 0, REPLY_DELAY_US_MAX, &delay_us));
	TRY(sim_json_number(at, "seed", 0, UINT32_MAX, &site->seed));
	TRY(sim_json_text(at, "state", site->state_path, sizeof site->state_path));
	TRY(sim_json_needs(at, "lines"));
	struct sim_json list = sim_json_member(at, "lines");
	TRY(sim_json_list(&list, SIM_LINES_MAX));
	for (size_t i = 0; i < sim_json_count(&list); i++) {
		struct sim_json item = sim_json_item(&list, i);
		struct sim_line *line = calloc(1, sizeof *line);
		ENSURE(line);
		line->index = (unsigned)i;
		line->fd = line->slave_fd = line->listen_fd = -1;
		line->baud = (uint32_t)baud;
		line->reply_delay_ns = delay_us * 1000;
		site->lines[site->line_count++] = line;
		TRY(sim_json_object(&item, line_keys));
		TRY(read_wire(&item, line));
		TRY(read_devices(&item, line));
		TRY(read_doors(&item, line, site));
	}
	return OK;
}

struct err sim_config_read(const char *name, struct span text, struct sim_site *site)
{
	struct sim_json_source source;
	TRY(sim_json_open(name, text, &source));
	struct sim_json root = sim_json_root(&source);
	struct err e = read_site(&root, site);
	sim_json_close(&source);
	return e;
}
