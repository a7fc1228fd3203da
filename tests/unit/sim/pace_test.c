/* The arithmetic of the wire, and of latencies. */
#include "lib/tap.h"
#include "sim/reader/latency.h"
#include "sim/reader/pace.h"

#define MS UINT64_C(1000000)

static void wire(void)
{
	CHECK(sim_pace_wire_ns(9600, 1) == 1041667, "a byte at 9,600 takes 1.041667 ms");
	CHECK(sim_pace_wire_ns(115200, 1) == 86806, "a byte at 115,200 takes 86.806 us");
	CHECK(sim_pace_wire_ns(115200, 14) == 1215278, "14 bytes round once, not 14 times");
	CHECK(sim_pace_wire_ns(115200, 11520) == 1000 * MS, "11,520 bytes at 115,200 take a second");
	CHECK(sim_pace_wire_ns(0, 100) == 0, "no speed, no time");
}

static void exchange(void)
{
	struct sim_pace pace = {0};
	uint64_t t = 5000 * MS;
	uint64_t heard = sim_pace_heard(&pace, 115200, 14, t);
	CHECK(heard == t + 1215278, "a command ends a wire time after it began");
	uint64_t sent = sim_pace_reply(&pace, 115200, 15, heard, MS);
	CHECK(sent == heard + MS + sim_pace_wire_ns(115200, 15), "the reply ends a delay and its wire time later");
	CHECK(sim_pace_heard(&pace, 115200, 14, sent + 10) == sent + 10 + 1215278,
	      "the next command finds the wire free");

	pace.free_ns = 0;
	heard = sim_pace_heard(&pace, 115200, 8, t);
	CHECK(sim_pace_heard(&pace, 115200, 6, t + 1000) == heard + sim_pace_wire_ns(115200, 6),
	      "a command that comes in two pieces is as long as in one");

	pace.free_ns = 0;
	heard = sim_pace_heard(&pace, 9600, 8, t);
	CHECK(sim_pace_reply(&pace, 9600, 8, heard, MS) ==
		      heard + sim_pace_wire_ns(9600, 2) + sim_pace_wire_ns(9600, 8),
	      "at 9,600 two characters of idle are longer than the delay");

	pace.free_ns = 0;
	sent = sim_pace_reply(&pace, 115200, 10, t, MS);
	uint64_t second = sim_pace_reply(&pace, 115200, 10, t, MS);
	CHECK(second >= sent + sim_pace_wire_ns(115200, 10), "two replies do not lie over each other");

	pace.free_ns = 0;
	CHECK(sim_pace_reply(&pace, 0, 10, sim_pace_heard(&pace, 0, 10, t), MS) == t + MS,
	      "unpaced only the delay stays");
}

/* A line that is never idle: 32 devices polled back to back. The sum of all exchanges is the wire time, to
 * the ns.
 */
static void no_drift(void)
{
	struct sim_pace pace = {0};
	uint64_t t = 7 * MS, start = t;
	for (unsigned i = 0; i < 100000; i++)
		t = sim_pace_reply(&pace, 115200, 15, sim_pace_heard(&pace, 115200, 14, t), MS);
	uint64_t each = sim_pace_wire_ns(115200, 14) + MS + sim_pace_wire_ns(115200, 15);
	CHECK(t - start == 100000 * each, "100,000 exchanges drift by nothing");
	double exact = 29 * 10 / 115200.0 * 1e9 + 1e6;
	CHECK((double)each - exact >= 0 && (double)each - exact < 2, "and each is within 2 ns of the exact time");
}

static void latencies(void)
{
	static struct sim_latency latency;
	CHECK(sim_latency_percentile(&latency, 50) == 0, "no samples: 0");
	for (uint32_t us = 100; us >= 1; us--)
		sim_latency_add(&latency, us);
	CHECK(sim_latency_percentile(&latency, 50) == 50, "p50 of 1..100 is 50");
	CHECK(sim_latency_percentile(&latency, 99) == 99, "p99 is 99");
	CHECK(sim_latency_percentile(&latency, 100) == 100, "p100 is the worst");
	CHECK(sim_latency_percentile(&latency, 0) == 1, "p0 is the best");
	sim_latency_add(&latency, UINT64_MAX);
	CHECK(sim_latency_percentile(&latency, 100) == UINT32_MAX, "a huge one does not wrap");
	for (size_t i = 0; i < SIM_SAMPLES_MAX; i++)
		sim_latency_add(&latency, 1);
	CHECK(latency.count == SIM_SAMPLES_MAX && latency.beyond == 101, "the room for samples has an end");
}

int main(void)
{
	wire();
	exchange();
	no_drift();
	latencies();
	return tap_finish();
}
