/* tests/unit/osdp/device_test.c - one device on a line: the way up, sequence numbers, repeats, BUSY, refusals,
 * orders, renewal.
 */
#include "bench.h"

enum { A_WHILE_US = 300000 };

static bool heard_in_order(const struct bench_device *d, const uint8_t *ids, size_t count)
{
	return d->heard_count >= count && memcmp(d->heard, ids, count) == 0;
}

static void comes_up(void)
{
	static const uint8_t order[] = {OSDP_COMMAND_ID,     OSDP_COMMAND_CAP,   OSDP_COMMAND_CHLNG,
					OSDP_COMMAND_SCRYPT, OSDP_COMMAND_LSTAT, OSDP_COMMAND_ISTAT,
					OSDP_COMMAND_OSTAT,  OSDP_COMMAND_RSTAT, OSDP_COMMAND_POLL};
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	CHECK(heard_in_order(&b->devices[0], order, sizeof(order)), "ID, CAP, CHLNG, SCRYPT, four states, POLL");
	CHECK(bench_is_secure(b, 0), "the channel is open");
	const struct osdp_identity *identity = bench_last(b, MESSAGE_OSDP_IDENTITY);
	CHECK(identity != NULL && identity->vendor == 0x0C0B0A && identity->capabilities.count == 4,
	      "its identity is reported");
	const struct osdp_state *state = bench_last(b, MESSAGE_OSDP_STATE);
	CHECK(state != NULL && state->link == OSDP_LINK_SECURE && bench_count(b, MESSAGE_OSDP_STATE) == 1,
	      "one state: secure");
	const struct osdp_contacts *contacts = bench_last(b, MESSAGE_OSDP_CONTACTS);
	CHECK(contacts != NULL && contacts->secure && contacts->count == 2, "contacts are reported, as secure");
	CHECK(bench_count(b, MESSAGE_OSDP_LOCAL) == 1 && bench_count(b, MESSAGE_OSDP_READER_TAMPER) == 1,
	      "and the rest");
	CHECK(bench_count(b, MESSAGE_OSDP_ALARM) == 0, "without an alarm");
	CHECK(b->devices[0].sessions == 1, "with one handshake");
	CHECK(b->idle_broken == 0, "with two characters of silence before each command");
	bench_free(b);
}

static void comes_up_plain(void)
{
	struct bench *b = bench_new(1, false);
	bench_run(b, A_WHILE_US);
	const struct osdp_state *state = bench_last(b, MESSAGE_OSDP_STATE);
	CHECK(state != NULL && state->link == OSDP_LINK_PLAIN, "a device without a channel is plain");
	CHECK(bench_count(b, MESSAGE_OSDP_CHALLENGE) == 0 && b->devices[0].sessions == 0, "nobody asks for keys");
	bench_swipe(&b->devices[0]);
	bench_run(b, A_WHILE_US);
	const struct osdp_card *card = bench_last(b, MESSAGE_OSDP_CARD);
	CHECK(card != NULL && !card->secure && card->bit_count == 26, "its card is reported as not secure");
	bench_free(b);
}

static void comes_up_with_checksums(void)
{
	struct bench *b = bench_new(1, true);
	struct osdp_device settings = bench_settings(0);
	settings.checksum = true;
	b->devices[0].checksum = true;
	bench_set_line(b, &settings, 1);
	bench_run(b, A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "an old device with checksums comes up");
	b->devices[0].checksum = false;
	bench_set_line(b, (struct osdp_device[]){bench_settings(0)}, 1);
	bench_run(b, A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "and with other settings begins anew");
	bench_free(b);
}

/* PROVES OSDP-SEQUENCE */
static void sequence_runs(void)
{
	struct bench *b = bench_new(1, false);
	uint8_t seen[12] = {0};
	uint32_t count = 0;
	while (count < sizeof(seen)) {
		uint32_t before = b->frames_sent;
		bench_run(b, 500);
		if (b->frames_sent > before)
			seen[count++] = b->last_sent[5] & 3;
	}
	CHECK(memcmp(seen, (uint8_t[]){0, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2}, sizeof(seen)) == 0,
	      "0 once, then 1, 2, 3, 1, 2, 3");
	bench_free(b);
}

/* ---- events ---- */

static void reads_a_card(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	bench_swipe(&b->devices[0]);
	bench_run(b, A_WHILE_US);
	const struct osdp_card *card = bench_last(b, MESSAGE_OSDP_CARD);
	NEED(card != NULL, "a card arrives");
	CHECK(card->device == 1 && card->secure && card->bit_count == 26 && card->bits.size == 4, "a card");
	CHECK(card->received_boot_us > BENCH_START_US && card->received_boot_us < b->now_us,
	      "with the time of its last byte");
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 1, "once");
	static const uint8_t keys[] = {OSDP_REPLY_KEYPAD, 0, 4, '1', '2', '3', 0x0D};
	memcpy(b->devices[0].event, keys, sizeof(keys));
	b->devices[0].event_size = sizeof(keys);
	bench_run(b, A_WHILE_US);
	const struct osdp_keypad *keypad = bench_last(b, MESSAGE_OSDP_KEYPAD);
	CHECK(keypad != NULL && span_is(keypad->keys, "123#") && keypad->secure, "keys");
	static const uint8_t events[][4] = {{OSDP_REPLY_LSTATR, 1, 0},
					    {OSDP_REPLY_ISTATR, 0, 1},
					    {OSDP_REPLY_OSTATR, 1, 0},
					    {OSDP_REPLY_RSTATR, 2}};
	static const uint8_t sizes[] = {3, 3, 3, 2};
	for (size_t i = 0; i < 4; i++) {
		memcpy(b->devices[0].event, events[i], sizes[i]);
		b->devices[0].event_size = sizes[i];
		bench_run(b, A_WHILE_US);
	}
	const struct osdp_local *local = bench_last(b, MESSAGE_OSDP_LOCAL);
	CHECK(local != NULL && local->tamper, "a tamper in answer to a poll");
	const struct osdp_contacts *contacts = bench_last(b, MESSAGE_OSDP_CONTACTS);
	CHECK(contacts != NULL && contacts->outputs && contacts->active == 1, "an output's state in answer to a poll");
	const struct osdp_reader_tamper *reader = bench_last(b, MESSAGE_OSDP_READER_TAMPER);
	CHECK(reader != NULL && reader->state == 2, "a reader's tamper in answer to a poll");
	CHECK(b->devices[0].sessions == 1 && bench_count(b, MESSAGE_OSDP_ALARM) == 0, "all within one session");
	bench_free(b);
}

/* PROVES OSDP-REPEAT: the reply that was lost comes again, and the card with it. */
static void repeats_lose_nothing(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	bench_swipe(&b->devices[0]);
	b->devices[0].mute_count = 1;
	bench_run(b, A_WHILE_US + OSDP_REPLY_US);
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 1 && b->devices[0].repeats == 1,
	      "a lost reply is asked for again, same bytes");
	bench_swipe(&b->devices[0]);
	b->devices[0].garble_count = 1;
	bench_run(b, A_WHILE_US);
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 2 && b->devices[0].repeats == 2,
	      "so is a damaged one, without a long wait");
	b->devices[0].deaf_count = 1;
	bench_run(b, A_WHILE_US + OSDP_REPLY_US);
	CHECK(b->devices[0].sessions == 1 && bench_is_secure(b, 0), "a lost command costs no session");
	CHECK(bench_count(b, MESSAGE_OSDP_ALARM) == 0 && bench_count(b, MESSAGE_OSDP_CARD) == 2,
	      "nor an alarm, nor a card twice");
	bench_unlock(b, 1, 77);
	b->devices[0].mute_count = 2;
	bench_run(b, A_WHILE_US * 2 + OSDP_REPLY_US);
	const struct osdp_output_done *done = bench_last(b, MESSAGE_OSDP_OUTPUT_DONE);
	CHECK(done != NULL && done->reference == 77 && done->acknowledged && b->devices[0].outs == 1,
	      "an unlock whose acknowledgement is lost twice is carried out once");
	bench_free(b);
}

static void busy_waits(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	bench_unlock(b, 1, 5);
	b->devices[0].busy_count = 10;
	bench_run(b, A_WHILE_US);
	const struct osdp_output_done *done = bench_last(b, MESSAGE_OSDP_OUTPUT_DONE);
	CHECK(done != NULL && done->acknowledged && b->devices[0].outs == 1,
	      "after ten times BUSY the same command is done");
	CHECK(b->devices[0].sessions == 1 && bench_count(b, MESSAGE_OSDP_ALARM) == 0, "in the same session");
	bench_free(b);
}

/* ---- orders ---- */

static void obeys(void)
{
	struct bench *b = bench_new(1, true);
	struct osdp_led led = {.device = 1, .permanent_control = 1, .permanent_on_colour = 2};
	struct osdp_buzzer buzzer = {.device = 1, .tone = 2, .count = 1};
	struct osdp_text text = {.device = 1,
				 .command = 1,
				 .text = SPAN_TEXT("Welcome to the fictional embassy, please come straight through..")};
	bench_run(b, A_WHILE_US);
	bench_told(b, MESSAGE_OSDP_LED, &led);
	bench_told(b, MESSAGE_OSDP_BUZZER, &buzzer);
	bench_told(b, MESSAGE_OSDP_TEXT, &text);
	bench_unlock(b, 1, 9);
	bench_run(b, A_WHILE_US);
	const struct bench_device *d = &b->devices[0];
	CHECK(d->leds == 1 && d->buzzes == 1 && d->texts == 1 && d->outs == 1, "an LED, a sound, a text, an unlock");
	size_t first = 0;
	while (d->heard[first] < OSDP_COMMAND_OUT || d->heard[first] > OSDP_COMMAND_TEXT)
		first++;
	CHECK(d->heard[first] == OSDP_COMMAND_OUT, "the unlock before all of them");
	CHECK(memcmp(d->last_out, (uint8_t[]){1, 5, 50, 0}, 4) == 0, "as a timed output");
	const struct osdp_output_done *done = bench_last(b, MESSAGE_OSDP_OUTPUT_DONE);
	CHECK(done != NULL && done->reference == 9 && done->acknowledged && done->sent_boot_us == b->last_out_at_us,
	      "and reported with the time of its first byte");
	for (int i = 0; i < 20; i++)
		bench_told(b, MESSAGE_OSDP_LED, &led);
	bench_run(b, A_WHILE_US);
	CHECK(d->leds == 1 + OSDP_ORDERS_MAX, "more lights than there is room for: the newest are kept");
	bench_free(b);
}

static void old_unlocks_expire(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	b->devices[0].dead = true;
	bench_run(b, A_WHILE_US);
	bench_unlock(b, 1, 1);
	bench_run(b, OSDP_OUTPUT_AGE_US_MAX);
	b->devices[0].dead = false;
	bench_run(b, 3 * OSDP_SILENCE_PAUSE_US_MAX);
	const struct osdp_output_done *done = bench_last(b, MESSAGE_OSDP_OUTPUT_DONE);
	CHECK(done != NULL && done->reference == 1 && !done->acknowledged,
	      "an unlock that cannot be said is reported as failed");
	CHECK(b->devices[0].outs == 0 && bench_is_secure(b, 0), "and never comes later, when the device is back");
	for (uint64_t i = 0; i < OSDP_OUTPUTS_MAX + 3; i++)
		bench_unlock(b, 1, 100 + i);
	CHECK(bench_count(b, MESSAGE_OSDP_OUTPUT_DONE) == 4, "unlocks over the bound are refused at once");
	bench_run(b, A_WHILE_US);
	CHECK(b->devices[0].outs == OSDP_OUTPUTS_MAX, "those within it are carried out");
	bench_unlock(b, 999, 55);
	done = bench_last(b, MESSAGE_OSDP_OUTPUT_DONE);
	CHECK(done->reference == 55 && !done->acknowledged, "one for a device that is not here is refused");
	bench_free(b);
}

static void refusals_are_lived_with(void)
{
	struct bench *b = bench_new(1, true);
	struct osdp_led led = {.device = 1};
	b->devices[0].refuses = OSDP_COMMAND_OSTAT;
	b->devices[0].refusal_code = OSDP_NAK_UNKNOWN_COMMAND;
	bench_run(b, A_WHILE_US);
	CHECK(bench_is_secure(b, 0) && bench_count(b, MESSAGE_OSDP_ALARM) == 0, "a device without outputs comes up");
	b->devices[0].refuses = OSDP_COMMAND_LED;
	bench_told(b, MESSAGE_OSDP_LED, &led);
	bench_run(b, A_WHILE_US);
	CHECK(b->devices[0].sessions == 1, "a device without an LED goes on");
	b->devices[0].refuses = OSDP_COMMAND_OUT;
	bench_unlock(b, 1, 3);
	bench_run(b, A_WHILE_US);
	const struct osdp_output_done *done = bench_last(b, MESSAGE_OSDP_OUTPUT_DONE);
	CHECK(done != NULL && !done->acknowledged && done->sent_boot_us != 0,
	      "an unlock that is refused is reported so");
	b->devices[0].refuses = OSDP_COMMAND_POLL;
	b->devices[0].refusal_code = OSDP_NAK_SEQUENCE;
	bench_run(b, 30000);
	b->devices[0].refuses = 0;
	bench_run(b, A_WHILE_US);
	CHECK(b->devices[0].sessions == 2 && bench_is_secure(b, 0), "a wrong sequence number is a new start");
	bench_free(b);
}

static void old_device_without_capabilities(void)
{
	struct bench *b = bench_new(1, false);
	b->devices[0].refuses = OSDP_COMMAND_CAP;
	b->devices[0].refusal_code = OSDP_NAK_UNKNOWN_COMMAND;
	bench_run(b, A_WHILE_US);
	const struct osdp_state *state = bench_last(b, MESSAGE_OSDP_STATE);
	CHECK(state != NULL && state->link == OSDP_LINK_PLAIN, "a device that cannot say what it can do comes up");
	bench_free(b);
}

/* ---- keys ---- */

static void new_key(void)
{
	struct bench *b = bench_new(1, true);
	uint8_t key[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 77, 66, 55, 44, 33, 22, 11};
	struct osdp_keyset keyset = {.device = 1, .scbk = SPAN_OF(key), .reference = 4};
	bench_told(b, MESSAGE_OSDP_KEYSET, &keyset);
	const struct osdp_keyset_done *done = bench_last(b, MESSAGE_OSDP_KEYSET_DONE);
	CHECK(done != NULL && !done->acknowledged, "without a channel no key is sent");
	bench_run(b, A_WHILE_US);
	CHECK(b->devices[0].keysets == 0, "nor later");
	bench_told(b, MESSAGE_OSDP_KEYSET, &keyset);
	memcpy(b->core_key[0], key, 16);
	bench_run(b, A_WHILE_US);
	done = bench_last(b, MESSAGE_OSDP_KEYSET_DONE);
	CHECK(done != NULL && done->acknowledged && done->reference == 4, "in the channel it is, and acknowledged");
	CHECK(memcmp(b->devices[0].new_key, key, 16) == 0, "the device has it");
	CHECK(b->devices[0].sessions == 2 && bench_is_secure(b, 0), "and a handshake with it follows at once");
	CHECK(memmem(b->bus, sizeof(*b->bus), key, 16) == NULL, "the panel has forgotten it");
	CHECK(bench_count(b, MESSAGE_OSDP_ALARM) == 0, "without an alarm");
	bench_free(b);
}

/* A key that waits for a channel that is lost goes into no other: core must decide anew. */
static void a_key_belongs_to_its_channel(void)
{
	struct bench *b = bench_new(1, true);
	uint8_t key[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 77, 66, 55, 44, 33, 22, 11};
	struct osdp_keyset keyset = {.device = 1, .scbk = SPAN_OF(key), .reference = 4};
	bench_run(b, A_WHILE_US);
	b->devices[0].dead = true;
	bench_run(b, 50000);
	bench_told(b, MESSAGE_OSDP_KEYSET, &keyset);
	bench_run(b, 2000000);
	b->devices[0].dead = false;
	bench_run(b, 5000000);
	const struct osdp_keyset_done *done = bench_last(b, MESSAGE_OSDP_KEYSET_DONE);
	CHECK(done != NULL && !done->acknowledged && b->devices[0].keysets == 0 && bench_is_secure(b, 0),
	      "a key that waited for a lost channel is not sent in the next");
	bench_free(b);
}

/* The test counts where a real panel waits for an hour. */
static void sessions_are_renewed(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	bench_panel_side(b, 0)->session_frames = OSDP_SESSION_FRAMES_MAX;
	bench_run(b, A_WHILE_US);
	CHECK(b->devices[0].sessions == 2 && bench_is_secure(b, 0), "after so many frames there are new session keys");
	bench_panel_side(b, 0)->session_since_us = b->now_us - OSDP_SESSION_US_MAX;
	bench_run(b, A_WHILE_US);
	CHECK(b->devices[0].sessions == 3 && bench_is_secure(b, 0), "after an hour too");
	struct osdp_restart restart = {.device = 1};
	bench_told(b, MESSAGE_OSDP_RESTART, &restart);
	bench_run(b, A_WHILE_US);
	CHECK(b->devices[0].sessions == 4 && bench_is_secure(b, 0), "and when core wants it");
	CHECK(bench_count(b, MESSAGE_OSDP_STATE) == 1 && bench_count(b, MESSAGE_OSDP_ALARM) == 0,
	      "of which nobody need hear");
	bench_free(b);
}

static void core_is_slow(void)
{
	struct bench *b = bench_new(1, true);
	b->core_away = true;
	bench_run(b, OSDP_CORE_US_MAX / 2);
	CHECK(bench_count(b, MESSAGE_OSDP_CHALLENGE) == 1, "core is given its time");
	bench_told(b, MESSAGE_OSDP_RESTART, &(struct osdp_restart){.device = 1});
	bench_run(b, OSDP_CORE_US_MAX / 2);
	CHECK(bench_count(b, MESSAGE_OSDP_CHALLENGE) == 2, "a new start asks it anew");
	b->core_away = false;
	bench_run(b, A_WHILE_US);
	CHECK(bench_is_secure(b, 0) && bench_count(b, MESSAGE_OSDP_ALARM) == 0, "its late answers are told apart");
	b->core_away = true;
	bench_told(b, MESSAGE_OSDP_RESTART, &(struct osdp_restart){.device = 1});
	bench_run(b, OSDP_CORE_US_MAX + A_WHILE_US);
	b->core_next = b->said_count - 1; /* what it was asked first is lost */
	b->core_away = false;
	bench_run(b, A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "an answer that never comes is asked for again");
	bench_free(b);
}

/* ---- gone and back ---- */

static void goes_and_comes_back(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	b->devices[0].dead = true;
	bench_run(b, OSDP_OFFLINE_US - 100000);
	CHECK(bench_count(b, MESSAGE_OSDP_STATE) == 1, "eight seconds without an answer are not over");
	bench_run(b, 200000);
	const struct osdp_state *state = bench_last(b, MESSAGE_OSDP_STATE);
	CHECK(state->link == OSDP_LINK_OFFLINE, "then it is offline");
	bench_unlock(b, 1, 8);
	const struct osdp_output_done *done = bench_last(b, MESSAGE_OSDP_OUTPUT_DONE);
	CHECK(done != NULL && !done->acknowledged, "and an unlock for it is refused at once");
	uint32_t before = b->frames_sent;
	bench_run(b, 20000000);
	CHECK(b->frames_sent - before <= 6, "it is tried rarely: %u times in 20 s", b->frames_sent - before);
	b->devices[0].dead = false;
	bench_run(b, OSDP_SILENCE_PAUSE_US_MAX + A_WHILE_US);
	CHECK(bench_is_secure(b, 0) && bench_count(b, MESSAGE_OSDP_ALARM) == 0,
	      "and found within seconds when it is back");
	b->devices[0].delay_us = 150000;
	bench_run(b, A_WHILE_US * 3);
	CHECK(bench_is_secure(b, 0), "a slow answer is waited for");
	bench_free(b);
}

static void slow_from_the_start(void)
{
	struct bench *b = bench_new(1, true);
	b->devices[0].delay_us = 150000;
	bench_run(b, 5000000);
	CHECK(bench_is_secure(b, 0), "a device that takes 150 ms for each answer is found too");
	bench_free(b);
}

int main(void)
{
	comes_up();
	comes_up_plain();
	comes_up_with_checksums();
	sequence_runs();
	reads_a_card();
	repeats_lose_nothing();
	busy_waits();
	obeys();
	old_unlocks_expire();
	refusals_are_lived_with();
	old_device_without_capabilities();
	new_key();
	a_key_belongs_to_its_channel();
	sessions_are_renewed();
	core_is_slow();
	goes_and_comes_back();
	slow_from_the_start();
	return tap_finish();
}
