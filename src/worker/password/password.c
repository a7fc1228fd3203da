#include "worker/password/password.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/child.h"
#include "worker/password/hash.h"

enum {
	PASSWORD_TURN_MS_MAX = 250,
	PASSWORD_ARENA_SIZE = 128 * 1024,
	PASSWORD_MESSAGES_A_TURN_MAX = 64,
};

struct password_worker {
	struct child *child;
	struct link *core; /* NULL: gone, until the supervisor brings another */
	struct arena *arena;
	struct password_hasher *hasher;
};

static struct err answer(struct password_worker *worker, uint64_t call, struct span hash)
{
	struct password_hashed hashed = {.call = call, .refused = hash.size == 0, .hash = hash};
	if (!worker->core)
		return OK; /* core has gone, and so has the sign-in that wanted it */
	return link_send(worker->core, MESSAGE_PASSWORD_HASHED, &hashed);
}

static struct err take_job(struct password_worker *worker, const struct password_hash *said)
{
	struct password_job job = {
		.call = said->call,
		.operations = said->operations,
		.memory_kib = said->memory_kib,
		.password_size = said->password.size,
	};
	if (said->salt.size != sizeof job.salt || !password_job_is_good(&job))
		return answer(worker, said->call, (struct span){0});
	memcpy(job.salt, said->salt.at, sizeof job.salt);
	if (said->password.size > 0)
		memcpy(job.password, said->password.at, said->password.size);
	bool added = password_hasher_add(worker->hasher, &job);
	wipe(&job, sizeof job);
	return added ? OK : answer(worker, said->call, (struct span){0});
}

static struct err take_results(struct password_worker *worker)
{
	struct password_result result;
	while (password_hasher_take(worker->hasher, &result)) {
		struct span hash = {result.hash, result.failed ? 0 : sizeof result.hash};
		struct err e = answer(worker, result.call, hash);
		wipe(&result, sizeof result);
		TRY(e);
	}
	return OK;
}

static struct err drain_core(struct password_worker *worker)
{
	TRY(link_flush(worker->core));
	for (size_t i = 0; i < PASSWORD_MESSAGES_A_TURN_MAX; i++) {
		struct message message;
		bool there = false;
		arena_reset(worker->arena);
		TRY(link_receive(worker->core, worker->arena, &message, &there));
		if (!there)
			break;
		if (message.kind != MESSAGE_PASSWORD_HASH)
			return FAIL(ERR_INVALID, "core said %s", message_name(message.kind));
		TRY(take_job(worker, message.body));
	}
	arena_reset(worker->arena);
	return OK;
}

static struct err drain_supervisor(struct password_worker *worker)
{
	struct child_peer peer;
	TRY(link_flush(child_link(worker->child)));
	for (size_t i = 0; i < PASSWORD_MESSAGES_A_TURN_MAX; i++) {
		struct message message;
		bool there = false;
		arena_reset(worker->arena);
		TRY(child_receive(worker->child, worker->arena, &message, &there));
		if (!there)
			break;
		if (message.kind != MESSAGE_SUPERVISOR_PEER)
			return FAIL(ERR_INVALID, "the supervisor said %s", message_name(message.kind));
		TRY(child_peer(&message, &peer));
		(void)link_close(worker->core);
		worker->core = peer.link;
	}
	return OK;
}

static struct pollfd watched(const struct link *link)
{
	struct pollfd one = {.fd = -1, .events = POLLIN};
	if (!link)
		return one;
	one.fd = link_descriptor(link);
	if (link_wants_write(link))
		one.events |= POLLOUT;
	return one;
}

static struct err turn(struct password_worker *worker)
{
	TRY(child_alive(worker->child, clock_boot_us()));
	struct pollfd ready[] = {
		watched(child_link(worker->child)),
		watched(worker->core),
		{.fd = password_hasher_descriptor(worker->hasher), .events = POLLIN},
	};
	if (poll(ready, 3, PASSWORD_TURN_MS_MAX) < 0 && errno != EINTR)
		return FAIL_ERRNO("poll");
	TRY(take_results(worker));
	if (ready[1].revents && failed(drain_core(worker))) {
		log_warning("link=core lost=1 why=\"%s\"", err_why());
		worker->core = link_close(worker->core);
	}
	return ready[0].revents ? drain_supervisor(worker) : OK;
}

static struct err start(struct password_worker *worker, const struct password_options *options)
{
	static const enum worker_role roles[] = {WORKER_CORE};
	const struct sandbox_policy policy = {.role = WORKER_PASSWORD};
	struct sandbox_report report;
	TRY(child_start(WORKER_PASSWORD, 0, &worker->child));
	TRY(child_peers_wait(worker->child, worker->arena, roles, 1, &worker->core));
	ENSURE(sodium_init() >= 0); /* it may want to look at the system, which it can only now */
	if (options->uid != 0 && sandbox_can_drop())
		TRY(sandbox_drop(options->uid, options->gid));
	TRY(sandbox_enter(&policy, &report));
	if (report.missing[0])
		log_warning("sandbox=\"%s\"", report.missing);
	TRY(child_sandbox(worker->child, &report));
	worker->hasher = password_hasher_new(); /* its threads are born inside */
	return child_ready(worker->child);
}

int password_worker_run(const struct password_options *options)
{
	struct password_worker worker = {.arena = arena_new(PASSWORD_ARENA_SIZE)};
	log_start("password", LOG_INFO);
	struct err e = start(&worker, options);
	while (!failed(e))
		e = turn(&worker);
	bool over = e.code == ERR_CLOSED;
	if (!over)
		log_error("ended=1 kind=%s why=\"%s\"", err_name(e.code), err_why());
	(void)link_close(worker.core);
	worker.arena = arena_free(worker.arena);
	worker.child = child_free(worker.child);
	return over ? 0 : 1; /* the hasher's threads end with the process */
}
