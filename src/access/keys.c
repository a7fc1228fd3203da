/* access/keys.c - the devices' own keys: brought from the bench, or made here and sent by KEYSET.
 *
 * A device's key (SCBK) is kept wrapped under the root key, outside the ledger; that it changed is an entry. A new
 * key made here is stored as the next one before it is sent, so that a crash or a lost acknowledgement leaves the
 * device reachable: it then proves itself by the next key, which comes into force by that.
 */
#include <sodium.h>
#include <stdio.h>

#include "access/state.h"
#include "worker/osdp/derive.h"

enum { KEY_NAME_SIZE = 32 };

static const char *key_name(uint64_t device, enum access_key_place place, char name[KEY_NAME_SIZE])
{
	(void)snprintf(name, KEY_NAME_SIZE, "%s/%llu", place == ACCESS_KEY_NOW ? "scbk" : "next",
		       (unsigned long long)device);
	return name;
}

struct err access_key_load(struct core *core, uint64_t device, enum access_key_place place, uint8_t ret_scbk[16],
			   bool *ret_there)
{
	char name[KEY_NAME_SIZE];
	struct err e =
		keys_secret_load(core_store(core), core_root_key(core), key_name(device, place, name), ret_scbk, 16);
	*ret_there = !failed(e);
	return e.code == ERR_NOT_FOUND ? OK : e;
}

static struct err key_put(struct core *core, uint64_t device, enum access_key_place place, struct span scbk)
{
	char name[KEY_NAME_SIZE];
	return keys_secret_put(core_store(core), core_root_key(core), key_name(device, place, name), scbk);
}

static struct err key_record(struct core *core, const char *actor, uint64_t device, bool by_keyset, uint64_t *ret_seq)
{
	struct access_device_key body = {.device = device, .by_keyset = by_keyset};
	return core_record(core, &access_device_key_entry, &body, (struct core_why){.actor = actor}, ret_seq);
}

/* ---- from the bench ---- */

static struct err key_bring(struct core *core, const struct core_request *request, uint64_t device, struct span scbk)
{
	struct route_done done;
	const char *weakness = scbk.size == 16 ? osdp_derive_weakness(scbk.at) : "it is not 16 bytes long";
	if (weakness) { /* RULE ACCESS-12 */
		core_refuse(core, request->caller, 400, "weak-key", "scbk", "this key is refused: %s", weakness);
		return OK;
	}
	TRY(key_record(core, request->actor, device, false, &done.seq));
	TRY(key_put(core, device, ACCESS_KEY_NOW, scbk));
	access_send_device(core, device, MESSAGE_OSDP_RESTART, &(struct osdp_restart){.device = device});
	core_answer(core, request->caller, &route_done_shape, &done);
	return OK;
}

/* ---- made here ---- */

static void draw(uint8_t ret_scbk[16])
{
	do
		randombytes_buf(ret_scbk, 16);
	while (osdp_derive_weakness(ret_scbk)); /* about once in five million draws */
}

/* RULE ACCESS-13: only in a session that rests on the device's own key; whoever listens to the line learns nothing. */
static struct err key_renew(struct core *core, const struct core_request *request, uint64_t id)
{
	struct access_device *device = access_device(access_state(core), id);
	if (device->link != OSDP_LINK_SECURE || !device->session_given) {
		core_refuse(core, request->caller, 409, "not-secure", "device",
			    "a new key is sent only in a secure session: bring the first one from the bench");
		return OK;
	}
	if (device->renewing) {
		core_refuse(core, request->caller, 409, "busy", "device", "a new key is on its way already");
		return OK;
	}
	uint8_t scbk[16];
	draw(scbk);
	TRY(key_put(core, id, ACCESS_KEY_NEXT, SPAN_OF(scbk)));
	struct osdp_keyset keyset = {.device = id, .scbk = SPAN_OF(scbk), .reference = id};
	access_send_device(core, id, MESSAGE_OSDP_KEYSET, &keyset);
	wipe(scbk, sizeof scbk);
	device->renewing = true;
	device->renewer = request->caller;
	return OK;
}

struct err access_key_promote(struct core *core, uint64_t id)
{
	struct access_device *device = access_device(access_state(core), id);
	uint8_t scbk[16];
	bool there = false;
	char name[KEY_NAME_SIZE], actor[32];
	struct route_done done;
	TRY(access_key_load(core, id, ACCESS_KEY_NEXT, scbk, &there));
	if (!there)
		return OK;
	(void)snprintf(actor, sizeof actor, "device/%llu", (unsigned long long)id);
	TRY(key_record(core, actor, id, true, &done.seq));
	struct err e = key_put(core, id, ACCESS_KEY_NOW, SPAN_OF(scbk));
	wipe(scbk, sizeof scbk);
	TRY(e);
	TRY(keys_secret_drop(core_store(core), key_name(id, ACCESS_KEY_NEXT, name)));
	device = access_device(access_state(core), id);
	if (device->renewing)
		core_answer(core, device->renewer, &route_done_shape, &done);
	device->renewing = false;
	return OK;
}

struct err access_keyset_done(struct core *core, const struct osdp_keyset_done *done)
{
	struct access_device *device = access_device(access_state(core), done->device);
	if (done->acknowledged)
		return access_key_promote(core, done->device);
	if (device->renewing)
		core_refuse(
			core, device->renewer, 503, "no-answer", "device",
			"the device did not confirm the new key; whichever it holds will be found at the next session");
	device->renewing = false;
	return OK;
}

struct err access_key_write(struct core *core, const struct core_request *request)
{
	const struct access_key_request *in = request->body;
	const struct post_device *device = post_device_by_key(core, in->device);
	if (!device) {
		core_refuse(core, request->caller, 404, "not-found", "device", "there is no device %.*s",
			    SPAN_ARGS(in->device));
		return OK;
	}
	return in->scbk.size > 0 ? key_bring(core, request, device->id, in->scbk)
				 : key_renew(core, request, device->id);
}
