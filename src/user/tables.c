/* user/tables.c - users and sessions as tables, and as core's memory, both from the same entries. */
#include <stdlib.h>

#include "user/state.h"
#include "core/pages.h"

const char user_schema[] =
	"CREATE TABLE user_user (id INTEGER PRIMARY KEY, name TEXT NOT NULL, role INTEGER NOT NULL, language INTEGER "
	"NOT NULL,"
	" disabled INTEGER NOT NULL, erased INTEGER NOT NULL, has_password INTEGER NOT NULL, operations INTEGER NOT "
	"NULL,"
	" memory_kib INTEGER NOT NULL, salt BLOB, hash BLOB, link_hash BLOB, link_expires INTEGER NOT NULL,"
	" locked_until INTEGER NOT NULL, last_seen INTEGER NOT NULL);"
	"CREATE TABLE user_session (id INTEGER PRIMARY KEY, user INTEGER NOT NULL, token_hash BLOB NOT NULL,"
	" expires INTEGER NOT NULL);"
	"CREATE INDEX user_session_token ON user_session (token_hash);";
const char *const user_tables[] = {"user_user", "user_session", NULL};

void *user_state_new(void)
{
	struct user_state *state = calloc(1, sizeof *state);
	ENSURE(state);
	return state;
}

void user_state_free(void *state)
{
	wipe(state, sizeof(struct user_state));
	free(state);
}

struct user *user_find(struct user_state *state, uint64_t id)
{
	for (size_t i = 0; id != 0 && i < state->user_count; i++)
		if (state->users[i].id == id)
			return &state->users[i];
	return NULL;
}

struct user *user_find_name(struct user_state *state, struct span name)
{
	for (size_t i = 0; name.size > 0 && i < state->user_count; i++)
		if (!state->users[i].erased && span_equal(user_name(&state->users[i]), name))
			return &state->users[i];
	return NULL;
}

struct span user_name(const struct user *user)
{
	return (struct span){user->name, user->name_size};
}

static void set_name(struct user *user, struct span name)
{
	ENSURE(name.size <= USER_NAME_SIZE_MAX);
	user->name_size = name.size;
	if (name.size > 0)
		memcpy(user->name, name.at, name.size);
}

/* ---- the tables ---- */

static struct err user_store(struct core *core, const struct user *user, uint64_t last_seen)
{
	struct store_statement *put;
	TRY(store_statement(
		core_store(core),
		"INSERT INTO user_user (id, name, role, language, disabled, erased, has_password, operations,"
		" memory_kib, salt, hash, link_hash, link_expires, locked_until, last_seen)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
		" ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role,"
		" language = excluded.language, disabled = excluded.disabled, erased = excluded.erased,"
		" has_password = excluded.has_password, operations = excluded.operations,"
		" memory_kib = excluded.memory_kib, salt = excluded.salt, hash = excluded.hash,"
		" link_hash = excluded.link_hash, link_expires = excluded.link_expires,"
		" locked_until = excluded.locked_until,"
		" last_seen = CASE WHEN excluded.last_seen > 0 THEN excluded.last_seen ELSE last_seen END",
		&put));
	store_bind_u64(put, 1, user->id);
	store_bind_text(put, 2, user_name(user));
	store_bind_u64(put, 3, user->role);
	store_bind_u64(put, 4, user->language);
	store_bind_u64(put, 5, user->disabled);
	store_bind_u64(put, 6, user->erased);
	store_bind_u64(put, 7, user->has_password);
	store_bind_u64(put, 8, user->operations);
	store_bind_u64(put, 9, user->memory_kib);
	if (user->has_password) {
		store_bind_bytes(put, 10, SPAN_OF(user->salt));
		store_bind_bytes(put, 11, SPAN_OF(user->hash));
	}
	if (user->link_expires > 0)
		store_bind_bytes(put, 12, SPAN_OF(user->link_hash));
	store_bind_u64(put, 13, user->link_expires);
	store_bind_u64(put, 14, user->locked_until);
	store_bind_u64(put, 15, last_seen);
	return store_run(put);
}

static void copy_bytes(uint8_t *to, size_t size, struct span from)
{
	if (from.size == size)
		memcpy(to, from.at, size);
}

static struct err users_load(struct core *core, struct user_state *state)
{
	struct store_statement *all;
	TRY(store_statement(
		core_store(core),
		"SELECT id, name, role, language, disabled, erased, has_password, operations, memory_kib, salt, hash,"
		" link_hash, link_expires, locked_until FROM user_user ORDER BY id",
		&all));
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row)
			return store_done(all);
		ENSURE(state->user_count < USER_MAX);
		struct user *user = &state->users[state->user_count++];
		*user = (struct user){
			.id = store_column_u64(all, 0),
			.role = (enum route_role)store_column_u64(all, 2),
			.language = (enum route_language)store_column_u64(all, 3),
			.disabled = store_column_u64(all, 4) != 0,
			.erased = store_column_u64(all, 5) != 0,
			.has_password = store_column_u64(all, 6) != 0,
			.operations = (uint32_t)store_column_u64(all, 7),
			.memory_kib = (uint32_t)store_column_u64(all, 8),
			.link_expires = store_column_u64(all, 12),
			.locked_until = store_column_u64(all, 13),
		};
		set_name(user, store_column_text(all, 1));
		copy_bytes(user->salt, 16, store_column_bytes(all, 9));
		copy_bytes(user->hash, 32, store_column_bytes(all, 10));
		copy_bytes(user->link_hash, 32, store_column_bytes(all, 11));
	}
}

static struct err sessions_load(struct core *core, struct user_state *state)
{
	struct store_statement *all;
	size_t count = 0;
	TRY(store_statement(core_store(core), "SELECT id, user, token_hash, expires FROM user_session ORDER BY id",
			    &all));
	for (;;) {
		bool row;
		TRY(store_step(all, &row));
		if (!row)
			return store_done(all);
		ENSURE(count < USER_SESSIONS_MAX);
		struct user_open_session *session = &state->sessions[count++];
		session->id = store_column_u64(all, 0);
		session->user = store_column_u64(all, 1);
		copy_bytes(session->token_hash, 32, store_column_bytes(all, 2));
		session->expires = store_column_u64(all, 3);
		session->seen_boot_us = core_boot_us(core);
	}
}

struct err user_load(struct core *core)
{
	TRY(users_load(core, user_state(core)));
	return sessions_load(core, user_state(core));
}

/* ---- applying ---- */

static struct err apply_created(struct core *core, const struct core_entry *entry)
{
	const struct user_created *body = entry->body;
	struct user_state *state = user_state(core);
	ENSURE(state->user_count < USER_MAX);
	struct user *user = &state->users[state->user_count++];
	*user = (struct user){
		.id = entry->seq, .role = body->role, .language = body->language, .erased = entry->erased};
	set_name(user, body->name);
	return user_store(core, user, 0);
}

static struct err apply_password(struct core *core, const struct core_entry *entry)
{
	const struct user_password_set *body = entry->body;
	struct user *user = user_find(user_state(core), body->user);
	ENSURE(user);
	user->has_password = !entry->erased;
	user->operations = body->operations;
	user->memory_kib = body->memory_kib;
	copy_bytes(user->salt, 16, body->salt);
	copy_bytes(user->hash, 32, body->hash);
	user->link_expires = 0; /* a link works once */
	user->locked_until = 0;
	user->failures = 0;
	return user_store(core, user, 0);
}

static struct err apply_signed_in(struct core *core, const struct core_entry *entry)
{
	const struct user_signed_in *body = entry->body;
	struct user_state *state = user_state(core);
	struct user *user = user_find(state, body->user);
	struct user_open_session *session = NULL;
	for (size_t i = 0; i < USER_SESSIONS_MAX && !session; i++)
		if (state->sessions[i].id == 0)
			session = &state->sessions[i];
	ENSURE(user && session);
	*session = (struct user_open_session){
		.id = entry->seq,
		.user = body->user,
		.expires = body->expires,
		.seen_boot_us = core_boot_us(core),
	};
	copy_bytes(session->token_hash, 32, body->token_hash);
	user->failures = 0;
	struct store_statement *put;
	TRY(store_statement(core_store(core),
			    "INSERT INTO user_session (id, user, token_hash, expires) VALUES ($1, $2, $3, $4)", &put));
	store_bind_u64(put, 1, entry->seq);
	store_bind_u64(put, 2, body->user);
	store_bind_bytes(put, 3, body->token_hash);
	store_bind_u64(put, 4, body->expires);
	TRY(store_run(put));
	return user_store(core, user, entry->time_us);
}

static struct err apply_session_ended(struct core *core, const struct core_entry *entry)
{
	const struct user_session_ended *body = entry->body;
	struct user_state *state = user_state(core);
	for (size_t i = 0; i < USER_SESSIONS_MAX; i++)
		if (state->sessions[i].id == body->session)
			state->sessions[i] = (struct user_open_session){0};
	struct store_statement *drop;
	TRY(store_statement(core_store(core), "DELETE FROM user_session WHERE id = $1", &drop));
	store_bind_u64(drop, 1, body->session);
	return store_run(drop);
}

static struct err apply_changed(struct core *core, const struct core_entry *entry)
{
	const struct user_changed *body = entry->body;
	struct user *user = user_find(user_state(core), body->user);
	ENSURE(user);
	user->role = body->role;
	user->language = body->language;
	user->disabled = body->disabled;
	return user_store(core, user, 0);
}

static struct err apply_named(struct core *core, const struct core_entry *entry)
{
	const struct user_named *body = entry->body;
	struct user *user = user_find(user_state(core), body->user);
	ENSURE(user);
	set_name(user, body->name);
	return user_store(core, user, 0);
}

static struct err apply_link(struct core *core, const struct core_entry *entry)
{
	const struct user_link_made *body = entry->body;
	struct user *user = user_find(user_state(core), body->user);
	ENSURE(user);
	copy_bytes(user->link_hash, 32, body->token_hash);
	user->link_expires = body->expires;
	return user_store(core, user, 0);
}

static struct err apply_locked(struct core *core, const struct core_entry *entry)
{
	const struct user_locked_out *body = entry->body;
	struct user *user = user_find(user_state(core), body->user);
	ENSURE(user);
	user->locked_until = body->until;
	user->failures = 0;
	return user_store(core, user, 0);
}

static struct err apply_erased(struct core *core, const struct core_entry *entry)
{
	const struct core_subject_erased *body = entry->body;
	struct user *user = user_find(user_state(core), body->subject);
	if (!user)
		return OK;
	user->erased = true;
	user->has_password = false;
	user->name_size = 0;
	wipe(user->salt, sizeof user->salt);
	wipe(user->hash, sizeof user->hash);
	return user_store(core, user, 0);
}

struct err user_apply(struct core *core, const struct core_entry *entry)
{
	static const struct core_apply_row rows[] = {
		{&user_created_entry, apply_created},
		{&user_named_entry, apply_named},
		{&user_changed_entry, apply_changed},
		{&user_link_made_entry, apply_link},
		{&user_password_set_entry, apply_password},
		{&user_signed_in_entry, apply_signed_in},
		{&user_session_ended_entry, apply_session_ended},
		{&user_locked_out_entry, apply_locked},
		{&core_subject_erased_entry, apply_erased},
	};
	return core_apply_by(core, entry, rows, sizeof rows / sizeof *rows);
}
