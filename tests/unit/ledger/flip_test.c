/* Every byte of a small ledger's file is altered in turn: either that is named, or every entry, proof, sealed part
 * and key is what it was. FLIP_STEP in the environment tries only every n-th byte.
 */
#include "lib/powerloss_vfs.h"

#include "lib/random.h"
#include "unit/ledger/post.h"

#define SHAPE_TABLE "unit/ledger/shapes.def"
#include "base/shape_tables.h"

enum { IMAGE_SIZE_MAX = 1024 * 1024 };

static const char path[] = "/post/ledger.db";
static const char log_path[] = "/post/ledger.db-wal";

static uint8_t image[IMAGE_SIZE_MAX];
static size_t image_size;
static uint8_t log_image[IMAGE_SIZE_MAX];
static size_t log_size;

/* One hash over all that a user of the ledger gets from it. */
struct digest {
	struct ledger_frontier all;
};

static void add(struct digest *digest, struct span bytes)
{
	struct ledger_hash leaf = ledger_hash_leaf(bytes);
	ledger_frontier_push(&digest->all, &leaf);
}

static struct err add_entry(struct digest *digest, struct post *post, uint64_t seq, struct arena *arena)
{
	struct ledger_entry entry;
	struct span line;
	union {
		struct person_made person;
		struct passage passage;
	} value;
	bool erased = false;
	char file[64 * 1024];
	struct sink s = SINK_OF(file);
	TRY(ledger_line(post->store, seq, arena, &line));
	add(digest, line);
	TRY(ledger_prove(post->store, seq, &s));
	add(digest, sink_span(&s));
	TRY(ledger_entry_read(line, &entry));
	const struct shape *shape = span_is(entry.type, "person.made") ? &person_made_shape : &passage_shape;
	TRY(ledger_body_read(shape, entry.body, arena, &value));
	TRY(ledger_sealed_load(ledger_vault(post->ledger), &entry, shape, arena, &value, &erased));
	s = SINK_OF(file);
	shape_write_full(&s, shape, &value);
	sink_u8(&s, erased);
	add(digest, sink_span(&s));
	return OK;
}

static struct err digest_of(struct post *post, struct digest *ret_digest)
{
	AUTO_FREE(arena) struct arena *arena = arena_new(1024 * 1024);
	struct digest digest = {0};
	uint8_t recovery[KEYS_RECOVERY_SIZE];
	uint8_t pepper[32];
	char vkey[LEDGER_VKEY_SIZE_MAX];
	struct sink s = SINK_OF(vkey);
	for (uint64_t seq = 0; seq < ledger_size(post->ledger); seq++) {
		TRY(add_entry(&digest, post, seq, arena));
		arena_reset(arena);
	}
	add(&digest, ledger_checkpoint(post->ledger));
	ledger_vkey_write(&s, ledger_vkey(post->ledger));
	add(&digest, sink_span(&s));
	TRY(keys_recovery_public(post->store, recovery));
	add(&digest, SPAN_OF(recovery));
	TRY(keys_secret(post->store, &post->root, "pepper", pepper, sizeof pepper));
	add(&digest, SPAN_OF(pepper));
	*ret_digest = digest;
	return OK;
}

static bool same(const struct digest *a, const struct digest *b)
{
	struct ledger_hash root_a = ledger_frontier_root(&a->all);
	struct ledger_hash root_b = ledger_frontier_root(&b->all);
	return a->all.size == b->all.size && ledger_hash_equal(&root_a, &root_b);
}

static struct post new_post(void)
{
	struct post post = {.path = path, .vfs = POWERLOSS_VFS};
	memset(post.root.bytes, 0x5A, sizeof post.root.bytes);
	return post;
}

/* A post with `count` entries, one subject erased, all in the file and a few more in the log if so asked. */
static struct digest make(size_t count, size_t in_log)
{
	struct post post = new_post();
	struct digest digest;
	uint8_t pepper[32];
	bool erased;
	powerloss_reset();
	NEED_OK(post_make(&post), "a ledger");
	NEED_OK(post_commit(&post, count), "%d entries", (int)count);
	NEED_OK(store_begin(post.store), "begin");
	NEED_OK(keys_secret(post.store, &post.root, "pepper", pepper, sizeof pepper), "a secret");
	NEED_OK(ledger_erase(ledger_vault(post.ledger), 7, count - 1, &erased), "one subject erased");
	NEED_OK(store_commit(post.store), "commit");
	NEED_OK(store_empty_wal(post.store), "all of it in the file");
	for (size_t i = 0; i < in_log; i++)
		NEED_OK(post_commit(&post, 1), "one more, in the log");
	NEED_OK(digest_of(&post, &digest), "what it gives");
	post_close(&post);
	uint8_t *bytes = powerloss_bytes(path, &image_size);
	NEED(bytes && image_size <= sizeof image, "its file");
	memcpy(image, bytes, image_size);
	bytes = powerloss_bytes(log_path, &log_size);
	log_size = bytes && in_log > 0 ? log_size : 0;
	NEED(log_size <= sizeof log_image, "its log");
	if (log_size > 0)
		memcpy(log_image, bytes, log_size);
	powerloss_reset();
	return digest;
}

enum outcome { NAMED_OPENING, NAMED_VERIFYING, UNCHANGED, SHORTER, MISSED };

static enum outcome outcome_of(const struct digest *good, bool through_log)
{
	struct post post = new_post();
	struct digest digest;
	struct ledger_report report;
	struct ledger_verify_options options = {.root = &post.root, .structure = true};
	enum outcome outcome = MISSED;
	struct err e = post_open_store(&post, false);
	if (!failed(e))
		e = post_open_ledger(&post);
	if (failed(e))
		outcome = err_why()[0] ? NAMED_OPENING : MISSED;
	else if (failed(ledger_verify(post.store, &options, &report)) || report.finding_total > 0)
		outcome = NAMED_VERIFYING;
	else if (failed(digest_of(&post, &digest)))
		outcome = MISSED; /* what fails later should have been named before */
	else if (same(good, &digest))
		outcome = UNCHANGED;
	else if (through_log && digest.all.size < good->all.size)
		outcome = SHORTER;
	post_close(&post);
	return outcome;
}

/* A sanitizer makes each try many times slower; it looks at fewer of them. */
#ifdef __SANITIZE_ADDRESS__
enum { STEP_DEFAULT = 13 };
#else
enum { STEP_DEFAULT = 1 };
#endif

static uint64_t step_of_environment(void)
{
	const char *given = getenv("FLIP_STEP");
	return given ? strtoull(given, NULL, 10) : STEP_DEFAULT;
}

static void every_byte(void)
{
	size_t counts[MISSED + 1] = {0};
	struct digest good = make(12, 0);
	for (size_t i = 0; i < image_size; i += step_of_environment()) {
		uint8_t mask = (uint8_t)(i % 2 == 0 ? 0xFFu : 1u << random_below(8));
		powerloss_put(path, image, image_size);
		powerloss_remove(log_path);
		size_t size;
		uint8_t *bytes = powerloss_bytes(path, &size);
		bytes[i] = (uint8_t)(bytes[i] ^ mask);
		enum outcome outcome = outcome_of(&good, false);
		counts[outcome]++;
		if (outcome == MISSED)
			printf("# byte %zu of page %zu (%02x) altered by %02x: %s\n", i % STORE_PAGE_SIZE,
			       i / STORE_PAGE_SIZE + 1, image[i], mask, err_why());
	}
	CHECK(counts[MISSED] == 0,
	      "each of %zu bytes altered: %zu named by opening, %zu by verifying, %zu changed nothing, %zu missed",
	      image_size, counts[NAMED_OPENING], counts[NAMED_VERIFYING], counts[UNCHANGED], counts[MISSED]);
	CHECK(counts[NAMED_OPENING] > 0 && counts[NAMED_VERIFYING] > 0, "and both ways of naming were needed");
}

static void random_bytes_of_a_larger_one(void)
{
	size_t counts[MISSED + 1] = {0};
	struct digest good = make(600, 0);
	uint64_t tries = 1500 / step_of_environment();
	for (uint64_t n = 0; n < tries; n++) {
		size_t i = (size_t)random_below(image_size);
		uint8_t mask = (uint8_t)(1 + random_below(255));
		powerloss_put(path, image, image_size);
		powerloss_remove(log_path);
		size_t size;
		uint8_t *bytes = powerloss_bytes(path, &size);
		bytes[i] = (uint8_t)(bytes[i] ^ mask);
		enum outcome outcome = outcome_of(&good, false);
		counts[outcome]++;
		if (outcome == MISSED)
			printf("# byte %zu of page %zu (%02x) altered by %02x: %s\n", i % STORE_PAGE_SIZE,
			       i / STORE_PAGE_SIZE + 1, image[i], mask, err_why());
	}
	CHECK(counts[MISSED] == 0,
	      "%d random bytes of 600 entries: %zu named by opening, %zu by verifying, %zu changed nothing, %zu missed",
	      (int)tries, counts[NAMED_OPENING], counts[NAMED_VERIFYING], counts[UNCHANGED], counts[MISSED]);
}

/* The log ends before its first damaged page: so the ledger may be shorter, and then a kept checkpoint tells. */
static void random_bytes_of_the_log(void)
{
	size_t counts[MISSED + 1] = {0};
	struct digest good = make(12, 6);
	uint64_t tries = 1500 / step_of_environment();
	for (uint64_t n = 0; n < tries; n++) {
		size_t i = (size_t)random_below(log_size);
		powerloss_put(path, image, image_size);
		powerloss_put(log_path, log_image, log_size);
		size_t size;
		uint8_t *bytes = powerloss_bytes(log_path, &size);
		bytes[i] = (uint8_t)(bytes[i] ^ (1 + random_below(255)));
		counts[outcome_of(&good, true)]++;
	}
	CHECK(counts[MISSED] == 0 && counts[SHORTER] > 0,
	      "%d random bytes of the log: %zu named, %zu changed nothing, %zu left an earlier state, %zu missed",
	      (int)tries, counts[NAMED_OPENING] + counts[NAMED_VERIFYING], counts[UNCHANGED], counts[SHORTER],
	      counts[MISSED]);
}

int main(void)
{
	random_start();
	powerloss_register();
	every_byte();
	random_bytes_of_a_larger_one();
	random_bytes_of_the_log();
	return tap_finish();
}
