/* The rules of a swipe: each alone, and all combinations against a table that reads like the manual. */
#include "access/decision.h"
#include "lib/tap.h"

static const struct access_facts good = {
	.now_us = 1000,
	.reader_secure = true,
	.record_possible = true,
	.door = 1,
	.strike_reachable = true,
	.credential = 2,
	.not_before_us = 500,
	.expires_us = 2000,
	.person = 3,
	.person_present = true,
	.right = 4,
};

static void expect(struct access_facts facts, enum access_reason reason, const char *words)
{
	struct access_decision decision = access_decide(&facts);
	CHECK(decision.reason == reason && decision.verdict == (reason == ACCESS_ALLOWED ? ACCESS_GRANT : ACCESS_DENY),
	      "%s", words);
}

#define BUT(member, value)                                                                                             \
	({                                                                                                             \
		struct access_facts f = good;                                                                          \
		f.member = (value);                                                                                    \
		f;                                                                                                     \
	})

static void check_each(void)
{
	struct access_facts nothing = {0};
	expect(good, ACCESS_ALLOWED, "a valid card of a present person with a right opens");
	expect(nothing, ACCESS_NOT_SECURE, "all facts forgotten: shut");
	expect(BUT(reader_secure, false), ACCESS_NOT_SECURE,
	       "a read in the clear decides nothing");                                         /* PROVES ACCESS-1 */
	expect(BUT(record_possible, false), ACCESS_NO_RECORD, "no room for the record: shut"); /* PROVES ACCESS-2 */
	expect(BUT(door, 0), ACCESS_NO_DOOR, "a reader of no door opens none");
	expect(BUT(credential, 0), ACCESS_UNKNOWN_CREDENTIAL, "an unknown card");         /* PROVES ACCESS-3 */
	expect(BUT(revoked, true), ACCESS_REVOKED, "a revoked card");                     /* PROVES ACCESS-4 */
	expect(BUT(lockdown, 9), ACCESS_LOCKDOWN, "a lockdown stands above every right"); /* PROVES ACCESS-5 */
	expect(BUT(person_present, false), ACCESS_PERSON_LEFT, "somebody who has left");  /* PROVES ACCESS-6 */
	expect(BUT(person, 0), ACCESS_PERSON_LEFT, "nobody's card");
	expect(BUT(not_before_us, 1001), ACCESS_NOT_YET_VALID, "a microsecond too early"); /* PROVES ACCESS-7 */
	expect(BUT(not_before_us, 1000), ACCESS_ALLOWED, "from its first moment on");
	expect(BUT(expires_us, 1000), ACCESS_EXPIRED, "its last moment is not in it");
	expect(BUT(expires_us, 1001), ACCESS_ALLOWED, "up to its last moment");
	expect(BUT(expires_us, 0), ACCESS_ALLOWED, "a card that never expires");
	expect(BUT(not_before_us, 0), ACCESS_ALLOWED, "a card that was always valid");
	expect(BUT(right, 0), ACCESS_NOT_ALLOWED, "no right to this door"); /* PROVES ACCESS-8 */
	expect(BUT(strike_reachable, false), ACCESS_DOOR_OFFLINE,
	       "a strike that does not answer"); /* PROVES ACCESS-9 */
}

/* Every combination: a grant needs all of them good, and the reason is that of the first that is not. */
static void check_all(void)
{
	enum { QUESTIONS = 11 };
	static const enum access_reason order[QUESTIONS] = {
		ACCESS_NOT_SECURE, ACCESS_NO_RECORD,   ACCESS_NO_DOOR,      ACCESS_UNKNOWN_CREDENTIAL,
		ACCESS_REVOKED,    ACCESS_LOCKDOWN,    ACCESS_PERSON_LEFT,  ACCESS_NOT_YET_VALID,
		ACCESS_EXPIRED,    ACCESS_NOT_ALLOWED, ACCESS_DOOR_OFFLINE,
	};
	size_t wrong = 0;
	for (unsigned bad = 0; bad < 1u << QUESTIONS; bad++) {
		struct access_facts facts = good;
		facts.reader_secure = !(bad & 1);
		facts.record_possible = !(bad & 2);
		facts.door = bad & 4 ? 0 : 1;
		facts.credential = bad & 8 ? 0 : 2;
		facts.revoked = bad & 16;
		facts.lockdown = bad & 32 ? 9 : 0;
		facts.person_present = !(bad & 64);
		facts.not_before_us = bad & 128 ? 5000 : 500;
		facts.expires_us = bad & 256 ? 900 : 2000;
		facts.right = bad & 512 ? 0 : 4;
		facts.strike_reachable = !(bad & 1024);
		enum access_reason expected = ACCESS_ALLOWED;
		for (unsigned i = QUESTIONS; i > 0; i--)
			if (bad >> (i - 1) & 1)
				expected = order[i - 1];
		struct access_decision decision = access_decide(&facts);
		wrong += decision.reason != expected || (decision.verdict == ACCESS_GRANT) != (bad == 0);
	}
	CHECK(wrong == 0, "all %u combinations of eleven questions", 1u << QUESTIONS);
}

int main(void)
{
	check_each();
	check_all();
	return tap_finish();
}
