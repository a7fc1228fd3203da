/* worker/web/router.h - which row of the API does a request mean? Pure. */
#ifndef LEGATION_WORKER_WEB_ROUTER_H
#define LEGATION_WORKER_WEB_ROUTER_H

#include "ipc/route.h"
#include "worker/web/head.h"

enum { WEB_PARAMETERS_MAX = 4 };

struct web_parameter {
	struct span name;
	uint64_t number; /* a path parameter is always the number of something */
};

struct web_match {
	uint32_t route; /* its place in the table */
	struct web_parameter parameters[WEB_PARAMETERS_MAX];
	size_t parameter_count;
};

enum web_matched {
	WEB_MATCH_NONE = 0, /* 404 */
	WEB_MATCH_METHOD,   /* the path is there, the method is not: 405 */
	WEB_MATCH_FOUND,
};

/* Find the row. Rows without a path, and ROUTE_TOOL, are never found. */
enum web_matched web_router_find(const struct route *routes, size_t count, enum web_head_method method,
				 struct span path, struct web_match *ret_match);

/* The methods that a path takes, for the Allow field: "GET, POST". */
void web_router_allow(const struct route *routes, size_t count, struct span path, struct sink *s);

#endif
