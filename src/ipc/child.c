#include "ipc/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { CHILD_NAME_SIZE_MAX = 24 };

struct child {
	enum worker_role role;
	uint32_t line;
	char name[CHILD_NAME_SIZE_MAX];
	struct link *link;
	uint64_t said_alive_us;
	uint32_t alive_count;
	int stop_descriptor;
};

static void write_name(char name[CHILD_NAME_SIZE_MAX], enum worker_role role, uint32_t line)
{
	const char *word = worker_role_words.words[role];
	if (role == WORKER_OSDP)
		(void)snprintf(name, CHILD_NAME_SIZE_MAX, "%s/%u", word, line);
	else
		(void)snprintf(name, CHILD_NAME_SIZE_MAX, "%s", word);
}

struct err child_start(enum worker_role role, uint32_t line, struct child **ret_child)
{
	int type = 0;
	socklen_t size = sizeof type;
	if (getsockopt(SUPERVISOR_DESCRIPTOR, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
		return FAIL(ERR_INVALID, "a worker is started by its supervisor, not by hand");
	if (fcntl(SUPERVISOR_DESCRIPTOR, F_SETFD, FD_CLOEXEC) != 0)
		return FAIL_ERRNO("link to the supervisor");
	struct child *child = calloc(1, sizeof *child);
	ENSURE(child);
	child->role = role;
	child->line = line;
	child->stop_descriptor = -1;
	write_name(child->name, role, line);
	child->link = link_open(SUPERVISOR_DESCRIPTOR, "supervisor");
	*ret_child = child;
	return OK;
}

struct child *child_free(struct child *child)
{
	if (!child)
		return NULL;
	child->link = link_close(child->link);
	if (child->stop_descriptor >= 0)
		(void)close(child->stop_descriptor);
	free(child);
	return NULL;
}

const char *child_name(const struct child *child)
{
	return child->name;
}

struct link *child_link(struct child *child)
{
	return child->link;
}

struct err child_receive(struct child *child, struct arena *arena, struct message *ret_message, bool *ret_there)
{
	return link_receive(child->link, arena, ret_message, ret_there);
}

struct err child_peer(const struct message *message, struct child_peer *ret_peer)
{
	REQUIRE(message->kind == MESSAGE_SUPERVISOR_PEER);
	const struct supervisor_peer *said = message->body;
	if (message->descriptor < 0)
		return FAIL(ERR_INVALID, "a peer without a descriptor");
	char name[CHILD_NAME_SIZE_MAX];
	write_name(name, said->role, said->line);
	*ret_peer = (struct child_peer){said->role, said->line, link_open(message->descriptor, name)};
	return OK;
}

static struct err next_peer(struct child *child, struct arena *arena, uint64_t until_us, struct child_peer *ret_peer)
{
	for (;;) {
		struct message message;
		uint64_t now_us = clock_boot_us();
		TRY(child_alive(child, now_us));
		struct err e = link_wait(child->link, arena, CHILD_ALIVE_EVERY_MS, &message);
		if (e.code == ERR_BUSY && now_us < until_us)
			continue;
		TRY(e);
		if (message.kind == MESSAGE_SUPERVISOR_PEER)
			return child_peer(&message, ret_peer);
		if (message.descriptor >= 0)
			(void)close(message.descriptor);
		return FAIL(ERR_INVALID, "message %s before the peers", message_name(message.kind));
	}
}

struct err child_peers_wait(struct child *child, struct arena *arena, const enum worker_role *roles, size_t count,
			    struct link **ret_links)
{
	REQUIRE(count <= SUPERVISOR_PEERS_MAX);
	struct link *links[SUPERVISOR_PEERS_MAX] = {0};
	uint64_t until_us = clock_boot_us() + UINT64_C(1000) * CHILD_PEERS_WAIT_MS;
	size_t missing = count;
	struct err e = OK;
	while (missing > 0 && !failed(e)) {
		struct child_peer peer = {0};
		e = next_peer(child, arena, until_us, &peer);
		size_t at = 0;
		while (at < count && roles[at] != peer.role)
			at++;
		if (failed(e) || at == count) {
			e = failed(e) ? e : FAIL(ERR_INVALID, "unexpected peer %s", link_name(peer.link));
			peer.link = link_close(peer.link);
			break;
		}
		missing -= links[at] == NULL;
		(void)link_close(links[at]); /* it was restarted while we waited for the others */
		links[at] = peer.link;
	}
	for (size_t i = 0; failed(e) && i < count; i++)
		links[i] = link_close(links[i]);
	if (!failed(e))
		memcpy(ret_links, links, count * sizeof *links);
	return e;
}

struct err child_sandbox(struct child *child, const struct sandbox_report *report)
{
	struct supervisor_sandbox said = {child->role, child->line, span_of_string(report->missing)};
	return link_send(child->link, MESSAGE_SUPERVISOR_SANDBOX, &said);
}

struct err child_ready(struct child *child)
{
	struct supervisor_ready ready = {0};
	return link_send(child->link, MESSAGE_SUPERVISOR_READY, &ready);
}

struct err child_alive(struct child *child, uint64_t now_boot_us)
{
	if (child->alive_count > 0 && now_boot_us < child->said_alive_us + UINT64_C(1000) * CHILD_ALIVE_EVERY_MS)
		return OK;
	struct supervisor_alive alive = {++child->alive_count};
	child->said_alive_us = now_boot_us;
	return link_send(child->link, MESSAGE_SUPERVISOR_ALIVE, &alive);
}

int child_hold_stop(struct child *child)
{
	REQUIRE(child->stop_descriptor < 0);
	sigset_t held;
	ENSURE(sigemptyset(&held) == 0 && sigaddset(&held, SIGTERM) == 0 && sigaddset(&held, SIGINT) == 0);
	ENSURE(sigprocmask(SIG_BLOCK, &held, NULL) == 0);
	child->stop_descriptor = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	ENSURE(child->stop_descriptor >= 0);
	return child->stop_descriptor;
}
