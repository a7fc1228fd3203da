/* access/state.c - finding cards, rights, doors and devices in memory. */
#include <sodium.h>
#include <stdlib.h>

#include "access/state.h"

void *access_state_new(void)
{
	struct access_state *state = calloc(1, sizeof *state);
	ENSURE(state);
	return state;
}

void access_state_free(void *at)
{
	struct access_state *state = at;
	for (size_t i = 0; i < state->holder_count; i++)
		free(state->holders[i].doors);
	map_clear(&state->card_by_id);
	map_clear(&state->card_by_fingerprint);
	map_clear(&state->holder_by_person);
	map_clear(&state->door_by_id);
	map_clear(&state->device_by_id);
	map_clear(&state->door_by_reader);
	free(state->cards);
	free(state->holders);
	free(state->doors);
	free(state->devices);
	free(state);
}

/* Room for one more at the end of an array that doubles. */
static void *room_for_one(void *items, size_t count, size_t *room, size_t size, size_t max)
{
	if (count < *room)
		return items;
	size_t wanted = *room ? *room * 2 : 16;
	ENSURE(count < max && wanted <= 2 * max);
	void *grown = reallocarray(items, wanted, size);
	ENSURE(grown);
	*room = wanted;
	return grown;
}

/* ---- cards ---- */

static uint64_t short_fingerprint(const uint8_t fingerprint[32])
{
	uint64_t key;
	memcpy(&key, fingerprint, sizeof key);
	return key;
}

struct access_card *access_card(struct access_state *state, uint64_t id)
{
	uint64_t at = map_get(&state->card_by_id, id);
	return at == MAP_NONE ? NULL : &state->cards[at];
}

struct access_card *access_card_of(struct access_state *state, const uint8_t fingerprint[32])
{
	uint64_t at = map_get(&state->card_by_fingerprint, short_fingerprint(fingerprint));
	if (at == MAP_NONE || memcmp(state->cards[at].fingerprint, fingerprint, 32) != 0)
		return NULL;
	return &state->cards[at];
}

struct access_card *access_card_add(struct access_state *state, uint64_t id)
{
	state->cards = room_for_one(state->cards, state->card_count, &state->card_room, sizeof *state->cards,
				    ACCESS_CREDENTIALS_MAX);
	struct access_card *card = &state->cards[state->card_count];
	*card = (struct access_card){.id = id};
	map_put(&state->card_by_id, id, state->card_count++);
	return card;
}

void access_card_index(struct access_state *state, const struct access_card *card)
{
	if (!card->erased)
		map_put(&state->card_by_fingerprint, short_fingerprint(card->fingerprint),
			(uint64_t)(card - state->cards));
}

void access_fingerprint(const struct core *core, struct span number, uint8_t ret_fingerprint[32])
{
	crypto_auth_hmacsha256_state hmac;
	crypto_auth_hmacsha256_init(&hmac, core_pepper(core).at, core_pepper(core).size);
	crypto_auth_hmacsha256_update(&hmac, (const uint8_t *)"card", 4);
	crypto_auth_hmacsha256_update(&hmac, number.at, number.size);
	crypto_auth_hmacsha256_final(&hmac, ret_fingerprint);
	wipe(&hmac, sizeof hmac);
}

struct err access_number(uint32_t bit_count, struct span bits, uint8_t ret_number[ACCESS_NUMBER_SIZE_MAX],
			 size_t *ret_size)
{
	size_t size = (bit_count + 7) / 8;
	if (bit_count == 0 || bit_count > ACCESS_CARD_BITS_MAX || bits.size < size)
		return FAIL(ERR_INVALID, "a card of %u bits in %zu bytes", bit_count, bits.size);
	ret_number[0] = (uint8_t)bit_count;
	ret_number[1] = (uint8_t)(bit_count >> 8);
	memcpy(ret_number + 2, bits.at, size);
	if (bit_count % 8 != 0) /* readers differ in what they pad with */
		ret_number[1 + size] &= (uint8_t)(0xFF << (8 - bit_count % 8));
	*ret_size = 2 + size;
	return OK;
}

/* ---- rights ---- */

struct access_holder *access_holder(struct access_state *state, uint64_t person, bool make)
{
	uint64_t at = map_get(&state->holder_by_person, person);
	if (at != MAP_NONE)
		return &state->holders[at];
	if (!make)
		return NULL;
	state->holders = room_for_one(state->holders, state->holder_count, &state->holder_room, sizeof *state->holders,
				      ACCESS_CREDENTIALS_MAX);
	struct access_holder *holder = &state->holders[state->holder_count];
	*holder = (struct access_holder){.person = person};
	map_put(&state->holder_by_person, person, state->holder_count++);
	return holder;
}

uint64_t access_right(struct access_state *state, uint64_t person, uint64_t door)
{
	const struct access_holder *holder = access_holder(state, person, false);
	size_t low = 0, high = holder ? holder->door_count : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (holder->doors[middle] == door)
			return holder->right;
		if (holder->doors[middle] < door)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

/* ---- doors and devices ---- */

struct access_door *access_door(struct access_state *state, uint64_t id)
{
	uint64_t at = map_get(&state->door_by_id, id);
	if (at != MAP_NONE)
		return &state->doors[at];
	state->doors = room_for_one(state->doors, state->door_count, &state->door_room, sizeof *state->doors,
				    16 * POST_DOORS_MAX);
	struct access_door *door = &state->doors[state->door_count];
	*door = (struct access_door){.id = id};
	map_put(&state->door_by_id, id, state->door_count++);
	return door;
}

struct access_device *access_device(struct access_state *state, uint64_t id)
{
	uint64_t at = map_get(&state->device_by_id, id);
	if (at != MAP_NONE)
		return &state->devices[at];
	state->devices = room_for_one(state->devices, state->device_count, &state->device_room, sizeof *state->devices,
				      16 * POST_DEVICES_MAX);
	struct access_device *device = &state->devices[state->device_count];
	*device = (struct access_device){.id = id};
	map_put(&state->device_by_id, id, state->device_count++);
	return device;
}

static void readers_map(struct core *core, struct access_state *state)
{
	if (state->generation == post_generation(core) && state->door_by_reader.room > 0)
		return;
	state->generation = post_generation(core);
	map_clear(&state->door_by_reader);
	for (size_t i = 0; i < post_door_count(core); i++) {
		const struct post_door *door = post_door_at(core, i);
		if (door->reader_device)
			map_put(&state->door_by_reader, door->reader_device << 8 | door->reader_number, door->id);
		if (door->reader_inside_device)
			map_put(&state->door_by_reader, door->reader_inside_device << 8 | door->reader_inside_number,
				door->id);
	}
}

const struct post_door *access_door_of_reader(struct core *core, uint64_t device, uint32_t reader)
{
	struct access_state *state = access_state(core);
	if (reader >= POST_CONTACTS_MAX)
		return NULL;
	readers_map(core, state);
	uint64_t door = map_get(&state->door_by_reader, device << 8 | reader);
	return door == MAP_NONE ? NULL : post_door(core, door);
}
