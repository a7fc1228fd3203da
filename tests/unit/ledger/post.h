/* unit/ledger/post.h - a small post's ledger in the test's folder, for the tests of this folder. */
#ifndef LEGATION_TESTS_LEDGER_POST_H
#define LEGATION_TESTS_LEDGER_POST_H

#include "ledger/append.h"
#include "ledger/read.h"
#include "ledger/verify.h"
#include "lib/folder.h"
#include "lib/tap.h"
#include "unit/ledger/shapes.h"

#define POST_CODE SPAN_TEXT("BRN")
#define POST_ORIGIN SPAN_TEXT("legation.invalid/BRN")
#define POST_TIME_US UINT64_C(1795387737123456)

struct post {
	const char *path;
	const char *vfs;
	struct keys_root root;
	uint8_t recovery[KEYS_RECOVERY_SIZE];
	struct store *store;
	struct ledger *ledger;
};

__attribute__((unused)) static struct err post_open_store(struct post *post, bool create)
{
	struct store_options options = {.mode = STORE_WRITE, .create = create, .vfs = post->vfs};
	return store_open(post->path, &options, &post->store);
}

__attribute__((unused)) static struct err post_open_ledger(struct post *post)
{
	struct ledger_options options = {.post = POST_CODE, .root = &post->root};
	return ledger_open(post->store, &options, &post->ledger);
}

__attribute__((unused)) static void post_close(struct post *post)
{
	post->ledger = ledger_close(post->ledger);
	post->store = store_close(post->store);
}

__attribute__((unused)) static struct err post_make(struct post *post)
{
	memset(post->root.bytes, 0x5A, sizeof post->root.bytes);
	TRY(post_open_store(post, true));
	TRY(ledger_create(post->store, &post->root, POST_ORIGIN, post->recovery));
	return post_open_ledger(post);
}

__attribute__((unused)) static struct err post_reopen(struct post *post)
{
	post_close(post);
	TRY(post_open_store(post, false));
	return post_open_ledger(post);
}

/* What the entry at `seq` of a test ledger is: every seventh makes a person with a sealed name, every fifth after one
 * has a sealed remark about the latest person, the others are open.
 */
__attribute__((unused)) static struct err post_append(struct post *post, struct ledger_appended *ret_appended)
{
	uint64_t seq = ledger_size(post->ledger);
	struct person_made person = {.post = 1,
				     .status = SPAN_TEXT("service staff"),
				     .name = SPAN_TEXT("Ada Example"),
				     .card = SPAN_TEXT("0123456789abcdef")};
	struct passage passage = {.door = seq,
				  .strike_ms = 3000,
				  .colour = COLOUR_BLUE,
				  .reason = SPAN_TEXT("valid"),
				  .remark = seq % 5 == 0 ? SPAN_TEXT("carried a parcel") : (struct span){0}};
	bool makes_person = seq % 7 == 0;
	struct ledger_draft draft = {
		.type = makes_person ? "person.made" : "access.granted",
		.actor = "reader/7",
		.time_us = POST_TIME_US + seq * 1000,
		.has_cause = seq > 0,
		.cause = seq / 2,
		.shape = makes_person ? &person_made_shape : &passage_shape,
		.value = makes_person ? (const void *)&person : &passage,
		.subject_is_self = makes_person,
		.subject = seq / 7 * 7,
	};
	return ledger_append(post->ledger, &draft, ret_appended);
}

/* One transaction of `count` entries. */
__attribute__((unused)) static struct err post_commit(struct post *post, size_t count)
{
	struct ledger_appended appended;
	TRY(store_begin(post->store));
	for (size_t i = 0; i < count; i++)
		TRY(post_append(post, &appended));
	TRY(ledger_sign(post->ledger));
	return store_commit(post->store);
}

__attribute__((unused)) static void post_verify(struct post *post, struct ledger_report *ret_report)
{
	struct ledger_verify_options options = {.root = &post->root, .structure = true, .beside = true};
	NEED_OK(ledger_verify(post->store, &options, ret_report), "the ledger is verified");
	for (uint32_t i = 0; i < ret_report->finding_count; i++)
		printf("# %s: %s\n", ledger_fault_name(ret_report->findings[i].fault), ret_report->findings[i].why);
}

__attribute__((unused)) static bool post_is_sound(struct post *post)
{
	struct ledger_report report;
	post_verify(post, &report);
	return report.finding_total == 0 && report.entries == report.size;
}

#endif
