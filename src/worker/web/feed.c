#include "worker/web/feed.h"

#include <stdlib.h>

#include "base/clock.h"
#include "worker/web/web.h"

enum {
	FEED_CHECKPOINT_SIZE_MAX = 2000,
	FEED_FRAME_SIZE_MAX = 256 * 1024, /* 52,000 bytes, each escaped by one more, and commas and quotes */
	FEED_CONTROL_SIZE_MAX = 8 * 1024,
};

struct kept_line {
	uint64_t seq;
	size_t at; /* in the ring's bytes, which a line may run around */
	size_t size;
};

struct web_feed {
	struct web_console *first;
	struct web_feed_counts counts;

	bool known;    /* core has said how large the ledger is */
	uint64_t size; /* what the checkpoint signs */
	uint64_t next; /* the seq of the next line */
	char checkpoint[FEED_CHECKPOINT_SIZE_MAX];
	size_t checkpoint_size;

	struct kept_line lines[WEB_FEED_RING_LINES_MAX];
	size_t line_first;
	size_t line_count;
	uint8_t bytes[WEB_FEED_RING_BYTES_MAX];
	size_t bytes_next;
	size_t bytes_used;

	uint8_t frame[FEED_FRAME_SIZE_MAX]; /* one message being written */
};

struct web_feed *web_feed_new(void)
{
	struct web_feed *feed = calloc(1, sizeof *feed);
	ENSURE(feed);
	return feed;
}

struct web_feed *web_feed_free(struct web_feed *feed)
{
	if (!feed)
		return NULL;
	while (feed->first)
		web_feed_remove(feed, feed->first);
	free(feed);
	return NULL;
}

struct web_feed_counts web_feed_counts(const struct web_feed *feed)
{
	return feed->counts;
}

/* ---- the ring ---- */

static void ring_clear(struct web_feed *feed)
{
	feed->line_first = feed->line_count = 0;
	feed->bytes_next = feed->bytes_used = 0;
}

static void ring_drop_oldest(struct web_feed *feed)
{
	feed->bytes_used -= feed->lines[feed->line_first].size;
	feed->line_first = (feed->line_first + 1) % WEB_FEED_RING_LINES_MAX;
	feed->line_count--;
}

static void ring_add(struct web_feed *feed, uint64_t seq, struct span line)
{
	ENSURE(line.size <= WEB_FEED_RING_BYTES_MAX);
	while (feed->line_count == WEB_FEED_RING_LINES_MAX || feed->bytes_used + line.size > WEB_FEED_RING_BYTES_MAX)
		ring_drop_oldest(feed);
	size_t last = (feed->line_first + feed->line_count) % WEB_FEED_RING_LINES_MAX;
	feed->lines[last] = (struct kept_line){seq, feed->bytes_next, line.size};
	size_t before_end = WEB_FEED_RING_BYTES_MAX - feed->bytes_next;
	size_t part = line.size < before_end ? line.size : before_end;
	if (line.size > 0)
		memcpy(feed->bytes + feed->bytes_next, line.at, part);
	if (line.size > part)
		memcpy(feed->bytes, line.at + part, line.size - part);
	feed->bytes_next = (feed->bytes_next + line.size) % WEB_FEED_RING_BYTES_MAX;
	feed->bytes_used += line.size;
	feed->line_count++;
}

static const struct kept_line *ring_line(const struct web_feed *feed, size_t at)
{
	return &feed->lines[(feed->line_first + at) % WEB_FEED_RING_LINES_MAX];
}

/* A line as one run of bytes; `aside` takes one that runs around the ring's end. */
static struct span ring_text(const struct web_feed *feed, const struct kept_line *line, uint8_t *aside)
{
	size_t before_end = WEB_FEED_RING_BYTES_MAX - line->at;
	if (line->size <= before_end)
		return (struct span){feed->bytes + line->at, line->size};
	memcpy(aside, feed->bytes + line->at, before_end);
	memcpy(aside + before_end, feed->bytes, line->size - before_end);
	return (struct span){aside, line->size};
}

/* ---- messages ---- */

static struct web_bytes *frame_of(const struct sink *s)
{
	ENSURE(!s->failed);
	return web_frame_of(sink_span(s));
}

static void write_checkpoint(struct sink *s, uint64_t size, struct span checkpoint)
{
	sink_printf(s, "\"size\":%llu,\"checkpoint\":", (unsigned long long)size);
	shape_write_string(s, checkpoint);
	sink_text(s, "}");
}

static struct span checkpoint_of(const struct web_feed *feed)
{
	return (struct span){(const uint8_t *)feed->checkpoint, feed->checkpoint_size};
}

static void send_to(struct web_console *console, struct web_bytes *frame)
{
	web_send(console->c, frame);
	(void)web_bytes_free(frame);
}

static struct web_bytes *gap_frame(uint64_t from, uint64_t to)
{
	uint8_t room[128];
	struct sink s = SINK_OF(room);
	sink_printf(&s, "{\"kind\":\"gap\",\"from\":%llu,\"to\":%llu}", (unsigned long long)from,
		    (unsigned long long)to);
	return frame_of(&s);
}

static struct web_bytes *hello_frame(const struct web_feed *feed)
{
	uint8_t room[FEED_CONTROL_SIZE_MAX];
	struct sink s = SINK_OF(room);
	sink_text(&s, "{\"kind\":\"hello\",");
	write_checkpoint(&s, feed->size, checkpoint_of(feed));
	return frame_of(&s);
}

/* Only the checkpoint, for a console that missed it. */
static struct web_bytes *checkpoint_frame(const struct web_feed *feed)
{
	uint8_t room[FEED_CONTROL_SIZE_MAX];
	struct sink s = SINK_OF(room);
	sink_printf(&s, "{\"kind\":\"lines\",\"first\":%llu,\"lines\":[],", (unsigned long long)feed->next);
	write_checkpoint(&s, feed->size, checkpoint_of(feed));
	return frame_of(&s);
}

/* ---- falling behind ---- */

static void fall_behind(struct web_feed *feed, struct web_console *console, uint64_t from)
{
	console->in_gap = true;
	console->gap_from = from;
	feed->counts.gaps++;
	web_send_mark(console->c, WEB_FEED_WAITING_LOW);
}

/* To everybody who keeps up; whoever has too much waiting starts a gap with `first`. */
static void broadcast(struct web_feed *feed, struct web_bytes *frame, uint64_t first)
{
	for (struct web_console *console = feed->first; console; console = console->next) {
		if (!console->greeted || console->in_gap)
			continue;
		if (web_waiting(console->c) + frame->size > WEB_FEED_WAITING_BYTES_MAX)
			fall_behind(feed, console, first);
		else
			web_send(console->c, frame);
	}
	(void)web_bytes_free(frame);
}

void web_feed_drained(struct web_feed *feed, struct web_connection *c)
{
	struct web_owner *owner = web_connection_user(c);
	if (!owner || owner->kind != WEB_OWNER_CONSOLE)
		return;
	struct web_console *console = (struct web_console *)owner;
	if (!console->in_gap)
		return;
	console->in_gap = false;
	if (feed->next > console->gap_from)
		send_to(console, gap_frame(console->gap_from, feed->next - 1));
	send_to(console, checkpoint_frame(feed));
}

/* ---- greeting ---- */

/* Lines from the ring, in messages of a bounded size. */
static void send_kept(struct web_feed *feed, struct web_console *console, size_t at)
{
	uint8_t aside[65536];
	while (at < feed->line_count) {
		struct sink s = SINK_OF(feed->frame);
		sink_printf(&s, "{\"kind\":\"lines\",\"first\":%llu,\"lines\":[",
			    (unsigned long long)ring_line(feed, at)->seq);
		bool wrote = false;
		while (at < feed->line_count && s.size < FEED_FRAME_SIZE_MAX / 4) {
			if (wrote)
				sink_u8(&s, ',');
			wrote = true;
			shape_write_string(&s, ring_text(feed, ring_line(feed, at++), aside));
		}
		sink_text(&s, "],");
		write_checkpoint(&s, feed->size, (struct span){0});
		send_to(console, frame_of(&s));
	}
}

/* What a console that comes back has missed: from the ring as far as it reaches and is worth it, the rest as a
 * gap.
 */
static void resume(struct web_feed *feed, struct web_console *console, uint64_t from)
{
	size_t at = feed->line_count;
	size_t bytes = 0;
	while (at > 0 && ring_line(feed, at - 1)->seq >= from &&
	       bytes + ring_line(feed, at - 1)->size <= WEB_FEED_RESUME_BYTES_MAX)
		bytes += ring_line(feed, --at)->size;
	uint64_t kept_from = at < feed->line_count ? ring_line(feed, at)->seq : feed->next;
	if (kept_from > from) {
		feed->counts.gaps++;
		send_to(console, gap_frame(from, kept_from - 1));
	}
	send_kept(feed, console, at);
}

static void greet(struct web_feed *feed, struct web_console *console)
{
	if (!feed->known || !console->admitted || console->greeted)
		return;
	console->greeted = true;
	send_to(console, hello_frame(feed));
	uint64_t from = console->has_after ? console->after + 1 : feed->size;
	if (from < feed->next)
		resume(feed, console, from);
}

struct web_console *web_feed_add(struct web_feed *feed, struct web_connection *c, const uint8_t token_hash[32],
				 bool has_after, uint64_t after)
{
	uint32_t of_session = 0;
	for (const struct web_console *other = feed->first; other; other = other->next)
		of_session += memcmp(other->token_hash, token_hash, 32) == 0;
	if (feed->counts.consoles >= WEB_CONSOLES_MAX || of_session >= WEB_CONSOLES_PER_SESSION_MAX)
		return NULL;
	struct web_console *console = calloc(1, sizeof *console);
	ENSURE(console);
	*console = (struct web_console){
		.owner.kind = WEB_OWNER_CONSOLE,
		.next = feed->first,
		.c = c,
		.has_after = has_after,
		.after = after,
	};
	memcpy(console->token_hash, token_hash, sizeof console->token_hash);
	feed->first = console;
	feed->counts.consoles++;
	return console;
}

void web_feed_admit(struct web_feed *feed, struct web_console *console)
{
	console->admitted = true;
	greet(feed, console);
}

void web_feed_remove(struct web_feed *feed, struct web_console *console)
{
	struct web_console **link = &feed->first;
	while (*link && *link != console)
		link = &(*link)->next;
	REQUIRE(*link);
	*link = console->next;
	feed->counts.consoles--;
	free(console);
}

void web_feed_end_session(struct web_feed *feed, struct span token_hash)
{
	for (struct web_console *console = feed->first; console; console = console->next)
		if (span_equal_secret(SPAN_OF(console->token_hash), token_hash))
			web_leave(console->c, WEB_FRAME_CLOSE_SIGNED_OUT);
}

/* ---- what core says ---- */

/* Core lost lines on the way, or a part was too large to send. */
static void miss(struct web_feed *feed, uint64_t next)
{
	ring_clear(feed);
	feed->counts.gaps++;
	uint64_t from = feed->next;
	feed->next = next;
	broadcast(feed, gap_frame(from, next - 1), from);
}

/* gives   the next line, without its line feed; false at the end or when one is malformed. */
static bool take_line(struct cursor *c, struct span *ret_line)
{
	const uint8_t *end = cursor_left(c) > 0 ? memchr(c->at, '\n', cursor_left(c)) : NULL;
	if (!end)
		return false;
	*ret_line = (struct span){c->at, (size_t)(end - c->at)};
	c->at = end + 1;
	return span_is_text(*ret_line, false);
}

static struct err take_lines(struct web_feed *feed, const struct feed_lines *lines, struct sink *s)
{
	struct cursor c = cursor_of(lines->lines);
	struct span line;
	sink_printf(s, "{\"kind\":\"lines\",\"first\":%llu,\"lines\":[", (unsigned long long)feed->next);
	for (uint32_t i = 0; i < lines->count; i++) {
		if (!take_line(&c, &line))
			return FAIL(ERR_INVALID, "feed: line %llu is malformed",
				    (unsigned long long)(lines->first + i));
		if (i > 0)
			sink_u8(s, ',');
		shape_write_string(s, line);
		ring_add(feed, lines->first + i, line);
	}
	sink_text(s, "],");
	return cursor_finish(&c, "feed");
}

static void take_checkpoint(struct web_feed *feed, const struct feed_lines *lines)
{
	if (lines->size == 0)
		return; /* not the last part of its commit */
	feed->size = lines->size;
	feed->checkpoint_size = lines->checkpoint.size;
	if (lines->checkpoint.size > 0)
		memcpy(feed->checkpoint, lines->checkpoint.at, lines->checkpoint.size);
}

struct err web_feed_take(struct web_feed *feed, const struct feed_lines *lines)
{
	uint64_t end = lines->count > 0 ? lines->first + lines->count : lines->size;
	if (lines->checkpoint.size > sizeof feed->checkpoint || !span_is_text(lines->checkpoint, true))
		return FAIL(ERR_INVALID, "feed: the checkpoint is no text");
	if (feed->known && (lines->count > 0 ? lines->first : lines->size ? lines->size : feed->next) < feed->next)
		return FAIL(ERR_INVALID, "feed: it goes back");
	if (!feed->known)
		feed->next = lines->count > 0 ? lines->first : end;
	if (lines->count > 0 && lines->first > feed->next)
		miss(feed, lines->first);
	struct sink s = SINK_OF(feed->frame);
	TRY(take_lines(feed, lines, &s));
	if (lines->count > 0)
		feed->next = end;
	take_checkpoint(feed, lines);
	feed->counts.lines += lines->count;
	if (lines->count > 0 || lines->size > 0) {
		write_checkpoint(&s, lines->size ? lines->size : feed->next, lines->checkpoint);
		broadcast(feed, frame_of(&s), lines->count > 0 ? lines->first : feed->next);
	}
	if (lines->size > feed->next)
		miss(feed, lines->size);
	feed->known |= lines->size > 0; /* a part alone says neither size nor checkpoint */
	for (struct web_console *console = feed->first; console; console = console->next)
		greet(feed, console);
	return OK;
}

void web_feed_beat(struct web_feed *feed, uint64_t wall_us)
{
	uint8_t room[128];
	struct sink s = SINK_OF(room);
	sink_text(&s, "{\"kind\":\"beat\",\"time\":\"");
	clock_write(&s, wall_us);
	sink_text(&s, "\"}");
	struct web_bytes *frame = frame_of(&s);
	for (struct web_console *console = feed->first; console; console = console->next)
		if (console->greeted && web_waiting(console->c) < WEB_FEED_WAITING_LOW)
			web_send(console->c, frame);
	(void)web_bytes_free(frame);
}

void web_feed_forget(struct web_feed *feed)
{
	feed->known = false;
	feed->size = feed->next = 0;
	feed->checkpoint_size = 0;
	ring_clear(feed);
	for (struct web_console *console = feed->first; console; console = console->next)
		web_leave(console->c, WEB_FRAME_CLOSE_RESTART);
}
