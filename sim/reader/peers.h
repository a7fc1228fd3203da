/* sim/reader/peers.h - who gives orders and hears of happenings: standard input and output, a script, and
 * clients of a Unix socket.
 *
 * Nobody can hold up a line: what a peer does not read is kept up to a bound, then dropped and counted.
 */
#ifndef LEGATION_SIM_READER_PEERS_H
#define LEGATION_SIM_READER_PEERS_H

#include <poll.h>

#include "sim/reader/orders.h"

enum {
	SIM_PEERS_MAX = 18, /* standard input and output, a script, 16 clients */
	SIM_PEER_INPUT_MAX = 64 * 1024,
	SIM_PEER_OUTPUT_MAX = 1024 * 1024,
	SIM_WRITE_MAX = 4096, /* a pipe that polls writable takes so much without blocking */
};

struct sim_peer {
	int in_fd, out_fd; /* -1 for none */
	bool is_client;    /* closes with its input */
	bool news;         /* hears of happenings */
	uint8_t *input, *output;
	size_t input_size, output_size;
	uint64_t lost; /* lines that found no room */
	uint64_t paused_until_ns;
	char wait_for[SIM_NAME_MAX + 1];
};

struct sim_peers {
	struct sim_site *site;
	struct sim_peer peers[SIM_PEERS_MAX];
	size_t count;
	int listen_fd;
	char path[SIM_PATH_MAX + 1];
	bool quit;
	bool until_eof; /* the end of standard input is the end of all */
};

/* Standard input (or no input) and output come first. `news`: happenings go to standard output. */
void sim_peers_start(struct sim_peers *peers, struct sim_site *site, bool read_input, bool news);
void sim_peers_end(struct sim_peers *peers);

struct err sim_peers_script(struct sim_peers *peers, const char *path) MUST_USE;
/* Listen on a Unix socket that only our own user may use. */
struct err sim_peers_listen(struct sim_peers *peers, const char *path) MUST_USE;

/* A happening, to all who hear. Fits sim_site.publish. */
void sim_peers_publish(void *context, struct span line);

/* Fill in what to poll; gives how many, at most SIM_PEERS_MAX * 2 + 1. */
size_t sim_peers_poll(struct sim_peers *peers, struct pollfd *ret_fds, uint64_t now_ns);
void sim_peers_ready(struct sim_peers *peers, const struct pollfd *fds, size_t count, uint64_t now_ns);

/* When a paused peer goes on. */
uint64_t sim_peers_next(const struct sim_peers *peers);

#endif
