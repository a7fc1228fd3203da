/* sim/reader/orders.h - what a person or a script tells the simulator to do: one JSON object a line.
 *
 * Stands between peers.c (where lines come from) and the site. README.md lists the orders.
 */
#ifndef LEGATION_SIM_READER_ORDERS_H
#define LEGATION_SIM_READER_ORDERS_H

#include "sim/reader/site.h"

enum { SIM_WAIT_MS_MAX = 24 * 3600 * 1000, SIM_WAIT_FOR_MS_DEFAULT = 10000 };

/* What an order asks of whoever brought it. */
struct sim_order_effect {
	bool quit;
	uint64_t wait_ms;                /* bring no further order for so long, */
	char wait_for[SIM_NAME_MAX + 1]; /* or until this happening */
};

/* Carry out one line.
 *
 * gives   the answer, an object not yet ended, and the effect. A bad order is an answer with "ok":false.
 */
void sim_order_run(struct sim_site *site, struct span text, uint64_t now_ns, struct sim_news *ret_answer,
		   struct sim_order_effect *ret_effect);

#endif
