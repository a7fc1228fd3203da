/* ipc/supervisor.h - the process that starts all others, links them, watches them and starts them again.
 *
 * It knows roles, not what they do: the caller's table says what to execute and who talks to whom. It reads nothing
 * from outside but the messages of its own children on a descriptor each, and asks core what lines there are. Its
 * death ends every child; core's death restarts all who talk to core, for their sessions are gone with it.
 *
 * Stop: workers first, core last, so that core records the end of each.
 */
#ifndef LEGATION_IPC_SUPERVISOR_H
#define LEGATION_IPC_SUPERVISOR_H

#include <sys/types.h>

#include "ipc/link.h"

enum {
	SUPERVISOR_DESCRIPTOR = 3,        /* a child's end of its link to the supervisor */
	SUPERVISOR_LISTEN_DESCRIPTOR = 4, /* the first of the inherited listening sockets */
	SUPERVISOR_ROLES_MAX = 8,
	SUPERVISOR_PEERS_MAX = 4,
	SUPERVISOR_ARGUMENTS_MAX = 48,
	SUPERVISOR_LISTENERS_MAX = 8,
	SUPERVISOR_LINES_MAX = 32,
	SUPERVISOR_WORKERS_MAX = SUPERVISOR_ROLES_MAX + SUPERVISOR_LINES_MAX,
	SUPERVISOR_REPORTS_MAX = 256, /* for core, while it is away */

	SUPERVISOR_SILENCE_MS = 10 * 1000,
	SUPERVISOR_START_MS = 20 * 1000, /* the same until a worker says that it is ready */
	SUPERVISOR_STOP_MS = 2 * 1000,
	SUPERVISOR_STOP_CORE_MS = 5 * 1000, /* to finish its commit */
	SUPERVISOR_DEATHS_FREE = 3,         /* within a minute: these restart at once */
	SUPERVISOR_BACK_OFF_MS_MAX = 1000,

	/* What core exits with when starting it again cannot help (another writer, a ledger it must not touch): the
	 * supervisor stops, and gives the same number back.
	 */
	SUPERVISOR_EXIT_REFUSED = 78,
};

struct supervisor_role {
	enum worker_role role;
	uid_t uid; /* 0: stay who we are */
	gid_t gid;
	const char *const *arguments; /* ends with NULL: {"legation", "worker", "osdp", NULL} */
	bool per_line;                /* one worker for each of core's lines, its number appended to the arguments */
	enum worker_role peers[SUPERVISOR_PEERS_MAX]; /* whom it talks to; saying it on one side is enough */
};

/* A socket that was opened before and that every new worker of the role finds at `number`. */
struct supervisor_listener {
	enum worker_role role;
	int descriptor;
	int number; /* from SUPERVISOR_LISTEN_DESCRIPTOR on, without gaps for one role */
};

struct supervisor_options {
	const char *executable;              /* NULL: the program that is running, even when its file was replaced */
	const struct supervisor_role *roles; /* core first */
	size_t role_count;
	const struct supervisor_listener *listeners;
	size_t listener_count;

	/* Open a reader line for its worker; must come back within a second. */
	struct err (*line_open)(const char *address, uint32_t baud, int *ret_descriptor, bool *ret_paced);

	/* 0: the constants above. */
	uint32_t silence_ms;
	uint32_t start_ms;
	uint32_t stop_ms;
	uint32_t stop_core_ms;
};

/* Supervise until SIGTERM, SIGINT or SIGHUP, or until core refuses.
 *
 * needs   one thread; log_start called; whatever root alone may do (sockets, folders) done before, for as root all
 *         powers but changing users go.
 * gives   the exit code of `legation serve`: 0 after a clean stop, 1 when core did not end well, or
 *         SUPERVISOR_EXIT_REFUSED.
 * owns    nothing: listeners stay the caller's.
 */
int supervisor_run(const struct supervisor_options *options) MUST_USE;

#endif
