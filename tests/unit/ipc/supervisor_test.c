/* The supervisor over real processes: this program is also every worker of the post that it supervises
 * (supervised.c). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/child.h"
#include "ipc/notify.h"
#include "ipc/sandbox.h"
#include "ipc/supervisor.h"
#include "lib/tap.h"
#include "supervised.h"

enum {
	TEST_TICK_MS = 10,
	TEST_WAIT_MS = 8000,
	TEST_SAID_SIZE_MAX = 512 * 1024,
	TEST_NOBODY = 65534,
};

/* ==== the post ==== */

static char folder[] = "/tmp/legation-supervisor-XXXXXX";
static char *said; /* the file's text, read anew by every wait */
static pid_t supervisor;
static int listener = -1;

static struct err open_line(const char *address, uint32_t baud, int *ret_descriptor, bool *ret_paced)
{
	if (strcmp(address, "serial:/broken") == 0)
		return FAIL(ERR_NOT_FOUND, "no \"port\" at %s\n", address);
	*ret_descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
	*ret_paced = baud == 9600;
	return OK;
}

#define ROLE(role_, word, ...)                                                                                         \
	{                                                                                                              \
		.role = role_, .arguments = (const char *const[]){"test", "worker", word, NULL}, __VA_ARGS__           \
	}

static int supervise(bool own_users, uint32_t silence_ms)
{
	uid_t uid = own_users ? TEST_NOBODY : 0;
	struct supervisor_role roles[] = {
		ROLE(WORKER_CORE, "core", .uid = uid, .gid = uid),
		ROLE(WORKER_QUERY, "query", .uid = uid, .gid = uid, .peers = {WORKER_CORE}),
		ROLE(WORKER_WEB, "web", .uid = uid, .gid = uid, .peers = {WORKER_CORE, WORKER_QUERY}),
		ROLE(WORKER_PASSWORD, "password", .uid = uid, .gid = uid, .peers = {WORKER_CORE}),
		ROLE(WORKER_OSDP, "osdp", .uid = uid, .gid = uid, .peers = {WORKER_CORE}, .per_line = true),
	};
	struct supervisor_listener listeners[] = {{WORKER_WEB, listener, SUPERVISOR_LISTEN_DESCRIPTOR}};
	struct supervisor_options options = {
		.roles = roles,
		.role_count = sizeof roles / sizeof *roles,
		.listeners = listeners,
		.listener_count = 1,
		.line_open = open_line,
		.silence_ms = silence_ms,
		.start_ms = silence_ms * 2,
		.stop_ms = 500,
		.stop_core_ms = 2000,
	};
	log_start("supervisor", LOG_INFO);
	return supervisor_run(&options);
}

static void put_file(const char *name, const char *text)
{
	char temporary[96];
	(void)snprintf(temporary, sizeof temporary, ".%s", name);
	for (char *c = temporary + 1; *c; c++)
		if (*c == '/')
			*c = '_';
	int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	NEED(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text), "a file for the workers");
	close(file);
	NEED(rename(temporary, name) == 0, "in its place at once");
}

static void remove_files(void)
{
	DIR *dir = opendir(".");
	NEED(dir, "the test's folder");
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && unlink(entry->d_name) != 0)
			(void)rmdir(entry->d_name);
	closedir(dir);
}

static void post_start(uint32_t silence_ms)
{
	int file = open("said", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	NEED(file >= 0 && fchmod(file, 0666) == 0, "the file `said`");
	close(file);
	NEED(mkdir("osdp", 0755) == 0 || errno == EEXIST, "a folder for lines");
	fflush(stdout);
	supervisor = fork();
	if (supervisor == 0) {
		int log = open("log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
		(void)dup2(log, STDERR_FILENO);
		(void)dup2(log, 50); /* a descriptor that no worker may inherit */
		exit(supervise(geteuid() == 0, silence_ms));
	}
	NEED(supervisor > 0, "a supervisor");
}

static void read_said(void)
{
	int file = open("said", O_RDONLY | O_CLOEXEC);
	ssize_t size = read(file, said, TEST_SAID_SIZE_MAX - 1);
	close(file);
	said[size < 0 ? 0 : size] = '\0';
}

/* The n-th line (from 1) that worker `name` said and that holds `words`. */
static const char *find_said(const char *name, const char *words, int n)
{
	static char line[1000];
	for (const char *at = said; *at;) {
		const char *end = strchr(at, '\n');
		if (!end)
			return NULL;
		size_t size = (size_t)(end - at) < sizeof line ? (size_t)(end - at) : sizeof line - 1;
		memcpy(line, at, size);
		line[size] = '\0';
		at = end + 1;
		char who[32];
		if (sscanf(line, "%*u %31s", who) == 1 && strcmp(who, name) == 0 && strstr(line, words) && --n == 0)
			return line;
	}
	return NULL;
}

static const char *wait_said_nth(const char *name, const char *words, int n)
{
	uint64_t until_us = clock_boot_us() + TEST_WAIT_MS * UINT64_C(1000);
	const char *line;
	do {
		read_said();
		line = find_said(name, words, n);
		if (!line)
			usleep(TEST_TICK_MS * 1000);
	} while (!line && clock_boot_us() < until_us);
	return line;
}

static const char *wait_said(const char *name, const char *words)
{
	return wait_said_nth(name, words, 1);
}

static pid_t pid_in(const char *line)
{
	int pid = -1;
	NEED(line && sscanf(line, "%*u %*s %d", &pid) == 1, "a line with a pid");
	return pid;
}

static uint64_t time_in(const char *line)
{
	unsigned long long time_us = 0;
	NEED(line && sscanf(line, "%llu", &time_us) == 1, "a line with a time");
	return time_us;
}

static int count_said(const char *name, const char *words)
{
	read_said();
	int n = 0;
	while (find_said(name, words, n + 1))
		n++;
	return n;
}

static int supervisor_end(void)
{
	int status = 0;
	uint64_t until_us = clock_boot_us() + TEST_WAIT_MS * UINT64_C(1000);
	pid_t got = 0;
	while ((got = waitpid(supervisor, &status, WNOHANG)) == 0 && clock_boot_us() < until_us)
		usleep(TEST_TICK_MS * 1000);
	if (got == 0) {
		kill(supervisor, SIGKILL);
		(void)waitpid(supervisor, &status, 0);
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int post_stop(void)
{
	NEED(kill(supervisor, SIGTERM) == 0, "the supervisor is there");
	return supervisor_end();
}

static bool log_has(const char *words)
{
	static char text[64 * 1024];
	return supervised_read("log", text, sizeof text) && strstr(text, words) != NULL;
}

static bool gone(pid_t pid)
{
	for (int i = 0; i < 200; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			; /* orphans come to us */
		if (kill(pid, 0) != 0 && errno == ESRCH)
			return true;
		usleep(TEST_TICK_MS * 1000);
	}
	return false;
}

/* ==== tests ==== */

static void test_start(void)
{
	put_file("lines", "0 serial:/dev/ttyS0 9600\n1 tcp:127.0.0.1:4000 115200\n");
	post_start(3000);
	const char *web = wait_said("web", "start uid");
	NEED(web, "web starts");
	CHECK(strstr(web, geteuid() == 0 ? "uid=65534" : "uid=") != NULL,
	      "with its own user, if there is a root to give it");
	CHECK(strstr(web, "open= 0 1 2 3 4 listens=1") != NULL,
	      "it has its link, its listening socket and nothing more");
	CHECK(strstr(web, "notify=no") != NULL, "and no say with the service manager");
	const char *query = wait_said("query", "start uid");
	CHECK(query && strstr(query, "open= 0 1 2 3 listens=0"), "query has its link alone");
	CHECK(wait_said("web", "peer core") && wait_said("web", "peer query"), "web is linked to core and query");
	CHECK(wait_said("query", "peer core") && wait_said("query", "peer web"), "query to core and web");
	CHECK(wait_said("core", "heard hello from web") && wait_said("web", "heard hello from core"),
	      "core and web talk");
	CHECK(wait_said("query", "heard hello from web"), "web and query talk");
	CHECK(wait_said("password", "waited for core"), "a worker can wait for its peers");
	CHECK(wait_said("core", "heard hello from osdp/1 as 1"), "lines are started once core has named them");
	CHECK(wait_said("osdp/0", "heard hello from core"), "each with its link to core");
	CHECK(!find_said("osdp/0", "peer web", 1), "and to nobody else");
	CHECK(wait_said("core", "told osdp/1 started \"\""), "core is told of every start");
	CHECK(wait_said("core", "told core/0 started"), "of its own too");
}

static void test_lines(void)
{
	pid_t first = pid_in(wait_said("osdp/0", "start uid"));
	pid_t second = pid_in(wait_said("osdp/1", "start uid"));
	put_file("osdp/0", "line 1");
	CHECK(wait_said("osdp/0", "line 0 at 9600 paced open \"\""), "a worker gets its line opened");
	put_file("lines", "0 serial:/dev/ttyS0 9600\n1 tcp:127.0.0.1:4001 115200\n2 serial:/broken 9600\n");
	CHECK(wait_said("core", "told osdp/1 died \"its line changed\""), "a line that changes gets a new worker");
	CHECK(wait_said_nth("osdp/1", "start uid", 2), "at once");
	CHECK(wait_said("osdp/2", "start uid"), "a line that is added gets one");
	put_file("osdp/2", "line 1");
	CHECK(wait_said("osdp/2", "line 2 at 9600 wired \"no \"port\" at serial:/broken?\""),
	      "a line that cannot be opened is answered with why");
	put_file("osdp/2", "line 40");
	CHECK(wait_said("osdp/2", "asked too often"), "who asks too often is told so");
	put_file("lines", "0 serial:/dev/ttyS0 9600\n1 tcp:127.0.0.1:4001 115200\n");
	CHECK(wait_said("core", "told osdp/2 died \"its line was removed\""), "a line that goes takes its worker");
	CHECK(kill(first, 0) == 0 && kill(second, 0) != 0, "a line that stays keeps its worker");
	put_file("lines", "0 a 1\n0 b 2\n");
	usleep(100 * 1000);
	CHECK(kill(first, 0) == 0 && log_has("named twice"), "a list that names a line twice changes nothing");
	put_file("lines", "0 serial:/dev/ttyS0 9600\n1 tcp:127.0.0.1:4001 115200\n");
	put_file("osdp/0", "other line");
	CHECK(wait_said("core", "told osdp/0 died \"asked for a line that is not its own\""),
	      "nobody gets another's line");
	unlink("osdp/0");
	unlink("osdp/2");
	CHECK(wait_said_nth("osdp/0", "peer core", 2), "and is replaced");
}

static void test_deaths(void)
{
	NEED(kill(pid_in(wait_said("query", "start uid")), SIGKILL) == 0, "query is killed");
	CHECK(wait_said("core", "told query/0 died \"signal 9\" restarts=1"), "core is told how it died");
	CHECK(wait_said_nth("query", "peer web", 2) && wait_said_nth("web", "peer query", 2) &&
		      wait_said_nth("core", "peer query", 2),
	      "the next one has fresh links to both its peers");
	CHECK(wait_said("web", "lost query"), "the old link has ended");
	CHECK(count_said("web", "start uid") == 1 && count_said("core", "start uid") == 1, "nobody else is disturbed");
	for (int n = 2; n <= 6; n++)
		NEED(kill(pid_in(wait_said_nth("query", "start uid", n)), SIGKILL) == 0, "query is killed again");
	uint64_t started[8];
	for (int n = 1; n <= 7; n++)
		started[n] = time_in(wait_said_nth("query", "start uid", n));
	CHECK(started[4] - started[1] < 3000000, "three deaths restart at once (%llu ms)",
	      (unsigned long long)(started[4] - started[1]) / 1000);
	CHECK(started[5] - started[4] >= 250000 && started[6] - started[5] >= 500000 &&
		      started[7] - started[6] >= 1000000,
	      "more wait longer");
	CHECK(started[7] - started[6] < 4000000, "but never much longer than a second");
	put_file("web", "exit 3");
	CHECK(wait_said("core", "told web/0 died \"exit 3\""), "an exit is told as one");
	unlink("web");
}

static void test_misbehaviour(void)
{
	put_file("password", "malformed");
	CHECK(wait_said("core", "told password/0 died \"malformed message\""), "a malformed message ends its sender");
	put_file("password", "card");
	CHECK(wait_said("core", "told password/0 died \"unexpected message\""), "so does one out of place");
	put_file("password", "close");
	CHECK(wait_said("core", "told password/0 died \"closed its link\""), "so does a closed link, after a while");
	put_file("password", "forbidden");
	CHECK(wait_said("core", "told password/0 died \"signal 31: left its sandbox\""),
	      "leaving the sandbox is named");
	put_file("password", "silent");
	CHECK(wait_said("core", "told password/0 died \"silent for"), "a silent worker is killed");
	unlink("password");
	put_file("osdp/1", "lacks");
	CHECK(wait_said("core", geteuid() == 0 ? "told osdp/1 lacks \"landlock: not supported\""
					       : "told osdp/1 lacks \"own uid: not started as root; landlock"),
	      "what a sandbox lacks is passed on to core");
	usleep(100 * 1000);
	CHECK(count_said("core", "told osdp/1 lacks") == 1, "once, however often it is said");
	unlink("osdp/1");
}

static void test_core_death(void)
{
	read_said();
	int cores = count_said("core", "start uid");
	static const char *const names[] = {"query", "web", "password", "osdp/0", "osdp/1"};
	int before[5];
	for (size_t i = 0; i < 5; i++)
		before[i] = count_said(names[i], "start uid");
	int peers = count_said("web", "peer core");
	pid_t core = pid_in(wait_said_nth("core", "start uid", cores));
	uint64_t died_us = clock_boot_us();
	NEED(kill(core, SIGKILL) == 0, "core is killed");
	uint64_t last_us = time_in(wait_said_nth("core", "start uid", cores + 1));
	CHECK(last_us > died_us, "core is started again after %llu ms", (unsigned long long)(last_us - died_us) / 1000);
	for (size_t i = 0; i < 5; i++)
		CHECK(wait_said_nth(names[i], "start uid", before[i] + 1), "%s, who talked to it, begins anew",
		      names[i]);
	CHECK(wait_said_nth("web", "peer core", peers + 1), "linked to the new core");
	CHECK(log_has("how=\"core died\""), "the log says why");
	char words[64];
	(void)snprintf(words, sizeof words, "told core/0 died \"signal 9\" restarts=1");
	CHECK(wait_said("core", words), "the next core hears how the last one died");
	usleep(200 * 1000);
	for (size_t i = 0; i < 5; i++)
		CHECK(count_said(names[i], "start uid") == before[i] + 1, "%s is started no more than once", names[i]);
}

static void test_stop(void)
{
	put_file("core", "slow");
	put_file("osdp/0", "deaf");
	usleep(200 * 1000);
	pid_t core = pid_in(wait_said_nth("core", "start uid", count_said("core", "start uid")));
	pid_t web = pid_in(wait_said_nth("web", "start uid", count_said("web", "start uid")));
	CHECK(post_stop() == 0, "stopping ends well");
	const char *finished = wait_said("core", "finished");
	CHECK(finished && pid_in(finished) == core, "core finishes what it was at");
	uint64_t finished_us = time_in(finished);
	CHECK(wait_said("core", "told web/0 died \"stopped\""), "it was told of every stop");
	const char *line = wait_said("core", "told osdp/0 died \"stopped by force\"");
	CHECK(line && time_in(line) < finished_us, "after the last worker, a deaf one too, has ended");
	CHECK(gone(core) && gone(web), "nobody is left");
	CHECK(log_has("state=ended exit=0"), "the log says how it ended");
	unlink("core");
	unlink("osdp/0");
}

static void test_refusal(void)
{
	put_file("core.start", "exit 78");
	post_start(3000);
	CHECK(supervisor_end() == SUPERVISOR_EXIT_REFUSED,
	      "a core that refuses is not started again, and says so outside");
	CHECK(count_said("core", "start uid") == 1, "it was started once");
	put_file("core.start", "deaf");
	post_start(3000);
	NEED(wait_said("core", "start uid"), "core starts");
	pid_t core = pid_in(wait_said("core", "start uid"));
	NEED(wait_said("web", "start uid"), "web starts");
	NEED(kill(core, SIGSTOP) == 0, "core hangs");
	CHECK(post_stop() == 1, "a core that has to be killed is no clean stop");
	CHECK(gone(core), "it is killed all the same");
	unlink("core.start");
}

static void test_supervisor_death(void)
{
	post_start(3000);
	static const char *const names[] = {"core", "query", "web", "password", "osdp/0", "osdp/1"};
	pid_t pids[6];
	for (size_t i = 0; i < 6; i++) {
		NEED(wait_said(names[i], "start uid"), "%s starts", names[i]);
		pids[i] = pid_in(wait_said(names[i], "start uid"));
	}
	/* A worker that hears nothing any more does not see its link close: the kernel must end it. */
	for (size_t i = 0; i < 6; i++)
		put_file(names[i], "silent");
	usleep(200 * 1000);
	NEED(kill(supervisor, SIGKILL) == 0 && waitpid(supervisor, NULL, 0) == supervisor, "the supervisor is killed");
	for (size_t i = 0; i < 6; i++)
		if (!CHECK(gone(pids[i]), "%s ends with it", names[i]))
			(void)kill(pids[i], SIGKILL);
	for (size_t i = 0; i < 6; i++)
		unlink(names[i]);
}

static void test_interrupt(void)
{
	post_start(3000);
	NEED(wait_said("osdp/1", "peer core"), "it starts");
	NEED(kill(supervisor, SIGINT) == 0, "Ctrl-C");
	CHECK(supervisor_end() == 0, "stops it as well");
	/* A worker that never says it is ready. */
	put_file("query.start", "silent");
	post_start(1000);
	CHECK(wait_said("core", "told query/0 died \"silent for"), "who is silent from the start is killed too");
	unlink("query.start");
	CHECK(post_stop() == 0, "and it stops");
}

static int bind_notify(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = strlen(path);
	memcpy(address.sun_path, path, size);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (path[0] == '/'));
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	NEED(descriptor >= 0 && bind(descriptor, (struct sockaddr *)&address, length) == 0, "a manager's socket");
	return descriptor;
}

/* The datagrams until one of them is `last`, joined by spaces. */
static bool hears(int descriptor, const char *last, char *heard, size_t size_max)
{
	uint64_t until_us = clock_boot_us() + TEST_WAIT_MS * UINT64_C(1000);
	while (clock_boot_us() < until_us) {
		char words[500];
		struct pollfd wait = {descriptor, POLLIN, 0};
		if (poll(&wait, 1, 100) != 1)
			continue;
		ssize_t size = recv(descriptor, words, sizeof words - 1, 0);
		words[size < 0 ? 0 : size] = '\0';
		size_t at = strlen(heard);
		(void)snprintf(heard + at, size_max - at, "[%s]", words);
		if (strcmp(words, last) == 0)
			return true;
	}
	return false;
}

static void test_notify(const char *path)
{
	static char heard[16384];
	heard[0] = '\0';
	int manager = bind_notify(path);
	setenv("NOTIFY_SOCKET", path, 1);
	setenv("WATCHDOG_USEC", "200000", 1);
	post_start(3000);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	CHECK(hears(manager, "READY=1", heard, sizeof heard), "%s: READY=1", path);
	read_said();
	CHECK(find_said("core", "start uid", 1) && find_said("web", "start uid", 1), "after core and web have started");
	CHECK(strstr(heard, "[STATUS=0 of 4 workers ready]") != NULL, "with a status: %s", heard);
	heard[0] = '\0';
	uint64_t from_us = clock_boot_us();
	for (int i = 0; i < 5; i++)
		NEED(hears(manager, "WATCHDOG=1", heard, sizeof heard), "WATCHDOG=1");
	uint64_t took_us = clock_boot_us() - from_us;
	CHECK(took_us > 300000 && took_us < 4000000, "the watchdog is fed about every 100 ms (%llu ms for 5)",
	      (unsigned long long)took_us / 1000);
	NEED(kill(supervisor, SIGTERM) == 0, "stop");
	CHECK(hears(manager, "STOPPING=1", heard, sizeof heard), "STOPPING=1");
	CHECK(supervisor_end() == 0, "and it stops");
	close(manager);
}

static void test_notify_alone(void)
{
	struct notify notify;
	setenv("NOTIFY_SOCKET", "relative/path", 1);
	CHECK_FAILS(notify_open(&notify), ERR_INVALID, "neither", "an address that is none is refused");
	setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
	CHECK_FAILS(notify_open(&notify), ERR_NOT_FOUND, "/no/such/socket", "so is one that nobody listens at");
	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "20000", 1);
	CHECK(!failed(notify_open(&notify)) && notify_alive(&notify, 1) == UINT64_MAX,
	      "without a manager all is silent");
	notify_ready(&notify);
	notify_close(&notify);
	int manager = bind_notify("@legation-notify-test");
	setenv("NOTIFY_SOCKET", "@legation-notify-test", 1);
	setenv("WATCHDOG_USEC", "20000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	CHECK(!failed(notify_open(&notify)) && notify_alive(&notify, 1) == UINT64_MAX,
	      "another's watchdog is not ours");
	CHECK(!getenv("NOTIFY_SOCKET") && !getenv("WATCHDOG_PID"), "and nothing of it is passed on");
	notify_close(&notify);
	close(manager);
}

static void test_by_hand(void)
{
	struct child *child;
	CHECK_FAILS(child_start(WORKER_WEB, 0, &child), ERR_INVALID, "by hand", "a worker started by hand says so");
}

int main(int count, char **arguments)
{
	if (count >= 3 && strcmp(arguments[1], "worker") == 0)
		return supervised_main(arguments);
	said = malloc(TEST_SAID_SIZE_MAX);
	NEED(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, "orphans come to us");
	NEED(mkdtemp(folder) && chmod(folder, 0755) == 0 && chdir(folder) == 0, "a folder");
	setenv("LEGATION_TEST", folder, 1);
	test_by_hand();
	test_notify_alone();
	listener = socket(AF_INET, SOCK_STREAM, 0);
	NEED(listen(listener, 1) == 0, "a listening socket");
	test_start();
	test_lines();
	test_deaths();
	test_misbehaviour();
	test_core_death();
	test_stop();
	test_refusal();
	test_supervisor_death();
	test_interrupt();
	char path[64];
	(void)snprintf(path, sizeof path, "%s/notify", folder);
	test_notify(path);
	(void)snprintf(path, sizeof path, "@legation-test-%d", (int)getpid());
	test_notify(path);
	if (chdir("osdp") == 0)
		remove_files();
	NEED(chdir(folder) == 0, "back");
	remove_files();
	NEED(chdir("/") == 0, "away");
	(void)rmdir(folder);
	free(said);
	return tap_finish();
}
