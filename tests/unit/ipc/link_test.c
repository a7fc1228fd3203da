/* Messages between processes: what goes in comes out, in order, and nothing that breaks a bound gets through. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/link.h"
#include "lib/tap.h"

enum { TEST_ARENA_SIZE = 1024 * 1024, TEST_ROUNDS = 30 };

static uint64_t random_state;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* ---- random values, by the tables ---- */

static void *random_value(const struct shape *shape, struct arena *arena);

static struct span random_bytes(const struct shape_field *field, struct arena *arena)
{
	size_t size = random_u64() % 4 == 0 ? field->max : random_u64() % (field->max < 40 ? field->max + 1 : 40);
	uint8_t *bytes = arena_take(arena, size + 1);
	bool text = field->kind == SHAPE_KIND_TEXT || field->kind == SHAPE_KIND_PROSE;
	for (size_t i = 0; i < size; i++)
		bytes[i] = text ? (uint8_t)(' ' + random_u64() % 95) : (uint8_t)random_u64();
	return (struct span){bytes, size};
}

static void random_field(const struct shape_field *field, struct arena *arena, uint8_t *value)
{
	void *at = value + field->offset;
	struct shape_list list = {0};
	switch (field->kind) {
	case SHAPE_KIND_BOOL:
		*(bool *)at = random_u64() % 2;
		break;
	case SHAPE_KIND_U32:
		*(uint32_t *)at = (uint32_t)random_u64();
		break;
	case SHAPE_KIND_ENUM:
		*(unsigned *)at = (unsigned)(random_u64() % field->values->count);
		break;
	case SHAPE_KIND_TEXT:
	case SHAPE_KIND_PROSE:
	case SHAPE_KIND_BYTES:
	case SHAPE_KIND_SECRET:
		*(struct span *)at = random_bytes(field, arena);
		break;
	case SHAPE_KIND_LIST:
		list.count = random_u64() % 4 == 0 ? field->max : random_u64() % 5;
		uint8_t *items = arena_take(arena, list.count * field->of->size + 1);
		for (size_t i = 0; i < list.count; i++)
			memcpy(items + i * field->of->size, random_value(field->of, arena), field->of->size);
		list.at = items;
		*(struct shape_list *)at = list;
		break;
	default:
		*(uint64_t *)at = random_u64() & SHAPE_NUMBER_MAX;
	}
}

static void *random_value(const struct shape *shape, struct arena *arena)
{
	uint8_t *value = arena_take(arena, shape->size);
	for (size_t i = 0; i < shape->field_count; i++)
		random_field(&shape->fields[i], arena, value);
	return value;
}

/* ---- helpers ---- */

struct two {
	struct link *a;
	struct link *b;
	int raw; /* a's descriptor, to send what link_send would not */
};

static struct two two_open(void)
{
	int ends[2];
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "a socketpair");
	return (struct two){link_open(ends[0], "core"), link_open(ends[1], "osdp/2"), ends[0]};
}

static void two_close(struct two *two)
{
	two->a = link_close(two->a);
	two->b = link_close(two->b);
}

static size_t open_descriptors(void)
{
	size_t count = 0;
	for (int descriptor = 0; descriptor < 256; descriptor++)
		count += fcntl(descriptor, F_GETFD) >= 0;
	return count;
}

static size_t size_max(const struct shape *shape)
{
	size_t size = 0;
	for (size_t i = 0; i < shape->field_count; i++) {
		const struct shape_field *field = &shape->fields[i];
		switch (field->kind) {
		case SHAPE_KIND_BOOL:
			size += 1;
			break;
		case SHAPE_KIND_U32:
		case SHAPE_KIND_ENUM:
			size += 4;
			break;
		case SHAPE_KIND_LIST:
			size += 4 + field->max * size_max(field->of);
			break;
		case SHAPE_KIND_IDS:
			size += 4 + field->max * sizeof(uint64_t);
			break;
		case SHAPE_KIND_U64:
		case SHAPE_KIND_ID:
		case SHAPE_KIND_TIME:
			size += 8;
			break;
		default:
			size += 4 + field->max;
		}
	}
	return size;
}

static struct supervisor_alive alive(uint32_t count)
{
	return (struct supervisor_alive){count};
}

/* ---- tests ---- */

static void test_table(void)
{
	for (int kind = MESSAGE_NONE + 1; kind < MESSAGE_KIND_COUNT; kind++) {
		const char *name = message_name((enum message_kind)kind);
		const struct shape *shape = message_shape((enum message_kind)kind);
		CHECK(strcmp(name, shape->name) == 0 && size_max(shape) + 2 <= LINK_MESSAGE_SIZE_MAX,
		      "%s: at its largest, it fits one datagram", name);
	}
	CHECK(MESSAGE_SUPERVISOR_LINES == 1 && MESSAGE_PASSWORD_HASHED == 40, "kinds keep their numbers");
	CHECK(strcmp(message_name((enum message_kind)4711), "none") == 0, "an unknown kind has a name for the log");
}

static void test_round_trip(struct arena *arena, struct arena *received)
{
	static uint8_t before[LINK_MESSAGE_SIZE_MAX];
	static uint8_t after[LINK_MESSAGE_SIZE_MAX];
	struct two two = two_open();
	for (int kind = MESSAGE_NONE + 1; kind < MESSAGE_KIND_COUNT; kind++) {
		bool good = true;
		for (int round = 0; round < TEST_ROUNDS && good; round++) {
			arena_reset(arena);
			arena_reset(received);
			struct sink b = SINK_OF(before);
			struct sink a = SINK_OF(after);
			struct message message = {0};
			bool there = false;
			const void *body = random_value(message_shape((enum message_kind)kind), arena);
			good = !failed(message_write((enum message_kind)kind, body, &b)) &&
			       !failed(link_send(two.a, (enum message_kind)kind, body)) &&
			       !failed(link_receive(two.b, received, &message, &there)) && there &&
			       (int)message.kind == kind && message.descriptor == -1 &&
			       !failed(message_write(message.kind, message.body, &a)) &&
			       span_equal(sink_span(&a), sink_span(&b));
		}
		CHECK(good, "%s: %d random values come out as they went in", message_name((enum message_kind)kind),
		      TEST_ROUNDS);
	}
	two_close(&two);
}

static void test_fields(struct arena *arena)
{
	struct two two = two_open();
	struct message message = {0};
	bool there = true;
	CHECK(!failed(link_receive(two.b, arena, &message, &there)) && !there, "an empty link has no message");
	struct osdp_card card = {
		.device = 41,
		.reader = 1,
		.format = 2,
		.bit_count = 26,
		.bits = SPAN_TEXT("\x12\x34\x56\x40"),
		.received_boot_us = 123456789,
		.secure = true,
	};
	NEED_OK(link_send(two.a, MESSAGE_OSDP_CARD, &card), "a card read is sent");
	NEED(!failed(link_receive(two.b, arena, &message, &there)) && there, "and received");
	const struct osdp_card *got = message.body;
	CHECK(message.kind == MESSAGE_OSDP_CARD && got->device == 41 && got->reader == 1 && got->format == 2 &&
		      got->bit_count == 26 && got->received_boot_us == 123456789 && got->secure,
	      "every field is in its place");
	CHECK_SPAN(got->bits, card.bits, "and the card's bits");
	struct link *long_name = link_open(dup(0), "a name of more than thirty-two bytes, for the log");
	CHECK(strcmp(link_name(long_name), "a name of more than thirty-two b") == 0, "a link's name is bounded");
	CHECK(link_close(long_name) == NULL && link_close(NULL) == NULL, "closing gives NULL, also of NULL");
	two_close(&two);
}

static void test_queue(struct arena *arena)
{
	struct two two = two_open();
	struct supervisor_alive said = alive(0);
	uint32_t sent = 0;
	CHECK(!link_wants_write(two.a), "a new link has nothing to write");
	struct err e = OK;
	while (sent < 100000) {
		said.count = sent;
		e = link_send(two.a, MESSAGE_SUPERVISOR_ALIVE, &said);
		if (failed(e))
			break;
		sent++;
	}
	CHECK(e.code == ERR_FULL, "a peer that does not read: the queue is full after %u messages", sent);
	CHECK(sent > LINK_QUEUE_MAX, "no sooner than its bound");
	CHECK(link_wants_write(two.a), "and wants to write");
	uint32_t received = 0;
	bool in_order = true;
	bool there = true;
	struct message message;
	while (there) {
		arena_reset(arena);
		NEED_OK(link_flush(two.a), "flush");
		NEED_OK(link_receive(two.b, arena, &message, &there), "receive");
		if (there)
			in_order &= ((const struct supervisor_alive *)message.body)->count == received++;
	}
	CHECK(received == sent && in_order, "what was accepted arrives whole and in order, what was refused does not");
	CHECK(!link_wants_write(two.a), "then nothing waits");

	static uint8_t big[60000];
	struct answer answer = {.call = 1, .body = SPAN_OF(big)};
	size_t count = 0;
	while (!failed(link_send(two.a, MESSAGE_ANSWER, &answer)))
		count++;
	CHECK(count >= LINK_QUEUE_BYTES_MAX / 60100 - 1 && count < LINK_QUEUE_BYTES_MAX / 60000 + 16,
	      "large messages fill it by their bytes: %zu", count);
	two_close(&two);
}

static void raw_send(const struct two *two, struct span bytes)
{
	NEED(send(two->raw, bytes.at, bytes.size, 0) == (ssize_t)bytes.size, "raw bytes are sent");
}

static void test_malformed(struct arena *arena)
{
	static uint8_t bytes[LINK_MESSAGE_SIZE_MAX + 4096];
	struct two two = two_open();
	struct message message;
	bool there;
	struct supervisor_worker worker = {WORKER_OSDP, 2, 77, true, false, SPAN_TEXT("signal 9"), 1};
	struct sink s = SINK_OF(bytes);
	NEED_OK(message_write(MESSAGE_SUPERVISOR_WORKER, &worker, &s), "a message is written");
	bool all = true;
	for (size_t size = 0; size < s.size; size++)
		all &= message_read((struct span){bytes, size}, arena, &message).code == ERR_INVALID;
	CHECK(all, "cut anywhere, a message is malformed");
	CHECK_FAILS(message_read((struct span){bytes, s.size + 1}, arena, &message), ERR_INVALID, "left over",
		    "so is one with a byte more");
	raw_send(&two, (struct span){bytes, s.size - 1});
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_INVALID, "osdp/2", "the link says which");

	static const uint8_t unknown[] = {0x67, 0x45, 0};
	raw_send(&two, SPAN_OF(unknown));
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_INVALID, "kind 17767", "an unknown kind");
	static const uint8_t none[] = {0, 0};
	raw_send(&two, SPAN_OF(none));
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_INVALID, "kind 0", "kind zero");

	/* role 99; then a line's address of 201 bytes; then a control character in a text */
	struct sink enums = SINK_OF(bytes);
	sink_u16le(&enums, MESSAGE_SUPERVISOR_PEER);
	sink_u32le(&enums, 99);
	sink_u32le(&enums, 0);
	raw_send(&two, sink_span(&enums));
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_INVALID, "role", "an enum beyond its words");
	struct sink over = SINK_OF(bytes);
	sink_u16le(&over, MESSAGE_OSDP_LINE_STATE);
	sink_u32le(&over, 1);
	sink_u8(&over, 1);
	sink_u32le(&over, 201);
	over.size += 201;
	raw_send(&two, sink_span(&over));
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_INVALID, "at most 200", "a text over its bound");
	struct sink control = SINK_OF(bytes);
	sink_u16le(&control, MESSAGE_OSDP_LINE_STATE);
	sink_u32le(&control, 1);
	sink_u8(&control, 1);
	sink_u32le(&control, 1);
	sink_u8(&control, '\n');
	raw_send(&two, sink_span(&control));
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_INVALID, "plain text", "a newline in a text");
	struct sink list = SINK_OF(bytes);
	sink_u16le(&list, MESSAGE_SUPERVISOR_LINES);
	sink_u32le(&list, 0xFFFFFFFF);
	raw_send(&two, sink_span(&list));
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_INVALID, "at most 32", "a list over its bound");
	raw_send(&two, (struct span){bytes, LINK_MESSAGE_SIZE_MAX + 1});
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_INVALID, "larger", "a datagram over the bound");
	two_close(&two);

	struct arena *tiny = arena_new(48);
	NEED_OK(message_write(MESSAGE_SUPERVISOR_WORKER, &worker, &(struct sink){bytes, 0, sizeof bytes, false}),
		"again");
	CHECK_FAILS(message_read((struct span){bytes, s.size}, tiny, &message), ERR_INVALID, "",
		    "no room in the arena");
	arena_free(tiny);
}

static void test_peer_gone(struct arena *arena)
{
	struct two two = two_open();
	struct supervisor_alive said = alive(7);
	struct message message;
	bool there = false;
	/* The worst way: it sent something, and dies with something unread. */
	NEED_OK(link_send(two.a, MESSAGE_SUPERVISOR_ALIVE, &said), "one says something");
	NEED_OK(link_send(two.b, MESSAGE_SUPERVISOR_ALIVE, &said), "so does the other");
	two.a = link_close(two.a);
	CHECK(!failed(link_receive(two.b, arena, &message, &there)) && there &&
		      ((const struct supervisor_alive *)message.body)->count == 7,
	      "last words are heard after the death");
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_CLOSED, "gone", "then the peer has gone");
	CHECK_FAILS(link_send(two.b, MESSAGE_SUPERVISOR_ALIVE, &said), ERR_CLOSED, "osdp/2", "and cannot be told");
	CHECK_FAILS(link_wait(two.b, arena, 1000, &message), ERR_CLOSED, "gone", "nor waited for");
	two_close(&two);
}

static void test_descriptors(struct arena *arena)
{
	size_t before = open_descriptors();
	struct two two = two_open();
	struct message message;
	bool there = false;
	int pipe_ends[2];
	NEED(pipe(pipe_ends) == 0, "a pipe");
	struct supervisor_peer peer = {WORKER_CORE, 0};
	CHECK_OK(link_send_descriptor(two.a, MESSAGE_SUPERVISOR_PEER, &peer, pipe_ends[1]), "a descriptor is sent");
	NEED(!failed(link_receive(two.b, arena, &message, &there)) && there && message.descriptor >= 0, "and received");
	char byte = 0;
	CHECK(write(message.descriptor, "x", 1) == 1 && read(pipe_ends[0], &byte, 1) == 1 && byte == 'x', "it works");
	CHECK(fcntl(message.descriptor, F_GETFD) == FD_CLOEXEC, "and is closed on exec");
	close(message.descriptor);

	struct supervisor_alive said = alive(0);
	while (!link_wants_write(two.a))
		NEED_OK(link_send(two.a, MESSAGE_SUPERVISOR_ALIVE, &said), "the socket fills");
	CHECK_OK(link_send_descriptor(two.a, MESSAGE_SUPERVISOR_PEER, &peer, pipe_ends[1]), "a descriptor is queued");
	CHECK_OK(link_send_descriptor(two.a, MESSAGE_SUPERVISOR_PEER, &peer, pipe_ends[1]), "and another");
	close(pipe_ends[1]);
	do {
		arena_reset(arena);
		NEED_OK(link_receive(two.b, arena, &message, &there), "drain");
		NEED_OK(link_flush(two.a), "flush");
	} while (there && message.kind != MESSAGE_SUPERVISOR_PEER);
	CHECK(there && message.descriptor >= 0 && write(message.descriptor, "y", 1) == 1,
	      "it arrives though the sender has closed its own");
	close(message.descriptor);
	two_close(&two); /* the second is still in the socket */
	close(pipe_ends[0]);
	CHECK(open_descriptors() == before, "no descriptor is left behind");
}

static void send_with_descriptors(int to, struct span bytes, const int *descriptors, size_t count)
{
	union {
		struct cmsghdr header;
		uint8_t bytes[CMSG_SPACE(sizeof(int) * 4)];
	} control = {0};
	struct iovec part = {(void *)(uintptr_t)bytes.at, bytes.size};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = CMSG_SPACE(sizeof(int) * count)};
	control.header = (struct cmsghdr){CMSG_LEN(sizeof(int) * count), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), descriptors, sizeof(int) * count);
	NEED(sendmsg(to, &header, 0) == (ssize_t)bytes.size, "a raw message with %zu descriptors", count);
}

static void test_unwanted_descriptors(struct arena *arena)
{
	size_t before = open_descriptors();
	struct two two = two_open();
	uint8_t bytes[100];
	int standard[4] = {0, 1, 2, 1};
	struct message message;
	bool there;
	struct supervisor_alive said = alive(1);
	struct supervisor_peer peer = {WORKER_CORE, 0};
	struct sink s = SINK_OF(bytes);
	NEED_OK(message_write(MESSAGE_SUPERVISOR_ALIVE, &said, &s), "written");
	send_with_descriptors(two.raw, sink_span(&s), standard, 1);
	CHECK_FAILS(link_receive(two.b, arena, &message, &there), ERR_INVALID, "brought a descriptor",
		    "a kind that brings no descriptor, with one");
	s = SINK_OF(bytes);
	NEED_OK(message_write(MESSAGE_SUPERVISOR_PEER, &peer, &s), "written");
	for (size_t count = 2; count <= 4; count++) {
		send_with_descriptors(two.raw, sink_span(&s), standard, count);
		CHECK(link_receive(two.b, arena, &message, &there).code == ERR_INVALID, "%zu descriptors at once",
		      count);
	}
	send_with_descriptors(two.raw, (struct span){bytes, 1}, standard, 1);
	CHECK(link_receive(two.b, arena, &message, &there).code == ERR_INVALID, "a malformed message with one");
	two_close(&two);
	CHECK(open_descriptors() == before, "none of them stays open");
}

static void test_wait(struct arena *arena)
{
	struct two two = two_open();
	struct message message;
	struct supervisor_alive said = alive(3);
	CHECK_FAILS(link_wait(two.b, arena, 20, &message), ERR_BUSY, "20 ms", "waiting has an end");
	NEED_OK(link_send(two.a, MESSAGE_SUPERVISOR_ALIVE, &said), "sent");
	CHECK(!failed(link_wait(two.b, arena, 1000, &message)) && message.kind == MESSAGE_SUPERVISOR_ALIVE,
	      "what is there comes at once");
	two_close(&two);
}

int main(int count, char **arguments)
{
	uint64_t seed = count > 1 ? strtoull(arguments[1], NULL, 0) : (uint64_t)getpid() * UINT64_C(2654435761) + 1;
	random_state = seed;
	printf("# seed %llu\n", (unsigned long long)seed);
	struct arena *arena = arena_new(TEST_ARENA_SIZE);
	struct arena *received = arena_new(TEST_ARENA_SIZE);
	test_table();
	test_round_trip(arena, received);
	test_fields(arena);
	test_queue(arena);
	test_malformed(arena);
	test_peer_gone(arena);
	test_descriptors(arena);
	test_unwanted_descriptors(arena);
	test_wait(arena);
	arena_free(arena);
	arena_free(received);
	return tap_finish();
}
