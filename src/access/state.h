/* access/state.h - what core keeps of cards, rights, doors and devices in memory; only this folder includes it.
 *
 * What an entry says is in the tables too and is loaded from there; what only the moment knows (a session's keys,
 * when a door was opened on the boot clock) is not, and is learnt again after a restart.
 */
#ifndef LEGATION_ACCESS_STATE_H
#define LEGATION_ACCESS_STATE_H

#include "access/access.h"
#include "base/map.h"
#include "core/pages.h"
#include "post/post.h"

enum {
	ACCESS_CREDENTIALS_MAX = 500000,
	ACCESS_NUMBER_SIZE_MAX = 24, /* bit count (u16 le) and the bits */
	ACCESS_CARD_BITS_MAX = 176,
	ACCESS_UNLOCK_SECONDS_MAX = 600,
	ACCESS_BUZZER_DENIED = 3,
};

#define ACCESS_UNLOCK_GRACE_US UINT64_C(1500000) /* a door opened this late after its lock fell shut is not forced */
#define ACCESS_EXIT_GRACE_US UINT64_C(8000000)   /* how long a request to exit explains an opening */

struct access_card {
	uint64_t id;
	uint64_t person;
	uint64_t not_before_us;
	uint64_t expires_us;
	uint8_t fingerprint[32]; /* HMAC of its number under the pepper; zero once erased */
	bool revoked;
	bool erased;
};

struct access_holder { /* a person's rights */
	uint64_t person;
	uint64_t right;  /* the entry that lists the doors */
	uint64_t *doors; /* rising */
	size_t door_count;
};

struct access_door {
	uint64_t id;
	uint64_t lockdown;          /* the entry; 0: none */
	uint64_t unlocked_until_us; /* entry time */
	uint64_t unlocked_by;       /* the entry that unlocked it last */
	uint64_t exit_boot_us;      /* the last request to exit */
	uint64_t exit_entry;
	uint64_t opened_by; /* the entry of the opening */
	uint64_t opened_boot_us;
	enum access_position position;
	enum access_condition condition;
	bool exit_active;
	bool seen; /* the contact has been read since core started */
};

struct access_device {
	uint64_t id;
	enum osdp_link link;
	bool pinned;
	uint8_t cuid[8];
	uint32_t vendor, model, version, serial, firmware; /* as pinned */
	bool tamper, power_failure;
	/* Of the moment: */
	bool identity_seen;
	struct osdp_identity identity; /* its list is not kept */
	bool challenged;
	uint8_t rnd_a[8];
	uint8_t cuid_now[8];
	bool session_given;
	bool renewing;              /* a KEYSET is under way */
	struct core_caller renewer; /* who asked for it */
};

struct access_state {
	struct access_card *cards;
	size_t card_count, card_room;
	struct map card_by_id;
	struct map card_by_fingerprint; /* the first eight bytes; the rest is compared */
	struct access_holder *holders;
	size_t holder_count, holder_room;
	struct map holder_by_person;
	struct access_door *doors;
	size_t door_count, door_room;
	struct map door_by_id;
	struct access_device *devices;
	size_t device_count, device_room;
	struct map device_by_id;
	uint64_t lockdown;         /* of the whole post; the entry */
	uint64_t generation;       /* of post.h, when door_by_reader was made */
	struct map door_by_reader; /* device id << 8 | reader number */
	uint64_t configured;       /* the generation of post.h that the lines' workers know */
};

static inline struct access_state *access_state(struct core *core)
{
	return core_state(core, &access_module);
}

/* state.c */
void *access_state_new(void);
void access_state_free(void *state);
struct access_card *access_card(struct access_state *state, uint64_t id);
struct access_card *access_card_of(struct access_state *state, const uint8_t fingerprint[32]);
struct access_card *access_card_add(struct access_state *state, uint64_t id);
void access_card_index(struct access_state *state, const struct access_card *card);
struct access_holder *access_holder(struct access_state *state, uint64_t person, bool make);
struct access_door *access_door(struct access_state *state, uint64_t id);          /* made when new */
struct access_device *access_device(struct access_state *state, uint64_t id);      /* made when new */
uint64_t access_right(struct access_state *state, uint64_t person, uint64_t door); /* the entry, or 0 */
const struct post_door *access_door_of_reader(struct core *core, uint64_t device, uint32_t reader);

/* What is kept of a card number: HMAC-SHA-256 under the post's pepper. */
void access_fingerprint(const struct core *core, struct span number, uint8_t ret_fingerprint[32]);
/* Bit count (u16 le), then the bits with the unused ones cleared. */
struct err access_number(uint32_t bit_count, struct span bits, uint8_t ret_number[ACCESS_NUMBER_SIZE_MAX],
			 size_t *ret_size) MUST_USE;

/* tables.c */
extern const char access_schema[];
extern const char *const access_tables[];
struct err access_load(struct core *core) MUST_USE;
struct err access_apply(struct core *core, const struct core_entry *entry) MUST_USE;

/* facts.c */
struct access_facts;
void access_gather(struct core *core, uint64_t device, uint32_t reader, bool secure, const uint8_t fingerprint[32],
		   struct access_facts *ret_facts);

/* swipe.c */
struct err access_swipe(struct core *core, const struct osdp_card *card) MUST_USE;

/* unlock.c: carry out a grant or an operator's unlock; nothing leaves before its entry is durable */
void access_strike(struct core *core, const struct post_door *door, uint32_t time_100ms, uint64_t entry);
struct err access_strike_done(struct core *core, const struct osdp_output_done *done) MUST_USE;

/* door.c */
struct err access_contacts(struct core *core, const struct osdp_contacts *contacts) MUST_USE;
struct err access_tick(struct core *core) MUST_USE;

/* device.c */
struct err access_device_message(struct core *core, const struct message *message, bool *ret_mine) MUST_USE;
struct err access_worker(struct core *core, enum worker_role role, uint32_t line, bool there) MUST_USE;
struct err access_lines_follow(struct core *core) MUST_USE; /* tell workers what changed in the post */
bool access_device_is_secure(struct core *core, uint64_t device);
void access_send_device(struct core *core, uint64_t device, enum message_kind kind, const void *body);

/* keys.c: the devices' own keys, wrapped under the root key */
enum access_key_place {
	ACCESS_KEY_NOW,  /* what the device holds, as far as we know */
	ACCESS_KEY_NEXT, /* what a KEYSET is bringing it */
};
struct err access_key_load(struct core *core, uint64_t device, enum access_key_place place, uint8_t ret_scbk[16],
			   bool *ret_there) MUST_USE;
struct err access_key_promote(struct core *core,
			      uint64_t device) MUST_USE; /* the device has the next one: it is in force */
struct err access_keyset_done(struct core *core, const struct osdp_keyset_done *done) MUST_USE;

#endif
