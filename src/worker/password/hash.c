#include "worker/password/hash.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	PASSWORD_RESULTS_MAX = PASSWORD_WAITING_MAX + PASSWORD_THREADS,
	PASSWORD_STACK_SIZE = 256 * 1024,
};

struct password_hasher {
	pthread_mutex_t lock;
	pthread_cond_t there_is_work;
	int done; /* an eventfd */
	struct password_job waiting[PASSWORD_WAITING_MAX];
	size_t waiting_first;
	size_t waiting_count;
	size_t busy; /* taken by a thread, its result not taken yet */
	struct password_result results[PASSWORD_RESULTS_MAX];
	size_t result_first;
	size_t result_count;
};

bool password_job_is_good(const struct password_job *job)
{
	return job->password_size <= PASSWORD_SIZE_MAX && job->operations >= 1 &&
	       job->operations <= PASSWORD_OPERATIONS_MAX && job->memory_kib >= PASSWORD_MEMORY_KIB_MIN &&
	       job->memory_kib <= PASSWORD_MEMORY_KIB_MAX;
}

struct err password_hash_one(const struct password_job *job, uint8_t ret_hash[PASSWORD_HASH_SIZE])
{
	_Static_assert(PASSWORD_SALT_SIZE == crypto_pwhash_SALTBYTES, "the salt that Argon2id takes");
	REQUIRE(password_job_is_good(job));
	if (crypto_pwhash(ret_hash, PASSWORD_HASH_SIZE, (const char *)job->password, job->password_size, job->salt,
			  job->operations, (size_t)job->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return FAIL(ERR_IO, "argon2id: no memory for %u KiB", job->memory_kib);
	return OK;
}

/* ---- the threads ---- */

static void take_job(struct password_hasher *hasher, struct password_job *ret_job)
{
	while (hasher->waiting_count == 0)
		ENSURE(pthread_cond_wait(&hasher->there_is_work, &hasher->lock) == 0);
	struct password_job *job = &hasher->waiting[hasher->waiting_first];
	*ret_job = *job;
	wipe(job, sizeof *job);
	hasher->waiting_first = (hasher->waiting_first + 1) % PASSWORD_WAITING_MAX;
	hasher->waiting_count--;
	hasher->busy++;
}

static void put_result(struct password_hasher *hasher, struct password_result *result)
{
	uint64_t one = 1;
	ENSURE(hasher->result_count < PASSWORD_RESULTS_MAX);
	hasher->results[(hasher->result_first + hasher->result_count) % PASSWORD_RESULTS_MAX] = *result;
	hasher->result_count++;
	wipe(result, sizeof *result);
	ENSURE(write(hasher->done, &one, sizeof one) == sizeof one);
}

static void *run(void *at)
{
	struct password_hasher *hasher = at;
	ENSURE(pthread_mutex_lock(&hasher->lock) == 0);
	for (;;) {
		struct password_job job;
		struct password_result result = {0};
		take_job(hasher, &job);
		ENSURE(pthread_mutex_unlock(&hasher->lock) == 0);
		result.call = job.call;
		result.failed = failed(password_hash_one(&job, result.hash));
		wipe(&job, sizeof job);
		ENSURE(pthread_mutex_lock(&hasher->lock) == 0);
		put_result(hasher, &result);
	}
	return NULL;
}

/* ---- the loop's side ---- */

struct password_hasher *password_hasher_new(void)
{
	struct password_hasher *hasher = calloc(1, sizeof *hasher);
	pthread_attr_t attributes;
	ENSURE(hasher && sodium_init() >= 0);
	ENSURE(pthread_mutex_init(&hasher->lock, NULL) == 0 && pthread_cond_init(&hasher->there_is_work, NULL) == 0);
	hasher->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ENSURE(hasher->done >= 0);
	(void)sodium_mlock(hasher->waiting, sizeof hasher->waiting); /* out of swap, where the system lets us */
	ENSURE(pthread_attr_init(&attributes) == 0);
	ENSURE(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0);
	ENSURE(pthread_attr_setstacksize(&attributes, PASSWORD_STACK_SIZE) == 0);
	for (int i = 0; i < PASSWORD_THREADS; i++) {
		pthread_t thread;
		ENSURE(pthread_create(&thread, &attributes, run, hasher) == 0);
	}
	ENSURE(pthread_attr_destroy(&attributes) == 0);
	return hasher;
}

int password_hasher_descriptor(const struct password_hasher *hasher)
{
	return hasher->done;
}

bool password_hasher_add(struct password_hasher *hasher, const struct password_job *job)
{
	REQUIRE(password_job_is_good(job));
	ENSURE(pthread_mutex_lock(&hasher->lock) == 0);
	/* Whoever is idle has a place too, beside the queue: a thread may not have woken yet to take what waits. */
	bool room = hasher->waiting_count < PASSWORD_WAITING_MAX &&
		    hasher->waiting_count + hasher->busy < PASSWORD_RESULTS_MAX;
	if (room) {
		hasher->waiting[(hasher->waiting_first + hasher->waiting_count) % PASSWORD_WAITING_MAX] = *job;
		hasher->waiting_count++;
		ENSURE(pthread_cond_signal(&hasher->there_is_work) == 0);
	}
	ENSURE(pthread_mutex_unlock(&hasher->lock) == 0);
	return room;
}

bool password_hasher_take(struct password_hasher *hasher, struct password_result *ret_result)
{
	uint64_t count;
	ENSURE(pthread_mutex_lock(&hasher->lock) == 0);
	bool there = hasher->result_count > 0;
	if (there) {
		struct password_result *result = &hasher->results[hasher->result_first];
		*ret_result = *result;
		wipe(result, sizeof *result);
		hasher->result_first = (hasher->result_first + 1) % PASSWORD_RESULTS_MAX;
		hasher->result_count--;
		hasher->busy--;
	} else {
		ssize_t size = read(hasher->done, &count, sizeof count); /* nothing left: be quiet again */
		(void)size;
	}
	ENSURE(pthread_mutex_unlock(&hasher->lock) == 0);
	return there;
}
