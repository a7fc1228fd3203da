/* access/tables.c - cards, rights, doors, devices and passages as tables, and as core's memory, from the same
 * entries. */
#include <stdlib.h>

#include "access/decision.h"
#include "access/state.h"

const char access_schema[] =
	"CREATE TABLE access_card (id INTEGER PRIMARY KEY, person INTEGER NOT NULL, key TEXT NOT NULL,"
	" not_before INTEGER NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL, fingerprint BLOB);"
	"CREATE INDEX access_card_person ON access_card (person);"
	"CREATE TABLE access_right (person INTEGER NOT NULL, door INTEGER NOT NULL, entry INTEGER NOT NULL,"
	" PRIMARY KEY (person, door));"
	"CREATE TABLE access_door (id INTEGER PRIMARY KEY, lockdown INTEGER NOT NULL, unlocked_until INTEGER NOT NULL,"
	" unlocked_by INTEGER NOT NULL, position INTEGER NOT NULL, condition INTEGER NOT NULL, opened_by INTEGER NOT "
	"NULL,"
	" since INTEGER NOT NULL);"
	"CREATE TABLE access_device (id INTEGER PRIMARY KEY, link INTEGER NOT NULL, pinned INTEGER NOT NULL, cuid BLOB,"
	" vendor INTEGER NOT NULL, model INTEGER NOT NULL, version INTEGER NOT NULL, serial INTEGER NOT NULL,"
	" firmware INTEGER NOT NULL, tamper INTEGER NOT NULL, power_failure INTEGER NOT NULL);"
	"CREATE TABLE access_passage (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, person INTEGER NOT NULL,"
	" door INTEGER NOT NULL, granted INTEGER NOT NULL, reason INTEGER NOT NULL);"
	"CREATE INDEX access_passage_person ON access_passage (person, seq);";
const char *const access_tables[] = {"access_card",   "access_right",   "access_door",
				     "access_device", "access_passage", NULL};

/* ---- cards ---- */

static struct err card_store(struct core *core, const struct access_card *card, struct span key)
{
	struct store_statement *put;
	TRY(store_statement(core_store(core),
			    "INSERT INTO access_card (id, person, key, not_before, expires, revoked, fingerprint)"
			    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET"
			    " not_before = excluded.not_before, expires = excluded.expires, revoked = excluded.revoked,"
			    " fingerprint = excluded.fingerprint",
			    &put));
	store_bind_u64(put, 1, card->id);
	store_bind_u64(put, 2, card->person);
	store_bind_text(put, 3, key);
	store_bind_u64(put, 4, card->not_before_us);
	store_bind_u64(put, 5, card->expires_us);
	store_bind_u64(put, 6, card->revoked);
	if (!card->erased)
		store_bind_bytes(put, 7, SPAN_OF(card->fingerprint));
	return store_run(put);
}

static struct err apply_credential(struct core *core, const struct core_entry *entry)
{
	const struct access_credential *body = entry->body;
	struct access_state *state = access_state(core);
	struct access_card *card = access_card_add(state, entry->seq);
	card->person = body->person;
	card->not_before_us = body->not_before;
	card->expires_us = body->expires;
	card->erased = body->number.size == 0;
	if (!card->erased)
		access_fingerprint(core, body->number, card->fingerprint);
	access_card_index(state, card);
	return card_store(core, card, body->key);
}

static struct err apply_credential_changed(struct core *core, const struct core_entry *entry)
{
	const struct access_credential_changed *body = entry->body;
	struct access_card *card = access_card(access_state(core), body->credential);
	ENSURE(card);
	card->not_before_us = body->not_before;
	card->expires_us = body->expires;
	card->revoked = body->revoked;
	return card_store(core, card, (struct span){0});
}

static struct err apply_erased(struct core *core, const struct core_entry *entry)
{
	const struct core_subject_erased *body = entry->body;
	struct access_state *state = access_state(core);
	for (size_t i = 0; i < state->card_count; i++) {
		struct access_card *card = &state->cards[i];
		if (card->person != body->subject || card->erased)
			continue;
		uint64_t key;
		memcpy(&key, card->fingerprint, sizeof key);
		map_remove(&state->card_by_fingerprint, key);
		card->erased = true;
		wipe(card->fingerprint, sizeof card->fingerprint);
		TRY(card_store(core, card, (struct span){0}));
	}
	return OK;
}

static struct err cards_load(struct core *core, struct access_state *state)
{
	struct store_statement *all;
	TRY(store_statement(core_store(core),
			    "SELECT id, person, not_before, expires, revoked, fingerprint FROM access_card ORDER BY id",
			    &all));
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row)
			return store_done(all);
		struct access_card *card = access_card_add(state, store_column_u64(all, 0));
		card->person = store_column_u64(all, 1);
		card->not_before_us = store_column_u64(all, 2);
		card->expires_us = store_column_u64(all, 3);
		card->revoked = store_column_u64(all, 4) != 0;
		struct span fingerprint = store_column_bytes(all, 5);
		card->erased = fingerprint.size != sizeof card->fingerprint;
		if (!card->erased)
			memcpy(card->fingerprint, fingerprint.at, fingerprint.size);
		access_card_index(state, card);
	}
}

/* ---- rights ---- */

static int rising(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return left < right ? -1 : left > right;
}

static void holder_set(struct access_holder *holder, uint64_t right, const uint64_t *doors, size_t count)
{
	free(holder->doors);
	holder->right = right;
	holder->doors = malloc((count + 1) * sizeof *doors);
	ENSURE(holder->doors);
	if (count > 0)
		memcpy(holder->doors, doors, count * sizeof *doors);
	qsort(holder->doors, count, sizeof *doors, rising);
	holder->door_count = count;
}

static struct err apply_rights(struct core *core, const struct core_entry *entry)
{
	const struct access_rights *body = entry->body;
	const uint64_t *doors = body->doors.at;
	struct store_statement *drop, *put;
	holder_set(access_holder(access_state(core), body->person, true), entry->seq, doors, body->doors.count);
	TRY(store_statement(core_store(core), "DELETE FROM access_right WHERE person = $1", &drop));
	store_bind_u64(drop, 1, body->person);
	TRY(store_run(drop));
	for (size_t i = 0; i < body->doors.count; i++) {
		TRY(store_statement(core_store(core),
				    "INSERT INTO access_right (person, door, entry) VALUES ($1, $2, $3)"
				    " ON CONFLICT (person, door) DO NOTHING",
				    &put));
		store_bind_u64(put, 1, body->person);
		store_bind_u64(put, 2, doors[i]);
		store_bind_u64(put, 3, entry->seq);
		TRY(store_run(put));
	}
	return OK;
}

static struct err rights_load(struct core *core, struct access_state *state)
{
	struct store_statement *all;
	uint64_t person = 0, right = 0;
	uint64_t *doors = malloc(POST_DOORS_MAX * sizeof *doors);
	size_t count = 0;
	ENSURE(doors);
	struct err e = store_statement(core_store(core),
				       "SELECT person, door, entry FROM access_right ORDER BY person, door", &all);
	for (bool row = true; !failed(e) && row;) {
		e = store_step(all, &row);
		if (failed(e))
			break;
		if ((!row || store_column_u64(all, 0) != person) && count > 0) {
			holder_set(access_holder(state, person, true), right, doors, count);
			count = 0;
		}
		if (!row)
			break;
		ENSURE(count < POST_DOORS_MAX);
		person = store_column_u64(all, 0);
		doors[count++] = store_column_u64(all, 1);
		right = store_column_u64(all, 2);
	}
	free(doors);
	TRY(e);
	return store_done(all);
}

/* ---- doors ---- */

static struct err door_store(struct core *core, const struct access_door *door, uint64_t since)
{
	struct store_statement *put;
	TRY(store_statement(
		core_store(core),
		"INSERT INTO access_door (id, lockdown, unlocked_until, unlocked_by, position, condition, opened_by,"
		" since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET"
		" lockdown = excluded.lockdown, unlocked_until = excluded.unlocked_until,"
		" unlocked_by = excluded.unlocked_by, position = excluded.position,"
		" condition = excluded.condition, opened_by = excluded.opened_by,"
		" since = CASE WHEN excluded.since > 0 THEN excluded.since ELSE since END",
		&put));
	store_bind_u64(put, 1, door->id);
	store_bind_u64(put, 2, door->lockdown);
	store_bind_u64(put, 3, door->unlocked_until_us);
	store_bind_u64(put, 4, door->unlocked_by);
	store_bind_u64(put, 5, door->position);
	store_bind_u64(put, 6, door->condition);
	store_bind_u64(put, 7, door->opened_by);
	store_bind_u64(put, 8, since);
	return store_run(put);
}

static struct err unlocked(struct core *core, const struct core_entry *entry, uint64_t id, uint64_t for_us)
{
	struct access_door *door = access_door(access_state(core), id);
	door->unlocked_until_us = entry->time_us + for_us;
	door->unlocked_by = entry->seq;
	return door_store(core, door, 0);
}

static struct err passage_store(struct core *core, const struct core_entry *entry, uint64_t person, uint64_t door,
				bool granted, enum access_reason reason)
{
	struct store_statement *put;
	if (person == 0)
		return OK;
	TRY(store_statement(core_store(core),
			    "INSERT INTO access_passage (seq, time, person, door, granted, reason)"
			    " VALUES ($1, $2, $3, $4, $5, $6)",
			    &put));
	store_bind_u64(put, 1, entry->seq);
	store_bind_u64(put, 2, entry->time_us);
	store_bind_u64(put, 3, person);
	store_bind_u64(put, 4, door);
	store_bind_u64(put, 5, granted);
	store_bind_u64(put, 6, reason);
	return store_run(put);
}

static struct err apply_granted(struct core *core, const struct core_entry *entry)
{
	const struct access_granted *body = entry->body;
	TRY(unlocked(core, entry, body->door, body->strike_100ms * UINT64_C(100000)));
	return passage_store(core, entry, body->person, body->door, true, body->reason);
}

static struct err apply_denied(struct core *core, const struct core_entry *entry)
{
	const struct access_denied *body = entry->body;
	return passage_store(core, entry, body->person, body->door, false, body->reason);
}

static struct err apply_unlocked(struct core *core, const struct core_entry *entry)
{
	const struct access_unlocked *body = entry->body;
	return unlocked(core, entry, body->door, body->seconds * UINT64_C(1000000));
}

static struct err door_moved(struct core *core, const struct core_entry *entry, uint64_t id,
			     enum access_position position, enum access_condition condition, uint64_t opened_by)
{
	struct access_door *door = access_door(access_state(core), id);
	door->position = position;
	door->condition = condition;
	door->opened_by = opened_by;
	return door_store(core, door, entry->time_us);
}

static struct err apply_opened(struct core *core, const struct core_entry *entry)
{
	return door_moved(core, entry, ((const struct access_door_opened *)entry->body)->door, ACCESS_OPEN,
			  ACCESS_NORMAL, entry->seq);
}

static struct err apply_forced(struct core *core, const struct core_entry *entry)
{
	return door_moved(core, entry, ((const struct access_door_forced *)entry->body)->door, ACCESS_OPEN,
			  ACCESS_FORCED, entry->seq);
}

static struct err apply_held(struct core *core, const struct core_entry *entry)
{
	const struct access_door_held *body = entry->body;
	uint64_t opened_by = access_door(access_state(core), body->door)->opened_by;
	return door_moved(core, entry, body->door, ACCESS_OPEN, ACCESS_HELD, opened_by);
}

static struct err apply_closed(struct core *core, const struct core_entry *entry)
{
	return door_moved(core, entry, ((const struct access_door_closed *)entry->body)->door, ACCESS_SHUT,
			  ACCESS_NORMAL, 0);
}

/* The post's own lockdown stands in the row of door 0. It also ends every unlock: the doors fall shut. */
static struct err apply_lockdown(struct core *core, const struct core_entry *entry)
{
	const struct access_lockdown *body = entry->body;
	struct access_state *state = access_state(core);
	access_door(state, body->door)->lockdown = body->on ? entry->seq : 0;
	if (body->door == 0)
		state->lockdown = body->on ? entry->seq : 0;
	for (size_t i = 0; i < state->door_count; i++) {
		struct access_door *door = &state->doors[i];
		bool meant = body->door == 0 || body->door == door->id;
		if (body->on && meant && door->unlocked_until_us > entry->time_us)
			door->unlocked_until_us = entry->time_us;
		if (meant)
			TRY(door_store(core, door, 0));
	}
	return OK;
}

static struct err doors_load(struct core *core, struct access_state *state)
{
	struct store_statement *all;
	TRY(store_statement(
		core_store(core),
		"SELECT id, lockdown, unlocked_until, unlocked_by, position, condition, opened_by FROM access_door"
		" ORDER BY id",
		&all));
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row)
			return store_done(all);
		struct access_door *door = access_door(state, store_column_u64(all, 0));
		door->lockdown = store_column_u64(all, 1);
		door->unlocked_until_us = store_column_u64(all, 2);
		door->unlocked_by = store_column_u64(all, 3);
		door->position = (enum access_position)store_column_u64(all, 4);
		door->condition = (enum access_condition)store_column_u64(all, 5);
		door->opened_by = store_column_u64(all, 6);
		if (door->id == 0)
			state->lockdown = door->lockdown;
	}
}

/* ---- devices ---- */

static struct err device_store(struct core *core, const struct access_device *device)
{
	struct store_statement *put;
	TRY(store_statement(
		core_store(core),
		"INSERT INTO access_device (id, link, pinned, cuid, vendor, model, version, serial, firmware, tamper,"
		" power_failure) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO UPDATE"
		" SET link = excluded.link, pinned = excluded.pinned, cuid = excluded.cuid,"
		" vendor = excluded.vendor, model = excluded.model, version = excluded.version,"
		" serial = excluded.serial, firmware = excluded.firmware, tamper = excluded.tamper,"
		" power_failure = excluded.power_failure",
		&put));
	store_bind_u64(put, 1, device->id);
	store_bind_u64(put, 2, device->link);
	store_bind_u64(put, 3, device->pinned);
	if (device->pinned)
		store_bind_bytes(put, 4, SPAN_OF(device->cuid));
	store_bind_u64(put, 5, device->vendor);
	store_bind_u64(put, 6, device->model);
	store_bind_u64(put, 7, device->version);
	store_bind_u64(put, 8, device->serial);
	store_bind_u64(put, 9, device->firmware);
	store_bind_u64(put, 10, device->tamper);
	store_bind_u64(put, 11, device->power_failure);
	return store_run(put);
}

static struct err apply_device_state(struct core *core, const struct core_entry *entry)
{
	const struct access_device_state *body = entry->body;
	struct access_device *device = access_device(access_state(core), body->device);
	device->link = body->link;
	return device_store(core, device);
}

static struct err apply_device_identity(struct core *core, const struct core_entry *entry)
{
	const struct access_device_identity *body = entry->body;
	struct access_device *device = access_device(access_state(core), body->device);
	device->pinned = body->pinned;
	memset(device->cuid, 0, sizeof device->cuid);
	if (body->cuid.size == sizeof device->cuid)
		memcpy(device->cuid, body->cuid.at, sizeof device->cuid);
	device->vendor = body->vendor;
	device->model = body->model;
	device->version = body->version;
	device->serial = body->serial;
	device->firmware = body->firmware;
	return device_store(core, device);
}

static struct err apply_device_tamper(struct core *core, const struct core_entry *entry)
{
	const struct access_device_tamper *body = entry->body;
	struct access_device *device = access_device(access_state(core), body->device);
	device->tamper = body->tamper;
	device->power_failure = body->power_failure;
	return device_store(core, device);
}

static struct err devices_load(struct core *core, struct access_state *state)
{
	struct store_statement *all;
	TRY(store_statement(
		core_store(core),
		"SELECT id, link, pinned, cuid, vendor, model, version, serial, firmware, tamper, power_failure"
		" FROM access_device ORDER BY id",
		&all));
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row)
			return store_done(all);
		struct access_device *device = access_device(state, store_column_u64(all, 0));
		device->link = (enum osdp_link)store_column_u64(all, 1);
		device->pinned = store_column_u64(all, 2) != 0;
		struct span cuid = store_column_bytes(all, 3);
		if (cuid.size == sizeof device->cuid)
			memcpy(device->cuid, cuid.at, cuid.size);
		device->vendor = (uint32_t)store_column_u64(all, 4);
		device->model = (uint32_t)store_column_u64(all, 5);
		device->version = (uint32_t)store_column_u64(all, 6);
		device->serial = (uint32_t)store_column_u64(all, 7);
		device->firmware = (uint32_t)store_column_u64(all, 8);
		device->tamper = store_column_u64(all, 9) != 0;
		device->power_failure = store_column_u64(all, 10) != 0;
	}
}

/* ---- all ---- */

struct err access_load(struct core *core)
{
	struct access_state *state = access_state(core);
	TRY(cards_load(core, state));
	TRY(rights_load(core, state));
	TRY(doors_load(core, state));
	return devices_load(core, state);
}

/* Nobody is connected when core starts: what was said of devices' links before is over. */
static struct err apply_started(struct core *core, const struct core_entry *entry)
{
	struct access_state *state = access_state(core);
	(void)entry;
	for (size_t i = 0; i < state->device_count; i++) {
		if (state->devices[i].link == OSDP_LINK_OFFLINE)
			continue;
		state->devices[i].link = OSDP_LINK_OFFLINE;
		TRY(device_store(core, &state->devices[i]));
	}
	return OK;
}

struct err access_apply(struct core *core, const struct core_entry *entry)
{
	static const struct core_apply_row rows[] = {
		{&access_granted_entry, apply_granted},
		{&access_denied_entry, apply_denied},
		{&access_credential_entry, apply_credential},
		{&access_credential_changed_entry, apply_credential_changed},
		{&access_rights_entry, apply_rights},
		{&access_unlocked_entry, apply_unlocked},
		{&access_lockdown_entry, apply_lockdown},
		{&access_door_opened_entry, apply_opened},
		{&access_door_closed_entry, apply_closed},
		{&access_door_forced_entry, apply_forced},
		{&access_door_held_entry, apply_held},
		{&access_device_state_entry, apply_device_state},
		{&access_device_identity_entry, apply_device_identity},
		{&access_device_tamper_entry, apply_device_tamper},
		{&core_started_entry, apply_started},
		{&core_subject_erased_entry, apply_erased},
	};
	return core_apply_by(core, entry, rows, sizeof rows / sizeof *rows);
}
