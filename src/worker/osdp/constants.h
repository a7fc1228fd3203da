/* worker/osdp/constants.h - the numbers of osdp.def as enums: OSDP_COMMAND_POLL, OSDP_REPLY_ACK, OSDP_NUMBER_MARK.
 */
#ifndef LEGATION_WORKER_OSDP_CONSTANTS_H
#define LEGATION_WORKER_OSDP_CONSTANTS_H

enum osdp_command_id {
#define OSDP_COMMAND(name, id) OSDP_COMMAND_##name = id,
#include "worker/osdp/osdp.def"
};

enum osdp_reply_id {
#define OSDP_REPLY(name, id) OSDP_REPLY_##name = id,
#include "worker/osdp/osdp.def"
};

enum osdp_nak {
#define OSDP_NAK(name, code, words) OSDP_NAK_##name = code,
#include "worker/osdp/osdp.def"
};

enum osdp_scs {
	OSDP_SCS_NONE = 0,
#define OSDP_SCS(name, type) OSDP_SCS_##name = type,
#include "worker/osdp/osdp.def"
};

enum osdp_function {
#define OSDP_CAPABILITY(name, function) OSDP_FUNCTION_##name = function,
#include "worker/osdp/osdp.def"
};

enum osdp_output_control {
#define OSDP_OUTPUT_CONTROL(name, code) OSDP_OUTPUT_CONTROL_##name = code,
#include "worker/osdp/osdp.def"
};

enum osdp_key_kind {
#define OSDP_KEY_KIND(name, code) OSDP_KEY_KIND_##name = code,
#include "worker/osdp/osdp.def"
};

enum osdp_rmac {
#define OSDP_RMAC(name, code) OSDP_RMAC_##name = code,
#include "worker/osdp/osdp.def"
};

enum osdp_control_bit {
#define OSDP_CONTROL(name, bits) OSDP_CONTROL_##name = bits,
#include "worker/osdp/osdp.def"
};

enum osdp_number {
#define OSDP_NUMBER(name, value) OSDP_NUMBER_##name = value,
#include "worker/osdp/osdp.def"
};

#endif
