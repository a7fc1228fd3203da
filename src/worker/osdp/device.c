#include "worker/osdp/device_internal.h"

/* ---- what core hears ---- */

void osdp_device_say(const struct osdp_peripheral *p, enum message_kind kind, const void *body)
{
	p->port->say(p->port->context, kind, body);
}

void osdp_device_say_link(struct osdp_peripheral *p, enum osdp_link link, const char *why)
{
	if (p->link_said && p->link == link)
		return;
	struct osdp_state state = {.device = p->settings.device, .link = link, .why = span_of_string(why)};
	p->link_said = true;
	p->link = link;
	osdp_device_say(p, MESSAGE_OSDP_STATE, &state);
}

static void say_alarm(struct osdp_peripheral *p, enum osdp_offence offence, uint64_t now_us)
{
	struct osdp_alarm_meter *meter = &p->alarms[offence];
	struct osdp_alarm alarm = {.device = p->settings.device, .offence = offence, .count = meter->count};
	meter->count = 0;
	meter->next_us = now_us + OSDP_ALARM_US;
	osdp_device_say(p, MESSAGE_OSDP_ALARM, &alarm);
}

void osdp_device_alarm(struct osdp_peripheral *p, enum osdp_offence offence, uint64_t now_us)
{
	p->alarms[offence].count++;
	if (p->alarms[offence].next_us <= now_us)
		say_alarm(p, offence, now_us);
}

bool osdp_device_believed(const struct osdp_peripheral *p)
{
	return p->settings.secure ? p->session == OSDP_SESSION_OWN : p->stage >= OSDP_STAGE_LOCAL;
}

/* ---- beginning, and beginning again ---- */

void osdp_device_start(struct osdp_peripheral *p, const struct osdp_device *settings, const struct osdp_port *port,
		       uint64_t now_us)
{
	struct osdp_secure secure = p->secure;
	osdp_secure_close(&secure);
	wipe(p, sizeof(*p));
	p->secure = secure;
	p->settings = *settings;
	p->port = port;
	p->valid_us = now_us;
	p->believed_us = now_us;
}

void osdp_device_stop(struct osdp_peripheral *p)
{
	osdp_orders_forget(p);
	osdp_orders_tick(p, OSDP_NEVER);
	osdp_handshake_forget(p);
}

void osdp_device_restart(struct osdp_peripheral *p, uint64_t rest_until_us)
{
	p->waiting = false;
	p->repeat = false;
	p->restart_wanted = false;
	p->started = false;
	p->silences = 0;
	p->busies = 0;
	p->rest_until_us = rest_until_us;
	osdp_handshake_forget(p);
	osdp_orders_forget(p);
}

void osdp_device_reopen(struct osdp_peripheral *p, uint64_t now_us)
{
	p->live = false;
	p->absences = 0; /* the line was away, not the device */
	osdp_device_restart(p, now_us);
}

static uint64_t doubled(uint64_t pause_us, uint32_t times, uint64_t pause_us_max)
{
	for (uint32_t i = 0; i < times && pause_us < pause_us_max; i++)
		pause_us *= 2;
	return pause_us < pause_us_max ? pause_us : pause_us_max;
}

void osdp_device_lose(struct osdp_peripheral *p, enum osdp_offence offence, const char *why, uint64_t now_us)
{
	uint64_t pause_us =
		p->troubles == 0 ? 0 : doubled(OSDP_TROUBLE_PAUSE_US, p->troubles - 1, OSDP_TROUBLE_PAUSE_US_MAX);
	p->troubles++;
	osdp_device_restart(p, now_us + pause_us);
	if (offence != OSDP_OFFENCE_NONE)
		osdp_device_alarm(p, offence, now_us);
	osdp_device_say_link(p, OSDP_LINK_PLAIN, why);
}

/* ---- whose turn ---- */

/* Was it not there when we last spoke to it? Then speaking to it may cost a timeout. */
static bool doubtful(const struct osdp_peripheral *p)
{
	return !p->live || p->silences > 1;
}

uint64_t osdp_device_speak_due(const struct osdp_peripheral *p)
{
	if (p->waiting || (!p->repeat && osdp_handshake_waits_for_core(p)))
		return OSDP_NEVER;
	bool rests =
		p->stage == OSDP_STAGE_POLL && !p->repeat && !osdp_orders_has_output(p) && !osdp_orders_has_other(p);
	return rests && p->poll_due_us > p->rest_until_us ? p->poll_due_us : p->rest_until_us;
}

enum osdp_rank osdp_device_rank(const struct osdp_peripheral *p, uint64_t now_us)
{
	if (now_us < osdp_device_speak_due(p))
		return OSDP_RANK_NONE;
	if (osdp_orders_has_output(p) || (p->repeat && p->errand == OSDP_ERRAND_OUTPUT))
		return OSDP_RANK_OUTPUT;
	if (doubtful(p))
		return OSDP_RANK_PROBE;
	return !p->repeat && osdp_orders_has_other(p) ? OSDP_RANK_ORDER : OSDP_RANK_TURN;
}

uint64_t osdp_device_patience(const struct osdp_peripheral *p)
{
	bool whole = p->live ? p->silences == 0 : p->absences % 4 == 2; /* now and then a slow one gets its time too */
	return whole ? OSDP_REPLY_US : OSDP_PROBE_US;
}

/* ---- speaking ---- */

static void say_stage(struct osdp_peripheral *p, struct osdp_utterance *ret_utterance)
{
	static const uint8_t commands[] = {
		[OSDP_STAGE_LOCAL] = OSDP_COMMAND_LSTAT,   [OSDP_STAGE_INPUTS] = OSDP_COMMAND_ISTAT,
		[OSDP_STAGE_OUTPUTS] = OSDP_COMMAND_OSTAT, [OSDP_STAGE_READERS] = OSDP_COMMAND_RSTAT,
		[OSDP_STAGE_POLL] = OSDP_COMMAND_POLL,
	};
	p->errand = OSDP_ERRAND_STAGE;
	if (p->stage < OSDP_STAGE_LOCAL)
		osdp_handshake_say(p, ret_utterance);
	else
		*ret_utterance = (struct osdp_utterance){.id = commands[p->stage]};
}

/* 0 for a new start, then 1, 2, 3, 1, 2, 3. RULE OSDP-SEQUENCE */
static uint8_t next_sequence(struct osdp_peripheral *p)
{
	uint8_t next = !p->started ? 0 : p->sequence == 3 ? 1 : (uint8_t)(p->sequence + 1);
	p->started = true;
	return next;
}

static bool session_is_worn(const struct osdp_peripheral *p, uint64_t now_us)
{
	return p->session != OSDP_SESSION_NONE && p->stage == OSDP_STAGE_POLL &&
	       (p->session_frames >= OSDP_SESSION_FRAMES_MAX || now_us - p->session_since_us >= OSDP_SESSION_US_MAX);
}

static void build(struct osdp_peripheral *p, uint64_t now_us)
{
	uint8_t room[OSDP_COMMAND_DATA_SIZE_MAX] = {0};
	struct osdp_utterance utterance = {0};
	struct sink s = SINK_OF(p->transmit);
	size_t start = 0;
	if (p->restart_wanted || session_is_worn(p, now_us))
		osdp_device_restart(p, now_us);
	if (p->stage < OSDP_STAGE_LOCAL || !osdp_orders_say(p, room, &utterance))
		say_stage(p, &utterance);
	struct osdp_frame frame = {.address = (uint8_t)p->settings.address,
				   .sequence = next_sequence(p),
				   .crc = !p->settings.checksum,
				   .scs = utterance.scs,
				   .scs_value = utterance.scs_value,
				   .id = utterance.id,
				   .data = utterance.data};
	sink_u8(&s, OSDP_NUMBER_MARK);
	struct err e;
	if (p->session != OSDP_SESSION_NONE) {
		e = osdp_secure_write(&p->secure, &frame, &s);
	} else {
		e = osdp_frame_open(&frame, &s, &start);
		if (!failed(e))
			e = osdp_frame_close(&frame, start, (struct span){0}, &s);
	}
	ENSURE(!failed(e)); /* no command is as long as the room for it */
	wipe(room, sizeof(room));
	p->transmit_size = s.size;
	p->sequence = frame.sequence;
	p->command = utterance.id;
}

struct span osdp_device_speak(struct osdp_peripheral *p, uint64_t now_us)
{
	REQUIRE(!p->waiting);
	if (!p->repeat)
		build(p, now_us);
	p->repeat = false;
	p->waiting = true;
	p->spoke_us = now_us;
	p->poll_due_us = now_us + OSDP_POLL_US;
	return (struct span){p->transmit, p->transmit_size};
}

void osdp_device_sent(struct osdp_peripheral *p, uint64_t first_byte_us)
{
	if (p->errand == OSDP_ERRAND_OUTPUT && p->output_sent_us == 0)
		p->output_sent_us = first_byte_us;
}

/* ---- hearing ---- */

/* The reply is one that could stand: the exchange counts. */
static void valid_exchange(struct osdp_peripheral *p, uint64_t now_us)
{
	p->waiting = false;
	p->live = true;
	if (p->silences > 0)
		p->poll_due_us = now_us + OSDP_SETTLE_US;
	p->silences = 0;
	p->absences = 0;
	p->busies = 0;
	p->valid_us = now_us;
	if (!p->settings.secure || p->session != OSDP_SESSION_NONE)
		p->believed_us = now_us;
	if (p->session == OSDP_SESSION_NONE) {
		if (p->stage == OSDP_STAGE_POLL)
			p->troubles = 0; /* a device without a channel polls calmly */
		return;
	}
	p->session_frames++;
	if (now_us - p->session_since_us >= OSDP_CALM_US)
		p->troubles = 0;
}

static bool is_event(uint8_t id)
{
	return id == OSDP_REPLY_RAW || id == OSDP_REPLY_KEYPAD || id == OSDP_REPLY_LSTATR || id == OSDP_REPLY_ISTATR ||
	       id == OSDP_REPLY_OSTATR || id == OSDP_REPLY_RSTATR || id == OSDP_REPLY_FMT;
}

static struct err deliver_card(struct osdp_peripheral *p, struct span data, uint64_t now_us)
{
	uint8_t room[OSDP_CARD_SIZE_MAX];
	struct osdp_card card;
	TRY(osdp_read_card(data, room, &card));
	card.device = p->settings.device;
	card.received_boot_us = now_us;
	card.secure = p->settings.secure;
	osdp_device_say(p, MESSAGE_OSDP_CARD, &card);
	wipe(room, sizeof(room));
	return OK;
}

static struct err deliver_keys(struct osdp_peripheral *p, struct span data)
{
	uint8_t room[OSDP_KEYS_MAX];
	struct osdp_keypad keypad;
	struct err e = osdp_read_keys(data, room, &keypad);
	if (!failed(e)) {
		keypad.device = p->settings.device;
		keypad.secure = p->settings.secure;
		osdp_device_say(p, MESSAGE_OSDP_KEYPAD, &keypad);
	}
	wipe(room, sizeof(room)); /* a PIN may have been among them */
	return e;
}

static struct err deliver_contacts(struct osdp_peripheral *p, struct span data, bool outputs)
{
	struct osdp_contacts contacts;
	TRY(osdp_read_contacts(data, &contacts));
	contacts.device = p->settings.device;
	contacts.outputs = outputs;
	contacts.secure = p->settings.secure;
	osdp_device_say(p, MESSAGE_OSDP_CONTACTS, &contacts);
	return OK;
}

static struct err deliver_local(struct osdp_peripheral *p, struct span data)
{
	struct osdp_local local;
	TRY(osdp_read_local(data, &local));
	local.device = p->settings.device;
	local.secure = p->settings.secure;
	osdp_device_say(p, MESSAGE_OSDP_LOCAL, &local);
	return OK;
}

static struct err deliver_readers(struct osdp_peripheral *p, struct span data)
{
	struct osdp_reader_tamper readers[OSDP_READERS_MAX];
	size_t count = 0;
	TRY(osdp_read_readers(data, readers, &count));
	for (size_t i = 0; i < count; i++) {
		readers[i].device = p->settings.device;
		readers[i].secure = p->settings.secure;
		osdp_device_say(p, MESSAGE_OSDP_READER_TAMPER, &readers[i]);
	}
	return OK;
}

/* One place lets a device's words through to core, and none that came in the clear from one with a channel.
 * RULE DEFENCE-1
 */
static struct err deliver(struct osdp_peripheral *p, uint8_t id, struct span data, uint64_t now_us)
{
	if (!osdp_device_believed(p))
		return OK; /* install mode: it talks, we do not listen */
	switch (id) {
	case OSDP_REPLY_RAW:
		return deliver_card(p, data, now_us);
	case OSDP_REPLY_KEYPAD:
		return deliver_keys(p, data);
	case OSDP_REPLY_ISTATR:
		return deliver_contacts(p, data, false);
	case OSDP_REPLY_OSTATR:
		return deliver_contacts(p, data, true);
	case OSDP_REPLY_LSTATR:
		return deliver_local(p, data);
	case OSDP_REPLY_RSTATR:
		return deliver_readers(p, data);
	default:
		return OK; /* an acknowledgement, or something that a later version will want to hear */
	}
}

/* Is this a reply that the command under way may have? A poll is answered by whatever has happened. */
static bool fits(const struct osdp_peripheral *p, uint8_t id)
{
	static const uint8_t replies[] = {
		[OSDP_STAGE_LOCAL] = OSDP_REPLY_LSTATR,
		[OSDP_STAGE_INPUTS] = OSDP_REPLY_ISTATR,
		[OSDP_STAGE_OUTPUTS] = OSDP_REPLY_OSTATR,
		[OSDP_STAGE_READERS] = OSDP_REPLY_RSTATR,
	};
	if (p->errand == OSDP_ERRAND_OUTPUT)
		return id == OSDP_REPLY_ACK || id == OSDP_REPLY_OSTATR;
	if (p->errand != OSDP_ERRAND_STAGE)
		return id == OSDP_REPLY_ACK;
	if (p->stage == OSDP_STAGE_POLL)
		return id != OSDP_REPLY_CCRYPT && id != OSDP_REPLY_RMAC_I && id != OSDP_REPLY_BUSY;
	return id == replies[p->stage];
}

/* The command is over; whatever it was for goes its next step. */
static void step(struct osdp_peripheral *p, uint8_t id, bool good, uint64_t now_us)
{
	if (p->errand != OSDP_ERRAND_STAGE) {
		osdp_orders_done(p, good, now_us);
		return;
	}
	p->errand = OSDP_ERRAND_NONE;
	if (p->stage != OSDP_STAGE_POLL)
		p->stage++;
	else if (id != OSDP_REPLY_ACK)
		p->poll_due_us = now_us; /* more may be waiting behind an event */
}

/* A refusal that may be believed, or that of a device which needs no channel. */
static void heard_nak(struct osdp_peripheral *p, struct span data, uint64_t now_us)
{
	uint8_t code = 0;
	bool polls = p->errand == OSDP_ERRAND_STAGE && p->stage == OSDP_STAGE_POLL;
	if (failed(osdp_read_nak(data, &code)))
		osdp_device_lose(p, OSDP_OFFENCE_MALFORMED, "a malformed answer", now_us);
	else if (code == OSDP_NAK_SEQUENCE || code == OSDP_NAK_SECURE_NOT_MET || polls)
		osdp_device_lose(p, OSDP_OFFENCE_NONE, osdp_nak_words(code), now_us);
	else
		step(p, OSDP_REPLY_NAK, false, now_us); /* it cannot do this; so be it */
}

/* A reply whose sender is as sure as it will get. */
static enum osdp_heard heard_answer(struct osdp_peripheral *p, const struct osdp_frame *frame, struct span data,
				    uint64_t now_us)
{
	valid_exchange(p, now_us);
	if (frame->id == OSDP_REPLY_NAK) {
		heard_nak(p, data, now_us);
		return OSDP_HEARD_REPLY;
	}
	bool person = frame->id == OSDP_REPLY_RAW || frame->id == OSDP_REPLY_KEYPAD;
	if (person && frame->scs == OSDP_SCS_REPLY_MAC) {
		osdp_device_lose(p, OSDP_OFFENCE_PLAINTEXT, "a card or keys that are not encrypted", now_us);
		return OSDP_HEARD_REPLY;
	}
	if (!fits(p, frame->id) || failed(deliver(p, frame->id, data, now_us))) {
		osdp_device_lose(p, OSDP_OFFENCE_MALFORMED, "a malformed or unexpected answer", now_us);
		return OSDP_HEARD_REPLY;
	}
	bool read = person && osdp_device_believed(p);
	step(p, frame->id, true, now_us);
	return read ? OSDP_HEARD_READ : OSDP_HEARD_REPLY;
}

/* A refusal over wrong check bytes says no more than silence does: our frame was damaged on its way. */
static bool is_damage_report(const struct osdp_frame *frame)
{
	return frame->id == OSDP_REPLY_NAK && frame->scs == OSDP_SCS_NONE && frame->data.size > 0 &&
	       frame->data.at[0] == OSDP_NAK_CHECK;
}

static enum osdp_heard heard_in_channel(struct osdp_peripheral *p, const struct osdp_frame *frame, uint64_t now_us)
{
	uint8_t plain[OSDP_NUMBER_FRAME_SIZE_MAX];
	struct span data = {0};
	if (frame->sequence != p->sequence && (frame->scs != OSDP_SCS_NONE || frame->id != OSDP_REPLY_NAK))
		return OSDP_HEARD_NOTHING;
	if (!osdp_scs_has_mac(frame->scs)) {
		osdp_device_lose(p, OSDP_OFFENCE_PLAINTEXT, "words in the clear inside the secure channel", now_us);
		return OSDP_HEARD_REPLY;
	}
	enum osdp_heard heard = OSDP_HEARD_REPLY;
	switch (osdp_secure_read(&p->secure, frame, plain, &data)) {
	case OSDP_SECURE_GOOD:
		heard = heard_answer(p, frame, data, now_us);
		break;
	case OSDP_SECURE_MALFORMED:
		osdp_device_lose(p, OSDP_OFFENCE_MALFORMED, "wrong padding under a good MAC", now_us);
		break;
	default:
		osdp_device_lose(p, OSDP_OFFENCE_MAC, "a wrong MAC", now_us);
		break;
	}
	wipe(plain, frame->data.size);
	return heard;
}

static enum osdp_heard heard_in_clear(struct osdp_peripheral *p, const struct osdp_frame *frame, uint64_t now_us)
{
	uint8_t code = 0;
	if (frame->sequence != p->sequence && frame->id != OSDP_REPLY_NAK)
		return OSDP_HEARD_NOTHING;
	if (p->stage >= OSDP_STAGE_LOCAL && frame->scs == OSDP_SCS_NONE)
		return heard_answer(p, frame, frame->data, now_us); /* a device that needs no channel */
	valid_exchange(p, now_us);
	if (frame->scs == OSDP_SCS_NONE && is_event(frame->id) && p->settings.secure)
		osdp_device_lose(p, OSDP_OFFENCE_PLAINTEXT, "words in the clear outside the secure channel", now_us);
	else if (frame->scs == OSDP_SCS_NONE && frame->id == OSDP_REPLY_NAK &&
		 !failed(osdp_read_nak(frame->data, &code)))
		osdp_handshake_refused(p, code, now_us);
	else
		osdp_handshake_heard(p, frame, now_us);
	return OSDP_HEARD_REPLY;
}

/* BUSY comes in the clear, with sequence number 0, and changes nothing: the same bytes go out again a little later.
 * It does not count as a valid exchange, for anybody could say it.
 */
static void heard_busy(struct osdp_peripheral *p, uint64_t now_us)
{
	p->waiting = false;
	p->repeat = true;
	p->rest_until_us = now_us + OSDP_BUSY_PAUSE_US;
	if (++p->busies >= OSDP_BUSY_MAX)
		osdp_device_lose(p, OSDP_OFFENCE_BUSY, "busy without end", now_us);
}

enum osdp_heard osdp_device_heard(struct osdp_peripheral *p, const struct osdp_frame *frame, uint64_t now_us)
{
	if (!p->waiting || !frame->reply)
		return OSDP_HEARD_NOTHING;
	if (frame->crc == p->settings.checksum) { /* a weaker check than agreed is no answer */
		osdp_device_alarm(p, OSDP_OFFENCE_MALFORMED, now_us);
		return OSDP_HEARD_NOTHING;
	}
	if (is_damage_report(frame)) {
		osdp_device_silence(p, true, now_us);
		return OSDP_HEARD_REPLY;
	}
	if (frame->id == OSDP_REPLY_BUSY && frame->scs == OSDP_SCS_NONE && frame->data.size == 0) {
		heard_busy(p, now_us);
		return OSDP_HEARD_REPLY;
	}
	return p->session != OSDP_SESSION_NONE ? heard_in_channel(p, frame, now_us) : heard_in_clear(p, frame, now_us);
}

/* The same bytes with the same number, so that a device which has obeyed already only answers again.
 * RULE OSDP-REPEAT
 */
void osdp_device_silence(struct osdp_peripheral *p, bool damaged, uint64_t now_us)
{
	p->waiting = false;
	p->silences++;
	if (p->live && p->silences < OSDP_REPEATS_MAX) {
		p->repeat = true;
		p->rest_until_us = damaged || p->silences == 1 ? now_us : now_us + OSDP_REPEAT_PAUSE_US;
		return;
	}
	if (damaged && p->live) /* else it is the line's noise, and nobody's */
		osdp_device_alarm(p, OSDP_OFFENCE_MALFORMED, now_us);
	uint64_t pause_us = p->absences == 0
				    ? OSDP_FIRST_PAUSE_US
				    : doubled(OSDP_SILENCE_PAUSE_US, p->absences - 1, OSDP_SILENCE_PAUSE_US_MAX);
	p->absences++;
	p->live = false;
	osdp_device_restart(p, now_us + pause_us);
}

/* ---- core and time ---- */

void osdp_device_told(struct osdp_peripheral *p, enum message_kind kind, const void *body, uint64_t now_us)
{
	switch (kind) {
	case MESSAGE_OSDP_RANDOM:
		osdp_handshake_random(p, body);
		break;
	case MESSAGE_OSDP_SESSION:
		osdp_handshake_session(p, body, now_us);
		break;
	case MESSAGE_OSDP_RESTART:
		if (p->waiting || p->repeat)
			p->restart_wanted = true;
		else
			osdp_device_restart(p, now_us);
		break;
	default:
		osdp_orders_told(p, kind, body, now_us);
		break;
	}
}

/* What core believes of the device fades: without a valid exchange it is offline; with some, but none that may be
 * believed, it is no longer secure.
 */
static uint64_t link_fades_us(const struct osdp_peripheral *p)
{
	if (p->link_said && p->link == OSDP_LINK_OFFLINE)
		return OSDP_NEVER;
	bool plain = p->link_said && p->link == OSDP_LINK_PLAIN;
	return (plain ? p->valid_us : p->believed_us) + OSDP_OFFLINE_US;
}

static void fade_link(struct osdp_peripheral *p, uint64_t now_us)
{
	if (now_us < link_fades_us(p))
		return;
	if (now_us - p->valid_us < OSDP_OFFLINE_US) {
		osdp_device_say_link(p, OSDP_LINK_PLAIN, "answers, but makes no secure channel");
		return;
	}
	p->capabilities_known = false; /* whoever comes back may be another */
	osdp_device_say_link(p, OSDP_LINK_OFFLINE, "no valid answer for 8 s");
}

uint64_t osdp_device_tick_due(const struct osdp_peripheral *p)
{
	uint64_t due = osdp_orders_due(p);
	if (link_fades_us(p) < due)
		due = link_fades_us(p);
	if (osdp_handshake_waits_for_core(p) && p->asked_us + OSDP_CORE_US_MAX < due)
		due = p->asked_us + OSDP_CORE_US_MAX;
	for (size_t i = 0; i < OSDP_OFFENCE_COUNT; i++)
		if (p->alarms[i].count > 0 && p->alarms[i].next_us < due)
			due = p->alarms[i].next_us;
	return due;
}

void osdp_device_tick(struct osdp_peripheral *p, uint64_t now_us)
{
	osdp_orders_tick(p, now_us);
	osdp_handshake_tick(p, now_us);
	fade_link(p, now_us);
	for (int i = 0; i < OSDP_OFFENCE_COUNT; i++)
		if (p->alarms[i].count > 0 && p->alarms[i].next_us <= now_us)
			say_alarm(p, (enum osdp_offence)i, now_us);
}
