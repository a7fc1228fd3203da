/* user/state.h - what core keeps of users and sessions in memory; only this folder includes it.
 *
 * tables.c   projections and memory, from entries
 * sign_in.c  a password or a link becomes a session
 * session.c  how sessions live and end
 * manage.c   the users page
 * routes.c   what query answers
 */
#ifndef LEGATION_USER_STATE_H
#define LEGATION_USER_STATE_H

#include "user/user.h"

enum {
	USER_MAX = 500,
	USER_SESSIONS_MAX = 200,
	USER_SESSIONS_EACH_MAX = 8, /* the oldest ends when one more signs in */
	USER_PENDING_MAX = 32,      /* waiting for the password worker */
	USER_NAME_SIZE_MAX = 80,
	USER_PASSWORD_SIZE_MIN = 10,
	USER_FAILURES_MAX = 8,       /* in a row; then the user is locked out */
	USER_FAILURE_NOTES_MAX = 32, /* kinds of failure counted apart until the next second */
	USER_HASH_OPERATIONS = 3,    /* Argon2id; RFC 9106's second choice for memory */
	USER_HASH_MEMORY_KIB = 64 * 1024,
};

#define USER_SECONDS UINT64_C(1000000)
#define USER_LOCKED_US (5 * 60 * USER_SECONDS)
#define USER_LINK_US (24 * 3600 * USER_SECONDS)
#define USER_SESSION_US (13 * 3600 * USER_SECONDS) /* a twelve-hour watch and its hand-over */
#define USER_IDLE_US (60 * 60 * USER_SECONDS)

struct user {
	uint64_t id;
	uint8_t name[USER_NAME_SIZE_MAX];
	size_t name_size;
	enum route_role role;
	enum route_language language;
	bool disabled;
	bool erased;
	bool has_password;
	uint32_t operations;
	uint32_t memory_kib;
	uint8_t salt[16];
	uint8_t hash[32];
	uint8_t link_hash[32]; /* of the one link that works, until link_expires */
	uint64_t link_expires;
	uint64_t locked_until;
	uint32_t failures; /* in a row; forgotten at a restart, which an attacker cannot cause */
};

struct user_open_session {
	uint64_t id; /* seq of its entry; 0: free */
	uint64_t user;
	uint8_t token_hash[32];
	uint64_t expires;
	uint64_t seen_boot_us;
};

enum user_pending_kind { USER_PENDING_NONE = 0, USER_PENDING_SIGN_IN, USER_PENDING_LINK };

struct user_pending {
	enum user_pending_kind kind;
	uint64_t call; /* of the password worker */
	struct core_caller caller;
	uint64_t user; /* 0: there is none of that name, and we hash all the same */
	uint8_t salt[16];
	uint8_t name[USER_NAME_SIZE_MAX];
	size_t name_size;
	uint8_t link_hash[32];
	char from[64];
};

struct user_failure {
	uint64_t user;
	enum user_refusal why;
	uint32_t count;
	char from[64];
};

struct user_state {
	struct user users[USER_MAX];
	size_t user_count;
	struct user_open_session sessions[USER_SESSIONS_MAX];
	struct user_pending pending[USER_PENDING_MAX];
	uint64_t calls;
	struct user_failure failures[USER_FAILURE_NOTES_MAX];
	size_t failure_count;
	uint64_t failures_told_us;
};

static inline struct user_state *user_state(struct core *core)
{
	return core_state(core, &user_module);
}

struct user *user_find(struct user_state *state, uint64_t id);
struct user *user_find_name(struct user_state *state, struct span name);
struct span user_name(const struct user *user);

/* session.c */
struct err user_session_open(struct core *core, struct user *user, struct core_caller caller, const char *from,
			     struct core_why why) MUST_USE;
struct err user_sessions_end(struct core *core, uint64_t user, enum user_session_end how, struct core_why why,
			     uint64_t *ret_last) MUST_USE;
struct err user_session_tick(struct core *core) MUST_USE;
void user_session_of(struct core *core, struct span token, bool seen, struct core_session *ret_session);

/* sign_in.c */
struct err user_message(struct core *core, enum worker_role from, uint32_t line, const struct message *message,
			bool *ret_mine) MUST_USE;
struct err user_worker(struct core *core, enum worker_role role, uint32_t line, bool there) MUST_USE;
struct err user_failures_tell(struct core *core) MUST_USE;

/* tables.c */
void *user_state_new(void);
void user_state_free(void *state);
struct err user_load(struct core *core) MUST_USE;
struct err user_apply(struct core *core, const struct core_entry *entry) MUST_USE;
extern const char user_schema[];
extern const char *const user_tables[];

/* routes.c */
struct err user_session_read_token(struct store *store, struct span token, uint64_t now_us,
				   struct core_session *ret_session) MUST_USE;

#endif
