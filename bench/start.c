/* bench/start.c - from `legation serve` to ready, over a ledger of a million entries and with nothing in the caches.
 *
 * The clock starts just before fork and stops at READY=1, as a service manager hears it. Before that the page cache is
 * dropped: by the kernel as a whole when we are root, else page by page of the database alone (then the program
 * itself is still cached, which the figure's remark says). Ready means: the checkpoint's signature checked, the root
 * computed from the frontier, state loaded, every process up. The full verification that follows is not in it.
 *
 * start.read_ms beside it is the floor of a start: reading, through the same emptied cache, as many bytes from the
 * database's beginning as the start itself reads from this disk; it says how much of the time is the disk's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/history.h"

enum { ROUNDS = 5, READ_SIZE = 4096 };

/* gives   whether all caches were dropped. */
static bool caches_drop(const char *folder)
{
	static const char *const names[] = {"data/legation.db", "data/legation.db-wal", "data/legation.db-shm",
					    "root.key"};
	sync();
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	bool all = fd >= 0 && write(fd, "3\n", 2) == 2;
	if (fd >= 0)
		(void)close(fd);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[BENCH_PATH_SIZE];
		bench_path(path, "%s/%s", folder, names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
			(void)close(fd);
		}
	}
	return all;
}

/* Bytes that the server's processes have had fetched from the disk. */
static uint64_t bytes_read(pid_t process)
{
	char path[100], line[200];
	uint64_t bytes = 0;
	(void)snprintf(path, sizeof path, "/proc/%d/io", process);
	FILE *from = fopen(path, "re");
	while (from && fgets(line, sizeof line, from))
		if (strncmp(line, "read_bytes:", 11) == 0)
			bytes = strtoull(line + 11, NULL, 10);
	if (from)
		(void)fclose(from);
	return bytes;
}

static double read_ms(const char *folder, uint64_t bytes)
{
	char path[BENCH_PATH_SIZE], room[READ_SIZE];
	bench_path(path, "%s/data/legation.db", folder);
	double start_s = bench_now_s();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	BENCH_NEED(fd >= 0, "open %s: %s", path, strerror(errno));
	for (uint64_t done = 0; done < bytes; done += READ_SIZE)
		if (read(fd, room, READ_SIZE) != READ_SIZE)
			break;
	(void)close(fd);
	return (bench_now_s() - start_s) * 1000;
}

int main(void)
{
	char folder[BENCH_PATH_SIZE];
	struct bench_server server;
	struct bench_samples took = {0}, warm = {0}, reading = {0};
	bool all = true;
	history_make(HISTORY_ENTRIES, folder);
	bench_server_start(folder, &server); /* builds the projections anew, should a schema have changed */
	bench_server_stop(&server);
	for (int i = 0; i < ROUNDS; i++) {
		all &= caches_drop(folder);
		bench_server_start(folder, &server);
		bench_sample(&took, server.ready_ms);
		uint64_t bytes = bytes_read(server.core);
		double core_hwm_mb = (double)bench_status_kb(server.core, "VmHWM:") / 1024;
		bench_server_stop(&server);
		bench_server_start(folder, &server);
		bench_sample(&warm, server.ready_ms);
		bench_remark(
			"round %d: %.0f ms cold, %.0f ms warm; core read %.1f MB from the disk and peaked at %.1f MB",
			i, took.at[took.count - 1], server.ready_ms, (double)bytes / 1e6, core_hwm_mb);
		bench_server_stop(&server);
		(void)caches_drop(folder);
		bench_sample(&reading, read_ms(folder, bytes));
	}
	bench_remark(all ? "all caches were dropped"
			 : "only the database's pages were dropped: run as root for the whole");
	bench_figure("start.ms", bench_percentile(&took, 50), "ms");
	bench_figure("start.worst_ms", bench_percentile(&took, 100), "ms");
	bench_figure("start.warm_ms", bench_percentile(&warm, 50), "ms");
	bench_figure("start.read_ms", bench_percentile(&reading, 50), "ms");
	return 0;
}
