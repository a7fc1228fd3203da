/* core/feed.c - what was committed, on its way to the consoles.
 *
 * The lines of one batch are gathered while they are appended and leave after the commit, the checkpoint with the last
 * part. Web may be slow or away: then lines are dropped here, and web, which counts, tells its consoles to fetch the
 * gap from query. So nobody who watches can hold up a door.
 */
#include "core/internal.h"

enum { FEED_BYTES_MAX = 49000 }; /* of one message; messages.def allows 50,000 */

void core_feed_add(struct core *core, uint64_t seq, struct span line)
{
	if (core->rebuilding || core->feed_lost)
		return;
	if (core->feed_count > 0 && line.size + 1 > FEED_BYTES_MAX - core->feed_size) {
		struct feed_lines part = {
			.first = core->feed_first,
			.count = core->feed_count,
			.lines = {core->feed, core->feed_size},
		};
		core_send(core, WORKER_WEB, 0, MESSAGE_FEED_LINES, &part);
		core->feed_count = 0;
		core->feed_size = 0;
	}
	if (line.size + 1 > FEED_BYTES_MAX) { /* one giant: the console fetches it */
		core->feed_lost = true;
		return;
	}
	if (core->feed_count == 0)
		core->feed_first = seq;
	memcpy(core->feed + core->feed_size, line.at, line.size);
	core->feed[core->feed_size + line.size] = '\n';
	core->feed_size += line.size + 1;
	core->feed_count++;
}

void core_feed_send(struct core *core)
{
	struct feed_lines part = {
		.first = core->feed_first,
		.count = core->feed_count,
		.size = ledger_size(core->ledger),
		.checkpoint = ledger_checkpoint(core->ledger),
		.lines = {core->feed, core->feed_size},
	};
	core_send(core, WORKER_WEB, 0, MESSAGE_FEED_LINES, &part);
	core->feed_count = 0;
	core->feed_size = 0;
	core->feed_lost = false;
}
