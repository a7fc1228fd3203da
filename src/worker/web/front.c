#include "worker/web/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/web/connection.h"

enum {
	WEB_ACCEPTS_A_TURN_MAX = 16,
	WEB_READS_A_TURN_MAX = 4, /* so that one busy peer does not hold up the others */
	WEB_ACCEPT_PAUSE_MS = 500,
	WEB_ANSWER_HEAD_SIZE_MAX = 4096,
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

struct web_front {
	struct web_loop *loop;
	const struct web_handler *handler;
	struct web_front_limits limits;
	SSL_CTX *tls;
	struct web_loop_source listener;
	uint64_t paused_until_ms;
	struct web_connection *first;
	struct web_front_counts counts;
	uint8_t scratch[WEB_RECORD_SIZE_MAX];
};

static void work(struct web_connection *c);

static uint64_t now_ms(void)
{
	return clock_boot_us() / 1000;
}

/* ---- states ---- */

static void enter(struct web_connection *c, enum web_connection_state state)
{
	c->state = state;
	c->since_ms = now_ms();
}

void web_drop(struct web_connection *c)
{
	if (c->state != WEB_DEAD)
		enter(c, WEB_DEAD);
}

static void want(struct web_connection *c)
{
	uint32_t wanted = 0;
	if (c->state == WEB_DEAD)
		wanted = 0;
	else if (c->state >= WEB_LEAVING || c->input_size < WEB_INPUT_SIZE_MAX)
		wanted |= WEB_LOOP_READ;
	if (c->waiting > 0 || c->wants_write_to_read)
		wanted |= WEB_LOOP_WRITE;
	web_loop_want(c->front->loop, &c->source, c->state == WEB_DEAD ? 0 : wanted);
}

static void flush(struct web_connection *c)
{
	if (c->state == WEB_DEAD || c->state == WEB_HANDSHAKE)
		return;
	if (c->waiting > 0 && !web_connection_flush(c, c->front->scratch, now_ms()))
		web_drop(c);
	if (c->state == WEB_LEAVING && c->waiting == 0) {
		web_connection_shut(c);
		enter(c, WEB_LINGERING);
	}
	want(c);
}

static void queue(struct web_connection *c, struct web_bytes *bytes)
{
	if (c->state == WEB_DEAD)
		return;
	if (c->waiting == 0)
		c->progress_ms = now_ms();
	web_connection_queue(c, bytes);
	if (c->waiting > WEB_ANSWER_WAITING_MAX)
		web_drop(c);
}

static void queue_copy(struct web_connection *c, struct span bytes)
{
	struct web_bytes *copy = web_bytes_copy(bytes);
	queue(c, copy);
	(void)web_bytes_free(copy);
}

/* ---- answering ---- */

static const char *phrase_of(uint32_t status)
{
	static const struct {
		uint32_t status;
		const char *phrase;
	} phrases[] = {
		{200, "OK"}, {201, "Created"}, {204, "No Content"}, {304, "Not Modified"}, {400, "Bad Request"},
		{401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
		{408, "Request Timeout"}, {409, "Conflict"}, {411, "Length Required"}, {413, "Content Too Large"},
		{414, "URI Too Long"}, {415, "Unsupported Media Type"}, {417, "Expectation Failed"},
		{421, "Misdirected Request"}, {422, "Unprocessable Content"}, {423, "Locked"}, {426, "Upgrade Required"},
		{429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
		{501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};
	for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Other";
}

static bool has_body(uint32_t status)
{
	return status >= 200 && status != 204 && status != 304;
}

static void queue_head(struct web_connection *c, uint32_t status, struct span fields, bool has_length, size_t length)
{
	uint8_t room[WEB_ANSWER_HEAD_SIZE_MAX];
	struct sink s = SINK_OF(room);
	sink_printf(&s, "HTTP/1.1 %u %s\r\n", status, phrase_of(status));
	sink_put(&s, fields);
	if (has_length && has_body(status))
		sink_printf(&s, "Content-Length: %zu\r\n", length);
	else if (!has_length && c->chunks)
		sink_text(&s, "Transfer-Encoding: chunked\r\n");
	sink_text(&s, c->keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
	ENSURE(!s.failed);
	queue_copy(c, sink_span(&s));
	wipe(room, s.size);
}

/* The answer is whole: go on to the next request, or end. */
static void finish(struct web_connection *c)
{
	if (c->state == WEB_DEAD)
		return;
	enter(c, c->keep_alive ? WEB_READING_HEAD : WEB_LEAVING);
	c->first_request = false;
	flush(c);
	if (!c->working) /* answered later: a further request may wait already */
		work(c);
}

static void check_answering(const struct web_connection *c)
{
	REQUIRE(c->state == WEB_ANSWERING || c->state == WEB_DEAD);
}

void web_answer_bytes(struct web_connection *c, uint32_t status, struct span fields, struct web_bytes *body)
{
	check_answering(c);
	queue_head(c, status, fields, true, body->size);
	if (!c->head_only && has_body(status))
		queue(c, body);
	finish(c);
}

void web_answer(struct web_connection *c, uint32_t status, struct span fields, struct span body)
{
	struct web_bytes *bytes = web_bytes_copy(body);
	web_answer_bytes(c, status, fields, bytes);
	(void)web_bytes_free(bytes);
}

void web_answer_begin(struct web_connection *c, uint32_t status, struct span fields)
{
	check_answering(c);
	if (!c->chunks)
		c->keep_alive = false; /* only the end of the connection says where the answer ends */
	queue_head(c, status, fields, false, 0);
	c->in_parts = true;
}

void web_answer_part(struct web_connection *c, struct span part)
{
	check_answering(c);
	if (part.size == 0 || c->head_only || c->state == WEB_DEAD)
		return;
	uint8_t line[24];
	struct sink s = SINK_OF(line);
	sink_printf(&s, "%zx\r\n", part.size);
	if (c->chunks)
		queue_copy(c, sink_span(&s));
	queue_copy(c, part);
	if (c->chunks)
		queue_copy(c, SPAN_TEXT("\r\n"));
	flush(c);
}

void web_answer_end(struct web_connection *c)
{
	check_answering(c);
	if (c->chunks && !c->head_only)
		queue_copy(c, SPAN_TEXT("0\r\n\r\n"));
	c->in_parts = false;
	finish(c);
}

struct err web_answer_upgrade(struct web_connection *c, const struct web_head *head)
{
	uint8_t accept[WEB_FRAME_ACCEPT_SIZE];
	check_answering(c);
	if (!head->upgrades || head->method != WEB_HEAD_METHOD_GET || head->body_size > 0 ||
	    !span_is(web_head_value(head, "sec-websocket-version"), "13"))
		return FAIL(ERR_INVALID, "websocket: not a version 13 handshake");
	TRY(web_frame_accept(web_head_value(head, "sec-websocket-key"), accept));
	uint8_t room[256];
	struct sink s = SINK_OF(room);
	sink_text(&s, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		      "Sec-WebSocket-Accept: ");
	sink_put(&s, SPAN_OF(accept));
	sink_text(&s, "\r\n\r\n");
	ENSURE(!s.failed);
	queue_copy(c, sink_span(&s));
	if (c->state == WEB_DEAD)
		return OK;
	enter(c, WEB_FRAMES);
	c->heard_ms = c->pinged_ms = c->frames_since_ms = c->since_ms;
	c->frames_count = 0;
	flush(c);
	return OK;
}

/* ---- frames ---- */

static struct web_bytes *frame_new(enum web_frame_kind kind, struct span payload)
{
	uint8_t head[WEB_FRAME_HEAD_SIZE_MAX];
	struct sink s = SINK_OF(head);
	web_frame_write_head(&s, kind, payload.size);
	struct web_bytes *frame = web_bytes_new(s.size + payload.size);
	memcpy(frame->own, head, s.size);
	if (payload.size > 0)
		memcpy(frame->own + s.size, payload.at, payload.size);
	return frame;
}

struct web_bytes *web_frame_of(struct span payload)
{
	return frame_new(WEB_FRAME_TEXT, payload);
}

void web_send(struct web_connection *c, struct web_bytes *frame)
{
	if (c->state != WEB_FRAMES)
		return;
	queue(c, frame);
	flush(c);
}

size_t web_waiting(const struct web_connection *c)
{
	return c->waiting;
}

void web_send_mark(struct web_connection *c, size_t mark)
{
	c->mark = mark;
	c->has_mark = true;
}

static void send_control(struct web_connection *c, enum web_frame_kind kind, struct span payload)
{
	struct web_bytes *frame = frame_new(kind, payload);
	web_send(c, frame);
	(void)web_bytes_free(frame);
}

void web_leave(struct web_connection *c, enum web_frame_close code)
{
	if (c->state != WEB_FRAMES)
		return;
	uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
	send_control(c, WEB_FRAME_CLOSE, SPAN_OF(payload));
	if (c->state != WEB_FRAMES)
		return;
	enter(c, WEB_LEAVING);
	flush(c);
}

static void take_frame(struct web_connection *c, const struct web_frame *frame)
{
	uint64_t now = now_ms();
	c->heard_ms = now;
	if (now - c->frames_since_ms >= 1000) {
		c->frames_since_ms = now;
		c->frames_count = 0;
	}
	if (++c->frames_count > WEB_FRAMES_PER_SECOND_MAX || frame->kind == WEB_FRAME_TEXT ||
	    frame->kind == WEB_FRAME_BINARY || frame->kind == WEB_FRAME_CONTINUATION)
		web_leave(c, WEB_FRAME_CLOSE_UNACCEPTABLE);
	else if (frame->kind == WEB_FRAME_PING && c->waiting < WEB_RECORD_SIZE_MAX)
		send_control(c, WEB_FRAME_PONG, frame->payload);
	else if (frame->kind == WEB_FRAME_CLOSE)
		web_leave(c, WEB_FRAME_CLOSE_NORMAL);
}

/* gives   false when no whole frame is there. */
static bool work_frames(struct web_connection *c)
{
	struct web_frame frame;
	switch (web_frame_read(c->input, c->input_size, &frame)) {
	case WEB_FRAME_MORE:
		return false;
	case WEB_FRAME_WHOLE:
		take_frame(c, &frame);
		web_connection_used(c, frame.size);
		return true;
	case WEB_FRAME_TOO_LARGE:
		web_leave(c, WEB_FRAME_CLOSE_TOO_LARGE);
		return false;
	case WEB_FRAME_BROKEN:
	default:
		web_leave(c, WEB_FRAME_CLOSE_PROTOCOL);
		return false;
	}
}

/* ---- requests ---- */

static void refuse(struct web_connection *c, uint32_t status, const char *why)
{
	const struct web_handler *handler = c->front->handler;
	c->keep_alive = false;
	enter(c, WEB_ANSWERING);
	handler->malformed(handler->context, c, status, why);
	web_connection_used(c, c->input_size);
}

static bool work_head(struct web_connection *c)
{
	if (c->input_size == 0)
		return false;
	if (c->scanned == 0)
		c->since_ms = now_ms();
	size_t from = c->scanned > 3 ? c->scanned - 3 : 0;
	size_t size = web_head_size((struct span){c->input + from, c->input_size - from});
	c->scanned = c->input_size;
	if (size == 0 && c->input_size <= WEB_HEAD_SIZE_MAX)
		return false;
	c->scanned = 0;
	struct web_head head;
	struct web_head_refusal refusal = {431, "the request's head is too long"};
	if (size > 0)
		refusal = web_head_read((struct span){c->input, from + size}, &head);
	if (refusal.status == 0 && head.body_size > WEB_BODY_SIZE_MAX)
		refusal = (struct web_head_refusal){413, "the request's body is too long"};
	if (refusal.status != 0) {
		refuse(c, refusal.status, refusal.why);
		return true;
	}
	c->head_size = from + size;
	c->body_size = (size_t)head.body_size;
	enter(c, WEB_READING_BODY);
	if (head.expects_continue && c->input_size < c->head_size + c->body_size) {
		queue_copy(c, SPAN_TEXT("HTTP/1.1 100 Continue\r\n\r\n"));
		flush(c);
	}
	return true;
}

static bool work_body(struct web_connection *c)
{
	size_t size = c->head_size + c->body_size;
	if (c->input_size < size)
		return false;
	struct web_head head;
	ENSURE(web_head_read((struct span){c->input, c->head_size}, &head).status == 0);
	c->keep_alive = head.keep_alive;
	c->chunks = head.chunks;
	c->head_only = head.method == WEB_HEAD_METHOD_HEAD;
	enter(c, WEB_ANSWERING);
	const struct web_handler *handler = c->front->handler;
	handler->request(handler->context, c, &head, (struct span){c->input + c->head_size, c->body_size});
	web_connection_used(c, size);
	return true;
}

/* Do with the input what can be done. */
static void work(struct web_connection *c)
{
	bool more = true;
	c->working = true;
	while (more) {
		switch (c->state) {
		case WEB_READING_HEAD:
			more = work_head(c);
			break;
		case WEB_READING_BODY:
			more = work_body(c);
			break;
		case WEB_FRAMES:
			more = work_frames(c);
			break;
		default:
			more = false;
		}
	}
	c->working = false;
	want(c);
}

/* ---- events ---- */

static void shake_hands(struct web_connection *c)
{
	int done = web_connection_handshake(c);
	if (done < 0) {
		c->front->counts.failed_handshakes++;
		web_drop(c);
	} else if (done > 0) {
		enter(c, WEB_READING_HEAD);
	}
	want(c);
}

static void read_more(struct web_connection *c)
{
	for (int turn = 0; turn < WEB_READS_A_TURN_MAX && c->state != WEB_DEAD; turn++) {
		enum web_read result = web_connection_read(c, c->front->scratch);
		if (result == WEB_READ_END)
			web_drop(c);
		else if (result == WEB_READ_SOME)
			work(c);
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
		flush(c);
		tell_drained(c);
	}
	if ((events & WEB_LOOP_READ) || c->wants_write_to_read)
		read_more(c);
	else if (events & WEB_LOOP_GONE)
		web_drop(c);
	want(c);
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

static struct err connection_new(struct web_front *front, int descriptor, const struct sockaddr_storage *from, bool plain)
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
	enter(c, plain ? WEB_READING_HEAD : WEB_HANDSHAKE);
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
		int descriptor = accept4(source->descriptor, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
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
		/* Halfway through a request an answer says why; between requests, or to one who does not read, none does. */
		if (!stalled && (c->state == WEB_READING_HEAD || c->state == WEB_READING_BODY) && c->input_size > 0)
			refuse(c, 408, "the request came too slowly");
		else
			web_drop(c);
		return;
	}
	if (c->state == WEB_FRAMES && now - c->pinged_ms >= limits->ping_ms) {
		c->pinged_ms = now;
		send_control(c, WEB_FRAME_PING, (struct span){0});
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

void web_front_tick(struct web_front *front, uint64_t now)
{
	for (struct web_connection *c = front->first; c; c = c->next)
		tick_connection(c, now);
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
	if (front->paused_until_ms > 0 && now >= front->paused_until_ms) {
		front->paused_until_ms = 0;
		web_loop_want(front->loop, &front->listener, WEB_LOOP_READ);
	}
}

/* ---- the front itself ---- */

struct err web_front_new(struct web_loop *loop, const struct web_handler *handler, const struct web_front_limits *limits,
			 struct ssl_ctx_st *tls, int listener, struct web_front **ret_front)
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
