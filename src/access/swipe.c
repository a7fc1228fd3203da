/* access/swipe.c - the story of a card at a reader: gather, decide, record, release.
 *
 * Stop 2 of 5 on the swipe tour: worker/osdp/reader.c > [here] > access/facts.c > access/decision.c > ledger/append.c
 *
 * All branches of the story are here. The strike, the green light and the sound are queued behind the entry and leave
 * when it is durable.
 */
#include <stdio.h>

#include "access/decision.h"
#include "access/state.h"

/* ---- release ---- */

enum { LED_FIRST = 0, LED_TEMPORARY = 2, LED_GREEN = 2, LED_RED = 1, SOUND_DEFAULT = 2 };

/* Two seconds of colour, and a sound: one long for yes, three short for no. */
static void show(struct core *core, const struct osdp_card *card, bool granted)
{
	struct osdp_led led = {
		.device = card->device,
		.reader = card->reader,
		.led = LED_FIRST,
		.temporary_control = LED_TEMPORARY,
		.temporary_on_100ms = granted ? 20 : 3,
		.temporary_off_100ms = granted ? 0 : 2,
		.temporary_on_colour = granted ? LED_GREEN : LED_RED,
		.temporary_time_100ms = 20,
	};
	struct osdp_buzzer buzzer = {
		.device = card->device,
		.reader = card->reader,
		.tone = SOUND_DEFAULT,
		.on_100ms = granted ? 3 : 1,
		.off_100ms = granted ? 0 : 1,
		.count = granted ? 1 : ACCESS_BUZZER_DENIED,
	};
	access_send_device(core, card->device, MESSAGE_OSDP_LED, &led);
	access_send_device(core, card->device, MESSAGE_OSDP_BUZZER, &buzzer);
}

/* ---- record ---- */

/* What led to it: the entry that gave the card out, so that a chain goes from the door back to the badge office. */
static struct core_why why_of(const struct osdp_card *card, const struct access_facts *facts, char actor[32])
{
	(void)snprintf(actor, 32, "reader/%llu", (unsigned long long)card->device);
	return (struct core_why){
		.actor = actor,
		.cause = facts->credential,
		.has_cause = facts->credential != 0,
	};
}

static struct err record_grant(struct core *core, const struct osdp_card *card, const struct access_facts *facts,
			       uint32_t strike_100ms, uint64_t *ret_seq)
{
	char actor[32];
	struct access_granted body = {
		.door = facts->door,
		.device = card->device,
		.reader = card->reader,
		.credential = facts->credential,
		.person = facts->person,
		.reason = ACCESS_ALLOWED,
		.not_before = facts->not_before_us,
		.expires = facts->expires_us,
		.right = facts->right,
		.strike_100ms = strike_100ms,
	};
	return core_record(core, &access_granted_entry, &body, why_of(card, facts, actor), ret_seq);
}

static struct err record_denial(struct core *core, const struct osdp_card *card, const struct access_facts *facts,
				enum access_reason reason, const uint8_t fingerprint[32])
{
	char actor[32];
	struct access_denied body = {
		.door = facts->door,
		.device = card->device,
		.reader = card->reader,
		.credential = facts->credential,
		.person = facts->person,
		.reason = reason,
		.not_before = facts->not_before_us,
		.expires = facts->expires_us,
		.right = facts->right,
		.lockdown = facts->lockdown,
	};
	if (facts->credential == 0) {
		body.bit_count = card->bit_count;
		body.fingerprint = (struct span){fingerprint, 8};
	}
	return core_record(core, &access_denied_entry, &body, why_of(card, facts, actor), NULL);
}

/* ---- the story ---- */

struct err access_swipe(struct core *core, const struct osdp_card *card)
{
	uint8_t number[ACCESS_NUMBER_SIZE_MAX], fingerprint[32] = {0};
	size_t number_size = 0;
	struct access_facts facts;

	/* A read that is no card (no bits, or more than any card has) is an unknown credential like any other. */
	if (!failed(access_number(card->bit_count, card->bits, number, &number_size)))
		access_fingerprint(core, (struct span){number, number_size}, fingerprint);
	wipe(number, sizeof number);

	access_gather(core, card->device, card->reader, card->secure, fingerprint, &facts);
	struct access_decision decision = access_decide(&facts);

	if (decision.verdict != ACCESS_GRANT) {
		TRY(record_denial(core, card, &facts, decision.reason, fingerprint));
		access_send_device(core, card->device, MESSAGE_OSDP_RESUME,
				   &(struct osdp_resume){.device = card->device});
		show(core, card, false);
		return OK;
	}
	const struct post_door *door = post_door(core, facts.door);
	uint64_t entry;
	TRY(record_grant(core, card, &facts, door->strike_100ms, &entry));
	access_strike(core, door, door->strike_100ms, entry);
	access_send_device(core, card->device, MESSAGE_OSDP_RESUME, &(struct osdp_resume){.device = card->device});
	show(core, card, true);
	return OK;
}
