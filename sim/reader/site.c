#include "sim/reader/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static void on_news(void *context, struct span line)
{
	struct sim_site *site = context;
	site->publish(site->publish_context, line);
}

static bool awaits(const struct sim_device *reader, const struct sim_device *io, unsigned output)
{
	return reader->card_sent_us != 0 && reader->setup.unlocks && reader->setup.unlocks_output == output &&
	       reader->setup.unlocks_address == io->setup.address;
}

/* An "on" answers the oldest card read that this output is there for. */
static void on_output_command(void *context, struct sim_device *device, unsigned output, bool on,
			      uint64_t first_byte_us)
{
	struct sim_site *site = context;
	const struct sim_line *line = site->lines[device->line];
	struct sim_device *oldest = NULL;
	for (size_t i = 0; on && i < line->device_count; i++) {
		struct sim_device *reader = line->devices[i];
		if (awaits(reader, device, output) && (!oldest || reader->card_sent_us < oldest->card_sent_us))
			oldest = reader;
	}
	if (!oldest)
		return;
	uint64_t sent_us = oldest->card_sent_us;
	oldest->card_sent_us = 0;
	if (first_byte_us < sent_us || first_byte_us - sent_us > SIM_ANSWER_US_MAX)
		site->latency.unanswered++;
	else
		sim_latency_add(&site->latency, first_byte_us - sent_us);
}

static void on_output_changed(void *context, struct sim_device *device, unsigned output, bool on, uint64_t now_ns)
{
	struct sim_site *site = context;
	for (size_t i = 0; i < site->door_count; i++)
		if (site->doors[i].lock == device && site->doors[i].lock_output == output)
			sim_door_lock_changed(&site->doors[i], on, now_ns);
}

static void on_keep(void *context, struct sim_device *device)
{
	struct sim_site *site = context;
	if (site->state_path[0] == '\0' || !failed(sim_state_save(site)))
		return;
	struct sim_news news;
	sim_device_begin(device, &news, "state_not_saved");
	sim_news_text(&news, "why", err_why());
	sim_device_tell(device, &news, 0);
}

/* splitmix64: for runs that must be repeatable. */
static uint64_t seeded(struct sim_site *site)
{
	uint64_t x = site->seed += UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

static void on_random(void *context, uint8_t *bytes, size_t size)
{
	struct sim_site *site = context;
	if (site->seed == 0) {
		ENSURE(getrandom(bytes, size, 0) == (ssize_t)size);
		return;
	}
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)seeded(site);
}

static void on_card_sent(void *context, struct sim_device *device, uint32_t swipe, bool repeat, uint64_t last_byte_us)
{
	struct sim_site *site = context;
	if (!repeat) {
		site->latency.sent++;
		if (device->card_sent_us != 0)
			site->latency.unanswered++;
	}
	device->card_sent_us = last_byte_us;
	struct sim_news news;
	sim_device_begin(device, &news, "card_sent");
	sim_news_number(&news, "swipe", swipe);
	if (repeat)
		sim_news_bool(&news, "repeat", true);
	sim_device_tell(device, &news, last_byte_us);
}

struct sim_site *sim_site_new(void)
{
	struct sim_site *site = calloc(1, sizeof *site);
	ENSURE(site);
	site->listener = (struct sim_listener){
		.context = site,
		.news = on_news,
		.output_command = on_output_command,
		.output_changed = on_output_changed,
		.keep = on_keep,
		.random = on_random,
		.card_sent = on_card_sent,
	};
	return site;
}

struct sim_site *sim_site_free(struct sim_site *site)
{
	if (!site)
		return NULL;
	for (size_t i = 0; i < site->line_count; i++) {
		struct sim_line *line = site->lines[i];
		for (size_t d = 0; d < line->device_count; d++) {
			wipe(line->devices[d], sizeof *line->devices[d]);
			free(line->devices[d]);
		}
		free(line);
	}
	free(site);
	return NULL;
}

void sim_site_start(struct sim_site *site, uint64_t now_ns)
{
	REQUIRE(site->publish);
	for (size_t i = 0; i < site->line_count; i++)
		for (size_t d = 0; d < site->lines[i]->device_count; d++)
			sim_device_start(site->lines[i]->devices[d], &site->listener, (unsigned)i);
	for (size_t i = 0; i < site->door_count; i++)
		sim_door_start(&site->doors[i], now_ns);
}

struct err sim_site_habit(struct sim_site *site, const struct sim_habit *habit)
{
	struct sim_habit *free_place = NULL;
	for (size_t i = 0; i < SIM_HABITS_MAX; i++) {
		struct sim_habit *h = &site->habits[i];
		if (h->device == habit->device && h->reader == habit->reader)
			h->device = NULL;
		if (!h->device && !free_place)
			free_place = h;
	}
	if (habit->every_ns == 0)
		return OK;
	if (!free_place)
		return FAIL(ERR_BUSY, "%d cards are being shown again and again already", SIM_HABITS_MAX);
	*free_place = *habit;
	site->habits_ns = 0;
	return OK;
}

static void run_habit(struct sim_habit *h, uint64_t now_ns)
{
	uint32_t swipe;
	struct span bits = {h->bits, (h->bit_count + 7) / 8};
	/* A full queue is a reader that nobody polls: the card is shown in vain, as it would be. */
	(void)failed(sim_device_swipe(h->device, h->reader, h->format, bits, h->bit_count, now_ns, &swipe));
	h->next_ns += h->every_ns;
	if (h->left > 0 && --h->left == 0)
		h->device = NULL;
}

static uint64_t run_habits(struct sim_site *site, uint64_t now_ns)
{
	if (now_ns < site->habits_ns)
		return site->habits_ns;
	site->habits_ns = SIM_NEVER;
	for (size_t i = 0; i < SIM_HABITS_MAX; i++) {
		struct sim_habit *h = &site->habits[i];
		if (!h->device)
			continue;
		if (h->next_ns <= now_ns) {
			sim_line_touch(site->lines[h->device->line]);
			run_habit(h, now_ns);
		}
		if (h->device && h->next_ns < site->habits_ns)
			site->habits_ns = h->next_ns;
	}
	return site->habits_ns;
}

uint64_t sim_site_run(struct sim_site *site, uint64_t now_ns)
{
	uint64_t next_ns = run_habits(site, now_ns);
	for (size_t i = 0; i < site->line_count; i++) {
		uint64_t line_ns = sim_line_run(site->lines[i], now_ns);
		next_ns = line_ns < next_ns ? line_ns : next_ns;
	}
	for (size_t i = 0; i < site->door_count; i++) {
		uint64_t door_ns = sim_door_tick(&site->doors[i], now_ns);
		next_ns = door_ns < next_ns ? door_ns : next_ns;
	}
	return next_ns;
}

struct sim_door *sim_site_door(struct sim_site *site, struct span name)
{
	for (size_t i = 0; i < site->door_count; i++)
		if (span_is(name, site->doors[i].name))
			return &site->doors[i];
	return NULL;
}

void sim_site_summary(struct sim_site *site, struct sim_news *news)
{
	uint64_t in = 0, out = 0, lost = 0;
	int64_t late_sum = 0, late_max = 0;
	for (size_t i = 0; i < site->line_count; i++) {
		const struct sim_line *line = site->lines[i];
		in += line->frames_in;
		out += line->frames_out;
		lost += line->bytes_lost;
		late_sum += line->late_ns_sum;
		late_max = line->late_ns_max > late_max ? line->late_ns_max : late_max;
	}
	struct sim_latency *latency = &site->latency;
	sim_news_number(news, "cards_sent", latency->sent);
	sim_news_number(news, "unlocks", latency->count + latency->beyond);
	sim_news_number(news, "unanswered", latency->unanswered);
	sim_news_number(news, "latency_p50_us", sim_latency_percentile(latency, 50));
	sim_news_number(news, "latency_p99_us", sim_latency_percentile(latency, 99));
	sim_news_number(news, "latency_max_us", sim_latency_percentile(latency, 100));
	sim_news_number(news, "frames_in", in);
	sim_news_number(news, "frames_out", out);
	sim_news_number(news, "bytes_lost", lost);
	sim_news_name(news, "late_mean_ns");
	sink_printf(&news->sink, "%lld", (long long)(out ? late_sum / (int64_t)out : 0));
	sim_news_number(news, "late_max_ns", (uint64_t)late_max);
}

void sim_site_summary_reset(struct sim_site *site)
{
	site->latency.count = 0;
	site->latency.beyond = site->latency.sent = site->latency.unanswered = 0;
	for (size_t i = 0; i < site->line_count; i++) {
		struct sim_line *line = site->lines[i];
		line->frames_in = line->frames_out = line->bytes_lost = 0;
		line->late_ns_sum = line->late_ns_max = 0;
	}
}
