/* core/timekeeper.c - the time of entries: it follows the wall clock and never goes back.
 *
 * When the wall clock is set back, entries go on at half the pace of the boot clock until the wall has caught up, so
 * that two moments stay two moments; the step is an entry that says what the wall clock claims. When it is set
 * forward, the entries follow at once, and the step is an entry as well.
 */
#include "base/clock.h"
#include "core/internal.h"

enum { CORE_STEP_US_MIN = 1000 * 1000 }; /* a smaller one is the slewing of a time service */

void core_time_start(struct core *core, uint64_t last_entry_us)
{
	uint64_t wall = clock_wall_us();
	core->boot_us = clock_boot_us();
	core->wall_less_boot = wall - core->boot_us;
	core->now_us = wall > last_entry_us ? wall : last_entry_us;
	core->behind_us = core->now_us - wall;
}

struct err core_time_look(struct core *core)
{
	uint64_t boot = clock_boot_us();
	uint64_t wall = clock_wall_us();
	uint64_t passed = boot - core->boot_us;
	int64_t step = (int64_t)(wall - boot - core->wall_less_boot);
	core->boot_us = boot;
	core->wall_less_boot = wall - boot;
	uint64_t slow = core->now_us + passed / 2;
	core->now_us = wall > slow ? wall : slow;
	core->behind_us = core->now_us > wall ? core->now_us - wall : 0;
	if (step > -CORE_STEP_US_MIN && step < CORE_STEP_US_MIN)
		return OK;
	struct core_clock_stepped body = {
		.back = step < 0,
		.by_ms = (uint64_t)(step < 0 ? -step : step) / 1000,
		.claimed = wall,
	};
	return core_record(core, &core_clock_stepped_entry, &body, (struct core_why){.actor = "core"}, NULL);
}

uint64_t core_now_us(const struct core *core)
{
	return core->now_us;
}

uint64_t core_boot_us(const struct core *core)
{
	return core->boot_us;
}
