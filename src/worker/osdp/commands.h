/* worker/osdp/commands.h - core's orders as the data bytes of OSDP commands. Pure; device.h decides when they are
 * sent.
 *
 * Every field is checked against the width that the wire has for it; one that does not fit refuses the order.
 */
#ifndef LEGATION_WORKER_OSDP_COMMANDS_H
#define LEGATION_WORKER_OSDP_COMMANDS_H

#include "ipc/link.h"
#include "worker/osdp/constants.h"

enum {
	OSDP_OUTPUT_DATA_SIZE = 4,
	OSDP_COMMAND_DATA_SIZE_MAX = 72, /* TEXT with 64 characters is the longest */
	OSDP_KEYSET_DATA_SIZE = 18,
};

/* An order's bytes. */
struct osdp_order {
	uint8_t id; /* enum osdp_command_id; 0: none */
	uint8_t size;
	uint8_t data[OSDP_COMMAND_DATA_SIZE_MAX];
};

struct err osdp_write_output(const struct osdp_output *output, uint8_t ret_data[OSDP_OUTPUT_DATA_SIZE]) MUST_USE;
struct err osdp_write_led(const struct osdp_led *led, struct osdp_order *ret_order) MUST_USE;
struct err osdp_write_buzzer(const struct osdp_buzzer *buzzer, struct osdp_order *ret_order) MUST_USE;
struct err osdp_write_text(const struct osdp_text *text, struct osdp_order *ret_order) MUST_USE;

/* gives   the data with the key in it: wipe them. */
void osdp_write_keyset(const uint8_t scbk[OSDP_NUMBER_BLOCK_SIZE], uint8_t ret_data[OSDP_KEYSET_DATA_SIZE]);

#endif
