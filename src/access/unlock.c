/* access/unlock.c - carrying out an unlock, an operator's unlock, and lockdown.
 *
 * An unlock is a timed output of the device on the protected side: a dead server leaves no door open.
 */
#include "access/state.h"

enum { OUTPUT_TIMED_ON = 5 }; /* OSDP OUT: on for the given time, then back */

void access_strike(struct core *core, const struct post_door *door, uint32_t time_100ms, uint64_t entry)
{
	struct osdp_output output = {
		.device = door->strike_device,
		.output = door->strike_output,
		.control = OUTPUT_TIMED_ON,
		.time_100ms = time_100ms,
		.reference = entry,
	};
	access_send_device(core, door->strike_device, MESSAGE_OSDP_OUTPUT, &output);
}

/* The worker says what became of it: an unlock that did not arrive is an entry, for somebody stands there. */
struct err access_strike_done(struct core *core, const struct osdp_output_done *done)
{
	const struct access_state *state = access_state(core);
	if (done->acknowledged)
		return OK;
	for (size_t i = 0; i < state->door_count; i++) {
		const struct access_door *door = &state->doors[i];
		const struct post_door *is = post_door(core, door->id);
		if (door->unlocked_by != done->reference || !is || done->reference == 0)
			continue;
		struct access_strike_failed body = {.door = door->id, .device = is->strike_device};
		struct core_why why = {.actor = "core", .cause = done->reference, .has_cause = true};
		return core_record(core, &access_strike_failed_entry, &body, why, NULL);
	}
	return OK;
}

/* ---- an operator's unlock ---- */

struct err access_unlock_write(struct core *core, const struct core_request *request)
{
	const struct access_unlock_request *in = request->body;
	struct access_state *state = access_state(core);
	const struct post_door *door = post_door(core, in->door);
	if (!door || !door->strike_device) {
		core_refuse(core, request->caller, 404, "not-found", "door", "there is no door %llu with a strike",
			    (unsigned long long)in->door);
		return OK;
	}
	if (in->seconds == 0 || in->seconds > ACCESS_UNLOCK_SECONDS_MAX) {
		core_refuse(core, request->caller, 400, "invalid", "seconds", "1 to %d seconds",
			    ACCESS_UNLOCK_SECONDS_MAX);
		return OK;
	}
	if (in->reason.size == 0) {
		core_refuse(core, request->caller, 400, "invalid", "reason", "an unlock needs a reason");
		return OK;
	}
	if (state->lockdown || access_door(state, door->id)->lockdown) { /* RULE ACCESS-5 */
		core_refuse(core, request->caller, 409, "lockdown", "door",
			    "the door is locked down: release that first");
		return OK;
	}
	if (core_disk_is_low(core)) { /* RULE ACCESS-2 */
		core_refuse(core, request->caller, 503, "no-room", "", "there is no room for the record of why");
		return OK;
	}
	if (!access_device_is_secure(core, door->strike_device)) { /* RULE ACCESS-9 */
		core_refuse(core, request->caller, 503, "door-offline", "door", "the door's device does not answer");
		return OK;
	}
	struct access_unlocked body = {.door = door->id, .seconds = in->seconds, .reason_text = in->reason};
	struct route_done done;
	TRY(core_record(core, &access_unlocked_entry, &body, (struct core_why){.actor = request->actor}, &done.seq));
	access_strike(core, door, in->seconds * 10, done.seq);
	core_answer(core, request->caller, &route_done_shape, &done);
	return OK;
}

/* ---- lockdown ---- */

/* Whatever is unlocked at this moment falls shut at once: a lockdown does not wait for a timer. */
static void lock_now(struct core *core, const struct post_door *door)
{
	enum { OUTPUT_OFF_NOW = 1 };
	const struct access_door *state = access_door(access_state(core), door->id);
	if (!door->strike_device || state->unlocked_until_us <= core_now_us(core))
		return;
	struct osdp_output output = {
		.device = door->strike_device,
		.output = door->strike_output,
		.control = OUTPUT_OFF_NOW,
	};
	access_send_device(core, door->strike_device, MESSAGE_OSDP_OUTPUT, &output);
}

static struct err set_lockdown(struct core *core, const struct core_request *request, uint64_t door)
{
	const struct access_lockdown_request *in = request->body;
	struct access_state *state = access_state(core);
	uint64_t in_force = door ? access_door(state, door)->lockdown : state->lockdown;
	if (in->reason.size == 0) {
		core_refuse(core, request->caller, 400, "invalid", "reason",
			    "a lockdown needs a reason, and so does its end");
		return OK;
	}
	if (in->on == (in_force != 0)) {
		core_refuse(core, request->caller, 409, in->on ? "already-on" : "already-off", "", "nothing to change");
		return OK;
	}
	for (size_t i = 0; in->on && i < post_door_count(core); i++)
		if (door == 0 || post_door_at(core, i)->id == door)
			lock_now(core, post_door_at(core, i));
	struct access_lockdown body = {.door = door, .on = in->on, .reason_text = in->reason};
	struct core_why why = {.actor = request->actor, .cause = in_force, .has_cause = in_force != 0};
	struct route_done done;
	TRY(core_record(core, &access_lockdown_entry, &body, why, &done.seq));
	core_answer(core, request->caller, &route_done_shape, &done);
	return OK;
}

struct err access_lockdown_write(struct core *core, const struct core_request *request)
{
	return set_lockdown(core, request, 0);
}

struct err access_door_lockdown_write(struct core *core, const struct core_request *request)
{
	const struct access_lockdown_request *in = request->body;
	if (post_door(core, in->door))
		return set_lockdown(core, request, in->door);
	core_refuse(core, request->caller, 404, "not-found", "door", "there is no door %llu",
		    (unsigned long long)in->door);
	return OK;
}
