/* worker/web/feed.h - everything that is committed, to every console that is open, in order.
 *
 * Core sends lines after each commit. They are kept in a small ring, for a console that comes back, and go out as one
 * shared frame. Nobody waits for anybody: a console that does not take what it is sent is told of a gap instead, and
 * fetches it from query when it can; one that says nothing at all is closed by front.c.
 *
 *	{"kind":"hello","size":N,"checkpoint":"note"}                                    first
 *	{"kind":"lines","first":seq,"lines":["<line>",...],"size":N,"checkpoint":"note or empty"}
 *	{"kind":"gap","from":a,"to":b}                                                   both ends missing
 *	{"kind":"beat","time":"..."}                                                     each second, while core lives
 */
#ifndef LEGATION_WORKER_WEB_FEED_H
#define LEGATION_WORKER_WEB_FEED_H

#include "ipc/link.h"
#include "worker/web/owner.h"

enum {
	WEB_FEED_RING_LINES_MAX = 4096,
	WEB_FEED_RING_BYTES_MAX = 1024 * 1024,
	WEB_FEED_WAITING_BYTES_MAX = 512 * 1024, /* of one console; past it, a gap */
	WEB_FEED_WAITING_LOW = 64 * 1024,        /* down to here, it has caught up */
	WEB_FEED_RESUME_BYTES_MAX = 128 * 1024,  /* what a console that comes back gets at once */
};

struct web_feed;

struct web_feed *web_feed_new(void) MUST_USE;
struct web_feed *web_feed_free(struct web_feed *feed); /* gives NULL */

/* A console has been upgraded; its session is asked about.
 *
 * needs   token_hash: SHA-256 of its session's token.
 * gives   the console, which becomes the connection's user; NULL when there are too many.
 */
struct web_console *web_feed_add(struct web_feed *feed, struct web_connection *c, const uint8_t token_hash[32],
				 bool has_after, uint64_t after) MUST_USE;
/* Core says that its session is good: greet it as soon as the ledger's size is known. */
void web_feed_admit(struct web_feed *feed, struct web_console *console);
/* Its connection has gone. */
void web_feed_remove(struct web_feed *feed, struct web_console *console);

/* fails   ERR_INVALID when the lines are not what core promises. */
struct err web_feed_take(struct web_feed *feed, const struct feed_lines *lines) MUST_USE;
void web_feed_beat(struct web_feed *feed, uint64_t wall_us);
void web_feed_drained(struct web_feed *feed, struct web_connection *c);
void web_feed_end_session(struct web_feed *feed, struct span token_hash);
/* Core has gone: so has what we know of the ledger. */
void web_feed_forget(struct web_feed *feed);

struct web_feed_counts {
	uint32_t consoles;
	uint64_t lines;
	uint64_t gaps;
};
struct web_feed_counts web_feed_counts(const struct web_feed *feed);

#endif
