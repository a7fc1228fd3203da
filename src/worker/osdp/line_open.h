/* worker/osdp/line_open.h - open the wire of a line, for the supervisor: a worker has no right to open anything.
 *
 * It knows addresses and baud rates, and nothing of OSDP.
 */
#ifndef LEGATION_WORKER_OSDP_LINE_OPEN_H
#define LEGATION_WORKER_OSDP_LINE_OPEN_H

#include "base/err.h"

/* Open "serial:/dev/ttyUSB0" (a pty is the same), raw, 8N1, exclusive; or "tcp:127.0.0.1:4000", "tcp:[::1]:4000",
 * numeric only. It never blocks: a TCP connection may still be under way when this returns, and its failure shows
 * as a lost line.
 *
 * gives   a non-blocking descriptor, closed on exec; ret_paced is true for a pty or TCP, whose bytes take no time.
 * owns    the descriptor is the caller's.
 * fails   ERR_INVALID for an address or baud rate that no line can have; ERR_BUSY when another process has the port;
 *         ERR_NOT_FOUND, ERR_DENIED or ERR_IO as the system says.
 */
struct err osdp_line_open(const char *address, uint32_t baud, int *ret_descriptor, bool *ret_paced) MUST_USE;

#endif
