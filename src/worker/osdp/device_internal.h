/* worker/osdp/device_internal.h - what device.c, handshake.c and orders.c share with one another and with nobody
 * else.
 */
#ifndef LEGATION_WORKER_OSDP_DEVICE_INTERNAL_H
#define LEGATION_WORKER_OSDP_DEVICE_INTERNAL_H

#include "worker/osdp/device.h"

/* A command before it is a frame. */
struct osdp_utterance {
	uint8_t id;
	uint8_t scs; /* SCS_11 or SCS_13 in the handshake, else none */
	uint8_t scs_value;
	struct span data;
};

/* ---- device.c ---- */

/* May what this device says be believed and passed on? */
bool osdp_device_believed(const struct osdp_peripheral *p);
void osdp_device_say(const struct osdp_peripheral *p, enum message_kind kind, const void *body);
void osdp_device_say_link(struct osdp_peripheral *p, enum osdp_link link, const char *why);
void osdp_device_alarm(struct osdp_peripheral *p, enum osdp_offence offence, uint64_t now_us);

/* Begin again from sequence number 0; what is under way has failed. */
void osdp_device_restart(struct osdp_peripheral *p, uint64_t rest_until_us);

/* An offence (or OSDP_OFFENCE_NONE: mere trouble): alarm, out of service, a new handshake after a growing pause. */
void osdp_device_lose(struct osdp_peripheral *p, enum osdp_offence offence, const char *why, uint64_t now_us);

/* ---- handshake.c ---- */

void osdp_handshake_say(struct osdp_peripheral *p, struct osdp_utterance *ret_utterance);
void osdp_handshake_heard(struct osdp_peripheral *p, const struct osdp_frame *frame, uint64_t now_us);
void osdp_handshake_refused(struct osdp_peripheral *p, uint8_t nak, uint64_t now_us);
void osdp_handshake_random(struct osdp_peripheral *p, const struct osdp_random *random);
void osdp_handshake_session(struct osdp_peripheral *p, const struct osdp_session *session, uint64_t now_us);
bool osdp_handshake_waits_for_core(const struct osdp_peripheral *p);
void osdp_handshake_tick(struct osdp_peripheral *p, uint64_t now_us);
void osdp_handshake_forget(struct osdp_peripheral *p);

/* ---- orders.c ---- */

bool osdp_orders_has_output(const struct osdp_peripheral *p);
bool osdp_orders_has_other(const struct osdp_peripheral *p);

/* needs   room for the data of the longest command. gives  false when nothing waits. */
bool osdp_orders_say(struct osdp_peripheral *p, uint8_t room[OSDP_COMMAND_DATA_SIZE_MAX],
		     struct osdp_utterance *ret_utterance);

/* The order under way is over. */
void osdp_orders_done(struct osdp_peripheral *p, bool acknowledged, uint64_t now_us);
void osdp_orders_told(struct osdp_peripheral *p, enum message_kind kind, const void *body, uint64_t now_us);
void osdp_orders_tick(struct osdp_peripheral *p, uint64_t now_us);
uint64_t osdp_orders_due(const struct osdp_peripheral *p);
void osdp_orders_forget(struct osdp_peripheral *p);

#endif
