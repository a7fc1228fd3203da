/* core/pages.h - the ledger's own pages as a module: it comes first in cmd/modules.c. */
#ifndef LEGATION_CORE_PAGES_H
#define LEGATION_CORE_PAGES_H

#include "core/core.h"

#define SHAPE_TABLE "core/routes.def"
#include "core/route_structs.h"

#define SHAPE_TABLE "core/entries.def"
#include "core/entry_structs.h"

extern const struct core_module core_pages_module;

/* What the writer itself records: core/entries.def. */
extern const struct core_entry_kind *const *const core_own_kinds;
extern const size_t core_own_kind_count;

#endif
