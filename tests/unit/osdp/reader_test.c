/* tests/unit/osdp/reader_test.c - what devices say, as messages; and what is no message. Orders as bytes. */
#include "lib/tap.h"
#include "worker/osdp/commands.h"
#include "worker/osdp/reader.h"

static struct span bytes_of(const char *hex)
{
	static uint8_t room[512];
	size_t size = strlen(hex) / 2;
	NEED(size <= sizeof(room), "room");
	NEED_OK(hex_read(span_of_string(hex), room, size), "hex");
	return (struct span){room, size};
}

static void cards(void)
{
	uint8_t room[OSDP_CARD_SIZE_MAX];
	struct osdp_card card;
	CHECK_OK(osdp_read_card(bytes_of("01011a00a55a12ff"), room, &card), "26 bits");
	CHECK(card.reader == 1 && card.format == 1 && card.bit_count == 26, "its reader, format and count");
	CHECK_SPAN(card.bits, bytes_of("a55a12c0"), "bits behind the count are zero");
	CHECK_OK(osdp_read_card(bytes_of("00000800ff"), room, &card), "8 bits");
	CHECK(card.bits.at[0] == 0xFF, "whole bytes stay whole");
	CHECK_FAILS(osdp_read_card(bytes_of("00010000"), room, &card), ERR_INVALID, "0 bits", "no bits");
	CHECK_FAILS(osdp_read_card(bytes_of("0001a105"), room, &card), ERR_INVALID, "1441", "more than 1440 bits");
	CHECK_FAILS(osdp_read_card(bytes_of("01011a00a55a12"), room, &card), ERR_INVALID, "early", "a byte too few");
	CHECK_FAILS(osdp_read_card(bytes_of("01011a00a55a12c000"), room, &card), ERR_INVALID, "left over",
		    "a byte too many");
	CHECK_FAILS(osdp_read_card(bytes_of("0101"), room, &card), ERR_INVALID, "", "half a header");
	CHECK_FAILS(osdp_read_card((struct span){0}, room, &card), ERR_INVALID, "", "nothing");
	uint8_t most[4 + OSDP_CARD_SIZE_MAX] = {0, 0, 0xA0, 0x05};
	CHECK_OK(osdp_read_card(SPAN_OF(most), room, &card), "1440 bits");
}

static void keys(void)
{
	uint8_t room[OSDP_KEYS_MAX];
	struct osdp_keypad keypad;
	CHECK_OK(osdp_read_keys(bytes_of("000631327f0d2a23"), room, &keypad), "digits, star and hash in both writings");
	CHECK(span_is(keypad.keys, "12*#*#"), "come as themselves");
	CHECK_FAILS(osdp_read_keys(bytes_of("000231"), room, &keypad), ERR_INVALID, "early", "fewer than counted");
	CHECK_FAILS(osdp_read_keys(bytes_of("00013132"), room, &keypad), ERR_INVALID, "left over", "more than counted");
	CHECK_FAILS(osdp_read_keys(bytes_of("0000"), room, &keypad), ERR_INVALID, "0 of them", "no keys");
	CHECK_FAILS(osdp_read_keys(bytes_of("00033141f1"), room, &keypad), ERR_INVALID, "unknown",
		    "one unknown refuses all");
	uint8_t many[2 + 65] = {0, 65};
	memset(many + 2, '1', 65);
	CHECK_FAILS(osdp_read_keys(SPAN_OF(many), room, &keypad), ERR_INVALID, "65", "65 keys");
}

static void states(void)
{
	struct osdp_contacts contacts;
	struct osdp_local local;
	struct osdp_reader_tamper readers[OSDP_READERS_MAX];
	size_t count = 0;
	CHECK_OK(osdp_read_contacts(bytes_of("00010002"), &contacts), "four contacts");
	CHECK(contacts.count == 4 && contacts.active == 0xA, "the second and the fourth are active");
	CHECK_OK(osdp_read_contacts((struct span){0}, &contacts), "no contacts at all");
	CHECK(contacts.count == 0 && contacts.active == 0, "are none");
	uint8_t many[40];
	memset(many, 1, sizeof(many));
	CHECK_OK(osdp_read_contacts(SPAN_OF(many), &contacts), "forty contacts");
	CHECK(contacts.count == 32 && contacts.active == UINT32_MAX, "of which 32 are read");
	CHECK_OK(osdp_read_local(bytes_of("0100"), &local), "local status");
	CHECK(local.tamper && !local.power_failure, "tamper");
	CHECK_FAILS(osdp_read_local(bytes_of("01"), &local), ERR_INVALID, "", "half of it");
	CHECK_FAILS(osdp_read_local(bytes_of("010000"), &local), ERR_INVALID, "", "more than it");
	CHECK_OK(osdp_read_readers(bytes_of("0002"), readers, &count), "two readers");
	CHECK(count == 2 && readers[1].reader == 1 && readers[1].state == 2, "the second is tampered with");
	CHECK_FAILS(osdp_read_readers(bytes_of("03"), readers, &count), ERR_INVALID, "state 3", "an unknown state");
	CHECK_FAILS(osdp_read_readers(bytes_of("000000000000000000"), readers, &count), ERR_INVALID, "9",
		    "nine readers");
}

static void identities(void)
{
	struct osdp_identity identity;
	struct osdp_capability capabilities[OSDP_CAPABILITIES_MAX];
	struct osdp_cryptogram cryptogram;
	size_t count = 0;
	uint8_t code = 0;
	CHECK_OK(osdp_read_identity(bytes_of("0a0b0c0102d2040000030405"), &identity), "an identity");
	CHECK(identity.vendor == 0x0C0B0A && identity.model == 1 && identity.version == 2 && identity.serial == 1234 &&
		      identity.firmware == 0x030405,
	      "its parts");
	CHECK_FAILS(osdp_read_identity(bytes_of("0a0b0c0102d20400000304"), &identity), ERR_INVALID, "", "too short");
	CHECK_FAILS(osdp_read_identity(bytes_of("0a0b0c0102d204000003040506"), &identity), ERR_INVALID, "", "too long");
	CHECK_OK(osdp_read_capabilities(bytes_of("090101100200"), capabilities, &count), "capabilities");
	CHECK(count == 2 && capabilities[0].function == 9 && capabilities[1].compliance == 2, "two");
	CHECK_FAILS(osdp_read_capabilities(bytes_of("0901"), capabilities, &count), ERR_INVALID, "", "not by threes");
	uint8_t many[33 * 3] = {0};
	CHECK_FAILS(osdp_read_capabilities(SPAN_OF(many), capabilities, &count), ERR_INVALID, "33", "33 of them");
	uint8_t crypt[32] = {1};
	CHECK_OK(osdp_read_cryptogram(SPAN_OF(crypt), &cryptogram), "a cryptogram");
	CHECK_FAILS(osdp_read_cryptogram((struct span){crypt, 31}, &cryptogram), ERR_INVALID, "", "too short");
	CHECK_FAILS(osdp_read_nak((struct span){0}, &code), ERR_INVALID, "code", "a refusal without a code");
	CHECK_OK(osdp_read_nak(bytes_of("0611"), &code), "a refusal");
	CHECK(code == 6 && strstr(osdp_nak_words(code), "secure channel") != NULL, "in words");
	CHECK(osdp_nak_words(200) != NULL, "also one that nobody knows");
}

static void orders(void)
{
	uint8_t data[OSDP_OUTPUT_DATA_SIZE];
	struct osdp_order order;
	struct osdp_output output = {.output = 1, .control = 5, .time_100ms = 300};
	CHECK_OK(osdp_write_output(&output, data), "an output");
	CHECK_SPAN(SPAN_OF(data), bytes_of("01052c01"), "its bytes");
	output.control = 7;
	CHECK_FAILS(osdp_write_output(&output, data), ERR_INVALID, "control 7", "an unknown control code");
	output = (struct osdp_output){.output = 256, .control = 5};
	CHECK_FAILS(osdp_write_output(&output, data), ERR_INVALID, "large", "output 256");
	output = (struct osdp_output){.control = 5, .time_100ms = 65536};
	CHECK_FAILS(osdp_write_output(&output, data), ERR_INVALID, "large", "a time of 65536");
	struct osdp_led led = {.temporary_control = 2,
			       .temporary_on_100ms = 1,
			       .temporary_on_colour = 2,
			       .temporary_time_100ms = 30,
			       .permanent_control = 1,
			       .permanent_on_100ms = 1,
			       .permanent_on_colour = 1};
	CHECK_OK(osdp_write_led(&led, &order), "an LED");
	CHECK_SPAN(((struct span){order.data, order.size}),
		   bytes_of("00000201000200"
			    "1e000101000100"),
		   "its bytes");
	struct osdp_buzzer buzzer = {.tone = 2, .on_100ms = 1, .off_100ms = 2, .count = 3};
	CHECK_OK(osdp_write_buzzer(&buzzer, &order), "a buzzer");
	CHECK_SPAN(((struct span){order.data, order.size}), bytes_of("0002010203"), "its bytes");
	buzzer.count = 300;
	CHECK_FAILS(osdp_write_buzzer(&buzzer, &order), ERR_INVALID, "large", "300 times");
	struct osdp_text text = {
		.command = 2, .temporary_s = 5, .row = 1, .column = 1, .text = SPAN_TEXT("No\xC3\xA9 1")};
	CHECK_OK(osdp_write_text(&text, &order), "a text");
	CHECK_SPAN(((struct span){order.data, order.size}),
		   bytes_of("000205010106"
			    "4e6f3f3f2031"),
		   "in ASCII");
	CHECK(order.id == OSDP_COMMAND_TEXT, "its command");
}

int main(void)
{
	cards();
	keys();
	states();
	identities();
	orders();
	return tap_finish();
}
