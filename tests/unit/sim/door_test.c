/* A door: locked it opens only by force; its contact and button follow; people wait before it. */
#include <stdio.h>

#include "desk.h"
#include "sim/reader/door.h"

static struct desk desk;
static struct sim_door door;

static void lay(void)
{
	desk_lay(&desk);
	desk.device.setup.secure = SIM_SECURE_OPTIONAL;
	door = (struct sim_door){.name = "front",
				 .lock = &desk.device,
				 .contact = &desk.device,
				 .rex = &desk.device,
				 .contact_input = 0,
				 .rex_input = 1};
	sim_door_start(&door, desk.now_ns);
}

static void lock(bool on)
{
	sim_door_lock_changed(&door, on, desk.now_ns);
}

static uint64_t later(uint64_t ms)
{
	desk.now_ns += ms * SIM_NS_PER_MS;
	return sim_door_tick(&door, desk.now_ns);
}

static void by_hand(void)
{
	lay();
	CHECK(!desk.device.inputs[0], "shut: the contact rests");
	CHECK_FAILS(sim_door_open(&door, desk.now_ns), ERR_DENIED, "locked", "a locked door does not open");
	CHECK(!door.open && !desk.device.inputs[0], "and stays shut");
	lock(true);
	CHECK_OK(sim_door_open(&door, desk.now_ns), "unlocked it opens");
	CHECK(desk.device.inputs[0] && desk_noted(&desk, "\"state\":\"open\""), "the contact says so");
	lock(false);
	CHECK(door.open, "the lock's time ends: it stays open");
	CHECK_OK(sim_door_open(&door, desk.now_ns), "opening an open door is no error");
	sim_door_close(&door, desk.now_ns);
	CHECK(!door.open && !desk.device.inputs[0], "closed");
	CHECK_FAILS(sim_door_open(&door, desk.now_ns), ERR_DENIED, "locked", "and locked again");
	sim_door_force(&door, desk.now_ns);
	CHECK(door.open && desk.device.inputs[0] && desk_noted(&desk, "\"state\":\"forced\""), "but it can be forced");
}

static void passing(void)
{
	lay();
	sim_door_pass(&door, 5000, 200, 1500, desk.now_ns);
	(void)later(1000);
	CHECK(!door.open, "somebody waits");
	lock(true);
	(void)later(199);
	CHECK(!door.open, "unlocked: the hand is on its way");
	(void)later(1);
	CHECK(door.open, "and opens");
	CHECK(later(1499) == desk.now_ns + SIM_NS_PER_MS && door.open, "the door is let go");
	(void)later(1);
	CHECK(!door.open, "and falls shut");
	lock(false);
	sim_door_pass(&door, 5000, 200, 1500, desk.now_ns);
	(void)later(5000);
	CHECK(desk_noted(&desk, "\"state\":\"gave up\""), "nobody unlocks: he gives up");
	lock(true);
	CHECK(later(10000) == SIM_NEVER && !door.open, "and an unlock after that opens nothing");
	lock(false);
	sim_door_pass(&door, 5000, 200, 1500, desk.now_ns);
	lock(true);
	lock(false);
	(void)later(200);
	CHECK(!door.open && desk_noted(&desk, "\"state\":\"locked too soon\""),
	      "locked again before the hand was there");
}

static void button(void)
{
	lay();
	CHECK_OK(sim_door_rex(&door, 300, desk.now_ns), "the button is pressed");
	CHECK(desk.device.inputs[1], "its input is on");
	(void)later(299);
	CHECK(desk.device.inputs[1], "while it is held");
	(void)later(1);
	CHECK(!desk.device.inputs[1], "and off when let go");
	door.rex = NULL;
	CHECK_FAILS(sim_door_rex(&door, 300, desk.now_ns), ERR_NOT_FOUND, "no request-to-exit", "a door without one");
}

static void other_wiring(void)
{
	lay();
	door.contact_active_when_closed = true;
	sim_door_start(&door, desk.now_ns);
	CHECK(desk.device.inputs[0], "wired the other way, shut is active");
	sim_door_force(&door, desk.now_ns);
	CHECK(!desk.device.inputs[0], "and open is not");
}

int main(void)
{
	by_hand();
	passing();
	button();
	other_wiring();
	return tap_finish();
}
