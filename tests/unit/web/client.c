#include "unit/web/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

SSL_CTX *client_tls(const char *authority_path)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	ENSURE(tls);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)SSL_CTX_set_mode(tls, SSL_MODE_AUTO_RETRY);
	if (authority_path) {
		ENSURE(SSL_CTX_load_verify_file(tls, authority_path) == 1);
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	}
	return tls;
}

static int connect_to(int port, int receive_buffer)
{
	int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct timeval patience = {.tv_sec = 10};
	int on = 1;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ENSURE(descriptor >= 0);
	if (receive_buffer > 0)
		ENSURE(setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer) == 0);
	ENSURE(setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
	ENSURE(setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0);
	ENSURE(setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
	ENSURE(connect(descriptor, (struct sockaddr *)&to, sizeof to) == 0);
	return descriptor;
}

static struct client *client_new(int descriptor)
{
	struct client *client = calloc(1, sizeof *client);
	ENSURE(client);
	client->descriptor = descriptor;
	client->input = malloc(CLIENT_ANSWER_SIZE_MAX);
	ENSURE(client->input);
	return client;
}

struct client *client_open_plain(int port)
{
	return client_new(connect_to(port, 0));
}

struct client *client_open(SSL_CTX *tls, int port, int receive_buffer)
{
	struct client *client = client_new(connect_to(port, receive_buffer));
	client->ssl = SSL_new(tls);
	ENSURE(client->ssl && SSL_set_fd(client->ssl, client->descriptor) == 1);
	if (SSL_connect(client->ssl) != 1) {
		SSL_free(client->ssl);
		client->ssl = NULL;
	}
	return client;
}

struct client *client_close(struct client *client)
{
	if (!client)
		return NULL;
	SSL_free(client->ssl);
	(void)close(client->descriptor);
	free(client->input);
	free(client);
	return NULL;
}

bool client_send(struct client *client, const void *bytes, size_t size)
{
	if (client->ssl)
		return SSL_write(client->ssl, bytes, (int)size) == (int)size;
	return send(client->descriptor, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

bool client_say(struct client *client, const char *format, ...)
{
	static char text[128 * 1024];
	va_list args;
	va_start(args, format);
	int size = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	ENSURE(size >= 0 && (size_t)size < sizeof text);
	return client_send(client, text, (size_t)size);
}

bool client_read(struct client *client)
{
	size_t room = CLIENT_ANSWER_SIZE_MAX - client->input_size;
	ENSURE(room > 0);
	ssize_t size = client->ssl ? SSL_read(client->ssl, client->input + client->input_size, (int)room)
				   : recv(client->descriptor, client->input + client->input_size, room, 0);
	if (size <= 0)
		return false;
	client->input_size += (size_t)size;
	return true;
}

static void use_input(struct client *client, size_t size)
{
	memmove(client->input, client->input + size, client->input_size - size);
	client->input_size -= size;
}

static bool need(struct client *client, size_t size)
{
	while (client->input_size < size)
		if (!client_read(client))
			return false;
	return true;
}

const char *answered_field(const struct answered *answered, const char *name)
{
	static char value[2048];
	size_t length = strlen(name);
	for (const char *at = strstr(answered->head, "\r\n"); at; at = strstr(at, "\r\n")) {
		at += 2;
		if (strncasecmp(at, name, length) != 0 || at[length] != ':')
			continue;
		const char *end = strstr(at, "\r\n");
		at += length + 1;
		while (*at == ' ')
			at++;
		(void)snprintf(value, sizeof value, "%.*s", (int)(end - at), at);
		return value;
	}
	return NULL;
}

/* gives   the size of the line with its end, or 0. */
static size_t line_size(struct client *client)
{
	for (size_t i = 0;; i++) {
		if (!need(client, i + 2))
			return 0;
		if (client->input[i] == '\r' && client->input[i + 1] == '\n')
			return i + 2;
	}
}

static bool read_chunks(struct client *client, struct answered *answered)
{
	for (;;) {
		size_t line = line_size(client);
		if (line == 0)
			return false;
		size_t size = strtoul((const char *)client->input, NULL, 16);
		use_input(client, line);
		if (!need(client, size + 2))
			return false;
		memcpy(answered->body + answered->body_size, client->input, size);
		answered->body_size += size;
		use_input(client, size + 2);
		if (size == 0)
			return true;
	}
}

static bool read_body(struct client *client, struct answered *answered)
{
	const char *length = answered_field(answered, "Content-Length");
	const char *coding = answered_field(answered, "Transfer-Encoding");
	if (coding)
		return read_chunks(client, answered);
	size_t size = length ? strtoul(length, NULL, 10) : 0;
	if (length || answered->status == 304 || answered->status == 204 || answered->status < 200) {
		if (!need(client, size))
			return false;
	} else {
		while (client_read(client))
			;
		size = client->input_size;
	}
	memcpy(answered->body, client->input, size);
	answered->body_size = size;
	use_input(client, size);
	return true;
}

struct answered *client_answer(struct client *client, bool head_only)
{
	static struct answered answered;
	size_t head = 0;
	if (!answered.body)
		answered.body = malloc(CLIENT_ANSWER_SIZE_MAX + 1);
	ENSURE(answered.body);
	answered.status = 0;
	answered.body_size = 0;
	answered.body[0] = answered.head[0] = '\0';
	while (head == 0) {
		for (size_t i = 3; i < client->input_size && head == 0; i++)
			if (memcmp(client->input + i - 3, "\r\n\r\n", 4) == 0)
				head = i + 1;
		if (head == 0 && !client_read(client))
			return &answered;
	}
	ENSURE(head < sizeof answered.head);
	memcpy(answered.head, client->input, head);
	answered.head[head] = '\0';
	use_input(client, head);
	answered.status = atoi(answered.head + 9);
	if (!head_only && answered.status != 101 && !read_body(client, &answered))
		answered.status = -answered.status; /* broken off */
	answered.body[answered.body_size] = '\0';
	return &answered;
}

bool client_frame(struct client *client, int kind, const void *payload, size_t size)
{
	uint8_t frame[256] = {(uint8_t)(0x80 | kind), (uint8_t)(0x80 | size), 1, 2, 3, 4};
	ENSURE(size <= 125);
	for (size_t i = 0; i < size; i++)
		frame[6 + i] = (uint8_t)(((const uint8_t *)payload)[i] ^ frame[2 + i % 4]);
	return client_send(client, frame, 6 + size);
}

int client_next_frame(struct client *client, bool pong, char **ret_payload, size_t *ret_size)
{
	static char *payload;
	if (!payload)
		payload = malloc(CLIENT_ANSWER_SIZE_MAX + 1);
	ENSURE(payload);
	for (;;) {
		if (!need(client, 2))
			return -1;
		size_t head = 2;
		size_t size = client->input[1] & 0x7F;
		size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
		if (!need(client, head + more))
			return -1;
		if (more > 0)
			for (size = 0; head < 2 + more; head++)
				size = size << 8 | client->input[head];
		if (!need(client, head + size))
			return -1;
		int kind = client->input[0] & 0x0F;
		memcpy(payload, client->input + head, size);
		payload[size] = '\0';
		use_input(client, head + size);
		if (kind == 9 && pong) {
			(void)client_frame(client, 10, payload, size);
			continue;
		}
		*ret_payload = payload;
		*ret_size = size;
		return kind;
	}
}
