#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- saying ---- */

void bench_fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)fprintf(stderr, "bench: ");
	(void)vfprintf(stderr, format, args);
	(void)fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

void bench_figure(const char *name, double value, const char *unit)
{
	double size = value < 0 ? -value : value;
	(void)printf("%s %.*f %s\n", name, size >= 1000 ? 0 : size >= 10 ? 1 : 3, value, unit);
	(void)fflush(stdout);
}

void bench_remark(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vprintf(format, args);
	(void)printf("\n");
	va_end(args);
	(void)fflush(stdout);
}

/* ---- folders and programs ---- */

void bench_path(char ret_path[BENCH_PATH_SIZE], const char *format, ...)
{
	char path[2 * BENCH_PATH_SIZE];
	va_list args;
	va_start(args, format);
	int size = vsnprintf(path, sizeof path, format, args);
	va_end(args);
	BENCH_NEED(size >= 0 && size < BENCH_PATH_SIZE, "%s: too long a path", path);
	memcpy(ret_path, path, (size_t)size + 1);
}

static int remove_one(const char *path, const struct stat *is, int kind, struct FTW *where)
{
	(void)is;
	(void)kind;
	(void)where;
	return remove(path);
}

void bench_folder_remove(const char *path)
{
	enum { FOLDERS_OPEN_MAX = 16 };
	if (nftw(path, remove_one, FOLDERS_OPEN_MAX, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		bench_fail("remove %s: %s", path, strerror(errno));
}

/* The folder that this program stands in. */
static void own_folder(char ret_path[BENCH_PATH_SIZE])
{
	ssize_t size = readlink("/proc/self/exe", ret_path, BENCH_PATH_SIZE - 1);
	BENCH_NEED(size > 0, "where do I stand?");
	ret_path[size] = 0;
	*strrchr(ret_path, '/') = 0;
}

static void folder_make(const char *path)
{
	BENCH_NEED(mkdir(path, 0755) == 0 || errno == EEXIST, "make %s: %s", path, strerror(errno));
}

void bench_folder_kept(const char *name, char ret_path[BENCH_PATH_SIZE])
{
	char own[BENCH_PATH_SIZE];
	own_folder(own);
	bench_path(ret_path, "%s/data", own);
	folder_make(ret_path);
	bench_path(ret_path, "%s/data/%s", own, name);
	folder_make(ret_path);
}

void bench_folder(const char *name, char ret_path[BENCH_PATH_SIZE])
{
	bench_folder_kept(name, ret_path);
	bench_folder_remove(ret_path);
	folder_make(ret_path);
}

void bench_program(const char *name, char ret_path[BENCH_PATH_SIZE])
{
	char own[BENCH_PATH_SIZE];
	own_folder(own);
	*strrchr(own, '/') = 0;
	bench_path(ret_path, "%s/%s", own, name);
	BENCH_NEED(access(ret_path, X_OK) == 0, "%s: build it first", ret_path);
}

pid_t bench_start(const char *program, const char *const *arguments, int in, int out, int err)
{
	pid_t child = fork();
	BENCH_NEED(child >= 0, "fork: %s", strerror(errno));
	if (child != 0)
		return child;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (in >= 0)
		(void)dup2(in, STDIN_FILENO);
	if (out >= 0)
		(void)dup2(out, STDOUT_FILENO);
	if (err >= 0)
		(void)dup2(err, STDERR_FILENO);
	execv(program, (char *const *)(uintptr_t)arguments);
	_exit(127);
}

void bench_stop(pid_t process)
{
	(void)kill(process, SIGTERM);
	for (int ms = 0; ms < BENCH_STOP_MS; ms += 10) {
		if (waitpid(process, NULL, WNOHANG) != 0)
			return;
		bench_sleep_s(0.01);
	}
	(void)kill(process, SIGKILL);
	(void)waitpid(process, NULL, 0);
}

/* ---- the server ---- */

/* The service manager's end of the readiness protocol. */
static int notify_listen(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	BENCH_NEED(strlen(path) < sizeof at.sun_path, "%s: too long for a socket's name; build in a folder nearer to /",
		   path);
	memcpy(at.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	BENCH_NEED(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0, "listen on %s: %s", path,
		   strerror(errno));
	return fd;
}

static void wait_ready(int notify, const struct bench_server *server)
{
	uint64_t until_us = clock_boot_us() + BENCH_READY_MS * UINT64_C(1000);
	while (clock_boot_us() < until_us) {
		char text[500];
		struct pollfd there = {.fd = notify, .events = POLLIN};
		if (poll(&there, 1, 200) == 1) {
			ssize_t size = recv(notify, text, sizeof text - 1, 0);
			text[size > 0 ? size : 0] = 0;
			if (strstr(text, "READY=1"))
				return;
		}
		if (waitpid(server->process, NULL, WNOHANG) == server->process)
			bench_fail("the server ended at once; see %s.log", server->folder);
	}
	bench_fail("the server was not ready in time; see %s.log", server->folder);
}

/* Which of its children is core? */
static pid_t core_find(pid_t supervisor)
{
	char path[100], line[4000];
	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", supervisor, supervisor);
	FILE *children = fopen(path, "re");
	BENCH_NEED(children && fgets(line, sizeof line, children), "the server has no children");
	(void)fclose(children);
	for (char *rest = line, *end; *rest; rest = end) {
		char command[200] = {0};
		long child = strtol(rest, &end, 10);
		if (end == rest)
			break;
		(void)snprintf(path, sizeof path, "/proc/%ld/cmdline", child);
		FILE *of = fopen(path, "re");
		size_t size = of ? fread(command, 1, sizeof command - 1, of) : 0;
		if (of)
			(void)fclose(of);
		for (size_t i = 0; i < size; i++)
			command[i] = command[i] ? command[i] : ' ';
		if (strstr(command, " worker core "))
			return (pid_t)child;
	}
	bench_fail("the server has no core");
}

void bench_server_start(const char *folder, struct bench_server *ret_server)
{
	char program[BENCH_PATH_SIZE], path[BENCH_PATH_SIZE];
	struct bench_server *server = ret_server;
	bench_path(server->folder, "%s", folder);
	bench_path(path, "%s.ready", folder);
	int notify = notify_listen(path);
	(void)setenv("NOTIFY_SOCKET", path, 1);
	bench_path(path, "%s.log", folder);
	int log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bench_program("legation", program);
	const char *arguments[] = {"legation",    "serve",  "--dir", folder, "--listen",
				   "127.0.0.1:0", "--code", "BNC",   NULL};
	double start_s = bench_now_s();
	server->process = bench_start(program, arguments, -1, log, log);
	wait_ready(notify, server);
	server->ready_ms = (bench_now_s() - start_s) * 1000;
	server->core = core_find(server->process);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)close(notify);
	(void)close(log);
}

void bench_server_stop(struct bench_server *server)
{
	bench_stop(server->process);
	server->process = 0;
}

struct client *bench_client(const struct bench_server *server)
{
	struct client *client;
	BENCH_OK(client_open(server->folder, &client));
	return client;
}

/* ---- memory ---- */

static uint64_t number_kb(const char *path, const char *line)
{
	char text[200];
	uint64_t found = 0;
	FILE *from = fopen(path, "re");
	while (from && fgets(text, sizeof text, from))
		if (strncmp(text, line, strlen(line)) == 0)
			found = strtoull(text + strlen(line), NULL, 10);
	if (from)
		(void)fclose(from);
	return found;
}

uint64_t bench_status_kb(pid_t process, const char *line)
{
	char path[100];
	(void)snprintf(path, sizeof path, "/proc/%d/status", process);
	return number_kb(path, line);
}

uint64_t bench_tree_kb(pid_t process, const char *line)
{
	char path[100], children[4000] = "";
	(void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", process);
	uint64_t sum = number_kb(path, line);
	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", process, process);
	FILE *from = fopen(path, "re");
	if (from && !fgets(children, sizeof children, from))
		children[0] = 0;
	if (from)
		(void)fclose(from);
	for (char *rest = children, *end; *rest; rest = end) {
		long child = strtol(rest, &end, 10);
		if (end == rest)
			break;
		sum += bench_tree_kb((pid_t)child, line);
	}
	return sum;
}

/* ---- samples ---- */

void bench_sample(struct bench_samples *samples, double value)
{
	if (samples->count == samples->room) {
		samples->room = samples->room ? 2 * samples->room : 1024;
		samples->at = realloc(samples->at, samples->room * sizeof *samples->at);
		ENSURE(samples->at);
	}
	samples->at[samples->count++] = value;
}

static int rising(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

double bench_percentile(struct bench_samples *samples, double percent)
{
	BENCH_NEED(samples->count > 0, "no samples");
	qsort(samples->at, samples->count, sizeof *samples->at, rising);
	double exact = (double)samples->count * percent / 100;
	size_t rank = (size_t)exact;
	rank += (double)rank < exact;
	return samples->at[rank > 0 ? rank - 1 : 0];
}

double bench_now_s(void)
{
	return (double)clock_boot_ns() / 1e9;
}

void bench_sleep_s(double seconds)
{
	struct timespec pause = {.tv_sec = (time_t)seconds,
				 .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
	while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
		;
}
