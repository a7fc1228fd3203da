/* base/shape.h - one table language for everything that has fields: entries, messages between processes, requests and
 * replies.
 *
 * A `.def` file lists shapes; from one list come the C structs, the JSON form, the binary form, the bounds that are
 * checked on reading, and the console's types. A table is made of these lines:
 *
 *	ENUM(access_reason)                                   an enum whose numbers and words are append-only
 *	VALUE(access_reason, ACCESS_REASON_NONE, "none")      the first value is zero and means "not said"
 *	ENUM_END(access_reason)
 *	SHAPE(access_granted)                                 struct access_granted, access_granted_shape
 *	FIELD_ID(access_granted, door)                        uint64_t: the `seq` of the entry that made the object
 *	FIELD_U32(access_granted, strike_ms)                  uint32_t; also FIELD_U64, FIELD_BOOL, FIELD_TIME
 *	FIELD_TEXT(access_granted, reason_text, 200)          struct span of UTF-8 without control characters, at most
 * 200 B
 *	FIELD_PROSE(access_granted, note, 2000)               the same with newlines and tabs
 *	FIELD_BYTES(access_granted, hash, 32)                 struct span; lower-case hex in JSON
 *	FIELD_SECRET(access_granted, key, 16)                 struct span; never in JSON; wiped with its arena
 *	FIELD_ENUM(access_granted, reason, access_reason)     enum access_reason; its word in JSON
 *	FIELD_LIST(access_granted, doors, post_door, 64)      struct shape_list of at most 64 struct post_door
 *	FIELD_IDS(access_granted, zones, 64)                  struct shape_list of at most 64 uint64_t
 *	SEALED_TEXT(access_granted, name, 200)                as FIELD_TEXT, but kept in the sealed part of an entry
 *	SEALED_BYTES(access_granted, number, 64)
 *	SHAPE_END(access_granted)
 *
 * Two more lines give shapes a meaning; the struct templates pass over them:
 *
 *	ENTRY(access_granted, "access.granted")               an entry of the ledger (core/entries.h)
 *	ENTRY_SEALED_SELF(post_person, "post.person")         one with a sealed part whose subject is the object it
 * makes
 *	ENTRY_SEALED(access_credential, "access.credential", person)            ... or the object named by one of its
 * fields
 *	ROUTE(access_unlock, POST, "/api/doors/:door/unlock", WRITE, roles, request, reply)   a row of the API
 * (ipc/route.h)
 *
 * `#define SHAPE_TABLE "access/entries.def"` before `#include "base/shape_structs.h"` declares them all, and before
 * `#include "base/shape_tables.h"`, in one C file, defines them.
 */
#ifndef LEGATION_BASE_SHAPE_H
#define LEGATION_BASE_SHAPE_H

#include "base/arena.h"
#include "base/span.h"

/* The largest number that a browser holds exactly. */
#define SHAPE_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

enum shape_kind {
	SHAPE_KIND_BOOL,
	SHAPE_KIND_U32,
	SHAPE_KIND_U64,
	SHAPE_KIND_ID,
	SHAPE_KIND_TIME,
	SHAPE_KIND_ENUM,
	SHAPE_KIND_TEXT,
	SHAPE_KIND_PROSE,
	SHAPE_KIND_BYTES,
	SHAPE_KIND_SECRET,
	SHAPE_KIND_LIST,
	SHAPE_KIND_IDS,
};

struct shape_enum {
	const char *name;
	const char *const *words; /* by number */
	uint32_t count;
};

struct shape_list {
	const void *at;
	size_t count;
};

struct shape;

struct shape_field {
	const char *name;
	enum shape_kind kind;
	bool sealed;
	uint32_t offset;
	uint32_t max; /* bytes of a text, items of a list; 0 elsewhere */
	const struct shape_enum *values;
	const struct shape *of;
};

struct shape {
	const char *name;
	size_t size;
	const struct shape_field *fields;
	size_t field_count;
};

/* Which fields of a shape a JSON text holds. */
enum shape_part {
	SHAPE_OPEN,   /* those that are not sealed */
	SHAPE_SEALED, /* the sealed ones */
};

/* Write the members of a sparse canonical object, without braces: a field stands there exactly when it is not zero or
 * empty, in the table's order, with no spaces. So a field added later changes no older text, and one value has one
 * text.
 *
 * gives   true when something was written. `comma_first` puts a comma before the first member.
 */
bool shape_write_sparse(struct sink *s, const struct shape *shape, enum shape_part part, const void *value,
			bool comma_first);

/* Read what shape_write_sparse wrote, up to the closing brace, which stays unread.
 *
 * needs   the cursor at the first member's quote or at the brace; the arena for texts with escapes and for lists.
 * gives   `ret_value`, the whole struct zeroed first when `part` is SHAPE_OPEN.
 * fails   ERR_INVALID for anything that shape_write_sparse would not have written: the form is unique.
 */
struct err shape_read_sparse(struct cursor *c, const struct shape *shape, enum shape_part part, struct arena *arena,
			     void *ret_value) MUST_USE;

/* Write a full JSON object: every field but the secret ones, zero or not. For replies. */
void shape_write_full(struct sink *s, const struct shape *shape, const void *value);

/* The binary form, for messages between our own processes. Reading checks every bound of the table. */
void shape_write_binary(struct sink *s, const struct shape *shape, const void *value);
struct err shape_read_binary(struct cursor *c, const struct shape *shape, struct arena *arena,
			     void *ret_value) MUST_USE;

/* Check one value against the table's bounds: text lengths, UTF-8, enum numbers, list counts. */
struct err shape_validate(const struct shape *shape, const void *value) MUST_USE;

/* The number of an enum's word.
 * fails   ERR_INVALID, naming the words that would have done.
 */
struct err shape_enum_read(const struct shape_enum *values, struct span word, uint32_t *ret_number) MUST_USE;

/* A JSON string with its quotes. The text must be well-formed UTF-8. */
void shape_write_string(struct sink *s, struct span text);

/* Read a JSON string as shape_write_string writes it, quotes included. */
struct span shape_read_string(struct cursor *c, struct arena *arena);

/* Read a decimal number as sink_decimal writes it. */
uint64_t shape_read_number(struct cursor *c);

/* Read exactly this text. */
void shape_read_literal(struct cursor *c, const char *text);

#endif
