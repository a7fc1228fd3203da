/* ipc/link.h - one end of a socketpair between two of our processes: bounded messages, bounded queues.
 *
 * A message is a row of messages.def: its struct goes in, its struct comes out, and every bound of the table is
 * checked on the way in, for a worker is not trusted. One message is one SOCK_SEQPACKET datagram: kind (u16 le), then
 * the shape's binary form. A link never blocks. What does not fit the socket waits in a queue of LINK_QUEUE_MAX
 * messages and LINK_QUEUE_BYTES_MAX bytes; when that is full, link_send says ERR_FULL and the caller decides (core
 * closes a worker that does not listen, and drops feed lines, which can be fetched again).
 */
#ifndef LEGATION_IPC_LINK_H
#define LEGATION_IPC_LINK_H

#include "base/shape.h"

enum {
	LINK_MESSAGE_SIZE_MAX = 64 * 1024, /* kind included */
	LINK_QUEUE_MAX = 4096,
	LINK_QUEUE_BYTES_MAX = 4 * 1024 * 1024,
};

#define SHAPE_TABLE "ipc/messages.def"
#include "base/shape_structs.h"

/* MESSAGE_OSDP_CARD and so on: one number for each row of kinds.def; append-only. */
enum message_kind {
	MESSAGE_NONE = 0,
#define MESSAGE(upper, shape) MESSAGE_##upper,
#include "ipc/kinds.def"
#undef MESSAGE
	MESSAGE_KIND_COUNT,
};

struct message {
	enum message_kind kind;
	const void *body; /* the struct of its row, in the arena given to link_receive */
	int descriptor; /* passed along with it, or -1; whoever receives it closes it. See message_brings_descriptor */
};

struct link;

/* Take over one end of a socketpair; it is made non-blocking.
 *
 * owns    the descriptor, until link_close. `name` is copied, and bounded to 32 bytes: "osdp/2".
 */
struct link *link_open(int descriptor, const char *name) MUST_USE;
struct link *link_close(struct link *link); /* gives NULL; what is queued is lost */
int link_descriptor(const struct link *link);
const char *link_name(const struct link *link);

/* Does the queue hold anything? Then wait for the descriptor to be writable and call link_flush. */
bool link_wants_write(const struct link *link);

/* Queue one message and send as much of the queue as the socket takes.
 *
 * needs   body is the struct of `kind`'s row and keeps within its bounds (a message that does not is a broken program).
 * fails   ERR_FULL when a queue bound is reached (nothing is queued then); ERR_CLOSED when the peer has gone.
 */
struct err link_send(struct link *link, enum message_kind kind, const void *body) MUST_USE;

/* The same with one descriptor, which is duplicated; the caller keeps and closes its own.
 *
 * needs   a kind that brings descriptors.
 */
struct err link_send_descriptor(struct link *link, enum message_kind kind, const void *body, int descriptor) MUST_USE;

/* Send a message that message_write has written already; core keeps such until its entries are durable. */
struct err link_send_written(struct link *link, struct span written) MUST_USE;

/* Send what is queued, as far as the socket takes it. */
struct err link_flush(struct link *link) MUST_USE;

/* Receive the next message, if there is one.
 *
 * gives   true in ret_there and the message; its spans and lists live in the arena.
 * fails   ERR_CLOSED when the peer has gone; ERR_INVALID for a malformed message (close the link).
 */
struct err link_receive(struct link *link, struct arena *arena, struct message *ret_message, bool *ret_there) MUST_USE;

/* Block until a message is there or the time is over. For start-up and for tools, never in a loop that serves.
 *
 * fails   as link_receive; ERR_BUSY when the time is over.
 */
struct err link_wait(struct link *link, struct arena *arena, uint32_t timeout_ms, struct message *ret_message) MUST_USE;

/* "osdp_card", for logs. */
const char *message_name(enum message_kind kind);
const struct shape *message_shape(enum message_kind kind);

/* Only these kinds may carry a descriptor; with any other it makes a message malformed, so that no worker can fill the
 * table of whoever listens to it.
 */
bool message_brings_descriptor(enum message_kind kind);

/* The binary form alone, for the fuzzer and for tests. */
struct err message_write(enum message_kind kind, const void *body, struct sink *s) MUST_USE;
struct err message_read(struct span bytes, struct arena *arena, struct message *ret_message) MUST_USE;

#endif
