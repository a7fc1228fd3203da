/* cmd/identity.h - under which users a post's processes run.
 *
 * Started as root: the users legation-core, legation-query and so on, where packaging made them; else a range of ids
 * that no distribution gives to people. Not started as root: all stay who they are, and the sandbox says what that
 * lacks.
 */
#ifndef LEGATION_CMD_IDENTITY_H
#define LEGATION_CMD_IDENTITY_H

#include <sys/types.h>

#include "ipc/link.h"

struct identity {
	uid_t uid; /* 0: stay */
	gid_t gid; /* who reads the database shares one group; every other has its own */
};

struct identity identity_of(enum worker_role role);

#endif
