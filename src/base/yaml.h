/* base/yaml.h - strict reading of a YAML file that a person wrote, with the place of everything that is wrong.
 *
 * Only processes that read files use it: the `legation` command that a person runs, never core or a worker. What it
 * takes is the plain part of YAML: one document of mappings, lists and scalars, in UTF-8. Anchors, aliases, tags,
 * directives and repeated keys are refused; nothing is guessed from how a word looks: the reader of a member says
 * what it wants, and gets that or a refusal. Every refusal is ERR_INVALID (ERR_TOO_LARGE over a bound) and begins
 * FILE:LINE:COLUMN, all from 1.
 */
#ifndef LEGATION_BASE_YAML_H
#define LEGATION_BASE_YAML_H

#include "base/shape.h"

enum {
	YAML_SIZE_MAX = 4 * 1024 * 1024, /* bytes of a file */
	YAML_DEPTH_MAX = 16,             /* lists and mappings within each other */
	YAML_NODES_MAX = 200 * 1000,
	YAML_MEMBERS_MAX = 64,    /* of one mapping */
	YAML_NAME_SIZE_MAX = 200, /* bytes of the file's name in a refusal; longer ones are cut */
};

enum yaml_kind {
	YAML_SCALAR = 0,
	YAML_LIST,
	YAML_MAP,
};

struct yaml_node {
	enum yaml_kind kind;
	bool plain;       /* a scalar without quotes: only such a one is a number, true or false */
	uint32_t line;    /* from 1 */
	uint32_t column;  /* from 1, in characters */
	struct span text; /* of a scalar */
	struct span key;  /* of a mapping's member */
	uint32_t key_line;
	uint32_t key_column;
	size_t count; /* items of a list, members of a mapping */
	const struct yaml_node *first;
	const struct yaml_node *next;
};

struct yaml_file {
	const char *name; /* as it stands in refusals */
	const struct yaml_node *root;
};

/* Read a whole file that is in memory.
 *
 * needs   name lives as long as the result; text need not.
 * gives   the tree, in the arena.
 * fails   ERR_INVALID, ERR_TOO_LARGE: its sentence begins FILE:LINE:COLUMN.
 */
struct err yaml_read(const char *name, struct span text, struct arena *arena, struct yaml_file *ret_file) MUST_USE;

/* Read a whole file from the disk: into the arena first.
 * fails   also ERR_NOT_FOUND, ERR_DENIED, ERR_IO; ERR_TOO_LARGE over size_max.
 */
struct err yaml_load(const char *path, size_t size_max, struct arena *arena, struct span *ret_text) MUST_USE;

/* A refusal at a node, or at its key: "post.yaml:12:3: ...". */
struct err yaml_refuse(const struct yaml_file *file, const struct yaml_node *node, const char *format, ...)
	PRINTF_LIKE(3, 4) MUST_USE;
struct err yaml_refuse_at(const struct yaml_file *file, uint32_t line, uint32_t column, const char *format, ...)
	PRINTF_LIKE(4, 5) MUST_USE;

/* The member of a mapping, or NULL. "reader.device" looks in the mapping "reader". */
const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key);

/* Is this a mapping, or a list of at most count_max items? `what` names it in the refusal. */
struct err yaml_need_map(const struct yaml_file *file, const struct yaml_node *node, const char *what) MUST_USE;
struct err yaml_need_list(const struct yaml_file *file, const struct yaml_node *node, const char *what,
			  size_t count_max) MUST_USE;

/* One scalar as what it must be. `what` names it in the refusal.
 *
 * yaml_decimal reads "12", "12.5", "12.50" as hundredths when decimals is 2: 1200, 1250, 1250; no sign.
 * yaml_time reads 2026-11-22 (midnight, UTC) and 2026-11-22T22:48:57Z.
 */
struct err yaml_text(const struct yaml_file *file, const struct yaml_node *node, const char *what, size_t size_max,
		     bool newlines, struct span *ret_text) MUST_USE;
struct err yaml_decimal(const struct yaml_file *file, const struct yaml_node *node, const char *what, uint32_t decimals,
			uint64_t max, uint64_t *ret_value) MUST_USE;
struct err yaml_bool(const struct yaml_file *file, const struct yaml_node *node, const char *what,
		     bool *ret_value) MUST_USE;
struct err yaml_enum(const struct yaml_file *file, const struct yaml_node *node, const char *what,
		     const struct shape_enum *values, uint32_t *ret_number) MUST_USE;
struct err yaml_time(const struct yaml_file *file, const struct yaml_node *node, const char *what,
		     uint64_t *ret_wall_us) MUST_USE;

/* How the members of a mapping fill the fields of a struct. */
struct yaml_rule {
	const char *key;   /* "name", or "reader.device": a member of the mapping "reader" */
	const char *field; /* of the shape; NULL: the key may stand there, and somebody else reads it */
	bool required;     /* of "reader.device": wherever "reader" stands */
	uint32_t decimals; /* of a number: the field counts tenths, hundredths ... */
};

/* Fill a struct by its shape: texts within their bounds, enums by their words, numbers, booleans, times. Fields
 * without a rule, and members that do not stand there, are left as they are. A key without a rule is refused.
 *
 * needs   the rules of nested keys to name mappings of one level: "reader.device".
 * gives   `value`; its texts live with the tree.
 */
struct err yaml_fill(const struct yaml_file *file, const struct yaml_node *map, const struct shape *shape,
		     const struct yaml_rule *rules, size_t rule_count, void *value) MUST_USE;

#endif
