/* core/reader.c - what query and the verifier have in common: a process that may read the database and nothing else. */
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "core/internal.h"
#include "ipc/child.h"

enum { READER_RETRY_MS = 20, READER_START_US = 15 * 1000 * 1000 };

struct err core_reader_enter(struct child *child, const struct core_options *options, enum worker_role role)
{
	char folder[512];
	struct sandbox_path paths[] = {{.path = folder, .write = false}};
	struct sandbox_policy policy = {.role = role, .paths = paths, .path_count = 1};
	struct sandbox_report report;
	(void)snprintf(folder, sizeof folder, "%s/" CORE_DATA, options->directory);
	tzset();
	TRY(sandbox_enter(&policy, &report));
	return child_sandbox(child, &report);
}

struct err core_reader_open(struct child *child, const struct core_options *options, uint32_t query_ms_max,
			    struct store **ret_store)
{
	char path[512];
	struct store_options store = {.mode = STORE_READ, .query_ms_max = query_ms_max};
	uint64_t until_us = clock_boot_us() + READER_START_US;
	(void)snprintf(path, sizeof path, "%s/" CORE_DATABASE, options->directory);
	for (;;) {
		struct err e = store_open(path, &store, ret_store);
		bool later = e.code == ERR_BUSY || e.code == ERR_NOT_FOUND; /* core is still making or checking it */
		if (!later || clock_boot_us() > until_us)
			return e;
		TRY(child_alive(child, clock_boot_us()));
		(void)poll(NULL, 0, READER_RETRY_MS);
	}
}
