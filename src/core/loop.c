/* core/loop.c - the writer's loop: commands in, one transaction, releases out.
 *
 * There is no timer that gathers commands: whatever waits when the last commit is through makes the next batch, so
 * that under load batches grow by themselves and at night each swipe is alone. Reader lines are drained before
 * anything else. Nothing in the loop waits for a peer, and every round is bounded.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/internal.h"
#include "ipc/child.h"

enum {
	LOOP_EVENTS_MAX = CORE_PEERS_MAX + 3,
	LOOP_QUIET_US = 15 * 1000,               /* after the last command, the log may be copied */
	LOOP_WAL_BYTES_WANTED = 4 * 1024 * 1024, /* copied when quiet */
	LOOP_WAL_BYTES_MAX = 48 * 1024 * 1024,   /* copied quiet or not */
};

#define LOOP_TOOLS UINT64_MAX
#define LOOP_STOP (UINT64_MAX - 1)

/* ---- one message ---- */

static struct err peer_arrived(struct core *core, const struct message *message)
{
	struct child_peer there;
	TRY(child_peer(message, &there));
	struct core_peer *old = core_peer_find(core, there.role, there.line);
	if (old)
		TRY(core_peer_drop(core, old, "a new one came"));
	struct core_peer *peer = core_peer_adopt(core, there.link, there.role, there.line);
	if (!peer) {
		link_close(there.link);
		return FAIL(ERR_TOO_LARGE, "more than %d peers", CORE_PEERS_MAX);
	}
	for (size_t m = 0; m < core->options->module_count; m++)
		if (core->options->modules[m]->worker)
			TRY(core->options->modules[m]->worker(core, there.role, there.line, true));
	return OK;
}

static struct err worker_told(struct core *core, const struct supervisor_worker *told)
{
	struct core_why why = {.actor = "supervisor"};
	if (!told->died) {
		struct core_process_started body = {.role = told->role, .line = told->line, .process = told->process};
		return core_record(core, &core_process_started_entry, &body, why, NULL);
	}
	if (told->wanted) {
		struct core_process_stopped body = {
			.role = told->role,
			.line = told->line,
			.process = told->process,
			.how = told->how,
		};
		return core_record(core, &core_process_stopped_entry, &body, why, NULL);
	}
	struct core_process_died body = {
		.role = told->role,
		.line = told->line,
		.process = told->process,
		.how = told->how,
		.restarts = told->restarts,
	};
	return core_record(core, &core_process_died_entry, &body, why, NULL);
}

static struct err sandbox_told(struct core *core, const struct supervisor_sandbox *told)
{
	if (told->missing.size == 0)
		return OK;
	struct core_sandbox_lacks body = {.role = told->role, .line = told->line, .missing = told->missing};
	return core_record(core, &core_sandbox_lacks_entry, &body, (struct core_why){.actor = "supervisor"}, NULL);
}

static struct err ledger_was_verified(struct core *core, const struct ledger_verified *told)
{
	struct core_verified body = {
		.size = told->size,
		.root = told->root,
		.sound = told->sound,
		.problem = told->problem,
		.took_ms = told->took_ms,
	};
	if (!told->sound)
		log_error("ledger=\"not sound\" problem=\"%.*s\"", SPAN_ARGS(told->problem));
	return core_record(core, &core_verified_entry, &body, (struct core_why){.actor = "verify"}, NULL);
}

static struct err supervisor_said(struct core *core, const struct message *message)
{
	switch (message->kind) {
	case MESSAGE_SUPERVISOR_PEER:
		return peer_arrived(core, message);
	case MESSAGE_SUPERVISOR_WORKER:
		return worker_told(core, message->body);
	case MESSAGE_SUPERVISOR_SANDBOX:
		return sandbox_told(core, message->body);
	default:
		return FAIL(ERR_INVALID, "the supervisor said %s", message_name(message->kind));
	}
}

static struct err modules_take(struct core *core, const struct core_peer *peer, const struct message *message)
{
	bool mine = false;
	for (size_t m = 0; !mine && m < core->options->module_count; m++)
		if (core->options->modules[m]->message)
			TRY(core->options->modules[m]->message(core, peer->role, peer->line, message, &mine));
	if (!mine)
		log_warning("unexpected=%s from=%s", message_name(message->kind), link_name(peer->link));
	return OK;
}

static struct err peer_said(struct core *core, struct core_peer *peer, const struct message *message)
{
	bool asks = peer->role == WORKER_WEB || peer->role == WORKER_NONE;
	if (message->kind == MESSAGE_REQUEST && asks)
		return core_request_take(core, peer, message->body);
	if (message->kind == MESSAGE_SESSION_SEEN && peer->role == WORKER_WEB)
		return core_session_seen(core, ((const struct session_seen *)message->body)->token);
	if (message->kind == MESSAGE_FEED_OPEN && peer->role == WORKER_WEB)
		return core_feed_opened(core, peer, message->body);
	if (message->kind == MESSAGE_ANSWER && peer->role == WORKER_QUERY)
		return core_answer_pass_on(core, message->body);
	if (message->kind == MESSAGE_LEDGER_VERIFIED && peer->role == WORKER_VERIFY)
		return ledger_was_verified(core, message->body);
	if (peer->role == WORKER_NONE)
		return OK; /* a tool has nothing else to say */
	return modules_take(core, peer, message);
}

/* ---- one round ---- */

static struct err supervisor_drain(struct core *core)
{
	for (size_t i = 0; i < CORE_PEER_COMMANDS_MAX; i++) {
		struct message message;
		bool there = false;
		arena_reset(core->arena);
		TRY(core_time_look(core));
		TRY(child_receive(core->child, core->arena, &message, &there));
		if (!there)
			return OK;
		TRY(supervisor_said(core, &message));
	}
	return OK;
}

/* Drain one peer, as far as a round lets it. What it says wrong costs it the link; what fails in here stops core. */
static struct err peer_drain(struct core *core, uint64_t number, size_t *commands)
{
	for (size_t i = 0; i < CORE_PEER_COMMANDS_MAX && *commands < CORE_BATCH_COMMANDS_MAX; i++) {
		struct core_peer *peer = core_peer_number(core, number);
		if (!peer)
			return OK;
		struct message message;
		bool there = false;
		arena_reset(core->arena);
		struct err e = link_receive(peer->link, core->arena, &message, &there);
		if (failed(e))
			return core_peer_drop(core, peer, err_why());
		if (!there)
			return OK;
		(*commands)++;
		TRY(core_time_look(core));
		TRY(peer_said(core, peer, &message));
	}
	return OK;
}

static struct err tick(struct core *core)
{
	if (core->boot_us - core->ticked_us < CORE_TICK_US)
		return OK;
	core->ticked_us = core->boot_us;
	TRY(core_disk_look(core));
	for (size_t m = 0; m < core->options->module_count; m++)
		if (core->options->modules[m]->tick)
			TRY(core->options->modules[m]->tick(core));
	return OK;
}

/* Copy the write-ahead log into the database while nobody waits for us. */
static struct err tidy(struct core *core, size_t commands)
{
	uint64_t used = store_wal_bytes_used(core->store);
	struct store_wal wal;
	if (commands > 0)
		core->commanded_us = core->boot_us;
	if (core->wal_to_empty) {
		struct err e = store_empty_wal(core->store);
		core->wal_to_empty = e.code == ERR_BUSY;
		return e.code == ERR_BUSY ? OK : e;
	}
	bool quiet = core->boot_us - core->commanded_us > LOOP_QUIET_US;
	if (used > LOOP_WAL_BYTES_MAX || (quiet && used > LOOP_WAL_BYTES_WANTED))
		return store_checkpoint_wal(core->store, &wal);
	return OK;
}

static bool is_line(struct core *core, uint64_t number)
{
	const struct core_peer *peer = core_peer_number(core, number);
	return peer && peer->role == WORKER_OSDP;
}

static struct err event_take(struct core *core, const struct epoll_event *event, size_t *commands)
{
	uint64_t number = event->data.u64;
	if (number == LOOP_STOP) {
		core->stopping = true;
		return OK;
	}
	if (number == LOOP_TOOLS)
		return core_tool_accept(core, core->options->tool_socket);
	if (event->events & EPOLLOUT)
		TRY(core_peer_flush(core, number));
	if (!(event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return OK;
	return number == CORE_PEER_SUPERVISOR ? supervisor_drain(core) : peer_drain(core, number, commands);
}

static struct err round_once(struct core *core)
{
	struct epoll_event events[LOOP_EVENTS_MAX];
	size_t commands = 0;
	/* While something waits for quiet, look again soon; else the tick is what wakes us. */
	bool busy = store_wal_bytes_used(core->store) > LOOP_WAL_BYTES_WANTED;
	int count =
		epoll_wait(core->epoll, events, LOOP_EVENTS_MAX, busy ? LOOP_QUIET_US / 1000 + 1 : CORE_TICK_US / 1000);
	if (count < 0 && errno != EINTR)
		return FAIL_ERRNO("wait for commands");
	arena_reset(core->arena);
	TRY(core_time_look(core));
	for (int i = 0; i < count; i++)
		if (is_line(core, events[i].data.u64))
			TRY(event_take(core, &events[i], &commands));
	for (int i = 0; i < count; i++)
		if (!is_line(core, events[i].data.u64))
			TRY(event_take(core, &events[i], &commands));
	arena_reset(core->arena);
	TRY(tick(core));
	TRY(core_batch_commit(core));
	TRY(tidy(core, commands));
	return child_alive(core->child, core->boot_us);
}

static void watch_descriptor(struct core *core, int descriptor, uint64_t number)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};
	ENSURE(epoll_ctl(core->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0);
}

static struct err say_goodbye(struct core *core)
{
	struct core_stopped body = {.why = SPAN_TEXT("asked to stop")};
	TRY(core_time_look(core));
	TRY(core_record(core, &core_stopped_entry, &body, (struct core_why){.actor = "supervisor"}, NULL));
	return core_batch_commit(core);
}

struct err core_loop(struct core *core)
{
	watch_descriptor(core, link_descriptor(core->supervisor), CORE_PEER_SUPERVISOR);
	watch_descriptor(core, core->stop, LOOP_STOP);
	if (core->options->tool_socket >= 0)
		watch_descriptor(core, core->options->tool_socket, LOOP_TOOLS);
	while (!core->stopping)
		TRY(round_once(core));
	TRY(supervisor_drain(core)); /* the workers' ends came before ours */
	return say_goodbye(core);
}
