#include "ipc/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	LINK_NAME_SIZE_MAX = 32,
	LINK_DESCRIPTORS_MAX = 1,  /* of one message */
	LINK_RECEIVE_ATTEMPTS = 4, /* interrupted, or told of a reset in front of what is still to be read */
};

/* A message that the socket did not take yet. */
struct queued {
	struct queued *next;
	size_t size;
	int descriptor; /* our own duplicate, or -1 */
	uint8_t bytes[];
};

struct link {
	int descriptor;
	char name[LINK_NAME_SIZE_MAX + 1];
	struct queued *first;
	struct queued **last_next;
	size_t queued_count;
	size_t queued_size;
	uint8_t buffer
		[LINK_MESSAGE_SIZE_MAX]; /* one message on its way out or in; wiped after each, for it may hold keys */
};

/* Room for one descriptor beside a message, aligned as the kernel wants it. */
union control {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(sizeof(int) * LINK_DESCRIPTORS_MAX)];
};

struct link *link_open(int descriptor, const char *name)
{
	REQUIRE(descriptor >= 0 && name);
	int flags = fcntl(descriptor, F_GETFL);
	REQUIRE(flags >= 0);
	ENSURE(fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0);
	struct link *link =
		malloc(sizeof *link); /* not calloc: pages of the buffer that no message reaches stay unused */
	ENSURE(link);
	link->descriptor = descriptor;
	memset(link->name, 0, sizeof link->name);
	memcpy(link->name, name, strnlen(name, LINK_NAME_SIZE_MAX));
	link->first = NULL;
	link->last_next = &link->first;
	link->queued_count = 0;
	link->queued_size = 0;
	return link;
}

static void queue_drop_first(struct link *link)
{
	struct queued *item = link->first;
	link->first = item->next;
	if (!link->first)
		link->last_next = &link->first;
	link->queued_count--;
	link->queued_size -= item->size;
	if (item->descriptor >= 0)
		(void)close(item->descriptor);
	wipe(item->bytes, item->size);
	free(item);
}

struct link *link_close(struct link *link)
{
	if (!link)
		return NULL;
	while (link->first)
		queue_drop_first(link);
	(void)close(link->descriptor);
	free(link);
	return NULL;
}

int link_descriptor(const struct link *link)
{
	return link->descriptor;
}

const char *link_name(const struct link *link)
{
	return link->name;
}

bool link_wants_write(const struct link *link)
{
	return link->first != NULL;
}

/* ---- sending ---- */

/* Hand one datagram to the socket.
 *
 * gives   in ret_sent, false when the socket is full for now.
 */
static struct err send_one(struct link *link, struct span bytes, int descriptor, bool *ret_sent)
{
	union control control;
	struct iovec part = {.iov_base = (void *)(uintptr_t)bytes.at, .iov_len = bytes.size};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	if (descriptor >= 0) {
		memset(&control, 0, sizeof control);
		header.msg_control = &control;
		header.msg_controllen = sizeof control;
		struct cmsghdr *at = CMSG_FIRSTHDR(&header);
		at->cmsg_level = SOL_SOCKET;
		at->cmsg_type = SCM_RIGHTS;
		at->cmsg_len = CMSG_LEN(sizeof descriptor);
		memcpy(CMSG_DATA(at), &descriptor, sizeof descriptor);
	}
	ssize_t sent;
	do
		sent = sendmsg(link->descriptor, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)) {
		*ret_sent = false;
		return OK;
	}
	if (sent < 0)
		return FAIL_ERRNO("link %s: send", link->name);
	ENSURE((size_t)sent == bytes.size); /* a datagram goes whole or not at all */
	*ret_sent = true;
	return OK;
}

struct err link_flush(struct link *link)
{
	while (link->first) {
		bool sent = false;
		TRY(send_one(link, (struct span){link->first->bytes, link->first->size}, link->first->descriptor,
			     &sent));
		if (!sent)
			return OK;
		queue_drop_first(link);
	}
	return OK;
}

static struct err queue_add(struct link *link, struct span bytes, int descriptor)
{
	if (link->queued_count == LINK_QUEUE_MAX || bytes.size > LINK_QUEUE_BYTES_MAX - link->queued_size)
		return FAIL(ERR_FULL, "link %s: %zu messages of %zu bytes wait already", link->name, link->queued_count,
			    link->queued_size);
	int kept = -1;
	if (descriptor >= 0) {
		kept = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
		if (kept < 0)
			return FAIL_ERRNO("link %s: duplicate a descriptor", link->name);
	}
	struct queued *item = malloc(sizeof *item + bytes.size);
	ENSURE(item);
	item->next = NULL;
	item->size = bytes.size;
	item->descriptor = kept;
	memcpy(item->bytes, bytes.at, bytes.size);
	*link->last_next = item;
	link->last_next = &item->next;
	link->queued_count++;
	link->queued_size += bytes.size;
	return OK;
}

/* What waits goes first. With nothing waiting, a message costs one sendmsg and no copy. */
static struct err send_or_queue(struct link *link, struct span bytes, int descriptor)
{
	bool sent = false;
	TRY(link_flush(link));
	if (!link->first)
		TRY(send_one(link, bytes, descriptor, &sent));
	return sent ? OK : queue_add(link, bytes, descriptor);
}

static struct err encode_and_send(struct link *link, enum message_kind kind, const void *body, int descriptor)
{
	struct sink s = sink_of(link->buffer, sizeof link->buffer);
	REQUIRE(!failed(message_write(kind, body, &s)));
	struct err e = send_or_queue(link, sink_span(&s), descriptor);
	wipe(link->buffer, s.size);
	return e;
}

struct err link_send(struct link *link, enum message_kind kind, const void *body)
{
	return encode_and_send(link, kind, body, -1);
}

struct err link_send_written(struct link *link, struct span written)
{
	REQUIRE(written.size <= LINK_MESSAGE_SIZE_MAX);
	return send_or_queue(link, written, -1);
}

struct err link_send_descriptor(struct link *link, enum message_kind kind, const void *body, int descriptor)
{
	REQUIRE(descriptor >= 0 && message_brings_descriptor(kind));
	return encode_and_send(link, kind, body, descriptor);
}

/* ---- receiving ---- */

/* Take the descriptors out of a datagram's control part.
 *
 * gives   how many came; the first in ret_descriptor, the others closed at once, for a message has one at most.
 */
static size_t take_descriptors(struct msghdr *header, int *ret_descriptor)
{
	size_t count = 0;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t offset = 0; offset + sizeof(int) <= at->cmsg_len - CMSG_LEN(0); offset += sizeof(int)) {
			int descriptor;
			memcpy(&descriptor, CMSG_DATA(at) + offset, sizeof descriptor);
			if (count++ == 0)
				*ret_descriptor = descriptor;
			else
				(void)close(descriptor);
		}
	}
	return count;
}

/* One datagram into the buffer.
 *
 * gives   its size, or 0 when none is there.
 */
static struct err receive_bytes(struct link *link, size_t *ret_size, int *ret_descriptor)
{
	union control control;
	struct iovec part = {.iov_base = link->buffer, .iov_len = sizeof link->buffer};
	struct msghdr header = {0};
	ssize_t size = -1;
	for (int attempt = 0; size < 0 && attempt < LINK_RECEIVE_ATTEMPTS; attempt++) {
		header = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
		header.msg_control = &control;
		header.msg_controllen = sizeof control;
		size = recvmsg(link->descriptor, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		/* A peer that died with something unread resets the link; what it had sent before is still there. */
		if (size < 0 && errno != EINTR && errno != ECONNRESET)
			break;
	}
	*ret_size = 0;
	if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return OK;
	if (size < 0)
		return FAIL_ERRNO("link %s: receive", link->name);
	size_t count = take_descriptors(&header, ret_descriptor);
	if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || count > LINK_DESCRIPTORS_MAX)
		return FAIL(ERR_INVALID, "link %s: a message larger than any may be", link->name);
	if (size == 0)
		return FAIL(ERR_CLOSED, "link %s: the peer has gone", link->name);
	*ret_size = (size_t)size;
	return OK;
}

struct err link_receive(struct link *link, struct arena *arena, struct message *ret_message, bool *ret_there)
{
	size_t size = 0;
	int descriptor = -1;
	struct message message = {.kind = MESSAGE_NONE};
	struct err e = receive_bytes(link, &size, &descriptor);
	if (!failed(e) && size > 0)
		e = err_within(message_read((struct span){link->buffer, size}, arena, &message), "link %s", link->name);
	wipe(link->buffer, failed(e) ? sizeof link->buffer : size);
	if (!failed(e) && descriptor >= 0 && !message_brings_descriptor(message.kind))
		e = FAIL(ERR_INVALID, "link %s: message %s brought a descriptor", link->name,
			 message_name(message.kind));
	if (failed(e)) {
		if (descriptor >= 0)
			(void)close(descriptor);
		return e;
	}
	message.descriptor = descriptor;
	*ret_there = size > 0;
	if (size > 0)
		*ret_message = message;
	return OK;
}

struct err link_wait(struct link *link, struct arena *arena, uint32_t timeout_ms, struct message *ret_message)
{
	uint64_t until_us = clock_boot_us() + (uint64_t)timeout_ms * 1000;
	for (;;) {
		bool there = false;
		TRY(link_flush(link));
		TRY(link_receive(link, arena, ret_message, &there));
		if (there)
			return OK;
		uint64_t now_us = clock_boot_us();
		if (now_us >= until_us)
			return FAIL(ERR_BUSY, "link %s: no message within %u ms", link->name, timeout_ms);
		struct pollfd ready = {.fd = link->descriptor, .events = POLLIN};
		if (link_wants_write(link))
			ready.events |= POLLOUT;
		uint64_t left_ms = (until_us - now_us + 999) / 1000;
		if (poll(&ready, 1, (int)(left_ms < INT32_MAX ? left_ms : INT32_MAX)) < 0 && errno != EINTR)
			return FAIL_ERRNO("link %s: poll", link->name);
	}
}
