#include "worker/web/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { WEB_LOOP_BATCH_MAX = 64 };

struct web_loop {
	int descriptor;
};

struct web_loop *web_loop_new(void)
{
	struct web_loop *loop = calloc(1, sizeof *loop);
	ENSURE(loop);
	loop->descriptor = epoll_create1(EPOLL_CLOEXEC);
	ENSURE(loop->descriptor >= 0);
	return loop;
}

struct web_loop *web_loop_free(struct web_loop *loop)
{
	if (!loop)
		return NULL;
	(void)close(loop->descriptor);
	free(loop);
	return NULL;
}

static struct epoll_event event_of(struct web_loop_source *source)
{
	struct epoll_event event = {.data.ptr = source};
	if (source->wanted & WEB_LOOP_READ)
		event.events |= EPOLLIN;
	if (source->wanted & WEB_LOOP_WRITE)
		event.events |= EPOLLOUT;
	return event;
}

struct err web_loop_add(struct web_loop *loop, struct web_loop_source *source, uint32_t wanted)
{
	REQUIRE(source->descriptor >= 0 && source->ready);
	source->wanted = wanted;
	struct epoll_event event = event_of(source);
	if (epoll_ctl(loop->descriptor, EPOLL_CTL_ADD, source->descriptor, &event) != 0)
		return FAIL_ERRNO("loop: add");
	return OK;
}

void web_loop_want(struct web_loop *loop, struct web_loop_source *source, uint32_t wanted)
{
	if (source->descriptor < 0 || source->wanted == wanted)
		return;
	source->wanted = wanted;
	struct epoll_event event = event_of(source);
	ENSURE(epoll_ctl(loop->descriptor, EPOLL_CTL_MOD, source->descriptor, &event) == 0);
}

void web_loop_remove(struct web_loop *loop, struct web_loop_source *source)
{
	if (source->descriptor < 0)
		return;
	ENSURE(epoll_ctl(loop->descriptor, EPOLL_CTL_DEL, source->descriptor, NULL) == 0);
	source->descriptor = -1;
}

void web_loop_wait(struct web_loop *loop, uint32_t timeout_ms)
{
	struct epoll_event events[WEB_LOOP_BATCH_MAX];
	int count = epoll_wait(loop->descriptor, events, WEB_LOOP_BATCH_MAX, (int)timeout_ms);
	ENSURE(count >= 0 || errno == EINTR);
	for (int i = 0; i < count; i++) {
		struct web_loop_source *source = events[i].data.ptr;
		uint32_t ready = 0;
		if (events[i].events & EPOLLIN)
			ready |= WEB_LOOP_READ;
		if (events[i].events & EPOLLOUT)
			ready |= WEB_LOOP_WRITE;
		if (events[i].events & (EPOLLHUP | EPOLLERR))
			ready |= WEB_LOOP_GONE;
		if (source->descriptor >= 0) /* an earlier one of this batch may have let it go */
			source->ready(source, ready);
	}
}
