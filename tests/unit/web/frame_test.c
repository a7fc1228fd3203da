/* WebSocket frames: the examples of RFC 6455, and what a console may not send. */
#include "lib/tap.h"
#include "worker/web/frame.h"

static enum web_frame_state read_of(const void *bytes, size_t size, struct web_frame *ret_frame, uint8_t *room)
{
	memcpy(room, bytes, size);
	return web_frame_read(room, size, ret_frame);
}

#define STATE(literal) read_of(literal, sizeof(literal) - 1, &frame, room)

static void test_rfc_examples(void)
{
	struct web_frame frame;
	uint8_t room[512];
	uint8_t accept[WEB_FRAME_ACCEPT_SIZE];
	/* RFC 6455 1.3 */
	NEED_OK(web_frame_accept(SPAN_TEXT("dGhlIHNhbXBsZSBub25jZQ=="), accept), "the key of the RFC");
	CHECK_SPAN(SPAN_OF(accept), SPAN_TEXT("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "its answer");
	/* RFC 6455 5.7 */
	CHECK(STATE("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") == WEB_FRAME_WHOLE, "the masked Hello of the RFC");
	CHECK(frame.kind == WEB_FRAME_TEXT && frame.size == 11, "is a text of 11 bytes in all");
	CHECK_SPAN(frame.payload, SPAN_TEXT("Hello"), "and says Hello");
	CHECK(STATE("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") == WEB_FRAME_WHOLE && frame.kind == WEB_FRAME_PONG,
	      "the masked pong of the RFC");
	uint8_t head[WEB_FRAME_HEAD_SIZE_MAX];
	struct sink s = SINK_OF(head);
	web_frame_write_head(&s, WEB_FRAME_TEXT, 5);
	CHECK_SPAN(sink_span(&s), SPAN_TEXT("\x81\x05"), "a short frame's head");
	s = SINK_OF(head);
	web_frame_write_head(&s, WEB_FRAME_BINARY, 256);
	CHECK_SPAN(sink_span(&s), SPAN_TEXT("\x82\x7e\x01\x00"), "256 bytes");
	s = SINK_OF(head);
	web_frame_write_head(&s, WEB_FRAME_BINARY, 65536);
	CHECK_SPAN(sink_span(&s), SPAN_TEXT("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"), "64 KiB");
}

static void test_refused(void)
{
	struct web_frame frame;
	uint8_t room[512];
	uint8_t accept[WEB_FRAME_ACCEPT_SIZE];
	CHECK(STATE("\x81\x05Hello") == WEB_FRAME_BROKEN, "a client's frame without a mask");
	CHECK(STATE("\xc1\x80....") == WEB_FRAME_BROKEN, "a reserved bit");
	CHECK(STATE("\x83\x80....") == WEB_FRAME_BROKEN, "a reserved kind");
	CHECK(STATE("\x8b\x80....") == WEB_FRAME_BROKEN, "a reserved control kind");
	CHECK(STATE("\x09\x80....") == WEB_FRAME_BROKEN, "a ping in pieces");
	CHECK(STATE("\x89\xfe\x00\x7e....") == WEB_FRAME_BROKEN, "a ping over 125 bytes");
	CHECK(STATE("\x88\x81.....") == WEB_FRAME_BROKEN, "a close of one byte");
	CHECK(STATE("\x81\xfe\x00\x7e") == WEB_FRAME_TOO_LARGE, "a text over 125 bytes");
	CHECK(STATE("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff") == WEB_FRAME_TOO_LARGE, "a binary of all the world");
	CHECK(STATE("\x81") == WEB_FRAME_MORE && STATE("\x81\x85\x37\xfa\x21") == WEB_FRAME_MORE, "half a frame");
	CHECK(STATE("") == WEB_FRAME_MORE, "nothing");
	CHECK_FAILS(web_frame_accept(SPAN_TEXT("short"), accept), ERR_INVALID, "16 bytes", "a key that is none");
	CHECK_FAILS(web_frame_accept(SPAN_TEXT("dGhlIHNhbXBsZSBub25jZQ==AAAA"), accept), ERR_INVALID, "16 bytes",
		    "a key too long");
}

int main(void)
{
	test_rfc_examples();
	test_refused();
	return tap_finish();
}
