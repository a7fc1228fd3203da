#include "ipc/children.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/spawn.h"

enum {
	CHILDREN_BACK_OFF_MS_FIRST = 250, /* doubles from there */
	CHILDREN_LINE_GRACE_MS = 500,     /* for a worker whose line went away */
};

void children_init(struct children *children, const struct supervisor_options *options, uint64_t now_us)
{
	REQUIRE(options->role_count <= SUPERVISOR_ROLES_MAX && options->listener_count <= SUPERVISOR_LISTENERS_MAX);
	memset(children, 0, sizeof *children);
	children->options = options;
	struct worker *worker = children->workers;
	for (size_t i = 0; i < options->role_count; i++) {
		const struct supervisor_role *role = &options->roles[i];
		REQUIRE(role->role > WORKER_NONE && role->role < worker_role_words.count);
		REQUIRE(!role->per_line || options->line_open);
		if (role->per_line)
			continue;
		worker->role = role;
		worker->state = WORKER_WAITING;
		worker->start_at_us = now_us;
		(void)snprintf(worker->name, sizeof worker->name, "%s", worker_role_words.words[role->role]);
		worker++;
	}
}

struct worker *children_find(struct children *children, enum worker_role role, uint32_t line)
{
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		struct worker *worker = &children->workers[i];
		if (worker->state != WORKER_ABSENT && worker->role->role == role && worker->line == line)
			return worker;
	}
	return NULL;
}

static bool names_peer(const struct supervisor_role *role, enum worker_role peer)
{
	for (size_t i = 0; i < SUPERVISOR_PEERS_MAX; i++)
		if (role->peers[i] == peer)
			return true;
	return false;
}

bool children_linked(const struct worker *one, const struct worker *other)
{
	return one != other && (names_peer(one->role, other->role->role) || names_peer(other->role, one->role->role));
}

/* ---- the restart rule ---- */

uint32_t children_deaths(const struct worker *worker, uint64_t now_us)
{
	uint64_t minute_us = UINT64_C(1000) * CHILDREN_MINUTE_MS;
	size_t known = worker->death_count < CHILDREN_DEATHS_MAX ? worker->death_count : CHILDREN_DEATHS_MAX;
	uint32_t count = 0;
	for (size_t i = 0; i < known; i++)
		count += worker->deaths_us[i] + minute_us > now_us;
	return count;
}

/* Three deaths a minute restart at once, more within a second. What we ended for our own reasons is no death. */
static void wait_for_start(struct worker *worker, uint64_t now_us)
{
	worker->state = WORKER_WAITING;
	worker->start_at_us = now_us;
	if (worker->our_wish)
		return;
	worker->deaths_us[worker->death_count++ % CHILDREN_DEATHS_MAX] = now_us;
	uint32_t deaths = children_deaths(worker, now_us);
	if (deaths <= SUPERVISOR_DEATHS_FREE)
		return;
	uint64_t wait_ms = CHILDREN_BACK_OFF_MS_FIRST;
	for (uint32_t i = SUPERVISOR_DEATHS_FREE + 1; i < deaths && wait_ms < SUPERVISOR_BACK_OFF_MS_MAX; i++)
		wait_ms *= 2;
	if (wait_ms > SUPERVISOR_BACK_OFF_MS_MAX)
		wait_ms = SUPERVISOR_BACK_OFF_MS_MAX;
	worker->start_at_us += wait_ms * 1000;
}

/* ---- starting ---- */

static struct err make_pair(int ret_ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_ends) != 0)
		return FAIL_ERRNO("socketpair");
	return OK;
}

static struct err execute(struct children *children, struct worker *worker, int link_end)
{
	const struct supervisor_options *options = children->options;
	const struct supervisor_role *role = worker->role;
	const char *arguments[SUPERVISOR_ARGUMENTS_MAX + 2] = {0};
	char line[12];
	size_t argument_count = 0;
	while (role->arguments[argument_count]) {
		REQUIRE(argument_count < SUPERVISOR_ARGUMENTS_MAX);
		arguments[argument_count] = role->arguments[argument_count];
		argument_count++;
	}
	if (role->per_line) {
		(void)snprintf(line, sizeof line, "%u", worker->line);
		arguments[argument_count] = line;
	}
	struct spawn_descriptor descriptors[1 + SUPERVISOR_LISTENERS_MAX] = {{link_end, SUPERVISOR_DESCRIPTOR}};
	size_t descriptor_count = 1;
	for (size_t i = 0; i < options->listener_count; i++) {
		const struct supervisor_listener *listener = &options->listeners[i];
		if (listener->role != role->role)
			continue;
		REQUIRE(listener->number == SUPERVISOR_LISTEN_DESCRIPTOR + (int)descriptor_count - 1);
		descriptors[descriptor_count++] = (struct spawn_descriptor){listener->descriptor, listener->number};
	}
	struct spawn what = {
		.executable = options->executable ? options->executable : "/proc/self/exe",
		.arguments = arguments,
		.uid = role->uid,
		.gid = role->gid,
		.descriptors = descriptors,
		.descriptor_count = descriptor_count,
	};
	return spawn(&what, &worker->pid);
}

/* One fresh pair between two workers. A peer that is dying does not take its end; it will get another when it is
 * back. */
static struct err introduce(struct worker *one, struct worker *other)
{
	int ends[2];
	TRY(make_pair(ends));
	struct supervisor_peer to_one = {other->role->role, other->line};
	struct supervisor_peer to_other = {one->role->role, one->line};
	struct err e = link_send_descriptor(one->control, MESSAGE_SUPERVISOR_PEER, &to_one, ends[0]);
	if (!failed(e))
		e = link_send_descriptor(other->control, MESSAGE_SUPERVISOR_PEER, &to_other, ends[1]);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return e;
}

struct err children_start(struct children *children, struct worker *worker, uint64_t now_us)
{
	REQUIRE(worker->state == WORKER_WAITING);
	worker->our_wish = false;
	worker->why[0] = '\0';
	worker->ready = false;
	worker->said_sandbox = false;
	worker->heard_us = now_us;
	int ends[2];
	struct err e = make_pair(ends);
	if (!failed(e)) {
		e = execute(children, worker, ends[1]);
		(void)close(ends[1]);
		if (failed(e))
			(void)close(ends[0]);
	}
	if (failed(e)) {
		wait_for_start(worker, now_us);
		if (worker->start_at_us == now_us) /* a machine that cannot fork is not helped by trying at once */
			worker->start_at_us += UINT64_C(1000) * CHILDREN_BACK_OFF_MS_FIRST;
		return e;
	}
	worker->control = link_open(ends[0], worker->name);
	worker->state = WORKER_RUNNING;
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		struct worker *peer = &children->workers[i];
		if (peer->state != WORKER_RUNNING || !children_linked(worker, peer))
			continue;
		e = introduce(worker, peer);
		if (failed(e) && e.code != ERR_CLOSED)
			return err_within(e, "%s and %s", worker->name, peer->name);
	}
	return OK;
}

/* ---- ending ---- */

void children_end(struct worker *worker, int signal_number, uint64_t end_by_us, bool our_wish, const char *why)
{
	REQUIRE(worker->state == WORKER_RUNNING || worker->state == WORKER_ENDING);
	worker->state = WORKER_ENDING;
	worker->end_by_us = end_by_us;
	worker->our_wish = our_wish;
	(void)snprintf(worker->why, sizeof worker->why, "%s", why);
	if (signal_number != 0)
		(void)kill(worker->pid, signal_number); /* not reaped yet, so the number is still its own */
}

static void describe(const struct worker *worker, int status, char ret_how[CHILDREN_HOW_SIZE_MAX])
{
	int code = WEXITSTATUS(status);
	if (worker->why[0] != '\0')
		(void)snprintf(ret_how, CHILDREN_HOW_SIZE_MAX, "%s", worker->why);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		(void)snprintf(ret_how, CHILDREN_HOW_SIZE_MAX, "signal %d: left its sandbox", WTERMSIG(status));
	else if (WIFSIGNALED(status))
		(void)snprintf(ret_how, CHILDREN_HOW_SIZE_MAX, "signal %d", WTERMSIG(status));
	else if (code == SPAWN_EXIT_UNPREPARED || code == SPAWN_EXIT_NOT_EXECUTED)
		(void)snprintf(ret_how, CHILDREN_HOW_SIZE_MAX, "exit %d: could not be %s", code,
			       code == SPAWN_EXIT_UNPREPARED ? "prepared" : "executed");
	else
		(void)snprintf(ret_how, CHILDREN_HOW_SIZE_MAX, "exit %d", code);
}

static void apply_lines(struct children *children, uint64_t now_us);

bool children_reap(struct children *children, struct worker *worker, uint64_t now_us,
		   char ret_how[CHILDREN_HOW_SIZE_MAX], int *ret_exit_code)
{
	int status = 0;
	if (worker->state != WORKER_RUNNING && worker->state != WORKER_ENDING)
		return false;
	pid_t reaped;
	do
		reaped = waitpid(worker->pid, &status, WNOHANG);
	while (reaped < 0 && errno == EINTR);
	if (reaped == 0)
		return false;
	ENSURE(reaped == worker->pid);
	describe(worker, status, ret_how);
	*ret_exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	worker->control = link_close(worker->control);
	worker->ready = false;
	if (worker->removed) {
		worker->state = WORKER_ABSENT;
		apply_lines(children, now_us); /* a new line may have waited for the place */
	} else {
		wait_for_start(worker, now_us);
	}
	return true;
}

/* ---- lines ---- */

static const struct children_line *line_of(const struct children *children, uint32_t number)
{
	for (size_t i = 0; i < children->line_count; i++)
		if (children->lines[i].line == number)
			return &children->lines[i];
	return NULL;
}

static void end_for_line(struct worker *worker, uint64_t now_us, bool removed, const char *why)
{
	worker->removed = removed;
	if (worker->state == WORKER_RUNNING)
		children_end(worker, SIGTERM, now_us + UINT64_C(1000) * CHILDREN_LINE_GRACE_MS, true, why);
	else if (worker->state == WORKER_WAITING && removed)
		worker->state = WORKER_ABSENT;
}

static void add_line(struct children *children, const struct supervisor_role *role, const struct children_line *line,
		     uint64_t now_us)
{
	size_t at = 0;
	while (at < SUPERVISOR_WORKERS_MAX && children->workers[at].state != WORKER_ABSENT)
		at++;
	if (at == SUPERVISOR_WORKERS_MAX)
		return; /* those that are being ended fill the table: it is applied again when one is reaped */
	struct worker *worker = &children->workers[at];
	memset(worker, 0, sizeof *worker);
	worker->role = role;
	worker->line = line->line;
	worker->transport = *line;
	worker->state = WORKER_WAITING;
	worker->start_at_us = now_us;
	(void)snprintf(worker->name, sizeof worker->name, "%s/%u", worker_role_words.words[role->role], line->line);
}

static void apply_lines(struct children *children, uint64_t now_us)
{
	const struct supervisor_options *options = children->options;
	for (size_t i = 0; i < SUPERVISOR_WORKERS_MAX; i++) {
		struct worker *worker = &children->workers[i];
		if (worker->state == WORKER_ABSENT || !worker->role->per_line)
			continue;
		const struct children_line *line = line_of(children, worker->line);
		if (!line) {
			end_for_line(worker, now_us, true, "its line was removed");
			continue;
		}
		bool same =
			line->baud == worker->transport.baud && strcmp(line->address, worker->transport.address) == 0;
		worker->removed = false;
		worker->transport = *line;
		if (!same)
			end_for_line(worker, now_us, false, "its line changed");
	}
	for (size_t r = 0; r < options->role_count; r++)
		for (size_t i = 0; options->roles[r].per_line && i < children->line_count; i++)
			if (!children_find(children, options->roles[r].role, children->lines[i].line))
				add_line(children, &options->roles[r], &children->lines[i], now_us);
}

struct err children_set_lines(struct children *children, const struct shape_list *lines, uint64_t now_us)
{
	const struct line_transport *said = lines->at;
	REQUIRE(lines->count <= SUPERVISOR_LINES_MAX);
	for (size_t i = 0; i < lines->count; i++)
		for (size_t k = 0; k < i; k++)
			if (said[i].line == said[k].line)
				return FAIL(ERR_INVALID, "line %u is named twice", said[i].line);
	memset(children->lines, 0, sizeof children->lines);
	children->line_count = lines->count;
	for (size_t i = 0; i < lines->count; i++) {
		struct children_line *line = &children->lines[i];
		line->line = said[i].line;
		line->baud = said[i].baud;
		ENSURE(said[i].address.size <= CHILDREN_ADDRESS_SIZE_MAX);
		if (said[i].address.size > 0)
			memcpy(line->address, said[i].address.at, said[i].address.size);
	}
	apply_lines(children, now_us);
	return OK;
}
