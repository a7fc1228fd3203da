/* cmd/serve.h - starting a post: users, folders, sockets, certificates, then the supervisor. */
#ifndef LEGATION_CMD_SERVE_H
#define LEGATION_CMD_SERVE_H

#include "cmd/cmd.h"

/* The descriptors that the supervisor hands to web and core, in the order of supervisor.h. */
enum {
	SERVE_WEB_LISTENER = 4,
	SERVE_WEB_CERTIFICATE,
	SERVE_WEB_KEY,
	SERVE_WEB_METRICS,
	SERVE_CORE_TOOLS = 4,
};

struct serve_options {
	const char *directory;
	const char *code;        /* of a new post; NULL: it is there already */
	const char *origin;      /* of a new post's ledger; NULL: legation.invalid/<code> */
	const char *listen;      /* "127.0.0.1:8443", "[::]:443" */
	struct cmd_texts hosts;  /* names that browsers use; none: what `listen` says */
	const char *certificate; /* PEM files; NULL: a local authority of the post's own */
	const char *key;
	uint64_t reserve_mb;
};

void serve_defaults(struct serve_options *options);

/* Run a post until it is told to stop. gives the process's exit code. */
int serve_run(const struct serve_options *options);

/* Where its console is: "https://localhost:8443", without a slash. From <folder>/run/address, written by serve. */
void serve_address(const char *directory, char ret_address[200]);

#endif
