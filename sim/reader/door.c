#include "sim/reader/door.h"

static void tell(const struct sim_door *door, const char *state, uint64_t now_ns)
{
	struct sim_news news;
	sim_news_begin(&news, "happening", "door");
	sim_news_number(&news, "line", door->line);
	sim_news_text(&news, "door", door->name);
	sim_news_text(&news, "state", state);
	sim_device_tell(door->lock, &news, now_ns / 1000);
}

static void set_contact(struct sim_door *door, uint64_t now_ns)
{
	if (!door->contact)
		return;
	struct err e = sim_device_set_input(door->contact, door->contact_input,
					    door->open != door->contact_active_when_closed, now_ns);
	ENSURE(!failed(e)); /* the configuration has checked that the input is there */
}

static void set_rex(struct sim_door *door, bool pressed, uint64_t now_ns)
{
	struct err e = sim_device_set_input(door->rex, door->rex_input, pressed, now_ns);
	ENSURE(!failed(e));
}

void sim_door_start(struct sim_door *door, uint64_t now_ns)
{
	door->unlocked = door->open = false;
	door->pass_until_ns = 0;
	door->open_at_ns = door->close_at_ns = door->rex_until_ns = SIM_NEVER;
	set_contact(door, now_ns);
}

static void swing(struct sim_door *door, const char *state, uint64_t now_ns)
{
	if (door->open)
		return;
	door->open = true;
	tell(door, state, now_ns);
	set_contact(door, now_ns);
}

struct err sim_door_open(struct sim_door *door, uint64_t now_ns)
{
	if (!door->open && !door->unlocked)
		return FAIL(ERR_DENIED, "the door %s is locked", door->name);
	swing(door, "open", now_ns);
	return OK;
}

void sim_door_force(struct sim_door *door, uint64_t now_ns)
{
	swing(door, door->unlocked ? "open" : "forced", now_ns);
}

void sim_door_close(struct sim_door *door, uint64_t now_ns)
{
	door->close_at_ns = SIM_NEVER;
	if (!door->open)
		return;
	door->open = false;
	tell(door, "closed", now_ns);
	set_contact(door, now_ns);
}

void sim_door_pass(struct sim_door *door, uint64_t wait_ms, uint64_t after_ms, uint64_t open_ms, uint64_t now_ns)
{
	door->pass_until_ns = now_ns + wait_ms * SIM_NS_PER_MS;
	door->pass_after_ns = after_ms * SIM_NS_PER_MS;
	door->pass_open_ns = open_ms * SIM_NS_PER_MS;
	if (door->unlocked || door->open)
		door->open_at_ns = now_ns + door->pass_after_ns;
}

struct err sim_door_rex(struct sim_door *door, uint64_t press_ms, uint64_t now_ns)
{
	if (!door->rex)
		return FAIL(ERR_NOT_FOUND, "the door %s has no request-to-exit", door->name);
	set_rex(door, true, now_ns);
	door->rex_until_ns = now_ns + press_ms * SIM_NS_PER_MS;
	return OK;
}

void sim_door_lock_changed(struct sim_door *door, bool on, uint64_t now_ns)
{
	door->unlocked = on;
	tell(door, on ? "unlocked" : "locked", now_ns);
	if (on && door->pass_until_ns > now_ns)
		door->open_at_ns = now_ns + door->pass_after_ns;
}

/* The hand reaches the door: open it if the lock still lets it. */
static void pass_opens(struct sim_door *door, uint64_t now_ns)
{
	door->open_at_ns = SIM_NEVER;
	if (!door->unlocked && !door->open) {
		tell(door, "locked too soon", now_ns);
		return;
	}
	swing(door, "open", now_ns);
	door->close_at_ns = now_ns + door->pass_open_ns;
	door->pass_until_ns = 0;
}

uint64_t sim_door_tick(struct sim_door *door, uint64_t now_ns)
{
	if (door->open_at_ns <= now_ns)
		pass_opens(door, now_ns);
	if (door->close_at_ns <= now_ns)
		sim_door_close(door, now_ns);
	if (door->rex_until_ns <= now_ns) {
		door->rex_until_ns = SIM_NEVER;
		set_rex(door, false, now_ns);
	}
	if (door->pass_until_ns != 0 && door->pass_until_ns <= now_ns && door->open_at_ns == SIM_NEVER) {
		door->pass_until_ns = 0;
		tell(door, "gave up", now_ns);
	}
	uint64_t next_ns = door->open_at_ns < door->close_at_ns ? door->open_at_ns : door->close_at_ns;
	next_ns = door->rex_until_ns < next_ns ? door->rex_until_ns : next_ns;
	return door->pass_until_ns != 0 && door->pass_until_ns < next_ns ? door->pass_until_ns : next_ns;
}
