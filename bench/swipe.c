/* bench/swipe.c - from a card at the reader to the strike, at the wire; and what all the processes weigh meanwhile.
 *
 * 32 readers on 4 serial lines at 115,200 baud (ptys that sim-reader paces byte by byte), each swiped every 500 ms,
 * through the real server: secure channel, decision, entry, commit, strike. The latency is the simulator's own: from
 * the last byte of the reader's reply with the card to the first byte of the unlock at the I/O device. It includes
 * the commit, both directions through osdp worker and core, and whatever the line was busy with when the unlock came.
 *
 * The floor is one durable commit: SQLite alone (bench/bare.h) writes the rows of one grant, in the same folder, at
 * the same rate and while the same simulators and the same server poll each other. No unlock that waits for its
 * record to be on the disk can be faster.
 *
 * Windows of swipes and of commits alternate, so that a slow disk or a busy neighbour hits both. All samples of one
 * kind make its percentiles.
 *
 * As root the simulator runs in the real-time class: it stands for 36 devices with processors of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bare.h"
#include "bench/site.h"

enum {
	LINES = 4,
	READERS = 8, /* of each line */
	BAUD = 115200,
	EVERY_MS = 500,
	WINDOWS = 8,
	WINDOW_S = 8,
	SETTLE_S = 6, /* every device online and secure */
	LINE_SIZE = 64 * 1024,
	FLOOR_ROWS = 1024,                 /* grants that the floor writes, over and over with new numbers */
	WAL_BYTES_QUIET = 4 * 1024 * 1024, /* LOOP_WAL_BYTES_WANTED of core/loop.c */
};

struct simulator {
	pid_t process;
	FILE *orders, *news;
};

struct bench {
	char folder[BENCH_PATH_SIZE], post[BENCH_PATH_SIZE], database[BENCH_PATH_SIZE], copy[BENCH_PATH_SIZE];
	struct site site;
	struct simulator simulator;
	struct bench_server server;
	struct bench_samples floor_ms;
	uint64_t pss_kb, rss_kb; /* the most that was seen */
};

/* ---- the simulator ---- */

static json_t *news_wait(struct simulator *simulator, const char *member, const char *value)
{
	static char line[LINE_SIZE];
	while (fgets(line, sizeof line, simulator->news)) {
		json_t *news = json_loads(line, 0, NULL);
		const char *is = json_string_value(json_object_get(news, member));
		if (is && strcmp(is, value) == 0)
			return news;
		json_decref(news);
	}
	bench_fail("the simulator ended");
}

static void simulator_start(struct bench *bench)
{
	char program[BENCH_PATH_SIZE], config[BENCH_PATH_SIZE], path[BENCH_PATH_SIZE];
	int in[2], out[2];
	bench_program("sim-reader", program);
	bench_path(config, "%s/readers.json", bench->folder);
	bench_path(path, "%s/readers.log", bench->folder);
	site_config(&bench->site, bench->folder, BAUD, config);
	BENCH_NEED(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipe");
	int log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const char *arguments[] = {"sim-reader",
				   "--config",
				   config,
				   "--quiet",
				   "--until-eof",
				   "--json",
				   geteuid() == 0 ? "--realtime" : NULL,
				   NULL};
	bench->simulator.process = bench_start(program, arguments, in[0], out[1], log);
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(log);
	bench->simulator.orders = fdopen(in[1], "w");
	bench->simulator.news = fdopen(out[0], "r");
	json_t *ready = news_wait(&bench->simulator, "happening", "ready");
	json_t *lines = json_object_get(ready, "lines");
	BENCH_NEED(json_array_size(lines) == LINES, "the simulator did not open its lines");
	for (size_t i = 0; i < LINES; i++)
		bench_path(bench->site.address[i], "serial:%s",
			   json_string_value(json_object_get(json_array_get(lines, i), "pty")));
	json_decref(ready);
}

/* Let every reader be swiped every so many milliseconds, spread evenly; 0 ends it. */
static void swipe_all(const struct bench *bench, unsigned every_ms)
{
	for (size_t i = 0; i < LINES * READERS; i++)
		(void)fprintf(
			bench->simulator.orders,
			"{\"command\":\"swipe\",\"line\":%zu,\"device\":%zu,\"format\":\"wiegand\",\"every_ms\":%u,"
			"\"first_ms\":%zu,\"h10301\":{\"facility\":%d,\"number\":%zu}}\n",
			i % LINES, 1 + i / LINES, every_ms, i * EVERY_MS / (LINES * READERS), SITE_FACILITY,
			SITE_FIRST_CARD + i);
	(void)fflush(bench->simulator.orders);
}

static json_t *summary(struct simulator *simulator, bool reset)
{
	(void)fprintf(simulator->orders, "{\"command\":\"summary\",\"reset\":%s}\n", reset ? "true" : "false");
	(void)fflush(simulator->orders);
	return news_wait(simulator, "answer", "summary");
}

static double number_of(const json_t *json, const char *name)
{
	const json_t *number = json_object_get(json, name);
	BENCH_NEED(number, "the simulator's summary lacks %s", name);
	return json_number_value(number);
}

/* ---- memory ---- */

static void weigh(struct bench *bench)
{
	uint64_t pss = bench_tree_kb(bench->server.process, "Pss:");
	uint64_t rss = bench_tree_kb(bench->server.process, "Rss:");
	bench->pss_kb = pss > bench->pss_kb ? pss : bench->pss_kb;
	bench->rss_kb = rss > bench->rss_kb ? rss : bench->rss_kb;
}

/* ---- windows ---- */

static void swipe_window(struct bench *bench)
{
	swipe_all(bench, EVERY_MS);
	for (int s = 0; s < WINDOW_S; s += 2) {
		bench_sleep_s(2);
		weigh(bench);
	}
	swipe_all(bench, 0);
	bench_sleep_s(1); /* the last ones may finish */
}

/* The grants that the server has just recorded. */
static void rows_load(const struct bench *bench, struct bare_rows *ret_rows)
{
	sqlite3 *reader = bare_open_reader(bench->database);
	uint64_t end = bare_size(reader);
	(void)sqlite3_close(reader);
	bare_rows_load(bench->database, end > FLOOR_ROWS ? end - FLOOR_ROWS : 0, end, ret_rows);
	size_t kept = 0;
	for (size_t i = 0; i < ret_rows->count; i++)
		if (ret_rows->at[i].person != 0)
			ret_rows->at[kept++] = ret_rows->at[i];
	BENCH_NEED(kept > 0, "nobody was let in; see %s.log", bench->post);
	ret_rows->count = kept;
}

static void floor_window(struct bench *bench)
{
	struct bare_rows rows;
	struct bare bare;
	rows_load(bench, &rows);
	bare_copy(bench->database, bench->copy);
	bare_open(bench->copy, &bare);
	uint64_t seq = bare_size(bare.handle);
	const double every_s = EVERY_MS / 1000.0 / (LINES * READERS), begun_s = bench_now_s();
	for (size_t i = 0; i < WINDOW_S * 1000 / EVERY_MS * LINES * READERS; i++) {
		double wait_s = begun_s + (double)i * every_s - bench_now_s();
		if (wait_s > 0)
			bench_sleep_s(wait_s);
		struct bare_row row = rows.at[i % rows.count];
		row.seq = seq++;
		double start_s = bench_now_s();
		bare_begin(&bare);
		bare_write(&bare, &rows, &row);
		bare_commit(&bare, &rows, seq);
		bench_sample(&bench->floor_ms, (bench_now_s() - start_s) * 1000);
		bare_tidy(&bare, WAL_BYTES_QUIET); /* between two commits, as core does */
	}
	bare_close(&bare);
	free(rows.at);
}

/* ---- together ---- */

static void start(struct bench *bench)
{
	bench_folder("swipe", bench->folder);
	bench_path(bench->post, "%s/post", bench->folder);
	bench_path(bench->database, "%s/data/legation.db", bench->post);
	bench_path(bench->copy, "%s/floor.db", bench->folder);
	site_make(&bench->site, LINES, READERS, LINES * READERS);
	simulator_start(bench);
	bench_server_start(bench->post, &bench->server);
	struct client *client = bench_client(&bench->server);
	site_import(&bench->site, client);
	client_close(client);
	bench_sleep_s(SETTLE_S);
	swipe_window(bench); /* warms everything up, and is not counted */
	json_decref(summary(&bench->simulator, true));
}

static void say(struct bench *bench, const json_t *figures)
{
	double p50 = number_of(figures, "latency_p50_us") / 1000, p99 = number_of(figures, "latency_p99_us") / 1000;
	double floor_p50 = bench_percentile(&bench->floor_ms, 50), floor_p99 = bench_percentile(&bench->floor_ms, 99);
	bench_remark("%.0f cards, %.0f unlocks, %.0f without an answer; the longest took %.1f ms",
		     number_of(figures, "cards_sent"), number_of(figures, "unlocks"), number_of(figures, "unanswered"),
		     number_of(figures, "latency_max_us") / 1000);
	bench_remark("the simulator's own bytes were late by %.1f us on average, %.1f ms at most",
		     number_of(figures, "late_mean_ns") / 1000, number_of(figures, "late_max_ns") / 1e6);
	bench_remark("%zu commits of the floor; the longest took %.1f ms", bench->floor_ms.count,
		     bench_percentile(&bench->floor_ms, 100));
	bench_remark("all processes: %.1f MB resident, pages that several share counted for each",
		     (double)bench->rss_kb / 1024);
	bench_figure("swipe.p50_ms", p50, "ms");
	bench_figure("swipe.p99_ms", p99, "ms");
	bench_figure("swipe.floor_p50_ms", floor_p50, "ms");
	bench_figure("swipe.floor_p99_ms", floor_p99, "ms");
	bench_figure("swipe.p50_ratio", p50 / floor_p50, "x");
	bench_figure("swipe.p99_ratio", p99 / floor_p99, "x");
	bench_figure("memory.core_mb", (double)bench_status_kb(bench->server.core, "VmHWM:") / 1024, "MB");
	bench_figure("memory.all_pss_mb", (double)bench->pss_kb / 1024, "MB");
}

int main(void)
{
	static struct bench bench;
	start(&bench);
	for (int i = 0; i < WINDOWS; i++) {
		swipe_window(&bench);
		floor_window(&bench);
	}
	json_t *figures = summary(&bench.simulator, false);
	say(&bench, figures);
	bool answered = number_of(figures, "unanswered") == 0 && number_of(figures, "unlocks") > 0;
	json_decref(figures);
	bench_server_stop(&bench.server);
	(void)fclose(bench.simulator.orders); /* the simulator ends with its input */
	bench_stop(bench.simulator.process);
	BENCH_NEED(answered, "a card was not answered; see %s", bench.folder);
	bench_folder_remove(bench.folder);
	return 0;
}
