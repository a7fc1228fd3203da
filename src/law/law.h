/* law/law.h - what the Vienna Conventions say of a post and of the people in it, as data with their articles.
 *
 * Pure tables and a few functions that read them: no clock, no I/O, no state. What is here answers which Convention the
 * premises are under, whether a status fits the kind of post, which articles it rests on and what narrows it. What is
 * permitted to whom, and when, is decided elsewhere, from these. Own wording, article cites; not legal advice. Where
 * the text leaves a doubt the answer is LAW_FIT_DOUBTFUL or LAW_PREMISES_UNKNOWN, never a permission.
 */
#ifndef LEGATION_LAW_LAW_H
#define LEGATION_LAW_LAW_H

#include "base/shape.h"

#define SHAPE_TABLE "law/words.def"
#include "base/shape_structs.h"

/* ---- the premises ---- */

struct law_site {
	enum law_premises premises;
	const char *articles; /* "VCDR 22, 24" */
	bool consent_presumed_in_disaster;
};

/* The rules of the premises of a kind of post.
 *
 * gives   LAW_PREMISES_UNKNOWN for LAW_POST_NONE and numbers that do not exist.
 * rules   VCDR-22.1 VCCR-31.2 VCCR-59
 */
const struct law_site *law_site(enum law_post_kind kind);

/* ---- the people ---- */

struct law_person {
	enum law_status status;
	bool host_national;       /* of the receiving State */
	bool permanent_residence; /* in the receiving State */
	enum law_status of;       /* whose family member or private servant; LAW_STATUS_NONE otherwise */
	bool of_host_national;    /* and how it is with that member */
	bool of_permanent_residence;
};

struct law_standing {
	enum law_fit fit;
	const char *articles; /* what the status rests on here; "" when the Conventions give it nothing */
	const char *limits;   /* the article that narrows it (nationality, residence); "" when none does */
	const char *why;      /* a sentence for a finding or a refusal; "" when the fit is usual */
};

/* How one person stands at one kind of post.
 *
 * rules   VCDR-37.1 VCDR-37.2 VCDR-37.3 VCDR-38.1 VCDR-38.2 VCCR-58.3 VCCR-70.4 VCCR-71.1 VCCR-71.2
 */
struct law_standing law_standing(enum law_post_kind kind, const struct law_person *person);

/* The article that asks the sending side to notify the receiving State of such a person; "" when none does.
 * rules   VCDR-10.1 VCCR-24
 */
const char *law_notification(enum law_post_kind kind, enum law_status status);

/* Does this status belong to somebody: family member or private servant of a member? */
bool law_status_depends(enum law_status status);

/* May somebody have family members or private servants in the Conventions' sense? */
bool law_status_is_member(enum law_status status);

/* ---- states ---- */

/* Is this the two-letter code of a country in ISO 3166-1, or one that the standard leaves to its users (XA and so
 * on)? */
bool law_state_exists(struct span code);

#endif
