#include "sim/reader/constants.h"

const char *sim_command_name(uint8_t id)
{
	switch (id) {
#define OSDP_COMMAND(name, id)                                                                                         \
	case (id):                                                                                                     \
		return #name;
#include "worker/osdp/osdp.def"
	default:
		return "?";
	}
}

const char *sim_reply_name(uint8_t id)
{
	switch (id) {
#define OSDP_REPLY(name, id)                                                                                           \
	case (id):                                                                                                     \
		return #name;
#include "worker/osdp/osdp.def"
	default:
		return "?";
	}
}

const char *sim_colour_name(uint8_t code)
{
	switch (code) {
#define OSDP_COLOUR(name, code)                                                                                        \
	case (code):                                                                                                   \
		return #name;
#include "worker/osdp/osdp.def"
	default:
		return "?";
	}
}
