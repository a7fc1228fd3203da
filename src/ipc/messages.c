#include "ipc/link.h"

#define SHAPE_TABLE "ipc/messages.def"
#include "base/shape_tables.h"

struct message_row {
	const char *name;
	const struct shape *shape;
};

static const struct message_row message_rows[MESSAGE_KIND_COUNT] = {
#define MESSAGE(upper, name) [MESSAGE_##upper] = {#name, &name##_shape},
#include "ipc/kinds.def"
#undef MESSAGE
};

const char *message_name(enum message_kind kind)
{
	if (kind <= MESSAGE_NONE || kind >= MESSAGE_KIND_COUNT)
		return "none";
	return message_rows[kind].name;
}

const struct shape *message_shape(enum message_kind kind)
{
	REQUIRE(kind > MESSAGE_NONE && kind < MESSAGE_KIND_COUNT);
	return message_rows[kind].shape;
}

bool message_brings_descriptor(enum message_kind kind)
{
	return kind == MESSAGE_SUPERVISOR_PEER || kind == MESSAGE_LINE_OPENED;
}

struct err message_write(enum message_kind kind, const void *body, struct sink *s)
{
	const struct shape *shape = message_shape(kind);
	TRY(err_within(shape_validate(shape, body), "%s", message_name(kind)));
	sink_u16le(s, (uint16_t)kind);
	shape_write_binary(s, shape, body);
	return sink_finish(s, message_name(kind));
}

static struct err read_body(struct cursor *c, enum message_kind kind, struct arena *arena, const void **ret_body)
{
	const struct shape *shape = message_shape(kind);
	if (!arena_has_room(arena, shape->size))
		return FAIL(ERR_TOO_LARGE, "no room in the arena");
	void *body = arena_take(arena, shape->size);
	TRY(shape_read_binary(c, shape, arena, body));
	TRY(cursor_finish(c, shape->name));
	*ret_body = body;
	return OK;
}

struct err message_read(struct span bytes, struct arena *arena, struct message *ret_message)
{
	struct cursor c = cursor_of(bytes);
	uint16_t number = cursor_u16le(&c);
	if (c.failed || number <= MESSAGE_NONE || number >= MESSAGE_KIND_COUNT)
		return FAIL(ERR_INVALID, "message: kind %u does not exist", number);
	struct message message = {.kind = (enum message_kind)number, .descriptor = -1};
	/* Over a bound or ending early: to a receiver it is the same, a peer that does not keep to the table. */
	if (failed(read_body(&c, message.kind, arena, &message.body)))
		return FAIL(ERR_INVALID, "message %s: %s", message_name(message.kind), err_why());
	*ret_message = message;
	return OK;
}
