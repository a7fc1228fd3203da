#include "ledger/rows.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* Enough that neither thread waits for the other, few enough to stay in the cache. */
enum { TILES_MAX = 8 };

struct row {
	struct ledger_tile tile;
	struct ledger_hash root;
};

struct ledger_rows {
	struct row rows[TILES_MAX]; /* a ring: number n stands at n modulo TILES_MAX */
	uint64_t taken;             /* numbers below are free again; the caller's own */
	/* Under the mutex: */
	uint64_t handed; /* numbers below are filled */
	uint64_t hashed; /* numbers below have their root */
	bool ending;
	bool has_thread;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t more, done;
};

static struct row *row_at(struct ledger_rows *rows, uint64_t number)
{
	return &rows->rows[number % TILES_MAX];
}

static void hash_row(struct row *row)
{
	struct ledger_hash work[LEDGER_TILE_HASHES];
	memcpy(work, row->tile.hashes, sizeof work);
	row->root = ledger_hash_row(work, LEDGER_TILE_HASHES);
}

static void *hash_beside(void *context)
{
	struct ledger_rows *rows = context;
	(void)pthread_mutex_lock(&rows->mutex);
	for (;;) {
		while (rows->hashed == rows->handed && !rows->ending)
			(void)pthread_cond_wait(&rows->more, &rows->mutex);
		if (rows->ending)
			break;
		struct row *row = row_at(rows, rows->hashed);
		(void)pthread_mutex_unlock(&rows->mutex);
		hash_row(row);
		(void)pthread_mutex_lock(&rows->mutex);
		rows->hashed++;
		(void)pthread_cond_signal(&rows->done);
	}
	(void)pthread_mutex_unlock(&rows->mutex);
	return NULL;
}

/* The process' signals stay with the threads that it had. */
static bool start_thread(struct ledger_rows *rows)
{
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	bool good = pthread_create(&rows->thread, NULL, hash_beside, rows) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return good;
}

struct ledger_rows *ledger_rows_new(bool beside)
{
	struct ledger_rows *rows = calloc(1, sizeof *rows);
	ENSURE(rows);
	ENSURE(pthread_mutex_init(&rows->mutex, NULL) == 0 && pthread_cond_init(&rows->more, NULL) == 0 &&
	       pthread_cond_init(&rows->done, NULL) == 0);
	rows->has_thread = beside && start_thread(rows);
	return rows;
}

struct ledger_rows *ledger_rows_free(struct ledger_rows *rows)
{
	if (!rows)
		return NULL;
	if (rows->has_thread) {
		(void)pthread_mutex_lock(&rows->mutex);
		rows->ending = true;
		(void)pthread_cond_signal(&rows->more);
		(void)pthread_mutex_unlock(&rows->mutex);
		(void)pthread_join(rows->thread, NULL);
	}
	(void)pthread_cond_destroy(&rows->more);
	(void)pthread_cond_destroy(&rows->done);
	(void)pthread_mutex_destroy(&rows->mutex);
	free(rows);
	return NULL;
}

/* `handed` is written by the caller's thread alone, so it may read it without the mutex. */
bool ledger_rows_full(const struct ledger_rows *rows)
{
	return rows->handed - rows->taken >= (rows->has_thread ? TILES_MAX : 1);
}

bool ledger_rows_empty(const struct ledger_rows *rows)
{
	return rows->handed == rows->taken;
}

struct ledger_tile *ledger_rows_fill(struct ledger_rows *rows)
{
	REQUIRE(!ledger_rows_full(rows));
	return &row_at(rows, rows->handed)->tile;
}

void ledger_rows_hand_over(struct ledger_rows *rows)
{
	REQUIRE(!ledger_rows_full(rows));
	(void)pthread_mutex_lock(&rows->mutex);
	rows->handed++;
	(void)pthread_cond_signal(&rows->more);
	(void)pthread_mutex_unlock(&rows->mutex);
}

struct ledger_tile *ledger_rows_take(struct ledger_rows *rows, struct ledger_hash *ret_root)
{
	REQUIRE(!ledger_rows_empty(rows));
	struct row *row = row_at(rows, rows->taken);
	if (rows->has_thread) {
		(void)pthread_mutex_lock(&rows->mutex);
		while (rows->hashed <= rows->taken)
			(void)pthread_cond_wait(&rows->done, &rows->mutex);
		(void)pthread_mutex_unlock(&rows->mutex);
	} else {
		hash_row(row);
	}
	*ret_root = row->root;
	return &row->tile;
}

void ledger_rows_give_back(struct ledger_rows *rows)
{
	REQUIRE(!ledger_rows_empty(rows));
	row_at(rows, rows->taken)->tile.count = 0;
	rows->taken++;
}
