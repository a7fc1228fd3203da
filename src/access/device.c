/* access/device.c - readers and I/O devices: brought up by a handshake, pinned to an identity, kept by a key of their
 * own.
 *
 * The worker speaks the protocol; the keys are here. Core draws RND.A, derives the session's keys from the device's
 * SCBK and hands those over; the SCBK itself leaves only as a KEYSET's payload. A device that is not who it was when
 * its key was pinned gets no session until somebody accepts it on record.
 */
#include <sodium.h>
#include <stdio.h>

#include "access/state.h"
#include "worker/osdp/derive.h"

/* ---- words to a device ---- */

void access_send_device(struct core *core, uint64_t device, enum message_kind kind, const void *body)
{
	const struct post_device *is = post_device(core, device);
	const struct post_line *line = is ? post_line(core, is->line) : NULL;
	if (line)
		core_send(core, WORKER_OSDP, line->number, kind, body);
}

bool access_device_is_secure(struct core *core, uint64_t device)
{
	const struct post_device *is = post_device(core, device);
	if (!is)
		return false;
	enum osdp_link link = access_device(access_state(core), device)->link;
	return link == OSDP_LINK_SECURE || (is->plain && link == OSDP_LINK_PLAIN);
}

static struct core_why why_device(uint64_t device, char actor[32])
{
	(void)snprintf(actor, 32, "device/%llu", (unsigned long long)device);
	return (struct core_why){.actor = actor};
}

static struct err record_offence(struct core *core, uint64_t device, enum osdp_offence offence, uint32_t count)
{
	char actor[32];
	struct access_device_offence body = {.device = device, .offence = offence, .count = count};
	return core_record(core, &access_device_offence_entry, &body, why_device(device, actor), NULL);
}

/* ---- a line comes up ---- */

static struct err line_configure(struct core *core, const struct post_line *line)
{
	struct osdp_device *devices = arena_take(core_arena(core), 127 * sizeof *devices);
	size_t count = 0;
	for (size_t i = 0; i < post_device_count(core) && count < 127; i++) {
		const struct post_device *is = post_device_at(core, i);
		if (is->line != line->id)
			continue;
		devices[count++] = (struct osdp_device){
			.device = is->id,
			.address = is->address,
			.secure = !is->plain,
			.checksum = is->checksum,
			.controls = is->kind == POST_DEVICE_IO,
		};
	}
	struct osdp_line body = {.line = line->number, .devices = {devices, count}};
	core_send(core, WORKER_OSDP, line->number, MESSAGE_OSDP_LINE, &body);
	return OK;
}

/* A device that was added, moved or taken out while its line went on. */
struct err access_lines_follow(struct core *core)
{
	struct access_state *state = access_state(core);
	if (state->configured == post_generation(core))
		return OK;
	state->configured = post_generation(core);
	for (size_t i = 0; i < post_line_count(core); i++)
		if (core_worker_is_there(core, WORKER_OSDP, post_line_at(core, i)->number))
			TRY(line_configure(core, post_line_at(core, i)));
	return OK;
}

static struct err link_changed(struct core *core, uint64_t device, enum osdp_link link, struct span why)
{
	char actor[32];
	struct access_device_state body = {.device = device, .link = link, .why = why};
	if (access_device(access_state(core), device)->link == link)
		return OK;
	return core_record(core, &access_device_state_entry, &body, why_device(device, actor), NULL);
}

struct err access_worker(struct core *core, enum worker_role role, uint32_t line, bool there)
{
	const struct post_line *is = role == WORKER_OSDP ? post_line_by_number(core, line) : NULL;
	if (!is)
		return OK;
	if (there)
		return line_configure(core, is);
	for (size_t i = 0; i < post_device_count(core); i++) {
		const struct post_device *device = post_device_at(core, i);
		if (device->line == is->id)
			TRY(link_changed(core, device->id, OSDP_LINK_OFFLINE, SPAN_TEXT("its line's process ended")));
	}
	return OK;
}

/* ---- the handshake ---- */

static struct err challenge(struct core *core, uint64_t id)
{
	struct access_device *device = access_device(access_state(core), id);
	randombytes_buf(device->rnd_a, sizeof device->rnd_a);
	device->challenged = true;
	struct osdp_random body = {.device = id, .rnd_a = SPAN_OF(device->rnd_a)};
	access_send_device(core, id, MESSAGE_OSDP_RANDOM, &body);
	return OK;
}

static bool identity_is_pinned_one(const struct access_device *device, struct span cuid)
{
	return !device->pinned ||
	       (span_equal(SPAN_OF(device->cuid), cuid) && device->vendor == device->identity.vendor &&
		device->model == device->identity.model && device->serial == device->identity.serial);
}

/* Derive from one of the device's keys, and compare what the device showed. RULE OSDP-D.4.3
 *
 * gives   true when it proved that it holds this key; the session's keys and our own cryptogram then.
 */
static struct err proves(struct core *core, const struct access_device *device, const struct osdp_cryptogram *said,
			 enum access_key_place place, struct osdp_keys *ret_keys, uint8_t ret_server[16],
			 bool *ret_proven)
{
	uint8_t scbk[16], expected[16];
	bool there = false;
	*ret_proven = false;
	TRY(access_key_load(core, device->id, place, scbk, &there));
	if (!there)
		return OK;
	osdp_derive_session(scbk, device->rnd_a, ret_keys);
	osdp_derive_client_cryptogram(ret_keys, device->rnd_a, said->rnd_b.at, expected);
	osdp_derive_server_cryptogram(ret_keys, device->rnd_a, said->rnd_b.at, ret_server);
	*ret_proven = span_equal_secret(SPAN_OF(expected), said->client_cryptogram);
	wipe(scbk, sizeof scbk);
	wipe(expected, sizeof expected);
	return OK;
}

static bool is_whole(const struct osdp_cryptogram *said)
{
	return said->cuid.size == 8 && said->rnd_b.size == 8 && said->client_cryptogram.size == 16;
}

static struct err answer_cryptogram(struct core *core, const struct osdp_cryptogram *said)
{
	struct access_device *device = access_device(access_state(core), said->device);
	struct osdp_session session = {.device = device->id};
	struct osdp_keys keys;
	uint8_t server[16];
	bool proven = false, proven_next = false;
	bool may = device->challenged && is_whole(said) &&
		   !said->default_key; /* RULE ACCESS-10: the install key proves nothing */
	device->challenged = false;
	if (may)
		TRY(proves(core, device, said, ACCESS_KEY_NOW, &keys, server, &proven));
	if (may && !proven) /* a KEYSET whose acknowledgement was lost: the device has the next key already */
		TRY(proves(core, device, said, ACCESS_KEY_NEXT, &keys, server, &proven_next));
	bool known = identity_is_pinned_one(device, said->cuid);
	session.accepted = (proven || proven_next) && known;
	if (session.accepted) {
		memcpy(device->cuid_now, said->cuid.at, 8);
		device->session_given = true;
		session.s_enc = SPAN_OF(keys.s_enc);
		session.s_mac1 = SPAN_OF(keys.s_mac1);
		session.s_mac2 = SPAN_OF(keys.s_mac2);
		session.server_cryptogram = SPAN_OF(server);
	}
	access_send_device(core, device->id, MESSAGE_OSDP_SESSION, &session);
	wipe(&keys, sizeof keys);
	wipe(server, sizeof server);
	if ((proven || proven_next) && !known) /* RULE ACCESS-11: another device in its place, even with its key */
		return record_offence(core, device->id, OSDP_OFFENCE_IDENTITY, 1);
	return proven_next ? access_key_promote(core, device->id) : OK;
}

/* ---- who it is ---- */

static struct err identity_said(struct core *core, const struct osdp_identity *identity)
{
	struct access_device *device = access_device(access_state(core), identity->device);
	device->identity = *identity;
	device->identity.capabilities = (struct shape_list){0};
	device->identity_seen = true;
	return OK;
}

/* The first secure session pins the identity that it was made with. */
static struct err pin(struct core *core, struct access_device *device)
{
	char actor[32];
	struct access_device_identity body = {
		.device = device->id,
		.cuid = SPAN_OF(device->cuid_now),
		.vendor = device->identity.vendor,
		.model = device->identity.model,
		.version = device->identity.version,
		.serial = device->identity.serial,
		.firmware = device->identity.firmware,
		.pinned = true,
	};
	return core_record(core, &access_device_identity_entry, &body, why_device(device->id, actor), NULL);
}

static struct err state_said(struct core *core, const struct osdp_state *said)
{
	struct access_device *device = access_device(access_state(core), said->device);
	TRY(link_changed(core, said->device, said->link, said->why));
	device = access_device(access_state(core), said->device);
	if (said->link == OSDP_LINK_SECURE && device->session_given && device->identity_seen && !device->pinned)
		return pin(core, device);
	return OK;
}

/* ---- tamper and power ---- */

static struct err local_said(struct core *core, const struct osdp_local *local)
{
	const struct access_device *device = access_device(access_state(core), local->device);
	char actor[32];
	/* A tamper switch is believed in the clear as well: the careful side is to believe it. */
	if (device->tamper == local->tamper && device->power_failure == local->power_failure)
		return OK;
	struct access_device_tamper body = {
		.device = local->device,
		.tamper = local->tamper,
		.power_failure = local->power_failure,
	};
	return core_record(core, &access_device_tamper_entry, &body, why_device(local->device, actor), NULL);
}

static struct err reader_tamper_said(struct core *core, const struct osdp_reader_tamper *said)
{
	const struct access_device *device = access_device(access_state(core), said->device);
	struct osdp_local local = {
		.device = said->device,
		.tamper = said->state != 0,
		.power_failure = device->power_failure,
	};
	return local_said(core, &local);
}

/* ---- another device in its place ---- */

/* Somebody looked at the device that replaced the pinned one, and vouches for it: the next session pins it. */
struct err access_accept_write(struct core *core, const struct core_request *request)
{
	const struct access_accept_request *in = request->body;
	const struct post_device *device = post_device_by_key(core, in->device);
	struct route_done done;
	if (!device) {
		core_refuse(core, request->caller, 404, "not-found", "device", "there is no device %.*s",
			    SPAN_ARGS(in->device));
		return OK;
	}
	struct access_device_identity body = {.device = device->id}; /* not pinned any more */
	struct core_why why = {.actor = request->actor};
	TRY(core_record(core, &access_device_identity_entry, &body, why, &done.seq));
	access_send_device(core, device->id, MESSAGE_OSDP_RESTART, &(struct osdp_restart){.device = device->id});
	core_answer(core, request->caller, &route_done_shape, &done);
	return OK;
}

/* ---- what the worker says ---- */

static uint64_t device_of(const struct message *message)
{
	/* Every message of a device begins with its id; see messages.def. */
	uint64_t device;
	memcpy(&device, message->body, sizeof device);
	return device;
}

struct err access_device_message(struct core *core, const struct message *message, bool *ret_mine)
{
	const void *body = message->body;
	if (message->kind == MESSAGE_OSDP_OUTPUT_DONE) {
		*ret_mine = true;
		return access_strike_done(core, body);
	}
	if (message->kind == MESSAGE_OSDP_KEYSET_DONE) {
		*ret_mine = true;
		return access_keyset_done(core, body);
	}
	if (message->kind == MESSAGE_OSDP_LINE_STATE) {
		*ret_mine = true; /* its devices' states say the same, one by one */
		return OK;
	}
	if (message->kind < MESSAGE_OSDP_CHALLENGE || message->kind > MESSAGE_OSDP_ALARM)
		return OK;
	*ret_mine = true;
	if (!post_device(core, device_of(message)))
		return OK; /* taken out of the post a moment ago */
	switch (message->kind) {
	case MESSAGE_OSDP_CHALLENGE:
		return challenge(core, device_of(message));
	case MESSAGE_OSDP_CRYPTOGRAM:
		return answer_cryptogram(core, body);
	case MESSAGE_OSDP_STATE:
		return state_said(core, body);
	case MESSAGE_OSDP_IDENTITY:
		return identity_said(core, body);
	case MESSAGE_OSDP_CARD:
		return access_swipe(core, body);
	case MESSAGE_OSDP_CONTACTS:
		return access_contacts(core, body);
	case MESSAGE_OSDP_LOCAL:
		return local_said(core, body);
	case MESSAGE_OSDP_READER_TAMPER:
		return reader_tamper_said(core, body);
	case MESSAGE_OSDP_ALARM:
		return record_offence(core, device_of(message), ((const struct osdp_alarm *)body)->offence,
				      ((const struct osdp_alarm *)body)->count);
	default: /* keys: a PIN's place is here */
		access_send_device(core, device_of(message), MESSAGE_OSDP_RESUME,
				   &(struct osdp_resume){.device = device_of(message)});
		return OK;
	}
}
