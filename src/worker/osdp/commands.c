#include "worker/osdp/commands.h"

/* Write little-endian values, one a byte or two, and refuse what does not fit. */
static void put_u8(struct sink *s, uint32_t value)
{
	s->failed |= value > UINT8_MAX;
	sink_u8(s, (uint8_t)value);
}

static void put_u16(struct sink *s, uint32_t value)
{
	s->failed |= value > UINT16_MAX;
	sink_u16le(s, (uint16_t)value);
}

static struct err finish_order(const struct sink *s, uint8_t id, const char *what, struct osdp_order *order)
{
	if (s->failed)
		return FAIL(ERR_INVALID, "%s: a value is too large for the wire", what);
	order->id = id;
	order->size = (uint8_t)s->size;
	return OK;
}

struct err osdp_write_output(const struct osdp_output *output, uint8_t ret_data[OSDP_OUTPUT_DATA_SIZE])
{
	struct sink s = sink_of(ret_data, OSDP_OUTPUT_DATA_SIZE);
	if (output->control > OSDP_OUTPUT_CONTROL_TIMED_OFF)
		return FAIL(ERR_INVALID, "output: control %u", output->control);
	put_u8(&s, output->output);
	put_u8(&s, output->control);
	put_u16(&s, output->time_100ms);
	return s.failed ? FAIL(ERR_INVALID, "output: a value is too large for the wire") : OK;
}

struct err osdp_write_led(const struct osdp_led *led, struct osdp_order *ret_order)
{
	struct sink s = SINK_OF(ret_order->data);
	put_u8(&s, led->reader);
	put_u8(&s, led->led);
	put_u8(&s, led->temporary_control);
	put_u8(&s, led->temporary_on_100ms);
	put_u8(&s, led->temporary_off_100ms);
	put_u8(&s, led->temporary_on_colour);
	put_u8(&s, led->temporary_off_colour);
	put_u16(&s, led->temporary_time_100ms);
	put_u8(&s, led->permanent_control);
	put_u8(&s, led->permanent_on_100ms);
	put_u8(&s, led->permanent_off_100ms);
	put_u8(&s, led->permanent_on_colour);
	put_u8(&s, led->permanent_off_colour);
	return finish_order(&s, OSDP_COMMAND_LED, "LED", ret_order);
}

struct err osdp_write_buzzer(const struct osdp_buzzer *buzzer, struct osdp_order *ret_order)
{
	struct sink s = SINK_OF(ret_order->data);
	put_u8(&s, buzzer->reader);
	put_u8(&s, buzzer->tone);
	put_u8(&s, buzzer->on_100ms);
	put_u8(&s, buzzer->off_100ms);
	put_u8(&s, buzzer->count);
	return finish_order(&s, OSDP_COMMAND_BUZ, "buzzer", ret_order);
}

struct err osdp_write_text(const struct osdp_text *text, struct osdp_order *ret_order)
{
	struct sink s = SINK_OF(ret_order->data);
	put_u8(&s, text->reader);
	put_u8(&s, text->command);
	put_u8(&s, text->temporary_s);
	put_u8(&s, text->row);
	put_u8(&s, text->column);
	put_u8(&s, (uint32_t)text->text.size);
	for (size_t i = 0; i < text->text.size; i++) /* displays know ASCII and nothing else */
		put_u8(&s, text->text.at[i] < 0x20 || text->text.at[i] > 0x7E ? '?' : text->text.at[i]);
	return finish_order(&s, OSDP_COMMAND_TEXT, "text", ret_order);
}

void osdp_write_keyset(const uint8_t scbk[OSDP_NUMBER_BLOCK_SIZE], uint8_t ret_data[OSDP_KEYSET_DATA_SIZE])
{
	ret_data[0] = OSDP_NUMBER_KEYSET_TYPE_SCBK;
	ret_data[1] = OSDP_NUMBER_BLOCK_SIZE;
	memcpy(ret_data + 2, scbk, OSDP_NUMBER_BLOCK_SIZE);
}
