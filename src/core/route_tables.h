/* core/route_tables.h - define the shapes of SHAPE_TABLE, a domain's routes.def, and ROUTE_LIST, the array of its
 * routes. Included in one C file of a domain, which has the handlers declared by core/route_structs.h in sight. No
 * guard.
 */
#ifndef ROUTE_LIST
#error "define ROUTE_LIST as the name of the array first"
#endif

#define ROUTE_TOOL_METHOD ROUTE_POST /* a tool's route has no method; nobody looks */
#define ROUTE_METHOD_GET ROUTE_GET
#define ROUTE_METHOD_POST ROUTE_POST
#define ROUTE_METHOD_DELETE ROUTE_DELETE
#define ROUTE_METHOD_TOOL ROUTE_TOOL_METHOD
#define ROUTE_PAIR_READ(name) .read = name##_read
#define ROUTE_PAIR_WRITE(name) .write = name##_write
#define ROUTE_PAIR_RECORDED(name) .write = name##_write, .read = name##_read
#define ROUTE_PAIR_PUBLIC(name) .write = name##_write
#define ROUTE_PAIR_TOOL(name) .write = name##_write
#define ROUTE(name_, method_, path_, access_, roles_, request_, reply_)                                                \
	{.route = {.name = #name_,                                                                                     \
		   .method = ROUTE_METHOD_##method_,                                                                   \
		   .path = path_,                                                                                      \
		   .access = ROUTE_##access_,                                                                          \
		   .roles = roles_,                                                                                    \
		   .request = &request_##_shape,                                                                       \
		   .reply = &reply_##_shape},                                                                          \
	 ROUTE_PAIR_##access_(name_)},
static const struct core_route ROUTE_LIST[] = {
#include "base/shape_silence.h"
#include SHAPE_TABLE
};
#define SHAPE_TABLE_KEPT
#include "base/shape_end.h"
#undef SHAPE_TABLE_KEPT
#undef ROUTE_TOOL_METHOD
#undef ROUTE_METHOD_GET
#undef ROUTE_METHOD_POST
#undef ROUTE_METHOD_DELETE
#undef ROUTE_METHOD_TOOL
#undef ROUTE_PAIR_READ
#undef ROUTE_PAIR_WRITE
#undef ROUTE_PAIR_RECORDED
#undef ROUTE_PAIR_PUBLIC
#undef ROUTE_PAIR_TOOL
#undef ROUTE_LIST
#include "base/shape_tables.h"
