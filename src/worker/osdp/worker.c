#include "worker/osdp/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/child.h"
#include "worker/osdp/line.h"

enum {
	ARENA_SIZE_MAX = 256 * 1024,
	MESSAGES_A_TURN_MAX = 64, /* of one link, so that none keeps the wire waiting */
	READ_SIZE = 2048,
	READS_A_TURN_MAX = 4,
	WRITES_A_FRAME_MAX = 4, /* a wire that takes so little at once is lost */
	OPEN_PAUSE_US = 100000, /* before a lost line is asked for again; doubled up to: */
	OPEN_PAUSE_US_MAX = 2000000,
	OPEN_ANSWER_US_MAX = 5000000,
	OPEN_CALM_US = 2000000, /* a line that stayed this long was a good one */
	WHY_SIZE_MAX = 200,
};

struct osdp_worker {
	uint32_t line;
	struct child *child;
	struct link *core; /* NULL: core is gone, and its successor not yet there */
	struct arena *arena;
	struct osdp_bus *bus;
	struct osdp_port port;
	bool ended;

	int wire;        /* -1: none */
	bool connecting; /* a TCP connection that is still under way */
	uint32_t baud;
	uint64_t open_at_us; /* when to ask the supervisor for the wire; while it is asked: when to ask again */
	uint64_t open_pause_us;
	uint64_t opened_us;
	bool state_said;
	bool state_open;
};

enum { AT_SUPERVISOR, AT_CORE, AT_WIRE, POLL_COUNT };

/* ---- to core ---- */

static void say(void *context, enum message_kind kind, const void *body)
{
	struct osdp_worker *w = context;
	if (w->core == NULL)
		return;
	struct err e = link_send(w->core, kind, body);
	if (e.code == ERR_FULL) { /* claims would be lost: better a new start than a door that nobody hears of */
		log_error("message=%s problem=\"%s\"", message_name(kind), err_why());
		w->ended = true;
	}
}

static void say_line_state(struct osdp_worker *w, bool open, const char *why)
{
	char plain[WHY_SIZE_MAX];
	struct sink s = SINK_OF(plain);
	if (w->state_said && w->state_open == open)
		return;
	w->state_said = true;
	w->state_open = open;
	for (const char *c = why; *c != '\0' && s.size < s.size_max; c++)
		sink_u8(&s, *c >= ' ' && *c <= '~' ? (uint8_t)*c : '?');
	struct osdp_line_state state = {.line = w->line, .open = open, .why = sink_span(&s)};
	log_info("line=%u open=%d why=\"%.*s\"", w->line, open, SPAN_ARGS(state.why));
	say(w, MESSAGE_OSDP_LINE_STATE, &state);
}

/* ---- the wire ---- */

static void lose_wire(struct osdp_worker *w, const char *why, uint64_t now_us)
{
	if (w->wire >= 0)
		(void)close(w->wire);
	w->wire = -1;
	osdp_bus_close(w->bus);
	say_line_state(w, false, why);
	if (now_us - w->opened_us >= OPEN_CALM_US)
		w->open_pause_us = OPEN_PAUSE_US;
	w->open_at_us = now_us + w->open_pause_us;
	w->open_pause_us = w->open_pause_us < OPEN_PAUSE_US_MAX / 2 ? w->open_pause_us * 2 : OPEN_PAUSE_US_MAX;
}

static struct err ask_for_wire(struct osdp_worker *w, uint64_t now_us)
{
	struct line_open ask = {.line = w->line};
	w->open_at_us = now_us + OPEN_ANSWER_US_MAX;
	return link_send(child_link(w->child), MESSAGE_LINE_OPEN, &ask);
}

static void take_wire(struct osdp_worker *w, const struct message *message, uint64_t now_us)
{
	const struct line_opened *opened = message->body;
	char why[WHY_SIZE_MAX];
	if (w->wire >= 0)
		(void)close(w->wire);
	w->wire = message->descriptor;
	w->opened_us = now_us;
	w->baud = opened->baud;
	if (w->wire < 0 || opened->baud < OSDP_BAUD_LEAST || opened->baud > OSDP_BAUD_MOST) {
		(void)snprintf(why, sizeof(why), "%.*s", SPAN_ARGS(opened->problem));
		lose_wire(w, why, now_us);
		return;
	}
	w->connecting = true; /* a serial port is writable at once, a connection when it stands */
	w->open_at_us = OSDP_NEVER;
}

static void connect_wire(struct osdp_worker *w, uint64_t now_us)
{
	w->connecting = false;
	w->opened_us = now_us;
	osdp_bus_open(w->bus, w->baud, now_us);
	say_line_state(w, true, "");
}

static void read_wire(struct osdp_worker *w)
{
	uint8_t bytes[READ_SIZE];
	for (size_t i = 0; i < READS_A_TURN_MAX && w->wire >= 0; i++) {
		ssize_t size = read(w->wire, bytes, sizeof(bytes));
		uint64_t now_us = clock_boot_us();
		if (size > 0)
			osdp_bus_received(w->bus, (struct span){bytes, (size_t)size}, now_us);
		else if (size == 0)
			lose_wire(w, "the other end has gone", now_us);
		else if (errno != EAGAIN && errno != EINTR)
			lose_wire(w, strerror(errno), now_us);
		if (size < (ssize_t)sizeof(bytes))
			break;
	}
}

/* A frame is far smaller than any wire's buffer, so a wire that does not take it whole does not work. */
static void write_wire(struct osdp_worker *w, struct span bytes)
{
	uint64_t first_byte_us = clock_boot_us();
	size_t written = 0;
	for (size_t i = 0; i < WRITES_A_FRAME_MAX && written < bytes.size; i++) {
		ssize_t size = write(w->wire, bytes.at + written, bytes.size - written);
		if (size < 0 && errno != EINTR)
			break;
		written += size > 0 ? (size_t)size : 0;
	}
	osdp_bus_sent(w->bus, first_byte_us, bytes.size);
	if (written < bytes.size)
		lose_wire(w, "the wire takes no more bytes", first_byte_us);
}

/* ---- messages ---- */

static struct err hear_supervisor(struct osdp_worker *w)
{
	for (size_t i = 0; i < MESSAGES_A_TURN_MAX; i++) {
		struct message message;
		struct child_peer peer;
		bool there = false;
		arena_reset(w->arena);
		TRY(child_receive(w->child, w->arena, &message, &there));
		if (!there)
			return OK;
		if (message.kind == MESSAGE_SUPERVISOR_PEER) {
			TRY(child_peer(&message, &peer));
			(void)link_close(w->core);
			w->core = peer.link;
			w->state_said = false;
			osdp_bus_forget(w->bus); /* a new core sets its devices itself */
			if (w->wire >= 0 && !w->connecting)
				say_line_state(w, true, "");
		} else if (message.kind == MESSAGE_LINE_OPENED) {
			take_wire(w, &message, clock_boot_us());
		} else if (message.descriptor >= 0) {
			(void)close(message.descriptor);
		}
	}
	return OK;
}

/* Core is gone: the supervisor will end us with it. Until then nothing is said on the wire. */
static void lose_core(struct osdp_worker *w)
{
	log_warning("core=gone problem=\"%s\"", err_why());
	w->core = link_close(w->core);
	osdp_bus_forget(w->bus);
}

static void hear_core(struct osdp_worker *w)
{
	for (size_t i = 0; i < MESSAGES_A_TURN_MAX && w->core != NULL; i++) {
		struct message message;
		bool there = false;
		arena_reset(w->arena); /* which wipes what the last one brought */
		if (failed(link_receive(w->core, w->arena, &message, &there))) {
			lose_core(w);
			return;
		}
		if (!there)
			break;
		if (message.descriptor >= 0)
			(void)close(message.descriptor);
		osdp_bus_told(w->bus, message.kind, message.body, clock_boot_us());
	}
	arena_reset(w->arena);
}

/* ---- the loop ---- */

static void fill_polls(const struct osdp_worker *w, struct pollfd polls[POLL_COUNT])
{
	struct link *supervisor = child_link(w->child);
	polls[AT_SUPERVISOR].fd = link_descriptor(supervisor);
	polls[AT_SUPERVISOR].events = (short)(POLLIN | (link_wants_write(supervisor) ? POLLOUT : 0));
	polls[AT_CORE].fd = w->core != NULL ? link_descriptor(w->core) : -1;
	polls[AT_CORE].events = (short)(POLLIN | (w->core != NULL && link_wants_write(w->core) ? POLLOUT : 0));
	polls[AT_WIRE].fd = w->wire;
	polls[AT_WIRE].events = w->connecting ? POLLOUT : POLLIN;
}

/* Wait for bytes, messages, or the next thing that time brings, to the microsecond. */
static void wait_for_work(const struct osdp_worker *w, struct pollfd polls[POLL_COUNT])
{
	uint64_t now_us = clock_boot_us();
	uint64_t until_us = now_us + CHILD_ALIVE_EVERY_MS * 1000;
	uint64_t bus_us = osdp_bus_due(w->bus, now_us);
	if (bus_us < until_us)
		until_us = bus_us;
	if (w->open_at_us < until_us)
		until_us = w->open_at_us;
	uint64_t wait_us = until_us > now_us ? until_us - now_us : 0;
	struct timespec timeout = {.tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000) * 1000};
	fill_polls(w, polls);
	if (ppoll(polls, POLL_COUNT, &timeout, NULL) <= 0)
		for (size_t i = 0; i < POLL_COUNT; i++)
			polls[i].revents = 0;
}

static void attend_wire(struct osdp_worker *w, short events)
{
	if (w->wire < 0 || events == 0)
		return;
	if (w->connecting && (events & (POLLERR | POLLHUP)) == 0)
		connect_wire(w, clock_boot_us());
	else
		read_wire(w); /* which also finds out what has gone wrong */
}

static struct err turn(struct osdp_worker *w)
{
	struct pollfd polls[POLL_COUNT];
	wait_for_work(w, polls);
	attend_wire(w, polls[AT_WIRE].revents);
	if (w->core != NULL && polls[AT_CORE].revents != 0) {
		if (failed(link_flush(w->core)))
			lose_core(w);
		hear_core(w);
	}
	uint64_t now_us = clock_boot_us();
	struct span bytes = osdp_bus_speak(w->bus, now_us);
	if (bytes.size > 0)
		write_wire(w, bytes);
	if (polls[AT_SUPERVISOR].revents != 0) {
		TRY(link_flush(child_link(w->child)));
		TRY(hear_supervisor(w));
	}
	if (w->wire < 0 && now_us >= w->open_at_us)
		TRY(ask_for_wire(w, now_us));
	return child_alive(w->child, now_us);
}

static struct err prepare(struct osdp_worker *w)
{
	static const enum worker_role peers[] = {WORKER_CORE};
	static const struct sandbox_policy policy = {.role = WORKER_OSDP};
	struct sandbox_report report;
	TRY(child_start(WORKER_OSDP, w->line, &w->child));
	log_start(child_name(w->child), LOG_INFO);
	w->arena = arena_new(ARENA_SIZE_MAX);
	w->port = (struct osdp_port){.context = w, .say = say};
	TRY(osdp_bus_new(w->line, &w->port, &w->bus));
	(void)mlock(w->bus, sizeof(*w->bus)); /* a new key is in here for a moment; better if never on a disk */
	(void)prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul); /* two characters are 174 us: the usual slack is 50 */
	TRY(child_peers_wait(w->child, w->arena, peers, 1, &w->core));
	TRY(sandbox_enter(&policy, &report));
	TRY(child_sandbox(w->child, &report));
	return child_ready(w->child);
}

int osdp_worker_run(uint32_t line)
{
	struct osdp_worker w = {.line = line, .wire = -1, .open_pause_us = OPEN_PAUSE_US};
	struct err e = prepare(&w);
	while (!failed(e) && !w.ended)
		e = turn(&w);
	bool left = failed(e) && e.code == ERR_CLOSED && w.bus != NULL; /* the supervisor ends, and so do we */
	if (failed(e) && !left)
		log_error("problem=\"%s\"", err_why());
	if (w.wire >= 0)
		(void)close(w.wire);
	w.bus = osdp_bus_free(w.bus);
	w.core = link_close(w.core);
	w.child = child_free(w.child);
	w.arena = arena_free(w.arena);
	return left ? 0 : 1;
}
