/* tests/unit/osdp/line_test.c - many devices on one line: who speaks when, what a dead one costs, how soon an
 * unlock leaves.
 */
#include "bench.h"

enum { A_WHILE_US = 300000 };

static size_t secure_count(struct bench *b)
{
	size_t count = 0;
	for (size_t i = 0; i < b->device_count; i++)
		count += bench_is_secure(b, i);
	return count;
}

static void all_up_within_two_seconds(void)
{
	struct bench *b = bench_new(32, true);
	b->core_us = 500;
	uint64_t step_us = 10000, took_us = 0;
	while (secure_count(b) < 32 && took_us < 5000000) {
		bench_run(b, step_us);
		took_us += step_us;
	}
	CHECK(took_us <= 2000000, "32 devices at 115,200 baud are in secure session after %u ms",
	      (unsigned)(took_us / 1000));
	CHECK(b->idle_broken == 0, "with two characters of silence before each command");
	bench_free(b);
}

static void dead_readers_cost_little(void)
{
	struct bench *b = bench_new(32, true);
	for (size_t i = 0; i < 32; i += 3)
		b->devices[i].dead = true; /* eleven of them */
	bench_run(b, 2000000);
	CHECK(secure_count(b) == 21, "with eleven dead readers the others are up within 2 s as well");
	bench_run(b, 10000000); /* past their last tries */
	memset(b->poll_gap_us_max, 0, sizeof(b->poll_gap_us_max));
	uint64_t gap_us = 0;
	bench_run(b, 20000000);
	for (size_t i = 0; i < 32; i++)
		if (!b->devices[i].dead && b->poll_gap_us_max[i] > gap_us)
			gap_us = b->poll_gap_us_max[i];
	CHECK(gap_us < 400000, "no live one ever waits longer than %u ms for its turn", (unsigned)(gap_us / 1000));
	CHECK(bench_count(b, MESSAGE_OSDP_STATE) == 32, "each state was reported once");
	for (size_t i = 0; i < 32; i += 3)
		b->devices[i].dead = false;
	bench_run(b, 15000000);
	CHECK(secure_count(b) == 32, "the dead are found when they rise");
	bench_free(b);
}

static void one_dies_among_many(void)
{
	struct bench *b = bench_new(8, true);
	bench_run(b, 2000000);
	memset(b->poll_gap_us_max, 0, sizeof(b->poll_gap_us_max));
	b->devices[3].dead = true;
	bench_run(b, 10000000);
	uint64_t gap_us = 0;
	for (size_t i = 0; i < 8; i++)
		if (i != 3 && b->poll_gap_us_max[i] > gap_us)
			gap_us = b->poll_gap_us_max[i];
	CHECK(gap_us < 320000, "when one dies, the others wait %u ms once", (unsigned)(gap_us / 1000));
	CHECK(secure_count(b) == 7, "and keep their sessions");
	bench_free(b);
}

/* ---- unlocks ---- */

/* Run until something new is said of this kind. */
static void run_until(struct bench *b, enum message_kind kind)
{
	size_t before = bench_count(b, kind);
	for (int i = 0; i < 100000 && bench_count(b, kind) == before; i++)
		bench_run(b, 20);
}

static void the_line_is_held_for_the_decision(void)
{
	struct bench *b = bench_new(8, true);
	bench_run(b, 2000000);
	bench_swipe(&b->devices[5]);
	run_until(b, MESSAGE_OSDP_CARD);
	uint32_t before = b->frames_sent;
	bench_run(b, 3000);
	CHECK(b->frames_sent == before, "after a card the line is idle");
	bench_unlock(b, 2, 7);
	uint64_t told_us = b->now_us;
	bench_run(b, 2000);
	CHECK(b->last_out_at_us == told_us, "an unlock's first byte leaves in the moment it is decided");
	bench_run(b, 10000);
	CHECK(b->frames_sent > before + 2, "and the line goes on");

	bench_swipe(&b->devices[5]);
	run_until(b, MESSAGE_OSDP_CARD);
	before = b->frames_sent;
	bench_told(b, MESSAGE_OSDP_RESUME, &(struct osdp_resume){.device = 3});
	bench_run(b, 1000);
	CHECK(b->frames_sent == before, "another device's word does not end it");
	bench_told(b, MESSAGE_OSDP_RESUME, &(struct osdp_resume){.device = 6});
	bench_run(b, 300);
	CHECK(b->frames_sent == before + 1, "the word that nothing will come does");

	bench_swipe(&b->devices[5]);
	run_until(b, MESSAGE_OSDP_CARD);
	uint64_t read_us = ((const struct osdp_card *)bench_last(b, MESSAGE_OSDP_CARD))->received_boot_us;
	before = b->frames_sent;
	while (b->frames_sent == before && b->now_us < read_us + 100000)
		bench_run(b, 100);
	CHECK(b->last_sent_us - read_us == OSDP_HOLD_AFTER_READ_US,
	      "a core that says nothing holds it up for 6 ms and no longer");
	bench_free(b);
}

static void two_characters_of_silence_even_for_an_unlock(void)
{
	struct bench *b = bench_new(2, true);
	bench_run(b, A_WHILE_US);
	bench_swipe(&b->devices[1]);
	size_t cards = bench_count(b, MESSAGE_OSDP_CARD);
	for (int i = 0; i < 100000 && bench_count(b, MESSAGE_OSDP_CARD) == cards; i++)
		bench_run(b, 1);
	bench_unlock(b, 1, 7);
	bench_run(b, 3000);
	CHECK(b->last_out_at_us > 0, "the unlock left");
	CHECK(b->idle_broken == 0, "after two characters of silence");
	bench_free(b);
}

static void unlocks_go_before_everything(void)
{
	struct bench *b = bench_new(16, true);
	bench_run(b, 2000000);
	struct osdp_led led = {.permanent_control = 1, .permanent_on_colour = 2};
	for (uint64_t i = 1; i <= 16; i++)
		for (int j = 0; j < OSDP_ORDERS_MAX; j++) {
			led.device = i;
			bench_told(b, MESSAGE_OSDP_LED, &led);
		}
	uint64_t worst_us = 0;
	for (int i = 0; i < 20; i++) {
		bench_run(b, 4321);
		uint64_t told_us = b->now_us;
		bench_unlock(b, 1 + (uint64_t)(i * 5) % 16, 100);
		run_until(b, MESSAGE_OSDP_OUTPUT_DONE);
		if (b->last_out_at_us - told_us > worst_us)
			worst_us = b->last_out_at_us - told_us;
	}
	CHECK(worst_us < 8000, "amid 128 lights an unlock waits for the exchange under way alone: %u us",
	      (unsigned)worst_us);
	bench_run(b, 2000000);
	uint32_t leds = 0;
	for (size_t i = 0; i < 16; i++)
		leds += b->devices[i].leds;
	CHECK(leds == 16 * OSDP_ORDERS_MAX, "and all the lights come");
	CHECK(b->poll_gap_us_max[7] < 600000, "while everybody gets turns");
	bench_free(b);
}

static void an_unlock_cuts_short_a_wait_for_the_dead(void)
{
	struct bench *b = bench_new(2, true);
	b->devices[1].dead = true;
	bench_run(b, 20000000);
	uint64_t worst_us = 0;
	for (int i = 0; i < 40; i++) {
		bench_run(b, 511111);
		for (int j = 0; j < 1000 && !b->bus->probing; j++)
			bench_run(b, 10000);
		uint64_t told_us = b->now_us;
		bench_unlock(b, 1, 100);
		run_until(b, MESSAGE_OSDP_OUTPUT_DONE);
		if (b->last_out_at_us - told_us > worst_us)
			worst_us = b->last_out_at_us - told_us;
	}
	CHECK(worst_us <= OSDP_PROBE_US + 3000, "an unlock waits at most %u us for a device that is not there",
	      (unsigned)worst_us);
	bench_free(b);
}

static void strikes_come_up_first(void)
{
	struct bench *b = bench_new(32, true);
	struct osdp_device settings[32];
	for (size_t i = 0; i < 32; i++)
		settings[i] = bench_settings(i);
	settings[20].controls = settings[30].controls = true;
	bench_set_line(b, (struct osdp_device[1]){{0}}, 0);
	bench_set_line(b, settings, 32);
	bench_run(b, 130000);
	CHECK(bench_is_secure(b, 20) && bench_is_secure(b, 30) && secure_count(b) < 10,
	      "devices that carry strikes come up before the readers");
	bench_run(b, 2000000);
	CHECK(secure_count(b) == 32, "which follow");
	bench_free(b);
}

/* ---- the post changes ---- */

static void changes_leave_others_alone(void)
{
	struct bench *b = bench_new(4, true);
	struct osdp_device settings[4];
	for (size_t i = 0; i < 4; i++)
		settings[i] = bench_settings(i);
	bench_run(b, 1000000);
	bench_set_line(b, settings, 3);
	bench_run(b, A_WHILE_US);
	CHECK(b->bus->turn_count == 3 && b->devices[0].sessions == 1 && bench_is_secure(b, 2),
	      "one removed: the others stay");
	bench_set_line(b, settings, 4);
	bench_run(b, A_WHILE_US);
	CHECK(secure_count(b) == 4 && b->devices[3].sessions == 2 && b->devices[1].sessions == 1,
	      "and it comes back anew");
	settings[1].address = 0;
	bench_set_line(b, settings, 4);
	bench_run(b, A_WHILE_US);
	CHECK(b->bus->turn_count == 3 && b->devices[0].sessions == 1, "a second one at an address is left out");
	for (int i = 0; i < 300; i++) { /* in the midst of anything */
		bench_run(b, 777);
		settings[1].address = 1;
		bench_set_line(b, settings, (size_t)i % 5);
	}
	bench_set_line(b, settings, 4);
	bench_run(b, 2000000);
	CHECK(secure_count(b) == 4, "whenever it changes, it comes up again");
	osdp_bus_forget(b->bus);
	uint32_t before = b->frames_sent;
	bench_run(b, 1000000);
	CHECK(b->frames_sent == before, "without core nothing is said");
	bench_free(b);
}

static void the_line_is_lost(void)
{
	struct bench *b = bench_new(4, true);
	bench_run(b, 1000000);
	bench_unlock(b, 1, 5);
	osdp_bus_close(b->bus);
	b->reply_at_us = 0;
	uint32_t before = b->frames_sent;
	bench_unlock(b, 2, 6);
	bench_run(b, OSDP_OUTPUT_AGE_US_MAX);
	CHECK(b->frames_sent == before && bench_count(b, MESSAGE_OSDP_OUTPUT_DONE) == 2,
	      "unlocks on a lost line fail in time");
	osdp_bus_open(b->bus, 9600, b->now_us);
	bench_run(b, 3000000);
	CHECK(secure_count(b) == 4, "when it is back, also at 9600 baud, all come up");
	CHECK(b->devices[0].outs == 0, "and nothing old is said");
	CHECK(b->idle_broken == 0, "with two characters of silence");
	bench_free(b);
}

/* ---- the wire ---- */

static void echo_and_noise(void)
{
	struct bench *b = bench_new(3, true);
	b->echo = true;
	bench_run(b, 1000000);
	CHECK(secure_count(b) == 3, "an adapter that echoes does no harm");
	b->devices[2].delay_us = 100000;
	bench_run(b, 2000000);
	CHECK(secure_count(b) == 3 && b->devices[2].sessions == 1, "nor to a slow device");
	static const uint8_t noise[] = {0x00, 0x53, 0x80, 0xFF, 0x01, 0x53, 0x53, 0x10};
	for (int i = 0; i < 200; i++) {
		bench_run(b, 9973);
		osdp_bus_received(b->bus, (struct span){noise, 1 + (size_t)i % sizeof(noise)}, b->now_us);
	}
	bench_run(b, 2000000);
	CHECK(secure_count(b) == 3 && bench_count(b, MESSAGE_OSDP_CARD) == 0, "noise is survived");
	bench_free(b);
}

static void babble(void)
{
	struct bench *b = bench_new(3, true);
	uint64_t state = 7;
	bench_run(b, 1000000);
	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[40];
		for (size_t j = 0; j < sizeof(bytes); j++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			bytes[j] = (uint8_t)(state >> 40 & (state >> 63 ? 0x53 : 0xFF));
		}
		osdp_bus_received(b->bus, SPAN_OF(bytes), b->now_us);
		bench_run(b, 500);
		if (b->said_count > BENCH_SAID_MAX / 2)
			b->said_count = b->core_next = 0;
	}
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 0, "ten seconds of babble bring nothing to core");
	bench_run(b, 15000000);
	CHECK(secure_count(b) == 3, "and then all come up again");
	bench_free(b);
}

int main(void)
{
	all_up_within_two_seconds();
	dead_readers_cost_little();
	one_dies_among_many();
	the_line_is_held_for_the_decision();
	two_characters_of_silence_even_for_an_unlock();
	unlocks_go_before_everything();
	an_unlock_cuts_short_a_wait_for_the_dead();
	strikes_come_up_first();
	changes_leave_others_alone();
	the_line_is_lost();
	echo_and_noise();
	babble();
	return tap_finish();
}
