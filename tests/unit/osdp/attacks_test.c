/* tests/unit/osdp/attacks_test.c - what is known to have been done to OSDP, done to us. */
#include <openssl/evp.h>

#include "bench.h"

enum { A_WHILE_US = 300000, LONG_US = 30000000 };

static uint64_t random_state = 99;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % limit);
}

static enum osdp_link link_of(struct bench *b)
{
	const struct osdp_state *state = bench_last(b, MESSAGE_OSDP_STATE);
	return state == NULL ? OSDP_LINK_OFFLINE : state->link;
}

/* A plain reply in place of the true one. */
static void forge(struct bench_device *d, uint8_t id, struct span data, uint8_t *reply, size_t *size)
{
	*size = bench_reply(d, id, data, 0, 0, false, reply);
}

static const uint8_t card_data[] = {0, 1, 26, 0, 0xA5, 0x5A, 0x12, 0xC0};

/* ---- 1: encryption is optional ---- */

static void forge_card(struct bench_device *d, uint8_t *reply, size_t *size)
{
	forge(d, OSDP_REPLY_RAW, SPAN_OF(card_data), reply, size);
}

/* PROVES DEFENCE-1 */
static void plaintext_decides_nothing(void)
{
	struct bench *b = bench_new(1, true);
	b->devices[0].meddle = forge_card;
	bench_run(b, LONG_US);
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 0, "1: cards in the clear before a session go nowhere");
	CHECK(bench_alarms(b, OSDP_OFFENCE_PLAINTEXT) > 0, "1: but raise an alarm");
	CHECK(b->frames_sent < 20, "1: and %u new starts in 30 s, for the pauses grow", b->frames_sent);
	CHECK(link_of(b) == OSDP_LINK_PLAIN, "1: the device is reported as not secure");
	b->devices[0].meddle = NULL;
	bench_run(b, OSDP_TROUBLE_PAUSE_US_MAX + A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "1: when it ends, the device comes up by itself");

	uint32_t sessions = b->devices[0].sessions;
	bench_swipe(&b->devices[0]);
	b->devices[0].plain_event = true;
	uint32_t alarms = bench_alarms(b, OSDP_OFFENCE_PLAINTEXT);
	bench_run(b, OSDP_TROUBLE_PAUSE_US_MAX + A_WHILE_US);
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 0, "1: a card in the clear inside a session goes nowhere");
	CHECK(bench_alarms(b, OSDP_OFFENCE_PLAINTEXT) == alarms + 1 && b->devices[0].sessions == sessions + 1,
	      "1: it is an alarm and a new handshake");
	bench_free(b);
}

static void every_plain_word_in_the_channel(void)
{
	static const uint8_t ids[] = {OSDP_REPLY_ACK,    OSDP_REPLY_KEYPAD, OSDP_REPLY_LSTATR, OSDP_REPLY_ISTATR,
				      OSDP_REPLY_OSTATR, OSDP_REPLY_RSTATR, OSDP_REPLY_NAK,    OSDP_REPLY_PDID};
	for (size_t i = 0; i < sizeof(ids); i++) {
		struct bench *b = bench_new(1, true);
		bench_run(b, A_WHILE_US);
		size_t said = b->said_count;
		b->devices[0].event[0] = ids[i];
		memcpy(b->devices[0].event + 1, (uint8_t[]){6, 1, '1'}, 3);
		b->devices[0].event_size = 3;
		b->devices[0].plain_event = true;
		bench_run(b, 60000);
		bool only = bench_alarms(b, OSDP_OFFENCE_PLAINTEXT) == 1;
		for (size_t j = said; j < b->said_count; j++) /* nothing of the forged reply before the new session */
			only &= b->said[j].kind != MESSAGE_OSDP_CARD && b->said[j].kind != MESSAGE_OSDP_KEYPAD;
		CHECK(only && b->devices[0].sessions == 2, "1: reply %02X in the clear: alarm and new handshake",
		      ids[i]);
		bench_free(b);
	}
}

/* A device that leaves out the encryption has the keys, so its MAC holds; here it is made with the panel's own. */
static struct osdp_peripheral *panel_side;

static void leave_out_encryption(struct bench_device *d, uint8_t *reply, size_t *size)
{
	struct osdp_secure *s = &panel_side->secure;
	struct osdp_frame frame = {.address = d->address,
				   .reply = true,
				   .sequence = d->last_sequence,
				   .crc = true,
				   .scs = OSDP_SCS_REPLY_MAC,
				   .id = OSDP_REPLY_RAW,
				   .data = SPAN_OF(card_data)};
	struct sink sink = sink_of(reply, BENCH_FRAME_MAX);
	uint8_t block[16], mac[16];
	size_t start = 0;
	int written = 0;
	d->meddle = NULL;
	NEED_OK(osdp_frame_open(&frame, &sink, &start), "written");
	NEED(sink.size == sizeof(block), "the frame is one block, and its MAC one step");
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = reply[i] ^ s->last_mac[i];
	NEED(EVP_CipherUpdate(s->mac2, mac, &written, block, sizeof(block)) == 1, "MAC");
	NEED_OK(osdp_frame_close(&frame, start, (struct span){mac, OSDP_NUMBER_MAC_SIZE}, &sink), "written");
	*size = sink.size;
}

static void unencrypted_card_under_a_mac(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	panel_side = bench_panel_side(b, 0);
	b->devices[0].meddle = leave_out_encryption;
	bench_run(b, A_WHILE_US);
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 0 && bench_alarms(b, OSDP_OFFENCE_PLAINTEXT) == 1 &&
		      bench_alarms(b, OSDP_OFFENCE_MAC) == 0,
	      "1: a card that everybody could read is none, even under a good MAC");
	bench_free(b);
}

/* ---- 2: downgrade ---- */

/* PROVES DEFENCE-2 */
static void capabilities_change_nothing(void)
{
	struct bench *b = bench_new(1, true);
	b->devices[0].no_aes = true;
	bench_run(b, A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "2: a device that claims to know no encryption is asked for it all the same");
	CHECK(bench_alarms(b, OSDP_OFFENCE_DOWNGRADE) == 1, "2: and its claim is an alarm");
	bench_free(b);
}

static void refusing_the_channel_is_no_way_in(void)
{
	struct bench *b = bench_new(1, true);
	b->devices[0].refuses = OSDP_COMMAND_CHLNG;
	b->devices[0].refusal_code = OSDP_NAK_SECURE_UNSUPPORTED;
	bench_swipe(&b->devices[0]);
	bench_unlock(b, 1, 1);
	bench_run(b, LONG_US);
	CHECK(bench_alarms(b, OSDP_OFFENCE_REFUSED) >= 4, "2: a device that refuses the channel is an alarm");
	CHECK(link_of(b) == OSDP_LINK_PLAIN && bench_count(b, MESSAGE_OSDP_CARD) == 0, "2: and out of service");
	CHECK(b->devices[0].outs == 0, "2: no unlock is said to it in the clear");
	bool polled = memchr(b->devices[0].heard, OSDP_COMMAND_POLL, b->devices[0].heard_count) != NULL;
	CHECK(!polled, "2: nor is it asked for events");
	bench_free(b);
}

/* ---- 3: install mode ---- */

/* PROVES DEFENCE-3 */
static void nobody_gets_into_install_mode_by_asking(void)
{
	struct bench *b = bench_new(1, true);
	b->devices[0].default_key = true;
	bench_run(b, LONG_US);
	CHECK(bench_alarms(b, OSDP_OFFENCE_DEFAULT_KEY) >= 4, "3: a device that asks for the default key is an alarm");
	CHECK(b->devices[0].sessions == 0 && b->devices[0].default_challenges == 0 && link_of(b) == OSDP_LINK_PLAIN,
	      "3: and gets none");
	b->devices[0].default_key = false;
	bench_run(b, OSDP_TROUBLE_PAUSE_US_MAX + A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "3: with its own key it comes up again");
	bench_free(b);
}

static void install_mode_carries_a_key_and_nothing_else(void)
{
	uint8_t key[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 77, 66, 55, 44, 33, 22, 11};
	struct osdp_keyset keyset = {.device = 1, .scbk = SPAN_OF(key), .reference = 4};
	struct bench *b = bench_new(1, true);
	b->devices[0].default_key = true;
	b->install = true;
	b->install_grants = 1;
	bench_run(b, A_WHILE_US);
	CHECK(b->devices[0].sessions == 1 && link_of(b) == OSDP_LINK_INSTALL,
	      "3: with core's leave there is an install session");
	bench_swipe(&b->devices[0]);
	bench_unlock(b, 1, 1);
	bench_run(b, OSDP_OUTPUT_AGE_US_MAX + A_WHILE_US);
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 0 && b->devices[0].outs == 0,
	      "3: in which cards and unlocks go nowhere");
	bench_told(b, MESSAGE_OSDP_KEYSET, &keyset);
	memcpy(b->core_key[0], key, 16);
	bench_run(b, A_WHILE_US);
	const struct osdp_keyset_done *done = bench_last(b, MESSAGE_OSDP_KEYSET_DONE);
	CHECK(done != NULL && done->acknowledged && bench_is_secure(b, 0),
	      "3: the key goes in, and the next session is its own");
	b->devices[0].default_key = true;
	bench_told(b, MESSAGE_OSDP_RESTART, &(struct osdp_restart){.device = 1});
	bench_run(b, A_WHILE_US);
	CHECK(!bench_is_secure(b, 0) && bench_alarms(b, OSDP_OFFENCE_DEFAULT_KEY) > 0, "3: once");
	bench_free(b);
}

/* ---- 5: KEYSET under the default key ---- */

/* PROVES DEFENCE-5: reset the reader, and wait for the panel to send it the key again. */
static void no_key_for_a_reader_that_was_reset(void)
{
	struct bench *b = bench_new(1, true);
	uint8_t key[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 77, 66, 55, 44, 33, 22, 11};
	struct osdp_keyset keyset = {.device = 1, .scbk = SPAN_OF(key), .reference = 4};
	bench_run(b, A_WHILE_US);
	b->devices[0].default_key = true;
	b->devices[0].in_session = false;
	bench_run(b, 50000);
	bench_told(b, MESSAGE_OSDP_KEYSET, &keyset); /* even if core were fooled */
	bench_run(b, LONG_US);
	CHECK(b->devices[0].keysets == 0 && !b->devices[0].keyset_under_default, "5: no key is sent to it");
	CHECK(b->devices[0].default_challenges == 0, "5: nor is the default key ever offered, however often it fails");
	const struct osdp_keyset_done *done = bench_last(b, MESSAGE_OSDP_KEYSET_DONE);
	CHECK(done != NULL && !done->acknowledged, "5: core hears that the key did not go");
	CHECK(bench_alarms(b, OSDP_OFFENCE_DEFAULT_KEY) > 0, "5: and that the reader asks for the default key");
	bench_free(b);
}

static void a_wrong_key_falls_back_to_nothing(void)
{
	struct bench *b = bench_new(1, true);
	b->devices[0].key[3] ^= 1;
	bench_run(b, LONG_US);
	CHECK(bench_alarms(b, OSDP_OFFENCE_CRYPTOGRAM) >= 4 && b->devices[0].sessions == 0,
	      "5: a wrong key is an alarm");
	CHECK(b->devices[0].default_challenges == 0 && link_of(b) == OSDP_LINK_PLAIN, "5: with no other key tried");
	CHECK(b->devices[0].challenges >= 5 && b->devices[0].challenges < 12, "tries go on, %u in 30 s",
	      b->devices[0].challenges);
	b->devices[0].key[3] ^= 1;
	bench_run(b, OSDP_TROUBLE_PAUSE_US_MAX + A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "so one bad answer puts no reader out of service for minutes");
	bench_free(b);
}

/* ---- lesser ---- */

static void wrong_macs(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	for (int i = 0; i < 20; i++) {
		bench_swipe(&b->devices[0]);
		b->devices[0].wrong_mac = true;
		bench_run(b, A_WHILE_US);
	}
	uint32_t messages = 0;
	for (size_t i = 0; i < b->said_count; i++)
		messages += b->said[i].kind == MESSAGE_OSDP_ALARM;
	CHECK(bench_alarms(b, OSDP_OFFENCE_MAC) >= 3 && messages <= 7, "wrong MACs are counted, in %u alarms over 6 s",
	      messages);
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 0 || b->devices[0].sessions > 1, "each ends the session");
	b->devices[0].wrong_mac = false;
	bench_run(b, OSDP_TROUBLE_PAUSE_US_MAX + A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "and it comes up again");
	bench_free(b);
}

static uint8_t kept[BENCH_FRAME_MAX];
static size_t kept_size;

static void keep_reply(struct bench_device *d, uint8_t *reply, size_t *size)
{
	(void)d;
	if (*size > 30) { /* the card, not an ACK */
		kept_size = *size;
		memcpy(kept, reply, kept_size);
		*size = kept_size;
	}
}

static void replay(struct bench_device *d, uint8_t *reply, size_t *size)
{
	(void)d;
	memcpy(reply, kept, kept_size);
	*size = kept_size;
}

static void replays(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	bench_swipe(&b->devices[0]);
	b->devices[0].meddle = keep_reply;
	bench_run(b, A_WHILE_US);
	b->devices[0].meddle = replay;
	bench_run(b, OSDP_OFFLINE_US);
	CHECK(kept_size > 0 && bench_count(b, MESSAGE_OSDP_CARD) == 1, "a card that is played again is not read again");
	CHECK(bench_alarms(b, OSDP_OFFENCE_MAC) >= 1, "it is a wrong MAC, when its sequence number comes round");
	b->devices[0].meddle = NULL;
	bench_run(b, OSDP_TROUBLE_PAUSE_US_MAX + A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "the device comes back");
	b->devices[0].meddle = replay;
	bench_run(b, OSDP_OFFLINE_US);
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 1, "nor in a later session");
	bench_free(b);
}

static void swapped_reader(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	b->devices[0].serial = 7;
	b->devices[0].in_session = false;
	bench_run(b, A_WHILE_US);
	CHECK(bench_alarms(b, OSDP_OFFENCE_IDENTITY) == 1, "another serial number is an alarm");
	const struct osdp_identity *identity = bench_last(b, MESSAGE_OSDP_IDENTITY);
	CHECK(identity->serial == 7, "and the new identity is reported");
	bench_free(b);
}

static void busy_flood(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	b->devices[0].busy_count = UINT32_MAX;
	uint32_t before = b->frames_sent;
	bench_run(b, LONG_US);
	CHECK(bench_alarms(b, OSDP_OFFENCE_BUSY) >= 1, "BUSY without end is an alarm");
	CHECK(b->frames_sent - before < LONG_US / OSDP_BUSY_PAUSE_US + 10, "the line is not filled with repeats");
	CHECK(link_of(b) != OSDP_LINK_SECURE, "and a device that only says BUSY does not stay secure");
	bench_free(b);
}

static void mute_after_identity(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	b->devices[0].dead = true;
	bench_run(b, 600000);
	b->devices[0].dead = false;
	b->devices[0].ignores = OSDP_COMMAND_CHLNG;
	bench_run(b, OSDP_OFFLINE_US);
	CHECK(link_of(b) == OSDP_LINK_PLAIN, "a device that says who it is but never proves it does not stay secure");
	bench_free(b);
}

/* A late answer to an earlier command, in place of the true one. */
static void say_the_last_again(struct bench_device *d, uint8_t *reply, size_t *size)
{
	uint8_t now[BENCH_FRAME_MAX];
	size_t now_size = *size;
	memcpy(now, reply, now_size);
	if (kept_size > 0) {
		memcpy(reply, kept, kept_size);
		*size = kept_size;
		d->meddle = NULL;
	}
	memcpy(kept, now, now_size);
	kept_size = now_size;
}

static void late_answers(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	kept_size = 0;
	b->devices[0].meddle = say_the_last_again;
	bench_run(b, A_WHILE_US * 2);
	CHECK(b->devices[0].meddle == NULL && b->devices[0].sessions == 1 && bench_count(b, MESSAGE_OSDP_ALARM) == 0,
	      "an answer to an earlier command is passed over");
	bench_free(b);
}

static void wrong_address(struct bench_device *d, uint8_t *reply, size_t *size)
{
	uint8_t address = d->address;
	d->address = 1;
	forge(d, OSDP_REPLY_RAW, SPAN_OF(card_data), reply, size);
	d->address = address;
}

static void somebody_else_answers(void)
{
	struct bench *b = bench_new(2, false);
	bench_run(b, A_WHILE_US);
	b->devices[0].meddle = wrong_address;
	bench_run(b, A_WHILE_US);
	CHECK(bench_count(b, MESSAGE_OSDP_CARD) == 0, "a card from an address that was not asked is nobody's");
	bench_free(b);
}

static void weaker_check(struct bench_device *d, uint8_t *reply, size_t *size)
{
	uint8_t identity[12] = {1};
	d->checksum = true;
	forge(d, OSDP_REPLY_PDID, SPAN_OF(identity), reply, size);
	d->checksum = false;
}

static void checksum_instead_of_crc(void)
{
	struct bench *b = bench_new(1, true);
	b->devices[0].meddle = weaker_check;
	bench_run(b, OSDP_OFFLINE_US);
	bool went_on = memchr(b->devices[0].heard, OSDP_COMMAND_CAP, b->devices[0].heard_count) != NULL;
	CHECK(!went_on && bench_alarms(b, OSDP_OFFENCE_MALFORMED) > 0,
	      "an answer with a weaker check than agreed is none");
	bench_free(b);
}

static void failed_proof(void)
{
	struct bench *b = bench_new(1, true);
	b->devices[0].bad_ss = true;
	bench_run(b, OSDP_OFFLINE_US);
	CHECK(bench_alarms(b, OSDP_OFFENCE_CRYPTOGRAM) >= 2 && link_of(b) == OSDP_LINK_PLAIN,
	      "a device that does not accept our proof is an alarm");
	bench_free(b);
}

static void alarms_are_counted_not_repeated(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	struct osdp_peripheral *p = bench_panel_side(b, 0);
	for (int i = 0; i < 50; i++)
		osdp_device_alarm(p, OSDP_OFFENCE_MAC, b->now_us);
	CHECK(bench_count(b, MESSAGE_OSDP_ALARM) == 1, "fifty at once: one is said");
	bench_run(b, OSDP_ALARM_US + 1000);
	CHECK(bench_count(b, MESSAGE_OSDP_ALARM) == 2, "a second later another");
	const struct osdp_alarm *alarm = bench_last(b, MESSAGE_OSDP_ALARM);
	CHECK(alarm->count == 49, "for the forty-nine others");
	bench_free(b);
}

/* A damage report (NAK 1) in the clear says no more than silence: no alarm, no new session, the same bytes again. */
static uint32_t damage_reports;

static void report_damage(struct bench_device *d, uint8_t *reply, size_t *size)
{
	static const uint8_t code[] = {OSDP_NAK_CHECK};
	if (damage_reports > 0 && damage_reports--)
		forge(d, OSDP_REPLY_NAK, SPAN_OF(code), reply, size);
}

static void damage_report_is_no_offence(void)
{
	struct bench *b = bench_new(1, true);
	bench_run(b, A_WHILE_US);
	damage_reports = 2;
	b->devices[0].meddle = report_damage;
	bench_run(b, A_WHILE_US);
	CHECK(bench_is_secure(b, 0) && b->devices[0].sessions == 1 && bench_count(b, MESSAGE_OSDP_ALARM) == 0,
	      "a report of damage is answered by the same bytes");
	bench_free(b);
}

/* Random replies with right address, sequence number and check bytes, in place of true ones. */
static void forge_anything(struct bench_device *d, uint8_t *reply, size_t *size)
{
	uint8_t data[64];
	static const uint8_t blocks[] = {0, 0, 0x12, 0x14, 0x16, 0x18, 0x18, 0x16};
	if (random_below(3) != 0)
		return;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random_below(random_below(2) ? 256 : 3);
	uint8_t scs = blocks[random_below(sizeof(blocks))];
	struct osdp_frame frame = {.address = d->address,
				   .reply = true,
				   .sequence = d->last_sequence,
				   .crc = true,
				   .scs = scs,
				   .scs_value = (uint8_t)random_below(2),
				   .id = (uint8_t)(0x40 + random_below(0x60)),
				   .data = {data, random_below(sizeof(data))}};
	struct sink s = sink_of(reply, BENCH_FRAME_MAX);
	size_t start = 0;
	NEED_OK(osdp_frame_open(&frame, &s, &start), "forged");
	NEED_OK(osdp_frame_close(&frame, start, (struct span){data, osdp_scs_has_mac(scs) ? 4 : 0}, &s), "forged");
	*size = s.size;
}

static void a_storm_of_forgeries(void)
{
	struct bench *b = bench_new(1, true);
	size_t true_events = 0;
	for (int i = 0; i < 400; i++) {
		b->devices[0].meddle = forge_anything;
		bench_run(b, A_WHILE_US);
		true_events += b->devices[0].sessions;
		for (size_t j = 0; j < b->said_count; j++)
			if (b->said[j].kind == MESSAGE_OSDP_CARD || b->said[j].kind == MESSAGE_OSDP_KEYPAD)
				true_events = SIZE_MAX / 2;
		b->said_count = b->core_next = 0;
	}
	CHECK(true_events < SIZE_MAX / 2, "two minutes of forged replies bring no card and no key to core");
	b->devices[0].meddle = NULL;
	bench_run(b, OSDP_TROUBLE_PAUSE_US_MAX + A_WHILE_US);
	CHECK(bench_is_secure(b, 0), "and afterwards the device comes up");
	bench_free(b);
}

int main(void)
{
	plaintext_decides_nothing();
	every_plain_word_in_the_channel();
	unencrypted_card_under_a_mac();
	capabilities_change_nothing();
	refusing_the_channel_is_no_way_in();
	nobody_gets_into_install_mode_by_asking();
	install_mode_carries_a_key_and_nothing_else();
	no_key_for_a_reader_that_was_reset();
	a_wrong_key_falls_back_to_nothing();
	wrong_macs();
	replays();
	swapped_reader();
	busy_flood();
	mute_after_identity();
	late_answers();
	somebody_else_answers();
	checksum_instead_of_crc();
	failed_proof();
	alarms_are_counted_not_repeated();
	damage_report_is_no_offence();
	a_storm_of_forgeries();
	return tap_finish();
}
