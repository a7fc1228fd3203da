/* access/door.c - what doors do: opened, shut, forced, held; somebody asks to leave.
 *
 * The contact and the request to exit are inputs of the device on the protected side. Egress is wired in the field
 * and only reported here: it never waits for us. After a restart the first reading of a contact is taken as it is;
 * only a door that opens before our eyes can be forced.
 */
#include <stdio.h>

#include "access/state.h"

static bool is_active(const struct osdp_contacts *contacts, uint32_t input)
{
	return input < contacts->count && (contacts->active >> input & 1) != 0;
}

static const char *device_actor(uint64_t device, char actor[32])
{
	(void)snprintf(actor, 32, "device/%llu", (unsigned long long)device);
	return actor;
}

/* ---- opening and shutting ---- */

/* Which entry explains that this door opens now? 0: none, so it is forced. */
static uint64_t explanation(struct core *core, const struct access_door *door)
{
	bool unlocked = door->unlocked_by != 0 && core_now_us(core) <= door->unlocked_until_us + ACCESS_UNLOCK_GRACE_US;
	bool exit = door->exit_boot_us != 0 &&
		    (door->exit_active || core_boot_us(core) - door->exit_boot_us <= ACCESS_EXIT_GRACE_US);
	if (unlocked)
		return door->unlocked_by;
	return exit ? door->exit_entry : 0;
}

static struct err door_opened(struct core *core, struct access_door *door, uint64_t device)
{
	char actor[32];
	uint64_t by = explanation(core, door);
	/* Without an explanation, and before our eyes: forced. A lock released by the entry that follows stays so. */
	bool forced = by == 0 && door->seen;
	struct core_why why = {.actor = device_actor(device, actor), .cause = by, .has_cause = by != 0};
	door->opened_boot_us = core_boot_us(core);
	if (forced) {
		struct access_door_forced body = {.door = door->id};
		return core_record(core, &access_door_forced_entry, &body, why, &door->opened_by);
	}
	struct access_door_opened body = {.door = door->id};
	return core_record(core, &access_door_opened_entry, &body, why, &door->opened_by);
}

static struct err door_closed(struct core *core, struct access_door *door, uint64_t device)
{
	char actor[32];
	struct access_door_closed body = {.door = door->id};
	struct core_why why = {
		.actor = device_actor(device, actor),
		.cause = door->opened_by,
		.has_cause = door->opened_by != 0,
	};
	return core_record(core, &access_door_closed_entry, &body, why, NULL);
}

static struct err contact_read(struct core *core, const struct post_door *is, bool open)
{
	struct access_door *door = access_door(access_state(core), is->id);
	enum access_position position = open ? ACCESS_OPEN : ACCESS_SHUT;
	struct err e = OK;
	if (door->position != position)
		e = open ? door_opened(core, door, is->contact_device) : door_closed(core, door, is->contact_device);
	else if (open && !door->seen)
		door->opened_boot_us = core_boot_us(core); /* open since before we started: held counts from now */
	door->seen = true;
	return e;
}

static struct err exit_read(struct core *core, const struct post_door *is, bool active)
{
	struct access_door *door = access_door(access_state(core), is->id);
	bool pressed = active && !door->exit_active;
	char actor[32];
	door->exit_active = active;
	if (active)
		door->exit_boot_us = core_boot_us(core);
	if (!pressed)
		return OK;
	struct access_door_exit body = {.door = door->id};
	return core_record(core, &access_door_exit_entry, &body,
			   (struct core_why){.actor = device_actor(is->exit_device, actor)}, &door->exit_entry);
}

struct err access_contacts(struct core *core, const struct osdp_contacts *contacts)
{
	const struct post_device *device = post_device(core, contacts->device);
	if (contacts->outputs || !device || !(contacts->secure || device->plain))
		return OK;
	for (size_t i = 0; i < post_door_count(core); i++) {
		const struct post_door *door = post_door_at(core, i);
		/* The request first: in one report, it explains the opening. */
		if (door->exit_device == device->id && door->exit_input < contacts->count)
			TRY(exit_read(core, door, is_active(contacts, door->exit_input)));
		if (door->contact_device == device->id && door->contact_input < contacts->count)
			TRY(contact_read(core, door,
					 is_active(contacts, door->contact_input) ==
						 (door->contact_active == POST_CONTACT_ACTIVE_OPEN)));
	}
	return OK;
}

/* ---- held, and whatever else time brings ---- */

struct err access_tick(struct core *core)
{
	struct access_state *state = access_state(core);
	TRY(access_lines_follow(core));
	for (size_t i = 0; i < state->door_count; i++) {
		struct access_door *door = &state->doors[i];
		const struct post_door *is = post_door(core, door->id);
		if (!is || door->position != ACCESS_OPEN || door->condition != ACCESS_NORMAL || !door->seen ||
		    is->held_after_s == 0)
			continue;
		uint64_t open_us = core_boot_us(core) - door->opened_boot_us;
		/* An unlock for longer than the door may stand open allows it to stand open for as long. */
		if (open_us < is->held_after_s * UINT64_C(1000000) || core_now_us(core) < door->unlocked_until_us)
			continue;
		struct access_door_held body = {.door = door->id, .seconds = (uint32_t)(open_us / 1000000)};
		struct core_why why = {.actor = "core", .cause = door->opened_by, .has_cause = door->opened_by != 0};
		TRY(core_record(core, &access_door_held_entry, &body, why, NULL));
	}
	return OK;
}
