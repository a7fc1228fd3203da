/* ipc/child.h - a worker's side of the supervisor: who its peers are, that it is ready, that it lives.
 *
 * For a worker's main function: child_start, child_peers_wait, its own preparation, sandbox_enter, child_sandbox,
 * child_ready; then in its loop child_alive at least once a second, and child_receive when the link's descriptor is
 * readable. The supervisor's death is the worker's.
 */
#ifndef LEGATION_IPC_CHILD_H
#define LEGATION_IPC_CHILD_H

#include "ipc/link.h"
#include "ipc/sandbox.h"
#include "ipc/supervisor.h"

enum {
	CHILD_ALIVE_EVERY_MS = 500,
	CHILD_PEERS_WAIT_MS = 15 * 1000,
};

struct child;

/* Our end of a socketpair to a peer. Whoever gets it closes the link; a new one for the same peer replaces the old. */
struct child_peer {
	enum worker_role role;
	uint32_t line;
	struct link *link; /* named "core", "osdp/2" */
};

/* needs   to have been started by the supervisor; line is 0 for roles that have none.
 * gives   the child's end at SUPERVISOR_DESCRIPTOR, closed on exec.
 * owns    the caller, until child_free.
 * fails   ERR_INVALID when that descriptor is no socketpair's end: somebody started the worker by hand.
 */
struct err child_start(enum worker_role role, uint32_t line, struct child **ret_child) MUST_USE;
struct child *child_free(struct child *child); /* gives NULL */

/* "core", "osdp/2": for log_start; lives as long as the child. */
const char *child_name(const struct child *child);

/* The link to the supervisor: wait on its descriptor, and flush it when it wants to write. */
struct link *child_link(struct child *child);

/* The next message of the supervisor. A MESSAGE_SUPERVISOR_PEER goes to child_peer. As link_receive. */
struct err child_receive(struct child *child, struct arena *arena, struct message *ret_message,
			 bool *ret_there) MUST_USE;

/* Open the link that a MESSAGE_SUPERVISOR_PEER brought.
 *
 * fails   ERR_INVALID when it brought no descriptor.
 */
struct err child_peer(const struct message *message, struct child_peer *ret_peer) MUST_USE;

/* Wait for the first link to each of these roles, saying meanwhile that we live. For start-up.
 *
 * needs   roles that this worker talks to, each once; no other message comes before.
 * gives   the links in the order of `roles`.
 * fails   ERR_BUSY after CHILD_PEERS_WAIT_MS; ERR_CLOSED when the supervisor has gone.
 */
struct err child_peers_wait(struct child *child, struct arena *arena, const enum worker_role *roles, size_t count,
			    struct link **ret_links) MUST_USE;

/* Tell the supervisor. These fail only when it has gone, or does not listen: then end. */
struct err child_sandbox(struct child *child, const struct sandbox_report *report) MUST_USE;
struct err child_ready(struct child *child) MUST_USE;
/* Sends at most every CHILD_ALIVE_EVERY_MS, so call it freely. */
struct err child_alive(struct child *child, uint64_t now_boot_us) MUST_USE;

/* Hold SIGTERM and SIGINT back, for a worker that has something to finish (core). How the other workers ended is on the
 * link by then: read it before ending.
 *
 * gives   a descriptor that becomes readable when the supervisor wants an end; child_free closes it. Without this call
 *         SIGTERM ends the worker at once, which is right for one without lasting state.
 */
int child_hold_stop(struct child *child) MUST_USE;

#endif
