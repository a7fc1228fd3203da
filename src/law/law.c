#include "law/law.h"

#define SHAPE_TABLE "law/words.def"
#include "base/shape_tables.h"

/* ---- the premises ---- */

static const struct law_site sites[] = {
	[LAW_POST_NONE] = {LAW_PREMISES_UNKNOWN, "", false},
	/* RULE VCDR-22.1: the text knows no fire, no crime and no emergency */
	[LAW_POST_EMBASSY] = {LAW_PREMISES_INVIOLABLE, "VCDR 22, 24, 45", false},
	/* RULE VCCR-31.2 */
	[LAW_POST_CAREER_CONSULATE] = {LAW_PREMISES_WORK_AREA, "VCCR 31, 33, 27", true},
	/* RULE VCCR-59 */
	[LAW_POST_HONORARY_CONSULATE] = {LAW_PREMISES_PROTECTED, "VCCR 59, 61, 27", false},
	/* The head of mission's by VCDR 1(i), another agent's by 30(1). A consul's home is no post of this kind. */
	[LAW_POST_RESIDENCE] = {LAW_PREMISES_INVIOLABLE, "VCDR 1(i), 22, 30(1)", false},
	[LAW_POST_HEADQUARTERS] = {LAW_PREMISES_HOME, "", false},
};

const struct law_site *law_site(enum law_post_kind kind)
{
	size_t number = (size_t)kind;
	return &sites[number < sizeof sites / sizeof *sites ? number : LAW_POST_NONE];
}

/* ---- the people ---- */

/* Who is narrowed: host nationality and permanent residence beat rank. */
enum narrowing {
	NARROWS_NEVER = 0,
	NARROWS_NATIONAL, /* residence alone does not */
	NARROWS_NATIONAL_OR_RESIDENT,
	NARROWS_WITH_THE_MEMBER, /* that, or the member's own */
};

enum {
	AT_EMBASSY = 1 << LAW_POST_EMBASSY,
	AT_CAREER = 1 << LAW_POST_CAREER_CONSULATE,
	AT_HONORARY = 1 << LAW_POST_HONORARY_CONSULATE,
	AT_RESIDENCE = 1 << LAW_POST_RESIDENCE,
	AT_HEADQUARTERS = 1 << LAW_POST_HEADQUARTERS,
	AT_MISSION = AT_EMBASSY | AT_RESIDENCE,
	AT_ANY = AT_MISSION | AT_CAREER | AT_HONORARY | AT_HEADQUARTERS,
};

struct row {
	unsigned at;
	enum law_status status;
	enum law_status of; /* LAW_STATUS_NONE: anybody's */
	enum law_fit fit;
	const char *articles;
	enum narrowing narrowing;
	const char *limits;
	const char *why;
};

/* The first row that fits counts; a person whom no row fits is doubtful. */
static const struct row rows[] = {
	/* RULE VCDR-38.1 */
	{AT_MISSION, LAW_DIPLOMATIC_AGENT, 0, LAW_FIT_USUAL, "VCDR 29-36", NARROWS_NATIONAL_OR_RESIDENT, "VCDR 38(1)",
	 ""},
	/* RULE VCDR-37.2 and RULE VCDR-38.2 */
	{AT_MISSION, LAW_ADMINISTRATIVE_TECHNICAL, 0, LAW_FIT_USUAL, "VCDR 37(2)", NARROWS_NATIONAL_OR_RESIDENT,
	 "VCDR 38(2)", ""},
	/* RULE VCDR-37.3 */
	{AT_MISSION, LAW_SERVICE_STAFF, 0, LAW_FIT_USUAL, "VCDR 37(3)", NARROWS_NATIONAL_OR_RESIDENT, "VCDR 38(2)", ""},
	{AT_MISSION, LAW_PRIVATE_SERVANT, 0, LAW_FIT_USUAL, "VCDR 37(4)", NARROWS_NATIONAL_OR_RESIDENT, "VCDR 38(2)",
	 ""},
	/* RULE VCDR-37.1: mere permanent residence does not exclude an agent's family */
	{AT_MISSION, LAW_FAMILY_MEMBER, LAW_DIPLOMATIC_AGENT, LAW_FIT_USUAL, "VCDR 37(1)", NARROWS_NATIONAL,
	 "VCDR 37(1)", ""},
	{AT_MISSION, LAW_FAMILY_MEMBER, LAW_ADMINISTRATIVE_TECHNICAL, LAW_FIT_USUAL, "VCDR 37(2)",
	 NARROWS_NATIONAL_OR_RESIDENT, "VCDR 37(2)", ""},
	{AT_MISSION, LAW_FAMILY_MEMBER, LAW_SERVICE_STAFF, LAW_FIT_NO_PRIVILEGE, "", NARROWS_NEVER, "",
	 "the Convention gives nothing to the family of service staff (VCDR 37(3))"},
	/* RULE VCCR-70.4 */
	{AT_EMBASSY, LAW_CONSULAR_OFFICER, 0, LAW_FIT_READ_OTHERWISE, "VCCR 70(4)", NARROWS_NATIONAL_OR_RESIDENT,
	 "VCDR 38(1)",
	 "in an embassy's consular section people keep their diplomatic status (VCCR 70(4)): name the one that was "
	 "notified"},
	{AT_EMBASSY, LAW_CONSULAR_EMPLOYEE, 0, LAW_FIT_READ_OTHERWISE, "VCCR 70(4)", NARROWS_NATIONAL_OR_RESIDENT,
	 "VCDR 38(2)",
	 "in an embassy's consular section people keep their diplomatic status (VCCR 70(4)): name the one that was "
	 "notified"},
	{AT_RESIDENCE, LAW_CONSULAR_OFFICER, 0, LAW_FIT_DOUBTFUL, "", NARROWS_NEVER, "",
	 "the VCCR does not cover a consular officer's home"},

	/* RULE VCCR-71.1 */
	{AT_CAREER, LAW_CONSULAR_OFFICER, 0, LAW_FIT_USUAL, "VCCR 40-45, 50, 52", NARROWS_NATIONAL_OR_RESIDENT,
	 "VCCR 71(1)", ""},
	/* RULE VCCR-71.2 */
	{AT_CAREER, LAW_CONSULAR_EMPLOYEE, 0, LAW_FIT_USUAL, "VCCR 43-45, 50(2), 52", NARROWS_NATIONAL_OR_RESIDENT,
	 "VCCR 71(2)", ""},
	{AT_CAREER, LAW_SERVICE_STAFF, 0, LAW_FIT_USUAL, "VCCR 44, 52", NARROWS_NATIONAL_OR_RESIDENT, "VCCR 71(2)", ""},
	{AT_CAREER, LAW_PRIVATE_SERVANT, 0, LAW_FIT_USUAL, "VCCR 53", NARROWS_NATIONAL_OR_RESIDENT, "VCCR 71(2)", ""},
	{AT_CAREER, LAW_FAMILY_MEMBER, LAW_CONSULAR_OFFICER, LAW_FIT_USUAL, "VCCR 50, 52, 53", NARROWS_WITH_THE_MEMBER,
	 "VCCR 71(2)", ""},
	{AT_CAREER, LAW_FAMILY_MEMBER, LAW_CONSULAR_EMPLOYEE, LAW_FIT_USUAL, "VCCR 50(2), 52, 53",
	 NARROWS_WITH_THE_MEMBER, "VCCR 71(2)", ""},
	{AT_CAREER, LAW_FAMILY_MEMBER, LAW_SERVICE_STAFF, LAW_FIT_USUAL, "VCCR 52, 53", NARROWS_WITH_THE_MEMBER,
	 "VCCR 71(2)", ""},
	{AT_CAREER, LAW_ADMINISTRATIVE_TECHNICAL, 0, LAW_FIT_READ_OTHERWISE, "", NARROWS_NEVER, "",
	 "at a consulate this work is a consular employee's (VCCR 1(1)(e))"},
	{AT_CAREER, LAW_HONORARY_CONSUL, 0, LAW_FIT_DOUBTFUL, "", NARROWS_NEVER, "",
	 "the rules for honorary officers speak of posts that one of them heads (VCCR 58)"},

	/* An honorary officer of the host's nationality or residence has VCCR 71(1) and nothing else. */
	{AT_HONORARY, LAW_HONORARY_CONSUL, 0, LAW_FIT_USUAL, "VCCR 58(2), 63, 64", NARROWS_NATIONAL_OR_RESIDENT,
	 "VCCR 71(1)", ""},
	{AT_HONORARY, LAW_CONSULAR_EMPLOYEE, 0, LAW_FIT_DOUBTFUL, "", NARROWS_NATIONAL_OR_RESIDENT, "VCCR 71(2)",
	 "what an employee has at a post headed by an honorary officer is a question for counsel"},
	/* RULE VCCR-58.3 */
	{AT_HONORARY, LAW_FAMILY_MEMBER, LAW_HONORARY_CONSUL, LAW_FIT_NO_PRIVILEGE, "", NARROWS_NEVER, "",
	 "the family of an honorary officer has nothing under the Convention (VCCR 58(3))"},
	{AT_HONORARY, LAW_FAMILY_MEMBER, LAW_CONSULAR_EMPLOYEE, LAW_FIT_NO_PRIVILEGE, "", NARROWS_NEVER, "",
	 "the family of an employee of such a post has nothing under the Convention (VCCR 58(3))"},

	/* Nobody of these has a status under the Conventions, and that is nothing unusual. */
	{AT_ANY, LAW_LOCAL_CONTRACTOR, 0, LAW_FIT_USUAL, "", NARROWS_NEVER, "", ""},
	{AT_ANY, LAW_VISITOR, 0, LAW_FIT_USUAL, "", NARROWS_NEVER, "", ""},
	{AT_HEADQUARTERS, LAW_RECEIVING_STATE_AGENT, 0, LAW_FIT_IMPOSSIBLE, "", NARROWS_NEVER, "",
	 "a headquarters has no receiving State"},
	{AT_ANY, LAW_RECEIVING_STATE_AGENT, 0, LAW_FIT_USUAL, "", NARROWS_NEVER, "", ""},
	{AT_HEADQUARTERS, LAW_STATUS_NONE, 0, LAW_FIT_NO_PRIVILEGE, "", NARROWS_NEVER, "",
	 "at home the Conventions give no status (VCDR 31(4))"},
};

static bool narrows(const struct row *row, const struct law_person *person)
{
	switch (row->narrowing) {
	case NARROWS_NEVER:
		return false;
	case NARROWS_NATIONAL:
		return person->host_national;
	case NARROWS_WITH_THE_MEMBER:
		if (person->of_host_national || person->of_permanent_residence)
			return true;
		break;
	case NARROWS_NATIONAL_OR_RESIDENT:
		break;
	}
	return person->host_national || person->permanent_residence;
}

struct law_standing law_standing(enum law_post_kind kind, const struct law_person *person)
{
	struct law_standing standing = {
		LAW_FIT_DOUBTFUL, "", "",
		"the Conventions do not speak of this status at such a post: a question for counsel"};
	if (person->status == LAW_STATUS_NONE || (unsigned)kind > LAW_POST_HEADQUARTERS)
		return standing;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		if ((row->at & 1u << kind) == 0 || (row->status != LAW_STATUS_NONE && row->status != person->status) ||
		    (row->of != LAW_STATUS_NONE && row->of != person->of))
			continue;
		standing = (struct law_standing){row->fit, row->articles, narrows(row, person) ? row->limits : "",
						 row->why};
		break;
	}
	/* An agent who is himself narrowed to his official acts cannot give more than he has; how much, the text
	 * leaves open. */
	if (standing.fit == LAW_FIT_USUAL && person->status == LAW_FAMILY_MEMBER && (1u << kind & AT_MISSION) != 0 &&
	    (person->of_host_national || person->of_permanent_residence))
		return (struct law_standing){
			LAW_FIT_DOUBTFUL, standing.articles, standing.limits,
			"the member is narrowed by VCDR 38; what the family then has is a question for counsel"};
	return standing;
}

/* RULE VCDR-10.1 and RULE VCCR-24 */
const char *law_notification(enum law_post_kind kind, enum law_status status)
{
	bool mission = kind == LAW_POST_EMBASSY || kind == LAW_POST_RESIDENCE;
	bool consulate = kind == LAW_POST_CAREER_CONSULATE || kind == LAW_POST_HONORARY_CONSULATE;
	if (!mission && !consulate)
		return "";
	switch (status) {
	case LAW_DIPLOMATIC_AGENT:
	case LAW_ADMINISTRATIVE_TECHNICAL:
	case LAW_SERVICE_STAFF:
		return mission ? "VCDR 10(1)(a)" : "VCCR 24";
	case LAW_FAMILY_MEMBER:
		return mission ? "VCDR 10(1)(b)" : "VCCR 24";
	case LAW_PRIVATE_SERVANT:
		return mission ? "VCDR 10(1)(c)" : "VCCR 24";
	case LAW_CONSULAR_OFFICER:
	case LAW_CONSULAR_EMPLOYEE:
		return mission ? "VCCR 70" : "VCCR 24";
	case LAW_HONORARY_CONSUL:
		return "VCCR 24";
	case LAW_STATUS_NONE:
	case LAW_LOCAL_CONTRACTOR:
	case LAW_VISITOR:
	case LAW_RECEIVING_STATE_AGENT:
		break;
	}
	return "";
}

bool law_status_depends(enum law_status status)
{
	return status == LAW_FAMILY_MEMBER || status == LAW_PRIVATE_SERVANT;
}

bool law_status_is_member(enum law_status status)
{
	return status == LAW_DIPLOMATIC_AGENT || status == LAW_ADMINISTRATIVE_TECHNICAL ||
	       status == LAW_SERVICE_STAFF || status == LAW_CONSULAR_OFFICER || status == LAW_CONSULAR_EMPLOYEE ||
	       status == LAW_HONORARY_CONSUL;
}
