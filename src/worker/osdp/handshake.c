/* worker/osdp/handshake.c - the way from a device of which nothing is known to a session: ID, CAP, CHLNG, SCRYPT.
 *
 * What comes here is in the clear and may be anybody's: it can make a handshake fail, and nothing else. Core draws
 * RND.A and derives the session's keys; which key the device must have is core's to say, never the device's.
 */
#include "worker/osdp/device_internal.h"

/* ---- core's part ---- */

static void ask_random(struct osdp_peripheral *p, uint64_t now_us)
{
	struct osdp_challenge challenge = {.device = p->settings.device};
	p->asked_us = now_us;
	p->randoms_owed++;
	osdp_device_say(p, MESSAGE_OSDP_CHALLENGE, &challenge);
}

bool osdp_handshake_waits_for_core(const struct osdp_peripheral *p)
{
	return (p->stage == OSDP_STAGE_CHALLENGE && !p->random_there) ||
	       (p->stage == OSDP_STAGE_CONFIRM && !p->keys_there);
}

/* Is this the answer to the last question? Answers to those of a handshake that has been given up come first. */
static bool last_owed(uint32_t *owed)
{
	if (*owed > 0)
		--*owed;
	return *owed == 0;
}

void osdp_handshake_random(struct osdp_peripheral *p, const struct osdp_random *random)
{
	bool last = last_owed(&p->randoms_owed);
	if (!last || p->asked_us == 0 || p->random_there || p->stage > OSDP_STAGE_CHALLENGE ||
	    random->rnd_a.size != sizeof(p->rnd_a))
		return;
	memcpy(p->rnd_a, random->rnd_a.at, sizeof(p->rnd_a));
	p->install = random->install;
	p->random_there = true;
	p->asked_us = 0;
}

static bool take_keys(const struct osdp_session *session, struct osdp_keys *ret_keys)
{
	if (session->s_enc.size != sizeof(ret_keys->s_enc) || session->s_mac1.size != sizeof(ret_keys->s_mac1) ||
	    session->s_mac2.size != sizeof(ret_keys->s_mac2))
		return false;
	memcpy(ret_keys->s_enc, session->s_enc.at, sizeof(ret_keys->s_enc));
	memcpy(ret_keys->s_mac1, session->s_mac1.at, sizeof(ret_keys->s_mac1));
	memcpy(ret_keys->s_mac2, session->s_mac2.at, sizeof(ret_keys->s_mac2));
	return true;
}

/* Core has judged the device's cryptogram; we check it once more against the keys, for it costs one block. */
void osdp_handshake_session(struct osdp_peripheral *p, const struct osdp_session *session, uint64_t now_us)
{
	struct osdp_keys keys = {0};
	bool last = last_owed(&p->sessions_owed);
	if (!last || p->stage != OSDP_STAGE_CONFIRM || p->keys_there || p->asked_us == 0)
		return;
	bool proved = session->accepted && take_keys(session, &keys) &&
		      osdp_secure_start(&p->secure, &keys, p->rnd_a, p->rnd_b, SPAN_OF(p->client_cryptogram),
					p->server_cryptogram) &&
		      span_equal_secret(session->server_cryptogram, SPAN_OF(p->server_cryptogram));
	wipe(&keys, sizeof(keys));
	p->asked_us = 0;
	if (proved)
		p->keys_there = true;
	else
		osdp_device_lose(p, OSDP_OFFENCE_CRYPTOGRAM, "the device did not prove that it has its key", now_us);
}

void osdp_handshake_tick(struct osdp_peripheral *p, uint64_t now_us)
{
	if (!osdp_handshake_waits_for_core(p) || now_us - p->asked_us < OSDP_CORE_US_MAX)
		return;
	p->randoms_owed = 0;
	p->sessions_owed = 0;
	if (p->stage == OSDP_STAGE_CHALLENGE)
		ask_random(p, now_us);
	else
		osdp_device_restart(p, now_us);
}

void osdp_handshake_forget(struct osdp_peripheral *p)
{
	osdp_secure_close(&p->secure);
	wipe(p->rnd_a, sizeof(p->rnd_a));
	wipe(p->server_cryptogram, sizeof(p->server_cryptogram));
	p->session = OSDP_SESSION_NONE;
	p->random_there = false;
	p->keys_there = false;
	p->install = false;
	p->asked_us = 0;
	p->stage = OSDP_STAGE_ID;
}

/* ---- what is said ---- */

void osdp_handshake_say(struct osdp_peripheral *p, struct osdp_utterance *ret_utterance)
{
	static const uint8_t standard_reply = 0x00; /* the data byte of ID and CAP */
	uint8_t kind = p->install ? OSDP_KEY_KIND_DEFAULT : OSDP_KEY_KIND_OWN;
	struct osdp_utterance utterance = {.data = {&standard_reply, 1}};
	switch (p->stage) {
	case OSDP_STAGE_ID:
		utterance.id = OSDP_COMMAND_ID;
		break;
	case OSDP_STAGE_CAPABILITIES:
		utterance.id = OSDP_COMMAND_CAP;
		break;
	case OSDP_STAGE_CHALLENGE:
		utterance = (struct osdp_utterance){OSDP_COMMAND_CHLNG, OSDP_SCS_CHLNG, kind, SPAN_OF(p->rnd_a)};
		break;
	default:
		ENSURE(p->stage == OSDP_STAGE_CONFIRM);
		utterance = (struct osdp_utterance){OSDP_COMMAND_SCRYPT, OSDP_SCS_SCRYPT, kind,
						    SPAN_OF(p->server_cryptogram)};
		break;
	}
	*ret_utterance = utterance;
}

/* ---- what is heard ---- */

/* Identity and capabilities are known: on to the channel, or without one for a device that needs none. */
static void go_on(struct osdp_peripheral *p, uint64_t now_us)
{
	if (p->settings.secure) {
		p->stage = OSDP_STAGE_CHALLENGE;
		if (!p->random_there && p->asked_us == 0)
			ask_random(p, now_us);
		return;
	}
	p->stage = OSDP_STAGE_LOCAL;
	osdp_device_say_link(p, OSDP_LINK_PLAIN, "no secure channel is asked of it");
}

static void say_identity(struct osdp_peripheral *p)
{
	struct osdp_identity identity = p->identity;
	identity.capabilities = (struct shape_list){p->capabilities, p->capability_count};
	osdp_device_say(p, MESSAGE_OSDP_IDENTITY, &identity);
}

static bool same_identity(const struct osdp_identity *a, const struct osdp_identity *b)
{
	return a->vendor == b->vendor && a->model == b->model && a->version == b->version && a->serial == b->serial &&
	       a->firmware == b->firmware;
}

static struct err heard_identity(struct osdp_peripheral *p, struct span data, uint64_t now_us)
{
	struct osdp_identity identity;
	TRY(osdp_read_identity(data, &identity));
	identity.device = p->settings.device;
	if (p->identity_known && !same_identity(&identity, &p->identity)) {
		p->capabilities_known = false;
		osdp_device_alarm(p, OSDP_OFFENCE_IDENTITY, now_us);
	}
	p->identity = identity;
	p->identity_known = true;
	if (p->settings.secure)
		ask_random(p, now_us); /* early, so that core's answer is there when its turn comes */
	if (p->capabilities_known)
		go_on(p, now_us);
	else
		p->stage = OSDP_STAGE_CAPABILITIES;
	return OK;
}

/* The device says in the clear what it can do. That it can encrypt is what we demand, not what we ask.
 * RULE DEFENCE-2
 */
static void judge_capabilities(struct osdp_peripheral *p, uint64_t now_us)
{
	bool encrypts = false;
	for (size_t i = 0; i < p->capability_count; i++)
		encrypts |= p->capabilities[i].function == OSDP_FUNCTION_SECURITY &&
			    (p->capabilities[i].compliance & 1) != 0;
	if (p->settings.secure && !encrypts)
		osdp_device_alarm(p, OSDP_OFFENCE_DOWNGRADE, now_us);
	p->capabilities_known = true;
	say_identity(p);
	go_on(p, now_us);
}

static struct err heard_capabilities(struct osdp_peripheral *p, struct span data, uint64_t now_us)
{
	TRY(osdp_read_capabilities(data, p->capabilities, &p->capability_count));
	judge_capabilities(p, now_us);
	return OK;
}

static struct err heard_cryptogram(struct osdp_peripheral *p, const struct osdp_frame *frame, uint64_t now_us)
{
	struct osdp_cryptogram cryptogram;
	TRY(osdp_read_cryptogram(frame->data, &cryptogram));
	bool default_key = frame->scs_value == OSDP_KEY_KIND_DEFAULT;
	if (default_key && !p->install) { /* RULE DEFENCE-3 */
		osdp_device_lose(p, OSDP_OFFENCE_DEFAULT_KEY, "the device asks for the default key", now_us);
		return OK;
	}
	if (default_key != p->install) {
		osdp_device_lose(p, OSDP_OFFENCE_CRYPTOGRAM, "the device has a key of its own already", now_us);
		return OK;
	}
	memcpy(p->rnd_b, cryptogram.rnd_b.at, sizeof(p->rnd_b));
	memcpy(p->client_cryptogram, cryptogram.client_cryptogram.at, sizeof(p->client_cryptogram));
	p->stage = OSDP_STAGE_CONFIRM;
	p->asked_us = now_us;
	p->sessions_owed++;
	cryptogram.device = p->settings.device;
	cryptogram.default_key = default_key;
	osdp_device_say(p, MESSAGE_OSDP_CRYPTOGRAM, &cryptogram);
	return OK;
}

static void heard_first_mac(struct osdp_peripheral *p, const struct osdp_frame *frame, uint64_t now_us)
{
	if (frame->scs_value != OSDP_RMAC_GOOD || !osdp_secure_confirm(&p->secure, frame->data)) {
		osdp_device_lose(p, OSDP_OFFENCE_CRYPTOGRAM, "the device did not accept our proof", now_us);
		return;
	}
	wipe(p->rnd_a, sizeof(p->rnd_a));
	wipe(p->server_cryptogram, sizeof(p->server_cryptogram));
	p->session_since_us = now_us;
	p->believed_us = now_us;
	p->session_frames = 0;
	if (p->install) {
		p->session = OSDP_SESSION_INSTALL;
		p->stage = OSDP_STAGE_POLL;
		osdp_device_say_link(p, OSDP_LINK_INSTALL, "ready for its key");
		return;
	}
	p->session = OSDP_SESSION_OWN;
	p->stage = OSDP_STAGE_LOCAL;
	osdp_device_say_link(p, OSDP_LINK_SECURE, "");
}

void osdp_handshake_heard(struct osdp_peripheral *p, const struct osdp_frame *frame, uint64_t now_us)
{
	bool good = false;
	if (p->stage == OSDP_STAGE_ID && frame->id == OSDP_REPLY_PDID && frame->scs == OSDP_SCS_NONE) {
		good = !failed(heard_identity(p, frame->data, now_us));
	} else if (p->stage == OSDP_STAGE_CAPABILITIES && frame->id == OSDP_REPLY_PDCAP &&
		   frame->scs == OSDP_SCS_NONE) {
		good = !failed(heard_capabilities(p, frame->data, now_us));
	} else if (p->stage == OSDP_STAGE_CHALLENGE && frame->id == OSDP_REPLY_CCRYPT &&
		   frame->scs == OSDP_SCS_CCRYPT) {
		good = !failed(heard_cryptogram(p, frame, now_us));
	} else if (p->stage == OSDP_STAGE_CONFIRM && frame->id == OSDP_REPLY_RMAC_I && frame->scs == OSDP_SCS_RMAC_I) {
		heard_first_mac(p, frame, now_us);
		good = true;
	}
	if (!good)
		osdp_device_lose(p, OSDP_OFFENCE_MALFORMED, "a malformed or unexpected answer", now_us);
}

void osdp_handshake_refused(struct osdp_peripheral *p, uint8_t nak, uint64_t now_us)
{
	if (p->stage == OSDP_STAGE_CAPABILITIES && nak != OSDP_NAK_SEQUENCE) {
		p->capability_count = 0; /* an old device: it cannot say what it can do */
		judge_capabilities(p, now_us);
	} else if (p->stage >= OSDP_STAGE_CHALLENGE && nak != OSDP_NAK_SEQUENCE) {
		osdp_device_lose(p, OSDP_OFFENCE_REFUSED, osdp_nak_words(nak), now_us);
	} else {
		osdp_device_lose(p, OSDP_OFFENCE_NONE, osdp_nak_words(nak), now_us);
	}
}
