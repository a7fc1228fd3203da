/* core/entry_tables.h - define the shapes and entry kinds of SHAPE_TABLE, and ENTRY_LIST, the array of pointers to
 * those kinds. Included in one C file of a domain. No guard.
 */
#include "core/entries.h"

#ifndef ENTRY_LIST
#error "define ENTRY_LIST as the name of the array first"
#endif

#define ENTRY(name, type) const struct core_entry_kind name##_entry = {type, &name##_shape, CORE_SUBJECT_NONE, 0};
#define ENTRY_SEALED_SELF(name, type)                                                                                  \
	const struct core_entry_kind name##_entry = {type, &name##_shape, CORE_SUBJECT_SELF, 0};
#define ENTRY_SEALED(name, type, subject)                                                                              \
	const struct core_entry_kind name##_entry = {type, &name##_shape, CORE_SUBJECT_FIELD,                          \
						     offsetof(struct name, subject)};
#include "base/shape_silence.h"
#include SHAPE_TABLE
#define SHAPE_TABLE_KEPT
#include "base/shape_end.h"

static const struct core_entry_kind *const ENTRY_LIST[] = {
#define ENTRY(name, type) &name##_entry,
#define ENTRY_SEALED_SELF(name, type) &name##_entry,
#define ENTRY_SEALED(name, type, subject) &name##_entry,
#include "base/shape_silence.h"
#include SHAPE_TABLE
#include "base/shape_end.h"
};
#undef SHAPE_TABLE_KEPT
#include "base/shape_tables.h"
#undef ENTRY_LIST
