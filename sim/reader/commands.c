/* sim/reader/commands.c - stop 3: what each command does to the device, and what the device says to it. */
#include <stdio.h>

#include "sim/reader/device.h"

/* One command being obeyed. */
struct obeyed {
	struct sim_device *device;
	struct span data;
	bool secure, encrypted;
	uint64_t now_ns, first_byte_ns;
	struct sim_answer *answer;
};

static const uint32_t speeds[] = {9600, 19200, 38400, 57600, 115200, 230400};

static void nak_length(struct obeyed *o)
{
	sim_answer_nak(o->answer, OSDP_NAK_LENGTH);
}

static void nak_record(struct obeyed *o, const char *why)
{
	sim_device_violation(o->device, why, o->now_ns);
	sim_answer_nak(o->answer, OSDP_NAK_RECORD);
}

/* ---- identity ---- */

static void run_id(struct obeyed *o)
{
	const struct sim_setup *setup = &o->device->setup;
	if (o->data.size != 1) {
		nak_length(o);
		return;
	}
	uint32_t serial;
	uint8_t cuid[OSDP_CUID_SIZE];
	sim_device_identity(o->device, &serial, cuid);
	sim_answer_id(o->answer, OSDP_REPLY_PDID);
	struct sink *s = &o->answer->data;
	sink_put(s, SPAN_OF(setup->vendor));
	sink_u8(s, setup->model);
	sink_u8(s, setup->version);
	sink_u32le(s, serial);
	sink_put(s, SPAN_OF(setup->firmware));
}

static void run_cap(struct obeyed *o)
{
	const struct sim_setup *setup = &o->device->setup;
	if (o->data.size != 1) {
		nak_length(o);
		return;
	}
	sim_answer_id(o->answer, OSDP_REPLY_PDCAP);
	bool plaintext = sim_fault_on(o->device, SIM_FAULT_PLAINTEXT);
	for (size_t i = 0; i < setup->capability_count; i++) {
		const struct sim_capability *c = &setup->capabilities[i];
		if (plaintext && c->function == OSDP_CAPABILITY_SECURITY)
			continue;
		sink_u8(&o->answer->data, c->function);
		sink_u8(&o->answer->data, c->compliance);
		sink_u8(&o->answer->data, c->count);
	}
}

/* ---- states ---- */

static void run_states(struct obeyed *o, uint8_t reply_id)
{
	if (o->data.size != 0) {
		nak_length(o);
		return;
	}
	sim_answer_id(o->answer, reply_id);
	sim_points_write(o->device, reply_id, &o->answer->data);
}

static void run_lstat(struct obeyed *o)
{
	run_states(o, OSDP_REPLY_LSTATR);
}

static void run_istat(struct obeyed *o)
{
	run_states(o, OSDP_REPLY_ISTATR);
}

static void run_ostat(struct obeyed *o)
{
	run_states(o, OSDP_REPLY_OSTATR);
}

static void run_rstat(struct obeyed *o)
{
	run_states(o, OSDP_REPLY_RSTATR);
}

static void run_poll(struct obeyed *o)
{
	if (o->data.size != 0)
		nak_length(o);
	else
		sim_events_take(o->device, o->answer, o->now_ns);
}

/* ---- outputs and the face ---- */

static void run_out(struct obeyed *o)
{
	enum { RECORD_SIZE = 4 };
	if (o->data.size == 0 || o->data.size % RECORD_SIZE) {
		nak_length(o);
		return;
	}
	for (size_t i = 0; i < o->data.size; i += RECORD_SIZE) { /* all or nothing */
		const uint8_t *r = o->data.at + i;
		bool timed = r[1] == OSDP_OUTPUT_CONTROL_TIMED_ON || r[1] == OSDP_OUTPUT_CONTROL_TIMED_OFF;
		if (r[0] >= o->device->setup.output_count || r[1] > OSDP_OUTPUT_CONTROL_TIMED_OFF) {
			nak_record(o, "OUT for an output or with a control that is not there");
			return;
		}
		if (timed && r[2] == 0 && r[3] == 0) {
			nak_record(o, "a timed OUT without a time");
			return;
		}
	}
	struct cursor c = cursor_of(o->data);
	while (cursor_left(&c) > 0) {
		uint8_t output = cursor_u8(&c);
		uint8_t control = cursor_u8(&c);
		uint16_t time_100ms = cursor_u16le(&c);
		sim_output_command(o->device, output, control, time_100ms, o->now_ns, o->first_byte_ns);
	}
}

static void tell_led(struct obeyed *o, const uint8_t *r)
{
	struct sim_news news;
	sim_device_begin(o->device, &news, "led");
	sim_news_number(&news, "reader", r[0]);
	sim_news_number(&news, "led", r[1]);
	sim_news_name(&news, "temporary");
	sink_printf(&news.sink,
		    "{\"control\":%u,\"on_100ms\":%u,\"off_100ms\":%u,\"on\":\"%s\",\"off\":\"%s\",\"time_100ms\":%u}",
		    r[2], r[3], r[4], sim_colour_name(r[5]), sim_colour_name(r[6]), r[7] | r[8] << 8);
	sim_news_name(&news, "permanent");
	sink_printf(&news.sink, "{\"control\":%u,\"on_100ms\":%u,\"off_100ms\":%u,\"on\":\"%s\",\"off\":\"%s\"}", r[9],
		    r[10], r[11], sim_colour_name(r[12]), sim_colour_name(r[13]));
	sim_news_text(&news, "shows", sim_colour_name(sim_led_colour(&o->device->leds[r[0]][r[1]], o->now_ns)));
	sim_device_tell(o->device, &news, o->first_byte_ns / 1000);
}

static void set_led(struct obeyed *o, const uint8_t *r)
{
	struct sim_led *led = &o->device->leds[r[0]][r[1]];
	unsigned time_100ms = (unsigned)(r[7] | r[8] << 8);
	if (r[9] == OSDP_LED_PERMANENT_SET) {
		memcpy(led->permanent, r + 10, sizeof led->permanent);
		led->permanent_from_ns = o->now_ns;
	}
	if (r[2] == OSDP_LED_TEMPORARY_CANCEL)
		led->temporary_until_ns = 0;
	if (r[2] == OSDP_LED_TEMPORARY_SET) {
		memcpy(led->temporary, r + 3, sizeof led->temporary);
		led->temporary_from_ns = o->now_ns;
		led->temporary_until_ns = time_100ms ? o->now_ns + time_100ms * SIM_NS_PER_100MS : SIM_NEVER;
	}
	tell_led(o, r);
}

static void run_led(struct obeyed *o)
{
	enum { RECORD_SIZE = 14 };
	if (o->data.size == 0 || o->data.size % RECORD_SIZE) {
		nak_length(o);
		return;
	}
	for (size_t i = 0; i < o->data.size; i += RECORD_SIZE) {
		const uint8_t *r = o->data.at + i;
		bool there = r[0] < o->device->setup.reader_count && r[1] < o->device->setup.led_count;
		bool known = r[2] <= OSDP_LED_TEMPORARY_SET && r[9] <= OSDP_LED_PERMANENT_SET;
		bool colours = r[5] <= OSDP_COLOUR_WHITE && r[6] <= OSDP_COLOUR_WHITE && r[12] <= OSDP_COLOUR_WHITE &&
			       r[13] <= OSDP_COLOUR_WHITE;
		if (!there || !known || !colours) {
			nak_record(o, "LED for a light, control or colour that is not there");
			return;
		}
	}
	for (size_t i = 0; i < o->data.size; i += RECORD_SIZE)
		set_led(o, o->data.at + i);
}

static void run_buz(struct obeyed *o)
{
	if (o->data.size != 5) {
		nak_length(o);
		return;
	}
	const uint8_t *r = o->data.at;
	if (r[0] >= o->device->setup.reader_count || r[1] > OSDP_TONE_DEFAULT) {
		nak_record(o, "BUZ for a reader or tone that is not there");
		return;
	}
	memcpy(o->device->buzzer, r + 1, sizeof o->device->buzzer);
	struct sim_news news;
	sim_device_begin(o->device, &news, "buzzer");
	sim_news_number(&news, "reader", r[0]);
	sim_news_number(&news, "tone", r[1]);
	sim_news_number(&news, "on_100ms", r[2]);
	sim_news_number(&news, "off_100ms", r[3]);
	sim_news_number(&news, "count", r[4]);
	sim_device_tell(o->device, &news, o->first_byte_ns / 1000);
}

static void run_text(struct obeyed *o)
{
	enum { FIXED_SIZE = 6, TEMPORARY_FROM = 3, COMMAND_MAX = 4 };
	if (o->data.size < FIXED_SIZE || o->data.size != FIXED_SIZE + (size_t)o->data.at[5]) {
		nak_length(o);
		return;
	}
	const uint8_t *r = o->data.at;
	struct span text = {r + FIXED_SIZE, r[5]};
	bool command_known = r[1] >= 1 && r[1] <= COMMAND_MAX;
	if (!o->device->setup.display || r[0] >= o->device->setup.reader_count || !command_known ||
	    text.size > SIM_TEXT_MAX) {
		nak_record(o, "TEXT for a display that is not there, or too long for it");
		return;
	}
	memcpy(o->device->text, text.at, text.size);
	o->device->text[text.size] = '\0';
	bool temporary = r[1] >= TEMPORARY_FROM;
	o->device->text_until_ns = temporary ? o->now_ns + r[2] * 1000 * SIM_NS_PER_MS : SIM_NEVER;
	struct sim_news news;
	sim_device_begin(o->device, &news, "text");
	sim_news_number(&news, "reader", r[0]);
	sim_news_number(&news, "command", r[1]);
	sim_news_number(&news, "time_s", r[2]);
	sim_news_number(&news, "row", r[3]);
	sim_news_number(&news, "column", r[4]);
	sim_news_bytes(&news, "text", text);
	sim_device_tell(o->device, &news, o->first_byte_ns / 1000);
}

/* ---- setting up ---- */

static bool speed_known(uint32_t baud)
{
	for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++)
		if (speeds[i] == baud)
			return true;
	return false;
}

static void run_comset(struct obeyed *o)
{
	struct cursor c = cursor_of(o->data);
	uint8_t address = cursor_u8(&c);
	uint32_t baud = cursor_u32le(&c);
	if (failed(cursor_finish(&c, "COMSET"))) {
		nak_length(o);
		return;
	}
	struct sim_device *device = o->device;
	device->comset_address = address <= OSDP_ADDRESS_MAX ? address : device->address;
	device->comset_baud = speed_known(baud) ? baud : device->baud;
	device->comset_pending = true; /* the reply still goes out at the old values */
	sim_answer_id(o->answer, OSDP_REPLY_COM);
	sink_u8(&o->answer->data, device->comset_address);
	sink_u32le(&o->answer->data, device->comset_baud);
	struct sim_news news;
	sim_device_begin(device, &news, "comset");
	sim_news_number(&news, "address", device->comset_address);
	sim_news_number(&news, "baud", device->comset_baud);
	sim_device_tell(device, &news, o->first_byte_ns / 1000);
}

static void run_keyset(struct obeyed *o)
{
	struct sim_device *device = o->device;
	if (!o->secure || !o->encrypted) {
		sim_device_violation(device, "KEYSET that is not encrypted inside a session", o->now_ns);
		sim_answer_nak(o->answer, OSDP_NAK_SECURE_NOT_MET);
		return;
	}
	if (o->data.size < 2 || o->data.size != 2 + (size_t)o->data.at[1]) {
		nak_length(o);
		return;
	}
	if (o->data.at[0] != OSDP_KEYSET_TYPE_SCBK || o->data.at[1] != OSDP_BLOCK_SIZE) {
		nak_record(o, "KEYSET of a kind that is not SCBK");
		return;
	}
	sim_device_set_key(device, o->data.at + 2); /* from the next handshake */
	bool was_install = device->install;
	device->install = false;
	device->listener->keep(device->listener->context, device);
	struct sim_news news;
	sim_device_begin(device, &news, "keyset");
	sim_news_bool(&news, "was_install", was_install);
	sim_device_tell(device, &news, o->first_byte_ns / 1000);
}

static void run_acurxsize(struct obeyed *o)
{
	if (o->data.size != 2) {
		nak_length(o);
		return;
	}
	uint16_t size = (uint16_t)(o->data.at[0] | o->data.at[1] << 8);
	if (size < OSDP_DEVICE_SIZE_LEAST)
		nak_record(o, "ACURXSIZE under 128");
	else
		o->device->panel_size_max = size;
}

static void run_keepactive(struct obeyed *o)
{
	if (o->data.size != 2)
		nak_length(o);
}

/* ---- biometrics ---- */

static bool bio_acceptable(struct obeyed *o)
{
	enum { TYPE_MAX = 0x11, FORMAT_MAX = 2 };
	if (!o->device->setup.biometric)
		sim_answer_nak(o->answer, OSDP_NAK_UNKNOWN_COMMAND);
	else if (o->data.at[0] >= o->device->setup.reader_count)
		nak_record(o, "a finger for a reader that is not there");
	else if (o->data.at[1] > TYPE_MAX)
		sim_answer_nak(o->answer, OSDP_NAK_BIO_TYPE);
	else if (o->data.at[2] > FORMAT_MAX)
		sim_answer_nak(o->answer, OSDP_NAK_BIO_FORMAT);
	else
		return true;
	return false;
}

static void bio_begin(struct obeyed *o, bool match)
{
	o->device->bio_wanted = true;
	o->device->bio_match = match;
	o->device->bio_reader = o->data.at[0];
	o->device->bio_type = o->data.at[1];
	struct sim_news news;
	sim_device_begin(o->device, &news, match ? "bio_match" : "bio_read");
	sim_news_number(&news, "reader", o->data.at[0]);
	sim_news_number(&news, "type", o->data.at[1]);
	sim_news_number(&news, "format", o->data.at[2]);
	sim_news_number(&news, "quality", o->data.at[3]);
	if (match)
		sim_news_hex(&news, "template", (struct span){o->data.at + 6, o->data.size - 6});
	sim_device_tell(o->device, &news, o->first_byte_ns / 1000);
}

static void run_bioread(struct obeyed *o)
{
	if (o->data.size != 4)
		nak_length(o);
	else if (bio_acceptable(o))
		bio_begin(o, false);
}

static void run_biomatch(struct obeyed *o)
{
	if (o->data.size < 6 || o->data.size != 6 + (size_t)(o->data.at[4] | o->data.at[5] << 8))
		nak_length(o);
	else if (bio_acceptable(o))
		bio_begin(o, true);
}

/* ---- files ---- */

static void answer_file(struct obeyed *o, int16_t status)
{
	enum { OVERHEAD_MAX = 5 + 2 + 1 + 11 + OSDP_BLOCK_SIZE + OSDP_MAC_SIZE + 2, INTERLEAVE = 1 };
	sim_answer_id(o->answer, OSDP_REPLY_FTSTAT);
	sink_u8(&o->answer->data, INTERLEAVE);
	sink_u16le(&o->answer->data, 0);
	sink_u16le(&o->answer->data, (uint16_t)status);
	sink_u16le(&o->answer->data, (uint16_t)(o->device->setup.receive_size_max - OVERHEAD_MAX));
}

static void run_file(struct obeyed *o)
{
	enum { FINE = 0, PROCESSED = 1, ABORTED = -1, MALFORMED = -3 };
	struct sim_device *device = o->device;
	struct cursor c = cursor_of(o->data);
	uint8_t type = cursor_u8(&c);
	uint32_t total = cursor_u32le(&c);
	uint32_t offset = cursor_u32le(&c);
	uint16_t size = cursor_u16le(&c);
	struct span fragment = cursor_take(&c, size);
	if (failed(cursor_finish(&c, "FILETRANSFER"))) {
		nak_length(o);
		return;
	}
	if (offset == 0) {
		device->file_type = type;
		device->file_total = total;
		device->file_size = 0;
		device->file_sum = 0;
	}
	if (total > SIM_FILE_SIZE_MAX || type != device->file_type || total != device->file_total ||
	    offset != device->file_size || fragment.size > total - offset) {
		device->file_total = 0;
		answer_file(o, total > SIM_FILE_SIZE_MAX ? ABORTED : MALFORMED);
		return;
	}
	for (size_t i = 0; i < fragment.size; i++) /* a sum that needs no file kept: 31 * sum + byte */
		device->file_sum = (uint16_t)(device->file_sum * 31u + fragment.at[i]);
	device->file_size += size;
	bool whole = device->file_size == total;
	answer_file(o, whole ? PROCESSED : FINE);
	if (!whole)
		return;
	struct sim_news news;
	sim_device_begin(device, &news, "file");
	sim_news_number(&news, "type", type);
	sim_news_number(&news, "size", total);
	sim_news_number(&news, "sum", device->file_sum);
	sim_device_tell(device, &news, o->now_ns / 1000);
}

static void run_abort(struct obeyed *o)
{
	if (o->data.size != 0) {
		nak_length(o);
		return;
	}
	o->device->file_total = 0;
	o->device->bio_wanted = false;
}

/* What is not here (MFG, XWR, PIVDATA, GENAUTH, CRAUTH) needs a card or a vendor: NAK 3, as from any plain
 * reader.
 */
static const struct {
	uint8_t id;
	void (*run)(struct obeyed *);
} commands[] = {
	{OSDP_COMMAND_POLL, run_poll},
	{OSDP_COMMAND_ID, run_id},
	{OSDP_COMMAND_CAP, run_cap},
	{OSDP_COMMAND_LSTAT, run_lstat},
	{OSDP_COMMAND_ISTAT, run_istat},
	{OSDP_COMMAND_OSTAT, run_ostat},
	{OSDP_COMMAND_RSTAT, run_rstat},
	{OSDP_COMMAND_OUT, run_out},
	{OSDP_COMMAND_LED, run_led},
	{OSDP_COMMAND_BUZ, run_buz},
	{OSDP_COMMAND_TEXT, run_text},
	{OSDP_COMMAND_COMSET, run_comset},
	{OSDP_COMMAND_KEYSET, run_keyset},
	{OSDP_COMMAND_ACURXSIZE, run_acurxsize},
	{OSDP_COMMAND_BIOREAD, run_bioread},
	{OSDP_COMMAND_BIOMATCH, run_biomatch},
	{OSDP_COMMAND_FILETRANSFER, run_file},
	{OSDP_COMMAND_ABORT, run_abort},
	{OSDP_COMMAND_KEEPACTIVE, run_keepactive},
};

void sim_command_run(struct sim_device *device, uint8_t id, struct span data, bool secure, bool encrypted,
		     uint64_t now_ns, uint64_t first_byte_ns, struct sim_answer *answer)
{
	struct obeyed o = {
		.device = device,
		.data = data,
		.secure = secure,
		.encrypted = encrypted,
		.now_ns = now_ns,
		.first_byte_ns = first_byte_ns,
		.answer = answer,
	};
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (commands[i].id == id) {
			commands[i].run(&o);
			return;
		}
	}
	sim_answer_nak(answer, OSDP_NAK_UNKNOWN_COMMAND);
}
