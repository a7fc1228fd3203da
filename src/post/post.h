/* post/post.h - the structure of a post and its people: what other domains may ask.
 *
 * A post's file (post/file.h reads it, in the process of a command) arrives as one request; post/import.c checks it all
 * again, compares it with what is there and records only what differs. What stands now is in memory for core
 * (post/state.c) and in the tables post_... for query. This domain does not know cards, rights, verdicts or what a door
 * is doing.
 *
 * A pointer given here is good until the next entry is recorded: keep ids, not pointers.
 */
#ifndef LEGATION_POST_POST_H
#define LEGATION_POST_POST_H

#include "core/core.h"
#include "law/law.h"

#define SHAPE_TABLE "post/entries.def"
#include "core/entry_structs.h"

extern const struct core_module post_module;

enum {
	POST_LINES_MAX = 32,
	POST_BUILDINGS_MAX = 64,
	POST_FLOORS_MAX = 256,
	POST_ZONES_MAX = 2000,
	POST_DEVICES_MAX = 2000,
	POST_DOORS_MAX = 2000,
	POST_PEOPLE_MAX = 5000,                /* in one file; those who have left are kept beside them */
	POST_FIGURES_MAX = 4000,               /* of one plan */
	POST_PLAN_ENTRY_BYTES_MAX = 24 * 1024, /* of the figures in one post.plan, as JSON */
	POST_DRAWN_BYTES_MAX = 1800 * 1000, /* of a whole post as GET /api/post answers it; query's reply holds 2 MB */
	POST_SIZE_MAX = 10 * 1000 * 1000,   /* width and height of a plan, in hundredths */
	POST_CONTACTS_MAX = 32,             /* inputs, outputs and readers of one device that can be named */
};

/* ---- one object by its id: NULL when there is none, or it was removed ---- */

const struct post_building *post_building(struct core *core, uint64_t id);
const struct post_floor *post_floor(struct core *core, uint64_t id);
const struct post_zone *post_zone(struct core *core, uint64_t id);
const struct post_line *post_line(struct core *core, uint64_t id);
const struct post_device *post_device(struct core *core, uint64_t id);
const struct post_door *post_door(struct core *core, uint64_t id);

/* A person, also one who has left or was erased; NULL when there never was one.
 * rules   somebody is present exactly when neither `left` nor `erased` is set.
 */
struct post_member {
	struct post_person_changed is; /* key, name and nationality are empty once erased */
	bool left;
	bool erased;
};
const struct post_member *post_person(struct core *core, uint64_t id);

/* The post's own description; NULL before the first import. */
const struct post_described *post_described(struct core *core);

/* ---- by the key in the post's file; NULL when there is none ---- */

const struct post_door *post_door_by_key(struct core *core, struct span key);
const struct post_zone *post_zone_by_key(struct core *core, struct span key);
const struct post_device *post_device_by_key(struct core *core, struct span key);
const struct post_member *post_person_by_key(struct core *core, struct span key); /* also one who has left */

/* ---- all of them, in the order of their ids ---- */

size_t post_line_count(struct core *core);
const struct post_line *post_line_at(struct core *core, size_t index);
size_t post_device_count(struct core *core);
const struct post_device *post_device_at(struct core *core, size_t index);
size_t post_door_count(struct core *core);
const struct post_door *post_door_at(struct core *core, size_t index);
size_t post_person_count(struct core *core);
const struct post_member *post_person_at(struct core *core, size_t index);

/* The line with this number, the N of osdp/N; NULL when there is none. */
const struct post_line *post_line_by_number(struct core *core, uint32_t number);

/* Grows with every entry that changes anything here: who keeps something derived compares it. */
uint64_t post_generation(struct core *core);

#endif
