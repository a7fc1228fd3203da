/* ipc/route.h - one row of the HTTP API, as all processes see it: what web decodes, who may ask, who answers.
 *
 * Domains write their rows in routes.def; cmd/modules.c gathers them, and a route's number is its place there, the
 * same in every process of one build. Web knows the shapes and nothing of what they mean. A path parameter (":door"),
 * a query parameter and a member of the JSON body all fill the field of the request shape that has their name.
 */
#ifndef LEGATION_IPC_ROUTE_H
#define LEGATION_IPC_ROUTE_H

#include "base/shape.h"

#define SHAPE_TABLE "ipc/roles.def"
#include "base/shape_structs.h"

enum route_method { ROUTE_GET, ROUTE_POST, ROUTE_DELETE };

enum route_access {
	ROUTE_TOOL = 0, /* zero on purpose: never over HTTP, only by the local socket */
	ROUTE_READ,     /* answered by query, from the projections */
	ROUTE_RECORDED, /* a read that is an entry first: core, then query */
	ROUTE_WRITE,    /* answered by core */
	ROUTE_PUBLIC,   /* answered by core, and needs no session: signing in */
};

#define ROUTE_ROLE(role) (1u << (role))
#define ROUTE_EVERYBODY (~0u)

struct route {
	const char *name;
	enum route_method method;
	const char *path; /* "/api/doors/:door/unlock"; NULL for ROUTE_TOOL */
	enum route_access access;
	uint32_t roles; /* ROUTE_ROLE bits; a tool's user is judged by uid instead */
	const struct shape *request;
	const struct shape *reply; /* &route_text_shape: the handler writes another media type */
};

/* May this role ask? ROLE_NONE never may, except where the route is public. */
static inline bool route_allows(const struct route *route, enum route_role role)
{
	return route->access == ROUTE_PUBLIC || (role != ROLE_NONE && (route->roles & ROUTE_ROLE(role)) != 0);
}

#endif
