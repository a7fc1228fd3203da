/* cmd/serve.c - `legation serve`: what must be done before anybody gives up root, then the supervisor.
 *
 * The data folder belongs to core; query may read it through the group. Sockets and the files with TLS keys are
 * opened here, once, and handed down as descriptors, so that a worker that is started again opens nothing.
 */
#include "cmd/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/identity.h"
#include "ipc/supervisor.h"
#include "worker/osdp/line_open.h"
#include "worker/web/ca.h"

enum { SERVE_PATH_SIZE = 512, SERVE_BACKLOG = 256, SERVE_ARGUMENTS_MAX = 44 };

struct serve {
	const struct serve_options *options;
	struct cmd_texts hosts; /* with their port */
	char host_room[CMD_TEXTS_MAX][200];
	uint16_t port;
	bool served_already; /* by another server */
	int web, tools, certificate, key, metrics;
};

void serve_defaults(struct serve_options *options)
{
	*options = (struct serve_options){
		.directory = CMD_DIRECTORY_DEFAULT,
		.listen = "127.0.0.1:8443",
		.reserve_mb = 64,
	};
}

static const char *path_in(const struct serve *serve, const char *name, char path[SERVE_PATH_SIZE])
{
	(void)snprintf(path, SERVE_PATH_SIZE, "%s/%s", serve->options->directory, name);
	return path;
}

/* ---- folders ---- */

static struct err folder(const char *path, mode_t mode, struct identity owner)
{
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return FAIL_ERRNO("make the folder %s", path);
	if (owner.uid != 0 && chown(path, owner.uid, owner.gid) != 0)
		return FAIL_ERRNO("give %s to uid %u", path, owner.uid);
	return chmod(path, mode) == 0 ? OK : FAIL_ERRNO("set the mode of %s", path);
}

static struct err folders(const struct serve *serve)
{
	char path[SERVE_PATH_SIZE];
	struct identity core = identity_of(WORKER_CORE);
	TRY(folder(serve->options->directory, 0750, core));
	TRY(folder(path_in(serve, "run", path), 0750, core));
	TRY(folder(path_in(serve, CORE_DATA, path), 0750, core));
	return folder(path_in(serve, "tls", path), 0700, (struct identity){0});
}

/* Before anything there is touched: whoever serves this folder already keeps its socket and its address. Core has a
 * lock of its own on the ledger; this one goes with the supervisor.
 */
static struct err folder_lock(struct serve *serve)
{
	char path[SERVE_PATH_SIZE];
	int fd = open(path_in(serve, "run/serve.lock", path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL_ERRNO("open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return OK; /* held until this process ends */
	serve->served_already = errno == EWOULDBLOCK;
	struct err e = serve->served_already ? FAIL(ERR_BUSY, "%s: another server writes this ledger", path)
					     : FAIL_ERRNO("lock %s", path);
	(void)close(fd);
	return e;
}

/* ---- sockets ---- */

/* "127.0.0.1:8443", "[::1]:8443", ":8443" (everywhere). */
static struct err listen_on(const char *address, int *ret_socket, uint16_t *ret_port)
{
	char host[200];
	const char *colon = strrchr(address, ':');
	if (!colon || (size_t)(colon - address) >= sizeof host)
		return FAIL(ERR_INVALID, "--listen %s: not ADDRESS:PORT", address);
	bool brackets = address[0] == '[' && colon > address && colon[-1] == ']';
	(void)snprintf(host, sizeof host, "%.*s", (int)(colon - address) - (brackets ? 2 : 0),
		       address + (brackets ? 1 : 0));
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *found;
	if (getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found) != 0)
		return FAIL(ERR_INVALID, "--listen %s: not a numeric address and a port", address);
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	struct sockaddr_storage bound;
	socklen_t size = sizeof bound;
	struct err e = OK;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, SERVE_BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &size) != 0)
		e = FAIL_ERRNO("listen on %s", address);
	freeaddrinfo(found);
	TRY(e);
	*ret_port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
						      : ((struct sockaddr_in *)&bound)->sin_port);
	*ret_socket = fd;
	return OK;
}

static struct err tool_socket(const struct serve *serve, int *ret_socket)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char path[SERVE_PATH_SIZE];
	struct identity core = identity_of(WORKER_CORE);
	path_in(serve, "run/tool.sock", path);
	if (strlen(path) >= sizeof at.sun_path)
		return FAIL(ERR_TOO_LARGE, "%s: too long for a socket's name", path);
	memcpy(at.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (unlink(path) != 0 && errno != ENOENT)
		return FAIL_ERRNO("remove the old %s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || chmod(path, 0600) != 0 ||
	    (core.uid != 0 && chown(path, core.uid, core.gid) != 0) || listen(fd, SERVE_BACKLOG) != 0)
		return FAIL_ERRNO("listen on %s", path);
	*ret_socket = fd;
	return OK;
}

/* ---- files that web reads ---- */

static struct err open_for_web(const char *path, int *ret_file)
{
	*ret_file = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_file >= 0 ? OK : FAIL_ERRNO("open %s", path);
}

static struct err metrics_token(const struct serve *serve, int *ret_file)
{
	char path[SERVE_PATH_SIZE], token[65];
	uint8_t random[32];
	int fd = open(path_in(serve, "metrics.token", path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0 && errno != EEXIST)
		return FAIL_ERRNO("create %s", path);
	if (fd >= 0) {
		randombytes_buf(random, sizeof random);
		sodium_bin2hex(token, sizeof token, random, sizeof random);
		token[64] = '\n';
		bool good = write(fd, token, sizeof token) == (ssize_t)sizeof token;
		(void)close(fd);
		wipe(token, sizeof token);
		if (!good)
			return FAIL(ERR_IO, "write %s", path);
	}
	return open_for_web(path, ret_file);
}

/* The names that browsers use, each with its port, and without it where that is 443. */
static void hosts_make(struct serve *serve)
{
	const struct cmd_texts *given = &serve->options->hosts;
	static const char *const usual[] = {"localhost", "127.0.0.1"};
	size_t count = given->count ? given->count : 2;
	for (size_t i = 0; i < count && serve->hosts.count < CMD_TEXTS_MAX; i++) {
		const char *name = given->count ? given->at[i] : usual[i];
		char *room = serve->host_room[serve->hosts.count];
		(void)snprintf(room, sizeof serve->host_room[0], serve->port == 443 ? "%s" : "%s:%u", name,
			       serve->port);
		serve->hosts.at[serve->hosts.count++] = room;
	}
}

static struct err certificates(struct serve *serve)
{
	const struct serve_options *options = serve->options;
	static const char *const usual[] = {"localhost", "127.0.0.1"};
	char path[SERVE_PATH_SIZE];
	if (options->certificate) {
		TRY(open_for_web(options->certificate, &serve->certificate));
		return open_for_web(options->key, &serve->key);
	}
	struct web_ca ca;
	TRY(web_ca_ensure(path_in(serve, "tls", path), options->hosts.count ? options->hosts.at : usual,
			  options->hosts.count ? options->hosts.count : 2, 0, 0, &ca));
	if (ca.authority_made)
		log_info("authority=%s sha256=%s", ca.authority, ca.fingerprint);
	TRY(open_for_web(ca.certificate, &serve->certificate));
	return open_for_web(ca.key, &serve->key);
}

/* ---- the address, for people and tools ---- */

static struct err address_write(const struct serve *serve)
{
	char path[SERVE_PATH_SIZE];
	FILE *to = fopen(path_in(serve, "run/address", path), "we");
	if (!to)
		return FAIL_ERRNO("write %s", path);
	(void)fprintf(to, "https://%s\n", serve->hosts.at[0]);
	return fclose(to) == 0 ? OK : FAIL_ERRNO("write %s", path);
}

void serve_address(const char *directory, char ret_address[200])
{
	char path[SERVE_PATH_SIZE];
	(void)snprintf(path, sizeof path, "%s/run/address", directory);
	(void)snprintf(ret_address, 200, "https://localhost:8443");
	FILE *from = fopen(path, "re");
	if (!from)
		return;
	if (fgets(ret_address, 200, from))
		ret_address[strcspn(ret_address, "\n")] = 0;
	(void)fclose(from);
}

/* ---- the processes ---- */

static struct err prepare(struct serve *serve)
{
	TRY(folders(serve));
	TRY(folder_lock(serve));
	TRY(listen_on(serve->options->listen, &serve->web, &serve->port));
	TRY(tool_socket(serve, &serve->tools));
	hosts_make(serve);
	TRY(certificates(serve));
	TRY(metrics_token(serve, &serve->metrics));
	return address_write(serve);
}

static int supervise(struct serve *serve)
{
	const struct serve_options *options = serve->options;
	char reserve[24];
	(void)snprintf(reserve, sizeof reserve, "%llu", (unsigned long long)options->reserve_mb);
	const char *core[SERVE_ARGUMENTS_MAX] = {"legation",         "worker",       "core", "--dir",
						 options->directory, "--reserve-mb", reserve};
	size_t at = 7;
	if (options->code) {
		core[at++] = "--code";
		core[at++] = options->code;
	}
	if (options->origin) {
		core[at++] = "--origin";
		core[at++] = options->origin;
	}
	const char *query[] = {"legation", "worker", "query", "--dir", options->directory, NULL};
	const char *web[SERVE_ARGUMENTS_MAX] = {"legation", "worker", "web"};
	at = 3;
	for (size_t i = 0; i < serve->hosts.count; i++) {
		web[at++] = "--host";
		web[at++] = serve->hosts.at[i];
	}
	const char *verify[] = {"legation", "worker", "verify", "--dir", options->directory, NULL};
	const char *const password[] = {"legation", "worker", "password", NULL};
	const char *const osdp[] = {"legation", "worker", "osdp", NULL};
	struct supervisor_role roles[] = {
		{.role = WORKER_CORE, .arguments = core},
		{.role = WORKER_QUERY, .arguments = query, .peers = {WORKER_CORE}},
		{.role = WORKER_WEB, .arguments = web, .peers = {WORKER_CORE, WORKER_QUERY}},
		{.role = WORKER_PASSWORD, .arguments = password, .peers = {WORKER_CORE}},
		{.role = WORKER_VERIFY, .arguments = verify, .peers = {WORKER_CORE}},
		{.role = WORKER_OSDP, .arguments = osdp, .per_line = true, .peers = {WORKER_CORE}},
	};
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
		struct identity who = identity_of(roles[i].role);
		roles[i].uid = who.uid;
		roles[i].gid = who.gid;
	}
	struct supervisor_listener listeners[] = {
		{WORKER_WEB, serve->web, SERVE_WEB_LISTENER},  {WORKER_WEB, serve->certificate, SERVE_WEB_CERTIFICATE},
		{WORKER_WEB, serve->key, SERVE_WEB_KEY},       {WORKER_WEB, serve->metrics, SERVE_WEB_METRICS},
		{WORKER_CORE, serve->tools, SERVE_CORE_TOOLS},
	};
	struct supervisor_options supervisor = {
		.roles = roles,
		.role_count = sizeof roles / sizeof *roles,
		.listeners = listeners,
		.listener_count = sizeof listeners / sizeof *listeners,
		.line_open = osdp_line_open,
	};
	log_info("address=https://%s", serve->hosts.at[0]);
	return supervisor_run(&supervisor);
}

int serve_run(const struct serve_options *options)
{
	struct serve *serve = calloc(1, sizeof *serve);
	ENSURE(serve && sodium_init() >= 0);
	serve->options = options;
	log_start("supervisor", LOG_INFO);
	struct err e = prepare(serve);
	int code = failed(e) ? cmd_failed("serve") : supervise(serve);
	if (serve->served_already)
		code = SUPERVISOR_EXIT_REFUSED; /* starting again would not help, and systemd need not */
	free(serve);
	return code;
}

int cmd_serve(int argc, char **argv)
{
	struct serve_options serve;
	serve_defaults(&serve);
	const struct cmd_option options[] = {
		{"dir", CMD_TEXT, &serve.directory, "FOLDER", "the post's data (" CMD_DIRECTORY_DEFAULT ")"},
		{"code", CMD_TEXT, &serve.code, "CODE", "of a new post: 2 to 8 of A-Z, 0-9"},
		{"origin", CMD_TEXT, &serve.origin, "NAME", "of a new post's ledger (legation.invalid/CODE)"},
		{"listen", CMD_TEXT, &serve.listen, "ADDRESS:PORT", "where the console is served (127.0.0.1:8443)"},
		{"host", CMD_TEXTS, &serve.hosts, "NAME", "a name that browsers use; may be given several times"},
		{"certificate", CMD_TEXT, &serve.certificate, "FILE", "PEM; else a local authority is made"},
		{"key", CMD_TEXT, &serve.key, "FILE", "PEM, of that certificate"},
		{"reserve-mb", CMD_NUMBER, &serve.reserve_mb, "N", "kept for a full disk (64)"},
	};
	const struct cmd_usage usage = {
		"legation serve [options]",
		"Run a post until it is told to stop. The first start of a new post needs --code and makes its keys; "
		"it leaves the\n"
		"recovery key in FOLDER/recovery.key, to be taken off this machine. Then 'legation user link' lets the "
		"first\n"
		"administrator in.",
		options,
		sizeof options / sizeof *options,
		0,
		0,
	};
	(void)cmd_options(&usage, argc, argv, NULL);
	if ((serve.certificate == NULL) != (serve.key == NULL)) {
		(void)fprintf(stderr, "legation: --certificate and --key belong together\n");
		return CMD_USAGE;
	}
	return serve_run(&serve);
}
