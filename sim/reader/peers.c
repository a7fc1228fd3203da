#include "sim/reader/peers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(SIM_PATH_MAX >= sizeof((struct sockaddr_un){0}.sun_path), "a socket's path fits");

static struct sim_peer *peer_new(struct sim_peers *peers, int in_fd, int out_fd)
{
	REQUIRE(peers->count < SIM_PEERS_MAX);
	struct sim_peer *peer = &peers->peers[peers->count++];
	*peer = (struct sim_peer){.in_fd = in_fd, .out_fd = out_fd};
	peer->input = malloc(SIM_PEER_INPUT_MAX);
	peer->output = malloc(SIM_PEER_OUTPUT_MAX);
	ENSURE(peer->input && peer->output);
	return peer;
}

void sim_peers_start(struct sim_peers *peers, struct sim_site *site, bool read_input, bool news)
{
	*peers = (struct sim_peers){.site = site, .listen_fd = -1};
	peer_new(peers, read_input ? STDIN_FILENO : -1, STDOUT_FILENO)->news = news;
	site->publish = sim_peers_publish;
	site->publish_context = peers;
}

struct err sim_peers_script(struct sim_peers *peers, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return FAIL_ERRNO("open %s", path);
	peer_new(peers, fd, -1); /* its answers go to standard output */
	return OK;
}

struct err sim_peers_listen(struct sim_peers *peers, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat there;
	if (strlen(path) >= sizeof address.sun_path)
		return FAIL(ERR_TOO_LARGE, "%s: the path of a socket has room for %zu bytes", path,
			    sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (lstat(path, &there) == 0) {
		if (!S_ISSOCK(there.st_mode))
			return FAIL(ERR_EXISTS, "%s is there and is no socket", path);
		(void)unlink(path);
	}
	peers->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mode_t mask = umask(0177);
	bool good = peers->listen_fd >= 0 && bind(peers->listen_fd, (struct sockaddr *)&address, sizeof address) == 0 &&
		    listen(peers->listen_fd, 4) == 0;
	umask(mask);
	if (!good)
		return FAIL_ERRNO("listen on %s", path);
	memcpy(peers->path, path, strlen(path) + 1);
	return OK;
}

/* ---- output ---- */

/* Write what the descriptor takes now; stop at the first that it does not. */
static void flush(struct sim_peer *peer)
{
	size_t done = 0;
	while (done < peer->output_size && peer->out_fd >= 0) {
		struct pollfd can = {.fd = peer->out_fd, .events = POLLOUT};
		size_t size = peer->output_size - done < SIM_WRITE_MAX ? peer->output_size - done : SIM_WRITE_MAX;
		if (poll(&can, 1, 0) != 1)
			break;
		ssize_t wrote = can.revents & POLLOUT ? write(peer->out_fd, peer->output + done, size) : -1;
		if (wrote < 0 && can.revents & POLLOUT && (errno == EAGAIN || errno == EINTR))
			break;
		if (wrote < 0) { /* nobody is there any more */
			done = peer->output_size;
			if (!peer->is_client)
				peer->out_fd = -1;
			break;
		}
		done += (size_t)wrote;
	}
	memmove(peer->output, peer->output + done, peer->output_size - done);
	peer->output_size -= done;
}

static bool append(struct sim_peer *peer, struct span line)
{
	if (line.size + 1 > SIM_PEER_OUTPUT_MAX - peer->output_size)
		return false;
	memcpy(peer->output + peer->output_size, line.at, line.size);
	peer->output_size += line.size;
	peer->output[peer->output_size++] = '\n';
	return true;
}

static void say(struct sim_peer *peer, struct span line)
{
	if (peer->out_fd < 0)
		return;
	if (peer->lost) {
		struct sim_news news;
		sim_news_begin(&news, "happening", "lines_lost");
		sim_news_number(&news, "lines", peer->lost);
		if (append(peer, sim_news_end(&news)))
			peer->lost = 0;
	}
	if (peer->lost || !append(peer, line))
		peer->lost++;
}

static bool is_happening(struct span line, const char *name)
{
	char start[SIM_NAME_MAX + 24];
	int size = snprintf(start, sizeof start, "{\"happening\":\"%s\"", name);
	return line.size >= (size_t)size && memcmp(line.at, start, (size_t)size) == 0;
}

void sim_peers_publish(void *context, struct span line)
{
	struct sim_peers *peers = context;
	for (size_t i = 0; i < peers->count; i++) {
		struct sim_peer *peer = &peers->peers[i];
		if (peer->news)
			say(peer, line);
		if (peer->wait_for[0] && is_happening(line, peer->wait_for)) {
			peer->wait_for[0] = '\0';
			peer->paused_until_ns = 0;
		}
	}
}

/* ---- input ---- */

static bool paused(struct sim_peer *peer, uint64_t now_ns)
{
	if (peer->paused_until_ns == 0)
		return false;
	if (now_ns < peer->paused_until_ns)
		return true;
	peer->paused_until_ns = 0;
	peer->wait_for[0] = '\0';
	return false;
}

static void obey(struct sim_peers *peers, struct sim_peer *peer, struct span text, uint64_t now_ns)
{
	struct sim_news answer;
	struct sim_order_effect effect;
	sim_order_run(peers->site, text, now_ns, &answer, &effect);
	say(peer->out_fd >= 0 ? peer : &peers->peers[0], sim_news_end(&answer));
	peers->quit |= effect.quit;
	if (effect.wait_ms == 0)
		return;
	peer->paused_until_ns = now_ns + effect.wait_ms * SIM_NS_PER_MS;
	memcpy(peer->wait_for, effect.wait_for, sizeof peer->wait_for);
}

static bool blank(struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!strchr(" \t\r", text.at[i]))
			return false;
	return true;
}

static void obey_lines(struct sim_peers *peers, struct sim_peer *peer, uint64_t now_ns)
{
	size_t done = 0;
	uint8_t *end;
	while (!peers->quit && !paused(peer, now_ns) &&
	       (end = memchr(peer->input + done, '\n', peer->input_size - done)) != NULL) {
		struct span text = {peer->input + done, (size_t)(end - (peer->input + done))};
		if (!blank(text))
			obey(peers, peer, text, now_ns);
		done += text.size + 1;
	}
	memmove(peer->input, peer->input + done, peer->input_size - done);
	peer->input_size -= done;
	if (peer->input_size == SIM_PEER_INPUT_MAX && !memchr(peer->input, '\n', peer->input_size)) {
		struct sim_news news;
		sim_news_begin(&news, "answer", "");
		sim_news_bool(&news, "ok", false);
		sim_news_text(&news, "error", "a line over 65536 bytes");
		say(peer, sim_news_end(&news));
		peer->input_size = 0;
	}
}

static void end_input(struct sim_peers *peers, struct sim_peer *peer, uint64_t now_ns)
{
	if (peer->input_size > 0 && peer->input_size < SIM_PEER_INPUT_MAX) {
		peer->input[peer->input_size++] = '\n'; /* a last line without its newline */
		obey_lines(peers, peer, now_ns);
	}
	if (peer->in_fd != STDIN_FILENO && !peer->is_client)
		close(peer->in_fd);
	peer->in_fd = -1;
}

static void take_input(struct sim_peers *peers, struct sim_peer *peer, uint64_t now_ns)
{
	size_t room = SIM_PEER_INPUT_MAX - peer->input_size;
	ssize_t size = room ? read(peer->in_fd, peer->input + peer->input_size, room) : 1;
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		end_input(peers, peer, now_ns);
		return;
	}
	if (room)
		peer->input_size += (size_t)size;
	obey_lines(peers, peer, now_ns);
}

/* ---- all of them ---- */

static void accept_client(struct sim_peers *peers)
{
	int fd = accept4(peers->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct sim_peer *peer = peer_new(peers, fd, fd);
	peer->is_client = peer->news = true;
}

static void peer_free(struct sim_peer *peer)
{
	free(peer->input);
	free(peer->output);
	if (peer->is_client)
		close(peer->out_fd);
}

/* A client that has gone, and whose last answers are written, leaves its place. */
static void sweep(struct sim_peers *peers)
{
	size_t kept = 0;
	for (size_t i = 0; i < peers->count; i++) {
		struct sim_peer *peer = &peers->peers[i];
		bool gone = i > 0 && peer->in_fd < 0 && peer->output_size == 0 && peer->input_size == 0;
		if (gone) {
			peer_free(peer);
			continue;
		}
		if (kept != i)
			peers->peers[kept] = *peer;
		kept++;
	}
	peers->count = kept;
}

size_t sim_peers_poll(struct sim_peers *peers, struct pollfd *ret_fds, uint64_t now_ns)
{
	size_t count = 0;
	for (size_t i = 0; i < peers->count; i++) {
		struct sim_peer *peer = &peers->peers[i];
		if (peer->output_size > 0)
			flush(peer);
		if (peer->output_size > 0)
			ret_fds[count++] = (struct pollfd){.fd = peer->out_fd, .events = POLLOUT};
		if (peer->in_fd >= 0 && !paused(peer, now_ns))
			ret_fds[count++] = (struct pollfd){.fd = peer->in_fd, .events = POLLIN};
	}
	if (peers->listen_fd >= 0 && peers->count < SIM_PEERS_MAX)
		ret_fds[count++] = (struct pollfd){.fd = peers->listen_fd, .events = POLLIN};
	return count;
}

static bool ready(const struct pollfd *fds, size_t count, int fd)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i].fd == fd && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)))
			return true;
	return false;
}

void sim_peers_ready(struct sim_peers *peers, const struct pollfd *fds, size_t count, uint64_t now_ns)
{
	size_t peer_count = peers->count; /* a client that comes now is read the next time */
	if (peers->listen_fd >= 0 && peer_count < SIM_PEERS_MAX && ready(fds, count, peers->listen_fd))
		accept_client(peers);
	for (size_t i = 0; i < peer_count && !peers->quit; i++) {
		struct sim_peer *peer = &peers->peers[i];
		if (peer->input_size > 0 && !paused(peer, now_ns))
			obey_lines(peers, peer, now_ns);
		if (peer->in_fd >= 0 && !paused(peer, now_ns) && ready(fds, count, peer->in_fd))
			take_input(peers, peer, now_ns);
		if (peer->is_client && peer->in_fd < 0 && peer->lost)
			peer->output_size = 0; /* it neither reads nor writes */
	}
	if (peers->until_eof && peers->peers[0].in_fd < 0 && peers->peers[0].input_size == 0)
		peers->quit = true;
	sweep(peers);
}

uint64_t sim_peers_next(const struct sim_peers *peers)
{
	uint64_t next_ns = SIM_NEVER;
	for (size_t i = 0; i < peers->count; i++) {
		const struct sim_peer *peer = &peers->peers[i];
		if (peer->paused_until_ns != 0 && peer->paused_until_ns < next_ns)
			next_ns = peer->paused_until_ns;
		if (peer->paused_until_ns == 0 && memchr(peer->input, '\n', peer->input_size))
			next_ns = 0; /* its wait is over: there are lines to obey */
	}
	return next_ns;
}

void sim_peers_end(struct sim_peers *peers)
{
	for (size_t i = 0; i < peers->count; i++) {
		if (peers->peers[i].output_size > 0)
			flush(&peers->peers[i]);
		peer_free(&peers->peers[i]);
	}
	if (peers->listen_fd >= 0) {
		close(peers->listen_fd);
		(void)unlink(peers->path);
	}
	peers->count = 0;
}
