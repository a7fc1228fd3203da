/* access/import.c - cards and rights from a file: `legation access import`.
 *
 * The file names people and doors by the keys of the post's file. It is all checked first; then only what differs is
 * recorded, under one entry that names the file. A person's rights are replaced as a whole.
 */
#include <stdlib.h>

#include "access/state.h"

struct import {
	struct core *core;
	const struct core_request *request;
	const struct access_import_request *in;
	bool record; /* the second pass */
	struct core_why why;
	struct access_import_reply reply;
	bool refused;
};

static void refuse_row(struct import *import, const char *list, size_t row, const char *what, struct span key)
{
	import->refused = true;
	core_refuse(import->core, import->request->caller, 400, "invalid", list, "%s[%zu]: %s %.*s", list, row, what,
		    SPAN_ARGS(key));
}

/* ---- cards ---- */

static struct err card_add(struct import *import, const struct access_import_credential *row, uint64_t person,
			   struct span number)
{
	struct access_credential body = {
		.person = person,
		.key = row->key,
		.kind = ACCESS_CREDENTIAL_CARD,
		.not_before = row->not_before,
		.expires = row->expires,
		.number = number,
	};
	uint64_t id;
	TRY(core_record(import->core, &access_credential_entry, &body, import->why, &id));
	if (!row->revoked)
		return OK;
	struct access_credential_changed revoked = {
		.credential = id,
		.not_before = row->not_before,
		.expires = row->expires,
		.revoked = true,
	};
	return core_record(import->core, &access_credential_changed_entry, &revoked, import->why, NULL);
}

static struct err card_change(struct import *import, const struct access_import_credential *row,
			      const struct access_card *card)
{
	struct access_credential_changed body = {
		.credential = card->id,
		.not_before = row->not_before,
		.expires = row->expires,
		.revoked = row->revoked,
	};
	return core_record(import->core, &access_credential_changed_entry, &body, import->why, NULL);
}

static struct err credential_row(struct import *import, size_t index)
{
	const struct access_import_credential *row =
		(const struct access_import_credential *)import->in->credentials.at + index;
	const struct post_member *person = post_person_by_key(import->core, row->person);
	uint8_t number[ACCESS_NUMBER_SIZE_MAX], fingerprint[32];
	size_t size = 0;
	if (!person || person->left || person->erased) {
		refuse_row(import, "credentials", index, "the post has no person", row->person);
		return OK;
	}
	if (failed(access_number(row->bit_count, row->bits, number, &size))) {
		refuse_row(import, "credentials", index, "not a card's number:", row->key);
		return OK;
	}
	access_fingerprint(import->core, (struct span){number, size}, fingerprint);
	const struct access_card *card = access_card_of(access_state(import->core), fingerprint);
	if (card && card->person != person->is.person) {
		refuse_row(import, "credentials", index, "somebody else has this card:", row->key);
		return OK;
	}
	if (!card) {
		import->reply.credentials_added++;
		return import->record ? card_add(import, row, person->is.person, (struct span){number, size}) : OK;
	}
	if (card->not_before_us == row->not_before && card->expires_us == row->expires && card->revoked == row->revoked)
		return OK;
	import->reply.credentials_changed++;
	return import->record ? card_change(import, row, card) : OK;
}

/* ---- rights ---- */

static int rising(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return left < right ? -1 : left > right;
}

static struct err right_row(struct import *import, size_t index)
{
	const struct access_import_right *row = (const struct access_import_right *)import->in->rights.at + index;
	const struct access_import_door *keys = row->doors.at;
	const struct post_member *person = post_person_by_key(import->core, row->person);
	uint64_t *doors = arena_take(import->request->arena, (row->doors.count + 1) * sizeof *doors);
	if (!person || person->left || person->erased) {
		refuse_row(import, "rights", index, "the post has no person", row->person);
		return OK;
	}
	for (size_t i = 0; i < row->doors.count; i++) {
		const struct post_door *door = post_door_by_key(import->core, keys[i].key);
		if (!door) {
			refuse_row(import, "rights", index, "the post has no door", keys[i].key);
			return OK;
		}
		doors[i] = door->id;
	}
	qsort(doors, row->doors.count, sizeof *doors, rising);
	const struct access_holder *holder = access_holder(access_state(import->core), person->is.person, false);
	if (holder ? holder->door_count == row->doors.count &&
			     memcmp(holder->doors, doors, row->doors.count * sizeof *doors) == 0
		   : row->doors.count == 0)
		return OK;
	import->reply.rights_changed++;
	if (!import->record)
		return OK;
	struct access_rights body = {.person = person->is.person, .doors = {doors, row->doors.count}};
	return core_record(import->core, &access_rights_entry, &body, import->why, NULL);
}

/* ---- two passes: check and count, then record ---- */

static struct err pass(struct import *import)
{
	import->reply = (struct access_import_reply){0};
	for (size_t i = 0; !import->refused && i < import->in->credentials.count; i++)
		TRY(credential_row(import, i));
	for (size_t i = 0; !import->refused && i < import->in->rights.count; i++)
		TRY(right_row(import, i));
	return OK;
}

struct err access_import_write(struct core *core, const struct core_request *request)
{
	struct import import = {.core = core, .request = request, .in = request->body};
	TRY(pass(&import));
	if (import.refused)
		return OK;
	uint32_t changes =
		import.reply.credentials_added + import.reply.credentials_changed + import.reply.rights_changed;
	if (changes > 0 && !import.in->dry_run) {
		struct access_imported body = {
			.file = import.in->file,
			.sha256 = import.in->sha256,
			.credentials = import.reply.credentials_added + import.reply.credentials_changed,
			.rights = import.reply.rights_changed,
		};
		import.why = (struct core_why){.actor = request->actor};
		TRY(core_record(core, &access_imported_entry, &body, import.why, &import.why.cause));
		import.why.has_cause = true;
		import.record = true;
		TRY(pass(&import));
	}
	core_answer(core, request->caller, &access_import_reply_shape, &import.reply);
	return OK;
}
