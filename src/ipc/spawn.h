/* ipc/spawn.h - one child: forked, made another user, given exactly its descriptors, executed. Used by children.c
 * alone. */
#ifndef LEGATION_IPC_SPAWN_H
#define LEGATION_IPC_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum {
	SPAWN_DESCRIPTORS_MAX = 16,
	SPAWN_ENVIRONMENT_MAX = 32,
	SPAWN_EXIT_UNPREPARED = 126, /* the child could not become what it should be */
	SPAWN_EXIT_NOT_EXECUTED = 127,
};

struct spawn_descriptor {
	int from; /* ours */
	int to;   /* the child's */
};

struct spawn {
	const char *executable;
	const char *const *arguments;
	uid_t uid; /* 0: stay */
	gid_t gid;
	const struct spawn_descriptor *descriptors; /* `to` rises, from 3 */
	size_t descriptor_count;
};

/* needs   one thread.
 * gives   the child's pid. It ends with us (PDEATHSIG), has a session of its own, default signals, /dev/null as its
 *         input, our output and error, and no other descriptor. Of the environment it gets time zone, language and
 *         what the sanitizers read.
 * fails   when it cannot be forked; what goes wrong in the child is its exit code.
 */
struct err spawn(const struct spawn *what, pid_t *ret_pid) MUST_USE;

#endif
