/* cmd/demo.c - `legation demo`: one command, no hardware, no network; a fictional embassy and one link to click.
 *
 * It starts the real server and the real simulator, brings the post in by the same commands a technician uses, lets
 * people come and go, and at the end stops the server, verifies its ledger and compares its projections.
 */
#include "cmd/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/serve.h"
#include "ledger/read.h"
#include "ledger/verify.h"
#include "user/user.h"

enum {
	DEMO_PATH_SIZE = 512,
	DEMO_READY_MS = 20 * 1000,
	DEMO_LINE_SIZE = 8192,
	DEMO_STOP_MS = 15 * 1000,
	DEMO_SETTLE_MS = 1500, /* what is under way at the end may finish */
};

struct demo {
	const char *folder;
	const char *listen;
	uint64_t for_s;
	bool json;
	char made[DEMO_PATH_SIZE]; /* the temporary folder */
	char post[DEMO_PATH_SIZE]; /* the server's data */
	char simulator[DEMO_PATH_SIZE];
	pid_t server, readers;
	FILE *orders, *news;
	struct demo_site site;
	struct demo_day day;
};

static volatile sig_atomic_t told_to_stop;

static void on_stop(int number)
{
	(void)number;
	told_to_stop = 1;
}

/* ---- folder ---- */

static struct err file_write(const char *folder, const struct demo_file *file)
{
	char path[DEMO_PATH_SIZE + 100];
	(void)snprintf(path, sizeof path, "%s/%s", folder, file->name);
	FILE *to = fopen(path, "we");
	if (!to)
		return FAIL_ERRNO("write %s", path);
	bool good = fwrite(file->at, 1, file->size, to) == file->size;
	return fclose(to) == 0 && good ? OK : FAIL_ERRNO("write %s", path);
}

static struct err folder_make(struct demo *demo)
{
	if (demo->folder) {
		(void)snprintf(demo->made, sizeof demo->made, "%s", demo->folder);
		if (mkdir(demo->made, 0755) != 0 && errno != EEXIST)
			return FAIL_ERRNO("make the folder %s", demo->made);
	} else {
		(void)snprintf(demo->made, sizeof demo->made, "/tmp/legation-demo-XXXXXX");
		if (!mkdtemp(demo->made))
			return FAIL_ERRNO("make the folder %s", demo->made);
	}
	if (chmod(demo->made, 0755) != 0) /* the server's users pass through it to their own folder */
		return FAIL_ERRNO("set the mode of %s", demo->made);
	(void)snprintf(demo->post, sizeof demo->post, "%.400s/post", demo->made);
	for (const struct demo_file *file = demo_post_files; file->name; file++)
		TRY(file_write(demo->made, file));
	return OK;
}

/* ---- processes ---- */

static pid_t start(const char *program, char *const *arguments, int in, int out, int log)
{
	pid_t child = fork();
	if (child != 0)
		return child;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (in >= 0)
		(void)dup2(in, STDIN_FILENO);
	if (out >= 0)
		(void)dup2(out, STDOUT_FILENO);
	if (log >= 0)
		(void)dup2(log, STDERR_FILENO);
	execv(program, arguments);
	_exit(127);
}

static int log_open(const struct demo *demo, const char *name)
{
	char path[DEMO_PATH_SIZE + 40];
	(void)snprintf(path, sizeof path, "%s/%s", demo->made, name);
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

/* sim-reader stands beside us. */
static struct err simulator_find(struct demo *demo)
{
	char self[400];
	ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
	if (size < 0)
		return FAIL_ERRNO("find our own program");
	self[size] = 0;
	*strrchr(self, '/') = 0;
	(void)snprintf(demo->simulator, sizeof demo->simulator, "%s/sim-reader", self);
	return access(demo->simulator, X_OK) == 0 ? OK : FAIL_ERRNO("%s: build it first", demo->simulator);
}

static struct err lines_taken(struct demo *demo, const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	json_t *lines = json_object_get(json, "lines");
	size_t index;
	json_t *line;
	json_array_foreach(lines, index, line)
	{
		const char *path = json_string_value(json_object_get(line, "pty"));
		if (index >= DEMO_LINES_MAX)
			break;
		if (path)
			(void)snprintf(demo->site.addresses[index], sizeof demo->site.addresses[0], "serial:%s", path);
		else
			(void)snprintf(demo->site.addresses[index], sizeof demo->site.addresses[0],
				       "tcp:127.0.0.1:%lld",
				       (long long)json_integer_value(json_object_get(line, "port")));
	}
	bool good = lines && json_array_size(lines) == demo->site.post.lines.count;
	json_decref(json);
	return good ? OK : FAIL(ERR_INVALID, "the simulator did not open its lines: %.200s", text);
}

static struct err simulator_start(struct demo *demo)
{
	char config[DEMO_PATH_SIZE + 40], line[DEMO_LINE_SIZE];
	int in[2], out[2];
	TRY(simulator_find(demo));
	(void)snprintf(config, sizeof config, "%s/readers.json", demo->made);
	TRY(demo_site_write(&demo->site, config));
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return FAIL_ERRNO("make a pipe");
	char *arguments[] = {demo->simulator,       (char *)"--config",  config,           (char *)"--quiet",
			     (char *)"--until-eof", (char *)"--summary", (char *)"--json", NULL};
	demo->readers = start(demo->simulator, arguments, in[0], out[1], log_open(demo, "readers.log"));
	(void)close(in[0]);
	(void)close(out[1]);
	demo->orders = fdopen(in[1], "w");
	demo->news = fdopen(out[0], "r");
	ENSURE(demo->orders && demo->news);
	if (!fgets(line, sizeof line, demo->news))
		return FAIL(ERR_CLOSED, "the simulator ended at once; see %s/readers.log", demo->made);
	return lines_taken(demo, line);
}

static struct err server_start(struct demo *demo)
{
	char self[] = "/proc/self/exe";
	char *arguments[] = {(char *)"legation",
			     (char *)"serve",
			     (char *)"--dir",
			     demo->post,
			     (char *)"--listen",
			     (char *)(uintptr_t)demo->listen,
			     (char *)"--reserve-mb",
			     (char *)"16",
			     (char *)"--code",
			     arena_string(demo->site.arena, demo->site.post.code),
			     NULL};
	demo->server = start(self, arguments, -1, -1, log_open(demo, "server.log"));
	return demo->server > 0 ? OK : FAIL_ERRNO("start the server");
}

/* Connect as soon as somebody answers. */
static struct err server_wait(struct demo *demo, struct client **ret_client)
{
	struct err e = OK;
	for (int ms = 0; ms < DEMO_READY_MS && !told_to_stop; ms += 50) {
		int status;
		if (waitpid(demo->server, &status, WNOHANG) == demo->server) {
			demo->server = 0;
			return FAIL(ERR_CLOSED, "the server ended at once; see %s/server.log", demo->made);
		}
		e = client_open(demo->post, ret_client);
		if (!failed(e))
			return OK;
		(void)usleep(50 * 1000);
	}
	return e;
}

static void stop(pid_t *process)
{
	if (*process <= 0)
		return;
	(void)kill(*process, SIGTERM);
	for (int ms = 0; ms < DEMO_STOP_MS; ms += 20) {
		if (waitpid(*process, NULL, WNOHANG) != 0) {
			*process = 0;
			return;
		}
		(void)usleep(20 * 1000);
	}
	(void)kill(*process, SIGKILL);
	(void)waitpid(*process, NULL, 0);
	*process = 0;
}

/* ---- the link ---- */

static struct err link_print(const struct demo *demo, struct client *client)
{
	struct user_recover_request request = {0};
	json_t *reply;
	char address[200];
	TRY(client_ask_json(client, "user_recover", &request, &reply));
	serve_address(demo->post, address);
	/* Where the object of figures is wanted, standard output is for that alone. */
	FILE *to = demo->json ? stderr : stdout;
	(void)fprintf(to, "\n  %.*s, a fictional post\n\n  %s%s\n\n", SPAN_ARGS(demo->site.post.name), address,
		      json_string_value(json_object_get(reply, "link")));
	(void)fprintf(to,
		      "  The link works once. The certificate is this demo's own: your browser will ask.\n"
		      "  Data: %s\n%s\n",
		      demo->made, demo->for_s ? "" : "  Ctrl-C ends it.\n");
	(void)fflush(to);
	json_decref(reply);
	return OK;
}

/* ---- running ---- */

static void wait_until(uint64_t boot_us)
{
	uint64_t now = clock_boot_us();
	if (boot_us > now) {
		struct timespec pause = {.tv_sec = (time_t)((boot_us - now) / 1000000),
					 .tv_nsec = (long)((boot_us - now) % 1000000 * 1000)};
		(void)nanosleep(&pause, NULL);
	}
}

static struct err run(struct demo *demo)
{
	uint64_t end_us = demo->for_s ? clock_boot_us() + demo->for_s * 1000000 : UINT64_MAX;
	demo_day_start(&demo->day, &demo->site, demo->orders);
	while (!told_to_stop && clock_boot_us() < end_us) {
		uint64_t next_us = demo_day_go_on(&demo->day, clock_boot_us());
		wait_until(next_us < end_us ? next_us : end_us);
		if (waitpid(demo->server, NULL, WNOHANG) == demo->server) {
			demo->server = 0;
			return FAIL(ERR_CLOSED, "the server ended; see %s/server.log", demo->made);
		}
	}
	wait_until(clock_boot_us() + DEMO_SETTLE_MS * 1000);
	return OK;
}

/* ---- figures ---- */

struct figures {
	uint64_t entries, grants, denials;
	json_t *simulator;
	char root[2 * LEDGER_HASH_SIZE + 1];
	bool verified, fsck;
};

static struct err count_type(struct store *store, const char *type, uint64_t *ret_count)
{
	struct store_statement *count;
	bool row;
	TRY(store_statement(store, "SELECT count(*) FROM ledger_index WHERE type = $1", &count));
	store_bind_text(count, 1, span_of_string(type));
	TRY(store_step(count, &row));
	*ret_count = row ? store_column_u64(count, 0) : 0;
	return store_done(count);
}

static struct err ledger_figures(const struct demo *demo, struct figures *figures)
{
	char path[DEMO_PATH_SIZE + 40];
	struct store *store;
	struct keys_root root;
	struct store_options options = {.mode = STORE_READ};
	static struct ledger_report report;
	(void)snprintf(path, sizeof path, "%s/" CORE_ROOT_KEY, demo->post);
	TRY(keys_root_load(path, &root));
	(void)snprintf(path, sizeof path, "%s/" CORE_DATABASE, demo->post);
	TRY(store_open(path, &options, &store));
	struct ledger_verify_options verify = {.root = &root};
	struct err e = ledger_verify(store, &verify, &report);
	if (!failed(e))
		e = count_type(store, "access.granted", &figures->grants);
	if (!failed(e))
		e = count_type(store, "access.denied", &figures->denials);
	keys_root_wipe(&root);
	store_close(store);
	TRY(e);
	figures->entries = report.entries;
	figures->verified = report.finding_total == 0 && report.size == report.entries;
	struct sink s = sink_of(figures->root, sizeof figures->root - 1);
	sink_hex(&s, ledger_hash_span(&report.root));
	return OK;
}

static struct err fsck_figures(const struct demo *demo, struct figures *figures)
{
	struct core_options options = cmd_core_options(demo->post);
	struct core_rebuilt rebuilt;
	TRY(core_rebuild(&options, &rebuilt));
	figures->fsck = rebuilt.differences == 0;
	if (!figures->fsck)
		(void)fprintf(stderr, "legation: fsck: %s\n", rebuilt.first);
	return OK;
}

static json_t *simulator_summary(struct demo *demo)
{
	char line[DEMO_LINE_SIZE];
	json_t *summary = NULL;
	(void)fclose(demo->orders);
	demo->orders = NULL;
	while (!summary && fgets(line, sizeof line, demo->news)) {
		json_t *news = json_loads(line, 0, NULL);
		const char *what = json_string_value(json_object_get(news, "happening"));
		if (what && strcmp(what, "summary") == 0)
			summary = news;
		else
			json_decref(news);
	}
	return summary;
}

static double figure_ms(const struct figures *figures, const char *name)
{
	return (double)json_integer_value(json_object_get(figures->simulator, name)) / 1000.0;
}

static void print(const struct demo *demo, const struct figures *figures)
{
	long long swipes = (long long)json_integer_value(json_object_get(figures->simulator, "cards_sent"));
	if (demo->json) {
		(void)printf(
			"{\"entries\":%llu,\"swipes\":%lld,\"grants\":%llu,\"denials\":%llu,\"unlock_p50_ms\":%.3f,"
			"\"unlock_p99_ms\":%.3f,\"ledger_size\":%llu,\"ledger_root\":\"%s\",\"verified\":%s,\"fsck\":%"
			"s}\n",
			(unsigned long long)figures->entries, swipes, (unsigned long long)figures->grants,
			(unsigned long long)figures->denials, figure_ms(figures, "latency_p50_us"),
			figure_ms(figures, "latency_p99_us"), (unsigned long long)figures->entries, figures->root,
			figures->verified ? "true" : "false", figures->fsck ? "true" : "false");
		return;
	}
	(void)printf("\n  %lld swipes, %llu granted, %llu denied; unlock after %.2f ms (p50), %.2f ms (p99)\n"
		     "  %llu entries, verified: %s, projections: %s\n",
		     swipes, (unsigned long long)figures->grants, (unsigned long long)figures->denials,
		     figure_ms(figures, "latency_p50_us"), figure_ms(figures, "latency_p99_us"),
		     (unsigned long long)figures->entries, figures->verified ? "sound" : "NOT SOUND",
		     figures->fsck ? "as the entries say" : "NOT as the entries say");
}

static struct err conclude(struct demo *demo, bool *ret_good)
{
	struct figures figures = {0};
	figures.simulator = simulator_summary(demo);
	stop(&demo->server);
	struct err e = ledger_figures(demo, &figures);
	if (!failed(e))
		e = fsck_figures(demo, &figures);
	if (!failed(e)) {
		print(demo, &figures);
		*ret_good = figures.verified && figures.fsck && figures.grants > 0;
	}
	json_decref(figures.simulator);
	return e;
}

/* ---- the command ---- */

static struct err live(struct demo *demo, bool *ret_good)
{
	struct client *client = NULL;
	TRY(folder_make(demo));
	TRY(demo_site_read(&demo->site, demo->made));
	TRY(simulator_start(demo));
	TRY(server_start(demo));
	TRY(server_wait(demo, &client));
	struct err e = demo_site_import(&demo->site, client);
	if (!failed(e))
		e = link_print(demo, client);
	client_close(client);
	TRY(e);
	TRY(run(demo));
	return conclude(demo, ret_good);
}

static void listen_for_stop(void)
{
	struct sigaction act = {.sa_handler = on_stop};
	ENSURE(sigaction(SIGINT, &act, NULL) == 0 && sigaction(SIGTERM, &act, NULL) == 0);
	(void)signal(SIGPIPE, SIG_IGN);
}

int cmd_demo(int argc, char **argv)
{
	static struct demo demo = {.listen = "127.0.0.1:8443"};
	bool good = false;
	const struct cmd_option options[] = {
		{"dir", CMD_TEXT, &demo.folder, "FOLDER", "keep everything there (a new folder below /tmp)"},
		{"listen", CMD_TEXT, &demo.listen, "ADDRESS:PORT", "where the console is served (127.0.0.1:8443)"},
		{"for", CMD_DURATION, &demo.for_s, "TIME", "run for so long, without a person: 20s, 5m"},
		{"json", CMD_FLAG, &demo.json, NULL, "print the figures at the end as one JSON object"},
	};
	const struct cmd_usage usage = {
		"legation demo [options]",
		"Start a fictional embassy: the real server, simulated readers that speak the real protocol, and "
		"people who come\n"
		"and go. It prints one link. At the end the ledger is verified and every projection is compared with "
		"it.",
		options,
		sizeof options / sizeof *options,
		0,
		0,
	};
	(void)cmd_options(&usage, argc, argv, NULL);
	listen_for_stop();
	struct err e = live(&demo, &good);
	int code = failed(e) ? cmd_failed("demo") : good ? CMD_GOOD : CMD_BAD;
	stop(&demo.server);
	stop(&demo.readers);
	demo_site_free(&demo.site);
	return code;
}
