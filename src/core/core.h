/* core/core.h - what a domain sees of the one writer.
 *
 * A domain's story is always the same four steps: gather facts, decide, record, release. It is called with a command (a
 * message of a worker, a request, a timer); core_record appends an entry and applies it to the projections within the
 * running transaction; core_send and core_answer queue what may leave only after that transaction is durable. A story
 * never commits by itself: core drains its queue of commands into one transaction and commits once.
 *
 * Core knows a domain's shape (struct core_module) and never its name; cmd/modules.c lists them.
 */
#ifndef LEGATION_CORE_CORE_H
#define LEGATION_CORE_CORE_H

#include "core/entries.h"
#include "ipc/link.h"
#include "ipc/route.h"
#include "ledger/keys.h"
#include "store/store.h"

struct core;

/* ---- recording ---- */

/* Who did it, and which entry led to it. */
struct core_why {
	const char *actor; /* "reader/7", "user/12", "uid/0", "core" */
	uint64_t cause;
	bool has_cause;
};

/* Append one entry to the running transaction and apply it.
 *
 * needs   body: the kind's struct, within its bounds (an entry out of bounds is a broken program).
 * gives   its seq, which is the id of the object that it makes.
 * fails   as the store does; core then stops at once, so a story carries the error up and does nothing else.
 */
struct err core_record(struct core *core, const struct core_entry_kind *kind, const void *body, struct core_why why,
		       uint64_t *ret_seq) MUST_USE;

/* ---- releasing: nothing of this leaves before the entries of this batch are durable ---- */

/* Queue a message for a worker: the osdp worker of a line, web, the password worker.
 *
 * rules   an osdp worker that is away loses it: what matters (an unlock) is void with the session that asked for it.
 */
void core_send(struct core *core, enum worker_role role, uint32_t line, enum message_kind kind, const void *body);

/* Is this worker connected? What is sent to one that is not is lost. */
bool core_worker_is_there(struct core *core, enum worker_role role, uint32_t line);

/* ---- requests ---- */

/* Where an answer goes; a story that answers later keeps a copy. */
struct core_caller {
	uint64_t link; /* core's number for the link; the link may be gone by then, and then so is the answer */
	uint64_t call;
};

struct core_request {
	struct core_caller caller;
	const struct route *route;
	const void *body;    /* the route's request struct */
	struct arena *arena; /* lives as long as the request */
	uint64_t user;       /* 0 for a tool, or before sign-in */
	enum route_role role;
	bool tool; /* came by the local socket; `actor` is then "uid/N" */
	char actor[32];
	struct span from;  /* the peer's address, as web saw it */
	struct span token; /* as web sent it */
};

/* Answer with the route's reply struct (status 200), once. */
void core_answer(struct core *core, struct core_caller caller, const struct shape *shape, const void *reply);

/* Refuse: status is HTTP's, `error` a short word that the console translates, the rest an English sentence. */
void core_refuse(struct core *core, struct core_caller caller, uint32_t status, const char *error, const char *field,
		 const char *format, ...) PRINTF_LIKE(6, 7);

/* The whole answer by hand: tokens, other media types. */
void core_answer_raw(struct core *core, struct core_caller caller, const struct answer *answer);

/* ---- what a domain may ask of core ---- */

uint64_t core_now_us(const struct core *core);  /* the time of the entries of this batch; never goes back */
uint64_t core_boot_us(const struct core *core); /* for durations */
struct store *core_store(struct core *core);    /* for the projections' tables */
struct arena *core_arena(struct core *core);    /* emptied after each command */
const struct keys_root *core_root_key(const struct core *core);
/* The post's pepper, 32 bytes: what is kept of card numbers, PINs and passwords is an HMAC under it, so that stolen
 * tables alone allow no guessing.
 */
struct span core_pepper(const struct core *core);
struct span core_post_code(const struct core *core);
uint64_t core_ledger_size(const struct core *core);
bool core_rebuilding(const struct core *core);  /* replay for fsck: nothing is sent, keys may be gone */
bool core_disk_is_low(const struct core *core); /* the reserve is being spent: entry is denied */

/* What a domain does with one kind of entry: a table of these is the usual body of a module's apply. */
struct core_apply_row {
	const struct core_entry_kind *kind;
	struct err (*apply)(struct core *core, const struct core_entry *entry);
};
struct err core_apply_by(struct core *core, const struct core_entry *entry, const struct core_apply_row *rows,
			 size_t count) MUST_USE;

/* A module's own state, made by its `state_new`. */
struct core_module;
void *core_state(struct core *core, const struct core_module *module);

/* Put the reader lines into force: the supervisor starts and stops osdp workers to match. */
void core_set_lines(struct core *core, const struct supervisor_lines *lines);

/* ---- a domain's shape ---- */

struct core_session {
	uint64_t user;
	enum route_role role;
};

/* A read: from query's read-only store into the route's reply struct, whose lists live in the arena.
 *
 * fails   ERR_NOT_FOUND becomes 404, ERR_INVALID 400, ERR_TOO_LARGE 413, anything else 500.
 */
struct core_read {
	struct store *store;
	struct arena *arena;
	const void *request; /* the route's request struct */
	uint64_t user;
	enum route_role role;
	uint64_t now_us;
	struct sink *text;      /* where a route whose reply is route_text writes */
	const char *media_type; /* which such a route sets */
};

struct core_route {
	struct route route;
	/* For ROUTE_WRITE, ROUTE_PUBLIC and ROUTE_TOOL: answers or refuses exactly once, now or later. For
	 * ROUTE_RECORDED: records and answers nothing (query does), or refuses. An err is an operation that failed,
	 * and stops core.
	 */
	struct err (*write)(struct core *core, const struct core_request *request);
	/* For ROUTE_READ and ROUTE_RECORDED, in query. */
	struct err (*read)(struct core_read *read, void *ret_reply);
};

struct core_module {
	const char *name;
	const struct core_entry_kind *const *kinds;
	size_t kind_count;
	const struct core_route *routes;
	size_t route_count;
	const char
		*schema; /* CREATE TABLE and INDEX statements of the projections; every table is named <module>_... */
	const char *const *tables; /* their names, NULL at the end: what fsck compares */

	void *(*state_new)(void);
	void (*state_free)(void *state);

	/* Load the memory state from the projections, at start. */
	struct err (*load)(struct core *core);
	/* One entry into the tables and the memory state; also of other modules' kinds, so that a domain may follow
	 * what others record. Called once for each module, in the modules' order.
	 */
	struct err (*apply)(struct core *core, const struct core_entry *entry);
	/* A worker's message. gives true in ret_mine when it was this domain's. */
	struct err (*message)(struct core *core, enum worker_role from, uint32_t line, const struct message *message,
			      bool *ret_mine);
	/* A worker has come or gone. */
	struct err (*worker)(struct core *core, enum worker_role role, uint32_t line, bool there);
	/* About ten times a second: timers. */
	struct err (*tick)(struct core *core);

	/* Whose session is this? Only the module that keeps sessions has these two; a token that is nobody's leaves
	 * ret_user's role ROLE_NONE. In core from memory, in query from the projections.
	 */
	void (*session)(struct core *core, struct span token, bool seen, struct core_session *ret_session);
	struct err (*session_read)(struct store *store, struct span token, uint64_t now_us,
				   struct core_session *ret_session);
};

#endif
