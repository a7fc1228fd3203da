#include "sim/reader/orders.h"

#include <stdio.h>

#include "base/shape.h"
#include "sim/reader/card.h"
#include "sim/reader/json.h"

struct order {
	struct sim_site *site;
	struct sim_json at; /* the object */
	uint64_t now_ns;
	struct sim_news *answer;
	struct sim_order_effect *effect;
};

/* ---- who is meant ---- */

static struct err find_line(const struct order *o, struct sim_line **ret_line)
{
	uint64_t line = 0;
	TRY(sim_json_number(&o->at, "line", 0, o->site->line_count - 1, &line));
	*ret_line = o->site->lines[line];
	return OK;
}

/* By address or by name. */
static struct err find_device(const struct order *o, struct sim_device **ret_device)
{
	struct sim_line *line = NULL;
	TRY(find_line(o, &line));
	TRY(sim_json_needs(&o->at, "device"));
	struct sim_json at = sim_json_member(&o->at, "device");
	const char *name = json_string_value(at.value);
	for (size_t i = 0; i < line->device_count; i++) {
		struct sim_device *device = line->devices[i];
		bool meant = name ? strcmp(device->setup.name, name) == 0
				  : json_is_integer(at.value) && json_integer_value(at.value) == device->address;
		if (!meant)
			continue;
		sim_line_touch(line);
		*ret_device = device;
		return OK;
	}
	return sim_json_fail(&at, "no such device on line %u", line->index);
}

static struct err find_door(const struct order *o, struct sim_door **ret_door)
{
	char name[SIM_NAME_MAX + 1] = "";
	TRY(sim_json_needs(&o->at, "door"));
	TRY(sim_json_text(&o->at, "door", name, sizeof name));
	*ret_door = sim_site_door(o->site, span_of_string(name));
	struct sim_json at = sim_json_member(&o->at, "door");
	return *ret_door ? OK : sim_json_fail(&at, "no such door");
}

/* Hex of a length that only the text knows. */
static struct err read_hex(const struct order *o, const char *key, uint8_t *ret_bytes, size_t size_max,
			   size_t *ret_size)
{
	struct sim_json at = sim_json_member(&o->at, key);
	size_t digits = json_string_length(at.value);
	if (!at.value)
		return OK;
	if (!json_is_string(at.value) || digits > 2 * size_max || digits % 2 != 0)
		return sim_json_fail(&at, "lower-case hex of at most %zu bytes is needed", size_max);
	*ret_size = digits / 2;
	return sim_json_hex(&o->at, key, ret_bytes, *ret_size, NULL);
}

/* ---- a reader ---- */

static struct err read_card(struct order *o, struct sim_habit *card)
{
	static const char *const formats[] = {"unspecified", "wiegand", NULL};
	static const char *const h10301_keys[] = {"facility", "number", NULL};
	uint64_t reader = 0, bit_count = 0, facility = 0, number = 0;
	unsigned format = OSDP_CARD_FORMAT_UNSPECIFIED;
	size_t size = 0;
	TRY(sim_json_number(&o->at, "reader", 0, SIM_READERS_MAX - 1, &reader));
	TRY(sim_json_word(&o->at, "format", formats, &format));
	struct sim_json h10301 = sim_json_member(&o->at, "h10301");
	if (h10301.value) {
		TRY(sim_json_object(&h10301, h10301_keys));
		TRY(sim_json_number(&h10301, "facility", 0, 255, &facility));
		TRY(sim_json_number(&h10301, "number", 0, 65535, &number));
		sim_card_h10301((uint8_t)facility, (uint16_t)number, card->bits);
		bit_count = SIM_H10301_BITS;
	} else {
		TRY(sim_json_needs(&o->at, "bits"));
		TRY(read_hex(o, "bits", card->bits, sizeof card->bits, &size));
		bit_count = 8 * size;
		TRY(sim_json_number(&o->at, "bit_count", 1, SIM_CARD_BITS_MAX, &bit_count));
		if ((bit_count + 7) / 8 != size)
			return sim_json_fail(&o->at, "%u bits do not fit %zu bytes", (unsigned)bit_count, size);
	}
	card->reader = (unsigned)reader;
	card->bit_count = (unsigned)bit_count;
	card->format = (uint8_t)format;
	return OK;
}

static struct err order_swipe(struct order *o)
{
	struct sim_habit card = {0};
	uint64_t every_ms = 0, first_ms = 0;
	TRY(find_device(o, &card.device));
	bool repeats = sim_json_has(&o->at, "every_ms");
	TRY(sim_json_number(&o->at, "every_ms", 0, SIM_WAIT_MS_MAX, &every_ms));
	TRY(sim_json_number(&o->at, "first_ms", 0, SIM_WAIT_MS_MAX, &first_ms));
	TRY(sim_json_number(&o->at, "times", 0, UINT32_MAX, &card.left));
	if (!repeats || every_ms != 0)
		TRY(read_card(o, &card));
	if (card.reader >= card.device->setup.reader_count)
		return sim_json_fail(&o->at, "this device has no reader %u", card.reader);
	if (repeats) {
		card.every_ns = every_ms * SIM_NS_PER_MS;
		card.next_ns = o->now_ns + first_ms * SIM_NS_PER_MS;
		return sim_site_habit(o->site, &card);
	}
	uint32_t swipe;
	struct span bits = {card.bits, (card.bit_count + 7) / 8};
	TRY(sim_device_swipe(card.device, card.reader, card.format, bits, card.bit_count, o->now_ns, &swipe));
	sim_news_number(o->answer, "swipe", swipe);
	return OK;
}

static struct err order_keys(struct order *o)
{
	struct sim_device *device = NULL;
	char digits[SIM_KEYS_MAX + 1] = "";
	uint64_t reader = 0;
	TRY(find_device(o, &device));
	TRY(sim_json_needs(&o->at, "digits"));
	TRY(sim_json_text(&o->at, "digits", digits, sizeof digits));
	TRY(sim_json_number(&o->at, "reader", 0, SIM_READERS_MAX - 1, &reader));
	return sim_device_keys(device, (unsigned)reader, span_of_string(digits), o->now_ns);
}

static struct err order_finger(struct order *o)
{
	struct sim_device *device = NULL;
	uint8_t pattern[SIM_TEMPLATE_SIZE_MAX];
	size_t size = 0;
	uint64_t status = 0, quality = 100;
	TRY(find_device(o, &device));
	TRY(read_hex(o, "template", pattern, sizeof pattern, &size));
	TRY(sim_json_number(&o->at, "status", 0, 255, &status));
	TRY(sim_json_number(&o->at, "quality", 0, 255, &quality));
	return sim_device_finger(device, (uint8_t)status, (uint8_t)quality, (struct span){pattern, size}, o->now_ns);
}

/* ---- an I/O device, any device ---- */

static struct err order_input(struct order *o)
{
	struct sim_device *device = NULL;
	uint64_t input = 0;
	bool active = true;
	TRY(find_device(o, &device));
	TRY(sim_json_needs(&o->at, "input"));
	TRY(sim_json_number(&o->at, "input", 0, SIM_INPUTS_MAX - 1, &input));
	TRY(sim_json_bool(&o->at, "active", &active));
	return sim_device_set_input(device, (unsigned)input, active, o->now_ns);
}

static struct err order_tamper(struct order *o)
{
	struct sim_device *device = NULL;
	bool on = true;
	TRY(find_device(o, &device));
	TRY(sim_json_bool(&o->at, "on", &on));
	sim_device_set_tamper(device, on, o->now_ns);
	return OK;
}

static struct err order_power(struct order *o)
{
	struct sim_device *device = NULL;
	bool fails = true;
	TRY(find_device(o, &device));
	TRY(sim_json_bool(&o->at, "failed", &fails));
	sim_device_set_power(device, fails, o->now_ns);
	return OK;
}

static struct err order_reader_state(struct order *o)
{
	struct sim_device *device = NULL;
	uint64_t reader = 0, state = 0;
	TRY(find_device(o, &device));
	TRY(sim_json_number(&o->at, "reader", 0, SIM_READERS_MAX - 1, &reader));
	TRY(sim_json_number(&o->at, "state", 0, OSDP_READER_STATE_TAMPER, &state));
	return sim_device_set_reader_state(device, (unsigned)reader, (uint8_t)state, o->now_ns);
}

static struct err order_restart(struct order *o)
{
	struct sim_device *device = NULL;
	TRY(find_device(o, &device));
	sim_device_restart(device, o->now_ns);
	return OK;
}

static struct err order_fault(struct order *o)
{
	struct sim_device *device = NULL;
	enum sim_fault_kind kind;
	char word[SIM_NAME_MAX + 1] = "";
	bool on = true;
	uint64_t count = 0, ms = 0;
	TRY(find_device(o, &device));
	TRY(sim_json_needs(&o->at, "kind"));
	TRY(sim_json_text(&o->at, "kind", word, sizeof word));
	TRY(sim_fault_named(span_of_string(word), &kind));
	TRY(sim_json_bool(&o->at, "on", &on));
	TRY(sim_json_number(&o->at, "count", 0, UINT32_MAX, &count));
	TRY(sim_json_number(&o->at, "ms", 0, 60000, &ms));
	sim_device_set_fault(device, kind, on, (uint32_t)count, (uint32_t)ms, o->now_ns);
	return OK;
}

static struct err order_key(struct order *o)
{
	struct sim_device *device = NULL;
	uint8_t key[OSDP_BLOCK_SIZE];
	TRY(find_device(o, &device));
	TRY(sim_json_needs(&o->at, "scbk"));
	TRY(sim_json_hex(&o->at, "scbk", key, sizeof key, NULL));
	sim_device_set_key(device, key);
	wipe(key, sizeof key);
	return OK;
}

static struct err order_install(struct order *o)
{
	struct sim_device *device = NULL;
	bool on = true;
	TRY(find_device(o, &device));
	TRY(sim_json_bool(&o->at, "on", &on));
	device->install = on;
	return OK;
}

static struct err order_state(struct order *o)
{
	struct sim_device *device = NULL;
	if (sim_json_has(&o->at, "door")) {
		struct sim_door *door = NULL;
		TRY(find_door(o, &door));
		sim_news_text(o->answer, "door", door->name);
		sim_news_bool(o->answer, "open", door->open);
		sim_news_bool(o->answer, "unlocked", door->unlocked);
		return OK;
	}
	TRY(find_device(o, &device));
	ENSURE(device);
	sim_news_number(o->answer, "device", device->address);
	sim_device_describe(device, o->answer, o->now_ns);
	return OK;
}

/* ---- doors, time, and the end ---- */

static struct err order_door(struct order *o)
{
	enum { OPEN, CLOSE, FORCE, PASS, REX };
	static const char *const actions[] = {"open", "close", "force", "pass", "rex", NULL};
	struct sim_door *door = NULL;
	unsigned action = OPEN;
	uint64_t wait_ms = SIM_PASS_WAIT_MS_DEFAULT, after_ms = SIM_PASS_AFTER_MS_DEFAULT;
	uint64_t open_ms = SIM_PASS_OPEN_MS_DEFAULT, press_ms = SIM_REX_MS_DEFAULT;
	TRY(find_door(o, &door));
	TRY(sim_json_needs(&o->at, "action"));
	TRY(sim_json_word(&o->at, "action", actions, &action));
	TRY(sim_json_number(&o->at, "wait_ms", 0, SIM_WAIT_MS_MAX, &wait_ms));
	TRY(sim_json_number(&o->at, "after_ms", 0, SIM_WAIT_MS_MAX, &after_ms));
	TRY(sim_json_number(&o->at, "open_ms", 0, SIM_WAIT_MS_MAX, &open_ms));
	TRY(sim_json_number(&o->at, "press_ms", 0, SIM_WAIT_MS_MAX, &press_ms));
	switch (action) {
	case OPEN:
		return sim_door_open(door, o->now_ns);
	case CLOSE:
		sim_door_close(door, o->now_ns);
		return OK;
	case FORCE:
		sim_door_force(door, o->now_ns);
		return OK;
	case PASS:
		sim_door_pass(door, wait_ms, after_ms, open_ms, o->now_ns);
		return OK;
	default:
		return sim_door_rex(door, press_ms, o->now_ns);
	}
}

static struct err order_wait(struct order *o)
{
	uint64_t ms = 0;
	TRY(sim_json_text(&o->at, "for", o->effect->wait_for, sizeof o->effect->wait_for));
	if (o->effect->wait_for[0])
		ms = SIM_WAIT_FOR_MS_DEFAULT;
	TRY(sim_json_number(&o->at, "ms", 0, SIM_WAIT_MS_MAX, &ms));
	TRY(sim_json_number(&o->at, "wait_ms", 0, SIM_WAIT_MS_MAX, &ms));
	o->effect->wait_ms = ms;
	return OK;
}

static struct err order_summary(struct order *o)
{
	bool reset = false;
	TRY(sim_json_bool(&o->at, "reset", &reset));
	sim_site_summary(o->site, o->answer);
	if (reset)
		sim_site_summary_reset(o->site);
	return OK;
}

static struct err order_quit(struct order *o)
{
	o->effect->quit = true;
	return OK;
}

#define WHO "line", "device"
static const struct {
	const char *name;
	struct err (*run)(struct order *);
	const char *keys[16]; /* besides "command" and "tag" */
} orders[] = {
	{"swipe",
	 order_swipe,
	 {WHO, "reader", "bits", "bit_count", "h10301", "format", "every_ms", "first_ms", "times"}},
	{"keys", order_keys, {WHO, "reader", "digits"}},
	{"finger", order_finger, {WHO, "template", "status", "quality"}},
	{"input", order_input, {WHO, "input", "active"}},
	{"tamper", order_tamper, {WHO, "on"}},
	{"power", order_power, {WHO, "failed"}},
	{"reader_state", order_reader_state, {WHO, "reader", "state"}},
	{"restart", order_restart, {WHO}},
	{"fault", order_fault, {WHO, "kind", "on", "count", "ms"}},
	{"key", order_key, {WHO, "scbk"}},
	{"install", order_install, {WHO, "on"}},
	{"door", order_door, {"door", "action", "wait_ms", "after_ms", "open_ms", "press_ms"}},
	{"state", order_state, {WHO, "door"}},
	{"summary", order_summary, {"reset"}},
	{"wait", order_wait, {"ms", "wait_ms", "for"}},
	{"quit", order_quit, {NULL}},
};

static struct err check_keys(const struct order *o, size_t which)
{
	const char *keys[20] = {"command", "tag"};
	size_t count = 2;
	for (size_t i = 0; orders[which].keys[i]; i++)
		keys[count++] = orders[which].keys[i];
	return sim_json_object(&o->at, keys);
}

static struct err run(struct order *o)
{
	char name[SIM_NAME_MAX + 1] = "", tag[SIM_NAME_MAX + 1] = "";
	if (!json_is_object(o->at.value))
		return sim_json_fail(&o->at, "an object is needed");
	if (sim_json_has(&o->at, "wait_ms") && !sim_json_has(&o->at, "command"))
		snprintf(name, sizeof name, "wait");
	else
		TRY(sim_json_needs(&o->at, "command"));
	TRY(sim_json_text(&o->at, "command", name, sizeof name));
	sim_news_begin(o->answer, "answer", name);
	TRY(sim_json_text(&o->at, "tag", tag, sizeof tag));
	if (tag[0])
		sim_news_text(o->answer, "tag", tag);
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		if (strcmp(orders[i].name, name) != 0)
			continue;
		TRY(check_keys(o, i));
		return orders[i].run(o);
	}
	return sim_json_fail(&o->at, "nobody knows the command \"%s\"", name);
}

void sim_order_run(struct sim_site *site, struct span text, uint64_t now_ns, struct sim_news *ret_answer,
		   struct sim_order_effect *ret_effect)
{
	struct sim_json_source source = {0};
	struct order o = {.site = site, .now_ns = now_ns, .answer = ret_answer, .effect = ret_effect};
	memset(ret_effect, 0, sizeof *ret_effect);
	sim_news_begin(ret_answer, "answer", "");
	struct err e = sim_json_open("command", text, &source);
	if (!failed(e)) {
		o.at = sim_json_root(&source);
		e = run(&o);
	}
	sim_news_bool(ret_answer, "ok", !failed(e));
	if (failed(e))
		sim_news_text(ret_answer, "error", err_why());
	sim_json_close(&source);
}
