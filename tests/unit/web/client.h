/* tests/unit/web/client.h - a browser's end of a connection, as bytes: what is sent is said letter by letter. */
#ifndef LEGATION_TESTS_WEB_CLIENT_H
#define LEGATION_TESTS_WEB_CLIENT_H

#include <openssl/ssl.h>

#include "base/span.h"

enum { CLIENT_ANSWER_SIZE_MAX = 4 * 1024 * 1024 };

struct client {
	int descriptor;
	SSL *ssl; /* NULL: no TLS */
	uint8_t *input;
	size_t input_size;
};

struct answered {
	int status; /* 0: the connection ended without an answer */
	char head[8192];
	char *body; /* with a NUL behind it */
	size_t body_size;
};

/* One that trusts whoever answers, or only an authority. alpn: "\x08http/1.1" or NULL. */
SSL_CTX *client_tls(const char *authority_path);
/* gives   a client without ssl when the handshake fails. receive_buffer: of the kernel, 0 for the usual. */
struct client *client_open(SSL_CTX *tls, int port, int receive_buffer);
struct client *client_open_plain(int port);
struct client *client_close(struct client *client); /* gives NULL */

/* gives   false when the peer has gone. */
bool client_send(struct client *client, const void *bytes, size_t size);
bool client_say(struct client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Read some more into `input`.
 * gives   false at the end or after 10 s.
 */
bool client_read(struct client *client);

/* Read one answer, its chunks joined. Its body is valid until the next one. */
struct answered *client_answer(struct client *client, bool head_only);
/* The value of a header field, or NULL. */
const char *answered_field(const struct answered *answered, const char *name);

/* WebSocket: send one masked frame; read the next one, pings answered when `pong`.
 * gives   its kind, or -1 at the end; its payload with a NUL behind it.
 */
bool client_frame(struct client *client, int kind, const void *payload, size_t size);
int client_next_frame(struct client *client, bool pong, char **ret_payload, size_t *ret_size);

#endif
