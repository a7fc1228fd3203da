#include "worker/web/exchange.h"

#include "base/clock.h"

enum { WEB_ANSWER_HEAD_SIZE_MAX = 4096 };

static uint64_t now_ms(void)
{
	return clock_boot_us() / 1000;
}

/* ---- states ---- */

void web_exchange_enter(struct web_connection *c, enum web_connection_state state)
{
	c->state = state;
	c->since_ms = now_ms();
}

void web_drop(struct web_connection *c)
{
	if (c->state == WEB_DEAD)
		return;
	web_exchange_enter(c, WEB_DEAD);
	c->front->dead_count++;
	web_exchange_want(c);
}

void web_exchange_want(struct web_connection *c)
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

void web_exchange_flush(struct web_connection *c)
{
	if (c->state == WEB_DEAD || c->state == WEB_HANDSHAKE)
		return;
	if (c->waiting > 0 && !web_connection_flush(c, c->front->scratch, now_ms()))
		web_drop(c);
	if (c->state == WEB_LEAVING && c->waiting == 0) {
		web_connection_shut(c);
		web_exchange_enter(c, WEB_LINGERING);
	}
	web_exchange_want(c);
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
		{200, "OK"},
		{201, "Created"},
		{204, "No Content"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{411, "Length Required"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{423, "Locked"},
		{426, "Upgrade Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
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
	web_exchange_enter(c, c->keep_alive ? WEB_READING_HEAD : WEB_LEAVING);
	c->first_request = false;
	web_exchange_flush(c);
	if (!c->working) /* answered later: a further request may wait already */
		web_exchange_work(c);
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
	web_exchange_flush(c);
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
	web_exchange_enter(c, WEB_FRAMES);
	c->heard_ms = c->pinged_ms = c->frames_since_ms = c->since_ms;
	c->frames_count = 0;
	web_exchange_flush(c);
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
	web_exchange_flush(c);
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

void web_exchange_control(struct web_connection *c, enum web_frame_kind kind, struct span payload)
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
	web_exchange_control(c, WEB_FRAME_CLOSE, SPAN_OF(payload));
	if (c->state != WEB_FRAMES)
		return;
	web_exchange_enter(c, WEB_LEAVING);
	web_exchange_flush(c);
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
		web_exchange_control(c, WEB_FRAME_PONG, frame->payload);
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

void web_exchange_refuse(struct web_connection *c, uint32_t status, const char *why)
{
	const struct web_handler *handler = c->front->handler;
	c->keep_alive = false;
	web_exchange_enter(c, WEB_ANSWERING);
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
	struct web_head head = {.body_size = 0};
	struct web_head_refusal refusal = {431, "the request's head is too long"};
	if (size > 0)
		refusal = web_head_read((struct span){c->input, from + size}, &head);
	if (refusal.status == 0 && head.body_size > WEB_BODY_SIZE_MAX)
		refusal = (struct web_head_refusal){413, "the request's body is too long"};
	if (refusal.status != 0) {
		web_exchange_refuse(c, refusal.status, refusal.why);
		return true;
	}
	c->head_size = from + size;
	c->body_size = (size_t)head.body_size;
	web_exchange_enter(c, WEB_READING_BODY);
	if (head.expects_continue && c->input_size < c->head_size + c->body_size) {
		queue_copy(c, SPAN_TEXT("HTTP/1.1 100 Continue\r\n\r\n"));
		web_exchange_flush(c);
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
	web_exchange_enter(c, WEB_ANSWERING);
	const struct web_handler *handler = c->front->handler;
	handler->request(handler->context, c, &head, (struct span){c->input + c->head_size, c->body_size});
	web_connection_used(c, size);
	return true;
}

/* Do with the input what can be done. */
void web_exchange_work(struct web_connection *c)
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
	web_exchange_want(c);
}
