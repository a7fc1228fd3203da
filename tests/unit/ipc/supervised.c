#include "supervised.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "ipc/child.h"
#include "lib/tap.h"

enum { TEST_TICK_MS = 10, TEST_PEERS_MAX = 48 };

bool supervised_read(const char *name, char *ret_text, size_t size_max)
{
	int file = open(name, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	ssize_t size = read(file, ret_text, size_max - 1);
	close(file);
	ret_text[size < 0 ? 0 : size] = '\0';
	return size >= 0;
}

struct helper {
	enum worker_role role;
	uint32_t line;
	struct child *child;
	struct arena *arena;
	struct link *peers[TEST_PEERS_MAX];
	size_t peer_count;
	char lines[1024]; /* as told last */
	int said;
	int stop;
	bool finish_slowly;
};

__attribute__((format(printf, 2, 3))) static void helper_say(struct helper *h, const char *format, ...)
{
	char words[700];
	char line[900];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args);
	va_end(args);
	int size = snprintf(line, sizeof line, "%llu %s %d %s\n", (unsigned long long)clock_boot_us(),
			    child_name(h->child), (int)getpid(), words);
	(void)!write(h->said, line, (size_t)size);
}

/* Core reads "LINE ADDRESS BAUD" rows of the file `lines` and tells the supervisor when they change. */
static void helper_lines(struct helper *h)
{
	char text[sizeof h->lines];
	struct line_transport rows[SUPERVISOR_LINES_MAX];
	static char addresses[SUPERVISOR_LINES_MAX][100];
	size_t count = 0;
	if (h->role != WORKER_CORE || !supervised_read("lines", text, sizeof text) || strcmp(text, h->lines) == 0)
		return;
	memcpy(h->lines, text, sizeof text);
	for (char *row = strtok(text, "\n"); row; row = strtok(NULL, "\n"), count++) {
		NEED(sscanf(row, "%u %99s %u", &rows[count].line, addresses[count], &rows[count].baud) == 3, "rows");
		rows[count].address = span_of_string(addresses[count]);
	}
	struct supervisor_lines lines = {{rows, count}};
	if (failed(link_send(child_link(h->child), MESSAGE_SUPERVISOR_LINES, &lines)))
		exit(9);
}

static void helper_on_supervisor(struct helper *h, const struct message *message)
{
	if (message->kind == MESSAGE_SUPERVISOR_PEER) {
		struct child_peer peer;
		if (failed(child_peer(message, &peer)) || h->peer_count == TEST_PEERS_MAX)
			exit(8);
		helper_say(h, "peer %s", link_name(peer.link));
		h->peers[h->peer_count++] = peer.link;
		struct osdp_line_state hello = {h->line, true, SPAN_TEXT("hello")};
		(void)!failed(link_send(peer.link, MESSAGE_OSDP_LINE_STATE, &hello));
	} else if (message->kind == MESSAGE_SUPERVISOR_WORKER) {
		const struct supervisor_worker *said = message->body;
		helper_say(h, "told %s/%u %s \"%.*s\" restarts=%u", worker_role_words.words[said->role], said->line,
			   said->died ? "died" : "started", SPAN_ARGS(said->how), said->restarts);
	} else if (message->kind == MESSAGE_SUPERVISOR_SANDBOX) {
		const struct supervisor_sandbox *said = message->body;
		helper_say(h, "told %s/%u lacks \"%.*s\"", worker_role_words.words[said->role], said->line,
			   SPAN_ARGS(said->missing));
	} else if (message->kind == MESSAGE_LINE_OPENED) {
		const struct line_opened *said = message->body;
		helper_say(h, "line %u at %u %s%s \"%.*s\"", said->line, said->baud, said->paced ? "paced" : "wired",
			   message->descriptor >= 0 ? " open" : "", SPAN_ARGS(said->problem));
		if (message->descriptor >= 0)
			close(message->descriptor);
	}
}

static void helper_listen(struct helper *h)
{
	for (;;) {
		struct message message;
		bool there = false;
		arena_reset(h->arena);
		if (failed(child_receive(h->child, h->arena, &message, &there)))
			exit(7);
		if (!there)
			break;
		helper_on_supervisor(h, &message);
	}
	for (size_t i = 0; i < h->peer_count; i++) {
		struct message message;
		bool there = false;
		arena_reset(h->arena);
		struct err e = link_receive(h->peers[i], h->arena, &message, &there);
		if (failed(e)) {
			helper_say(h, "lost %s", link_name(h->peers[i]));
			link_close(h->peers[i]);
			h->peers[i--] = h->peers[--h->peer_count];
		} else if (there && message.kind == MESSAGE_OSDP_LINE_STATE) {
			const struct osdp_line_state *said = message.body;
			helper_say(h, "heard %s from %s as %u", said->why.size == 5 ? "hello" : "?",
				   link_name(h->peers[i]), said->line);
		}
	}
}

/* What the file named after the worker says, once. */
static void helper_behave(struct helper *h, const char *does)
{
	static const uint8_t malformed[] = {0xFF, 0xFF, 1, 2, 3};
	struct osdp_card card = {0};
	struct line_open open_line = {h->line};
	if (strncmp(does, "exit ", 5) == 0)
		_exit(atoi(does + 5));
	if (strncmp(does, "silent", 6) == 0)
		for (;;)
			pause();
	if (strncmp(does, "malformed", 9) == 0)
		(void)!send(SUPERVISOR_DESCRIPTOR, malformed, sizeof malformed, 0);
	if (strncmp(does, "card", 4) == 0)
		(void)!failed(link_send(child_link(h->child), MESSAGE_OSDP_CARD, &card));
	if (strncmp(does, "close", 5) == 0) {
		close(SUPERVISOR_DESCRIPTOR);
		for (;;)
			pause();
	}
	if (strncmp(does, "deaf", 4) == 0)
		(void)signal(SIGTERM, SIG_IGN);
	if (strncmp(does, "slow", 4) == 0)
		h->finish_slowly = true;
	if (strncmp(does, "forbidden", 9) == 0) {
		struct sandbox_policy policy = {h->role, NULL, 0};
		struct sandbox_report report;
		if (!failed(sandbox_enter(&policy, &report)))
			(void)!socket(AF_INET, SOCK_STREAM, 0);
		_exit(5);
	}
	if (strncmp(does, "line ", 5) == 0) {
		int times = atoi(does + 5);
		for (int i = 0; i < times; i++)
			(void)!failed(link_send(child_link(h->child), MESSAGE_LINE_OPEN, &open_line));
	}
	if (strncmp(does, "other line", 10) == 0) {
		open_line.line = 77;
		(void)!failed(link_send(child_link(h->child), MESSAGE_LINE_OPEN, &open_line));
	}
	if (strncmp(does, "lacks", 5) == 0) {
		struct sandbox_report report = {"landlock: not supported"};
		(void)!failed(child_sandbox(h->child, &report));
		(void)!failed(child_sandbox(h->child, &report));
	}
}

static void helper_describe(struct helper *h)
{
	char open_ones[64] = "";
	for (int descriptor = 0; descriptor < 64; descriptor++)
		if (fcntl(descriptor, F_GETFD) >= 0 && descriptor != h->said)
			(void)snprintf(open_ones + strlen(open_ones), sizeof open_ones - strlen(open_ones), " %d",
				       descriptor);
	int accepting = 0;
	socklen_t size = sizeof accepting;
	if (getsockopt(SUPERVISOR_LISTEN_DESCRIPTOR, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) != 0)
		accepting = 0;
	helper_say(h, "start uid=%u parent=%d open=%s listens=%d notify=%s", getuid(), (int)getppid(), open_ones,
		   accepting, getenv("NOTIFY_SOCKET") ? "yes" : "no");
}

NO_RETURN static void helper_stop(struct helper *h)
{
	if (h->finish_slowly)
		usleep(300 * 1000);
	helper_say(h, "finished");
	_exit(0);
}

NO_RETURN static void helper_serve(struct helper *h)
{
	char does[64] = "";
	char done[64] = "";
	for (;;) {
		struct pollfd waits[2 + TEST_PEERS_MAX] = {{link_descriptor(child_link(h->child)), POLLIN, 0},
							   {h->stop, POLLIN, 0}};
		for (size_t i = 0; i < h->peer_count; i++)
			waits[2 + i] = (struct pollfd){link_descriptor(h->peers[i]), POLLIN, 0};
		if (poll(waits, 2 + h->peer_count, TEST_TICK_MS) < 0)
			exit(6);
		helper_listen(h);
		if (h->stop >= 0 && (waits[1].revents & POLLIN))
			helper_stop(h);
		helper_lines(h);
		if (failed(child_alive(h->child, clock_boot_us())))
			exit(6);
		if (supervised_read(child_name(h->child), does, sizeof does) && strcmp(does, done) != 0) {
			memcpy(done, does, sizeof does);
			helper_behave(h, does);
		}
	}
}

int supervised_main(char **arguments)
{
	struct helper h = {.arena = arena_new(256 * 1024), .stop = -1};
	for (uint32_t role = 1; role < worker_role_words.count; role++)
		if (strcmp(arguments[2], worker_role_words.words[role]) == 0)
			h.role = (enum worker_role)role;
	h.line = arguments[3] ? (uint32_t)atoi(arguments[3]) : 0;
	if (failed(child_start(h.role, h.line, &h.child)))
		return 3;
	if (chdir(getenv("LEGATION_TEST")) != 0)
		return 4;
	h.said = open("said", O_WRONLY | O_APPEND | O_CLOEXEC);
	helper_describe(&h);
	char does[64] = "";
	char name[64];
	(void)snprintf(name, sizeof name, "%s.start", arguments[2]);
	if (supervised_read(name, does, sizeof does))
		helper_behave(&h, does);
	if (h.role == WORKER_CORE)
		h.stop = child_hold_stop(h.child);
	if (h.role == WORKER_PASSWORD) {
		enum worker_role wanted = WORKER_CORE;
		struct link *core = NULL;
		if (failed(child_peers_wait(h.child, h.arena, &wanted, 1, &core)))
			return 5;
		helper_say(&h, "waited for %s", link_name(core));
		h.peers[h.peer_count++] = core;
	}
	if (failed(child_ready(h.child)))
		return 5;
	helper_serve(&h);
}
