/* Power loss, I/O errors and a full disk, at every kind of moment: what was acknowledged is there afterwards, and the
 * ledger is sound. POWERLOSS_POINTS in the environment sets how many moments are tried.
 */
#include "lib/powerloss_vfs.h"

#include "lib/random.h"
#include "unit/ledger/post.h"

#define SHAPE_TABLE "unit/ledger/shapes.def"
#include "base/shape_tables.h"

enum { POINTS_DEFAULT = 500, TRANSACTIONS = 12 };

static const char path[] = "/post/ledger.db";

/* What a client was told. */
struct told {
	bool made;          /* the ledger */
	uint64_t size;      /* entries acknowledged */
	uint64_t attempted; /* at most so many may be there */
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX];
	size_t note_size;
};

static struct err grow(struct post *post, struct told *told)
{
	struct store_wal wal;
	for (int i = 0; i < TRANSACTIONS; i++) {
		size_t count = 1 + (size_t)random_below(i % 4 == 3 ? 200 : 6);
		told->attempted = told->size + count;
		TRY(post_commit(post, count));
		told->size += count;
		told->note_size = ledger_checkpoint(post->ledger).size;
		memcpy(told->note, ledger_checkpoint(post->ledger).at, told->note_size);
		if (random_below(3) == 0)
			TRY(store_checkpoint_wal(post->store, &wal));
		if (random_below(8) == 0)
			TRY(store_empty_wal(post->store));
	}
	return OK;
}

static struct err live(struct post *post, struct told *told)
{
	TRY(post_open_store(post, true));
	TRY(ledger_create(post->store, &post->root, POST_ORIGIN, post->recovery));
	told->made = true;
	TRY(post_open_ledger(post));
	return grow(post, told);
}

static struct post new_post(void)
{
	struct post post = {.path = path, .vfs = POWERLOSS_VFS};
	memset(post.root.bytes, 0x5A, sizeof post.root.bytes);
	return post;
}

/* Come back after whatever happened. gives whether all that was told is there. */
static bool come_back(struct post *post, const struct told *told, const char *after)
{
	struct ledger_comparison comparison;
	struct err e = post_open_store(post, true);
	if (!failed(e))
		e = post_open_ledger(post);
	if (failed(e) && !told->made) {
		/* It never said that there is a ledger: then one can be made now. */
		if (!post->store)
			return false;
		return !failed(ledger_create(post->store, &post->root, POST_ORIGIN, post->recovery));
	}
	if (failed(e)) {
		printf("# %s: does not open: %s\n", after, err_why());
		return false;
	}
	uint64_t size = ledger_size(post->ledger);
	if (size < told->size || size > told->attempted) {
		printf("# %s: %d entries, %d acknowledged, %d attempted\n", after, (int)size, (int)told->size,
		       (int)told->attempted);
		return false;
	}
	if (told->note_size > 0 &&
	    (failed(ledger_against(post->store, (struct span){told->note, told->note_size}, NULL, 0, &comparison)) ||
	     comparison.verdict != LEDGER_VERDICT_CONSISTENT)) {
		printf("# %s: not consistent with the last checkpoint told: %s\n", after, comparison.why);
		return false;
	}
	if (!post_is_sound(post) || failed(post_commit(post, 3)) || !post_is_sound(post)) {
		printf("# %s: not sound, or not to be written: %s\n", after, err_why());
		return false;
	}
	return true;
}

static uint64_t operations_of_a_life(void)
{
	struct post post = new_post();
	struct told told = {0};
	powerloss_reset();
	powerloss_arm(POWERLOSS_NONE, 0);
	NEED_OK(live(&post, &told), "a life without faults");
	post_close(&post);
	return powerloss_operations();
}

static void power_loss(uint64_t operations)
{
	const char *given = getenv("POWERLOSS_POINTS");
	uint64_t points = given ? strtoull(given, NULL, 10) : POINTS_DEFAULT;
	uint64_t good = 0;
	uint64_t cut = 0;
	for (uint64_t i = 0; i < points; i++) {
		struct post post = new_post();
		struct told told = {0};
		char after[64];
		powerloss_reset();
		/* Points spread evenly, each life of its own random batches. */
		uint64_t point = 1 + i * operations / points + random_below(operations / points + 1);
		powerloss_arm(POWERLOSS_CUT, point);
		(void)failed(live(&post, &told));
		cut += powerloss_struck();
		post_close(&post);
		powerloss_recover(random_u64);
		(void)snprintf(after, sizeof after, "power cut at operation %d", (int)point);
		good += come_back(&post, &told, after);
		post_close(&post);
	}
	CHECK(good == points,
	      "after %d of %d power losses nothing acknowledged was lost and the ledger verified (%d struck)",
	      (int)good, (int)points, (int)cut);
	CHECK(cut > points / 2, "most of them struck in time");
}

static void faults(enum powerloss_fault fault, const char *name, uint64_t operations, uint64_t step)
{
	uint64_t tried = 0;
	uint64_t good = 0;
	uint64_t wrong_code = 0;
	for (uint64_t point = 1; point < operations; point += 1 + random_below(step)) {
		struct post post = new_post();
		struct told told = {0};
		char after[64];
		powerloss_reset();
		powerloss_arm(fault, point);
		struct err e = live(&post, &told);
		bool bad_code = powerloss_struck() && failed(e) && e.code != ERR_IO && e.code != ERR_FULL &&
				e.code != ERR_NOT_FOUND;
		if (bad_code)
			printf("# %s at operation %d: %s: %s\n", name, (int)point, err_name(e.code), err_why());
		wrong_code += bad_code;
		post_close(&post);
		powerloss_heal();
		(void)snprintf(after, sizeof after, "%s at operation %d", name, (int)point);
		good += come_back(&post, &told, after);
		post_close(&post);
		tried++;
	}
	CHECK(good == tried, "%s at the k-th operation, %d times: nothing acknowledged was lost, the ledger verified",
	      name, (int)tried);
	CHECK(wrong_code == 0, "and it was called by its name");
}

/* Core stays up on a full disk: the transaction that did not fit is undone, and later ones go on. */
static void full_and_on(void)
{
	uint64_t rounds = 0;
	uint64_t good = 0;
	for (uint64_t point = 1; point < 60; point++) {
		struct post post = new_post();
		struct ledger_appended appended;
		powerloss_reset();
		NEED_OK(post_make(&post), "a ledger");
		NEED_OK(post_commit(&post, 10), "ten entries");
		uint64_t size = ledger_size(post.ledger);
		powerloss_arm(POWERLOSS_FULL, point);
		struct err e = store_begin(post.store);
		/* Enough that pages leave the cache before the commit. */
		for (int i = 0; !failed(e) && i < 3000; i++)
			e = post_append(&post, &appended);
		if (!failed(e))
			e = ledger_sign(post.ledger);
		if (!failed(e))
			e = store_commit(post.store);
		rounds++;
		bool full = e.code == ERR_FULL;
		store_rollback(post.store);
		powerloss_heal();
		bool back = !failed(ledger_reload(post.ledger)) && ledger_size(post.ledger) == size;
		good += full && back && !failed(post_commit(&post, 5)) && post_is_sound(&post);
		post_close(&post);
	}
	CHECK(good == rounds, "a full disk undoes one transaction, and the same connection goes on (%d of %d)",
	      (int)good, (int)rounds);
}

int main(void)
{
	random_start();
	powerloss_register();
	uint64_t operations = operations_of_a_life();
	printf("# a life takes %d operations\n", (int)operations);
	power_loss(operations);
	faults(POWERLOSS_ERROR_ONCE, "an I/O error", operations, operations / 150);
	faults(POWERLOSS_FULL_ONCE, "no space", operations, operations / 100);
	full_and_on();
	return tap_finish();
}
