/* cmd/worker.c - `legation worker ROLE`: what the supervisor starts. Not for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/serve.h"
#include "ipc/supervisor.h"
#include "worker/osdp/worker.h"
#include "worker/password/password.h"
#include "worker/web/web.h"

enum { WORKER_ROUTES_MAX = 512, WORKER_HOSTS_MAX = CMD_TEXTS_MAX };

static int run_web(const struct cmd_texts *hosts)
{
	static struct route routes[WORKER_ROUTES_MAX];
	size_t count = 0;
	for (size_t m = 0; m < cmd_module_count; m++)
		for (size_t i = 0; i < cmd_modules[m]->route_count; i++)
			routes[count++] = cmd_modules[m]->routes[i].route;
	struct web_options options = {
		.routes = routes,
		.route_count = count,
		.assets = web_console_assets,
		.asset_count = web_console_asset_count,
		.listener = SERVE_WEB_LISTENER,
		.certificate = {.descriptor = SERVE_WEB_CERTIFICATE},
		.key = {.descriptor = SERVE_WEB_KEY},
		.metrics = {.descriptor = SERVE_WEB_METRICS},
		.hosts = hosts->at,
		.host_count = hosts->count,
	};
	return web_worker_run(&options);
}

static int run_core(const char *directory, const char *code, const char *origin, uint64_t reserve_mb)
{
	struct core_options options = cmd_core_options(directory);
	options.code = code;
	options.origin = origin;
	options.reserve_bytes = reserve_mb * 1024 * 1024;
	options.tool_socket = SERVE_CORE_TOOLS;
	return core_run(&options);
}

int cmd_worker(int argc, char **argv)
{
	const char *directory = CMD_DIRECTORY_DEFAULT, *code = NULL, *origin = NULL;
	const char *words[2] = {NULL, NULL};
	uint64_t reserve_mb = 0;
	struct cmd_texts hosts = {0};
	const struct cmd_option options[] = {
		{"dir", CMD_TEXT, &directory, "FOLDER", "the post's data"},
		{"code", CMD_TEXT, &code, "CODE", "of a new post"},
		{"origin", CMD_TEXT, &origin, "NAME", "of a new post's ledger"},
		{"reserve-mb", CMD_NUMBER, &reserve_mb, "N", "the reserve"},
		{"host", CMD_TEXTS, &hosts, "NAME", "a name that browsers use"},
	};
	const struct cmd_usage usage = {
		"legation worker ROLE [LINE]",
		"One of a post's processes; the supervisor starts it.",
		options,
		sizeof options / sizeof *options,
		1,
		2,
	};
	(void)cmd_options(&usage, argc, argv, words);
	struct core_options readers = cmd_core_options(directory);
	if (strcmp(words[0], "core") == 0)
		return run_core(directory, code, origin, reserve_mb);
	if (strcmp(words[0], "query") == 0)
		return query_run(&readers);
	if (strcmp(words[0], "verify") == 0)
		return verifier_run(&readers);
	if (strcmp(words[0], "web") == 0)
		return run_web(&hosts);
	if (strcmp(words[0], "password") == 0)
		return password_worker_run(&(struct password_options){0});
	if (strcmp(words[0], "osdp") == 0 && words[1])
		return osdp_worker_run((uint32_t)strtoul(words[1], NULL, 10));
	(void)fprintf(stderr, "legation: there is no worker '%s'\n", words[0]);
	return CMD_USAGE;
}
