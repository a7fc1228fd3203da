/* tests/unit/web/stand_in.h - the real web worker in a process of its own, in its sandbox, with TLS on loopback; and
 * a stand-in for the supervisor, core and query that speaks their links and does what a test wants.
 */
#ifndef LEGATION_TESTS_WEB_STAND_IN_H
#define LEGATION_TESTS_WEB_STAND_IN_H

#include <sys/types.h>

#include "ipc/child.h"
#include "unit/web/client.h"
#include "unit/web/test_routes.h"
#include "worker/web/web.h"

enum { STAND_IN_SEEN_MAX = 64 };

struct stand_in {
	int port;
	pid_t worker;
	SSL_CTX *tls;
	char host[64]; /* "localhost:PORT" */

	/* What core and query were asked, counted by their threads: read with stand_in_count. */
	uint32_t requests;
	uint32_t seen;
	uint32_t feed_opens;
};

/* The session that core knows. Its cookie, and the SHA-256 of its token. */
extern const char *const stand_in_cookie;
void stand_in_token_hash(uint8_t ret_hash[32]);

/* needs   options: only limits, rates and call_ms are looked at; NULL for wide ones. */
struct stand_in *stand_in_start(const struct web_options *options);
/* End it.
 * gives   its exit code, or -signal.
 */
int stand_in_stop(struct stand_in *stand);

/* How core and query answer, by the seconds of a test_everything:
 *	0 to 99    at once: the request as they got it, in JSON, with the route's name in `name`
 *	100        a new session
 *	101        the session's end
 *	102        in three parts
 *	103        never
 *	104        half of an answer, and then nothing
 *	105        a megabyte in parts
 *	106        nothing in the body, status 204
 *	107        query gives a session, which it may not
 *	108        a text of its own media type
 *	109        query, whoever was asked
 *	400 to 599 with this status
 */

/* As core, now. */
void stand_in_feed(struct stand_in *stand, uint64_t first, uint32_t count, uint64_t size, const char *checkpoint,
		   const char *lines);
void stand_in_session_over(struct stand_in *stand);
/* Close core's or query's link; give the worker a new one. */
void stand_in_lose(struct stand_in *stand, enum worker_role role);
void stand_in_return(struct stand_in *stand, enum worker_role role);
/* Core and query stop answering, or go on. */
void stand_in_pause(struct stand_in *stand, bool paused);
uint32_t stand_in_count(struct stand_in *stand, const uint32_t *counter);

/* One request on a connection of its own; "HOST" and "COOKIE" lines are added. The answer is valid until the next. */
struct answered *stand_in_ask(struct stand_in *stand, const char *method, const char *path, const char *fields,
			      const char *body);
/* A console: a connection that was upgraded. after: "", or "?after=17". NULL when it was not. */
struct client *stand_in_console(struct stand_in *stand, const char *after, int receive_buffer);
/* The next text frame, or "" at the end; "close 4401" for a close. */
const char *stand_in_next(struct client *console);
/* The same past the beats. */
const char *stand_in_next_said(struct client *console);

#endif
