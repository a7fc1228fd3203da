/* worker/osdp/worker.h - the process that speaks with the devices of one line: its loop, its wire, its links.
 *
 * Everything that a device says comes in here, in a sandbox of its own; what it means goes to core as claims, and
 * core's decisions come back. The protocol itself is in line.h and behind it.
 */
#ifndef LEGATION_WORKER_OSDP_WORKER_H
#define LEGATION_WORKER_OSDP_WORKER_H

#include <stdint.h>

/* Serve one line until the supervisor ends us.
 *
 * needs   to have been started by the supervisor (ipc/child.h), with core as its peer; one thread.
 * gives   the process's exit code.
 */
int osdp_worker_run(uint32_t line);

#endif
