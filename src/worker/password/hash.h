/* worker/password/hash.h - Argon2id of one password, twice at once at most, the rest in a bounded queue.
 *
 * Two threads do the work; whoever gives it and takes the results is the worker's own loop. A password is wiped as
 * soon as it is hashed.
 */
#ifndef LEGATION_WORKER_PASSWORD_HASH_H
#define LEGATION_WORKER_PASSWORD_HASH_H

#include "base/span.h"

enum {
	PASSWORD_THREADS = 2,
	PASSWORD_WAITING_MAX = 16, /* beside those that are being hashed */
	PASSWORD_SIZE_MAX = 1024,
	PASSWORD_SALT_SIZE = 16,
	PASSWORD_HASH_SIZE = 32,
	PASSWORD_OPERATIONS_MAX = 16,
	PASSWORD_MEMORY_KIB_MAX = 256 * 1024,
	PASSWORD_MEMORY_KIB_MIN = 8,
};

struct password_job {
	uint64_t call;
	uint8_t password[PASSWORD_SIZE_MAX];
	size_t password_size;
	uint8_t salt[PASSWORD_SALT_SIZE];
	uint32_t operations;
	uint32_t memory_kib;
};

struct password_result {
	uint64_t call;
	bool failed; /* no memory */
	uint8_t hash[PASSWORD_HASH_SIZE];
};

struct password_hasher;

/* Argon2id (libsodium's crypto_pwhash, 32 bytes out). Pure, but for the time and memory it takes.
 *
 * needs   a job within the bounds above.
 * fails   ERR_IO when there is no memory for it.
 */
struct err password_hash_one(const struct password_job *job, uint8_t ret_hash[PASSWORD_HASH_SIZE]) MUST_USE;

/* Is this job within the bounds? */
bool password_job_is_good(const struct password_job *job);

/* Start the two threads.
 *
 * gives   a hasher that lives as long as the process.
 */
struct password_hasher *password_hasher_new(void) MUST_USE;

/* A descriptor that is readable while results may be there. */
int password_hasher_descriptor(const struct password_hasher *hasher);

/* Give it one job; it is copied, and the copy wiped after use.
 *
 * gives   false when PASSWORD_WAITING_MAX wait already.
 */
bool password_hasher_add(struct password_hasher *hasher, const struct password_job *job) MUST_USE;

/* The next result, in the order in which they were finished.
 *
 * gives   false when there is none. Wipe it after use.
 */
bool password_hasher_take(struct password_hasher *hasher, struct password_result *ret_result);

#endif
