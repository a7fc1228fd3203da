/* tests/story/remarks.c - puts remarks on record as fast as it is told to: remarks FOLDER COUNT A-SECOND LETTERS.
 *
 * For stories of a flood. Eight producers speak to core by the tool socket, each with several requests under way; the
 * last line it prints is one JSON object: how many remarks were answered, in how many milliseconds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "core/pages.h"

enum {
	PRODUCERS = 8,
	IN_FLIGHT_MAX = 64,  /* requests of one producer that wait for their answer */
	ANSWER_MS = 30000,
	TEXT_SIZE_MAX = 1000,
	ARENA_SIZE = 256 * 1024,
};

struct task {
	const char *folder;
	uint64_t count; /* of one producer */
	uint64_t every_us; /* one producer's pace; 0: as fast as it goes */
	uint64_t letters;
};

static void fail(const char *what)
{
	(void)fprintf(stderr, "remarks: %s: %s\n", what, err_why());
	exit(1);
}

static uint32_t remark_route(void)
{
	uint32_t number = 0;
	for (size_t m = 0; m < cmd_module_count; m++)
		for (size_t i = 0; i < cmd_modules[m]->route_count; i++, number++)
			if (strcmp(cmd_modules[m]->routes[i].route.name, "core_remark") == 0)
				return number;
	ENSURE(!"a route for remarks");
	return 0;
}

static struct link *connect_tool(const char *folder)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int length = snprintf(to.sun_path, sizeof to.sun_path, "%s/run/tool.sock", folder);
	if (length >= (int)sizeof to.sun_path || fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		perror(to.sun_path);
		exit(1);
	}
	return link_open(fd, "core");
}

/* Take one answer; waits for it. */
static void answer_take(struct link *link, struct arena *arena)
{
	struct message message;
	arena_reset(arena);
	if (failed(link_wait(link, arena, ANSWER_MS, &message)))
		fail("no answer");
	const struct answer *answer = message.body;
	if (message.kind != MESSAGE_ANSWER || answer->status != 200) {
		(void)fprintf(stderr, "remarks: a remark was refused\n");
		exit(1);
	}
}

static void wait_until(uint64_t boot_us)
{
	uint64_t now_us = clock_boot_us();
	if (boot_us > now_us)
		(void)usleep((useconds_t)(boot_us - now_us));
}

static void produce(const struct task *task)
{
	char text[TEXT_SIZE_MAX];
	uint8_t room[TEXT_SIZE_MAX + 64];
	struct sink s = SINK_OF(room);
	memset(text, 'r', sizeof text);
	struct core_remark_request body = {.text = {(const uint8_t *)text, task->letters}};
	shape_write_binary(&s, &core_remark_request_shape, &body);
	struct request request = {.route = remark_route(), .body = sink_span(&s)};
	struct link *link = connect_tool(task->folder);
	struct arena *arena = arena_new(ARENA_SIZE);
	uint64_t start_us = clock_boot_us(), answered = 0;
	while (answered < task->count) {
		uint64_t passed_us = clock_boot_us() - start_us;
		uint64_t due = task->every_us ? passed_us / task->every_us + 1 : task->count;
		for (; request.call < task->count && request.call < due && request.call - answered < IN_FLIGHT_MAX;) {
			request.call++;
			if (failed(link_send(link, MESSAGE_REQUEST, &request)))
				fail("send");
		}
		if (request.call > answered) {
			answer_take(link, arena);
			answered++;
		} else {
			wait_until(start_us + request.call * task->every_us);
		}
	}
	arena_free(arena);
	link_close(link);
}

static uint64_t number(const char *text, uint64_t max)
{
	uint64_t value = 0;
	if (failed(decimal_read(span_of_string(text), max, &value)))
		fail(text);
	return value;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		(void)fprintf(stderr, "usage: remarks FOLDER COUNT A-SECOND LETTERS\n");
		return 2;
	}
	uint64_t count = number(argv[2], 100 * 1000 * 1000), a_second = number(argv[3], 1000 * 1000);
	struct task task = {
		.folder = argv[1],
		.count = count / PRODUCERS,
		.every_us = a_second ? UINT64_C(1000000) * PRODUCERS / a_second : 0,
		.letters = number(argv[4], TEXT_SIZE_MAX),
	};
	uint64_t start_us = clock_boot_us();
	bool good = true;
	for (size_t i = 0; i < PRODUCERS; i++) {
		pid_t child = fork();
		ENSURE(child >= 0);
		if (child == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
			produce(&task);
			_exit(0);
		}
	}
	for (size_t i = 0; i < PRODUCERS; i++) {
		int status = 1;
		good &= wait(&status) > 0 && status == 0;
	}
	(void)printf("{\"remarks\":%llu,\"ms\":%llu}\n", (unsigned long long)(task.count * PRODUCERS),
		     (unsigned long long)((clock_boot_us() - start_us) / 1000));
	return good ? 0 : 1;
}
