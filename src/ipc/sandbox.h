/* ipc/sandbox.h - how a process gives away for good what its role does not need. `git grep sandbox_enter` prints the
 * map of privileges: one line for each process.
 *
 * The wall is a seccomp filter: sandbox.def says which system calls a role may make, and any other ends the process, so
 * that a violation is seen. Landlock stands behind it as a second wall. Sanitizer builds add the named rows SANITIZER
 * of that table and say so. What needs files, sockets, code (dlopen) or a time zone later must have it before.
 */
#ifndef LEGATION_IPC_SANDBOX_H
#define LEGATION_IPC_SANDBOX_H

#include <sys/types.h>

#include "ipc/landlock.h"
#include "ipc/link.h"

enum {
	SANDBOX_PATHS_MAX = 8,
	SANDBOX_MISSING_SIZE_MAX = 500, /* bytes, as in supervisor_sandbox */
	SANDBOX_DESCRIPTORS_MAX = 16,
};

struct sandbox_policy {
	enum worker_role role;
	const struct sandbox_path
		*paths; /* core: its folder, write; query: the database's folder, read; others: none */
	size_t path_count;
};

struct sandbox_report {
	char missing[SANDBOX_MISSING_SIZE_MAX + 1]; /* what this kernel or build did not give; "" when nothing lacks */
};

/* Enter the sandbox of a role.
 *
 * needs   one thread; no descriptor open that the role should not have.
 * gives   what is missing, for supervisor_sandbox and the log.
 * fails   when the filter cannot be put up: the process must not go on. What Landlock lacks is no failure but reported.
 */
struct err sandbox_enter(const struct sandbox_policy *policy, struct sandbox_report *ret_report) MUST_USE;

/* Become another user for good, with no groups beside its own, and check that there is no way back. A parent-death
 * signal that was set stays set. The supervisor does this before it executes a worker; a worker need not.
 *
 * needs   to be root (else there is nothing to drop: ask sandbox_can_drop), uid and gid not 0.
 */
struct err sandbox_drop(uid_t uid, gid_t gid) MUST_USE;
bool sandbox_can_drop(void);

/* What the supervisor keeps: no new privileges, no core dump, and of root's powers only changing to a worker's user and
 * signalling it.
 */
struct err sandbox_supervise(void) MUST_USE;

/* Close every descriptor but 0, 1, 2 and those named.
 *
 * needs   `kept` in rising order, each above 2, at most SANDBOX_DESCRIPTORS_MAX of them.
 */
void sandbox_close_others(const int *kept, size_t kept_count);

#endif
