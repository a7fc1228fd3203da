/* core/internal.h - the writer's own insides; only files of src/core include it.
 *
 * writer.c   one batch: entries in, one commit, then what was to be released
 * peers.c    who is connected: workers and tools, and what waits to be sent to them
 * request.c  who asks for what, and may he
 * feed.c     what was committed, on its way to the consoles
 * disk.c     the reserve
 * timekeeper.c  the time of entries
 * start.c    founding, checking, loading
 * loop.c     the loop that ties them together
 */
#ifndef LEGATION_CORE_INTERNAL_H
#define LEGATION_CORE_INTERNAL_H

#include "core/pages.h"
#include "core/run.h"
#include "ledger/append.h"
#include "ledger/read.h"

enum {
	CORE_MODULES_MAX = 24,
	CORE_PEERS_MAX = 64,
	CORE_TOOLS_MAX = 16,            /* of those, tools on the local socket */
	CORE_BATCH_COMMANDS_MAX = 1024, /* drained into one transaction */
	CORE_PEER_COMMANDS_MAX = 128,   /* of one peer in one round, so that none starves the others */
	CORE_COMMAND_ARENA_MAX = 24 * 1024 * 1024,
	CORE_REQUEST_BODY_MAX = 4 * 1024 * 1024, /* of a tool, in parts */
	CORE_OUTBOX_BYTES_MAX = 16 * 1024 * 1024,
	CORE_ANSWER_BYTES_MAX = 1024 * 1024,
	CORE_PASSED_MAX = 256, /* reads of tools that query is answering */
	CORE_TICK_US = 100 * 1000,
	CORE_ROUTES_MAX = 512,
	CORE_PEER_SUPERVISOR = 0, /* its number; all others count from 1 */
};

/* Somebody at the other end of a link. */
struct core_peer {
	struct link *link;     /* NULL: a free place */
	uint64_t number;       /* never used twice */
	enum worker_role role; /* WORKER_NONE for a tool */
	uint32_t line;
	uint32_t uid;  /* of a tool's user */
	uint8_t *body; /* a request that comes in parts */
	size_t body_size;
	uint64_t refused_call; /* whose further parts are dropped */
};

/* A read of a tool that query is answering: query's number for it is its place here. */
struct core_passed {
	uint64_t number; /* 0: a free place */
	struct core_caller caller;
};

/* Where something queued goes, in front of its bytes in the outbox. */
struct core_release {
	uint64_t peer;
	uint32_t size;
};

struct core {
	const struct core_options *options;
	void *states[CORE_MODULES_MAX];
	const struct core_route *routes[CORE_ROUTES_MAX];
	size_t route_count;

	struct store *store;
	struct ledger *ledger;
	struct keys_root root_key;
	uint8_t pepper[32];
	uint32_t own_uid;
	int lock; /* held as long as the process: there is never a second writer */
	bool rebuilding;
	bool second; /* another server holds the lock */
	bool opened; /* checked and loaded: what fails from now on may be over after a restart */
	char code[LEDGER_POST_SIZE_MAX + 1]; /* the post's */

	/* timekeeper.c */
	uint64_t now_us; /* of this command's entries */
	uint64_t boot_us;
	uint64_t wall_less_boot; /* wall - boot when last looked at, mod 2^64 */
	uint64_t behind_us;      /* how far the wall clock is behind the entries' time */

	/* writer.c */
	bool in_batch;
	uint64_t batch_first; /* seq of the first entry of this batch */
	uint64_t batch_count;
	uint64_t commits;  /* since the start */
	uint64_t recorded; /* entries since the start */
	uint8_t *outbox;
	size_t outbox_size;
	size_t outbox_room;
	struct arena *arena; /* of the command being handled */

	/* feed.c */
	uint8_t *feed;
	size_t feed_size;
	uint64_t feed_first;
	uint32_t feed_count;
	bool feed_lost;   /* of this batch, more than fits */
	bool feed_wanted; /* a console came: web wants the size and the checkpoint, even of a quiet post */

	/* peers.c */
	struct core_peer peers[CORE_PEERS_MAX];
	uint64_t peer_numbers;
	int epoll;
	struct link *supervisor;

	/* request.c */
	uint8_t *answer; /* CORE_ANSWER_BYTES_MAX; pages that no answer reaches stay unused */
	bool answered;   /* the request being handled was answered or refused */
	struct core_passed passed[CORE_PASSED_MAX];
	uint64_t passed_numbers;

	/* disk.c */
	uint64_t disk_looked_us;
	uint64_t disk_free_bytes;
	bool disk_low;
	bool reserve_there;

	/* loop.c */
	struct child *child;
	int stop;          /* readable when the supervisor wants an end */
	bool wal_to_empty; /* a key was destroyed: nothing older may stay in the log */
	uint64_t ticked_us;
	uint64_t commanded_us; /* the last command, for what waits until it is quiet */
	bool stopping;
};

/* writer.c */
struct err core_batch_commit(struct core *core) MUST_USE; /* commits, releases; nothing when nothing was done */
void core_release_message(struct core *core, uint64_t peer, enum message_kind kind, const void *body);

/* peers.c */
struct core_peer *core_peer_adopt(struct core *core, struct link *link, enum worker_role role, uint32_t line);
struct core_peer *core_peer_find(struct core *core, enum worker_role role, uint32_t line);
struct core_peer *core_peer_number(struct core *core, uint64_t number);
struct err core_peer_drop(struct core *core, struct core_peer *peer, const char *why) MUST_USE;
struct err core_peer_deliver(struct core *core, uint64_t number, struct span written) MUST_USE;
struct err core_peer_flush(struct core *core, uint64_t number) MUST_USE;
struct err core_tool_accept(struct core *core, int listening) MUST_USE;

/* request.c */
struct err core_request_take(struct core *core, struct core_peer *peer, const struct request *request) MUST_USE;
struct err core_answer_pass_on(struct core *core, const struct answer *answer) MUST_USE;
struct err core_session_seen(struct core *core, struct span token) MUST_USE;
struct err core_feed_opened(struct core *core, struct core_peer *peer, const struct feed_open *open) MUST_USE;

/* feed.c */
void core_feed_add(struct core *core, uint64_t seq, struct span line);
void core_feed_send(struct core *core);

/* timekeeper.c */
void core_time_start(struct core *core, uint64_t last_entry_us);
struct err core_time_look(struct core *core) MUST_USE; /* before each command: sets now_us, boot_us; records a step */

/* disk.c */
struct err core_disk_look(struct core *core) MUST_USE;

/* loop.c */
struct err core_loop(struct core *core) MUST_USE;

/* run.c */
struct core *core_new(const struct core_options *options) MUST_USE;

/* reader.c */
struct child;
struct err core_reader_enter(struct child *child, const struct core_options *options, enum worker_role role) MUST_USE;
struct err core_reader_open(struct child *child, const struct core_options *options, uint32_t query_ms_max,
			    struct store **ret_store) MUST_USE;

/* start.c */
struct err core_pepper_load(struct core *core, struct store *store) MUST_USE;
struct err core_tables_make(struct core *core) MUST_USE;
void core_states_make(struct core *core);
struct err core_replay(struct core *core, struct store *from, struct ledger_vault *vault, uint64_t *ret_count) MUST_USE;
struct err core_open(struct core *core) MUST_USE;
void core_close(struct core *core);

/* modules */
const struct core_entry_kind *core_kind_find(const struct core *core, struct span type);
struct err core_apply(struct core *core, const struct core_entry *entry) MUST_USE;

#endif
