#include "ledger/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/files.h"

enum {
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	SEED_SIZE = crypto_sign_SEEDBYTES,
};
_Static_assert(KEYS_WRAP_OVERHEAD == NONCE_SIZE + TAG_SIZE, "a wrapped key is nonce, ciphertext, tag");
_Static_assert(KEYS_ROOT_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the root key wraps directly");
_Static_assert(KEYS_RECOVERY_SIZE == crypto_box_PUBLICKEYBYTES, "the recovery pair is X25519");

/* Names of rows, which are their purposes too. */
static const char ledger_row[] = "ledger";
static const char recovery_row[] = "recovery";
static const char former_prefix[] = "ledger-"; /* and the key's id: a signing key that is no longer used */

/* ---- the root key's file ---- */

struct err keys_root_write(const char *path, const struct keys_root *root)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
	if (file < 0)
		return FAIL_ERRNO("root key %s", path);
	struct err e = OK;
	errno = ENOSPC; /* what a short write means */
	if (fchmod(file, 0400) != 0 || write(file, root->bytes, KEYS_ROOT_SIZE) != KEYS_ROOT_SIZE || fsync(file) != 0)
		e = FAIL_ERRNO("root key %s", path);
	(void)close(file);
	if (!failed(e))
		e = ledger_flush_directory(path);
	if (failed(e))
		(void)unlink(path);
	return e;
}

struct err keys_root_make(const char *path, struct keys_root *ret_root)
{
	struct keys_root root;
	ENSURE(sodium_init() >= 0);
	randombytes_buf(root.bytes, sizeof root.bytes);
	struct err e = keys_root_write(path, &root);
	if (!failed(e))
		*ret_root = root;
	keys_root_wipe(&root);
	return e;
}

static struct err root_read(int file, const char *path, struct keys_root *ret_root)
{
	struct stat about;
	uint8_t bytes[KEYS_ROOT_SIZE + 1]; /* one more, to see a file that is too long */
	if (fstat(file, &about) != 0)
		return FAIL_ERRNO("root key %s", path);
	if (!S_ISREG(about.st_mode) || (about.st_mode & 077) != 0)
		return FAIL(ERR_INVALID, "root key %s: others than its owner may use it", path);
	ssize_t size = read(file, bytes, sizeof bytes);
	struct err e = OK;
	if (size < 0)
		e = FAIL_ERRNO("root key %s", path);
	else if (size != KEYS_ROOT_SIZE)
		e = FAIL(ERR_INVALID, "root key %s: not %d bytes", path, KEYS_ROOT_SIZE);
	else
		memcpy(ret_root->bytes, bytes, KEYS_ROOT_SIZE);
	wipe(bytes, sizeof bytes);
	return e;
}

struct err keys_root_load(const char *path, struct keys_root *ret_root)
{
	ENSURE(sodium_init() >= 0);
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0)
		return FAIL_ERRNO("root key %s", path);
	struct err e = root_read(file, path, ret_root);
	(void)close(file);
	return e;
}

void keys_root_wipe(struct keys_root *root)
{
	wipe(root, sizeof *root);
}

/* ---- wrapping ---- */

/* What a wrapped key is bound to. */
static struct span binding_of(const char *purpose, uint64_t id, struct sink *s)
{
	REQUIRE(strlen(purpose) <= KEYS_PURPOSE_SIZE_MAX);
	sink_text(s, "legation/wrap/1/");
	sink_text(s, purpose);
	sink_u8(s, 0);
	sink_u64le(s, id);
	ENSURE(!s->failed);
	return sink_span(s);
}

void keys_wrap(const struct keys_root *root, const char *purpose, uint64_t id, struct span plain, struct sink *s)
{
	uint8_t bound[64];
	struct sink b = SINK_OF(bound);
	struct span binding = binding_of(purpose, id, &b);
	uint8_t wrapped[KEYS_PLAIN_SIZE_MAX + KEYS_WRAP_OVERHEAD];
	REQUIRE(plain.size <= KEYS_PLAIN_SIZE_MAX);
	randombytes_buf(wrapped, NONCE_SIZE);
	unsigned long long size = 0;
	ENSURE(crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped + NONCE_SIZE, &size, plain.at, plain.size, binding.at,
							  binding.size, NULL, wrapped, root->bytes) == 0);
	sink_put(s, (struct span){wrapped, NONCE_SIZE + (size_t)size});
}

struct err keys_unwrap(const struct keys_root *root, const char *purpose, uint64_t id, struct span wrapped,
		       uint8_t *ret_plain, size_t plain_size)
{
	uint8_t bound[64];
	struct sink b = SINK_OF(bound);
	struct span binding = binding_of(purpose, id, &b);
	REQUIRE(plain_size <= KEYS_PLAIN_SIZE_MAX);
	if (wrapped.size != plain_size + KEYS_WRAP_OVERHEAD ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, wrapped.at + NONCE_SIZE,
						       wrapped.size - NONCE_SIZE, binding.at, binding.size, wrapped.at,
						       root->bytes) != 0)
		return FAIL(ERR_CORRUPT, "key %s %llu: does not open under this root key", purpose,
			    (unsigned long long)id);
	return OK;
}

/* ---- the table ---- */

static struct err row_save(struct store *store, struct span name, struct span wrapped, struct span public)
{
	struct store_statement *save;
	TRY(store_statement(store, "INSERT INTO key (name, wrapped, public) VALUES ($1, $2, $3)", &save));
	store_bind_text(save, 1, name);
	store_bind_bytes(save, 2, wrapped);
	store_bind_bytes(save, 3, public);
	return store_run(save);
}

struct key_row {
	uint8_t wrapped[KEYS_PLAIN_SIZE_MAX + KEYS_WRAP_OVERHEAD];
	size_t wrapped_size;
	uint8_t public[LEDGER_VKEY_SIZE_MAX];
	size_t public_size;
};

static struct err row_take(struct store_statement *find, uint32_t wrapped_column, struct key_row *ret_row)
{
	struct span wrapped = store_column_bytes(find, wrapped_column);
	struct span public = store_column_bytes(find, wrapped_column + 1);
	if (wrapped.size > sizeof ret_row->wrapped || public.size > sizeof ret_row->public)
		return FAIL(ERR_CORRUPT, "key: a row that is too large");
	ret_row->wrapped_size = wrapped.size;
	ret_row->public_size = public.size;
	if (wrapped.size > 0)
		memcpy(ret_row->wrapped, wrapped.at, wrapped.size);
	if (public.size > 0)
		memcpy(ret_row->public, public.at, public.size);
	return OK;
}

static struct err row_load(struct store *store, const char *name, struct key_row *ret_row)
{
	struct store_statement *find;
	bool row;
	TRY(store_statement(store, "SELECT wrapped, public FROM key WHERE name = $1", &find));
	store_bind_text(find, 1, span_of_string(name));
	TRY(store_step(find, &row));
	if (!row)
		return FAIL(ERR_NOT_FOUND, "key %s: there is none", name);
	TRY(row_take(find, 0, ret_row));
	return store_done(find);
}

static struct err make_signer(struct store *store, const struct keys_root *root, struct span name)
{
	uint8_t seed[SEED_SIZE];
	uint8_t wrapped[SEED_SIZE + KEYS_WRAP_OVERHEAD];
	char public[LEDGER_VKEY_SIZE_MAX];
	struct sink w = SINK_OF(wrapped);
	struct sink p = SINK_OF(public);
	struct ledger_signer signer;
	randombytes_buf(seed, sizeof seed);
	struct err e = ledger_signer_make(name, LEDGER_KEY_ED25519, seed, &signer);
	if (!failed(e)) {
		keys_wrap(root, ledger_row, 0, SPAN_OF(seed), &w);
		ledger_vkey_write(&p, &signer.key);
		e = row_save(store, span_of_string(ledger_row), sink_span(&w), sink_span(&p));
		ledger_signer_wipe(&signer);
	}
	wipe(seed, sizeof seed);
	return e;
}

struct err keys_make(struct store *store, const struct keys_root *root, struct span name,
		     uint8_t ret_recovery_secret[KEYS_RECOVERY_SIZE])
{
	ENSURE(sodium_init() >= 0);
	TRY(make_signer(store, root, name));
	uint8_t public[KEYS_RECOVERY_SIZE];
	uint8_t secret[KEYS_RECOVERY_SIZE];
	uint8_t wrapped[KEYS_RECOVERY_SIZE + KEYS_WRAP_OVERHEAD];
	struct sink w = SINK_OF(wrapped);
	ENSURE(crypto_box_keypair(public, secret) == 0);
	/* No secret is kept: the public half is wrapped as well, so that one put in its place is noticed. */
	keys_wrap(root, recovery_row, 0, SPAN_OF(public), &w);
	struct err e = row_save(store, span_of_string(recovery_row), sink_span(&w), SPAN_OF(public));
	if (!failed(e))
		memcpy(ret_recovery_secret, secret, sizeof secret);
	wipe(secret, sizeof secret);
	return e;
}

struct err keys_renew(struct store *store, const struct keys_root *root, struct span name)
{
	struct ledger_vkey former;
	struct key_row row;
	char former_name[sizeof former_prefix + 8];
	struct sink n = SINK_OF(former_name);
	struct store_statement *rename;
	TRY(keys_vkey(store, &former));
	TRY(row_load(store, ledger_row, &row));
	sink_printf(&n, "%s%08x", former_prefix, former.id);
	TRY(store_statement(store, "DELETE FROM key WHERE name = $1", &rename));
	store_bind_text(rename, 1, SPAN_TEXT("ledger"));
	TRY(store_run(rename));
	TRY(row_save(store, sink_span(&n), (struct span){0}, (struct span){row.public, row.public_size}));
	return make_signer(store, root, name);
}

static struct err signer_of_row(const struct key_row *row, const struct keys_root *root,
				struct ledger_signer *ret_signer)
{
	uint8_t seed[SEED_SIZE];
	struct ledger_vkey key;
	TRY(keys_unwrap(root, ledger_row, 0, (struct span){row->wrapped, row->wrapped_size}, seed, sizeof seed));
	struct err e = ledger_vkey_read((struct span){row->public, row->public_size}, &key);
	if (!failed(e))
		e = ledger_signer_make(ledger_vkey_name(&key), LEDGER_KEY_ED25519, seed, ret_signer);
	wipe(seed, sizeof seed);
	if (failed(e))
		return FAIL(ERR_CORRUPT, "the ledger's key: its public half is no vkey");
	if (memcmp(key.public_key, ret_signer->key.public_key, LEDGER_PUBLIC_KEY_SIZE) != 0 ||
	    key.type != LEDGER_KEY_ED25519) {
		ledger_signer_wipe(ret_signer);
		return FAIL(ERR_CORRUPT, "the ledger's key: its two halves do not belong together");
	}
	return OK;
}

struct err keys_signer(struct store *store, const struct keys_root *root, struct ledger_signer *ret_signer)
{
	struct key_row row;
	ENSURE(sodium_init() >= 0);
	TRY(row_load(store, ledger_row, &row));
	return signer_of_row(&row, root, ret_signer);
}

struct err keys_vkey(struct store *store, struct ledger_vkey *ret_key)
{
	struct key_row row;
	TRY(row_load(store, ledger_row, &row));
	if (failed(ledger_vkey_read((struct span){row.public, row.public_size}, ret_key)))
		return FAIL(ERR_CORRUPT, "the ledger's key: its public half is no vkey");
	return OK;
}

struct err keys_recovery_public(struct store *store, uint8_t ret_public[KEYS_RECOVERY_SIZE])
{
	struct key_row row;
	TRY(row_load(store, recovery_row, &row));
	if (row.public_size != KEYS_RECOVERY_SIZE)
		return FAIL(ERR_CORRUPT, "recovery key: %zu bytes", row.public_size);
	memcpy(ret_public, row.public, KEYS_RECOVERY_SIZE);
	return OK;
}

struct err keys_secret(struct store *store, const struct keys_root *root, const char *name, uint8_t *ret_secret,
		       size_t size)
{
	struct key_row row;
	REQUIRE(size > 0 && size <= KEYS_PLAIN_SIZE_MAX);
	REQUIRE(strcmp(name, ledger_row) != 0 && strcmp(name, recovery_row) != 0 && strchr(name, '-') == NULL);
	ENSURE(sodium_init() >= 0);
	struct err e = row_load(store, name, &row);
	if (!failed(e))
		return keys_unwrap(root, name, 0, (struct span){row.wrapped, row.wrapped_size}, ret_secret, size);
	if (e.code != ERR_NOT_FOUND)
		return e;
	uint8_t secret[KEYS_PLAIN_SIZE_MAX];
	struct sink w = SINK_OF(row.wrapped);
	randombytes_buf(secret, size);
	keys_wrap(root, name, 0, (struct span){secret, size}, &w);
	e = row_save(store, span_of_string(name), sink_span(&w), (struct span){0});
	if (!failed(e))
		memcpy(ret_secret, secret, size);
	wipe(secret, sizeof secret);
	return e;
}

struct err keys_secret_drop(struct store *store, const char *name)
{
	struct store_statement *drop;
	REQUIRE(strcmp(name, ledger_row) != 0 && strcmp(name, recovery_row) != 0 && strchr(name, '-') == NULL);
	TRY(store_statement(store, "DELETE FROM key WHERE name = $1", &drop));
	store_bind_text(drop, 1, span_of_string(name));
	return store_run(drop);
}

struct err keys_secret_put(struct store *store, const struct keys_root *root, const char *name, struct span secret)
{
	uint8_t wrapped[KEYS_PLAIN_SIZE_MAX + KEYS_WRAP_OVERHEAD];
	struct sink w = SINK_OF(wrapped);
	REQUIRE(secret.size > 0 && secret.size <= KEYS_PLAIN_SIZE_MAX);
	TRY(keys_secret_drop(store, name));
	keys_wrap(root, name, 0, secret, &w);
	return row_save(store, span_of_string(name), sink_span(&w), (struct span){0});
}

struct err keys_secret_load(struct store *store, const struct keys_root *root, const char *name, uint8_t *ret_secret,
			    size_t size)
{
	struct key_row row;
	TRY(row_load(store, name, &row));
	return keys_unwrap(root, name, 0, (struct span){row.wrapped, row.wrapped_size}, ret_secret, size);
}

static struct err check_row(const struct keys_root *root, struct span name, const struct key_row *row)
{
	uint8_t plain[KEYS_PLAIN_SIZE_MAX];
	char purpose[KEYS_PURPOSE_SIZE_MAX + 1] = {0};
	struct span wrapped = {row->wrapped, row->wrapped_size};
	if (name.size == 0 || name.size >= sizeof purpose)
		return FAIL(ERR_CORRUPT, "key: a row without a proper name");
	memcpy(purpose, name.at, name.size);
	if (strcmp(purpose, ledger_row) == 0) {
		struct ledger_signer signer;
		TRY(signer_of_row(row, root, &signer));
		ledger_signer_wipe(&signer);
		return OK;
	}
	if (strncmp(purpose, former_prefix, sizeof former_prefix - 1) == 0) {
		struct ledger_vkey key;
		char id[9];
		if (failed(ledger_vkey_read((struct span){row->public, row->public_size}, &key)))
			return FAIL(ERR_CORRUPT, "key %s: no vkey", purpose);
		(void)snprintf(id, sizeof id, "%08x", key.id);
		return strcmp(purpose + sizeof former_prefix - 1, id) == 0
			       ? OK
			       : FAIL(ERR_CORRUPT, "key %s: holds another key", purpose);
	}
	if (wrapped.size < KEYS_WRAP_OVERHEAD)
		return FAIL(ERR_CORRUPT, "key %s: %zu bytes", purpose, wrapped.size);
	size_t size = wrapped.size - KEYS_WRAP_OVERHEAD;
	struct err e = keys_unwrap(root, purpose, 0, wrapped, plain, size);
	if (!failed(e) && strcmp(purpose, recovery_row) == 0 &&
	    !span_equal((struct span){plain, size}, (struct span){row->public, row->public_size}))
		e = FAIL(ERR_CORRUPT, "key %s: its public half was exchanged", purpose);
	else if (!failed(e) && strcmp(purpose, recovery_row) != 0 && row->public_size != 0)
		e = FAIL(ERR_CORRUPT, "key %s: has a public half", purpose);
	wipe(plain, sizeof plain);
	return e;
}

struct err keys_check(struct store *store, const struct keys_root *root)
{
	struct store_statement *find;
	struct key_row row;
	ENSURE(sodium_init() >= 0);
	TRY(store_statement(store, "SELECT name, wrapped, public FROM key ORDER BY name", &find));
	for (bool more;;) {
		TRY(store_step(find, &more));
		if (!more)
			return store_done(find);
		TRY(row_take(find, 1, &row));
		TRY(check_row(root, store_column_text(find, 0), &row));
	}
}

/* ---- the recovery secret on paper ---- */

void keys_recovery_write(const uint8_t secret[KEYS_RECOVERY_SIZE], char ret_text[KEYS_RECOVERY_TEXT_SIZE])
{
	struct sink s = sink_of(ret_text, KEYS_RECOVERY_TEXT_SIZE);
	for (size_t i = 0; i < KEYS_RECOVERY_SIZE; i += 2) {
		if (i > 0)
			sink_u8(&s, '-');
		sink_hex(&s, (struct span){secret + i, 2});
	}
	sink_u8(&s, 0);
	ENSURE(!s.failed);
}

struct err keys_recovery_read(struct span text, uint8_t ret_secret[KEYS_RECOVERY_SIZE])
{
	char digits[2 * KEYS_RECOVERY_SIZE];
	struct sink s = SINK_OF(digits);
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.at[i];
		if (c == '-' || c == ' ' || c == '\n' || c == '\t' || c == '\r')
			continue;
		sink_u8(&s, c >= 'A' && c <= 'F' ? (uint8_t)(c - 'A' + 'a') : c);
	}
	struct err e = s.failed || failed(hex_read(sink_span(&s), ret_secret, KEYS_RECOVERY_SIZE))
			       ? FAIL(ERR_INVALID, "a recovery key is %d hex digits, in groups of four",
				      2 * KEYS_RECOVERY_SIZE)
			       : OK;
	wipe(digits, sizeof digits);
	return e;
}
