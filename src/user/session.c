/* user/session.c - how sessions live and end: a token in a cookie, an hour of idleness, thirteen hours at most. */
#include <sodium.h>

#include "ledger/hash.h"
#include "user/state.h"

static struct ledger_hash token_hash(struct span token)
{
	return ledger_hash_bytes(token);
}

void user_session_of(struct core *core, struct span token, bool seen, struct core_session *ret_session)
{
	struct user_state *state = user_state(core);
	struct ledger_hash hash = token_hash(token);
	for (size_t i = 0; i < USER_SESSIONS_MAX; i++) {
		struct user_open_session *session = &state->sessions[i];
		if (session->id == 0 || !span_equal_secret(SPAN_OF(session->token_hash), ledger_hash_span(&hash)))
			continue;
		const struct user *user = user_find(state, session->user);
		if (!user || user->disabled || user->erased || session->expires <= core_now_us(core))
			return;
		if (seen)
			session->seen_boot_us = core_boot_us(core);
		*ret_session = (struct core_session){.user = user->id, .role = user->role};
		return;
	}
}

static struct err session_end(struct core *core, const struct user_open_session *session, enum user_session_end how,
			      struct core_why why, uint64_t *ret_seq)
{
	struct user_session_ended body = {.session = session->id, .user = session->user, .why = how};
	uint8_t hash[32]; /* a copy: recording the end frees the session's place */
	memcpy(hash, session->token_hash, sizeof hash);
	struct session_over over = {.token_hash = SPAN_OF(hash)};
	TRY(core_record(core, &user_session_ended_entry, &body, why, ret_seq));
	core_send(core, WORKER_WEB, 0, MESSAGE_SESSION_OVER, &over);
	return OK;
}

struct err user_sessions_end(struct core *core, uint64_t user, enum user_session_end how, struct core_why why,
			     uint64_t *ret_last)
{
	struct user_state *state = user_state(core);
	for (size_t i = 0; i < USER_SESSIONS_MAX; i++)
		if (state->sessions[i].id != 0 && state->sessions[i].user == user)
			TRY(session_end(core, &state->sessions[i], how, why, ret_last));
	return OK;
}

/* Room for one more: this user's oldest goes when he has too many, else anybody's oldest when the post has. */
static struct err make_room(struct core *core, uint64_t user, struct core_why why)
{
	struct user_state *state = user_state(core);
	const struct user_open_session *oldest = NULL, *own_oldest = NULL;
	size_t count = 0, own = 0;
	for (size_t i = 0; i < USER_SESSIONS_MAX; i++) {
		const struct user_open_session *session = &state->sessions[i];
		if (session->id == 0)
			continue;
		count++;
		if (!oldest || session->id < oldest->id)
			oldest = session;
		if (session->user != user)
			continue;
		own++;
		if (!own_oldest || session->id < own_oldest->id)
			own_oldest = session;
	}
	if (own >= USER_SESSIONS_EACH_MAX)
		return session_end(core, own_oldest, USER_SESSION_CROWDED, why, NULL);
	if (count >= USER_SESSIONS_MAX)
		return session_end(core, oldest, USER_SESSION_CROWDED, why, NULL);
	return OK;
}

struct err user_session_open(struct core *core, struct user *user, struct core_caller caller, const char *from,
			     struct core_why why)
{
	uint8_t token[32];
	TRY(make_room(core, user->id, why));
	randombytes_buf(token, sizeof token);
	struct ledger_hash hash = token_hash(SPAN_OF(token));
	struct user_signed_in body = {
		.user = user->id,
		.token_hash = ledger_hash_span(&hash),
		.expires = core_now_us(core) + USER_SESSION_US,
		.from = span_of_string(from),
	};
	TRY(core_record(core, &user_signed_in_entry, &body, why, NULL));
	struct user_self self = {
		.id = user->id,
		.name = user_name(user),
		.role = user->role,
		.language = user->language,
	};
	uint8_t json[512];
	struct sink s = SINK_OF(json);
	shape_write_full(&s, &user_self_shape, &self);
	struct answer answer = {.status = 200, .token = SPAN_OF(token), .body = sink_span(&s)};
	core_answer_raw(core, caller, &answer);
	wipe(token, sizeof token);
	return OK;
}

struct err user_session_tick(struct core *core)
{
	struct user_state *state = user_state(core);
	struct core_why why = {.actor = "core"};
	for (size_t i = 0; i < USER_SESSIONS_MAX; i++) {
		const struct user_open_session *session = &state->sessions[i];
		if (session->id == 0)
			continue;
		if (session->expires <= core_now_us(core))
			TRY(session_end(core, session, USER_SESSION_EXPIRED, why, NULL));
		else if (core_boot_us(core) - session->seen_boot_us > USER_IDLE_US)
			TRY(session_end(core, session, USER_SESSION_IDLE, why, NULL));
	}
	return user_failures_tell(core);
}

struct err user_sign_out_write(struct core *core, const struct core_request *request)
{
	struct user_state *state = user_state(core);
	struct ledger_hash hash = token_hash(request->token);
	struct route_done done = {0};
	struct core_why why = {.actor = request->actor};
	for (size_t i = 0; i < USER_SESSIONS_MAX; i++)
		if (state->sessions[i].id != 0 &&
		    span_equal_secret(SPAN_OF(state->sessions[i].token_hash), ledger_hash_span(&hash)))
			TRY(session_end(core, &state->sessions[i], USER_SESSION_SIGNED_OUT, why, &done.seq));
	uint8_t json[64];
	struct sink s = SINK_OF(json);
	shape_write_full(&s, &route_done_shape, &done);
	core_answer_raw(core, request->caller,
			&(struct answer){.status = 200, .session_ended = true, .body = sink_span(&s)});
	return OK;
}
