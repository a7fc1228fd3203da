/* Argon2id: what the reference implementation says; and the real worker, two at once, with a queue that ends. */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/child.h"
#include "lib/tap.h"
#include "worker/password/hash.h"
#include "worker/password/password.h"

/* Computed with the reference implementation's own command (phc-winner-argon2, 20171227), -id -p 1 -l 32. */
static const struct {
	const char *password;
	const char *salt;
	uint32_t operations;
	uint32_t memory_kib;
	const char *hash;
} vectors[] = {
	{"password", "somesaltsomesalt", 2, 65536, "fc33b78139231d34b71626bd6245c1d72efa190ad605c3d8166a72adcedfa2c2"},
	{"correct horse", "sixteen byte slt", 3, 64,
	 "a2a69b76bb444bbb4471c4064d3ca1860bb37f246bd135dbfb044dce5087830c"},
};

static pid_t worker;
static struct link *supervisor;
static struct link *core;
static struct arena *arena;

static void start(void)
{
	int pair[2];
	int peers[2];
	ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	(void)fflush(stdout);
	worker = fork();
	ENSURE(worker >= 0);
	if (worker == 0) {
		const struct password_options options = {0};
		const int kept[] = {SUPERVISOR_DESCRIPTOR};
		ENSURE(dup2(pair[1], SUPERVISOR_DESCRIPTOR) >= 0);
		sandbox_close_others(kept, 1);
		int code = password_worker_run(&options);
		exit(code);
	}
	(void)close(pair[1]);
	arena = arena_new(256 * 1024);
	supervisor = link_open(pair[0], "password");
	struct supervisor_peer peer = {.role = WORKER_CORE};
	ENSURE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peers) == 0);
	ENSURE(!failed(link_send_descriptor(supervisor, MESSAGE_SUPERVISOR_PEER, &peer, peers[1])));
	(void)close(peers[1]);
	core = link_open(peers[0], "password");
	for (;;) {
		struct message message;
		NEED_OK(link_wait(supervisor, arena, 20000, &message), "the worker gets ready");
		if (message.kind == MESSAGE_SUPERVISOR_READY)
			break;
	}
}

static void ask(uint64_t call, const char *password, const char *salt, uint32_t operations, uint32_t memory_kib)
{
	struct password_hash job = {
		.call = call,
		.password = span_of_string(password),
		.salt = span_of_string(salt),
		.operations = operations,
		.memory_kib = memory_kib,
	};
	NEED_OK(link_send(core, MESSAGE_PASSWORD_HASH, &job), "a password to hash");
}

static const struct password_hashed *next(void)
{
	struct message message;
	NEED_OK(link_wait(core, arena, 60000, &message), "an answer");
	NEED(message.kind == MESSAGE_PASSWORD_HASHED, "a hash");
	return message.body;
}

static bool is_hash(struct span hash, const char *hex)
{
	uint8_t expected[PASSWORD_HASH_SIZE];
	return !failed(hex_read(span_of_string(hex), expected, sizeof expected)) && span_equal(hash, SPAN_OF(expected));
}

static void test_vectors(void)
{
	for (size_t i = 0; i < 2; i++) {
		ask(i + 1, vectors[i].password, vectors[i].salt, vectors[i].operations, vectors[i].memory_kib);
		const struct password_hashed *hashed = next();
		CHECK(hashed->call == i + 1 && !hashed->refused && is_hash(hashed->hash, vectors[i].hash),
		      "the worker hashes as the reference does: %s", vectors[i].password);
	}
	ask(3, "", "somesaltsomesalt", 1, 8);
	CHECK(!next()->refused, "an empty password is one too");
}

static void test_bounds(void)
{
	static const struct {
		const char *salt;
		uint32_t operations;
		uint32_t memory_kib;
		const char *what;
	} cases[] = {
		{"short", 1, 64, "a short salt"},
		{"somesaltsomesalt", 0, 64, "no rounds"},
		{"somesaltsomesalt", PASSWORD_OPERATIONS_MAX + 1, 64, "rounds without end"},
		{"somesaltsomesalt", 1, 7, "too little memory"},
		{"somesaltsomesalt", 1, PASSWORD_MEMORY_KIB_MAX + 1, "too much memory"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ask(i, "password", cases[i].salt, cases[i].operations, cases[i].memory_kib);
		const struct password_hashed *hashed = next();
		CHECK(hashed->refused && hashed->hash.size == 0, "%s is refused", cases[i].what);
	}
}

static void test_queue(void)
{
	enum { ASKED = 40, ROOM = PASSWORD_WAITING_MAX + PASSWORD_THREADS };
	bool got[ASKED] = {false};
	int refused = 0;
	int hashed = 0;
	uint64_t start = clock_boot_us();
	for (uint64_t call = 0; call < ASKED; call++)
		ask(call, "password", "somesaltsomesalt", 2, 16384);
	uint64_t first_refusal_us = 0;
	for (int i = 0; i < ASKED; i++) {
		const struct password_hashed *answer = next();
		NEED(answer->call < ASKED && !got[answer->call], "an answer to each, once");
		got[answer->call] = true;
		refused += answer->refused;
		hashed += !answer->refused;
		if (answer->refused && first_refusal_us == 0)
			first_refusal_us = clock_boot_us() - start;
	}
	CHECK(hashed >= PASSWORD_WAITING_MAX && hashed <= ROOM + 2 && hashed + refused == ASKED,
	      "of %d at once %d are hashed and %d refused", ASKED, hashed, refused);
	printf("# first refusal after %llu us, all after %llu us\n", (unsigned long long)first_refusal_us,
	       (unsigned long long)(clock_boot_us() - start));
	ask(99, "password", "somesaltsomesalt", 2, 65536);
	CHECK(is_hash(next()->hash, vectors[0].hash), "and afterwards there is room again");
}

/* The kernel's count of the worker's threads that work at this moment. */
static int running_threads(void)
{
	int running = 0;
	char command[128];
	(void)snprintf(command, sizeof command, "grep -hs '^State:' /proc/%d/task/*/status | grep -c R", (int)worker);
	FILE *pipe = popen(command, "r");
	ENSURE(pipe);
	if (fscanf(pipe, "%d", &running) != 1)
		running = 0;
	(void)pclose(pipe);
	return running;
}

static void test_two_at_once(void)
{
	int most = 0;
	for (uint64_t call = 0; call < 6; call++)
		ask(call, "password", "somesaltsomesalt", 6, 65536);
	for (int i = 0; i < 40; i++) {
		int now = running_threads();
		most = now > most ? now : most;
		(void)usleep(10000);
	}
	for (int i = 0; i < 6; i++)
		CHECK(!next()->refused, "six at once are hashed");
	CHECK(most >= 1 && most <= 2 + 1, "by two threads at most, and the loop (%d were running)", most);
}

int main(void)
{
	int status = 0;
	log_start("test", LOG_ERROR);
	start();
	test_vectors();
	test_bounds();
	test_queue();
	test_two_at_once();
	supervisor = link_close(supervisor);
	ENSURE(waitpid(worker, &status, 0) == worker);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the worker ends with its supervisor, and in peace (%d)",
	      status);
	core = link_close(core);
	arena = arena_free(arena);
	return tap_finish();
}
