#include "sim/reader/latency.h"

#include <stdlib.h>

void sim_latency_add(struct sim_latency *latency, uint64_t us)
{
	if (latency->count == SIM_SAMPLES_MAX)
		latency->beyond++;
	else
		latency->samples_us[latency->count++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

uint32_t sim_latency_percentile(struct sim_latency *latency, unsigned percent)
{
	REQUIRE(percent <= 100);
	if (latency->count == 0)
		return 0;
	qsort(latency->samples_us, latency->count, sizeof *latency->samples_us, compare);
	size_t rank = (latency->count * percent + 99) / 100;
	return latency->samples_us[rank > 0 ? rank - 1 : 0];
}
