/* cmd/demo.h - the parts of `legation demo`: a fictional embassy, simulated readers that speak the real protocol, and
 * people who come and go.
 *
 * demo.c      the command: folder, processes, link, figures
 * demo_site.c the post's file, as a configuration of sim-reader; cards and rights for its people
 * demo_day.c  what happens: swipes, passages, a denied badge now and then, a forced door
 */
#ifndef LEGATION_CMD_DEMO_H
#define LEGATION_CMD_DEMO_H

#include <stdio.h>
#include <sys/types.h>

#include "access/access.h"
#include "cmd/client.h"
#include "post/post.h"

#include "post/file.h"

struct demo_file {
	const char *name;
	const unsigned char *at;
	size_t size;
};
extern const struct demo_file demo_post_files[];

enum { DEMO_LINES_MAX = 32, DEMO_FACILITY = 77, DEMO_FIRST_CARD = 2001 };

/* One reader on a door, as the day needs it. */
struct demo_reader {
	unsigned line; /* of the simulator */
	unsigned address;
	unsigned reader;
	size_t door; /* its place in the post's file */
};

struct demo_site {
	struct arena *arena;
	struct post_import post;
	char folder[400];
	char addresses[DEMO_LINES_MAX][300]; /* "serial:..." once the simulator is ready */
	uint8_t (*keys)[16];                 /* by device, each its own */
	bool *allowed;                       /* person * door_count + door */
	struct demo_reader *readers;
	size_t reader_count;
};

/* Read the post's file in the folder and draw keys. */
struct err demo_site_read(struct demo_site *site, const char *folder) MUST_USE;
/* Write sim-reader's configuration. */
struct err demo_site_write(struct demo_site *site, const char *path) MUST_USE;
/* Bring post, cards, rights and keys into a running server. */
struct err demo_site_import(struct demo_site *site, struct client *client) MUST_USE;
void demo_site_free(struct demo_site *site);

struct demo_day {
	struct demo_site *site;
	FILE *orders; /* to the simulator */
	uint64_t seed;
	uint64_t next_us;
	uint64_t swipes;
	size_t forced; /* the door that stands open by force, and until when; 0: none */
	uint64_t forced_until_us;
};

void demo_day_start(struct demo_day *day, struct demo_site *site, FILE *orders);
/* Let happen what is due. gives when to come again, on the boot clock. */
uint64_t demo_day_go_on(struct demo_day *day, uint64_t now_us);

#endif
