/* access/decision.h - may this person pass this door, now?
 *
 * Stop 4 of 5 on the swipe tour: worker/osdp/reader.c > access/swipe.c > access/facts.c > [here] > ledger/append.c
 *
 * Pure: no clock, no I/O, no allocation. The ledger keeps the facts, so a swipe decided again years later gives the
 * same verdict. Levels, schedules, factors and the rest of the rules will be further lines of access_decide, and
 * further facts.
 */
#ifndef LEGATION_ACCESS_DECISION_H
#define LEGATION_ACCESS_DECISION_H

#include "access/access.h"

enum access_verdict {
	ACCESS_DENY = 0, /* zero on purpose: a forgotten field keeps the door shut */
	ACCESS_GRANT,
};

/* Everything that bears on one swipe. Zero is the careful answer to each question. */
struct access_facts {
	uint64_t now_us;
	bool reader_secure;    /* the read came through the secure channel, or its reader may do without */
	bool record_possible;  /* there is room for the record of why */
	uint64_t door;         /* 0: this reader serves none */
	bool strike_reachable; /* the device that carries the strike is there and secure */
	uint64_t lockdown;     /* the entry of the lockdown in force on this door; 0: none */
	uint64_t credential;   /* 0: unknown */
	bool revoked;
	uint64_t not_before_us; /* 0: from ever */
	uint64_t expires_us;    /* 0: never */
	uint64_t person;
	bool person_present; /* of the post, not left and not erased */
	uint64_t right;      /* the entry that allows this person this door; 0: none does */
};

struct access_decision {
	enum access_verdict verdict;
	enum access_reason reason; /* the first rule that settles it */
};

/* Decide one passage.
 *
 * gives   the verdict and its reason.
 * fails   never: a refusal is an answer, not an error.
 * rules   ACCESS-1 to ACCESS-9, in that order.
 */
struct access_decision access_decide(const struct access_facts *facts) MUST_USE;

#endif
