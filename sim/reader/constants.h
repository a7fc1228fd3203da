/* sim/reader/constants.h - the protocol's numbers, from the one table that panel and simulator share.
 *
 * The table is data; nothing else of the panel is known here.
 */
#ifndef LEGATION_SIM_READER_CONSTANTS_H
#define LEGATION_SIM_READER_CONSTANTS_H

#include <stdint.h>

enum {
#define OSDP_COMMAND(name, id) OSDP_COMMAND_##name = (id),
#define OSDP_REPLY(name, id) OSDP_REPLY_##name = (id),
#define OSDP_NAK(name, code, words) OSDP_NAK_##name = (code),
#define OSDP_SCS(name, type) OSDP_SCS_##name = (type),
#define OSDP_CAPABILITY(name, function) OSDP_CAPABILITY_##name = (function),
#define OSDP_COLOUR(name, code) OSDP_COLOUR_##name = (code),
#define OSDP_LED_TEMPORARY(name, code) OSDP_LED_TEMPORARY_##name = (code),
#define OSDP_LED_PERMANENT(name, code) OSDP_LED_PERMANENT_##name = (code),
#define OSDP_OUTPUT_CONTROL(name, code) OSDP_OUTPUT_CONTROL_##name = (code),
#define OSDP_TONE(name, code) OSDP_TONE_##name = (code),
#define OSDP_CARD_FORMAT(name, code) OSDP_CARD_FORMAT_##name = (code),
#define OSDP_READER_STATE(name, code) OSDP_READER_STATE_##name = (code),
#define OSDP_KEY_KIND(name, code) OSDP_KEY_KIND_##name = (code),
#define OSDP_RMAC(name, code) OSDP_RMAC_##name = (code),
#define OSDP_CONTROL(name, bits) OSDP_CONTROL_##name = (bits),
#define OSDP_NUMBER(name, value) OSDP_##name = (value),
#include "worker/osdp/osdp.def"
};

/* "POLL", or "?" for an id that the table does not have. */
const char *sim_command_name(uint8_t id);
const char *sim_reply_name(uint8_t id);
const char *sim_colour_name(uint8_t code);

#endif
