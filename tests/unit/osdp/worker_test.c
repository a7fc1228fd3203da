/* tests/unit/osdp/worker_test.c - the whole process in its sandbox: the test is its supervisor, its core and its
 * devices.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "ipc/supervisor.h"
#include "worker/osdp/line_open.h"
#include "worker/osdp/worker.h"

enum { DEVICES = 2, LONG_MS = 5000 };

struct stand {
	pid_t worker;
	struct link *supervisor, *core;
	struct arena *arena;
	int master; /* the devices' end of the wire, or -1 */
	char address[100];
	struct bench_device devices[DEVICES];
	uint8_t rnd_a[DEVICES][8];
	uint32_t commands; /* that came over the wire */

	/* What was said. */
	uint32_t ready, alive, line_opens, states_secure, cards, outputs_done, outputs_acknowledged;
	uint32_t lines_open, lines_lost;
	uint64_t card_received_us, output_sent_us;
};

static void make_wire(struct stand *s)
{
	s->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	NEED(s->master >= 0 && grantpt(s->master) == 0 && unlockpt(s->master) == 0, "a pty");
	(void)snprintf(s->address, sizeof(s->address), "serial:%s", ptsname(s->master));
}

static void send_peer(struct stand *s)
{
	int ends[2];
	struct supervisor_peer peer = {.role = WORKER_CORE};
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a socketpair");
	NEED_OK(link_send_descriptor(s->supervisor, MESSAGE_SUPERVISOR_PEER, &peer, ends[1]), "the worker's end");
	(void)close(ends[1]);
	s->core = link_open(ends[0], "osdp/0");
}

static void start(struct stand *s)
{
	int ends[2];
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a socketpair");
	(void)fflush(stdout);
	s->worker = fork();
	NEED(s->worker >= 0, "a process");
	if (s->worker == 0) {
		(void)dup2(ends[1], SUPERVISOR_DESCRIPTOR);
		for (int i = SUPERVISOR_DESCRIPTOR + 1; i < 64; i++)
			(void)close(i);
		_exit(osdp_worker_run(0));
	}
	(void)close(ends[1]);
	s->supervisor = link_open(ends[0], "osdp/0");
	s->arena = arena_new(1 << 20);
	send_peer(s);
}

/* ---- the test as supervisor, core and devices ---- */

static void answer_line_open(struct stand *s)
{
	int wire = -1;
	bool paced = false;
	struct line_opened opened = {.baud = 115200};
	s->line_opens++;
	if (s->master >= 0)
		NEED_OK(osdp_line_open(s->address, 115200, &wire, &paced), "the wire is opened");
	else
		opened.problem = SPAN_TEXT("no such port");
	opened.paced = paced;
	if (wire < 0) {
		NEED_OK(link_send(s->supervisor, MESSAGE_LINE_OPENED, &opened), "said");
		return;
	}
	NEED_OK(link_send_descriptor(s->supervisor, MESSAGE_LINE_OPENED, &opened, wire), "handed over");
	(void)close(wire);
}

static void hear_supervised(struct stand *s)
{
	struct message message;
	bool there = true;
	while (there) {
		arena_reset(s->arena);
		if (failed(link_receive(s->supervisor, s->arena, &message, &there)) || !there)
			return;
		s->ready += message.kind == MESSAGE_SUPERVISOR_READY;
		s->alive += message.kind == MESSAGE_SUPERVISOR_ALIVE;
		if (message.kind == MESSAGE_LINE_OPEN)
			answer_line_open(s);
	}
}

static void answer_cryptogram(struct stand *s, const struct osdp_cryptogram *asked)
{
	size_t i = (size_t)asked->device - 1;
	struct osdp_keys keys;
	uint8_t server[16];
	osdp_derive_session(s->devices[i].key, s->rnd_a[i], &keys);
	osdp_derive_server_cryptogram(&keys, s->rnd_a[i], asked->rnd_b.at, server);
	struct osdp_session session = {asked->device,        true,           SPAN_OF(keys.s_enc), SPAN_OF(keys.s_mac1),
				       SPAN_OF(keys.s_mac2), SPAN_OF(server)};
	NEED_OK(link_send(s->core, MESSAGE_OSDP_SESSION, &session), "keys");
}

static void hear_card(struct stand *s, const struct osdp_card *card)
{
	struct osdp_output output = {.device = 1,
				     .output = 0,
				     .control = OSDP_OUTPUT_CONTROL_TIMED_ON,
				     .time_100ms = 30,
				     .reference = 1000 + s->cards};
	s->cards++;
	s->card_received_us = card->received_boot_us;
	NEED_OK(link_send(s->core, MESSAGE_OSDP_OUTPUT, &output), "an unlock");
}

static void hear_core_message(struct stand *s, const struct message *m)
{
	const struct osdp_challenge *challenge = m->body;
	const struct osdp_output_done *done = m->body;
	const struct osdp_line_state *line = m->body;
	switch (m->kind) {
	case MESSAGE_OSDP_CHALLENGE: {
		uint8_t *rnd_a = s->rnd_a[challenge->device - 1];
		rnd_a[0]++;
		struct osdp_random random = {.device = challenge->device, .rnd_a = {rnd_a, 8}};
		NEED_OK(link_send(s->core, MESSAGE_OSDP_RANDOM, &random), "a random");
		break;
	}
	case MESSAGE_OSDP_CRYPTOGRAM:
		answer_cryptogram(s, m->body);
		break;
	case MESSAGE_OSDP_STATE:
		s->states_secure += ((const struct osdp_state *)m->body)->link == OSDP_LINK_SECURE;
		break;
	case MESSAGE_OSDP_CARD:
		hear_card(s, m->body);
		break;
	case MESSAGE_OSDP_OUTPUT_DONE:
		s->outputs_done++;
		s->outputs_acknowledged += done->acknowledged;
		s->output_sent_us = done->sent_boot_us;
		break;
	case MESSAGE_OSDP_LINE_STATE:
		s->lines_open += line->open;
		s->lines_lost += !line->open;
		break;
	default:
		break;
	}
}

static void hear_core(struct stand *s)
{
	struct message message;
	bool there = true;
	while (s->core != NULL && there) {
		arena_reset(s->arena);
		if (failed(link_receive(s->core, s->arena, &message, &there)) || !there)
			return;
		hear_core_message(s, &message);
	}
}

static void hear_wire(struct stand *s)
{
	uint8_t command[2048], reply[BENCH_FRAME_MAX];
	ssize_t size = read(s->master, command, sizeof(command));
	if (size <= 0)
		return;
	s->commands++;
	for (size_t i = 0; i < DEVICES; i++) {
		size_t reply_size = bench_device_hear(&s->devices[i], (struct span){command, (size_t)size}, reply);
		if (reply_size > 0)
			NEED(write(s->master, reply, reply_size) == (ssize_t)reply_size, "a reply");
	}
}

/* Play until something has been counted this far. gives whether it was, in time. */
static bool play(struct stand *s, const uint32_t *counter, uint32_t wanted, uint32_t ms)
{
	uint64_t until_us = clock_boot_us() + ms * UINT64_C(1000);
	while ((counter == NULL || *counter < wanted) && clock_boot_us() < until_us) {
		struct pollfd polls[3] = {
			{.fd = link_descriptor(s->supervisor), .events = POLLIN},
			{.fd = s->core != NULL ? link_descriptor(s->core) : -1, .events = POLLIN},
			{.fd = s->master, .events = POLLIN},
		};
		(void)poll(polls, 3, 50);
		if (s->master >= 0 && (polls[2].revents & POLLIN) != 0)
			hear_wire(s);
		else if (s->master >= 0 && (polls[2].revents & POLLHUP) != 0)
			(void)usleep(1000); /* nobody has the other end yet */
		hear_core(s);
		hear_supervised(s);
	}
	return counter == NULL || *counter >= wanted;
}

static void set_devices(struct stand *s)
{
	struct osdp_device settings[DEVICES];
	for (size_t i = 0; i < DEVICES; i++)
		settings[i] = bench_settings(i);
	struct osdp_line line = {.line = 0, .devices = {settings, DEVICES}};
	NEED_OK(link_send(s->core, MESSAGE_OSDP_LINE, &line), "its devices");
}

/* ---- the story ---- */

static void a_swipe(struct stand *s)
{
	uint32_t outs = s->devices[0].outs;
	bench_swipe(&s->devices[1]);
	CHECK(play(s, &s->outputs_done, s->outputs_done + 1, LONG_MS), "a card comes, an unlock goes");
	CHECK(s->devices[0].outs == outs + 1 && s->outputs_acknowledged == s->outputs_done, "and is carried out, once");
	CHECK(s->output_sent_us > s->card_received_us && s->output_sent_us <= clock_boot_us(),
	      "times are of this machine");
	printf("# card to unlock: %u us\n", (unsigned)(s->output_sent_us - s->card_received_us));
}

int main(void)
{
	static struct stand s = {.master = -1};
	for (size_t i = 0; i < DEVICES; i++) {
		s.devices[i].address = (uint8_t)i;
		NEED_OK(osdp_secure_make(&s.devices[i].secure), "contexts");
		for (size_t j = 0; j < 16; j++)
			s.devices[i].key[j] = (uint8_t)(17 * j * j + 31 * i + 5);
	}
	start(&s);
	CHECK(play(&s, &s.ready, 1, LONG_MS), "it is ready, behind its walls");
	CHECK(play(&s, &s.line_opens, 3, LONG_MS), "it asks for its wire, and again when there is none");
	CHECK(s.lines_lost == 1, "core hears once that the line is lost");
	make_wire(&s);
	set_devices(&s);
	CHECK(play(&s, &s.states_secure, DEVICES, LONG_MS), "with a wire, all devices come up");
	CHECK(s.lines_open == 1, "and core hears that the line is open");
	for (int i = 0; i < 5; i++)
		a_swipe(&s);

	(void)close(s.master);
	make_wire(&s);
	CHECK(play(&s, &s.lines_lost, 2, LONG_MS), "a wire that goes is noticed");
	CHECK(play(&s, &s.states_secure, DEVICES, LONG_MS), "another is taken");
	bool up = play(&s, &s.lines_open, 2, LONG_MS);
	uint32_t sessions = s.devices[0].sessions;
	for (int i = 0; i < 50 && s.devices[0].sessions < 2; i++)
		(void)play(&s, NULL, 0, 50);
	CHECK(up && s.devices[0].sessions >= sessions && s.devices[0].sessions == 2, "and all devices come up on it");
	a_swipe(&s);

	s.core = link_close(s.core);
	(void)play(&s, NULL, 0, 200);
	uint32_t commands = s.commands;
	(void)play(&s, NULL, 0, 500);
	CHECK(s.commands == commands, "without core, it says nothing on the wire");
	send_peer(&s);
	set_devices(&s);
	uint32_t secure = s.states_secure;
	CHECK(play(&s, &s.states_secure, secure + DEVICES, LONG_MS), "a new core finds everything anew");
	a_swipe(&s);
	CHECK(s.alive >= 2, "it has said %u times that it lives", s.alive);

	int status = 0;
	s.supervisor = link_close(s.supervisor);
	CHECK(waitpid(s.worker, &status, 0) == s.worker && WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "when the supervisor goes, it goes (status %x)", (unsigned)status);
	(void)link_close(s.core);
	(void)arena_free(s.arena);
	for (size_t i = 0; i < DEVICES; i++)
		osdp_secure_free(&s.devices[i].secure);
	return tap_finish();
}
