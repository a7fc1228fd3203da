/* worker/web/web.h - the worker that consoles and browsers talk to: TLS, HTTP/1.1, WebSockets, and the console's
 * pages.
 *
 * It parses what strangers send and knows nothing else: no database, no ledger key, no user. A request that fits its
 * route's table goes to core or query with the session's token; what they answer goes back. It opens no file and no
 * socket after its sandbox has closed.
 */
#ifndef LEGATION_WORKER_WEB_WEB_H
#define LEGATION_WORKER_WEB_WEB_H

#include <sys/types.h>

#include "ipc/route.h"
#include "worker/web/assets.h"
#include "worker/web/front.h"
#include "worker/web/rate.h"

enum {
	WEB_CALLS_MAX = 256,    /* requests under way in core and query at once */
	WEB_CONSOLES_MAX = 128, /* open feeds */
	WEB_CONSOLES_PER_SESSION_MAX = 16,
	WEB_CALL_MS = 10 * 1000,
	WEB_SEEN_EVERY_MS = 20 * 1000,
	WEB_FILE_SIZE_MAX = 64 * 1024, /* of a certificate, a key or the token for metrics */
};

/* A file to read at the start: by its name, or, with path NULL, by a descriptor that was opened before we became
 * somebody who may not read it (0: there is none). It is read from its beginning and left open.
 */
struct web_file {
	const char *path;
	int descriptor;
};

struct web_options {
	const struct route *routes; /* the whole table: a route's number is its place */
	size_t route_count;
	const struct web_asset *assets; /* web_console_assets */
	size_t asset_count;
	struct web_file certificate; /* PEM, with its chain */
	struct web_file key;         /* PEM */
	struct web_file metrics;     /* the bearer token for /metrics, a line; none: /metrics is 404 */
	int listener;                /* a listening TCP socket; the caller's */
	const char *const
		*hosts; /* "post.example", or with its port: "post.example:8443"; what the browser's address shows */
	size_t host_count;
	uid_t uid; /* 0: the supervisor made us who we are */
	gid_t gid;

	/* Zero or NULL: the usual. For tests. */
	const struct web_front_limits *limits;
	struct web_rate_rule rate;        /* all requests of one address */
	struct web_rate_rule rate_public; /* those that need no session: signing in */
	struct web_rate_rule rate_connections;
	uint32_t call_ms;
};

/* Be the web worker until the supervisor goes.
 *
 * needs   to have been started by the supervisor (ipc/child.h), with links to core and query on their way.
 * gives   the exit code; the log says why.
 */
int web_worker_run(const struct web_options *options);

#endif
