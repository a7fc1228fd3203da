/* A secret that went through a link is nowhere in the heap of either process afterwards. */
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipc/link.h"
#include "lib/tap.h"

enum { SECRET_SIZE = 32, PAGE = 4096 };

/* The pattern is only ever written where it should be: everywhere else it stands inverted. */
static uint8_t inverted[SECRET_SIZE];

static bool is_here(const uint8_t *at)
{
	size_t same = 0;
	while (same < SECRET_SIZE && (at[same] ^ inverted[same]) == 0xFF)
		same++;
	return same >= 16; /* half of a key is too much */
}

/* How often the secret stands in writable memory that is not a stack. */
static size_t copies(void)
{
	static char line[512];
	size_t found = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	NEED(maps, "the memory map");
	while (fgets(line, sizeof line, maps)) {
		unsigned long from, to;
		char rights[5];
		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3 || strncmp(rights, "rw", 2) != 0 ||
		    strstr(line, "[stack]") || strstr(line, "[v"))
			continue;
		for (unsigned long at = from; at + SECRET_SIZE <= to; at++)
			found += is_here((const uint8_t *)at);
	}
	fclose(maps);
	return found;
}

int main(void)
{
#if defined(__SANITIZE_ADDRESS__)
	printf("1..0 # SKIP a sanitizer's shadow memory is too large to search\n");
	return 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	printf("1..0 # SKIP a sanitizer's shadow memory is too large to search\n");
	return 0;
#endif
#endif
	int ends[2];
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "a socketpair");
	struct link *a = link_open(ends[0], "a");
	struct link *b = link_open(ends[1], "b");
	struct arena *arena = arena_new(1024 * 1024);
	for (size_t i = 0; i < SECRET_SIZE; i++)
		inverted[i] = (uint8_t)(i * 37 + 11 + (unsigned)getpid());
	uint8_t *secret = malloc(SECRET_SIZE);
	for (size_t i = 0; i < SECRET_SIZE; i++)
		secret[i] = (uint8_t)~inverted[i];
	CHECK(copies() == 1, "the search finds the one there is");

	struct password_hashed hashed = {.call = 1, .hash = {secret, SECRET_SIZE}};
	size_t sent = 0;
	while (!link_wants_write(a) || sent % 8 != 0) {
		NEED_OK(link_send(a, MESSAGE_PASSWORD_HASHED, &hashed), "sent");
		sent++;
	}
	wipe(secret, SECRET_SIZE);
	CHECK(copies() > 0, "what is queued is in memory while it waits");
	bool there = true;
	struct message message;
	for (size_t i = 0; i < sent; i++) {
		NEED_OK(link_flush(a), "flush");
		NEED(!failed(link_receive(b, arena, &message, &there)) && there, "received");
	}
	CHECK(copies() == sent, "what was received is in the arena, and nowhere else");
	arena_reset(arena);
	CHECK(copies() == 0, "after the arena's reset, nothing of it is left");

	/* A malformed message leaves nothing behind either. */
	uint8_t *bad = malloc(2 + SECRET_SIZE);
	memset(bad, 0xFF, 2);
	for (size_t i = 0; i < SECRET_SIZE; i++)
		bad[2 + i] = (uint8_t)~inverted[i];
	NEED(send(ends[0], bad, 2 + SECRET_SIZE, 0) == 2 + SECRET_SIZE, "malformed bytes");
	wipe(bad, 2 + SECRET_SIZE);
	CHECK(link_receive(b, arena, &message, &there).code == ERR_INVALID && copies() == 0, "nor of a malformed one");
	free(secret);
	free(bad);
	link_close(a);
	link_close(b);
	arena_free(arena);
	return tap_finish();
}
