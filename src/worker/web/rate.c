#include "worker/web/rate.h"

#include <openssl/rand.h>
#include <stdlib.h>

enum {
	WEB_RATE_WAYS = 8, /* places in which an address may stand */
	WEB_RATE_SETS = WEB_RATE_ADDRESSES_MAX / WEB_RATE_WAYS,
};

struct bucket {
	struct web_address address;
	uint64_t full_us; /* when all tokens are back: the whole state of a bucket. 0: free */
};

struct web_rate {
	uint64_t token_us; /* one token comes back in this time */
	uint64_t depth_us; /* all tokens of a burst */
	uint64_t key[2];   /* so that nobody outside can choose which addresses share a set */
	struct bucket buckets[WEB_RATE_SETS][WEB_RATE_WAYS];
};

struct web_rate *web_rate_new(struct web_rate_rule rule)
{
	REQUIRE(rule.burst > 0 && rule.per_minute > 0);
	struct web_rate *rate = calloc(1, sizeof *rate);
	ENSURE(rate);
	rate->token_us = UINT64_C(60000000) / rule.per_minute;
	rate->depth_us = rate->token_us * rule.burst;
	ENSURE(RAND_bytes((unsigned char *)rate->key, sizeof rate->key) == 1);
	return rate;
}

struct web_rate *web_rate_free(struct web_rate *rate)
{
	free(rate);
	return NULL;
}

static uint64_t mixed(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

static size_t set_of(const struct web_rate *rate, const struct web_address *address)
{
	uint64_t halves[2];
	memcpy(halves, address->bytes, sizeof halves);
	return (size_t)(mixed(mixed(halves[0] ^ rate->key[0]) ^ halves[1] ^ rate->key[1]) % WEB_RATE_SETS);
}

static struct bucket *bucket_of(struct web_rate *rate, const struct web_address *address)
{
	struct bucket *set = rate->buckets[set_of(rate, address)];
	struct bucket *fullest = &set[0];
	for (size_t i = 0; i < WEB_RATE_WAYS; i++) {
		if (set[i].full_us > 0 && memcmp(&set[i].address, address, sizeof *address) == 0)
			return &set[i];
		if (set[i].full_us < fullest->full_us)
			fullest = &set[i];
	}
	*fullest = (struct bucket){.address = *address};
	return fullest;
}

uint32_t web_rate_take(struct web_rate *rate, const struct web_address *address, uint64_t now_ms)
{
	uint64_t now = now_ms * 1000;
	struct bucket *bucket = bucket_of(rate, address);
	uint64_t full = (bucket->full_us > now ? bucket->full_us : now) + rate->token_us;
	if (full - now <= rate->depth_us) {
		bucket->full_us = full;
		return 0;
	}
	if (bucket->full_us == 0)
		bucket->full_us = now;
	return (uint32_t)((full - now - rate->depth_us) / 1000000 + 1);
}
