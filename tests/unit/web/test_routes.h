/* tests/unit/web/test_routes.h - the API of these tests, as cmd/modules.c would gather it. */
#ifndef LEGATION_TESTS_WEB_TEST_ROUTES_H
#define LEGATION_TESTS_WEB_TEST_ROUTES_H

#include "ipc/route.h"

#define SHAPE_TABLE "unit/web/test_routes.def"
#include "base/shape_structs.h"

enum test_route {
	TEST_SIGN_IN,
	TEST_SIGN_OUT,
	TEST_LIST,
	TEST_CHANGE,
	TEST_FILE,
	TEST_NOTHING,
	TEST_METRICS,
	TEST_TOOL,
	TEST_ROUTE_COUNT,
};

extern const struct route test_routes[TEST_ROUTE_COUNT];

#endif
