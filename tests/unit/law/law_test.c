/* Does the table say of each status and each kind of post what the Conventions say? */
#include "law/law.h"
#include "lib/tap.h"

static struct law_standing standing(enum law_post_kind kind, enum law_status status)
{
	return law_standing(kind, &(struct law_person){.status = status});
}

static struct law_standing family(enum law_post_kind kind, enum law_status of)
{
	return law_standing(kind, &(struct law_person){.status = LAW_FAMILY_MEMBER, .of = of});
}

static void premises(void)
{
	/* PROVES VCDR-22.1 */
	const struct law_site *embassy = law_site(LAW_POST_EMBASSY);
	CHECK(embassy->premises == LAW_PREMISES_INVIOLABLE, "an embassy may not be entered");
	CHECK(!embassy->consent_presumed_in_disaster, "not even in a fire is consent presumed");
	CHECK(strstr(embassy->articles, "VCDR 22"), "by VCDR 22");
	/* PROVES VCCR-31.2 */
	const struct law_site *career = law_site(LAW_POST_CAREER_CONSULATE);
	CHECK(career->premises == LAW_PREMISES_WORK_AREA, "of a consulate, the work area");
	CHECK(career->consent_presumed_in_disaster, "where consent is presumed in a disaster");
	/* PROVES VCCR-59 */
	const struct law_site *honorary = law_site(LAW_POST_HONORARY_CONSULATE);
	CHECK(honorary->premises == LAW_PREMISES_PROTECTED,
	      "an honorary consulate is protected, and entry is not barred");
	CHECK(law_site(LAW_POST_HEADQUARTERS)->premises == LAW_PREMISES_HOME, "a headquarters is at home");
	CHECK(law_site(LAW_POST_NONE)->premises == LAW_PREMISES_UNKNOWN, "of what is not said, nothing is known");
	CHECK(law_site((enum law_post_kind)99)->premises == LAW_PREMISES_UNKNOWN, "nor of what does not exist");
}

static void nationality_beats_rank(void)
{
	/* PROVES VCDR-38.1 */
	struct law_person agent = {.status = LAW_DIPLOMATIC_AGENT};
	CHECK(*law_standing(LAW_POST_EMBASSY, &agent).limits == 0, "an agent from home is not narrowed");
	agent.host_national = true;
	CHECK(span_is(span_of_string(law_standing(LAW_POST_EMBASSY, &agent).limits), "VCDR 38(1)"),
	      "an agent of the host's nationality is narrowed");
	agent = (struct law_person){.status = LAW_DIPLOMATIC_AGENT, .permanent_residence = true};
	CHECK(*law_standing(LAW_POST_EMBASSY, &agent).limits, "and one who lives there for good");
	/* PROVES VCDR-37.1 */
	struct law_person child = {
		.status = LAW_FAMILY_MEMBER, .of = LAW_DIPLOMATIC_AGENT, .permanent_residence = true};
	CHECK(*law_standing(LAW_POST_EMBASSY, &child).limits == 0,
	      "residence alone does not exclude an agent's family");
	child.host_national = true;
	CHECK(*law_standing(LAW_POST_EMBASSY, &child).limits, "nationality does");
	/* PROVES VCDR-37.2 and PROVES VCDR-38.2 */
	child = (struct law_person){
		.status = LAW_FAMILY_MEMBER, .of = LAW_ADMINISTRATIVE_TECHNICAL, .permanent_residence = true};
	CHECK(*law_standing(LAW_POST_EMBASSY, &child).limits, "of technical staff's family, residence excludes too");
	struct law_person driver = {.status = LAW_SERVICE_STAFF, .host_national = true};
	CHECK(span_is(span_of_string(law_standing(LAW_POST_EMBASSY, &driver).limits), "VCDR 38(2)"),
	      "service staff of the host's nationality has what the host admits");
	/* PROVES VCCR-71.1 and PROVES VCCR-71.2 */
	struct law_person officer = {.status = LAW_CONSULAR_OFFICER, .host_national = true};
	CHECK(span_is(span_of_string(law_standing(LAW_POST_CAREER_CONSULATE, &officer).limits), "VCCR 71(1)"),
	      "a consular officer of the host's nationality is narrowed");
	struct law_person spouse = {.status = LAW_FAMILY_MEMBER, .of = LAW_CONSULAR_OFFICER, .of_host_national = true};
	CHECK(span_is(span_of_string(law_standing(LAW_POST_CAREER_CONSULATE, &spouse).limits), "VCCR 71(2)"),
	      "and his family with him");
	child = (struct law_person){.status = LAW_FAMILY_MEMBER, .of = LAW_DIPLOMATIC_AGENT, .of_host_national = true};
	CHECK(law_standing(LAW_POST_EMBASSY, &child).fit == LAW_FIT_DOUBTFUL,
	      "what the family of a narrowed agent has is for counsel");
}

static void fits(void)
{
	CHECK(standing(LAW_POST_EMBASSY, LAW_DIPLOMATIC_AGENT).fit == LAW_FIT_USUAL, "a diplomat at an embassy");
	CHECK(standing(LAW_POST_CAREER_CONSULATE, LAW_CONSULAR_OFFICER).fit == LAW_FIT_USUAL,
	      "an officer at a consulate");
	CHECK(standing(LAW_POST_HONORARY_CONSULATE, LAW_HONORARY_CONSUL).fit == LAW_FIT_USUAL,
	      "an honorary consul at his");
	/* PROVES VCCR-70.4 */
	CHECK(standing(LAW_POST_EMBASSY, LAW_CONSULAR_OFFICER).fit == LAW_FIT_READ_OTHERWISE,
	      "a consular officer at an embassy keeps his diplomatic status");
	CHECK(standing(LAW_POST_CAREER_CONSULATE, LAW_ADMINISTRATIVE_TECHNICAL).fit == LAW_FIT_READ_OTHERWISE,
	      "technical staff at a consulate are consular employees");
	/* PROVES VCDR-37.3 */
	CHECK(family(LAW_POST_EMBASSY, LAW_SERVICE_STAFF).fit == LAW_FIT_NO_PRIVILEGE,
	      "service staff's family has nothing");
	/* PROVES VCCR-58.3 */
	CHECK(family(LAW_POST_HONORARY_CONSULATE, LAW_HONORARY_CONSUL).fit == LAW_FIT_NO_PRIVILEGE &&
		      family(LAW_POST_HONORARY_CONSULATE, LAW_CONSULAR_EMPLOYEE).fit == LAW_FIT_NO_PRIVILEGE,
	      "nor an honorary consul's, nor an employee's of his");
	CHECK(standing(LAW_POST_CAREER_CONSULATE, LAW_DIPLOMATIC_AGENT).fit == LAW_FIT_DOUBTFUL,
	      "a diplomat at a consulate is for counsel");
	CHECK(standing(LAW_POST_EMBASSY, LAW_HONORARY_CONSUL).fit == LAW_FIT_DOUBTFUL,
	      "so is an honorary consul at an embassy");
	CHECK(standing(LAW_POST_HEADQUARTERS, LAW_RECEIVING_STATE_AGENT).fit == LAW_FIT_IMPOSSIBLE,
	      "a headquarters has no receiving State");
	CHECK(standing(LAW_POST_HEADQUARTERS, LAW_DIPLOMATIC_AGENT).fit == LAW_FIT_NO_PRIVILEGE,
	      "at home nobody has a status");
	CHECK(standing(LAW_POST_EMBASSY, LAW_STATUS_NONE).fit == LAW_FIT_DOUBTFUL,
	      "a status that is not said is doubtful");
	CHECK(law_standing((enum law_post_kind)40, &(struct law_person){.status = LAW_VISITOR}).fit == LAW_FIT_DOUBTFUL,
	      "so is any at a post that does not exist");
	for (enum law_post_kind kind = LAW_POST_EMBASSY; kind <= LAW_POST_HEADQUARTERS; kind++) {
		for (enum law_status status = LAW_DIPLOMATIC_AGENT; status <= LAW_RECEIVING_STATE_AGENT; status++) {
			struct law_standing s = standing(kind, status);
			if ((s.fit == LAW_FIT_USUAL) == (*s.why == 0))
				continue;
			CHECK(0, "%s at %s has a reason exactly when it is unusual", law_status_words.words[status],
			      law_post_kind_words.words[kind]);
		}
	}
}

static void notification(void)
{
	/* PROVES VCDR-10.1 */
	CHECK(span_is(span_of_string(law_notification(LAW_POST_EMBASSY, LAW_FAMILY_MEMBER)), "VCDR 10(1)(b)"),
	      "an embassy notifies of family");
	CHECK(span_is(span_of_string(law_notification(LAW_POST_EMBASSY, LAW_PRIVATE_SERVANT)), "VCDR 10(1)(c)"),
	      "and of private servants");
	/* PROVES VCCR-24 */
	CHECK(span_is(span_of_string(law_notification(LAW_POST_HONORARY_CONSULATE, LAW_HONORARY_CONSUL)), "VCCR 24"),
	      "every consulate notifies, an honorary one too");
	CHECK(*law_notification(LAW_POST_EMBASSY, LAW_VISITOR) == 0, "nobody notifies of visitors");
	CHECK(*law_notification(LAW_POST_HEADQUARTERS, LAW_DIPLOMATIC_AGENT) == 0, "nor at home");
}

static void states(void)
{
	CHECK(law_state_exists(SPAN_TEXT("FR")) && law_state_exists(SPAN_TEXT("ZW")) &&
		      law_state_exists(SPAN_TEXT("AD")),
	      "assigned codes exist");
	CHECK(law_state_exists(SPAN_TEXT("XA")) && law_state_exists(SPAN_TEXT("QM")) &&
		      law_state_exists(SPAN_TEXT("ZZ")) && law_state_exists(SPAN_TEXT("AA")),
	      "so do those left to users");
	CHECK(!law_state_exists(SPAN_TEXT("fr")) && !law_state_exists(SPAN_TEXT("QL")) &&
		      !law_state_exists(SPAN_TEXT("UK")) && !law_state_exists(SPAN_TEXT("D ")) &&
		      !law_state_exists(SPAN_TEXT("FRA")) && !law_state_exists((struct span){0}),
	      "and nothing else");
}

int main(void)
{
	premises();
	nationality_beats_rank();
	fits();
	notification();
	states();
	return tap_finish();
}
