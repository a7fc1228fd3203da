/* core/entries.h - the kinds of entries that a domain's entries.def lists.
 *
 * `#define SHAPE_TABLE "access/entries.def"` before `#include "base/shape_structs.h"` gives the structs; the same
 * before `#include "core/entry_kinds.h"`, in one C file, defines `access_granted_entry` and so on and the list of
 * them all.
 */
#ifndef LEGATION_CORE_ENTRIES_H
#define LEGATION_CORE_ENTRIES_H

#include "base/shape.h"

/* Whose key seals the sealed part. */
enum core_subject_rule {
	CORE_SUBJECT_NONE = 0, /* nothing is sealed */
	CORE_SUBJECT_SELF,     /* the object that this entry makes: its own seq */
	CORE_SUBJECT_FIELD,    /* the object named by a field of the entry */
};

struct core_entry_kind {
	const char *type; /* "access.granted" */
	const struct shape *shape;
	enum core_subject_rule subject_rule;
	uint32_t subject_offset; /* of the FIELD_ID, for CORE_SUBJECT_FIELD */
};

/* One entry as a domain's apply sees it. */
struct core_entry {
	const struct core_entry_kind *kind;
	const void *body; /* the kind's struct; sealed fields are empty when `erased` */
	uint64_t seq;
	uint64_t time_us;
	struct span actor;
	uint64_t cause;
	bool has_cause;
	bool erased; /* it had a sealed part, and the subject's key is gone */
};

#endif
