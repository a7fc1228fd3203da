#include "bench/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access/access.h"
#include "base/clock.h"
#include "bench/site.h"
#include "cmd/cmd.h"
#include "core/internal.h"
#include "post/post.h"

enum {
	LINES = 4,
	READERS = 10,
	PEOPLE = 200,
	BATCH = 1000,               /* entries in one transaction */
	STEP_US = 12 * 1000 * 1000, /* from one person to the next: a million entries are about two months */
	PERSON_BYTES_MAX = 60,
};

/* What is kept is used again only by the same version and the same kind of history. */
static const char format[] = "1 " LEGATION_VERSION;

struct history {
	struct core *core;
	uint64_t seed;
	uint64_t end; /* entries wanted */
	char actor[40];
};

static uint64_t draw(struct history *history, uint64_t below)
{
	history->seed ^= history->seed << 13;
	history->seed ^= history->seed >> 7;
	history->seed ^= history->seed << 17;
	return history->seed % below;
}

/* ---- what happens ---- */

static uint64_t record(struct history *history, const struct core_entry_kind *kind, const void *body, uint64_t cause)
{
	uint64_t seq = 0;
	struct core_why why = {.actor = history->actor, .cause = cause, .has_cause = cause != 0};
	arena_reset(history->core->arena);
	BENCH_OK(core_record(history->core, kind, body, why, &seq));
	history->core->now_us += 1000 * 1000;
	return seq;
}

static void pass(struct history *history, const struct post_door *door, uint64_t person)
{
	struct access_granted granted = {
		.door = door->id,
		.device = door->reader_device,
		.credential = person + 1,
		.person = person,
		.reason = ACCESS_ALLOWED,
		.right = person + 2,
		.strike_100ms = door->strike_100ms,
	};
	uint64_t id = door->id;
	uint64_t seq = record(history, &access_granted_entry, &granted, person + 1);
	(void)snprintf(history->actor, sizeof history->actor, "door/%llu", (unsigned long long)id);
	seq = record(history, &access_door_opened_entry, &(struct access_door_opened){.door = id}, seq);
	(void)record(history, &access_door_closed_entry, &(struct access_door_closed){.door = id}, seq);
}

static void deny(struct history *history, const struct post_door *door, uint64_t person)
{
	static const uint8_t fingerprint[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	bool known = draw(history, 2) == 0;
	struct access_denied denied = {
		.door = door->id,
		.device = door->reader_device,
		.credential = known ? person + 1 : 0,
		.person = known ? person : 0,
		.reason = known ? ACCESS_NOT_ALLOWED : ACCESS_UNKNOWN_CREDENTIAL,
	};
	if (!known) {
		denied.bit_count = 26;
		denied.fingerprint = SPAN_OF(fingerprint);
	}
	(void)record(history, &access_denied_entry, &denied, known ? person + 1 : 0);
}

static void force(struct history *history, const struct post_door *door)
{
	uint64_t id = door->id;
	(void)snprintf(history->actor, sizeof history->actor, "door/%llu", (unsigned long long)id);
	uint64_t seq = record(history, &access_door_forced_entry, &(struct access_door_forced){.door = id}, 0);
	(void)record(history, &access_door_closed_entry, &(struct access_door_closed){.door = id}, seq);
}

/* Somebody's description changes, or a new card is given out: sealed parts. */
static void describe(struct history *history, size_t person)
{
	const struct post_member *member = post_person_at(history->core, person);
	char key[PERSON_BYTES_MAX], name[PERSON_BYTES_MAX];
	(void)snprintf(key, sizeof key, "person-%zu", person);
	(void)snprintf(name, sizeof name, "Employee Renamed %llu", (unsigned long long)draw(history, 1000000));
	struct post_person_changed changed = member->is;
	changed.key = span_of_string(key);
	changed.name = span_of_string(name);
	changed.nationality = SPAN_TEXT("XA");
	(void)snprintf(history->actor, sizeof history->actor, "uid/0");
	(void)record(history, &post_person_changed_entry, &changed, changed.person);
}

static void give_card(struct history *history, uint64_t person)
{
	uint8_t number[6] = {26, 0};
	uint64_t drawn = draw(history, UINT32_MAX);
	memcpy(number + 2, &drawn, 4);
	struct access_credential card = {
		.person = person,
		.key = SPAN_TEXT("card-new"),
		.kind = ACCESS_CREDENTIAL_CARD,
		.number = SPAN_OF(number),
	};
	(void)snprintf(history->actor, sizeof history->actor, "uid/0");
	(void)record(history, &access_credential_entry, &card, person);
}

static void happen(struct history *history)
{
	uint64_t dice = draw(history, 1000);
	size_t person = draw(history, post_person_count(history->core));
	uint64_t id = post_person_at(history->core, person)->is.person;
	const struct post_door *door = post_door_at(history->core, draw(history, post_door_count(history->core)));
	(void)snprintf(history->actor, sizeof history->actor, "reader/%llu", (unsigned long long)door->reader_device);
	if (dice < 880)
		pass(history, door, id);
	else if (dice < 960)
		deny(history, door, id);
	else if (dice < 970)
		force(history, door);
	else if (dice < 985)
		describe(history, person);
	else
		give_card(history, id);
	history->core->now_us += STEP_US;
}

/* ---- making ---- */

/* In a process of its own, so that what core holds at its end goes with it. */
static void write_history(const char *folder, uint64_t entries)
{
	struct core_options options = cmd_core_options(folder);
	struct history history = {.core = core_new(&options), .seed = UINT64_C(0x9E3779B97F4A7C15), .end = entries};
	BENCH_OK(core_open(history.core));
	history.core->opened = true;
	while (ledger_size(history.core->ledger) < entries) {
		struct store_wal wal;
		uint64_t until = ledger_size(history.core->ledger) + BATCH;
		while (ledger_size(history.core->ledger) < until && ledger_size(history.core->ledger) < entries)
			happen(&history);
		BENCH_OK(core_batch_commit(history.core));
		if (store_wal_bytes_used(history.core->store) > 32 * 1024 * 1024)
			BENCH_OK(store_checkpoint_wal(history.core->store, &wal));
	}
	BENCH_OK(store_empty_wal(history.core->store));
	core_close(history.core);
	exit(0);
}

static bool is_stamped(const char *path)
{
	char text[100] = "";
	FILE *from = fopen(path, "re");
	bool same = from && fgets(text, sizeof text, from) && strcmp(text, format) == 0;
	if (from)
		(void)fclose(from);
	return same;
}

static void stamp(const char *path)
{
	FILE *to = fopen(path, "we");
	BENCH_NEED(to && fputs(format, to) >= 0 && fclose(to) == 0, "write %s", path);
}

/* The post itself comes in by the commands that a technician uses. */
static void make_post(const char *folder)
{
	struct bench_server server;
	static struct site site;
	site_make(&site, LINES, READERS, PEOPLE);
	bench_server_start(folder, &server);
	struct client *client = bench_client(&server);
	site_import(&site, client);
	client_close(client);
	bench_server_stop(&server);
}

void history_make(uint64_t entries, char ret_folder[BENCH_PATH_SIZE])
{
	char above[BENCH_PATH_SIZE], path[BENCH_PATH_SIZE], name[60];
	(void)snprintf(name, sizeof name, "history-%llu", (unsigned long long)entries);
	bench_folder_kept(name, above);
	bench_path(ret_folder, "%s/post", above);
	bench_path(path, "%s/made", above);
	if (is_stamped(path))
		return;
	bench_folder(name, above);
	double start_s = bench_now_s();
	make_post(ret_folder);
	pid_t writer = fork();
	if (writer == 0)
		write_history(ret_folder, entries);
	int status = 1;
	BENCH_NEED(writer > 0 && waitpid(writer, &status, 0) == writer && status == 0, "the history was not written");
	bench_remark("made a history of %llu entries in %.0f s", (unsigned long long)entries, bench_now_s() - start_s);
	stamp(path);
}
