/* sim/reader/door.h - a door of wood and steel between an I/O device's output and its inputs.
 *
 * The lock holds while its output is off: the door can then only be forced. It falls shut and locks by
 * itself when pushed to. The contact input and the request-to-exit input follow what happens; the wiring
 * says which level of the contact means open. It knows no readers and no cards.
 */
#ifndef LEGATION_SIM_READER_DOOR_H
#define LEGATION_SIM_READER_DOOR_H

#include "sim/reader/device.h"

enum {
	SIM_PASS_WAIT_MS_DEFAULT = 5000,
	SIM_PASS_OPEN_MS_DEFAULT = 1500,
	SIM_PASS_AFTER_MS_DEFAULT = 200,
	SIM_REX_MS_DEFAULT = 300
};

struct sim_door {
	char name[SIM_NAME_MAX + 1];
	unsigned line;
	struct sim_device *lock;    /* and its output */
	struct sim_device *contact; /* and its input; NULL without one */
	struct sim_device *rex;     /* likewise */
	unsigned lock_output, contact_input, rex_input;
	bool contact_active_when_closed;

	bool unlocked, open;
	uint64_t pass_until_ns; /* somebody waits before it; 0 for nobody */
	uint64_t pass_after_ns, pass_open_ns;
	uint64_t open_at_ns, close_at_ns, rex_until_ns; /* SIM_NEVER when not due */
};

/* Bring the inputs to a closed, locked door. needs the devices started. */
void sim_door_start(struct sim_door *door, uint64_t now_ns);

/* fails   ERR_DENIED when it is locked. */
struct err sim_door_open(struct sim_door *door, uint64_t now_ns) MUST_USE;
void sim_door_force(struct sim_door *door, uint64_t now_ns);
void sim_door_close(struct sim_door *door, uint64_t now_ns);

/* A person waits at most `wait_ms` for the lock, opens `after_ms` later, and lets the door go after
 * `open_ms`.
 */
void sim_door_pass(struct sim_door *door, uint64_t wait_ms, uint64_t after_ms, uint64_t open_ms, uint64_t now_ns);

/* Press the request-to-exit button. fails ERR_NOT_FOUND when there is none. */
struct err sim_door_rex(struct sim_door *door, uint64_t press_ms, uint64_t now_ns) MUST_USE;

/* The lock's output changed. */
void sim_door_lock_changed(struct sim_door *door, bool on, uint64_t now_ns);

/* gives   when to come again; SIM_NEVER if never. */
uint64_t sim_door_tick(struct sim_door *door, uint64_t now_ns);

#endif
