/* bench/ledger.c - how many durable entries a second, and how many SQLite alone would make of the same rows.
 *
 * Eight producers, each a process of its own, put remarks on record through the tool socket of the real server, with
 * several requests in flight each: 4 for ledger.ratio, and 1 and 16 beside it, because larger batches share a flush
 * among more entries and so weigh our work, smaller ones the disk's. An entry counts when its answer has come, and
 * answers leave core only after the commit.
 *
 * The floor (bench/bare.h) takes a copy of the database as it was before the round and writes the same rows into it:
 * entry, its index, the tree's tiles, the checkpoint's row, with a commit wherever core made one. The sizes of core's
 * batches come from the database itself: each commit counts up a number in SQLite's shared index of the log
 * (iChange), which we watch, and then the checkpoint's row says how many entries there are. A commit that we miss
 * makes a batch look larger, which makes the floor faster, never slower; how many were missed is printed.
 *
 * Rounds of server and floor alternate, so that what else the machine does hits both; the figures are medians of the
 * rounds.
 *
 * Fair or not: the floor's one process has the machine for itself, while core shares it with eight producers, web
 * (which gets every line for the consoles) and the supervisor.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bare.h"
#include "bench/bench.h"
#include "cmd/cmd.h"
#include "core/pages.h"

enum {
	PRODUCERS = 8,
	IN_FLIGHT = 4, /* requests of one producer that wait for their answer */
	IN_FLIGHT_FEW = 1,
	IN_FLIGHT_MANY = 16,
	ROUND_ENTRIES = 1500, /* of one producer */
	ROUNDS = 11,
	WARM_ROUNDS = 2,
	WATCH_NS = 150 * 1000,
	CHANGE_OFFSET = 8,                /* of iChange in the -shm file: sqlite.org/walformat.html, section 2.1 */
	WAL_BYTES_MAX = 48 * 1024 * 1024, /* LOOP_WAL_BYTES_MAX of core/loop.c */
	REST_MS = 300,                    /* in which core copies its log */
};

static const char remark[] =
	"Remark for the bench: somebody changed the battery of the reader at the gate, and puts that on "
	"record.";

struct result {
	double start_s, end_s;
};

/* One round: wall seconds, and processor seconds of core or of the floor's loop. */
struct took {
	double wall_s, cpu_s;
};

struct batches {
	size_t *size;
	size_t count, room;
	uint32_t commits; /* as SQLite counted them */
};

struct watch {
	sqlite3 *reader;
	const volatile uint32_t *change;
};

struct bench {
	char folder[BENCH_PATH_SIZE], post[BENCH_PATH_SIZE], database[BENCH_PATH_SIZE], copy[BENCH_PATH_SIZE];
	struct bench_server server;
	struct watch watch;
	struct bench_samples ratio, per_s, floor_per_s, batch, cpu_us, floor_cpu_us, floor_wait_us;
};

/* ---- producers ---- */

static uint32_t remark_route(void)
{
	uint32_t number = 0;
	for (size_t m = 0; m < cmd_module_count; m++)
		for (size_t i = 0; i < cmd_modules[m]->route_count; i++, number++)
			if (strcmp(cmd_modules[m]->routes[i].route.name, "core_remark") == 0)
				return number;
	bench_fail("there is no route core_remark");
}

static struct link *connect_tool(const char *folder)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	BENCH_NEED(snprintf(to.sun_path, sizeof to.sun_path, "%s/run/tool.sock", folder) < (int)sizeof to.sun_path,
		   "%s: too long for a socket's name", folder);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	BENCH_NEED(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "%s: %s", to.sun_path,
		   strerror(errno));
	return link_open(fd, "core");
}

static void produce(struct link *link, uint32_t route, struct span body, size_t in_flight_max)
{
	struct arena *arena = arena_new(LINK_MESSAGE_SIZE_MAX * 2);
	size_t sent = 0, answered = 0;
	while (answered < ROUND_ENTRIES) {
		struct message message;
		for (; sent < ROUND_ENTRIES && sent - answered < in_flight_max; sent++) {
			struct request request = {.call = sent + 1, .route = route, .body = body};
			BENCH_OK(link_send(link, MESSAGE_REQUEST, &request));
		}
		BENCH_OK(link_wait(link, arena, 30000, &message));
		for (bool there = true; there;) {
			const struct answer *answer = message.body;
			BENCH_NEED(message.kind == MESSAGE_ANSWER && answer->status == 200, "a remark was refused");
			answered++;
			arena_reset(arena);
			BENCH_OK(link_receive(link, arena, &message, &there));
		}
	}
	arena_free(arena);
}

/* One round for each byte that comes; what it took goes back. */
static void producer(const char *folder, size_t in_flight_max, int orders, int results)
{
	uint8_t room[4096];
	struct sink s = SINK_OF(room);
	struct core_remark_request request = {.text = SPAN_TEXT(remark)};
	shape_write_binary(&s, &core_remark_request_shape, &request);
	struct link *link = connect_tool(folder);
	uint32_t route = remark_route();
	for (char order; read(orders, &order, 1) == 1;) {
		struct result result = {.start_s = bench_now_s()};
		produce(link, route, sink_span(&s), in_flight_max);
		result.end_s = bench_now_s();
		if (write(results, &result, sizeof result) != sizeof result)
			break;
	}
	_exit(0);
}

struct producers {
	pid_t process[PRODUCERS];
	int orders[PRODUCERS];
	int results;
};

static void producers_start(const char *folder, size_t in_flight_max, struct producers *ret_producers)
{
	int results[2];
	BENCH_NEED(pipe2(results, O_CLOEXEC | O_NONBLOCK) == 0, "pipe");
	for (size_t i = 0; i < PRODUCERS; i++) {
		int orders[2];
		BENCH_NEED(pipe2(orders, O_CLOEXEC) == 0, "pipe");
		pid_t child = fork();
		BENCH_NEED(child >= 0, "fork");
		if (child == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
			(void)close(orders[1]);
			for (size_t other = 0; other < i; other++)
				(void)close(ret_producers->orders[other]);
			producer(folder, in_flight_max, orders[0], results[1]);
		}
		(void)close(orders[0]);
		ret_producers->process[i] = child;
		ret_producers->orders[i] = orders[1];
	}
	(void)close(results[1]);
	ret_producers->results = results[0];
}

static void producers_stop(struct producers *producers)
{
	for (size_t i = 0; i < PRODUCERS; i++) {
		(void)close(producers->orders[i]);
		(void)waitpid(producers->process[i], NULL, 0);
	}
	(void)close(producers->results);
}

/* ---- processor time ---- */

/* Seconds that a process of one thread has run: the scheduler's own count, in nanoseconds. */
static double cpu_of(pid_t process)
{
	char path[60], text[200];
	(void)snprintf(path, sizeof path, "/proc/%d/schedstat", process);
	FILE *from = fopen(path, "re");
	BENCH_NEED(from && fgets(text, sizeof text, from), "core has gone");
	(void)fclose(from);
	return (double)strtoull(text, NULL, 10) / 1e9;
}

static double own_cpu(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- watching the commits ---- */

static void watch_open(const char *database, struct watch *ret_watch)
{
	char path[BENCH_PATH_SIZE];
	ret_watch->reader = bare_open_reader(database);
	(void)bare_size(ret_watch->reader);
	bench_path(path, "%s-shm", database);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	BENCH_NEED(fd >= 0, "open %s: %s", path, strerror(errno));
	const uint8_t *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	BENCH_NEED(at != MAP_FAILED, "map %s: %s", path, strerror(errno));
	(void)close(fd);
	ret_watch->change = (const volatile uint32_t *)(const volatile void *)(at + CHANGE_OFFSET);
	(void)prctl(PR_SET_TIMERSLACK, 1000);
}

static void batch_add(struct batches *batches, size_t size)
{
	if (batches->count == batches->room) {
		batches->room = batches->room ? 2 * batches->room : 1024;
		batches->size = realloc(batches->size, batches->room * sizeof *batches->size);
		ENSURE(batches->size);
	}
	batches->size[batches->count++] = size;
}

/* Let the producers run one round.
 * gives   the seconds from the first request to the last answer, and the batches.
 */
static struct took round_run(const struct bench *bench, const struct producers *producers, struct batches *ret_batches)
{
	const struct watch *watch = &bench->watch;
	double cpu_s = cpu_of(bench->server.core);
	uint64_t size = bare_size(watch->reader);
	uint32_t change = *watch->change, change_first = change;
	double start_s = 1e18, end_s = 0;
	ret_batches->count = 0;
	for (size_t i = 0; i < PRODUCERS; i++)
		BENCH_NEED(write(producers->orders[i], "", 1) == 1, "a producer has gone");
	for (size_t done = 0; done < PRODUCERS;) {
		struct result result;
		struct timespec pause = {.tv_nsec = WATCH_NS};
		if (read(producers->results, &result, sizeof result) == sizeof result) {
			start_s = result.start_s < start_s ? result.start_s : start_s;
			end_s = result.end_s > end_s ? result.end_s : end_s;
			done++;
		}
		if (*watch->change != change) {
			change = *watch->change;
			uint64_t now = bare_size(watch->reader);
			if (now > size)
				batch_add(ret_batches, (size_t)(now - size));
			size = now;
		} else if (done < PRODUCERS) {
			(void)nanosleep(&pause, NULL);
		}
		int status;
		for (size_t i = 0; i < PRODUCERS; i++)
			BENCH_NEED(waitpid(producers->process[i], &status, WNOHANG) == 0, "a producer ended");
	}
	ret_batches->commits = *watch->change - change_first;
	return (struct took){.wall_s = end_s - start_s, .cpu_s = cpu_of(bench->server.core) - cpu_s};
}

/* ---- the floor ---- */

static struct took floor_run(const char *copy, const struct bare_rows *rows, const struct batches *batches)
{
	struct bare bare;
	bare_open(copy, &bare);
	double start_s = bench_now_s(), cpu_s = own_cpu();
	size_t at = 0;
	for (size_t batch = 0; batch < batches->count; batch++) {
		bare_begin(&bare);
		for (size_t i = 0; i < batches->size[batch]; i++)
			bare_write(&bare, rows, &rows->at[at++]);
		bare_commit(&bare, rows, rows->first + at);
		bare_tidy(&bare, WAL_BYTES_MAX);
	}
	struct took took = {.wall_s = bench_now_s() - start_s, .cpu_s = own_cpu() - cpu_s};
	bare_close(&bare);
	return took;
}

/* ---- together ---- */

static int rising(const void *a, const void *b)
{
	size_t left = *(const size_t *)a, right = *(const size_t *)b;
	return (left > right) - (left < right);
}

static void batches_remark(int number, double per_s, double floor_per_s, struct batches *batches)
{
	qsort(batches->size, batches->count, sizeof *batches->size, rising);
	bench_remark("round %d: %.0f/s over %.0f/s = %.3f; %zu batches seen of %u, median %zu, largest %zu", number,
		     per_s, floor_per_s, per_s / floor_per_s, batches->count, batches->commits,
		     batches->size[batches->count / 2], batches->size[batches->count - 1]);
}

static void round_both(struct bench *bench, int number, const struct producers *producers)
{
	static struct batches batches;
	struct bare_rows rows;
	bench_sleep_s(REST_MS / 1000.0);
	bare_copy(bench->database, bench->copy);
	uint64_t first = bare_size(bench->watch.reader);
	struct took took = round_run(bench, producers, &batches);
	uint64_t end = bare_size(bench->watch.reader);
	BENCH_NEED(end - first >= PRODUCERS * ROUND_ENTRIES, "entries are missing");
	if (number < 0)
		return;
	bare_rows_load(bench->database, first, end, &rows);
	struct took floor = floor_run(bench->copy, &rows, &batches);
	double per_s = (double)rows.count / took.wall_s, floor_per_s = (double)rows.count / floor.wall_s;
	bench_sample(&bench->ratio, per_s / floor_per_s);
	bench_sample(&bench->per_s, per_s);
	bench_sample(&bench->floor_per_s, floor_per_s);
	bench_sample(&bench->cpu_us, took.cpu_s * 1e6 / (double)rows.count);
	bench_sample(&bench->floor_cpu_us, floor.cpu_s * 1e6 / (double)rows.count);
	bench_sample(&bench->floor_wait_us, (floor.wall_s - floor.cpu_s) * 1e6 / (double)batches.count);
	bench_sample(&bench->batch, (double)rows.count / (double)batches.count);
	batches_remark(number, per_s, floor_per_s, &batches);
	bare_rows_free(&rows);
}

/* All rounds with so many requests in flight, in a post of their own. */
static void run(struct bench *bench, size_t in_flight_max)
{
	struct producers producers;
	bench_folder("ledger", bench->folder);
	bench_path(bench->post, "%s/post", bench->folder);
	bench_path(bench->database, "%s/data/legation.db", bench->post);
	bench_path(bench->copy, "%s/floor.db", bench->folder);
	bench_server_start(bench->post, &bench->server);
	producers_start(bench->post, in_flight_max, &producers);
	watch_open(bench->database, &bench->watch);
	bench_remark("%d producers, %zu requests in flight each, rounds of %d entries", PRODUCERS, in_flight_max,
		     PRODUCERS * ROUND_ENTRIES);
	for (int i = 0; i < WARM_ROUNDS + ROUNDS; i++)
		round_both(bench, i - WARM_ROUNDS, &producers);
	(void)sqlite3_close(bench->watch.reader);
	producers_stop(&producers);
	bench_server_stop(&bench->server);
	bench_folder_remove(bench->folder);
}

static void say(const char *name, struct bench_samples *samples, const char *unit)
{
	bench_figure(name, bench_percentile(samples, 50), unit);
}

int main(int argc, char **argv)
{
	static struct bench main_one, few, many;
	size_t in_flight_max = argc > 1 ? strtoul(argv[1], NULL, 10) : IN_FLIGHT;
	BENCH_NEED(in_flight_max > 0, "usage: bench-ledger [REQUESTS IN FLIGHT OF EACH PRODUCER]");
	run(&main_one, in_flight_max);
	say("ledger.ratio", &main_one.ratio, "x");
	bench_figure("ledger.ratio_least", main_one.ratio.at[0], "x");
	bench_figure("ledger.ratio_most", main_one.ratio.at[main_one.ratio.count - 1], "x");
	say("ledger.per_s", &main_one.per_s, "entries/s");
	say("ledger.floor_per_s", &main_one.floor_per_s, "entries/s");
	say("ledger.batch", &main_one.batch, "entries");
	say("ledger.core_cpu_us", &main_one.cpu_us, "us/entry");
	say("ledger.floor_cpu_us", &main_one.floor_cpu_us, "us/entry");
	say("ledger.floor_wait_us", &main_one.floor_wait_us, "us/commit");
	if (argc > 1)
		return 0;
	run(&few, IN_FLIGHT_FEW);
	say("ledger.few_ratio", &few.ratio, "x");
	say("ledger.few_per_s", &few.per_s, "entries/s");
	say("ledger.few_batch", &few.batch, "entries");
	run(&many, IN_FLIGHT_MANY);
	say("ledger.many_ratio", &many.ratio, "x");
	say("ledger.many_per_s", &many.per_s, "entries/s");
	say("ledger.many_batch", &many.batch, "entries");
	return 0;
}
