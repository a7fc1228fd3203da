#include "worker/osdp/line.h"

#include <stdlib.h>

struct err osdp_bus_new(uint32_t line, const struct osdp_port *port, struct osdp_bus **ret_bus)
{
	struct osdp_bus *bus = calloc(1, sizeof(*bus));
	ENSURE(bus != NULL);
	struct err e = OK;
	bus->line = line;
	bus->port = port;
	bus->speaker = -1;
	for (size_t i = 0; i < OSDP_DEVICES_MAX && !failed(e); i++)
		e = osdp_secure_make(&bus->devices[i].secure);
	if (failed(e)) {
		(void)osdp_bus_free(bus);
		return e;
	}
	*ret_bus = bus;
	return OK;
}

struct osdp_bus *osdp_bus_free(struct osdp_bus *bus)
{
	if (bus != NULL) {
		for (size_t i = 0; i < OSDP_DEVICES_MAX; i++)
			osdp_secure_free(&bus->devices[i].secure);
		wipe(bus, sizeof(*bus));
		free(bus);
	}
	return NULL;
}

static struct osdp_peripheral *device_at_turn(struct osdp_bus *bus, size_t turn)
{
	return &bus->devices[bus->turns[turn]];
}

static uint64_t wire_time_us(const struct osdp_bus *bus, size_t characters)
{
	return (characters * bus->character_ns + 999) / 1000;
}

static void end_listening(struct osdp_bus *bus)
{
	bus->listening = false;
	bus->speaker = -1;
	bus->damaged = false;
}

void osdp_bus_open(struct osdp_bus *bus, uint32_t baud, uint64_t now_us)
{
	REQUIRE(baud >= OSDP_BAUD_LEAST && baud <= OSDP_BAUD_MOST);
	bus->open = true;
	bus->character_ns = UINT64_C(1000000000) * OSDP_CHARACTER_BITS / baud;
	bus->wire_free_us = now_us;
	bus->hold_until_us = 0;
	bus->probe_after_us = 0;
	osdp_decoder_reset(&bus->decoder);
	end_listening(bus);
	for (size_t i = 0; i < bus->turn_count; i++)
		osdp_device_reopen(device_at_turn(bus, i), now_us);
}

void osdp_bus_close(struct osdp_bus *bus)
{
	bus->open = false;
	bus->hold_until_us = 0;
	end_listening(bus);
}

/* ---- which devices there are ---- */

static struct osdp_peripheral *find_device(struct osdp_bus *bus, uint64_t device)
{
	for (size_t i = 0; i < bus->turn_count; i++)
		if (device_at_turn(bus, i)->settings.device == device)
			return device_at_turn(bus, i);
	return NULL;
}

static bool same_settings(const struct osdp_device *a, const struct osdp_device *b)
{
	return a->device == b->device && a->address == b->address && a->secure == b->secure &&
	       a->checksum == b->checksum && a->controls == b->controls;
}

static const struct osdp_device *find_settings(const struct osdp_line *line, const struct osdp_device *wanted)
{
	const struct osdp_device *devices = line->devices.at;
	for (size_t i = 0; i < line->devices.count; i++)
		if (same_settings(&devices[i], wanted))
			return &devices[i];
	return NULL;
}

static void remove_missing(struct osdp_bus *bus, const struct osdp_line *line)
{
	size_t kept = 0;
	for (size_t i = 0; i < bus->turn_count; i++) {
		uint8_t slot = bus->turns[i];
		if (find_settings(line, &bus->devices[slot].settings) != NULL) {
			bus->turns[kept++] = slot;
			continue;
		}
		if (bus->speaker == slot)
			bus->speaker = -1; /* its reply may still come: the line listens to the end, for nobody */
		if (bus->hold_device == bus->devices[slot].settings.device)
			bus->hold_until_us = 0;
		osdp_device_stop(&bus->devices[slot]);
	}
	bus->turn_count = kept;
	bus->turn_next = 0;
}

static bool address_taken(struct osdp_bus *bus, uint32_t address)
{
	for (size_t i = 0; i < bus->turn_count; i++)
		if (device_at_turn(bus, i)->settings.address == address)
			return true;
	return false;
}

static uint8_t free_slot(const struct osdp_bus *bus)
{
	uint8_t slot = 0;
	while (memchr(bus->turns, slot, bus->turn_count) != NULL)
		slot++;
	ENSURE(slot < OSDP_DEVICES_MAX); /* there are as many slots as addresses */
	return slot;
}

/* Two devices at one address would answer at once; the first one has it. */
static void add_new(struct osdp_bus *bus, const struct osdp_line *line, uint64_t now_us)
{
	const struct osdp_device *devices = line->devices.at;
	for (size_t i = 0; i < line->devices.count; i++) {
		if (devices[i].address > OSDP_NUMBER_ADDRESS_MAX || address_taken(bus, devices[i].address))
			continue;
		uint8_t slot = free_slot(bus);
		osdp_device_start(&bus->devices[slot], &devices[i], bus->port, now_us);
		bus->turns[bus->turn_count++] = slot;
	}
}

/* Those that carry strikes go to the front; otherwise the order stays. */
static void sort_turns(struct osdp_bus *bus)
{
	uint8_t sorted[OSDP_DEVICES_MAX] = {0};
	size_t count = 0;
	for (int controls = 1; controls >= 0; controls--)
		for (size_t i = 0; i < bus->turn_count; i++)
			if (device_at_turn(bus, i)->settings.controls == (controls == 1))
				sorted[count++] = bus->turns[i];
	memcpy(bus->turns, sorted, count);
}

static void told_line(struct osdp_bus *bus, const struct osdp_line *line, uint64_t now_us)
{
	if (line->line != bus->line)
		return;
	remove_missing(bus, line);
	add_new(bus, line, now_us);
	sort_turns(bus);
}

void osdp_bus_forget(struct osdp_bus *bus)
{
	struct osdp_line nobody = {.line = bus->line};
	remove_missing(bus, &nobody);
	bus->hold_until_us = 0;
}

/* ---- what core says ---- */

/* Every message for one device begins with its id. */
static uint64_t device_of(enum message_kind kind, const void *body)
{
	switch (kind) {
	case MESSAGE_OSDP_RANDOM:
		return ((const struct osdp_random *)body)->device;
	case MESSAGE_OSDP_SESSION:
		return ((const struct osdp_session *)body)->device;
	case MESSAGE_OSDP_OUTPUT:
		return ((const struct osdp_output *)body)->device;
	case MESSAGE_OSDP_LED:
		return ((const struct osdp_led *)body)->device;
	case MESSAGE_OSDP_BUZZER:
		return ((const struct osdp_buzzer *)body)->device;
	case MESSAGE_OSDP_TEXT:
		return ((const struct osdp_text *)body)->device;
	case MESSAGE_OSDP_KEYSET:
		return ((const struct osdp_keyset *)body)->device;
	case MESSAGE_OSDP_RESTART:
		return ((const struct osdp_restart *)body)->device;
	case MESSAGE_OSDP_RESUME:
		return ((const struct osdp_resume *)body)->device;
	default:
		return 0;
	}
}

/* An order for a device that is not here any more is answered, so that core does not wait for it. */
static void refuse(struct osdp_bus *bus, enum message_kind kind, const void *body)
{
	if (kind == MESSAGE_OSDP_OUTPUT) {
		struct osdp_output_done done = {.reference = ((const struct osdp_output *)body)->reference};
		bus->port->say(bus->port->context, MESSAGE_OSDP_OUTPUT_DONE, &done);
	}
	if (kind == MESSAGE_OSDP_KEYSET) {
		const struct osdp_keyset *keyset = body;
		struct osdp_keyset_done done = {.device = keyset->device, .reference = keyset->reference};
		bus->port->say(bus->port->context, MESSAGE_OSDP_KEYSET_DONE, &done);
	}
}

void osdp_bus_told(struct osdp_bus *bus, enum message_kind kind, const void *body, uint64_t now_us)
{
	if (kind == MESSAGE_OSDP_LINE) {
		told_line(bus, body, now_us);
		return;
	}
	uint64_t device = device_of(kind, body);
	if (device != 0 && kind == MESSAGE_OSDP_RESUME && device == bus->hold_device)
		bus->hold_until_us = 0;
	struct osdp_peripheral *p = find_device(bus, device);
	if (p == NULL)
		refuse(bus, kind, body);
	else if (kind != MESSAGE_OSDP_RESUME)
		osdp_device_told(p, kind, body, now_us);
}

/* ---- what the wire says ---- */

static void heard_frame(struct osdp_bus *bus, const struct osdp_frame *frame, uint64_t now_us)
{
	if (bus->speaker < 0 || !frame->reply)
		return; /* nobody was asked; or it is our own echo */
	struct osdp_peripheral *p = &bus->devices[bus->speaker];
	if (frame->address != p->settings.address)
		return;
	enum osdp_heard heard = osdp_device_heard(p, frame, now_us);
	if (heard == OSDP_HEARD_NOTHING)
		return;
	bus->wire_free_us =
		now_us; /* whoever answers has heard us to the end, even if the wire is faster than its baud rate */
	if (heard == OSDP_HEARD_READ) {
		bus->hold_until_us = now_us + OSDP_HOLD_AFTER_READ_US;
		bus->hold_device = p->settings.device;
	}
	end_listening(bus);
}

/* Once a reply has begun, its next byte must follow soon. Noise between frames, or our own echo, changes nothing. */
static void set_deadline(struct osdp_bus *bus, uint64_t now_us)
{
	bool begun = bus->damaged || bus->decoder.size > bus->decoder.given;
	uint64_t gap_us = now_us + OSDP_CHARACTER_GAP_US;
	bus->deadline_us = !begun ? bus->reply_until_us : gap_us < bus->reply_ends_us ? gap_us : bus->reply_ends_us;
}

void osdp_bus_received(struct osdp_bus *bus, struct span bytes, uint64_t now_us)
{
	struct osdp_frame frame;
	bus->wire_free_us = now_us > bus->wire_free_us ? now_us : bus->wire_free_us;
	for (size_t at = 0; at < bytes.size;) {
		enum osdp_decoded found;
		at += osdp_decoder_take(&bus->decoder, (struct span){bytes.at + at, bytes.size - at});
		while ((found = osdp_decoder_next(&bus->decoder, &frame)) != OSDP_DECODED_NOTHING) {
			if (found == OSDP_DECODED_FRAME)
				heard_frame(bus, &frame, now_us);
			else
				bus->damaged = true;
		}
	}
	if (bus->listening)
		set_deadline(bus, now_us);
}

/* The time for the reply, or for its next byte, is over. */
static void stop_waiting(struct osdp_bus *bus, uint64_t now_us)
{
	struct osdp_frame frame;
	enum osdp_decoded found;
	bool damaged = bus->damaged || bus->decoder.size > 0;
	while ((found = osdp_decoder_quiet(&bus->decoder, &frame)) != OSDP_DECODED_NOTHING)
		if (found == OSDP_DECODED_FRAME)
			heard_frame(bus, &frame, now_us);
	if (!bus->listening)
		return; /* it was there, behind noise */
	int speaker = bus->speaker;
	if (bus->probing)
		bus->probe_after_us = now_us + (now_us - bus->spoke_us) * OSDP_PROBE_SHARE;
	end_listening(bus);
	if (speaker >= 0)
		osdp_device_silence(&bus->devices[speaker], damaged, now_us);
}

/* ---- whose turn ---- */

/* Was this device never spoken to since the line was opened? Its first try is nobody's fault and comes at once. */
static bool first_try(const struct osdp_peripheral *p)
{
	return !p->live && p->absences == 0;
}

static bool may_probe(const struct osdp_bus *bus, const struct osdp_peripheral *p, uint64_t now_us)
{
	return first_try(p) || now_us >= bus->probe_after_us;
}

/* Better rank first; among equals the one whose turn is next, but a device that carries strikes and has no session
 * yet goes before those that have one or carry none.
 */
static unsigned weight(const struct osdp_bus *bus, const struct osdp_peripheral *p, uint64_t now_us)
{
	enum osdp_rank rank = osdp_device_rank(p, now_us);
	if (rank == OSDP_RANK_PROBE && !may_probe(bus, p, now_us))
		return 0;
	if (rank == OSDP_RANK_PROBE) /* a full line would never come to it otherwise */
		rank = OSDP_RANK_TURN;
	if (rank == OSDP_RANK_ORDER && bus->order_was_last)
		rank = OSDP_RANK_TURN;
	bool first = rank == OSDP_RANK_TURN && p->settings.controls && p->stage < OSDP_STAGE_POLL;
	return 2u * (unsigned)rank + (first ? 1 : 0);
}

static struct osdp_peripheral *choose(struct osdp_bus *bus, uint64_t now_us)
{
	unsigned best = 0;
	size_t best_turn = 0;
	for (size_t i = 0; i < bus->turn_count; i++) {
		size_t turn = (bus->turn_next + i) % bus->turn_count;
		unsigned w = weight(bus, device_at_turn(bus, turn), now_us);
		if (w > best) {
			best = w;
			best_turn = turn;
		}
	}
	if (best == 0 || (now_us < bus->hold_until_us && best < 2u * OSDP_RANK_OUTPUT))
		return NULL;
	if (best < 2u * OSDP_RANK_ORDER) /* unlocks and orders are out of turn */
		bus->turn_next = (best_turn + 1) % bus->turn_count;
	bus->order_was_last = best == 2u * OSDP_RANK_ORDER;
	return device_at_turn(bus, best_turn);
}

static bool output_waits(const struct osdp_bus *bus, uint64_t now_us)
{
	for (size_t i = 0; i < bus->turn_count; i++)
		if (osdp_device_rank(&bus->devices[bus->turns[i]], now_us) == OSDP_RANK_OUTPUT)
			return true;
	return false;
}

/* A long wait for a device that was away gives way to an unlock for another one. */
static uint64_t deadline(const struct osdp_bus *bus, uint64_t now_us)
{
	uint64_t soon_us = bus->spoke_us + OSDP_PROBE_US;
	bool long_wait = bus->probing && bus->deadline_us == bus->reply_until_us && soon_us < bus->deadline_us;
	return long_wait && output_waits(bus, now_us) ? soon_us : bus->deadline_us;
}

static uint64_t silent_until_us(const struct osdp_bus *bus)
{
	return bus->wire_free_us + wire_time_us(bus, OSDP_IDLE_CHARACTERS);
}

struct span osdp_bus_speak(struct osdp_bus *bus, uint64_t now_us)
{
	for (size_t i = 0; i < bus->turn_count; i++)
		if (osdp_device_tick_due(device_at_turn(bus, i)) <= now_us)
			osdp_device_tick(device_at_turn(bus, i), now_us);
	if (bus->listening && now_us >= deadline(bus, now_us))
		stop_waiting(bus, now_us);
	if (!bus->open || bus->listening || bus->turn_count == 0 || now_us < silent_until_us(bus))
		return (struct span){0};
	struct osdp_peripheral *p = choose(bus, now_us);
	if (p == NULL)
		return (struct span){0};
	bus->hold_until_us = 0;
	bus->speaker = (int)(p - bus->devices);
	bus->spoke_us = now_us;
	bus->listening = true;
	bus->probing = osdp_device_rank(p, now_us) == OSDP_RANK_PROBE;
	osdp_decoder_reset(&bus->decoder);
	return osdp_device_speak(p, now_us);
}

void osdp_bus_sent(struct osdp_bus *bus, uint64_t first_byte_us, size_t size)
{
	REQUIRE(bus->speaker >= 0);
	struct osdp_peripheral *p = &bus->devices[bus->speaker];
	bus->wire_free_us = first_byte_us + wire_time_us(bus, size);
	bus->reply_until_us = bus->wire_free_us + osdp_device_patience(p);
	bus->reply_ends_us =
		bus->reply_until_us + wire_time_us(bus, OSDP_NUMBER_FRAME_SIZE_MAX) + OSDP_CHARACTER_GAP_US;
	bus->deadline_us = bus->reply_until_us;
	osdp_device_sent(p, first_byte_us);
}

/* When the first of those that want the line may have it. */
static uint64_t speak_due(const struct osdp_bus *bus)
{
	uint64_t due = OSDP_NEVER;
	for (size_t i = 0; i < bus->turn_count; i++) {
		const struct osdp_peripheral *p = &bus->devices[bus->turns[i]];
		uint64_t at = osdp_device_speak_due(p);
		if (at == OSDP_NEVER)
			continue;
		enum osdp_rank rank = osdp_device_rank(p, at);
		if (rank == OSDP_RANK_PROBE && !first_try(p) && at < bus->probe_after_us)
			at = bus->probe_after_us;
		if (rank != OSDP_RANK_OUTPUT && at < bus->hold_until_us)
			at = bus->hold_until_us;
		due = at < due ? at : due;
	}
	return due < silent_until_us(bus) ? silent_until_us(bus) : due;
}

uint64_t osdp_bus_due(const struct osdp_bus *bus, uint64_t now_us)
{
	uint64_t due = OSDP_NEVER;
	for (size_t i = 0; i < bus->turn_count; i++) {
		uint64_t at = osdp_device_tick_due(&bus->devices[bus->turns[i]]);
		due = at < due ? at : due;
	}
	uint64_t line_us = OSDP_NEVER;
	if (bus->listening)
		line_us = deadline(bus, now_us);
	else if (bus->open && bus->turn_count > 0)
		line_us = speak_due(bus);
	return line_us < due ? line_us : due;
}
