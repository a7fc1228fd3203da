/* user/user.h - the people at the console: who they are, how they sign in, how long they stay.
 *
 * Nothing here knows what a role may do: ipc/route.h's rows say it. Passwords are hashed by the password worker, so
 * that a login never stalls a door; what is kept is an HMAC of that hash under the post's pepper. Passkeys will be
 * one more way to sign_in.c's `admit`.
 */
#ifndef LEGATION_USER_USER_H
#define LEGATION_USER_USER_H

#include "core/core.h"

#define SHAPE_TABLE "user/entries.def"
#include "core/entry_structs.h"

#define SHAPE_TABLE "user/routes.def"
#include "core/route_structs.h"

extern const struct core_module user_module;

#endif
