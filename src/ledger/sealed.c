#include "ledger/sealed.h"

#include <sodium.h>
#include <stdlib.h>

enum {
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	SUBJECT_KEY_SIZE = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	/* The seq of the entry that the key was made for is wrapped with it, so that it cannot be changed either. */
	WRAPPED_PLAIN_SIZE = SUBJECT_KEY_SIZE + 8,
	SALT_AT = sizeof "{\"salt\":\"" - 1,
	BOX_SIZE_MAX = LEDGER_SEALED_SIZE_MAX + LEDGER_SEALED_OVERHEAD,
};
_Static_assert(LEDGER_SEALED_OVERHEAD == NONCE_SIZE + crypto_aead_xchacha20poly1305_ietf_ABYTES, "nonce and tag");

static const char purpose[] = "subject";

enum slot_state { SLOT_FREE = 0, SLOT_KEY, SLOT_ERASED };

struct slot {
	enum slot_state state;
	uint64_t subject;
	uint8_t key[SUBJECT_KEY_SIZE];
};

struct ledger_vault {
	struct store *store;
	struct keys_root root;
	uint8_t post[LEDGER_POST_SIZE_MAX];
	size_t post_size;
	uint8_t plain[LEDGER_SEALED_SIZE_MAX];
	uint8_t box[BOX_SIZE_MAX];
	size_t slot_count; /* a power of two; a subject has one place, and the latest one there stays */
	struct slot *slots;
};

struct ledger_vault *ledger_vault_new(struct store *store, const struct keys_root *root, struct span post,
				      uint32_t keys_max)
{
	ENSURE(sodium_init() >= 0);
	REQUIRE(post.size > 0 && post.size <= LEDGER_POST_SIZE_MAX);
	struct ledger_vault *vault = calloc(1, sizeof *vault);
	ENSURE(vault);
	vault->store = store;
	vault->root = *root;
	memcpy(vault->post, post.at, post.size);
	vault->post_size = post.size;
	vault->slot_count = 1;
	while (vault->slot_count < (keys_max ? keys_max : LEDGER_VAULT_KEYS_DEFAULT))
		vault->slot_count *= 2;
	vault->slots = calloc(vault->slot_count, sizeof *vault->slots);
	ENSURE(vault->slots);
	return vault;
}

struct ledger_vault *ledger_vault_free(struct ledger_vault *vault)
{
	if (!vault)
		return NULL;
	ledger_vault_forget(vault);
	free(vault->slots);
	wipe(vault, sizeof *vault);
	free(vault);
	return NULL;
}

void ledger_vault_free_at(struct ledger_vault **vault)
{
	*vault = ledger_vault_free(*vault);
}

void ledger_vault_forget(struct ledger_vault *vault)
{
	wipe(vault->slots, vault->slot_count * sizeof *vault->slots);
}

/* ---- subjects' keys ---- */

static struct slot *slot_of(struct ledger_vault *vault, uint64_t subject)
{
	uint64_t hash = subject * UINT64_C(0x9E3779B97F4A7C15);
	return &vault->slots[(size_t)(hash >> 32) & (vault->slot_count - 1)];
}

static struct err unwrap(const struct ledger_vault *vault, uint64_t subject, struct span wrapped, uint64_t created_seq,
			 uint8_t ret_key[SUBJECT_KEY_SIZE])
{
	uint8_t plain[WRAPPED_PLAIN_SIZE];
	TRY(keys_unwrap(&vault->root, purpose, subject, wrapped, plain, sizeof plain));
	struct cursor c = cursor_of(SPAN_OF(plain));
	(void)cursor_take(&c, SUBJECT_KEY_SIZE);
	bool same = cursor_u64le(&c) == created_seq;
	if (same)
		memcpy(ret_key, plain, SUBJECT_KEY_SIZE);
	wipe(plain, sizeof plain);
	return same ? OK
		    : FAIL(ERR_CORRUPT, "subject %llu: its key was made for another entry",
			   (unsigned long long)subject);
}

static struct err slot_of_row(const struct ledger_vault *vault, uint64_t subject, struct store_statement *row,
			      struct slot *slot)
{
	struct span wrapped = store_column_bytes(row, 0);
	slot->state = SLOT_FREE;
	slot->subject = subject;
	if (wrapped.size == 0) {
		if (store_column_is_null(row, 0) || store_column_is_null(row, 2))
			return FAIL(ERR_CORRUPT, "subject %llu: no key, and not erased either",
				    (unsigned long long)subject);
		slot->state = SLOT_ERASED;
		return OK;
	}
	if (!store_column_is_null(row, 2))
		return FAIL(ERR_CORRUPT, "subject %llu: erased, and a key all the same", (unsigned long long)subject);
	TRY(unwrap(vault, subject, wrapped, store_column_u64(row, 1), slot->key));
	slot->state = SLOT_KEY;
	return OK;
}

/* Find a subject's key. gives a slot that is SLOT_FREE when there has never been one. */
static struct err find_key(struct ledger_vault *vault, uint64_t subject, struct slot **ret_slot)
{
	struct slot *slot = slot_of(vault, subject);
	*ret_slot = slot;
	if (slot->state != SLOT_FREE && slot->subject == subject)
		return OK;
	struct store_statement *find;
	bool row;
	slot->state = SLOT_FREE;
	TRY(store_statement(vault->store, "SELECT wrapped, created_seq, erased_seq FROM subject_key WHERE subject = $1",
			    &find));
	store_bind_u64(find, 1, subject);
	TRY(store_step(find, &row));
	if (row)
		TRY(slot_of_row(vault, subject, find, slot));
	return store_done(find);
}

static struct err make_key(struct ledger_vault *vault, uint64_t subject, uint64_t seq, struct slot *slot)
{
	uint8_t plain[WRAPPED_PLAIN_SIZE];
	uint8_t wrapped[WRAPPED_PLAIN_SIZE + KEYS_WRAP_OVERHEAD];
	struct sink p = SINK_OF(plain);
	struct sink w = SINK_OF(wrapped);
	struct store_statement *save;
	randombytes_buf(slot->key, sizeof slot->key);
	sink_put(&p, SPAN_OF(slot->key));
	sink_u64le(&p, seq);
	keys_wrap(&vault->root, purpose, subject, sink_span(&p), &w);
	wipe(plain, sizeof plain);
	TRY(store_statement(vault->store, "INSERT INTO subject_key (subject, wrapped, created_seq) VALUES ($1, $2, $3)",
			    &save));
	store_bind_u64(save, 1, subject);
	store_bind_bytes(save, 2, sink_span(&w));
	store_bind_u64(save, 3, seq);
	TRY(store_run(save));
	slot->subject = subject;
	slot->state = SLOT_KEY;
	return OK;
}

/* ---- boxes ---- */

enum { BINDING_SIZE_MAX = 64 };

/* What a box is bound to: the entry that it belongs to. */
static struct span binding_of(const struct ledger_vault *vault, uint64_t seq, struct sink *s)
{
	sink_text(s, "legation/sealed/1/");
	sink_put(s, (struct span){vault->post, vault->post_size});
	sink_u8(s, 0);
	sink_u64le(s, seq);
	ENSURE(!s->failed);
	return sink_span(s);
}

/* gives   the plaintext in vault->plain; size 0 when no sealed member is set. */
static struct err write_plain(struct ledger_vault *vault, const struct shape *shape, const void *value,
			      struct span *ret_plain)
{
	struct sink s = SINK_OF(vault->plain);
	sink_text(&s, "{\"salt\":\"00000000000000000000000000000000\"");
	if (!shape_write_sparse(&s, shape, SHAPE_SEALED, value, true)) {
		*ret_plain = (struct span){0};
		return OK;
	}
	sink_text(&s, "}");
	TRY(sink_finish(&s, "sealed part"));
	uint8_t salt[LEDGER_SALT_SIZE];
	struct sink hex = sink_of(vault->plain + SALT_AT, (size_t)2 * LEDGER_SALT_SIZE);
	randombytes_buf(salt, sizeof salt);
	sink_hex(&hex, SPAN_OF(salt));
	*ret_plain = sink_span(&s);
	return OK;
}

static struct err put_box(struct ledger_vault *vault, uint64_t seq, uint64_t subject, struct span plain,
			  const uint8_t key[SUBJECT_KEY_SIZE])
{
	uint8_t bound[BINDING_SIZE_MAX];
	struct sink b = SINK_OF(bound);
	struct span binding = binding_of(vault, seq, &b);
	unsigned long long size = 0;
	struct store_statement *save;
	randombytes_buf(vault->box, NONCE_SIZE);
	ENSURE(crypto_aead_xchacha20poly1305_ietf_encrypt(vault->box + NONCE_SIZE, &size, plain.at, plain.size,
							  binding.at, binding.size, NULL, vault->box, key) == 0);
	TRY(store_statement(vault->store, "INSERT INTO sealed (seq, subject, box) VALUES ($1, $2, $3)", &save));
	store_bind_u64(save, 1, seq);
	store_bind_u64(save, 2, subject);
	store_bind_bytes(save, 3, (struct span){vault->box, NONCE_SIZE + (size_t)size});
	return store_run(save);
}

struct err ledger_seal(struct ledger_vault *vault, uint64_t seq, uint64_t subject, const struct shape *shape,
		       const void *value, bool *ret_any, struct ledger_hash *ret_hash)
{
	struct span plain;
	struct slot *slot;
	*ret_any = false;
	TRY(write_plain(vault, shape, value, &plain));
	if (plain.size == 0)
		return OK;
	struct err e = find_key(vault, subject, &slot);
	if (!failed(e) && slot->state == SLOT_ERASED)
		e = FAIL(ERR_NOT_FOUND, "subject %llu was erased", (unsigned long long)subject);
	if (!failed(e) && slot->state == SLOT_FREE)
		e = make_key(vault, subject, seq, slot);
	if (!failed(e))
		e = put_box(vault, seq, subject, plain, slot->key);
	if (!failed(e)) {
		*ret_hash = ledger_hash_bytes(plain);
		*ret_any = true;
	}
	wipe(vault->plain, plain.size);
	return e;
}

struct err ledger_box_open(struct ledger_vault *vault, uint64_t seq, uint64_t subject, struct span box,
			   const struct ledger_hash *hash, uint8_t *ret_plain, enum ledger_sealed_state *ret_state,
			   size_t *ret_size)
{
	struct slot *slot;
	if (box.size <= LEDGER_SEALED_OVERHEAD || box.size > BOX_SIZE_MAX)
		return FAIL(ERR_CORRUPT, "sealed part of %llu: a box of %zu bytes", (unsigned long long)seq, box.size);
	TRY(err_within(find_key(vault, subject, &slot), "sealed part of %llu", (unsigned long long)seq));
	*ret_size = 0;
	*ret_state = LEDGER_SEALED_ERASED;
	if (slot->state == SLOT_ERASED)
		return OK;
	if (slot->state == SLOT_FREE)
		return FAIL(ERR_CORRUPT, "sealed part of %llu: subject %llu has no key", (unsigned long long)seq,
			    (unsigned long long)subject);
	uint8_t bound[BINDING_SIZE_MAX];
	struct sink b = SINK_OF(bound);
	struct span binding = binding_of(vault, seq, &b);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, box.at + NONCE_SIZE,
						       box.size - NONCE_SIZE, binding.at, binding.size, box.at,
						       slot->key) != 0)
		return FAIL(ERR_CORRUPT, "sealed part of %llu: does not open", (unsigned long long)seq);
	size_t size = box.size - LEDGER_SEALED_OVERHEAD;
	struct ledger_hash computed = ledger_hash_bytes((struct span){ret_plain, size});
	if (!ledger_hash_equal(&computed, hash)) {
		wipe(ret_plain, size);
		return FAIL(ERR_CORRUPT, "sealed part of %llu: not the one that the line was made with",
			    (unsigned long long)seq);
	}
	*ret_state = LEDGER_SEALED_OPEN;
	*ret_size = size;
	return OK;
}

struct err ledger_sealed_open(struct ledger_vault *vault, uint64_t seq, const struct ledger_hash *hash,
			      struct arena *arena, enum ledger_sealed_state *ret_state, struct span *ret_plain)
{
	struct store_statement *find;
	bool row;
	enum ledger_sealed_state state = LEDGER_SEALED_NONE;
	size_t size = 0;
	TRY(store_statement(vault->store, "SELECT subject, box FROM sealed WHERE seq = $1", &find));
	store_bind_u64(find, 1, seq);
	TRY(store_step(find, &row));
	if (row)
		TRY(ledger_box_open(vault, seq, store_column_u64(find, 0), store_column_bytes(find, 1), hash,
				    vault->plain, &state, &size));
	TRY(store_done(find));
	bool fits = arena_has_room(arena, size);
	if (fits)
		*ret_plain = arena_copy(arena, (struct span){vault->plain, size});
	wipe(vault->plain, size);
	if (!fits)
		return FAIL(ERR_TOO_LARGE, "sealed part of %llu: no room for it", (unsigned long long)seq);
	*ret_state = state;
	return OK;
}

struct err ledger_sealed_read(const struct shape *shape, struct span plain, struct arena *arena, void *value)
{
	uint8_t salt[LEDGER_SALT_SIZE];
	struct cursor c = cursor_of(plain);
	shape_read_literal(&c, "{\"salt\":\"");
	struct span hex = cursor_take(&c, (size_t)2 * LEDGER_SALT_SIZE);
	shape_read_literal(&c, "\",");
	if (c.failed || failed(hex_read(hex, salt, sizeof salt)))
		return FAIL(ERR_CORRUPT, "sealed part: no salt");
	TRY(shape_read_sparse(&c, shape, SHAPE_SEALED, arena, value));
	shape_read_literal(&c, "}");
	return cursor_finish(&c, "sealed part");
}

struct err ledger_sealed_load(struct ledger_vault *vault, const struct ledger_entry *entry, const struct shape *shape,
			      struct arena *arena, void *value, bool *ret_erased)
{
	enum ledger_sealed_state state = LEDGER_SEALED_NONE;
	struct span plain = {0};
	if (entry->has_sealed)
		TRY(ledger_sealed_open(vault, entry->seq, &entry->sealed, arena, &state, &plain));
	if (entry->has_sealed && state == LEDGER_SEALED_NONE)
		return FAIL(ERR_CORRUPT, "sealed part of %llu: is missing", (unsigned long long)entry->seq);
	if (state == LEDGER_SEALED_OPEN)
		TRY(ledger_sealed_read(shape, plain, arena, value));
	*ret_erased = state == LEDGER_SEALED_ERASED;
	return OK;
}

/* ---- checking and erasing ---- */

struct err ledger_vault_check(struct ledger_vault *vault, void (*bad)(void *context, uint64_t subject), void *context,
			      uint64_t *ret_erased)
{
	struct store_statement *find;
	uint64_t erased = 0;
	TRY(store_statement(vault->store,
			    "SELECT wrapped, created_seq, erased_seq, subject FROM subject_key ORDER BY subject",
			    &find));
	for (bool row;;) {
		TRY(store_step(find, &row));
		if (!row)
			break;
		struct slot slot;
		uint64_t subject = store_column_u64(find, 3);
		if (failed(slot_of_row(vault, subject, find, &slot)))
			bad(context, subject);
		else
			erased += slot.state == SLOT_ERASED;
		wipe(&slot, sizeof slot);
	}
	*ret_erased = erased;
	return store_done(find);
}

struct err ledger_erase(struct ledger_vault *vault, uint64_t subject, uint64_t seq, bool *ret_erased)
{
	struct store_statement *erase;
	/* A subject that never had a key gets its mark as well: none is made for it later. */
	TRY(store_statement(vault->store,
			    "UPDATE subject_key SET wrapped = $2, erased_seq = $3"
			    " WHERE subject = $1 AND erased_seq IS NULL",
			    &erase));
	store_bind_u64(erase, 1, subject);
	store_bind_bytes(erase, 2, (struct span){0});
	store_bind_u64(erase, 3, seq);
	TRY(store_run(erase));
	*ret_erased = store_changed(vault->store) > 0;
	struct slot *slot = slot_of(vault, subject);
	if (slot->subject == subject)
		wipe(slot, sizeof *slot);
	if (*ret_erased)
		return OK;
	struct store_statement *mark;
	TRY(store_statement(
		vault->store,
		"INSERT INTO subject_key (subject, wrapped, created_seq, erased_seq) VALUES ($1, $2, $3, $3)"
		" ON CONFLICT (subject) DO NOTHING",
		&mark));
	store_bind_u64(mark, 1, subject);
	store_bind_bytes(mark, 2, (struct span){0});
	store_bind_u64(mark, 3, seq);
	return store_run(mark);
}
