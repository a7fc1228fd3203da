/* worker/web/guard.h - is this request meant for us, and sent by our own pages? And what every answer says to the
 * browser.
 *
 * Second stop of a request: head.h > [here] > decode.h > calls.h. Pure. It reads the session's token and does not
 * know whose it is: core does.
 */
#ifndef LEGATION_WORKER_WEB_GUARD_H
#define LEGATION_WORKER_WEB_GUARD_H

#include "worker/web/head.h"

enum { WEB_TOKEN_SIZE = 32 };

#define WEB_COOKIE_NAME "__Host-legation"

/* The names under which consoles reach us, each with its port unless that is 443: "post.example:8443". */
struct web_hosts {
	const char *const *names;
	size_t count;
};

/* Is the Host field one of these? Another one means a name of somebody else's that was made to point here. */
bool web_guard_host(const struct web_hosts *hosts, const struct web_head *head);

/* Is there an Origin, and is it https:// and the very host that is asked? For every write and every upgrade. */
bool web_guard_origin(const struct web_head *head);

/* If the browser says where the request comes from: a page of ours, or a person's own hand? */
bool web_guard_site(const struct web_head *head);

/* The session's token from the cookie.
 *
 * gives   false when there is none, or it is malformed, or there are two.
 */
bool web_guard_token(const struct web_head *head, uint8_t ret_token[WEB_TOKEN_SIZE]);

/* Does the Authorization field bring this bearer token? In constant time. */
bool web_guard_bearer(const struct web_head *head, struct span token);

/* The header lines that every answer carries. A page gets the console's policy, all else may load nothing. `head`
 * may be NULL when the request is no longer known: then the line that asks for https alone is left to the other
 * answers.
 */
void web_guard_fields(struct sink *s, const struct web_head *head, bool page);

/* A new session's cookie; with an empty token, the end of one. */
void web_guard_cookie(struct sink *s, struct span token);

#endif
