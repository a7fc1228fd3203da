/* base/clock.h - the two clocks, and times as text.
 *
 * Wall time is microseconds since 1970 in UTC and may be stepped; durations use the boot clock, which never goes back
 * and counts time asleep.
 */
#ifndef LEGATION_BASE_CLOCK_H
#define LEGATION_BASE_CLOCK_H

#include "base/span.h"

enum { CLOCK_TEXT_SIZE = 27 }; /* 2026-11-22T22:48:57.123456Z, without a NUL */

uint64_t clock_wall_us(void);
uint64_t clock_boot_us(void);
uint64_t clock_boot_ns(void);

/* RFC 3339 in UTC with six decimals. Times after the year 9999 die. */
void clock_write(struct sink *s, uint64_t wall_us);

/* The exact inverse of clock_write; nothing else is accepted. */
struct err clock_read(struct span text, uint64_t *ret_wall_us) MUST_USE;

#endif
