/* sim/reader/faults.c - doing wrong on demand. */
#include "sim/reader/device.h"

static const char *const fault_words[SIM_FAULT_COUNT] = {
#define SIM_FAULT(name, word, does) [SIM_FAULT_##name] = word,
#include "sim/reader/faults.def"
#undef SIM_FAULT
};

const char *sim_fault_word(enum sim_fault_kind kind)
{
	REQUIRE(kind < SIM_FAULT_COUNT);
	return fault_words[kind];
}

struct err sim_fault_named(struct span word, enum sim_fault_kind *ret_kind)
{
	for (unsigned kind = 0; kind < SIM_FAULT_COUNT; kind++) {
		if (span_is(word, fault_words[kind])) {
			*ret_kind = kind;
			return OK;
		}
	}
	return FAIL(ERR_NOT_FOUND, "no such fault: %.*s", SPAN_ARGS(word));
}

bool sim_fault_on(const struct sim_device *device, enum sim_fault_kind kind)
{
	return device->faults[kind].on;
}

bool sim_fault_use(struct sim_device *device, enum sim_fault_kind kind)
{
	struct sim_fault *fault = &device->faults[kind];
	if (!fault->on)
		return false;
	if (fault->left > 0 && --fault->left == 0)
		fault->on = false;
	return true;
}

void sim_device_set_fault(struct sim_device *device, enum sim_fault_kind kind, bool on, uint32_t count, uint32_t ms,
			  uint64_t now_ns)
{
	bool was_on = device->faults[kind].on;
	device->faults[kind] =
		(struct sim_fault){.on = on, .left = on ? count : 0, .ms = ms ? ms : SIM_SLOW_MS_DEFAULT};
	if (kind == SIM_FAULT_SWAPPED && was_on != on)
		sim_device_restart(device, now_ns);
	if ((kind == SIM_FAULT_WRONG_KEY && on) || (kind == SIM_FAULT_PLAINTEXT && was_on && !on))
		sim_session_gone(device, sim_fault_word(kind), now_ns);
}

static void spoil_mac(struct sim_reply *reply)
{
	size_t check_size = reply->bytes[4] & OSDP_CONTROL_CRC ? 2 : 1;
	struct sink s = {.start = reply->bytes, .size = reply->size - check_size, .size_max = sizeof reply->bytes};
	reply->bytes[s.size - 1] ^= 0x01;
	sim_frame_end(&s);
}

static uint8_t noise_size(struct sim_device *device)
{
	uint8_t size;
	device->listener->random(device->listener->context, &size, 1);
	return (uint8_t)(1 + size % SIM_NOISE_SIZE_MAX);
}

void sim_faults_work_in(struct sim_device *device, struct sim_reply *reply)
{
	if (reply->has_mac && sim_fault_use(device, SIM_FAULT_BAD_MAC))
		spoil_mac(reply);
	if (sim_fault_use(device, SIM_FAULT_BAD_CRC))
		reply->bytes[reply->size - 1] ^= 0x01;
	reply->lost = sim_fault_use(device, SIM_FAULT_DROP_REPLY);
	reply->twice = sim_fault_use(device, SIM_FAULT_DUPLICATE);
	reply->late_ms = sim_fault_use(device, SIM_FAULT_SLOW) ? device->faults[SIM_FAULT_SLOW].ms : 0;
	reply->noise_before = reply->noise_after = 0;
	if (sim_fault_use(device, SIM_FAULT_NOISE)) {
		reply->noise_before = noise_size(device);
		reply->noise_after = noise_size(device);
	}
}
