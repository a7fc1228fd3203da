/* bench/bench.h - what every bench needs: a folder beside the programs, the real server in it, sorted samples.
 *
 * A bench stands in BUILD/bench/ and works in BUILD/bench/data/NAME, so that the server and its floor write to the
 * disk that the build is on. It knows nothing of what is measured. Everything here ends the bench when it fails:
 * there is no figure then.
 */
#ifndef LEGATION_BENCH_BENCH_H
#define LEGATION_BENCH_BENCH_H

#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"
#include "cmd/client.h"

enum { BENCH_PATH_SIZE = 400, BENCH_READY_MS = 120 * 1000, BENCH_STOP_MS = 20 * 1000 };

/* End the bench with the last error's sentence, or with one of one's own. */
void bench_fail(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));
#define BENCH_OK(call)                                                                                                 \
	do {                                                                                                           \
		if (failed(call))                                                                                      \
			bench_fail("%s: %s", #call, err_why());                                                        \
	} while (0)
#define BENCH_NEED(x, ...)                                                                                             \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			bench_fail(__VA_ARGS__);                                                                       \
	} while (0)

/* "ledger.ratio 0.812 x". Everything else that a bench prints is a comment. */
void bench_figure(const char *name, double value, const char *unit);
void bench_remark(const char *format, ...) PRINTF_LIKE(1, 2);

/* ---- folders and programs ---- */

/* A path that fits. */
void bench_path(char ret_path[BENCH_PATH_SIZE], const char *format, ...) PRINTF_LIKE(2, 3);

/* An empty folder of this bench's own; an earlier run's is removed first. */
void bench_folder(const char *name, char ret_path[BENCH_PATH_SIZE]);
/* The same, but what is in it stays. */
void bench_folder_kept(const char *name, char ret_path[BENCH_PATH_SIZE]);
void bench_folder_remove(const char *path);
/* BUILD/legation, BUILD/sim-reader. */
void bench_program(const char *name, char ret_path[BENCH_PATH_SIZE]);
/* A process of our own, which ends when we do. Descriptors below 0 stay as they are. */
pid_t bench_start(const char *program, const char *const *arguments, int in, int out, int err);
void bench_stop(pid_t process);

/* ---- the server ---- */

struct bench_server {
	pid_t process;
	double ready_ms; /* from just before exec to its READY=1 */
	pid_t core;
	char folder[BENCH_PATH_SIZE]; /* the post's data; the log is beside it, FOLDER.log */
};

/* `legation serve` over this folder, until it says that it is ready. */
void bench_server_start(const char *folder, struct bench_server *ret_server);
void bench_server_stop(struct bench_server *server);
struct client *bench_client(const struct bench_server *server);

/* Of a process, in kB: a line of /proc/PID/status ("VmHWM:"), and of smaps_rollup summed over a process and its
 * children ("Pss:").
 */
uint64_t bench_status_kb(pid_t process, const char *line);
uint64_t bench_tree_kb(pid_t process, const char *line);

/* ---- samples ---- */

struct bench_samples {
	double *at;
	size_t count, room;
};

void bench_sample(struct bench_samples *samples, double value);
/* Nearest rank; sorts. */
double bench_percentile(struct bench_samples *samples, double percent);
double bench_now_s(void);
void bench_sleep_s(double seconds);

#endif
