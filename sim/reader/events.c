/* sim/reader/events.c - what a device has to tell at the next poll: card reads, keys, changes of state. */
#include "sim/reader/device.h"

/* Would the panel get an event at its next poll? */
bool sim_device_listened(const struct sim_device *device)
{
	if (!device->online)
		return false;
	return device->session.state == SIM_SESSION_UP || device->setup.secure != SIM_SECURE_REQUIRED ||
	       sim_fault_on(device, SIM_FAULT_PLAINTEXT);
}

static struct sim_event *event_at(struct sim_device *device, size_t index)
{
	return &device->events[(device->event_first + index) % SIM_EVENTS_MAX];
}

static struct sim_event *event_new(struct sim_device *device, enum sim_event_kind kind, uint8_t reply_id,
				   uint64_t now_ns)
{
	if (device->event_count == SIM_EVENTS_MAX)
		return NULL;
	struct sim_event *event = event_at(device, device->event_count++);
	event->kind = kind;
	event->reply_id = reply_id;
	event->size = 0;
	event->swipe = 0;
	event->queued_ns = now_ns;
	return event;
}

static bool *changed_flag(struct sim_device *device, uint8_t reply_id)
{
	switch (reply_id) {
	case OSDP_REPLY_LSTATR:
		return &device->changed_local;
	case OSDP_REPLY_ISTATR:
		return &device->changed_inputs;
	case OSDP_REPLY_OSTATR:
		return &device->changed_outputs;
	default:
		return &device->changed_readers;
	}
}

void sim_events_state(struct sim_device *device, uint8_t reply_id, uint64_t now_ns)
{
	/* Half the queue is kept for cards and keys: a chattering input must not cost a card read. */
	if (!sim_device_listened(device) || device->event_count >= SIM_EVENTS_MAX / 2) {
		*changed_flag(device, reply_id) = true;
		return;
	}
	struct sim_event *event = event_new(device, SIM_EVENT_STATE, reply_id, now_ns);
	struct sink s = SINK_OF(event->data);
	sim_points_write(device, reply_id, &s);
	event->size = s.size;
}

static bool take_changed(struct sim_device *device, struct sim_answer *answer)
{
	static const uint8_t replies[] = {OSDP_REPLY_LSTATR, OSDP_REPLY_ISTATR, OSDP_REPLY_OSTATR, OSDP_REPLY_RSTATR};
	for (size_t i = 0; i < sizeof replies; i++) {
		bool *changed = changed_flag(device, replies[i]);
		if (!*changed)
			continue;
		*changed = false;
		sim_answer_id(answer, replies[i]);
		sim_points_write(device, replies[i], &answer->data);
		return true;
	}
	return false;
}

void sim_events_take(struct sim_device *device, struct sim_answer *answer, uint64_t now_ns)
{
	if (!sim_device_listened(device))
		return;
	sim_events_drop_old(device, now_ns);
	if (device->event_count == 0) {
		(void)take_changed(device, answer);
		return;
	}
	struct sim_event *event = event_at(device, 0);
	sim_answer_id(answer, event->reply_id);
	if (event->kind == SIM_EVENT_BIO)
		sink_put(&answer->data, (struct span){device->bio, device->bio_size});
	else
		sink_put(&answer->data, (struct span){event->data, event->size});
	answer->swipe = event->swipe;
	device->event_first = (device->event_first + 1) % SIM_EVENTS_MAX;
	device->event_count--;
}

static bool perishes(const struct sim_event *event)
{
	return event->kind == SIM_EVENT_CARD || event->kind == SIM_EVENT_KEYS;
}

static void tell_dropped(struct sim_device *device, const struct sim_event *event, uint64_t now_ns)
{
	struct sim_news news;
	sim_device_begin(device, &news, event->kind == SIM_EVENT_CARD ? "card_dropped" : "keys_dropped");
	if (event->swipe)
		sim_news_number(&news, "swipe", event->swipe);
	sim_device_tell(device, &news, now_ns / 1000);
}

/* Keep the events that pass, in their order. */
static void sift(struct sim_device *device, uint64_t now_ns, bool states_too)
{
	uint64_t hold_ns = device->setup.hold_ms * SIM_NS_PER_MS;
	size_t kept = 0;
	for (size_t i = 0; i < device->event_count; i++) {
		struct sim_event *event = event_at(device, i);
		if (perishes(event) && now_ns >= event->queued_ns + hold_ns) {
			tell_dropped(device, event, now_ns);
			continue;
		}
		if (states_too && event->kind == SIM_EVENT_STATE) {
			*changed_flag(device, event->reply_id) = true;
			continue;
		}
		if (kept != i)
			*event_at(device, kept) = *event;
		kept++;
	}
	device->event_count = kept;
}

void sim_events_drop_old(struct sim_device *device, uint64_t now_ns)
{
	if (sim_events_next(device) <= now_ns)
		sift(device, now_ns, false);
}

/* The panel is gone: states shrink to "something changed". */
void sim_events_forget(struct sim_device *device)
{
	sift(device, 0, true);
}

uint64_t sim_events_next(const struct sim_device *device)
{
	uint64_t next_ns = SIM_NEVER;
	for (size_t i = 0; i < device->event_count; i++) {
		const struct sim_event *event = &device->events[(device->event_first + i) % SIM_EVENTS_MAX];
		uint64_t due_ns = event->queued_ns + device->setup.hold_ms * SIM_NS_PER_MS;
		if (perishes(event) && due_ns < next_ns)
			next_ns = due_ns;
	}
	return next_ns;
}

struct err sim_device_swipe(struct sim_device *device, unsigned reader, uint8_t format, struct span bits,
			    unsigned bit_count, uint64_t now_ns, uint32_t *ret_swipe)
{
	if (reader >= device->setup.reader_count)
		return FAIL(ERR_NOT_FOUND, "device %u has no reader %u", device->address, reader);
	if (bit_count == 0 || bit_count > SIM_CARD_BITS_MAX || bits.size != (bit_count + 7) / 8)
		return FAIL(ERR_INVALID, "%u bits do not fit %zu bytes", bit_count, bits.size);
	struct sim_event *event = event_new(device, SIM_EVENT_CARD, OSDP_REPLY_RAW, now_ns);
	if (!event)
		return FAIL(ERR_BUSY, "device %u: its queue is full", device->address);
	struct sink s = SINK_OF(event->data);
	sink_u8(&s, (uint8_t)reader);
	sink_u8(&s, format);
	sink_u16le(&s, (uint16_t)bit_count);
	sink_put(&s, bits);
	TRY(sink_finish(&s, "card"));
	event->size = s.size;
	event->swipe = ++device->swipes;
	*ret_swipe = event->swipe;
	return OK;
}

struct err sim_device_keys(struct sim_device *device, unsigned reader, struct span keys, uint64_t now_ns)
{
	if (reader >= device->setup.reader_count || !device->setup.keypad)
		return FAIL(ERR_NOT_FOUND, "device %u has no keypad at reader %u", device->address, reader);
	if (keys.size == 0 || keys.size > SIM_KEYS_MAX)
		return FAIL(ERR_INVALID, "%zu keys; 1 to %d fit", keys.size, SIM_KEYS_MAX);
	for (size_t i = 0; i < keys.size; i++)
		if (!strchr("0123456789*#ABCD", keys.at[i]))
			return FAIL(ERR_INVALID, "no keypad has the key %02x", keys.at[i]);
	struct sim_event *event = event_new(device, SIM_EVENT_KEYS, OSDP_REPLY_KEYPAD, now_ns);
	if (!event)
		return FAIL(ERR_BUSY, "device %u: its queue is full", device->address);
	struct sink s = SINK_OF(event->data);
	sink_u8(&s, (uint8_t)reader);
	sink_u8(&s, (uint8_t)keys.size);
	for (size_t i = 0; i < keys.size; i++) {
		uint8_t key = keys.at[i];
		if (!device->setup.keypad_ascii) /* '#' is CR and '*' is DEL */
			key = key == '#' ? 0x0D : key == '*' ? 0x7F : key;
		sink_u8(&s, key);
	}
	event->size = s.size;
	return sink_finish(&s, "keys");
}

struct err sim_device_finger(struct sim_device *device, uint8_t status, uint8_t quality, struct span pattern,
			     uint64_t now_ns)
{
	if (!device->bio_wanted)
		return FAIL(ERR_INVALID, "device %u: the panel has not asked for a finger", device->address);
	if (pattern.size > SIM_TEMPLATE_SIZE_MAX - 6)
		return FAIL(ERR_TOO_LARGE, "a template of %zu bytes; %d fit", pattern.size, SIM_TEMPLATE_SIZE_MAX - 6);
	uint8_t id = device->bio_match ? OSDP_REPLY_BIOMATCHR : OSDP_REPLY_BIOREADR;
	if (!event_new(device, SIM_EVENT_BIO, id, now_ns))
		return FAIL(ERR_BUSY, "device %u: its queue is full", device->address);
	struct sink s = SINK_OF(device->bio);
	sink_u8(&s, device->bio_reader);
	sink_u8(&s, status);
	if (!device->bio_match)
		sink_u8(&s, device->bio_type);
	sink_u8(&s, quality);
	if (!device->bio_match) {
		sink_u16le(&s, (uint16_t)pattern.size);
		sink_put(&s, pattern);
	}
	device->bio_size = s.size;
	device->bio_wanted = false;
	return sink_finish(&s, "template");
}
