/* ledger/entry.h - one entry as one line of JSON, which is hashed exactly as it is stored:
 *
 *	{"post":"BRN","seq":1042,"time":"2026-11-22T22:48:57.123456Z","type":"access.granted","actor":"reader/7",
 *	"cause":1041,"body":{...},"sealed":"<sha256 hex>"}
 *
 * without the line break. Members stand in this order; `cause` is left out when nothing led to it, `sealed` when
 * nothing is sealed. The form is unique: what the reader accepts, the writer would have written. It does not know
 * what a body means; base/shape.h does.
 */
#ifndef LEGATION_LEDGER_ENTRY_H
#define LEGATION_LEDGER_ENTRY_H

#include "base/shape.h"
#include "ledger/hash.h"

enum {
	LEDGER_ENTRY_SIZE_MAX = 256 * 1024, /* bytes of a line */
	LEDGER_POST_SIZE_MAX = 16,          /* a post's code: letters, digits, '-' */
	LEDGER_TYPE_SIZE_MAX = 64,          /* "access.granted": lower-case letters, digits, '.', '_', '-' */
	LEDGER_ACTOR_SIZE_MAX = 64,         /* "reader/7": the same and '/' */
	LEDGER_JSON_DEPTH_MAX = 16,         /* objects and lists within each other, in a body */
};

struct ledger_entry {
	struct span post;
	uint64_t seq;
	uint64_t time_us;
	struct span type;
	struct span actor;
	bool has_cause;
	uint64_t cause;
	struct span body; /* raw, with its braces */
	bool has_sealed;
	struct ledger_hash sealed; /* SHA-256 of the sealed part's plaintext */
};

/* Write a whole line. The header's `body` is used when `shape` is NULL, else shape and value make it.
 *
 * fails   ERR_INVALID when a name in the header breaks its rule; ERR_TOO_LARGE.
 */
struct err ledger_entry_write(struct sink *s, const struct ledger_entry *header, const struct shape *shape,
			      const void *value) MUST_USE;

enum { LEDGER_ENTRY_SEALED_SIZE = sizeof ",\"sealed\":\"\"" - 1 + 2 * LEDGER_HASH_SIZE };

/* Put the sealed part's hash into a line that ledger_entry_write has just written without one. */
void ledger_entry_add_sealed(struct sink *line, const struct ledger_hash *sealed);

/* Read a line. Spans point into it. The body is checked to be well-formed JSON as we write it: no spaces, plain
 * numbers, UTF-8, no control characters, no depth over LEDGER_JSON_DEPTH_MAX.
 *
 * fails   ERR_INVALID, naming the member.
 */
struct err ledger_entry_read(struct span line, struct ledger_entry *ret_entry) MUST_USE;

/* The same without looking into the body, which is still found to its end: for whoever trusts the line already. */
struct err ledger_entry_read_header(struct span line, struct ledger_entry *ret_entry) MUST_USE;

/* The open part of a body into its struct (zeroed first).
 * fails   ERR_INVALID for anything the writer would not have written.
 */
struct err ledger_body_read(const struct shape *shape, struct span body, struct arena *arena, void *ret_value) MUST_USE;

/* Walk one JSON value of any shape, strictly; the cursor stands behind it afterwards, or has failed. */
void ledger_json_walk(struct cursor *c);

#endif
