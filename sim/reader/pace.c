#include "sim/reader/pace.h"

#include "base/err.h"

uint64_t sim_pace_wire_ns(uint32_t baud, size_t bytes)
{
	REQUIRE(baud <= SIM_BAUD_MAX && bytes <= 1 << 20);
	if (baud == 0)
		return 0;
	return (bytes * SIM_BITS_PER_BYTE * UINT64_C(1000000000) + baud - 1) / baud;
}

uint64_t sim_pace_heard(struct sim_pace *pace, uint32_t baud, size_t bytes, uint64_t now_ns)
{
	uint64_t start_ns = now_ns > pace->free_ns ? now_ns : pace->free_ns;
	pace->free_ns = start_ns + sim_pace_wire_ns(baud, bytes);
	return pace->free_ns;
}

uint64_t sim_pace_reply(struct sim_pace *pace, uint32_t baud, size_t bytes, uint64_t heard_ns, uint64_t delay_ns)
{
	uint64_t idle_ns = sim_pace_wire_ns(baud, SIM_IDLE_CHARACTERS);
	uint64_t start_ns = heard_ns + (delay_ns > idle_ns ? delay_ns : idle_ns);
	if (start_ns < pace->free_ns + idle_ns && pace->free_ns > heard_ns)
		start_ns = pace->free_ns + idle_ns;
	pace->free_ns = start_ns + sim_pace_wire_ns(baud, bytes);
	return pace->free_ns;
}
