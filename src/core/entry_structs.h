/* core/entry_structs.h - declare the structs and entry kinds of SHAPE_TABLE, a domain's entries.def. No guard. */
#include "core/entries.h"

#define ENTRY(name, type) extern const struct core_entry_kind name##_entry;
#define ENTRY_SEALED_SELF(name, type) extern const struct core_entry_kind name##_entry;
#define ENTRY_SEALED(name, type, subject) extern const struct core_entry_kind name##_entry;
#include "base/shape_silence.h"
#include SHAPE_TABLE
#define SHAPE_TABLE_KEPT
#include "base/shape_end.h"
#undef SHAPE_TABLE_KEPT
#include "base/shape_structs.h"
