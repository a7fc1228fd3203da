/* core/run.h - the processes `core` and `query`, as cmd starts them.
 */
#ifndef LEGATION_CORE_RUN_H
#define LEGATION_CORE_RUN_H

#include "core/core.h"

/* Within a post's folder. The database has a folder of its own, the only one that query may read: the keys are not in
 * it. */
#define CORE_DATA "data"
#define CORE_DATABASE CORE_DATA "/legation.db"
#define CORE_ROOT_KEY "root.key"
#define CORE_RECOVERY_KEY "recovery.key"

struct core_options {
	const struct core_module *const *modules; /* cmd/modules.c: the order is the order of routes and of apply */
	size_t module_count;
	const char *directory; /* the post's data; its own processes see of it what their sandbox lets them */
	const char *code;      /* for the founding of a new post; else NULL, or it must be the post's */
	const char *origin;    /* for the founding; NULL: legation.invalid/<code> */
	const char *version;
	int tool_socket;        /* listening AF_UNIX SOCK_SEQPACKET, or -1 */
	uint64_t reserve_bytes; /* kept for a full disk; 0: none, for tests */
};

/* The writer. Returns the process's exit code. */
int core_run(const struct core_options *options);

/* The reader. Returns the process's exit code. */
int query_run(const struct core_options *options);

/* The verifier: reads the whole ledger once after a start, and once a day, at the lowest priority, and tells core
 * what it found. Returns the process's exit code.
 */
int verifier_run(const struct core_options *options);

/* Rebuild every projection from the entries in a copy beside and compare: `legation fsck`. Reads only.
 *
 * gives   how many tables and rows were compared, and in ret_difference "" or the first difference in words.
 */
struct core_rebuilt {
	uint64_t entries;
	uint64_t tables;
	uint64_t rows;
	uint64_t differences;
	char first[400];
};
struct err core_rebuild(const struct core_options *options, struct core_rebuilt *ret_rebuilt) MUST_USE;

#endif
