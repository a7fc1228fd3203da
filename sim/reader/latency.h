/* sim/reader/latency.h - how long from a card's last byte to the unlock's first: samples and their percentiles.
 *
 * Both ends are taken here, at the wire, so that the figure owes nothing to the panel's own clock.
 */
#ifndef LEGATION_SIM_READER_LATENCY_H
#define LEGATION_SIM_READER_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SIM_SAMPLES_MAX = 1 << 18 };

struct sim_latency {
	uint32_t samples_us[SIM_SAMPLES_MAX];
	size_t count;
	uint64_t beyond;     /* answered, but over the room for samples */
	uint64_t sent;       /* card reads that left */
	uint64_t unanswered; /* another card of the same reader came first, or none did in time */
};

void sim_latency_add(struct sim_latency *latency, uint64_t us);

/* The smallest sample that at least `percent` of 100 do not exceed (nearest rank); 0 without samples. Sorts. */
uint32_t sim_latency_percentile(struct sim_latency *latency, unsigned percent);

#endif
