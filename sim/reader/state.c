/* sim/reader/state.c - what a device keeps through a power cut: key, install mode, address, speed.
 *
 * The file holds keys: it is made with mode 0600, and replaced whole by a rename.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/reader/config.h"
#include "sim/reader/json.h"

static void write_device(FILE *file, const struct sim_device *device, bool first)
{
	fprintf(file, "%s\n  {\"line\":%u,\"device\":%u,\"address\":%u,\"baud\":%u,\"install\":%s", first ? "" : ",",
		device->line, device->setup.address, device->address, device->baud, device->install ? "true" : "false");
	if (device->has_scbk) {
		fprintf(file, ",\"scbk\":\"");
		for (size_t i = 0; i < sizeof device->scbk; i++)
			fprintf(file, "%02x", device->scbk[i]);
		fprintf(file, "\"");
	}
	fprintf(file, "}");
}

struct err sim_state_save(const struct sim_site *site)
{
	char path[SIM_PATH_MAX + 8];
	snprintf(path, sizeof path, "%s.new", site->state_path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!file)
		return FAIL_ERRNO("open %s", path);
	fprintf(file, "{\"devices\":[");
	bool first = true;
	for (size_t i = 0; i < site->line_count; i++)
		for (size_t d = 0; d < site->lines[i]->device_count; d++, first = false)
			write_device(file, site->lines[i]->devices[d], first);
	fprintf(file, "\n]}\n");
	bool written = fflush(file) == 0 && fsync(fd) == 0 && !ferror(file);
	if (fclose(file) != 0 || !written || rename(path, site->state_path) != 0)
		return FAIL_ERRNO("write %s", site->state_path);
	return OK;
}

static struct sim_device *configured(const struct sim_site *site, uint64_t line, uint64_t address)
{
	if (line >= site->line_count)
		return NULL;
	for (size_t i = 0; i < site->lines[line]->device_count; i++)
		if (site->lines[line]->devices[i]->setup.address == address)
			return site->lines[line]->devices[i];
	return NULL;
}

static struct err load_device(const struct sim_json *at, struct sim_site *site)
{
	static const char *const keys[] = {"line", "device", "address", "baud", "install", "scbk", NULL};
	uint64_t line = SIM_LINES_MAX, address = 0, baud = 0;
	TRY(sim_json_object(at, keys));
	TRY(sim_json_number(at, "line", 0, SIM_LINES_MAX - 1, &line));
	TRY(sim_json_number(at, "device", 0, OSDP_ADDRESS_MAX, &address));
	struct sim_device *device = configured(site, line, address);
	if (!device)
		return OK; /* taken out of the configuration since */
	baud = device->baud;
	TRY(sim_json_number(at, "address", 0, OSDP_ADDRESS_MAX, &address));
	TRY(sim_json_number(at, "baud", 0, 230400, &baud));
	TRY(sim_json_bool(at, "install", &device->install));
	TRY(sim_json_hex(at, "scbk", device->scbk, sizeof device->scbk, &device->has_scbk));
	device->address = (uint8_t)address;
	device->baud = (uint32_t)baud;
	return OK;
}

static struct err load(const struct sim_json *root, struct sim_site *site)
{
	static const char *const keys[] = {"devices", NULL};
	TRY(sim_json_object(root, keys));
	TRY(sim_json_needs(root, "devices"));
	struct sim_json list = sim_json_member(root, "devices");
	TRY(sim_json_list(&list, SIM_LINES_MAX * SIM_DEVICES_MAX));
	for (size_t i = 0; i < sim_json_count(&list); i++) {
		struct sim_json item = sim_json_item(&list, i);
		TRY(load_device(&item, site));
	}
	return OK;
}

struct err sim_state_load(struct sim_site *site)
{
	struct span text;
	struct sim_json_source source;
	if (site->state_path[0] == '\0')
		return OK;
	struct err e = sim_file_read(site->state_path, SIM_JSON_SIZE_MAX, &text);
	if (e.code == ERR_NOT_FOUND)
		return OK;
	TRY(e);
	e = sim_json_open(site->state_path, text, &source);
	if (!failed(e)) {
		struct sim_json root = sim_json_root(&source);
		e = load(&root, site);
		sim_json_close(&source);
	}
	wipe((void *)(uintptr_t)text.at, text.size);
	free((void *)(uintptr_t)text.at);
	return e;
}
