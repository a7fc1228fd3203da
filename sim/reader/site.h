/* sim/reader/site.h - everything one process simulates: lines, doors, and what is measured on the way.
 *
 * The place where devices, doors and measurements meet: it is the listener of every device. It knows no file
 * formats and no commands; config.c fills it, control.c acts on it.
 */
#ifndef LEGATION_SIM_READER_SITE_H
#define LEGATION_SIM_READER_SITE_H

#include "sim/reader/door.h"
#include "sim/reader/latency.h"
#include "sim/reader/line.h"

enum { SIM_DOORS_MAX = 512, SIM_HABITS_MAX = 256, SIM_ANSWER_US_MAX = 10 * 1000 * 1000 };

/* A card that is shown again and again. */
struct sim_habit {
	struct sim_device *device; /* NULL: this place is free */
	unsigned reader, bit_count;
	uint8_t format, bits[SIM_CARD_BITS_MAX / 8];
	uint64_t every_ns, next_ns;
	uint64_t left; /* times still to come; 0 without end */
};

struct sim_site {
	struct sim_line *lines[SIM_LINES_MAX];
	size_t line_count;
	struct sim_door doors[SIM_DOORS_MAX];
	size_t door_count;
	struct sim_habit habits[SIM_HABITS_MAX];
	uint64_t habits_ns;                /* when the next one is due */
	char state_path[SIM_PATH_MAX + 1]; /* "" for none */
	uint64_t seed;                     /* of the random bytes; 0: the system's */
	struct sim_listener listener;
	struct sim_latency latency;
	/* where happenings go; set by whoever owns the site */
	void (*publish)(void *context, struct span line);
	void *publish_context;
};

/* owns    the caller: sim_site_free. */
struct sim_site *sim_site_new(void) MUST_USE;
struct sim_site *sim_site_free(struct sim_site *site); /* gives NULL */

/* Devices and doors to their state at power-on. needs the site filled, publish set. */
void sim_site_start(struct sim_site *site, uint64_t now_ns);

/* Send what is due and run all timers.
 *
 * gives   when to come again; SIM_NEVER if never.
 */
uint64_t sim_site_run(struct sim_site *site, uint64_t now_ns);

/* Show a card every `every_ns`, the first time at `next_ns`. A reader has one habit at most: a new one takes
 * its place, and `every_ns` 0 ends it.
 *
 * fails   ERR_BUSY when SIM_HABITS_MAX are under way.
 */
struct err sim_site_habit(struct sim_site *site, const struct sim_habit *habit) MUST_USE;

struct sim_door *sim_site_door(struct sim_site *site, struct span name);

/* The measurements as members of a JSON object. */
void sim_site_summary(struct sim_site *site, struct sim_news *news);
void sim_site_summary_reset(struct sim_site *site);

/* Put back what the state file keeps: keys, addresses, speeds, install. A file that is not there is no
 * error.
 */
struct err sim_state_load(struct sim_site *site) MUST_USE;
struct err sim_state_save(const struct sim_site *site) MUST_USE;

#endif
