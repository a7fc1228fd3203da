/* core/run.c - the process `core` from its first line to its last. */
#include "core/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "core/internal.h"
#include "ipc/child.h"

static void routes_gather(struct core *core)
{
	for (size_t m = 0; m < core->options->module_count; m++) {
		const struct core_module *module = core->options->modules[m];
		for (size_t i = 0; i < module->route_count; i++) {
			ENSURE(core->route_count < CORE_ROUTES_MAX);
			core->routes[core->route_count++] = &module->routes[i];
		}
	}
}

struct core *core_new(const struct core_options *options)
{
	REQUIRE(options->module_count <= CORE_MODULES_MAX);
	struct core *core = calloc(1, sizeof *core);
	ENSURE(core);
	core->options = options;
	core->own_uid = (uint32_t)getuid();
	core->lock = -1;
	core->stop = -1;
	core->epoll = epoll_create1(EPOLL_CLOEXEC);
	ENSURE(core->epoll >= 0);
	routes_gather(core);
	return core;
}

static struct err prepare(struct core *core, struct sandbox_report *report)
{
	const struct core_options *options = core->options;
	struct sandbox_path paths[] = {{.path = options->directory, .write = true}};
	struct sandbox_policy policy = {.role = WORKER_CORE, .paths = paths, .path_count = 1};
	TRY(child_start(WORKER_CORE, 0, &core->child));
	log_start(child_name(core->child), LOG_INFO);
	core->supervisor = child_link(core->child);
	core->stop = child_hold_stop(core->child);
	tzset();
	return sandbox_enter(&policy, report);
}

static struct err live(struct core *core)
{
	struct sandbox_report report = {0};
	TRY(prepare(core, &report));
	TRY(core_open(core));
	core->opened = true;
	TRY(child_sandbox(core->child,
			  &report)); /* it comes back with what the supervisor adds, and becomes an entry */
	TRY(child_ready(core->child));
	log_info("ready=yes size=%llu", (unsigned long long)ledger_size(core->ledger));
	return core_loop(core);
}

int core_run(const struct core_options *options)
{
	struct core *core = core_new(options);
	struct err e = live(core);
	/* A commit that failed is never tried again: what is durable is what counts, and the next start reads it. */
	if (failed(e))
		log_error("stopped=failed kind=%s why=\"%s\"", err_name(e.code), err_why());
	if (core->store && store_in_transaction(core->store))
		store_rollback(core->store);
	bool opened = core->opened, second = core->second;
	core_close(core);
	child_free(core->child);
	free(core);
	if (!failed(e))
		return 0;
	/* What cannot be helped by starting again: another writer, a ledger that is not what its checkpoint says, a
	 * post that has not been founded. A disk or a commit that failed can.
	 */
	bool hopeless = !opened && (second || e.code == ERR_CORRUPT || e.code == ERR_INVALID ||
				    e.code == ERR_UNSUPPORTED || e.code == ERR_DENIED || e.code == ERR_NOT_FOUND);
	return hopeless ? SUPERVISOR_EXIT_REFUSED : 1;
}
