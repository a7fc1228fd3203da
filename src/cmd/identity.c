#include "cmd/identity.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

enum { IDENTITY_FIRST = 63800 }; /* below the range that systemd gives out to services for their lifetime */

struct identity identity_of(enum worker_role role)
{
	char name[40];
	if (geteuid() != 0)
		return (struct identity){0};
	(void)snprintf(name, sizeof name, "legation-%s", worker_role_words.words[role]);
	const struct passwd *user = getpwnam(name);
	struct identity who = {
		.uid = user ? user->pw_uid : IDENTITY_FIRST + (uid_t)role,
		.gid = user ? user->pw_gid : IDENTITY_FIRST + (gid_t)role,
	};
	if (role != WORKER_CORE && role != WORKER_QUERY && role != WORKER_VERIFY)
		return who;
	const struct group *readers = getgrnam("legation"); /* they share the database */
	who.gid = readers ? readers->gr_gid : IDENTITY_FIRST;
	return who;
}
