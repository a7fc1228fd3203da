/* core/writer.c - one batch: entries in, one commit, then what was to be released.
 *
 * Everything that a batch wants to send waits in the outbox as bytes. A batch that recorded nothing commits nothing
 * and its outbox leaves at once; else it leaves after the commit. When the commit fails, the outbox is never sent:
 * the process ends and comes back from what is durable.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/internal.h"

#define SHAPE_TABLE "core/entries.def"
#define ENTRY_LIST own_kinds
#include "core/entry_tables.h"

const struct core_entry_kind *const *const core_own_kinds = own_kinds;
const size_t core_own_kind_count = sizeof own_kinds / sizeof *own_kinds;

#define RELEASE_ALIGN(size) (((size) + 7) & ~(size_t)7)

const struct core_entry_kind *core_kind_find(const struct core *core, struct span type)
{
	for (size_t i = 0; i < core_own_kind_count; i++)
		if (span_is(type, core_own_kinds[i]->type))
			return core_own_kinds[i];
	for (size_t m = 0; m < core->options->module_count; m++) {
		const struct core_module *module = core->options->modules[m];
		for (size_t i = 0; i < module->kind_count; i++)
			if (span_is(type, module->kinds[i]->type))
				return module->kinds[i];
	}
	return NULL;
}

struct err core_apply(struct core *core, const struct core_entry *entry)
{
	for (size_t m = 0; m < core->options->module_count; m++) {
		const struct core_module *module = core->options->modules[m];
		if (module->apply)
			TRY(err_within(module->apply(core, entry), "entry %llu, %s: %s", (unsigned long long)entry->seq,
				       entry->kind->type, module->name));
	}
	return OK;
}

struct err core_apply_by(struct core *core, const struct core_entry *entry, const struct core_apply_row *rows,
			 size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].kind == entry->kind)
			return rows[i].apply(core, entry);
	return OK;
}

static struct err batch_begin(struct core *core)
{
	if (core->in_batch)
		return OK;
	TRY(store_begin(core->store));
	core->in_batch = true;
	core->batch_first = ledger_size(core->ledger);
	core->batch_count = 0;
	return OK;
}

struct err core_record(struct core *core, const struct core_entry_kind *kind, const void *body, struct core_why why,
		       uint64_t *ret_seq)
{
	REQUIRE(!core->rebuilding);
	TRY(batch_begin(core));
	struct ledger_draft draft = {
		.type = kind->type,
		.actor = why.actor,
		.time_us = core->now_us,
		.has_cause = why.has_cause,
		.cause = why.cause,
		.shape = kind->shape,
		.value = body,
		.subject_is_self = kind->subject_rule == CORE_SUBJECT_SELF,
	};
	if (kind->subject_rule == CORE_SUBJECT_FIELD)
		memcpy(&draft.subject, (const uint8_t *)body + kind->subject_offset, sizeof draft.subject);
	struct ledger_appended appended;
	TRY(ledger_append(core->ledger, &draft, &appended));
	core_feed_add(core, appended.seq, appended.line);
	struct core_entry entry = {
		.kind = kind,
		.body = body,
		.seq = appended.seq,
		.time_us = appended.time_us,
		.actor = span_of_string(why.actor),
		.cause = why.cause,
		.has_cause = why.has_cause,
	};
	TRY(core_apply(core, &entry));
	core->batch_count++;
	if (ret_seq)
		*ret_seq = appended.seq;
	return OK;
}

/* ---- the outbox ---- */

static void outbox_grow(struct core *core, size_t wanted)
{
	if (core->outbox_room - core->outbox_size >= wanted)
		return;
	size_t room = core->outbox_room ? core->outbox_room : 64 * 1024;
	while (room - core->outbox_size < wanted)
		room *= 2;
	ENSURE(room <= CORE_OUTBOX_BYTES_MAX);
	uint8_t *grown = malloc(room);
	ENSURE(grown);
	if (core->outbox_size > 0)
		memcpy(grown, core->outbox, core->outbox_size);
	if (core->outbox)
		wipe(core->outbox, core->outbox_size);
	free(core->outbox);
	core->outbox = grown;
	core->outbox_room = room;
}

void core_release_message(struct core *core, uint64_t peer, enum message_kind kind, const void *body)
{
	if (core->rebuilding)
		return;
	outbox_grow(core, sizeof(struct core_release) + LINK_MESSAGE_SIZE_MAX + 8);
	uint8_t *at = core->outbox + core->outbox_size;
	struct sink s = sink_of(at + sizeof(struct core_release), LINK_MESSAGE_SIZE_MAX);
	ENSURE(!failed(message_write(kind, body, &s)));
	struct core_release release = {.peer = peer, .size = (uint32_t)s.size};
	memcpy(at, &release, sizeof release);
	core->outbox_size += RELEASE_ALIGN(sizeof release + s.size);
}

void core_send(struct core *core, enum worker_role role, uint32_t line, enum message_kind kind, const void *body)
{
	const struct core_peer *peer = core->rebuilding ? NULL : core_peer_find(core, role, line);
	if (peer)
		core_release_message(core, peer->number, kind, body);
}

bool core_worker_is_there(struct core *core, enum worker_role role, uint32_t line)
{
	return core_peer_find(core, role, line) != NULL;
}

static struct err outbox_deliver(struct core *core)
{
	for (size_t at = 0; at < core->outbox_size;) {
		struct core_release release;
		memcpy(&release, core->outbox + at, sizeof release);
		struct span written = {core->outbox + at + sizeof release, release.size};
		TRY(core_peer_deliver(core, release.peer, written));
		at += RELEASE_ALIGN(sizeof release + release.size);
	}
	wipe(core->outbox, core->outbox_size);
	core->outbox_size = 0;
	return OK;
}

struct err core_batch_commit(struct core *core)
{
	if (core->in_batch) {
		TRY(ledger_sign(core->ledger));
		TRY(store_commit(core->store));
		core->in_batch = false;
		core->commits++;
		core->recorded += core->batch_count;
		core->feed_wanted = true;
	}
	/* The releases of the stories stand in front of the feed: a door before a picture of it. */
	if (core->feed_wanted)
		core_feed_send(core);
	core->feed_wanted = false;
	return outbox_deliver(core);
}

/* ---- what a domain may ask ---- */

struct store *core_store(struct core *core)
{
	return core->store;
}

struct arena *core_arena(struct core *core)
{
	return core->arena;
}

const struct keys_root *core_root_key(const struct core *core)
{
	return &core->root_key;
}

struct span core_pepper(const struct core *core)
{
	return SPAN_OF(core->pepper);
}

struct span core_post_code(const struct core *core)
{
	return span_of_string(core->code);
}

uint64_t core_ledger_size(const struct core *core)
{
	return ledger_size(core->ledger);
}

bool core_rebuilding(const struct core *core)
{
	return core->rebuilding;
}

bool core_disk_is_low(const struct core *core)
{
	return core->disk_low;
}

void *core_state(struct core *core, const struct core_module *module)
{
	size_t m = 0;
	while (m < core->options->module_count && core->options->modules[m] != module)
		m++;
	ENSURE(m < core->options->module_count); /* cmd/modules.c lists them all */
	return core->states[m];
}

void core_set_lines(struct core *core, const struct supervisor_lines *lines)
{
	core_release_message(core, CORE_PEER_SUPERVISOR, MESSAGE_SUPERVISOR_LINES, lines);
}
