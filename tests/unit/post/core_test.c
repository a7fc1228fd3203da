/* The same stories through the real writer: a founded ledger, sealed parts, commits, restarts, and fsck. */
#include <sys/socket.h>

#include "core/internal.h"
#include "core/pages.h"
#include "lib/folder.h"
#include "lib/tap.h"
#include "post/file.h"

static const struct core_module *const modules[] = {&core_pages_module, &post_module};
static struct core_options options = {
	.modules = modules,
	.module_count = 2,
	.code = "PSL",
	.version = "test",
	.tool_socket = -1,
};
static struct core *core;
static struct core_peer *tool;
static struct link *far; /* the tool's end */
static struct arena *arena;
static char answer_text[1100 * 1024];
static size_t answer_size;

static void open_core(void)
{
	int ends[2];
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a socketpair");
	core = core_new(&options);
	NEED_OK(core_open(core), "core opens: %s", err_why());
	tool = core_peer_adopt(core, link_open(ends[0], "tool"), WORKER_NONE, 0);
	far = link_open(ends[1], "core");
	NEED(tool, "a tool is there");
}

static void close_core(void)
{
	far = link_close(far);
	tool->link = link_close(tool->link);
	int lock = core->lock, epoll = core->epoll; /* the end of the process would close them */
	core_close(core);
	(void)close(lock);
	(void)close(epoll);
	free(core);
}

static uint32_t route_number(const char *name)
{
	for (size_t i = 0; i < core->route_count; i++)
		if (strcmp(core->routes[i]->route.name, name) == 0)
			return (uint32_t)i;
	NEED(0, "route %s", name);
	return 0;
}

/* Take what core answers, all of its parts, and give the status. */
static uint32_t take_answer(void)
{
	answer_size = 0;
	for (;;) {
		struct message message;
		struct arena *one = arena_new(1024 * 1024);
		bool there = false;
		NEED_OK(link_flush(tool->link), "core sends");
		NEED_OK(link_receive(far, one, &message, &there), "the tool listens");
		NEED(there && message.kind == MESSAGE_ANSWER, "there is an answer");
		const struct answer *answer = message.body;
		memcpy(answer_text + answer_size, answer->body.at, answer->body.size);
		answer_size += answer->body.size;
		answer_text[answer_size] = 0;
		uint32_t status = answer->status;
		bool more = answer->more;
		arena_free(one);
		if (!more)
			return status;
	}
}

/* Ask in parts, as a tool does, within one batch. */
static uint32_t ask(const char *route, const struct shape *shape, const void *body)
{
	enum { ROOM = 4 * 1024 * 1024, PART = 60000 };
	uint8_t *bytes = malloc(ROOM);
	struct sink s = sink_of(bytes, ROOM);
	shape_write_binary(&s, shape, body);
	NEED(!s.failed, "the request fits");
	NEED_OK(core_time_look(core), "the clock is read");
	for (size_t at = 0;; at += PART) {
		size_t size = s.size - at > PART ? PART : s.size - at;
		struct request request = {.call = 7,
					  .route = route_number(route),
					  .more = at + size < s.size,
					  .body = {bytes + at, size}};
		arena_reset(core->arena);
		NEED_OK(core_request_take(core, tool, &request), "core takes it: %s", err_why());
		if (!request.more)
			break;
	}
	free(bytes);
	NEED_OK(core_batch_commit(core), "and commits");
	return take_answer();
}

static void fsck(const char *when)
{
	struct core_rebuilt rebuilt = {0};
	close_core();
	struct err e = core_rebuild(&options, &rebuilt);
	if (!CHECK(!failed(e) && rebuilt.differences == 0 && rebuilt.entries > 0, "fsck finds nothing %s", when))
		printf("# %s\n", failed(e) ? err_why() : rebuilt.first);
	open_core();
}

static bool said(const char *words)
{
	return strstr(answer_text, words) != NULL;
}

int main(void)
{
	struct post_file_options file_options = {0};
	struct post_import import;
	folder_make();
	options.directory = folder_path;
	arena = arena_new(POST_FILE_ARENA_MAX);
	NEED_OK(post_file_read(SOURCE_ROOT "/src/cmd/demo_post/embassy.yaml", &file_options, arena, &import),
		"the file is read");
	open_core();
	CHECK(ask("post_import", &post_import_shape, &import) == 200 && said("\"changed\":0,\"removed\":0"),
	      "the post is imported");
	if (!said("\"seq\":"))
		printf("# %s\n", answer_text);
	uint64_t size = core_ledger_size(core);
	CHECK(size > 80, "into %llu entries", (unsigned long long)size);
	CHECK(ask("post_import", &post_import_shape, &import) == 200 && said("\"seq\":0,\"added\":0"),
	      "again: nothing differs");
	CHECK(core_ledger_size(core) == size, "and nothing is recorded");
	fsck("after an import");
	CHECK(post_door_count(core) == import.doors.count && post_person_by_key(core, SPAN_TEXT("consul")),
	      "it stands after a start");
	size = core_ledger_size(core);
	CHECK(ask("post_import", &post_import_shape, &import) == 200 && core_ledger_size(core) == size,
	      "and is the file still");

	((struct post_import_door *)import.doors.at)[3].strike_device = SPAN_TEXT("nothing");
	CHECK(ask("post_import", &post_import_shape, &import) == 422 && said("strike.device: there is no device"),
	      "a refusal");
	CHECK(core_ledger_size(core) == size, "records nothing");
	((struct post_import_door *)import.doors.at)[3].strike_device = SPAN_TEXT("io-consular");
	((struct post_import_door *)import.doors.at)[3].name = SPAN_TEXT("Visa entrance, west");
	import.people.count--;
	CHECK(ask("post_import", &post_import_shape, &import) == 200 && said("\"changed\":1,\"removed\":1"),
	      "a difference");
	fsck("after a difference");

	uint64_t cook = post_person_by_key(core, SPAN_TEXT("cook"))->is.person;
	struct core_erase_request erase = {.subject = cook, .reason = SPAN_TEXT("asked for")};
	CHECK(ask("core_erase", &core_erase_request_shape, &erase) == 200, "a person is erased");
	CHECK(post_person(core, cook)->erased && post_person(core, cook)->is.name.size == 0, "and has no name");
	fsck("after an erasure");
	CHECK(post_person(core, cook)->erased && post_person(core, cook)->is.name.size == 0, "nor after a start");
	CHECK(ask("post_import", &post_import_shape, &import) == 200 && said("\"added\":1,\"changed\":1"),
	      "in the file, somebody new, and a spouse who is now his");
	CHECK(post_person_by_key(core, SPAN_TEXT("cook"))->is.person != cook, "with an id of his own");
	fsck("after he came again");
	close_core();
	arena_free(arena);
	return tap_finish();
}
