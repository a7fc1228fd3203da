#include "bench/site.h"

#include <sodium.h>
#include <stdlib.h>

#include "access/access.h"
#include "post/post.h"

#define SHAPE_TABLE "access/routes.def"
#include "base/shape_structs.h"
