/* cmd/demo_day.c - people come and go: most pass, a badge is denied now and then, and sometimes a door is forced. */
#include "cmd/demo.h"

enum {
	DAY_GAP_US_MIN = 150 * 1000,
	DAY_GAP_US_SPREAD = 450 * 1000,
	DAY_TRIES_MAX = 64,
	DAY_FORCED_US = 2500 * 1000,
};

/* A small generator of its own: a demo may be predictable. */
static uint64_t draw(struct demo_day *day, uint64_t below)
{
	day->seed ^= day->seed << 13;
	day->seed ^= day->seed >> 7;
	day->seed ^= day->seed << 17;
	return below ? day->seed % below : 0;
}

static const struct post_import_door *door_at(const struct demo_day *day, size_t door)
{
	return (const struct post_import_door *)day->site->post.doors.at + door;
}

static void swipe(struct demo_day *day, const struct demo_reader *reader, unsigned number)
{
	(void)fprintf(day->orders,
		      "{\"command\":\"swipe\",\"line\":%u,\"device\":%u,\"reader\":%u,\"format\":\"wiegand\","
		      "\"h10301\":{\"facility\":%d,\"number\":%u}}\n",
		      reader->line, reader->address, reader->reader, DEMO_FACILITY, number);
	day->swipes++;
}

static void door_does(struct demo_day *day, size_t door, const char *action, unsigned open_ms)
{
	(void)fprintf(day->orders, "{\"command\":\"door\",\"door\":\"%.*s\",\"action\":\"%s\"",
		      SPAN_ARGS(door_at(day, door)->key), action);
	if (open_ms > 0)
		(void)fprintf(day->orders, ",\"after_ms\":300,\"open_ms\":%u", open_ms);
	(void)fprintf(day->orders, "}\n");
}

/* Somebody at a reader, who may or may not pass there. */
static bool find(struct demo_day *day, bool allowed, const struct demo_reader **ret_reader, size_t *ret_person)
{
	const struct demo_site *site = day->site;
	for (size_t i = 0; i < DAY_TRIES_MAX; i++) {
		const struct demo_reader *reader = &site->readers[draw(day, site->reader_count)];
		size_t person = draw(day, site->post.people.count);
		if (site->allowed[person * site->post.doors.count + reader->door] != allowed)
			continue;
		*ret_reader = reader;
		*ret_person = person;
		return true;
	}
	return false;
}

static void happen(struct demo_day *day, uint64_t now_us)
{
	const struct demo_reader *reader;
	size_t person;
	uint64_t dice = draw(day, 100);
	if (dice < 84 && find(day, true, &reader, &person)) {
		swipe(day, reader, (unsigned)(DEMO_FIRST_CARD + person));
		door_does(day, reader->door, "pass", (unsigned)(800 + draw(day, 1500)));
	} else if (dice < 92 && find(day, false, &reader, &person)) {
		swipe(day, reader, (unsigned)(DEMO_FIRST_CARD + person));
	} else if (dice < 95 && find(day, false, &reader, &person)) {
		swipe(day, reader, 40000 + (unsigned)draw(day, 100)); /* nobody's card */
	} else if (dice < 98) {
		size_t door = draw(day, day->site->post.doors.count);
		if (door_at(day, door)->exit_device.size > 0)
			door_does(day, door, "rex", 0);
	} else if (day->forced_until_us == 0) {
		day->forced = draw(day, day->site->post.doors.count);
		day->forced_until_us = now_us + DAY_FORCED_US;
		door_does(day, day->forced, "force", 0);
	}
	(void)fflush(day->orders);
}

void demo_day_start(struct demo_day *day, struct demo_site *site, FILE *orders)
{
	*day = (struct demo_day){.site = site, .orders = orders, .seed = UINT64_C(0x9E3779B97F4A7C15)};
}

uint64_t demo_day_go_on(struct demo_day *day, uint64_t now_us)
{
	if (day->site->reader_count == 0)
		return now_us + 1000000;
	if (day->forced_until_us != 0 && now_us >= day->forced_until_us) {
		door_does(day, day->forced, "close", 0);
		day->forced_until_us = 0;
	}
	if (now_us >= day->next_us) {
		happen(day, now_us);
		day->next_us = now_us + DAY_GAP_US_MIN + draw(day, DAY_GAP_US_SPREAD);
	}
	return day->next_us;
}
