/* worker/web/rate.h - how often one address may ask: a bucket of tokens each, in a table of fixed size.
 *
 * A full table forgets whoever is nearest to having all tokens back, so that being forgotten gains the least.
 */
#ifndef LEGATION_WORKER_WEB_RATE_H
#define LEGATION_WORKER_WEB_RATE_H

#include "worker/web/front.h"

enum { WEB_RATE_ADDRESSES_MAX = 4096 };

struct web_rate_rule {
	uint32_t burst;      /* requests at once */
	uint32_t per_minute; /* afterwards */
};

struct web_rate;

/* needs   burst and per_minute above 0. */
struct web_rate *web_rate_new(struct web_rate_rule rule) MUST_USE;
struct web_rate *web_rate_free(struct web_rate *rate); /* gives NULL */

/* Take one token.
 *
 * gives   0, or after how many seconds the next one is there.
 */
uint32_t web_rate_take(struct web_rate *rate, const struct web_address *address, uint64_t now_ms) MUST_USE;

#endif
