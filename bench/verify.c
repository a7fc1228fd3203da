/* bench/verify.c - verifying a million entries, over merely reading and hashing the same rows.
 *
 * tree  what `legation ledger verify --tree` does: every line hashed, the tree built, compared with each stored tile,
 * root and
 *       signed checkpoint checked
 * full  that, and every line's JSON, order, time and cause, and every sealed part opened and its salted hash compared
 * floor SQLite alone steps through `SELECT seq, line` and hashes each line once with the same SHA-256: nobody can
 * claim to
 *       have looked at every byte for less. A tree has twice as many hashes as leaves, so that 1.0 cannot be had.
 *
 * All three read from the page cache (a first pass over the table fills it), through connections with the same
 * pragmas, and take turns; the ratios are of medians.
 */
#include "bench/bare.h"
#include "bench/history.h"
#include "ledger/hash.h"
#include "ledger/verify.h"

enum { ROUNDS = 5, CACHE_KB = 16 * 1024 };

static double floor_s(const char *database, uint64_t *ret_rows)
{
	uint8_t mixed = 0;
	char pragma[60];
	sqlite3 *handle = bare_open_reader(database);
	sqlite3_stmt *lines;
	(void)snprintf(pragma, sizeof pragma, "PRAGMA cache_size = -%d", CACHE_KB);
	BENCH_NEED(sqlite3_exec(handle, pragma, NULL, NULL, NULL) == SQLITE_OK, "pragma");
	double start_s = bench_now_s();
	BENCH_NEED(sqlite3_prepare_v2(handle, "SELECT seq, line FROM entry ORDER BY seq", -1, &lines, NULL) ==
			   SQLITE_OK,
		   "prepare: %s", sqlite3_errmsg(handle));
	*ret_rows = 0;
	while (sqlite3_step(lines) == SQLITE_ROW) {
		const void *at = sqlite3_column_blob(lines, 1);
		struct span line = {at, (size_t)sqlite3_column_bytes(lines, 1)};
		struct ledger_hash hash = ledger_hash_leaf(line);
		mixed ^= hash.bytes[0] ^ (uint8_t)sqlite3_column_int64(lines, 0);
		(*ret_rows)++;
	}
	double took_s = bench_now_s() - start_s;
	BENCH_NEED(sqlite3_finalize(lines) == SQLITE_OK, "reading failed");
	(void)sqlite3_close(handle);
	__asm__ volatile("" : : "r"(mixed)); /* the hashes are wanted */
	return took_s;
}

static double verify_s(const char *database, const struct keys_root *root, bool tree_only, struct ledger_report *report)
{
	struct store_options options = {.mode = STORE_READ, .cache_kb_max = CACHE_KB};
	struct ledger_verify_options verify = {.tree_only = tree_only, .root = root};
	struct store *store;
	BENCH_OK(store_open(database, &options, &store));
	double start_s = bench_now_s();
	BENCH_OK(ledger_verify(store, &verify, report));
	double took_s = bench_now_s() - start_s;
	store_close(store);
	BENCH_NEED(report->finding_total == 0, "%s", report->findings[0].why);
	return took_s;
}

int main(void)
{
	static struct ledger_report report;
	char folder[BENCH_PATH_SIZE], path[BENCH_PATH_SIZE];
	struct bench_samples bare = {0}, tree = {0}, full = {0};
	struct keys_root root;
	uint64_t rows = 0;
	history_make(HISTORY_ENTRIES, folder);
	bench_path(path, "%s/root.key", folder);
	BENCH_OK(keys_root_load(path, &root));
	bench_path(path, "%s/data/legation.db", folder);
	for (int i = -1; i < ROUNDS; i++) {
		double bare_s = floor_s(path, &rows);
		double tree_s = verify_s(path, &root, true, &report);
		double full_s = verify_s(path, &root, false, &report);
		BENCH_NEED(report.entries == rows && rows >= HISTORY_ENTRIES, "not the same rows");
		if (i < 0)
			continue; /* the round that fills the cache */
		bench_sample(&bare, bare_s);
		bench_sample(&tree, tree_s);
		bench_sample(&full, full_s);
		bench_remark("round %d: floor %.3f s, tree %.3f s (%.2f), full %.3f s (%.2f)", i, bare_s, tree_s,
			     tree_s / bare_s, full_s, full_s / bare_s);
	}
	keys_root_wipe(&root);
	bench_remark("%llu entries, %llu sealed parts opened", (unsigned long long)rows,
		     (unsigned long long)report.sealed_opened);
	double floor = bench_percentile(&bare, 50);
	bench_figure("verify.tree_ratio", bench_percentile(&tree, 50) / floor, "x");
	bench_figure("verify.full_ratio", bench_percentile(&full, 50) / floor, "x");
	bench_figure("verify.floor_s", floor, "s");
	bench_figure("verify.tree_s", bench_percentile(&tree, 50), "s");
	bench_figure("verify.full_s", bench_percentile(&full, 50), "s");
	return 0;
}
