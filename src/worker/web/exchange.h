/* worker/web/exchange.h - what a connection's bytes mean: requests and their answers, upgrades and frames.
 *
 * Between connection.h, which moves bytes, and front.c, which knows the time and who comes. Shared by those files
 * alone; what others call is in front.h.
 */
#ifndef LEGATION_WORKER_WEB_EXCHANGE_H
#define LEGATION_WORKER_WEB_EXCHANGE_H

#include "worker/web/connection.h"

struct web_front {
	struct web_loop *loop;
	const struct web_handler *handler;
	struct web_front_limits limits;
	SSL_CTX *tls;
	struct web_loop_source listener;
	uint64_t paused_until_ms; /* no descriptors left: nobody is accepted for a moment */
	uint64_t looked_ms;       /* when the time-outs were looked at */
	struct web_connection *first;
	uint32_t dead_count; /* to be buried at the end of this turn */
	struct web_front_counts counts;
	uint8_t scratch[WEB_RECORD_SIZE_MAX];
};

void web_exchange_enter(struct web_connection *c, enum web_connection_state state);
/* Wait for what the connection can use now. */
void web_exchange_want(struct web_connection *c);
/* Send what the socket takes; at the end of a connection that is leaving, say goodbye. */
void web_exchange_flush(struct web_connection *c);
/* Do with the input what can be done. */
void web_exchange_work(struct web_connection *c);
/* The request cannot be read, or did not come: have it answered so, and end. */
void web_exchange_refuse(struct web_connection *c, uint32_t status, const char *why);
void web_exchange_control(struct web_connection *c, enum web_frame_kind kind, struct span payload);

#endif
