#include "worker/web/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/web/exchange.h"

enum {
	WEB_ACCEPTS_A_TURN_MAX = 16,
	WEB_READS_A_TURN_MAX = 4, /* so that one busy peer does not hold up the others */
	WEB_ACCEPT_PAUSE_MS = 500,
	WEB_LOOK_EVERY_MS = 50, /* for time-outs */
};

const struct web_front_limits web_front_limits_usual = {
	.connections_max = 900, /* below the worker's limit of descriptors */
	.connections_per_address_max = 256,
	.handshake_ms = 5000,
	.head_ms = 10000,
	.body_ms = 20000,
	.idle_ms = 60000,
	.stall_ms = 20000,
	.linger_ms = 2000,
	.ping_ms = 10000,
	.silence_ms = 30000,
};

static uint64_t now_ms(void)
{
	return clock_boot_us() / 1000;
}

/* ---- events ---- */

static void shake_hands(struct web_connection *c)
{
	int done = web_connection_handshake(c);
	if (done < 0) {
		c->front->counts.failed_handshakes++;
		web_drop(c);
	} else if (done > 0) {
		web_exchange_enter(c, WEB_READING_HEAD);
	}
	web_exchange_want(c);
}

static void read_more(struct web_connection *c)
{
	for (int turn = 0; turn < WEB_READS_A_TURN_MAX && c->state != WEB_DEAD; turn++) {
		enum web_read result = web_connection_read(c, c->front->scratch);
		if (result == WEB_READ_END)
			web_drop(c);
		else if (result == WEB_READ_SOME)
			web_exchange_work(c);
		if (result != WEB_READ_SOME)
			break;
	}
}

static void tell_drained(struct web_connection *c)
{
	const struct web_handler *handler = c->front->handler;
	if (c->state != WEB_FRAMES || !c->has_mark || c->waiting > c->mark)
		return;
	c->has_mark = false;
	handler->drained(handler->context, c);
}

static void connection_ready(struct web_loop_source *source, uint32_t events)
{
	struct web_connection *c = (struct web_connection *)source;
	if (c->state == WEB_DEAD)
		return;
	if (c->state == WEB_HANDSHAKE) {
		shake_hands(c);
		if (c->state != WEB_READING_HEAD)
			return;
	}
	if (events & WEB_LOOP_WRITE) {
		web_exchange_flush(c);
		tell_drained(c);
	}
	if ((events & WEB_LOOP_READ) || c->wants_write_to_read)
		read_more(c);
	else if (events & WEB_LOOP_GONE)
		web_drop(c);
	web_exchange_want(c);
}

/* ---- who comes ---- */

static void read_address(const struct sockaddr_storage *from, struct web_connection *c)
{
	const struct sockaddr_in6 *six = (const void *)from;
	const struct sockaddr_in *four = (const void *)from;
	struct in_addr mapped;
	if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		memcpy(&mapped, six->sin6_addr.s6_addr + 12, sizeof mapped);
	} else if (from->ss_family == AF_INET) {
		mapped = four->sin_addr;
	} else if (from->ss_family == AF_INET6) {
		memcpy(c->address.bytes, six->sin6_addr.s6_addr, 8);
		ENSURE(inet_ntop(AF_INET6, &six->sin6_addr, c->from, sizeof c->from));
		return;
	} else {
		memcpy(c->from, "local", sizeof "local");
		return;
	}
	c->address.bytes[10] = c->address.bytes[11] = 0xFF;
	memcpy(c->address.bytes + 12, &mapped, sizeof mapped);
	ENSURE(inet_ntop(AF_INET, &mapped, c->from, sizeof c->from));
}

static uint32_t count_address(const struct web_front *front, const struct web_address *address)
{
	uint32_t count = 0;
	for (const struct web_connection *c = front->first; c; c = c->next)
		count += memcmp(&c->address, address, sizeof *address) == 0;
	return count;
}

/* A place is wanted and none is left: whoever has been idle longest between requests gives his. */
static bool make_room(struct web_front *front)
{
	struct web_connection *oldest = NULL;
	for (struct web_connection *c = front->first; c; c = c->next)
		if (c->state == WEB_READING_HEAD && c->input_size == 0 && c->waiting == 0 &&
		    (!oldest || c->since_ms < oldest->since_ms))
			oldest = c;
	if (oldest)
		web_drop(oldest);
	return oldest != NULL;
}

static bool may_come(struct web_front *front, const struct web_address *address)
{
	const struct web_handler *handler = front->handler;
	if (front->counts.open >= front->limits.connections_max && !make_room(front))
		return false;
	return count_address(front, address) < front->limits.connections_per_address_max &&
	       handler->accept(handler->context, address);
}

static struct err connection_new(struct web_front *front, int descriptor, const struct sockaddr_storage *from,
				 bool plain)
{
	struct web_connection *c = calloc(1, sizeof *c);
	ENSURE(c);
	c->front = front;
	c->last_next = &c->first;
	c->first_request = true;
	c->source = (struct web_loop_source){.descriptor = descriptor, .ready = connection_ready};
	read_address(from, c);
	struct err e = OK;
	if (!plain && !may_come(front, &c->address))
		e = FAIL(ERR_BUSY, "turned away");
	if (!failed(e) && !plain) {
		c->ssl = SSL_new(front->tls);
		ENSURE(c->ssl && SSL_set_fd(c->ssl, descriptor) == 1);
		SSL_set_accept_state(c->ssl);
	}
	if (!failed(e))
		e = web_loop_add(front->loop, &c->source, WEB_LOOP_READ);
	if (failed(e)) {
		web_connection_close(c);
		free(c);
		return e;
	}
	web_exchange_enter(c, plain ? WEB_READING_HEAD : WEB_HANDSHAKE);
	c->next = front->first;
	front->first = c;
	front->counts.open++;
	front->counts.accepted++;
	return OK;
}

static void listener_ready(struct web_loop_source *source, uint32_t events)
{
	struct web_front *front = (struct web_front *)((char *)source - offsetof(struct web_front, listener));
	(void)events;
	for (int turn = 0; turn < WEB_ACCEPTS_A_TURN_MAX; turn++) {
		struct sockaddr_storage from = {0};
		socklen_t size = sizeof from;
		int descriptor =
			accept4(source->descriptor, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (descriptor < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
			front->paused_until_ms = now_ms() + WEB_ACCEPT_PAUSE_MS;
			web_loop_want(front->loop, source, 0);
		}
		if (descriptor < 0)
			return; /* none left, or one that gave up before we took it */
		if (failed(connection_new(front, descriptor, &from, false))) {
			front->counts.turned_away++;
			(void)close(descriptor);
		}
	}
}

/* ---- time ---- */

static bool is_late(const struct web_connection *c, uint64_t now)
{
	const struct web_front_limits *limits = &c->front->limits;
	uint64_t age = now - c->since_ms;
	switch (c->state) {
	case WEB_HANDSHAKE:
		return age > limits->handshake_ms;
	case WEB_READING_HEAD:
		if (c->input_size > 0 || c->first_request)
			return age > limits->head_ms;
		return c->waiting == 0 && age > limits->idle_ms;
	case WEB_READING_BODY:
		return age > limits->body_ms;
	case WEB_FRAMES:
		return now - c->heard_ms > limits->silence_ms;
	case WEB_LINGERING:
		return age > limits->linger_ms;
	default:
		return false;
	}
}

static void tick_connection(struct web_connection *c, uint64_t now)
{
	const struct web_front_limits *limits = &c->front->limits;
	if (c->state == WEB_DEAD)
		return;
	bool stalled = c->waiting > 0 && c->state != WEB_HANDSHAKE && now > c->progress_ms + limits->stall_ms;
	if (stalled || is_late(c, now)) {
		c->front->counts.timed_out += c->state != WEB_LINGERING;
		/* Halfway through a request an answer says why; between requests, or to one who does not read, none
		 * does.
		 */
		if (!stalled && (c->state == WEB_READING_HEAD || c->state == WEB_READING_BODY) && c->input_size > 0)
			web_exchange_refuse(c, 408, "the request came too slowly");
		else
			web_drop(c);
		return;
	}
	if (c->state == WEB_FRAMES && now - c->pinged_ms >= limits->ping_ms) {
		c->pinged_ms = now;
		web_exchange_control(c, WEB_FRAME_PING, (struct span){0});
	}
}

static void bury(struct web_front *front, struct web_connection *c)
{
	const struct web_handler *handler = front->handler;
	int descriptor = c->source.descriptor;
	void *user = c->user;
	c->user = NULL;
	if (user)
		handler->gone(handler->context, c, user);
	web_loop_remove(front->loop, &c->source);
	web_connection_close(c);
	(void)close(descriptor);
	free(c);
	front->counts.open--;
}

static void bury_dead(struct web_front *front)
{
	struct web_connection **link = &front->first;
	while (*link) {
		struct web_connection *c = *link;
		if (c->state == WEB_DEAD) {
			*link = c->next;
			bury(front, c);
		} else {
			link = &c->next;
		}
	}
	front->dead_count = 0;
}

void web_front_tick(struct web_front *front, uint64_t now)
{
	if (now >= front->looked_ms + WEB_LOOK_EVERY_MS) {
		front->looked_ms = now;
		for (struct web_connection *c = front->first; c; c = c->next)
			tick_connection(c, now);
	}
	if (front->dead_count > 0)
		bury_dead(front);
	if (front->paused_until_ms > 0 && now >= front->paused_until_ms) {
		front->paused_until_ms = 0;
		web_loop_want(front->loop, &front->listener, WEB_LOOP_READ);
	}
}

/* ---- the front itself ---- */

struct err web_front_new(struct web_loop *loop, const struct web_handler *handler,
			 const struct web_front_limits *limits, struct ssl_ctx_st *tls, int listener,
			 struct web_front **ret_front)
{
	REQUIRE(tls || listener < 0);
	struct web_front *front = calloc(1, sizeof *front);
	ENSURE(front);
	front->loop = loop;
	front->handler = handler;
	front->limits = *limits;
	front->tls = tls;
	front->listener = (struct web_loop_source){.descriptor = listener, .ready = listener_ready};
	struct err e = listener >= 0 ? web_loop_add(loop, &front->listener, WEB_LOOP_READ) : OK;
	if (failed(e)) {
		free(front);
		return e;
	}
	*ret_front = front;
	return OK;
}

struct web_front *web_front_free(struct web_front *front)
{
	if (!front)
		return NULL;
	for (struct web_connection *c = front->first; c; c = c->next)
		web_drop(c);
	web_front_tick(front, now_ms());
	web_loop_remove(front->loop, &front->listener);
	free(front);
	return NULL;
}

struct err web_front_adopt(struct web_front *front, int descriptor)
{
	struct sockaddr_storage nowhere = {.ss_family = AF_UNIX};
	return connection_new(front, descriptor, &nowhere, true);
}

struct web_front_counts web_front_counts(const struct web_front *front)
{
	return front->counts;
}

struct span web_connection_from(const struct web_connection *c)
{
	return span_of_string(c->from);
}

const struct web_address *web_connection_address(const struct web_connection *c)
{
	return &c->address;
}

void *web_connection_user(const struct web_connection *c)
{
	return c->user;
}

void web_connection_set_user(struct web_connection *c, void *user)
{
	c->user = user;
}
