/* cmd/client.h - a tool's word with core, by the local socket: the peer's uid is the actor. */
#ifndef LEGATION_CMD_CLIENT_H
#define LEGATION_CMD_CLIENT_H

#include <jansson.h>

#include "ipc/link.h"
#include "ipc/route.h"

struct client;

/* needs   a post that is being served from this folder.
 * fails   ERR_NOT_FOUND, ERR_CLOSED: nobody serves it; ERR_DENIED: not for this user.
 */
struct err client_open(const char *directory, struct client **ret_client) MUST_USE;
struct client *client_close(struct client *client);

/* Ask, and wait for the whole answer.
 *
 * needs   request: the struct of the route's request shape; the route is found by its name in this build's table.
 * gives   the answer's bytes, in the client's memory until the next call; for JSON see client_ask_json.
 * fails   ERR_DENIED with the refusal's sentence when the answer is not 200; ERR_BUSY when none comes.
 */
struct err client_ask(struct client *client, const char *route, const void *request, struct span *ret_body) MUST_USE;

/* The same, read as JSON; the caller owns ret_json. */
struct err client_ask_json(struct client *client, const char *route, const void *request, json_t **ret_json) MUST_USE;

#endif
