/* unit/ledger/shapes.h - the structs of shapes.def. */
#ifndef LEGATION_TESTS_LEDGER_SHAPES_H
#define LEGATION_TESTS_LEDGER_SHAPES_H

#define SHAPE_TABLE "unit/ledger/shapes.def"
#include "base/shape_structs.h"

#endif
