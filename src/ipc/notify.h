/* ipc/notify.h - what the service manager wants to hear, in its own protocol: one datagram a message to
 * NOTIFY_SOCKET. */
#ifndef LEGATION_IPC_NOTIFY_H
#define LEGATION_IPC_NOTIFY_H

#include "base/err.h"

enum { NOTIFY_TEXT_SIZE_MAX = 400 };

struct notify {
	int descriptor;         /* -1: nobody wants to hear */
	uint64_t watchdog_us;   /* half of what the manager waits; 0: no watchdog */
	uint64_t next_alive_us; /* boot clock */
	char status[NOTIFY_TEXT_SIZE_MAX];
};

/* Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and take them out of the environment.
 *
 * fails   when the address is there and is none. Without one everything below does nothing.
 */
struct err notify_open(struct notify *ret_notify) MUST_USE;
void notify_close(struct notify *notify);

/* A manager that does not listen stops nothing: these never fail. */
void notify_ready(struct notify *notify);
void notify_stopping(struct notify *notify);
void notify_status(struct notify *notify, const char *status); /* sent when it differs from the last */

/* Say that we live, when it is time to.
 *
 * gives   when to call again, on the boot clock; UINT64_MAX when never.
 */
uint64_t notify_alive(struct notify *notify, uint64_t now_us);

#endif
