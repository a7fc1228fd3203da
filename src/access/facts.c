/* access/facts.c - one snapshot of everything that bears on a swipe.
 *
 * Stop 3 of 5 on the swipe tour: worker/osdp/reader.c > access/swipe.c > [here] > access/decision.c > ledger/append.c
 *
 * It reads memory and nothing else, and judges nothing.
 */
#include "access/decision.h"
#include "access/state.h"

void access_gather(struct core *core, uint64_t device, uint32_t reader, bool secure, const uint8_t fingerprint[32],
		   struct access_facts *ret_facts)
{
	struct access_state *state = access_state(core);
	const struct post_device *reader_device = post_device(core, device);
	const struct post_door *door = access_door_of_reader(core, device, reader);
	const struct access_card *card = access_card_of(state, fingerprint);
	*ret_facts = (struct access_facts){
		.now_us = core_now_us(core),
		.reader_secure = reader_device && (secure || reader_device->plain),
		.record_possible = !core_disk_is_low(core),
	};
	if (door) {
		uint64_t door_lockdown = access_door(state, door->id)->lockdown;
		ret_facts->door = door->id;
		ret_facts->strike_reachable = access_device_is_secure(core, door->strike_device);
		ret_facts->lockdown = state->lockdown ? state->lockdown : door_lockdown;
	}
	if (!card)
		return;
	const struct post_member *person = post_person(core, card->person);
	ret_facts->credential = card->id;
	ret_facts->revoked = card->revoked;
	ret_facts->not_before_us = card->not_before_us;
	ret_facts->expires_us = card->expires_us;
	ret_facts->person = card->person;
	ret_facts->person_present = person && !person->left && !person->erased;
	ret_facts->right = door ? access_right(state, card->person, door->id) : 0;
}
