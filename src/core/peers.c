/* core/peers.c - who is connected: workers, and tools on the local socket.
 *
 * A worker's link comes from the supervisor when the worker starts. A link that closes, breaks the table's rules or
 * does not listen is dropped; a dropped worker exits and is started again, so nothing here waits for anybody.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "core/internal.h"

static const char *peer_name(const struct core_peer *peer, char name[32])
{
	if (peer->role == WORKER_NONE)
		(void)snprintf(name, 32, "tool/%u", peer->uid);
	else if (peer->role == WORKER_OSDP)
		(void)snprintf(name, 32, "osdp/%u", peer->line);
	else
		(void)snprintf(name, 32, "%s", worker_role_words.words[peer->role]);
	return name;
}

static struct core_peer *place_take(struct core *core, enum worker_role role, uint32_t line, uint32_t uid)
{
	struct core_peer *place = NULL;
	size_t tools = 0;
	for (size_t i = 0; i < CORE_PEERS_MAX; i++) {
		if (!core->peers[i].link)
			place = place ? place : &core->peers[i];
		else
			tools += core->peers[i].role == WORKER_NONE;
	}
	if (!place || (role == WORKER_NONE && tools >= CORE_TOOLS_MAX))
		return NULL;
	*place = (struct core_peer){.number = ++core->peer_numbers, .role = role, .line = line, .uid = uid};
	return place;
}

static void peer_watch(struct core *core, const struct core_peer *peer)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = peer->number};
	ENSURE(epoll_ctl(core->epoll, EPOLL_CTL_ADD, link_descriptor(peer->link), &event) == 0);
}

struct core_peer *core_peer_adopt(struct core *core, struct link *link, enum worker_role role, uint32_t line)
{
	struct core_peer *peer = place_take(core, role, line, 0);
	if (!peer)
		return NULL;
	peer->link = link;
	peer_watch(core, peer);
	return peer;
}

static struct core_peer *tool_adopt(struct core *core, int descriptor, uint32_t uid)
{
	struct core_peer *peer = place_take(core, WORKER_NONE, 0, uid);
	if (!peer)
		return NULL;
	char name[32];
	peer->link = link_open(descriptor, peer_name(peer, name));
	peer_watch(core, peer);
	return peer;
}

struct core_peer *core_peer_find(struct core *core, enum worker_role role, uint32_t line)
{
	for (size_t i = 0; i < CORE_PEERS_MAX; i++) {
		struct core_peer *peer = &core->peers[i];
		if (peer->link && peer->role == role && peer->line == line)
			return peer;
	}
	return NULL;
}

struct core_peer *core_peer_number(struct core *core, uint64_t number)
{
	for (size_t i = 0; i < CORE_PEERS_MAX; i++)
		if (core->peers[i].link && core->peers[i].number == number)
			return &core->peers[i];
	return NULL;
}

struct err core_peer_drop(struct core *core, struct core_peer *peer, const char *why)
{
	char name[32];
	enum worker_role role = peer->role;
	uint32_t line = peer->line;
	if (role != WORKER_NONE)
		log_warning("dropped=%s why=\"%s\"", peer_name(peer, name), why);
	(void)epoll_ctl(core->epoll, EPOLL_CTL_DEL, link_descriptor(peer->link), NULL);
	link_close(peer->link);
	free(peer->body);
	*peer = (struct core_peer){0};
	for (size_t m = 0; role != WORKER_NONE && m < core->options->module_count; m++) {
		const struct core_module *module = core->options->modules[m];
		if (module->worker)
			TRY(module->worker(core, role, line, false));
	}
	return OK;
}

static void watch(struct core *core, const struct link *link, uint64_t number)
{
	struct epoll_event event = {
		.events = link_wants_write(link) ? EPOLLIN | EPOLLOUT : EPOLLIN,
		.data.u64 = number,
	};
	ENSURE(epoll_ctl(core->epoll, EPOLL_CTL_MOD, link_descriptor(link), &event) == 0);
}

/* Web misses feed lines rather than making core wait, and fetches them again; anybody else who does not listen goes. */
static bool may_be_lost(struct span written)
{
	struct cursor c = cursor_of(written);
	return cursor_u16le(&c) == MESSAGE_FEED_LINES;
}

struct err core_peer_deliver(struct core *core, uint64_t number, struct span written)
{
	struct core_peer *peer = NULL;
	struct link *link = core->supervisor;
	if (number != CORE_PEER_SUPERVISOR) {
		peer = core_peer_number(core, number);
		link = peer ? peer->link : NULL;
	}
	if (!link)
		return OK;
	bool waited = link_wants_write(link);
	struct err e = link_send_written(link, written);
	if (e.code == ERR_FULL && may_be_lost(written))
		return OK;
	if (failed(e))
		return peer ? core_peer_drop(core, peer, err_why()) : e;
	if (link_wants_write(link) != waited)
		watch(core, link, number);
	return OK;
}

struct err core_peer_flush(struct core *core, uint64_t number)
{
	struct core_peer *peer = core_peer_number(core, number);
	struct link *link = number == CORE_PEER_SUPERVISOR ? core->supervisor : peer ? peer->link : NULL;
	if (!link)
		return OK;
	struct err e = link_flush(link);
	if (failed(e))
		return peer ? core_peer_drop(core, peer, err_why()) : e;
	watch(core, link, number);
	return OK;
}

struct err core_tool_accept(struct core *core, int listening)
{
	int descriptor = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (descriptor < 0)
		return OK; /* who knocked has gone again, or we are out of descriptors: neither stops a post */
	struct ucred who;
	socklen_t size = sizeof who;
	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || !tool_adopt(core, descriptor, who.uid))
		(void)close(descriptor);
	return OK;
}
