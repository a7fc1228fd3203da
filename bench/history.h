/* bench/history.h - a post with a long past: as many entries as asked for, recorded by core's own code.
 *
 * A chancery with 40 doors, 40 readers and 200 people, then days of swipes: granted, denied, doors opened and closed,
 * now and then a door forced; people come and leave, with their sealed parts, all through it. Everything goes through
 * core_record, so that every table is as the server would have made it. Making a million takes a minute, so the
 * folder is kept and used again by whichever bench comes next.
 */
#ifndef LEGATION_BENCH_HISTORY_H
#define LEGATION_BENCH_HISTORY_H

#include "bench/bench.h"

enum { HISTORY_ENTRIES = 1000 * 1000 };

/* gives   the post's folder. */
void history_make(uint64_t entries, char ret_folder[BENCH_PATH_SIZE]);

#endif
