#include "worker/web/frame.h"

#include <openssl/evp.h>

enum {
	WEB_FRAME_FINAL = 0x80,
	WEB_FRAME_RESERVED = 0x70,
	WEB_FRAME_MASKED = 0x80,
	WEB_FRAME_MASK_SIZE = 4,
	WEB_FRAME_KEY_SIZE = 16,
	WEB_FRAME_SHA1_SIZE = 20,
};

static bool is_known(unsigned kind)
{
	return kind <= WEB_FRAME_BINARY || (kind >= WEB_FRAME_CLOSE && kind <= WEB_FRAME_PONG);
}

enum web_frame_state web_frame_read(uint8_t *bytes, size_t size, struct web_frame *ret_frame)
{
	if (size < 2)
		return WEB_FRAME_MORE;
	unsigned kind = bytes[0] & 0x0F;
	unsigned length = bytes[1] & 0x7F;
	bool control = kind >= WEB_FRAME_CLOSE;
	bool final = bytes[0] & WEB_FRAME_FINAL;
	if ((bytes[0] & WEB_FRAME_RESERVED) || !(bytes[1] & WEB_FRAME_MASKED) || !is_known(kind) ||
	    (control && (!final || length > WEB_FRAME_INCOMING_SIZE_MAX)) ||
	    (control && kind == WEB_FRAME_CLOSE && length == 1))
		return WEB_FRAME_BROKEN;
	if (length > WEB_FRAME_INCOMING_SIZE_MAX)
		return WEB_FRAME_TOO_LARGE;
	size_t whole = 2 + WEB_FRAME_MASK_SIZE + length;
	if (size < whole)
		return WEB_FRAME_MORE;
	const uint8_t *mask = bytes + 2;
	uint8_t *payload = bytes + 2 + WEB_FRAME_MASK_SIZE;
	for (size_t i = 0; i < length; i++)
		payload[i] ^= mask[i % WEB_FRAME_MASK_SIZE];
	*ret_frame = (struct web_frame){(enum web_frame_kind)kind, {payload, length}, whole};
	return WEB_FRAME_WHOLE;
}

void web_frame_write_head(struct sink *s, enum web_frame_kind kind, size_t payload_size)
{
	sink_u8(s, (uint8_t)(WEB_FRAME_FINAL | kind));
	if (payload_size < 126) {
		sink_u8(s, (uint8_t)payload_size);
	} else if (payload_size <= UINT16_MAX) {
		sink_u8(s, 126);
		sink_u8(s, (uint8_t)(payload_size >> 8));
		sink_u8(s, (uint8_t)payload_size);
	} else {
		sink_u8(s, 127);
		sink_u64be(s, payload_size);
	}
}

struct err web_frame_accept(struct span key, uint8_t ret_accept[WEB_FRAME_ACCEPT_SIZE])
{
	static const char fixed[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 1.3 */
	uint8_t raw[WEB_FRAME_KEY_SIZE];
	size_t raw_size = 0;
	if (failed(base64_read(key, raw, sizeof raw, &raw_size)) || raw_size != sizeof raw)
		return FAIL(ERR_INVALID, "websocket: the key is not 16 bytes in base64");
	uint8_t joined[24 + sizeof fixed];
	struct sink s = SINK_OF(joined);
	sink_put(&s, key);
	sink_text(&s, fixed);
	ENSURE(!s.failed);
	uint8_t digest[WEB_FRAME_SHA1_SIZE];
	ENSURE(EVP_Digest(s.start, s.size, digest, NULL, EVP_sha1(), NULL) == 1);
	struct sink accept = sink_of(ret_accept, WEB_FRAME_ACCEPT_SIZE);
	sink_base64(&accept, SPAN_OF(digest));
	ENSURE(!accept.failed && accept.size == WEB_FRAME_ACCEPT_SIZE);
	return OK;
}
