/* sim/reader/points.c - inputs, outputs with their timers, tamper, power; and what the face of a reader
 * shows.
 */
#include "sim/reader/device.h"

void sim_points_write(const struct sim_device *device, uint8_t reply_id, struct sink *s)
{
	switch (reply_id) {
	case OSDP_REPLY_LSTATR:
		sink_u8(s, device->tamper);
		sink_u8(s, device->power_failed);
		break;
	case OSDP_REPLY_ISTATR:
		for (unsigned i = 0; i < device->setup.input_count; i++)
			sink_u8(s, device->inputs[i]);
		break;
	case OSDP_REPLY_OSTATR:
		for (unsigned i = 0; i < device->setup.output_count; i++)
			sink_u8(s, device->outputs[i].on);
		break;
	case OSDP_REPLY_RSTATR:
		for (unsigned i = 0; i < device->setup.reader_count; i++)
			sink_u8(s, device->reader_states[i]);
		break;
	default:
		REQUIRE(reply_id == OSDP_REPLY_RSTATR); /* one of the four */
	}
}

/* ---- outputs ---- */

static void output_set(struct sim_device *device, unsigned index, bool on, uint64_t now_ns)
{
	struct sim_output *output = &device->outputs[index];
	if (output->on == on)
		return;
	output->on = on;
	struct sim_news news;
	sim_device_begin(device, &news, "output_state");
	sim_news_number(&news, "output", index);
	sim_news_bool(&news, "on", on);
	sim_device_tell(device, &news, now_ns / 1000);
	if (device->setup.report_outputs)
		sim_events_state(device, OSDP_REPLY_OSTATR, now_ns);
	device->listener->output_changed(device->listener->context, device, index, on, now_ns);
}

void sim_output_command(struct sim_device *device, uint8_t index, uint8_t control, uint16_t time_100ms, uint64_t now_ns,
			uint64_t first_byte_ns)
{
	REQUIRE(index < device->setup.output_count && control <= OSDP_OUTPUT_CONTROL_TIMED_OFF);
	struct sim_output *output = &device->outputs[index];
	struct sim_news news;
	sim_device_begin(device, &news, "output");
	sim_news_number(&news, "output", index);
	sim_news_number(&news, "control", control);
	sim_news_number(&news, "time_100ms", time_100ms);
	sim_device_tell(device, &news, first_byte_ns / 1000);

	bool on = control == OSDP_OUTPUT_CONTROL_ON_ABORT || control == OSDP_OUTPUT_CONTROL_ON_FINISH ||
		  control == OSDP_OUTPUT_CONTROL_TIMED_ON;
	if (control != OSDP_OUTPUT_CONTROL_NOP)
		device->listener->output_command(device->listener->context, device, index, on, first_byte_ns / 1000);
	switch (control) {
	case OSDP_OUTPUT_CONTROL_OFF_ABORT:
	case OSDP_OUTPUT_CONTROL_ON_ABORT:
		output->permanent_on = on;
		output->until_ns = SIM_NEVER;
		output_set(device, index, on, now_ns);
		break;
	case OSDP_OUTPUT_CONTROL_OFF_FINISH:
	case OSDP_OUTPUT_CONTROL_ON_FINISH:
		output->permanent_on = on;
		if (output->until_ns == SIM_NEVER) /* else the timed operation runs to its end first */
			output_set(device, index, on, now_ns);
		break;
	case OSDP_OUTPUT_CONTROL_TIMED_ON:
	case OSDP_OUTPUT_CONTROL_TIMED_OFF:
		output->until_ns = now_ns + time_100ms * SIM_NS_PER_100MS;
		output_set(device, index, on, now_ns);
		break;
	default:
		break;
	}
}

void sim_outputs_tick(struct sim_device *device, uint64_t now_ns)
{
	for (unsigned i = 0; i < device->setup.output_count; i++) {
		struct sim_output *output = &device->outputs[i];
		if (output->until_ns > now_ns)
			continue;
		output->until_ns = SIM_NEVER;
		output_set(device, i, output->permanent_on, now_ns);
	}
}

uint64_t sim_outputs_next(const struct sim_device *device)
{
	uint64_t next_ns = SIM_NEVER;
	for (unsigned i = 0; i < device->setup.output_count; i++)
		if (device->outputs[i].until_ns < next_ns)
			next_ns = device->outputs[i].until_ns;
	return next_ns;
}

/* ---- inputs and local states ---- */

static void tell_switch(struct sim_device *device, const char *happening, bool on, uint64_t now_ns)
{
	struct sim_news news;
	sim_device_begin(device, &news, happening);
	sim_news_bool(&news, "on", on);
	sim_device_tell(device, &news, now_ns / 1000);
}

struct err sim_device_set_input(struct sim_device *device, unsigned input, bool active, uint64_t now_ns)
{
	if (input >= device->setup.input_count)
		return FAIL(ERR_NOT_FOUND, "device %u has no input %u", device->address, input);
	if (device->inputs[input] == active)
		return OK;
	device->inputs[input] = active;
	struct sim_news news;
	sim_device_begin(device, &news, "input");
	sim_news_number(&news, "input", input);
	sim_news_bool(&news, "active", active);
	sim_device_tell(device, &news, now_ns / 1000);
	sim_events_state(device, OSDP_REPLY_ISTATR, now_ns);
	return OK;
}

void sim_device_set_tamper(struct sim_device *device, bool on, uint64_t now_ns)
{
	if (device->tamper == on)
		return;
	device->tamper = on;
	tell_switch(device, "tamper", on, now_ns);
	sim_events_state(device, OSDP_REPLY_LSTATR, now_ns);
}

void sim_device_set_power(struct sim_device *device, bool is_failed, uint64_t now_ns)
{
	if (device->power_failed == is_failed)
		return;
	device->power_failed = is_failed;
	tell_switch(device, "power_failed", is_failed, now_ns);
	sim_events_state(device, OSDP_REPLY_LSTATR, now_ns);
}

struct err sim_device_set_reader_state(struct sim_device *device, unsigned reader, uint8_t state, uint64_t now_ns)
{
	if (reader >= device->setup.reader_count)
		return FAIL(ERR_NOT_FOUND, "device %u has no reader %u", device->address, reader);
	if (state > OSDP_READER_STATE_TAMPER)
		return FAIL(ERR_INVALID, "a reader's state is 0, 1 or 2");
	if (device->reader_states[reader] != state) {
		device->reader_states[reader] = state;
		sim_events_state(device, OSDP_REPLY_RSTATR, now_ns);
	}
	return OK;
}

void sim_device_set_key(struct sim_device *device, const uint8_t *scbk)
{
	memcpy(device->scbk, scbk, sizeof device->scbk);
	device->has_scbk = true;
}

/* ---- the face ---- */

static uint8_t flash_colour(const uint8_t *flash, uint64_t since_ns)
{
	unsigned on_100ms = flash[0], off_100ms = flash[1];
	if (off_100ms == 0)
		return flash[2];
	uint64_t at = since_ns / SIM_NS_PER_100MS % (on_100ms + off_100ms);
	return at < on_100ms ? flash[2] : flash[3];
}

uint8_t sim_led_colour(const struct sim_led *led, uint64_t now_ns)
{
	if (led->temporary_until_ns > now_ns)
		return flash_colour(led->temporary, now_ns - led->temporary_from_ns);
	return flash_colour(led->permanent, now_ns - led->permanent_from_ns);
}

static void describe_list(struct sim_news *news, const char *name, const struct sim_device *device, unsigned count,
			  bool outputs)
{
	sim_news_name(news, name);
	for (unsigned i = 0; i < count; i++) {
		sink_text(&news->sink, i ? "," : "[");
		sink_text(&news->sink, (outputs ? device->outputs[i].on : device->inputs[i]) ? "true" : "false");
	}
	sink_text(&news->sink, count ? "]" : "[]");
}

void sim_device_describe(const struct sim_device *device, struct sim_news *news, uint64_t now_ns)
{
	sim_news_text(news, "name", device->setup.name);
	sim_news_bool(news, "online", device->online);
	sim_news_bool(news, "secure", device->session.state == SIM_SESSION_UP);
	sim_news_bool(news, "install", device->install);
	sim_news_number(news, "baud", device->baud);
	sim_news_bool(news, "tamper", device->tamper);
	sim_news_bool(news, "power_failed", device->power_failed);
	describe_list(news, "inputs", device, device->setup.input_count, false);
	describe_list(news, "outputs", device, device->setup.output_count, true);
	sim_news_name(news, "leds");
	sink_text(&news->sink, "[");
	for (unsigned r = 0; r < device->setup.reader_count; r++)
		for (unsigned i = 0; i < device->setup.led_count; i++)
			sink_printf(&news->sink, "%s\"%s\"", r + i ? "," : "",
				    sim_colour_name(sim_led_colour(&device->leds[r][i], now_ns)));
	sink_text(&news->sink, "]");
	sim_news_name(news, "buzzer");
	sink_printf(&news->sink, "{\"tone\":%u,\"on_100ms\":%u,\"off_100ms\":%u,\"count\":%u}", device->buzzer[0],
		    device->buzzer[1], device->buzzer[2], device->buzzer[3]);
	sim_news_text(news, "text", device->text_until_ns > now_ns ? device->text : "");
	sim_news_number(news, "waiting", device->event_count);
	sim_news_name(news, "faults");
	sink_text(&news->sink, "[");
	bool first = true;
	for (unsigned kind = 0; kind < SIM_FAULT_COUNT; kind++) {
		if (!device->faults[kind].on)
			continue;
		sink_printf(&news->sink, "%s\"%s\"", first ? "" : ",", sim_fault_word(kind));
		first = false;
	}
	sink_text(&news->sink, "]");
}
