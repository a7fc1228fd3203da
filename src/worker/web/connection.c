#include "worker/web/connection.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct web_waiting {
	struct web_waiting *next;
	struct web_bytes *bytes;
	size_t gone; /* bytes sent already */
};

/* ---- in ---- */

static void input_room(struct web_connection *c, size_t more)
{
	if (c->input_room - c->input_size >= more)
		return;
	size_t room = c->input_room ? c->input_room : 2048;
	while (room - c->input_size < more)
		room *= 2;
	uint8_t *grown = malloc(room); /* not realloc: a password may lie in the old one */
	ENSURE(grown);
	if (c->input_size > 0)
		memcpy(grown, c->input, c->input_size);
	if (c->input)
		wipe(c->input, c->input_size);
	free(c->input);
	c->input = grown;
	c->input_room = room;
}

static ssize_t read_plain(struct web_connection *c, uint8_t *scratch)
{
	ssize_t size;
	do
		size = recv(c->source.descriptor, scratch, WEB_RECORD_SIZE_MAX, MSG_DONTWAIT);
	while (size < 0 && errno == EINTR);
	if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	return size <= 0 ? -1 : size;
}

/* What an SSL call that did not succeed wants.
 *
 * gives   0 to wait, -1 when it is over.
 */
static int ssl_outcome(const struct web_connection *c, int result, bool *ret_wants_write)
{
	int error = SSL_get_error(c->ssl, result);
	*ret_wants_write = error == SSL_ERROR_WANT_WRITE;
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static ssize_t read_tls(struct web_connection *c, uint8_t *scratch)
{
	ERR_clear_error();
	int size = SSL_read(c->ssl, scratch, WEB_RECORD_SIZE_MAX);
	c->wants_write_to_read = false;
	return size > 0 ? size : ssl_outcome(c, size, &c->wants_write_to_read);
}

enum web_read web_connection_read(struct web_connection *c, uint8_t *scratch)
{
	if (c->input_size >= WEB_INPUT_SIZE_MAX)
		return WEB_READ_FULL;
	ssize_t size = c->ssl ? read_tls(c, scratch) : read_plain(c, scratch);
	if (size <= 0)
		return size == 0 ? WEB_READ_NOTHING : WEB_READ_END;
	if (c->state < WEB_LEAVING) { /* else it is read only to see the end */
		input_room(c, (size_t)size);
		memcpy(c->input + c->input_size, scratch, (size_t)size);
		c->input_size += (size_t)size;
	}
	wipe(scratch, (size_t)size);
	return WEB_READ_SOME;
}

void web_connection_used(struct web_connection *c, size_t size)
{
	REQUIRE(size <= c->input_size);
	size_t left = c->input_size - size;
	if (left > 0)
		memmove(c->input, c->input + size, left);
	if (size > 0)
		wipe(c->input + left, size);
	c->input_size = left;
	if (left > 0)
		return;
	free(c->input);
	c->input = NULL;
	c->input_room = 0;
}

/* ---- out ---- */

void web_connection_queue(struct web_connection *c, struct web_bytes *bytes)
{
	if (bytes->size == 0)
		return;
	struct web_waiting *item = malloc(sizeof *item);
	ENSURE(item);
	*item = (struct web_waiting){NULL, web_bytes_hold(bytes), 0};
	*c->last_next = item;
	c->last_next = &item->next;
	c->waiting += bytes->size;
}

static void drop_first(struct web_connection *c)
{
	struct web_waiting *item = c->first;
	c->first = item->next;
	if (!c->first)
		c->last_next = &c->first;
	item->bytes = web_bytes_free(item->bytes);
	free(item);
}

static void sent(struct web_connection *c, size_t size)
{
	c->waiting -= size;
	while (size > 0) {
		struct web_waiting *item = c->first;
		size_t left = item->bytes->size - item->gone;
		if (size < left) {
			item->gone += size;
			return;
		}
		size -= left;
		drop_first(c);
	}
}

/* Up to one record of what waits, as one run of bytes. TLS wants to see the same bytes again after it said "wait",
 * and no fewer: as the queue only grows at its end, they are.
 */
static struct span gather(const struct web_connection *c, uint8_t *scratch)
{
	size_t wanted = c->waiting < WEB_RECORD_SIZE_MAX ? c->waiting : WEB_RECORD_SIZE_MAX;
	const struct web_waiting *item = c->first;
	if (item->bytes->size - item->gone >= wanted)
		return (struct span){item->bytes->at + item->gone, wanted};
	size_t size = 0;
	for (; size < wanted; item = item->next) {
		size_t left = item->bytes->size - item->gone;
		size_t part = left < wanted - size ? left : wanted - size;
		memcpy(scratch + size, item->bytes->at + item->gone, part);
		size += part;
	}
	return (struct span){scratch, size};
}

/* gives   bytes sent; 0 to wait; -1 when the connection is broken. */
static ssize_t write_some(struct web_connection *c, struct span bytes)
{
	if (c->ssl) {
		ERR_clear_error();
		bool wants_write; /* which is what we wait for anyway while something waits to go */
		int size = SSL_write(c->ssl, bytes.at, (int)bytes.size);
		return size > 0 ? size : ssl_outcome(c, size, &wants_write);
	}
	ssize_t size;
	do
		size = send(c->source.descriptor, bytes.at, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	return size;
}

bool web_connection_flush(struct web_connection *c, uint8_t *scratch, uint64_t now_ms)
{
	size_t used = 0;
	ssize_t size = 1;
	while (c->first && size > 0) {
		struct span bytes = gather(c, scratch);
		used = bytes.at == scratch && bytes.size > used ? bytes.size : used;
		size = write_some(c, bytes);
		if (size > 0) {
			sent(c, (size_t)size);
			c->progress_ms = now_ms;
		}
	}
	wipe(scratch, used);
	return size >= 0;
}

/* ---- beginning and end ---- */

int web_connection_handshake(struct web_connection *c)
{
	ERR_clear_error();
	int result = SSL_accept(c->ssl);
	c->wants_write_to_read = false;
	return result == 1 ? 1 : ssl_outcome(c, result, &c->wants_write_to_read);
}

void web_connection_shut(struct web_connection *c)
{
	if (c->ssl) {
		ERR_clear_error();
		(void)SSL_shutdown(c->ssl);
	}
	(void)shutdown(c->source.descriptor, SHUT_WR);
}

void web_connection_close(struct web_connection *c)
{
	while (c->first)
		drop_first(c);
	c->waiting = 0;
	if (c->input)
		wipe(c->input, c->input_size);
	free(c->input);
	c->input = NULL;
	SSL_free(c->ssl);
	c->ssl = NULL;
}
