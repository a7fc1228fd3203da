#include "access/decision.h"

static struct access_decision deny(enum access_reason reason)
{
	return (struct access_decision){.verdict = ACCESS_DENY, .reason = reason};
}

struct access_decision access_decide(const struct access_facts *facts)
{
	if (!facts->reader_secure) /* RULE ACCESS-1: what comes in the clear decides nothing */
		return deny(ACCESS_NOT_SECURE);
	if (!facts->record_possible) /* RULE ACCESS-2: no door opens without a durable record of why */
		return deny(ACCESS_NO_RECORD);
	if (facts->door == 0)
		return deny(ACCESS_NO_DOOR);
	if (facts->credential == 0) /* RULE ACCESS-3 */
		return deny(ACCESS_UNKNOWN_CREDENTIAL);
	if (facts->revoked) /* RULE ACCESS-4: before lockdown, so that its use is seen for what it is */
		return deny(ACCESS_REVOKED);
	if (facts->lockdown != 0) /* RULE ACCESS-5: dominates every right */
		return deny(ACCESS_LOCKDOWN);
	if (facts->person == 0 || !facts->person_present) /* RULE ACCESS-6 */
		return deny(ACCESS_PERSON_LEFT);
	if (facts->now_us < facts->not_before_us) /* RULE ACCESS-7: valid from its first moment ... */
		return deny(ACCESS_NOT_YET_VALID);
	if (facts->expires_us != 0 && facts->now_us >= facts->expires_us) /* ... and up to, without, its last */
		return deny(ACCESS_EXPIRED);
	if (facts->right == 0) /* RULE ACCESS-8: deny by default */
		return deny(ACCESS_NOT_ALLOWED);
	if (!facts->strike_reachable) /* RULE ACCESS-9: no grant is recorded that could not be carried out */
		return deny(ACCESS_DOOR_OFFLINE);
	return (struct access_decision){.verdict = ACCESS_GRANT, .reason = ACCESS_ALLOWED};
}
