/* ipc/children.h - the supervisor's table of workers: who runs, who is being ended, who waits to be started again, and
 * the socketpairs between them. It decides when; supervisor.c says why, listens and logs.
 */
#ifndef LEGATION_IPC_CHILDREN_H
#define LEGATION_IPC_CHILDREN_H

#include "ipc/supervisor.h"

enum {
	CHILDREN_NAME_SIZE_MAX = 24,
	CHILDREN_ADDRESS_SIZE_MAX = 200,
	CHILDREN_HOW_SIZE_MAX = 200,
	CHILDREN_DEATHS_MAX = 64, /* remembered of one worker; with the back-off a minute has no more */
	CHILDREN_MINUTE_MS = 60 * 1000,
};

enum worker_state {
	WORKER_ABSENT = 0, /* a free place in the table */
	WORKER_WAITING,    /* to be started at start_at_us */
	WORKER_RUNNING,
	WORKER_ENDING, /* told to end; killed at end_by_us; not reaped yet */
};

struct children_line {
	uint32_t line;
	uint32_t baud;
	char address[CHILDREN_ADDRESS_SIZE_MAX + 1];
};

struct worker {
	const struct supervisor_role *role;
	uint32_t line;
	struct children_line transport; /* of its line */
	char name[CHILDREN_NAME_SIZE_MAX];

	enum worker_state state;
	pid_t pid;
	struct link *control; /* NULL when it closed its end */
	bool ready;
	bool said_sandbox;
	bool removed;                    /* its line is gone: the place is free once it is reaped */
	bool our_wish;                   /* we ended it for no fault of its own: no death to count */
	char why[CHILDREN_HOW_SIZE_MAX]; /* we ended it; "": it ended by itself */
	uint64_t heard_us;
	uint64_t start_at_us;
	uint64_t end_by_us;     /* when ENDING */
	uint64_t opens_from_us; /* a second's window of line_open requests */
	uint32_t opens;
	uint64_t deaths_us[CHILDREN_DEATHS_MAX]; /* a ring */
	size_t death_count;
};

struct children {
	const struct supervisor_options *options;
	struct children_line lines[SUPERVISOR_LINES_MAX]; /* as core said them last */
	size_t line_count;
	struct worker
		workers[SUPERVISOR_WORKERS_MAX]; /* one for each role that has no lines, in their order; then lines */
};

/* Every worker of the table that has no lines waits to be started now. */
void children_init(struct children *children, const struct supervisor_options *options, uint64_t now_us);

struct worker *children_find(struct children *children, enum worker_role role, uint32_t line);
bool children_linked(const struct worker *one, const struct worker *other);

/* Start a waiting worker and link it to all its peers that run.
 *
 * fails   when it could not be forked; it waits again then, by the restart rule.
 */
struct err children_start(struct children *children, struct worker *worker, uint64_t now_us) MUST_USE;

/* Tell a running worker to end, by a signal (0: none, it is ending already), and kill it after the grace. */
void children_end(struct worker *worker, int signal_number, uint64_t end_by_us, bool our_wish, const char *why);

/* Has the worker ended? Then it waits to be started again, by the restart rule, or its place is free.
 *
 * gives   how it ended, in words, and its exit code: -1 after a signal.
 */
bool children_reap(struct children *children, struct worker *worker, uint64_t now_us,
		   char ret_how[CHILDREN_HOW_SIZE_MAX], int *ret_exit_code);

/* Its deaths within the last minute. */
uint32_t children_deaths(const struct worker *worker, uint64_t now_us);

/* Make the per-line workers those of this list: the new wait to be started, those that are gone or changed are ended.
 *
 * fails   ERR_INVALID when a line is named twice: nothing is changed then.
 */
struct err children_set_lines(struct children *children, const struct shape_list *lines, uint64_t now_us) MUST_USE;

#endif
