/* bench/site.h - a plain post for benches: some lines, readers on each, one I/O device a line with all its strikes.
 *
 * Reader r of line l is device address r + 1, its door's strike is output r of the I/O device at address 0 of the
 * same line. Everybody may pass everywhere. Cards are H10301, facility SITE_FACILITY, numbers from SITE_FIRST_CARD on.
 */
#ifndef LEGATION_BENCH_SITE_H
#define LEGATION_BENCH_SITE_H

#include "bench/bench.h"

enum { SITE_LINES_MAX = 8, SITE_READERS_MAX = 15, SITE_FACILITY = 77, SITE_FIRST_CARD = 2001 };

struct site {
	size_t lines, readers, people;                 /* readers on each line */
	char address[SITE_LINES_MAX][BENCH_PATH_SIZE]; /* "serial:/path" */
	uint8_t key[SITE_LINES_MAX][SITE_READERS_MAX + 1][16];
};

/* Draw the devices' keys. */
void site_make(struct site *site, size_t lines, size_t readers, size_t people);
/* sim-reader's configuration: ptys at FOLDER/line-N at this speed. Fills the addresses in. */
void site_config(struct site *site, const char *folder, unsigned baud, const char *path);
/* Bring post, keys, cards and rights into a running server. */
void site_import(const struct site *site, struct client *client);

#endif
