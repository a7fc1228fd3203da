/* fuzz/web_json.c - a stranger's JSON body, or address, against every request shape of a table that has one of
 * everything.
 *
 * The first byte chooses the shape (bits 0 and 1) and whether the rest is an address (bit 7) or a body.
 * What must hold: no crash; what is taken keeps every bound and comes through the binary form as it was; what is
 * refused says so with a status of 400 and words that are plain text.
 */
#include "worker/web/decode.h"
#include "worker/web/front.h"

#define SHAPE_TABLE "unit/web/test_routes.def"
#include "base/shape_structs.h"
#define SHAPE_TABLE "unit/web/test_routes.def"
#include "base/shape_tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct shape *const shapes[] = {&test_everything_shape, &test_item_shape, &route_object_shape,
					     &route_nothing_shape};

static void check_taken(const struct shape *shape, const void *value, struct arena *arena)
{
	static uint8_t written[512 * 1024];
	static uint8_t again_written[512 * 1024];
	struct sink s = SINK_OF(written);
	ENSURE(!failed(shape_validate(shape, value)));
	shape_write_binary(&s, shape, value);
	ENSURE(!s.failed);
	struct arena *other = arena_new(2 * WEB_REQUEST_ARENA_SIZE);
	void *again = arena_take(other, shape->size);
	struct cursor c = cursor_of(sink_span(&s));
	ENSURE(!failed(shape_read_binary(&c, shape, other, again)) && !failed(cursor_finish(&c, "again")));
	struct sink t = SINK_OF(again_written);
	shape_write_binary(&t, shape, again);
	ENSURE(span_equal(sink_span(&s), sink_span(&t)));
	other = arena_free(other);
	(void)arena;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena *arena;
	static bool started;
	if (!started) {
		web_decode_start();
		arena = arena_new(WEB_REQUEST_ARENA_SIZE);
		started = true;
	}
	if (size == 0 || size > WEB_BODY_SIZE_MAX)
		return 0;
	const struct shape *shape = shapes[data[0] & 3];
	bool is_address = data[0] & 0x80;
	struct span given = {data + 1, size - 1};
	struct span none = {0};
	struct web_match match = {.route = 0};
	struct web_refusal refusal = {0};
	arena_reset(arena);
	void *value = arena_take(arena, shape->size);
	if (web_decode(shape, &match, is_address ? given : none, is_address ? none : given, arena, value, &refusal)) {
		check_taken(shape, value, arena);
	} else {
		ENSURE(refusal.status == 400 && refusal.error);
		/* A cut in the middle of a character is the one thing that span_is_text would not like: names are
		 * short.
		 */
		ENSURE(span_is_text(span_of_string(refusal.field), false));
		ENSURE(span_is_text(span_of_string(refusal.message), false));
	}
	return 0;
}
