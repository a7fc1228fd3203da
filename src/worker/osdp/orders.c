/* worker/osdp/orders.c - what core wants of a device: outputs first, then a new key, then light, sound and text. */
#include "worker/osdp/device_internal.h"

static void say_output_done(const struct osdp_peripheral *p, uint64_t reference, uint64_t sent_us, bool acknowledged)
{
	struct osdp_output_done done = {.reference = reference, .sent_boot_us = sent_us, .acknowledged = acknowledged};
	osdp_device_say(p, MESSAGE_OSDP_OUTPUT_DONE, &done);
}

static void end_keyset(struct osdp_peripheral *p, uint64_t reference, bool acknowledged)
{
	struct osdp_keyset_done done = {
		.device = p->settings.device, .reference = reference, .acknowledged = acknowledged};
	wipe(p->keyset_key, sizeof(p->keyset_key));
	p->keyset_there = false;
	osdp_device_say(p, MESSAGE_OSDP_KEYSET_DONE, &done);
}

bool osdp_orders_has_output(const struct osdp_peripheral *p)
{
	return p->output_count > 0 && osdp_device_believed(p);
}

bool osdp_orders_has_other(const struct osdp_peripheral *p)
{
	return p->keyset_there || (p->order_count > 0 && osdp_device_believed(p));
}

static void say_output(struct osdp_peripheral *p, uint8_t *room, struct osdp_utterance *ret_utterance)
{
	struct osdp_waiting_output *output = &p->outputs[p->output_first];
	memcpy(room, output->data, OSDP_OUTPUT_DATA_SIZE);
	*ret_utterance = (struct osdp_utterance){.id = OSDP_COMMAND_OUT, .data = {room, OSDP_OUTPUT_DATA_SIZE}};
	p->errand = OSDP_ERRAND_OUTPUT;
	p->output_reference = output->reference;
	p->output_sent_us = 0;
	p->output_first = (p->output_first + 1) % OSDP_OUTPUTS_MAX;
	p->output_count--;
}

bool osdp_orders_say(struct osdp_peripheral *p, uint8_t room[OSDP_COMMAND_DATA_SIZE_MAX],
		     struct osdp_utterance *ret_utterance)
{
	if (osdp_orders_has_output(p)) {
		say_output(p, room, ret_utterance);
		return true;
	}
	if (p->keyset_there) {
		osdp_write_keyset(p->keyset_key, room);
		*ret_utterance =
			(struct osdp_utterance){.id = OSDP_COMMAND_KEYSET, .data = {room, OSDP_KEYSET_DATA_SIZE}};
		p->errand = OSDP_ERRAND_KEYSET;
		return true;
	}
	if (!osdp_orders_has_other(p))
		return false;
	const struct osdp_order *order = &p->orders[p->order_first];
	memcpy(room, order->data, order->size);
	*ret_utterance = (struct osdp_utterance){.id = order->id, .data = {room, order->size}};
	p->errand = OSDP_ERRAND_ORDER;
	p->order_first = (p->order_first + 1) % OSDP_ORDERS_MAX;
	p->order_count--;
	return true;
}

void osdp_orders_done(struct osdp_peripheral *p, bool acknowledged, uint64_t now_us)
{
	enum osdp_errand errand = p->errand;
	p->errand = OSDP_ERRAND_NONE;
	if (errand == OSDP_ERRAND_OUTPUT)
		say_output_done(p, p->output_reference, p->output_sent_us, acknowledged);
	if (errand == OSDP_ERRAND_KEYSET) {
		end_keyset(p, p->keyset_reference, acknowledged);
		if (acknowledged)
			osdp_device_restart(p, now_us); /* the new key counts from the next handshake on */
	}
}

static void told_output(struct osdp_peripheral *p, const struct osdp_output *output, uint64_t now_us)
{
	struct osdp_waiting_output *place = &p->outputs[(p->output_first + p->output_count) % OSDP_OUTPUTS_MAX];
	bool gone = p->link_said && p->link == OSDP_LINK_OFFLINE;
	if (gone || p->output_count == OSDP_OUTPUTS_MAX || failed(osdp_write_output(output, place->data))) {
		say_output_done(p, output->reference, 0, false);
		return;
	}
	place->reference = output->reference;
	place->expires_us = now_us + OSDP_OUTPUT_AGE_US_MAX;
	p->output_count++;
}

/* A key goes into the channel that is open now, or nowhere. Under the default key there is no channel but in
 * install mode. RULE DEFENCE-5
 */
static void told_keyset(struct osdp_peripheral *p, const struct osdp_keyset *keyset)
{
	if (p->session == OSDP_SESSION_NONE || p->keyset_there || p->errand == OSDP_ERRAND_KEYSET ||
	    keyset->scbk.size != sizeof(p->keyset_key)) {
		struct osdp_keyset_done done = {.device = p->settings.device, .reference = keyset->reference};
		osdp_device_say(p, MESSAGE_OSDP_KEYSET_DONE, &done);
		return;
	}
	memcpy(p->keyset_key, keyset->scbk.at, sizeof(p->keyset_key));
	p->keyset_reference = keyset->reference;
	p->keyset_there = true;
}

/* The place of a new order: when all are taken, the oldest gives way, for the newest is what people should see. */
static struct osdp_order *order_place(struct osdp_peripheral *p)
{
	if (p->order_count == OSDP_ORDERS_MAX) {
		p->order_first = (p->order_first + 1) % OSDP_ORDERS_MAX;
		p->order_count--;
	}
	return &p->orders[(p->order_first + p->order_count) % OSDP_ORDERS_MAX];
}

void osdp_orders_told(struct osdp_peripheral *p, enum message_kind kind, const void *body, uint64_t now_us)
{
	struct err e;
	switch (kind) {
	case MESSAGE_OSDP_OUTPUT:
		told_output(p, body, now_us);
		return;
	case MESSAGE_OSDP_KEYSET:
		told_keyset(p, body);
		return;
	case MESSAGE_OSDP_LED:
		e = osdp_write_led(body, order_place(p));
		break;
	case MESSAGE_OSDP_BUZZER:
		e = osdp_write_buzzer(body, order_place(p));
		break;
	case MESSAGE_OSDP_TEXT:
		e = osdp_write_text(body, order_place(p));
		break;
	default:
		return;
	}
	if (!failed(e)) /* one that the wire has no room for is left out: no door depends on it */
		p->order_count++;
}

void osdp_orders_tick(struct osdp_peripheral *p, uint64_t now_us)
{
	while (p->output_count > 0 && p->outputs[p->output_first].expires_us <= now_us) {
		uint64_t reference = p->outputs[p->output_first].reference;
		p->output_first = (p->output_first + 1) % OSDP_OUTPUTS_MAX;
		p->output_count--;
		say_output_done(p, reference, 0, false);
	}
}

uint64_t osdp_orders_due(const struct osdp_peripheral *p)
{
	return p->output_count > 0 ? p->outputs[p->output_first].expires_us : OSDP_NEVER;
}

/* The channel is lost or the device is: a key that waits must not go into another channel. Outputs keep until their
 * time is up.
 */
void osdp_orders_forget(struct osdp_peripheral *p)
{
	if (p->errand != OSDP_ERRAND_NONE)
		osdp_orders_done(p, false, 0);
	if (p->keyset_there)
		end_keyset(p, p->keyset_reference, false);
}
