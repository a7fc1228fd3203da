#include "ipc/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/children.h"
#include "ipc/notify.h"
#include "ipc/sandbox.h"

enum {
	SUPERVISOR_MESSAGES_A_TURN_MAX = 32, /* of one worker, so that none keeps the others waiting */
	SUPERVISOR_LINE_OPENS_A_SECOND_MAX = 10,
	SUPERVISOR_TURN_MS_MAX = 1000,
	SUPERVISOR_SLEPT_MS = 3000,        /* a turn that took this long: the machine slept, not the workers */
	SUPERVISOR_CLOSED_GRACE_MS = 1000, /* from closing its link to being gone */
	SUPERVISOR_ARENA_SIZE_MAX = 256 * 1024,
};

enum stop_stage {
	STOP_NOT = 0,
	STOP_WORKERS,
	STOP_CORE,
	STOP_DONE,
};

/* What core is to record: a worker's start or end, or what its sandbox lacks. */
struct report {
	enum message_kind kind;
	union {
		struct supervisor_worker worker;
		struct supervisor_sandbox sandbox;
	};
	char text[SANDBOX_MISSING_SIZE_MAX];
	size_t text_size;
};

struct supervisor {
	const struct supervisor_options *options;
	struct children children;
	struct notify notify;
	struct arena *arena;
	int signals;
	bool child_ended; /* SIGCHLD came: somebody is to be reaped */
	uint64_t turned_us;
	enum stop_stage stop;
	bool said_ready;
	int exit_code;
	struct report reports[SUPERVISOR_REPORTS_MAX]; /* a ring: while core is away */
	size_t report_first;
	size_t report_count;
	uint64_t reports_lost;
};

static uint64_t after_ms(uint64_t now_us, uint32_t wished_ms, uint32_t usual_ms)
{
	return now_us + UINT64_C(1000) * (wished_ms ? wished_ms : usual_ms);
}

static struct worker *core_of(struct supervisor *s)
{
	return children_find(&s->children, WORKER_CORE, 0);
}

/* ---- reports to core ---- */

static void send_report(struct worker *core, struct report *report)
{
	struct span text = {(const uint8_t *)report->text, report->text_size};
	if (report->kind == MESSAGE_SUPERVISOR_WORKER)
		report->worker.how = text;
	else
		report->sandbox.missing = text;
	const void *body = report->kind == MESSAGE_SUPERVISOR_WORKER ? (const void *)&report->worker : &report->sandbox;
	struct err e = link_send(core->control, report->kind, body);
	if (failed(e))
		log_warning("report=%s to=core problem=\"%s\"", message_name(report->kind), err_why());
}

/* Core takes reports once it is ready: before, a ledger is being loaded that may not come to be. */
static void send_reports(struct supervisor *s)
{
	struct worker *core = core_of(s);
	if (!core || core->state != WORKER_RUNNING || !core->ready || !core->control)
		return;
	while (s->report_count > 0) {
		send_report(core, &s->reports[s->report_first]);
		s->report_first = (s->report_first + 1) % SUPERVISOR_REPORTS_MAX;
		s->report_count--;
	}
	if (s->reports_lost > 0)
		log_warning("reports_lost=%llu why=\"core was away too long\"", (unsigned long long)s->reports_lost);
	s->reports_lost = 0;
}

static void report(struct supervisor *s, struct report said, struct span text)
{
	if (!core_of(s))
		return;
	if (s->report_count == SUPERVISOR_REPORTS_MAX) {
		s->reports_lost++;
		return;
	}
	said.text_size = text.size < sizeof said.text ? text.size : sizeof said.text;
	if (said.text_size > 0)
		memcpy(said.text, text.at, said.text_size);
	s->reports[(s->report_first + s->report_count++) % SUPERVISOR_REPORTS_MAX] = said;
	send_reports(s);
}

static void report_worker(struct supervisor *s, const struct worker *worker, bool died, const char *how,
			  uint64_t now_us)
{
	struct report said = {.kind = MESSAGE_SUPERVISOR_WORKER};
	said.worker = (struct supervisor_worker){
		.role = worker->role->role,
		.line = worker->line,
		.process = (uint32_t)worker->pid,
		.died = died,
		.wanted = died && worker->our_wish,
		.restarts = children_deaths(worker, now_us),
	};
	report(s, said, span_of_string(how));
}

/* ---- what workers say ---- */

/* It broke the protocol, or it does not listen: a worker like that is replaced. */
static void replace(struct worker *worker, uint64_t now_us, const char *why)
{
	if (worker->state == WORKER_RUNNING)
		children_end(worker, SIGKILL, after_ms(now_us, 0, SUPERVISOR_TURN_MS_MAX), false, why);
}

static void answer_line(struct worker *worker, uint64_t now_us, int descriptor, bool paced, const char *problem)
{
	char plain[300];
	struct sink s = SINK_OF(plain);
	for (const char *c = problem; *c && s.size < s.size_max; c++)
		sink_u8(&s, *c >= ' ' && *c <= '~' ? (uint8_t)*c : '?');
	struct line_opened opened = {worker->line, worker->transport.baud, paced, sink_span(&s)};
	struct err e = descriptor >= 0 ? link_send_descriptor(worker->control, MESSAGE_LINE_OPENED, &opened, descriptor)
				       : link_send(worker->control, MESSAGE_LINE_OPENED, &opened);
	if (failed(e))
		replace(worker, now_us, "does not listen");
}

static void on_line_open(struct supervisor *s, struct worker *worker, const struct line_open *asked, uint64_t now_us)
{
	int descriptor = -1;
	bool paced = false;
	if (now_us >= worker->opens_from_us + 1000000) {
		worker->opens_from_us = now_us;
		worker->opens = 0;
	}
	if (!worker->role->per_line || asked->line != worker->line) {
		replace(worker, now_us, "asked for a line that is not its own");
	} else if (worker->opens++ >= SUPERVISOR_LINE_OPENS_A_SECOND_MAX) {
		answer_line(worker, now_us, -1, false, "asked too often");
	} else if (failed(s->options->line_open(worker->transport.address, worker->transport.baud, &descriptor,
						&paced))) {
		answer_line(worker, now_us, -1, false, err_why());
	} else {
		answer_line(worker, now_us, descriptor, paced, "");
		(void)close(descriptor);
	}
}

static void on_sandbox(struct supervisor *s, struct worker *worker, const struct supervisor_sandbox *said)
{
	if (worker->said_sandbox)
		return; /* once a life: a worker gone bad shall not fill the ledger */
	worker->said_sandbox = true;
	char missing[SANDBOX_MISSING_SIZE_MAX];
	struct sink words = SINK_OF(missing);
	if (worker->role->uid == 0 || !sandbox_can_drop())
		sink_printf(&words, "own uid: %s", sandbox_can_drop() ? "none given" : "not started as root");
	struct sink longer = words;
	if (said->missing.size > 0)
		sink_printf(&longer, "%s%.*s", words.size ? "; " : "", SPAN_ARGS(said->missing));
	struct span text = longer.failed ? said->missing : sink_span(&longer);
	struct report about = {.kind = MESSAGE_SUPERVISOR_SANDBOX};
	about.sandbox = (struct supervisor_sandbox){.role = worker->role->role, .line = worker->line};
	if (text.size > 0)
		log_warning("worker=%s sandbox_missing=\"%.*s\"", worker->name, SPAN_ARGS(text));
	report(s, about, text);
}

static void on_ready(struct supervisor *s, struct worker *worker)
{
	if (!worker->ready)
		log_info("worker=%s state=ready pid=%d", worker->name, (int)worker->pid);
	worker->ready = true;
	if (worker->role->role == WORKER_CORE)
		send_reports(s);
}

static void on_message(struct supervisor *s, struct worker *worker, const struct message *message, uint64_t now_us)
{
	bool core = worker->role->role == WORKER_CORE;
	switch (message->kind) {
	case MESSAGE_SUPERVISOR_ALIVE:
		break; /* whatever it says shows that it lives */
	case MESSAGE_SUPERVISOR_READY:
		on_ready(s, worker);
		break;
	case MESSAGE_SUPERVISOR_SANDBOX:
		on_sandbox(s, worker, message->body);
		break;
	case MESSAGE_LINE_OPEN:
		on_line_open(s, worker, message->body, now_us);
		break;
	case MESSAGE_SUPERVISOR_LINES:
		if (core && s->stop == STOP_NOT) {
			const struct supervisor_lines *said = message->body;
			if (failed(children_set_lines(&s->children, &said->lines, now_us)))
				log_error("worker=core lines=refused problem=\"%s\"", err_why());
		} else if (!core) {
			replace(worker, now_us, "unexpected message supervisor_lines");
		}
		break;
	default:
		replace(worker, now_us, "unexpected message");
	}
	if (message->descriptor >= 0)
		(void)close(message->descriptor);
}

static void listen_to(struct supervisor *s, struct worker *worker, uint64_t now_us)
{
	for (size_t i = 0; i < SUPERVISOR_MESSAGES_A_TURN_MAX && worker->state == WORKER_RUNNING; i++) {
		struct message message;
		bool there = false;
		arena_reset(s->arena);
		struct err e = link_receive(worker->control, s->arena, &message, &there);
		if (failed(e) && e.code == ERR_CLOSED) {
			worker->control = link_close(worker->control);
			children_end(worker, 0, after_ms(now_us, 0, SUPERVISOR_CLOSED_GRACE_MS), false, "");
			return;
		}
		if (failed(e)) {
			log_error("worker=%s problem=\"%s\"", worker->name, err_why());
			replace(worker, now_us, "malformed message");
			return;
		}
		if (!there)
			return;
		worker->heard_us = now_us;
		on_message(s, worker, &message, now_us);
	}
}

/* ---- starts, deaths, deadlines ---- */

static void start_due(struct supervisor *s, uint64_t now_us)
{
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX && s->stop == STOP_NOT; i++) {
		struct worker *worker = &s->children.workers[i];
		if (worker->state != WORKER_WAITING || worker->start_at_us > now_us)
			continue;
		struct err e = children_start(&s->children, worker, now_us);
		if (failed(e))
			log_error("worker=%s state=not-started problem=\"%s\"", worker->name, err_why());
		if (worker->state != WORKER_RUNNING)
			continue;
		log_info("worker=%s state=started pid=%d", worker->name, (int)worker->pid);
		report_worker(s, worker, false, "", now_us);
	}
}

/* Core's sessions and keys are gone with it; who talked to it begins anew with the next one. */
static void on_core_death(struct supervisor *s, const struct worker *core, int exit_code, uint64_t now_us)
{
	if (exit_code == SUPERVISOR_EXIT_REFUSED && s->stop == STOP_NOT) {
		log_error("worker=core state=refused action=stop");
		notify_stopping(&s->notify);
		s->stop = STOP_WORKERS;
		s->exit_code = SUPERVISOR_EXIT_REFUSED;
	} else if (s->stop != STOP_NOT && s->exit_code == 0 && exit_code != 0) {
		s->exit_code = 1;
	}
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		struct worker *worker = &s->children.workers[i];
		if (worker->state == WORKER_RUNNING && children_linked(worker, core))
			children_end(worker, SIGKILL, after_ms(now_us, 0, SUPERVISOR_TURN_MS_MAX), true, "core died");
	}
}

static void reap_all(struct supervisor *s, uint64_t now_us)
{
	if (!s->child_ended)
		return;
	s->child_ended = false;
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		struct worker *worker = &s->children.workers[i];
		char how[CHILDREN_HOW_SIZE_MAX];
		int exit_code = -1;
		if (!children_reap(&s->children, worker, now_us, how, &exit_code))
			continue;
		log_line(worker->our_wish || s->stop ? LOG_INFO : LOG_WARNING,
			 "worker=%s state=ended pid=%d how=\"%s\" exit=%d deaths=%u", worker->name, (int)worker->pid,
			 how, exit_code, children_deaths(worker, now_us));
		report_worker(s, worker, true, how, now_us);
		if (worker->role->role == WORKER_CORE)
			on_core_death(s, worker, exit_code, now_us);
	}
}

static uint64_t silent_at(const struct supervisor *s, const struct worker *worker)
{
	const struct supervisor_options *options = s->options;
	return worker->ready ? after_ms(worker->heard_us, options->silence_ms, SUPERVISOR_SILENCE_MS)
			     : after_ms(worker->heard_us, options->start_ms, SUPERVISOR_START_MS);
}

static void enforce_deadlines(struct supervisor *s, uint64_t now_us)
{
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		struct worker *worker = &s->children.workers[i];
		char why[CHILDREN_HOW_SIZE_MAX];
		if (worker->state == WORKER_ENDING && worker->end_by_us <= now_us) {
			const char *how = worker->why[0] ? worker->why : "closed its link";
			if (strcmp(how, "stopped") == 0)
				how = "stopped by force";
			(void)snprintf(why, sizeof why, "%s", how);
			children_end(worker, SIGKILL, after_ms(now_us, 0, SUPERVISOR_TURN_MS_MAX), worker->our_wish,
				     why);
		} else if (worker->state == WORKER_RUNNING && silent_at(s, worker) <= now_us) {
			uint64_t silent_ms = (now_us - worker->heard_us) / 1000;
			(void)snprintf(why, sizeof why, "silent for %llu s", (unsigned long long)(silent_ms / 1000));
			replace(worker, now_us, why);
		}
	}
}

/* The clock that counts sleep has passed all deadlines, though nobody had the chance to speak. */
static void forgive_sleep(struct supervisor *s, uint64_t now_us)
{
	if (now_us < after_ms(s->turned_us, 0, SUPERVISOR_SLEPT_MS))
		return;
	log_warning("state=slept ms=%llu", (unsigned long long)((now_us - s->turned_us) / 1000));
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++)
		s->children.workers[i].heard_us = now_us;
}

/* ---- stopping ---- */

static bool anybody_left(struct supervisor *s, bool but_core)
{
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		const struct worker *worker = &s->children.workers[i];
		if (worker->state != WORKER_RUNNING && worker->state != WORKER_ENDING)
			continue;
		if (!but_core || worker->role->role != WORKER_CORE)
			return true;
	}
	return false;
}

static void begin_stop(struct supervisor *s, const char *signal_name)
{
	if (s->stop != STOP_NOT)
		return;
	log_info("state=stopping signal=%s", signal_name);
	notify_stopping(&s->notify);
	s->stop = STOP_WORKERS;
}

static void end_all(struct supervisor *s, bool core, uint64_t end_by_us)
{
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		struct worker *worker = &s->children.workers[i];
		if (worker->state == WORKER_RUNNING && (worker->role->role == WORKER_CORE) == core)
			children_end(worker, SIGTERM, end_by_us, true, "stopped");
	}
}

static void go_on_stopping(struct supervisor *s, uint64_t now_us)
{
	const struct supervisor_options *options = s->options;
	if (s->stop == STOP_WORKERS) {
		end_all(s, false, after_ms(now_us, options->stop_ms, SUPERVISOR_STOP_MS));
		if (!anybody_left(s, true))
			s->stop = STOP_CORE;
	}
	if (s->stop == STOP_CORE) {
		end_all(s, true, after_ms(now_us, options->stop_core_ms, SUPERVISOR_STOP_CORE_MS));
		if (!anybody_left(s, false))
			s->stop = STOP_DONE;
	}
}

/* ---- the loop ---- */

static void read_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;
	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo == SIGCHLD)
			s->child_ended = true;
		else
			begin_stop(s, info.ssi_signo == SIGTERM ? "TERM" : info.ssi_signo == SIGINT ? "INT" : "HUP");
}

static void say_status(struct supervisor *s)
{
	unsigned ready = 0;
	unsigned all = 0;
	bool needed_ready = true;
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		const struct worker *worker = &s->children.workers[i];
		if (worker->state == WORKER_ABSENT)
			continue;
		all++;
		ready += worker->ready;
		if (worker->role->role == WORKER_CORE || worker->role->role == WORKER_WEB)
			needed_ready = needed_ready && worker->ready;
	}
	if (needed_ready && !s->said_ready) {
		s->said_ready = true;
		log_info("state=ready");
		notify_ready(&s->notify);
	}
	char status[64];
	(void)snprintf(status, sizeof status, s->stop ? "stopping" : "%u of %u workers ready", ready, all);
	notify_status(&s->notify, status);
}

/* How long nothing can be due, in ms. */
static int until_next(struct supervisor *s, uint64_t now_us)
{
	uint64_t next_us = after_ms(now_us, 0, SUPERVISOR_TURN_MS_MAX);
	uint64_t alive_us = notify_alive(&s->notify, now_us);
	next_us = alive_us < next_us ? alive_us : next_us;
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		const struct worker *worker = &s->children.workers[i];
		uint64_t due_us = worker->state == WORKER_WAITING   ? (s->stop ? UINT64_MAX : worker->start_at_us)
				  : worker->state == WORKER_ENDING  ? worker->end_by_us
				  : worker->state == WORKER_RUNNING ? silent_at(s, worker)
								    : UINT64_MAX;
		next_us = due_us < next_us ? due_us : next_us;
	}
	return next_us <= now_us ? 0 : (int)((next_us - now_us + 999) / 1000);
}

static void turn(struct supervisor *s)
{
	struct pollfd waits[SUPERVISOR_WORKERS_MAX + 1];
	struct worker *workers[SUPERVISOR_WORKERS_MAX + 1];
	nfds_t count = 0;
	waits[count++] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		struct worker *worker = &s->children.workers[i];
		if (worker->state != WORKER_RUNNING)
			continue;
		workers[count] = worker;
		short events = link_wants_write(worker->control) ? POLLIN | POLLOUT : POLLIN;
		waits[count++] = (struct pollfd){.fd = link_descriptor(worker->control), .events = events};
	}
	uint64_t now_us = clock_boot_us();
	int ready = poll(waits, count, until_next(s, now_us));
	ENSURE(ready >= 0 || errno == EINTR);
	now_us = clock_boot_us();
	forgive_sleep(s, now_us);
	s->turned_us = now_us;
	for (nfds_t i = 1; i < count && ready > 0; i++) {
		if ((waits[i].revents & POLLOUT) && workers[i]->state == WORKER_RUNNING &&
		    failed(link_flush(workers[i]->control)))
			log_warning("worker=%s problem=\"%s\"", workers[i]->name, err_why());
		if ((waits[i].revents & (POLLIN | POLLHUP | POLLERR)) && workers[i]->state == WORKER_RUNNING)
			listen_to(s, workers[i], now_us);
	}
	if (ready > 0 && waits[0].revents)
		read_signals(s);
	reap_all(s, now_us);
	enforce_deadlines(s, now_us);
	go_on_stopping(s, now_us);
	start_due(s, now_us);
	say_status(s);
}

static struct err prepare(struct supervisor *s, const struct supervisor_options *options)
{
	uint64_t now_us = clock_boot_us();
	s->options = options;
	s->turned_us = now_us;
	s->signals = -1;
	children_init(&s->children, options, now_us);
	TRY(notify_open(&s->notify));
	TRY(sandbox_supervise());
	struct sigaction usual = {.sa_handler = SIG_DFL};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	ENSURE(sigaction(SIGCHLD, &usual, NULL) == 0);  /* ignored, it would reap our children behind our back */
	ENSURE(sigaction(SIGPIPE, &ignore, NULL) == 0); /* a log that nobody reads ends no post */
	sigset_t heard;
	ENSURE(sigemptyset(&heard) == 0);
	static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		ENSURE(sigaddset(&heard, numbers[i]) == 0);
	ENSURE(sigprocmask(SIG_BLOCK, &heard, NULL) == 0);
	s->signals = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return FAIL_ERRNO("signalfd");
	return OK;
}

int supervisor_run(const struct supervisor_options *options)
{
	struct supervisor *s = calloc(1, sizeof *s);
	ENSURE(s);
	s->arena = arena_new(SUPERVISOR_ARENA_SIZE_MAX);
	s->notify.descriptor = -1;
	if (failed(prepare(s, options))) {
		log_error("state=not-started problem=\"%s\"", err_why());
		s->exit_code = 1;
		s->stop = STOP_DONE;
	}
	while (s->stop != STOP_DONE)
		turn(s);
	int exit_code = s->exit_code;
	log_info("state=ended exit=%d", exit_code);
	notify_close(&s->notify);
	if (s->signals >= 0)
		(void)close(s->signals);
	s->arena = arena_free(s->arena);
	free(s);
	return exit_code;
}
