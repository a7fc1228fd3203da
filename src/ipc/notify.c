#include "ipc/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/span.h"

static struct err connect_to(const char *path, int *ret_descriptor)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || size < 2 || size >= sizeof address.sun_path)
		return FAIL(ERR_INVALID, "NOTIFY_SOCKET: neither a path nor an abstract address");
	memcpy(address.sun_path, path, size);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* abstract: no NUL ends it, its length does */
	else
		length++;
	int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0)
		return FAIL_ERRNO("NOTIFY_SOCKET: socket");
	if (connect(descriptor, (struct sockaddr *)&address, length) != 0) {
		struct err e = FAIL_ERRNO("NOTIFY_SOCKET: %s", path);
		(void)close(descriptor);
		return e;
	}
	*ret_descriptor = descriptor;
	return OK;
}

static struct err read_watchdog(uint64_t *ret_half_us)
{
	const char *wait = getenv("WATCHDOG_USEC");
	const char *process = getenv("WATCHDOG_PID");
	uint64_t wait_us = 0;
	uint64_t pid = 0;
	if (!wait)
		return OK;
	TRY(err_within(decimal_read(span_of_string(wait), INT64_MAX, &wait_us), "WATCHDOG_USEC"));
	if (process)
		TRY(err_within(decimal_read(span_of_string(process), INT32_MAX, &pid), "WATCHDOG_PID"));
	if (!process || pid == (uint64_t)getpid())
		*ret_half_us = wait_us / 2;
	return OK;
}

struct err notify_open(struct notify *ret_notify)
{
	struct notify notify = {.descriptor = -1};
	const char *path = getenv("NOTIFY_SOCKET");
	if (path) {
		TRY(read_watchdog(&notify.watchdog_us));
		TRY(connect_to(path, &notify.descriptor));
	}
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	*ret_notify = notify;
	return OK;
}

void notify_close(struct notify *notify)
{
	if (notify->descriptor >= 0)
		(void)close(notify->descriptor);
	notify->descriptor = -1;
}

static void say(struct notify *notify, const char *words)
{
	if (notify->descriptor < 0)
		return;
	ssize_t sent = send(notify->descriptor, words, strlen(words), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)sent;
}

void notify_ready(struct notify *notify)
{
	say(notify, "READY=1");
}

void notify_stopping(struct notify *notify)
{
	say(notify, "STOPPING=1");
}

void notify_status(struct notify *notify, const char *status)
{
	char words[NOTIFY_TEXT_SIZE_MAX + sizeof "STATUS="];
	if (strncmp(status, notify->status, sizeof notify->status - 1) == 0)
		return;
	(void)snprintf(notify->status, sizeof notify->status, "%s", status);
	(void)snprintf(words, sizeof words, "STATUS=%s", notify->status);
	say(notify, words);
}

uint64_t notify_alive(struct notify *notify, uint64_t now_us)
{
	if (notify->descriptor < 0 || notify->watchdog_us == 0)
		return UINT64_MAX;
	if (now_us >= notify->next_alive_us) {
		say(notify, "WATCHDOG=1");
		notify->next_alive_us = now_us + notify->watchdog_us;
	}
	return notify->next_alive_us;
}
