/* user/sign_in.c - a password, or a one-time link, becomes a session.
 *
 * The password worker hashes; meanwhile the attempt waits here. An unknown name is hashed too, so that time tells
 * nobody who exists. Wrong answers are entries, several of one kind within a second as one with a count; too many in
 * a row lock the user out for five minutes.
 */
#include <sodium.h>
#include <stdio.h>

#include "ledger/hash.h"
#include "user/state.h"

/* ---- what is kept of a password ---- */

/* HMAC-SHA-256 of the Argon2id hash under the post's pepper. */
static void peppered(const struct core *core, struct span hash, uint8_t ret_kept[32])
{
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, core_pepper(core).at, core_pepper(core).size);
	crypto_auth_hmacsha256_update(&state, hash.at, hash.size);
	crypto_auth_hmacsha256_final(&state, ret_kept);
	wipe(&state, sizeof state);
}

/* ---- failures ---- */

static void note_failure(struct user_state *state, uint64_t user, enum user_refusal why, const char *from)
{
	for (size_t i = 0; i < state->failure_count; i++) {
		struct user_failure *note = &state->failures[i];
		if (note->user == user && note->why == why && strcmp(note->from, from) == 0) {
			note->count++;
			return;
		}
	}
	if (state->failure_count == USER_FAILURE_NOTES_MAX) { /* a flood from many places: the last note counts them */
		state->failures[USER_FAILURE_NOTES_MAX - 1].count++;
		return;
	}
	struct user_failure *note = &state->failures[state->failure_count++];
	*note = (struct user_failure){.user = user, .why = why, .count = 1};
	(void)snprintf(note->from, sizeof note->from, "%s", from);
}

struct err user_failures_tell(struct core *core)
{
	struct user_state *state = user_state(core);
	if (state->failure_count == 0 || core_boot_us(core) - state->failures_told_us < USER_SECONDS)
		return OK;
	state->failures_told_us = core_boot_us(core);
	for (size_t i = 0; i < state->failure_count; i++) {
		const struct user_failure *note = &state->failures[i];
		struct user_sign_in_failed body = {
			.user = note->user,
			.why = note->why,
			.from = span_of_string(note->from),
			.count = note->count,
		};
		TRY(core_record(core, &user_sign_in_failed_entry, &body, (struct core_why){.actor = "web"}, NULL));
	}
	state->failure_count = 0;
	return OK;
}

static struct err refuse(struct core *core, const struct user_pending *pending, enum user_refusal why)
{
	struct user_state *state = user_state(core);
	struct user *user = user_find(state, pending->user);
	note_failure(state, pending->user, why, pending->from);
	/* One sentence for every cause: who asks learns nothing. */
	core_refuse(core, pending->caller, 401, pending->kind == USER_PENDING_LINK ? "bad-link" : "sign-in-failed", "",
		    pending->kind == USER_PENDING_LINK ? "this link is not valid, or not any more"
						       : "name or password is wrong, or the user is locked out");
	if (!user || why != USER_REFUSAL_PASSWORD || ++user->failures < USER_FAILURES_MAX)
		return OK;
	struct user_locked_out body = {
		.user = user->id,
		.until = core_now_us(core) + USER_LOCKED_US,
		.failures = user->failures,
	};
	return core_record(core, &user_locked_out_entry, &body, (struct core_why){.actor = "core"}, NULL);
}

/* ---- waiting for the hash ---- */

static struct user_pending *pending_take(struct core *core, const struct core_request *request)
{
	struct user_state *state = user_state(core);
	for (size_t i = 0; core_worker_is_there(core, WORKER_PASSWORD, 0) && i < USER_PENDING_MAX; i++) {
		struct user_pending *pending = &state->pending[i];
		if (pending->kind != USER_PENDING_NONE)
			continue;
		*pending = (struct user_pending){.call = ++state->calls, .caller = request->caller};
		(void)snprintf(pending->from, sizeof pending->from, "%.*s", SPAN_ARGS(request->from));
		return pending;
	}
	core_refuse(core, request->caller, 503, "busy", "", "signing in is not possible at this moment; try again");
	return NULL;
}

/* The password worker has gone, and with it every hash that it was asked for. */
struct err user_worker(struct core *core, enum worker_role role, uint32_t line, bool there)
{
	struct user_state *state = user_state(core);
	(void)line;
	for (size_t i = 0; role == WORKER_PASSWORD && !there && i < USER_PENDING_MAX; i++) {
		if (state->pending[i].kind == USER_PENDING_NONE)
			continue;
		core_refuse(core, state->pending[i].caller, 503, "busy", "", "signing in was interrupted; try again");
		state->pending[i] = (struct user_pending){0};
	}
	return OK;
}

static void hash_ask(struct core *core, const struct user_pending *pending, struct span password, uint32_t operations,
		     uint32_t memory_kib)
{
	struct password_hash ask = {
		.call = pending->call,
		.password = password,
		.salt = SPAN_OF(pending->salt),
		.operations = operations,
		.memory_kib = memory_kib,
	};
	core_send(core, WORKER_PASSWORD, 0, MESSAGE_PASSWORD_HASH, &ask);
}

struct err user_sign_in_write(struct core *core, const struct core_request *request)
{
	const struct user_sign_in_request *in = request->body;
	struct user_pending *pending = pending_take(core, request);
	if (!pending)
		return OK;
	const struct user *user = user_find_name(user_state(core), in->name);
	bool known = user && user->has_password;
	pending->kind = USER_PENDING_SIGN_IN;
	pending->user = user ? user->id : 0;
	if (known)
		memcpy(pending->salt, user->salt, sizeof pending->salt);
	else
		randombytes_buf(pending->salt, sizeof pending->salt);
	hash_ask(core, pending, in->password, known ? user->operations : USER_HASH_OPERATIONS,
		 known ? user->memory_kib : USER_HASH_MEMORY_KIB);
	return OK;
}

/* base64url without padding, as it stands in the link. */
static bool token_read(struct span text, uint8_t ret_token[32])
{
	size_t size = 0;
	return sodium_base642bin(ret_token, 32, (const char *)text.at, text.size, NULL, &size, NULL,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       size == 32;
}

static struct user *user_of_link(struct core *core, struct span hash)
{
	struct user_state *state = user_state(core);
	for (size_t i = 0; i < state->user_count; i++) {
		struct user *user = &state->users[i];
		if (user->link_expires > core_now_us(core) && !user->disabled && !user->erased &&
		    span_equal_secret(SPAN_OF(user->link_hash), hash))
			return user;
	}
	return NULL;
}

struct err user_use_link_write(struct core *core, const struct core_request *request)
{
	const struct user_link_request *in = request->body;
	struct user_state *state = user_state(core);
	uint8_t token[32] = {0};
	bool read = token_read(in->token, token);
	struct ledger_hash hash = ledger_hash_bytes(SPAN_OF(token));
	wipe(token, sizeof token);
	if (in->password.size < USER_PASSWORD_SIZE_MIN) {
		core_refuse(core, request->caller, 400, "password-too-short", "password", "at least %d characters",
			    USER_PASSWORD_SIZE_MIN);
		return OK;
	}
	const struct user *user = read ? user_of_link(core, ledger_hash_span(&hash)) : NULL;
	const struct user *other = user_find_name(state, in->name);
	if (user && other && other != user) {
		core_refuse(core, request->caller, 409, "name-taken", "name", "another user has this name");
		return OK;
	}
	struct user_pending *pending = pending_take(core, request);
	if (!pending)
		return OK;
	pending->kind = USER_PENDING_LINK;
	if (!user) {
		struct user_pending copy = *pending;
		*pending = (struct user_pending){0};
		return refuse(core, &copy, USER_REFUSAL_LINK);
	}
	pending->user = user->id;
	memcpy(pending->link_hash, hash.bytes, sizeof pending->link_hash);
	pending->name_size = in->name.size;
	if (in->name.size > 0)
		memcpy(pending->name, in->name.at, in->name.size);
	randombytes_buf(pending->salt, sizeof pending->salt);
	hash_ask(core, pending, in->password, USER_HASH_OPERATIONS, USER_HASH_MEMORY_KIB);
	return OK;
}

/* ---- the hash is there ---- */

static struct err finish_sign_in(struct core *core, const struct user_pending *pending, struct span hash)
{
	struct user *user = user_find(user_state(core), pending->user);
	uint8_t kept[32];
	peppered(core, hash, kept);
	bool good = user && user->has_password && span_equal_secret(SPAN_OF(kept), SPAN_OF(user->hash));
	wipe(kept, sizeof kept);
	if (!user)
		return refuse(core, pending, USER_REFUSAL_UNKNOWN);
	if (user->locked_until > core_now_us(core))
		return refuse(core, pending, USER_REFUSAL_LOCKED);
	if (!good)
		return refuse(core, pending, USER_REFUSAL_PASSWORD);
	if (user->disabled || user->erased)
		return refuse(core, pending, USER_REFUSAL_DISABLED);
	char actor[32];
	(void)snprintf(actor, sizeof actor, "user/%llu", (unsigned long long)user->id);
	return user_session_open(core, user, pending->caller, pending->from, (struct core_why){.actor = actor});
}

static struct err finish_link(struct core *core, const struct user_pending *pending, struct span hash)
{
	struct user *user = user_of_link(core, SPAN_OF(pending->link_hash));
	if (!user || user->id != pending->user) /* used or withdrawn meanwhile */
		return refuse(core, pending, USER_REFUSAL_LINK);
	char actor[32];
	uint64_t set;
	(void)snprintf(actor, sizeof actor, "user/%llu", (unsigned long long)user->id);
	struct core_why why = {.actor = actor, .cause = user->id, .has_cause = true};
	struct span name = {pending->name, pending->name_size};
	if (name.size > 0 && !span_equal(name, user_name(user)) && user->role == ROLE_ADMINISTRATOR) {
		struct user_named named = {.user = user->id, .name = name};
		TRY(core_record(core, &user_named_entry, &named, why, NULL));
	}
	uint8_t kept[32];
	peppered(core, hash, kept);
	struct user_password_set body = {
		.user = user->id,
		.operations = USER_HASH_OPERATIONS,
		.memory_kib = USER_HASH_MEMORY_KIB,
		.salt = SPAN_OF(pending->salt),
		.hash = SPAN_OF(kept),
	};
	struct err e = core_record(core, &user_password_set_entry, &body, why, &set);
	wipe(kept, sizeof kept);
	TRY(e);
	why.cause = set;
	TRY(user_sessions_end(core, user->id, USER_SESSION_RESET, why, NULL));
	return user_session_open(core, user, pending->caller, pending->from, why);
}

struct err user_message(struct core *core, enum worker_role from, uint32_t line, const struct message *message,
			bool *ret_mine)
{
	struct user_state *state = user_state(core);
	(void)line;
	if (from != WORKER_PASSWORD || message->kind != MESSAGE_PASSWORD_HASHED)
		return OK;
	*ret_mine = true;
	const struct password_hashed *hashed = message->body;
	for (size_t i = 0; i < USER_PENDING_MAX; i++) {
		if (state->pending[i].kind == USER_PENDING_NONE || state->pending[i].call != hashed->call)
			continue;
		struct user_pending pending = state->pending[i];
		state->pending[i] = (struct user_pending){0};
		if (hashed->refused || hashed->hash.size != 32) {
			core_refuse(core, pending.caller, 503, "busy", "", "too many people are signing in; try again");
			return OK;
		}
		return pending.kind == USER_PENDING_SIGN_IN ? finish_sign_in(core, &pending, hashed->hash)
							    : finish_link(core, &pending, hashed->hash);
	}
	return OK;
}
