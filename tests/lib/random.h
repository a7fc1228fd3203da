/* tests/lib/random.h - random numbers that a seed repeats, for properties. TEST_SEED=N in the environment sets the
 * seed; every run prints the one it used.
 */
#ifndef LEGATION_TESTS_RANDOM_H
#define LEGATION_TESTS_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t random_state;

/* splitmix64 */
__attribute__((unused)) static uint64_t random_u64(void)
{
	uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);
	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* From 0 up to but not including `end`. */
__attribute__((unused)) static uint64_t random_below(uint64_t end)
{
	return random_u64() % end;
}

__attribute__((unused)) static void random_start(void)
{
	const char *given = getenv("TEST_SEED");
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	random_state = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_sec * 1000003u + (uint64_t)now.tv_nsec;
	printf("# TEST_SEED=%llu\n", (unsigned long long)random_state);
}

#endif
