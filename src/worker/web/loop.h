/* worker/web/loop.h - waits for many descriptors at once and calls whoever each belongs to.
 *
 * Level-triggered epoll. Nothing is freed while its events may still stand in the batch: an owner that lets a source
 * go calls web_loop_remove, and keeps the memory until the batch is over.
 */
#ifndef LEGATION_WORKER_WEB_LOOP_H
#define LEGATION_WORKER_WEB_LOOP_H

#include "base/err.h"

enum {
	WEB_LOOP_READ = 1,
	WEB_LOOP_WRITE = 2,
	WEB_LOOP_GONE = 4, /* told, never asked for: the peer has gone or the descriptor is broken */
};

struct web_loop;

struct web_loop_source {
	int descriptor; /* -1: not in the loop */
	uint32_t wanted;
	void (*ready)(struct web_loop_source *source, uint32_t events);
};

struct web_loop *web_loop_new(void) MUST_USE;
struct web_loop *web_loop_free(struct web_loop *loop); /* gives NULL */

/* fails   ERR_IO when the system gives no room for one more. */
struct err web_loop_add(struct web_loop *loop, struct web_loop_source *source, uint32_t wanted) MUST_USE;
void web_loop_want(struct web_loop *loop, struct web_loop_source *source, uint32_t wanted);
/* Before the descriptor is closed. */
void web_loop_remove(struct web_loop *loop, struct web_loop_source *source);

/* Wait at most this long and call those that are ready. */
void web_loop_wait(struct web_loop *loop, uint32_t timeout_ms);

#endif
