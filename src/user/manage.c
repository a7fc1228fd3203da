/* user/manage.c - the users page: create, disable, reset, end sessions; and the way back for the last administrator,
 * from the machine itself.
 */
#include <sodium.h>

#include "ledger/hash.h"
#include "user/state.h"

/* Make a link for a user and answer with it, once. */
static struct err invite(struct core *core, const struct core_request *request, uint64_t user, struct core_why why)
{
	uint8_t token[32];
	char text[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	char link[100];
	randombytes_buf(token, sizeof token);
	struct ledger_hash hash = ledger_hash_bytes(SPAN_OF(token));
	sodium_bin2base64(text, sizeof text, token, sizeof token, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	struct sink s = SINK_OF(link);
	sink_printf(&s, "/#/welcome/%s", text);
	struct user_link_made body = {
		.user = user,
		.token_hash = ledger_hash_span(&hash),
		.expires = core_now_us(core) + USER_LINK_US,
	};
	TRY(core_record(core, &user_link_made_entry, &body, why, NULL));
	struct user_invitation reply = {.id = user, .link = sink_span(&s), .expires = body.expires};
	core_answer(core, request->caller, &user_invitation_shape, &reply);
	wipe(token, sizeof token);
	wipe(text, sizeof text);
	wipe(link, sizeof link);
	return OK;
}

static struct err create(struct core *core, const struct core_request *request, const struct user_created *body)
{
	uint64_t user;
	struct core_why why = {.actor = request->actor};
	if (user_state(core)->user_count == USER_MAX) {
		core_refuse(core, request->caller, 409, "too-many-users", "", "a post has at most %d users", USER_MAX);
		return OK;
	}
	TRY(core_record(core, &user_created_entry, body, why, &user));
	why.cause = user;
	why.has_cause = true;
	return invite(core, request, user, why);
}

struct err user_create_write(struct core *core, const struct core_request *request)
{
	const struct user_create_request *in = request->body;
	if (in->name.size == 0 || in->role == ROLE_NONE) {
		core_refuse(core, request->caller, 400, "invalid", in->name.size == 0 ? "name" : "role",
			    "a user needs a name and a role");
		return OK;
	}
	if (user_find_name(user_state(core), in->name)) {
		core_refuse(core, request->caller, 409, "name-taken", "name", "another user has this name");
		return OK;
	}
	struct user_created body = {
		.role = in->role,
		.language = in->language == LANGUAGE_NONE ? LANGUAGE_ENGLISH : in->language,
		.name = in->name,
	};
	return create(core, request, &body);
}

static struct user *user_asked(struct core *core, const struct core_request *request)
{
	const struct route_object *in = request->body;
	struct user *user = user_find(user_state(core), in->id);
	if (!user)
		core_refuse(core, request->caller, 404, "not-found", "id", "there is no user %llu",
			    (unsigned long long)in->id);
	return user;
}

/* Is this the only one who could let anybody in again? */
static bool is_last_administrator(struct core *core, const struct user *user)
{
	const struct user_state *state = user_state(core);
	for (size_t i = 0; i < state->user_count; i++)
		if (&state->users[i] != user && state->users[i].role == ROLE_ADMINISTRATOR &&
		    !state->users[i].disabled && !state->users[i].erased && state->users[i].has_password)
			return false;
	return user->role == ROLE_ADMINISTRATOR;
}

static struct err set_disabled(struct core *core, const struct core_request *request, bool disabled)
{
	struct user *user = user_asked(core, request);
	if (!user)
		return OK;
	if (disabled && is_last_administrator(core, user)) {
		core_refuse(core, request->caller, 409, "last-administrator", "id",
			    "this is the last administrator: make another one first");
		return OK;
	}
	struct user_changed body = {
		.user = user->id,
		.role = user->role,
		.language = user->language,
		.disabled = disabled,
	};
	struct route_done done;
	struct core_why why = {.actor = request->actor, .cause = user->id, .has_cause = true};
	TRY(core_record(core, &user_changed_entry, &body, why, &done.seq));
	why.cause = done.seq;
	if (disabled)
		TRY(user_sessions_end(core, user->id, USER_SESSION_DISABLED, why, NULL));
	core_answer(core, request->caller, &route_done_shape, &done);
	return OK;
}

struct err user_disable_write(struct core *core, const struct core_request *request)
{
	return set_disabled(core, request, true);
}

struct err user_enable_write(struct core *core, const struct core_request *request)
{
	return set_disabled(core, request, false);
}

struct err user_reset_write(struct core *core, const struct core_request *request)
{
	struct user *user = user_asked(core, request);
	if (!user)
		return OK;
	return invite(core, request, user->id,
		      (struct core_why){.actor = request->actor, .cause = user->id, .has_cause = true});
}

struct err user_end_sessions_write(struct core *core, const struct core_request *request)
{
	struct user *user = user_asked(core, request);
	struct route_done done = {0};
	if (!user)
		return OK;
	struct core_why why = {.actor = request->actor, .cause = user->id, .has_cause = true};
	TRY(user_sessions_end(core, user->id, USER_SESSION_ENDED_BY_USER, why, &done.seq));
	core_answer(core, request->caller, &route_done_shape, &done);
	return OK;
}

/* From the machine itself, by the local socket: the first administrator's link, or a new one for an administrator who
 * lost his password. Whoever can do this is root already.
 */
struct err user_recover_write(struct core *core, const struct core_request *request)
{
	const struct user_recover_request *in = request->body;
	struct user_state *state = user_state(core);
	const struct user *found = NULL;
	size_t administrators = 0;
	for (size_t i = 0; i < state->user_count; i++) {
		const struct user *user = &state->users[i];
		if (user->role != ROLE_ADMINISTRATOR || user->erased)
			continue;
		administrators++;
		if (in->name.size == 0 || span_equal(user_name(user), in->name))
			found = user;
	}
	if (administrators == 0) {
		struct user_created body = {
			.role = ROLE_ADMINISTRATOR,
			.language = LANGUAGE_ENGLISH,
			.name = in->name.size > 0 ? in->name : SPAN_TEXT("administrator"),
		};
		return create(core, request, &body);
	}
	if (!found || (in->name.size == 0 && administrators > 1)) {
		core_refuse(core, request->caller, 404, "not-found", "name",
			    found ? "there are %zu administrators: name one"
				  : "none of %zu administrators has this name",
			    administrators);
		return OK;
	}
	if (found->disabled) {
		struct user_changed body = {.user = found->id, .role = found->role, .language = found->language};
		TRY(core_record(core, &user_changed_entry, &body,
				(struct core_why){.actor = request->actor, .cause = found->id, .has_cause = true},
				NULL));
	}
	return invite(core, request, found->id,
		      (struct core_why){.actor = request->actor, .cause = found->id, .has_cause = true});
}
