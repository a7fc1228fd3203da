#include "unit/web/test_routes.h"

#define SHAPE_TABLE "unit/web/test_routes.def"
#include "base/shape_tables.h"

#define GET ROUTE_GET
#define POST ROUTE_POST
#define DELETE ROUTE_DELETE
#define TOOL ROUTE_TOOL
#define READ ROUTE_READ
#define RECORDED ROUTE_RECORDED
#define WRITE ROUTE_WRITE
#define PUBLIC ROUTE_PUBLIC

#define ROUTE(name_, method_, path_, access_, roles_, request_, reply_)                                                \
	{.name = #name_,                                                                                               \
	 .method = method_,                                                                                            \
	 .path = path_,                                                                                                \
	 .access = access_,                                                                                            \
	 .roles = roles_,                                                                                              \
	 .request = &request_##_shape,                                                                                 \
	 .reply = &reply_##_shape},

const struct route test_routes[TEST_ROUTE_COUNT] = {
#include "base/shape_silence.h"
#include "unit/web/test_routes.def"
#define SHAPE_TABLE_KEPT
#include "base/shape_end.h"
};
