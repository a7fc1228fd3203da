/* core/route_structs.h - declare the request and reply shapes of SHAPE_TABLE, a domain's routes.def, and its handlers:
 * `access_unlock_write` for what core answers or records, `access_doors_read` for what query answers. No guard.
 */
#include "core/core.h"

#define ROUTE_HANDLERS_READ(name) struct err name##_read(struct core_read *read, void *ret_reply) MUST_USE;
#define ROUTE_HANDLERS_WRITE(name)                                                                                     \
	struct err name##_write(struct core *core, const struct core_request *request) MUST_USE;
#define ROUTE_HANDLERS_RECORDED(name) ROUTE_HANDLERS_READ(name) ROUTE_HANDLERS_WRITE(name)
#define ROUTE_HANDLERS_PUBLIC(name) ROUTE_HANDLERS_WRITE(name)
#define ROUTE_HANDLERS_TOOL(name) ROUTE_HANDLERS_WRITE(name)
#define ROUTE(name, method, path, access, roles, request, reply) ROUTE_HANDLERS_##access(name)
#include "base/shape_silence.h"
#include SHAPE_TABLE
#define SHAPE_TABLE_KEPT
#include "base/shape_end.h"
#undef SHAPE_TABLE_KEPT
#undef ROUTE_HANDLERS_READ
#undef ROUTE_HANDLERS_WRITE
#undef ROUTE_HANDLERS_RECORDED
#undef ROUTE_HANDLERS_PUBLIC
#undef ROUTE_HANDLERS_TOOL
#include "base/shape_structs.h"
