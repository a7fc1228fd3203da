#include "ipc/route.h"

#define SHAPE_TABLE "ipc/roles.def"
#include "base/shape_tables.h"
