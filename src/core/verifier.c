/* core/verifier.c - the process `verify`: is the whole ledger what was written?
 *
 * A post is ready as soon as the checkpoint's signature and the tree's edge are checked; every line behind them is
 * read here, in the background, after each start and once a day. What was found becomes an entry. It reads in short
 * transactions at the lowest priority and has no key: sealed parts are not opened.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/internal.h"
#include "ipc/child.h"
#include "ledger/verify.h"

enum {
	VERIFIER_ARENA_MAX = 128 * 1024,
	VERIFIER_WAIT_MS = 400,
	VERIFIER_LOWEST = 19,
};
#define VERIFIER_EVERY_US (UINT64_C(24) * 3600 * 1000000)

struct verifier {
	const struct core_options *options;
	struct child *child;
	struct link *core;
	struct store *store;
	struct arena *arena;
	uint64_t next_us;
	bool lost; /* the supervisor has gone while we were reading */
};

static void tell(void *context, uint64_t done, uint64_t total)
{
	struct verifier *verifier = context;
	(void)done;
	(void)total;
	if (failed(child_alive(verifier->child, clock_boot_us())))
		verifier->lost = true;
}

static struct err verify(struct verifier *verifier)
{
	uint64_t since_us = clock_boot_us();
	struct ledger_report *report = calloc(1, sizeof *report);
	ENSURE(report);
	struct ledger_verify_options options = {.tell = tell, .context = verifier, .stop = &verifier->lost};
	struct err e = ledger_verify(verifier->store, &options, report);
	if (!failed(e)) {
		struct ledger_verified found = {
			.size = report->entries,
			.root = ledger_hash_span(&report->root),
			.sound = report->finding_total == 0,
			.problem = span_of_string(report->finding_total ? report->findings[0].why : ""),
			.took_ms = (uint32_t)((clock_boot_us() - since_us) / 1000),
		};
		e = link_send(verifier->core, MESSAGE_LEDGER_VERIFIED, &found);
	}
	free(report);
	return e;
}

static struct err prepare(struct verifier *verifier)
{
	const enum worker_role peers[] = {WORKER_CORE};
	TRY(child_start(WORKER_VERIFY, 0, &verifier->child));
	log_start(child_name(verifier->child), LOG_INFO);
	verifier->arena = arena_new(VERIFIER_ARENA_MAX);
	(void)setpriority(PRIO_PROCESS, 0, VERIFIER_LOWEST); /* a door comes first; refused, it is only less polite */
	TRY(child_peers_wait(verifier->child, verifier->arena, peers, 1, &verifier->core));
	TRY(core_reader_enter(verifier->child, verifier->options, WORKER_VERIFY));
	TRY(core_reader_open(verifier->child, verifier->options, 0, &verifier->store));
	return child_ready(verifier->child);
}

static struct err live(struct verifier *verifier)
{
	TRY(prepare(verifier));
	for (;;) {
		struct pollfd ready[] = {
			{.fd = link_descriptor(child_link(verifier->child)), .events = POLLIN},
			{.fd = link_descriptor(verifier->core), .events = POLLIN},
		};
		struct message message;
		bool there = false;
		if (clock_boot_us() >= verifier->next_us) {
			TRY(verify(verifier));
			verifier->next_us = clock_boot_us() + VERIFIER_EVERY_US;
		}
		if (poll(ready, 2, VERIFIER_WAIT_MS) < 0 && errno != EINTR)
			return FAIL_ERRNO("wait");
		TRY(child_alive(verifier->child, clock_boot_us()));
		arena_reset(verifier->arena);
		if (ready[0].revents)
			TRY(child_receive(verifier->child, verifier->arena, &message, &there));
		if (ready[1].revents) /* core has nothing to say but that it has gone */
			TRY(link_receive(verifier->core, verifier->arena, &message, &there));
	}
}

int verifier_run(const struct core_options *options)
{
	struct verifier verifier = {.options = options};
	struct err e = live(&verifier);
	log_error("stopped=failed kind=%s why=\"%s\"", err_name(e.code), err_why());
	store_close(verifier.store);
	link_close(verifier.core);
	child_free(verifier.child);
	arena_free(verifier.arena);
	return 1;
}
