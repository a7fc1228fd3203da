/* worker/password/password.h - the worker that hashes passwords, so that a sign-in never holds up a door.
 *
 * It has one peer, core, and answers each password_hash with a password_hashed: the hash, or `refused` when too many
 * wait or the job is out of bounds. It knows no user and keeps nothing.
 */
#ifndef LEGATION_WORKER_PASSWORD_PASSWORD_H
#define LEGATION_WORKER_PASSWORD_PASSWORD_H

#include <sys/types.h>

#include "base/err.h"

struct password_options {
	uid_t uid; /* 0: the supervisor made us who we are */
	gid_t gid;
};

/* Be the password worker until the supervisor goes.
 *
 * needs   to have been started by the supervisor (ipc/child.h), with a link to core on its way.
 * gives   the exit code; the log says why.
 */
int password_worker_run(const struct password_options *options);

#endif
