#include "worker/web/ca.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CA_SERIAL_SIZE = 19, /* 152 bits, always positive */
	CA_BACKDATE_S = 3600,
	CA_DAY_S = 24 * 3600,
	CA_FILE_SIZE_MAX = 64 * 1024,
	CA_NAME_SIZE_MAX = 253,
};

struct names {
	const char *const *at;
	size_t count;
};

struct pair {
	EVP_PKEY *key;
	X509 *certificate;
};

static void pair_free(struct pair *pair)
{
	EVP_PKEY_free(pair->key);
	X509_free(pair->certificate);
	*pair = (struct pair){0};
}

static struct err fail_crypto(const char *what)
{
	unsigned long code = ERR_get_error();
	const char *why = code ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return FAIL(ERR_CORRUPT, "%s%s%s", what, why ? ": " : "", why ? why : "");
}

/* ---- names ---- */

/* gives   4 or 16, the bytes of the address; 0 when it is none. */
static size_t address_of(const char *name, uint8_t ret_bytes[16])
{
	if (inet_pton(AF_INET, name, ret_bytes) == 1)
		return 4;
	return inet_pton(AF_INET6, name, ret_bytes) == 1 ? 16 : 0;
}

static bool is_dns_name(const char *name)
{
	size_t size = strlen(name);
	bool label = false;
	if (size == 0 || size > CA_NAME_SIZE_MAX)
		return false;
	for (size_t i = 0; i < size; i++) {
		char c = name[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (c == '.' ? !label || name[i - 1] == '-' : !plain && (c != '-' || !label))
			return false;
		label = c != '.';
	}
	return label && name[size - 1] != '-';
}

static struct err check_names(struct names names)
{
	uint8_t bytes[16];
	if (names.count == 0 || names.count > WEB_CA_NAMES_MAX)
		return FAIL(ERR_INVALID, "certificate: %zu names, 1 to %d belong", names.count, WEB_CA_NAMES_MAX);
	for (size_t i = 0; i < names.count; i++)
		if (address_of(names.at[i], bytes) == 0 && !is_dns_name(names.at[i]))
			return FAIL(ERR_INVALID, "certificate: \"%s\" is no name in lower case and no address",
				    names.at[i]);
	return OK;
}

static GENERAL_NAME *general_name(int type, const uint8_t *bytes, size_t size)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
	ENSURE(name && value && ASN1_STRING_set(value, bytes, (int)size) == 1);
	GENERAL_NAME_set0_value(name, type, value);
	return name;
}

/* The name as a certificate says it; in a constraint an address has its mask behind it. */
static GENERAL_NAME *name_as(const char *name, bool constraint)
{
	uint8_t bytes[32];
	size_t size = address_of(name, bytes);
	if (size == 0)
		return general_name(GEN_DNS, (const uint8_t *)name, strlen(name));
	memset(bytes + size, 0xFF, size);
	return general_name(GEN_IPADD, bytes, constraint ? 2 * size : size);
}

static bool same_name(const GENERAL_NAME *a, const GENERAL_NAME *b)
{
	return GENERAL_NAME_cmp((GENERAL_NAME *)(uintptr_t)a, (GENERAL_NAME *)(uintptr_t)b) == 0;
}

/* ---- extensions ---- */

static void add_extension(X509 *certificate, int nid, void *value, bool critical)
{
	ENSURE(X509_add1_ext_i2d(certificate, nid, value, critical, X509V3_ADD_DEFAULT) == 1);
}

static void add_usage(X509 *certificate, const char *text, int nid)
{
	X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, NULL, nid, text);
	ENSURE(extension && X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void add_subject_names(X509 *certificate, struct names names)
{
	GENERAL_NAMES *list = GENERAL_NAMES_new();
	ENSURE(list);
	for (size_t i = 0; i < names.count; i++)
		ENSURE(sk_GENERAL_NAME_push(list, name_as(names.at[i], false)) > 0);
	add_extension(certificate, NID_subject_alt_name, list, false);
	GENERAL_NAMES_free(list);
}

static void add_subtree(STACK_OF(GENERAL_SUBTREE) * *trees, GENERAL_NAME *base)
{
	GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
	if (!*trees)
		*trees = sk_GENERAL_SUBTREE_new_null();
	ENSURE(tree && *trees);
	GENERAL_NAME_free(tree->base);
	tree->base = base;
	ENSURE(sk_GENERAL_SUBTREE_push(*trees, tree) > 0);
}

/* Only these names. A kind of name of which none is permitted would be free, so all of that kind is excluded. */
static void add_constraints(X509 *certificate, struct names names)
{
	static const uint8_t everything[32] = {0};
	NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
	bool has_address = false;
	bool has_dns = false;
	uint8_t bytes[16];
	ENSURE(constraints);
	for (size_t i = 0; i < names.count; i++) {
		bool address = address_of(names.at[i], bytes) > 0;
		has_address |= address;
		has_dns |= !address;
		add_subtree(&constraints->permittedSubtrees, name_as(names.at[i], true));
	}
	if (!has_address) {
		add_subtree(&constraints->excludedSubtrees, general_name(GEN_IPADD, everything, 8));
		add_subtree(&constraints->excludedSubtrees, general_name(GEN_IPADD, everything, 32));
	}
	if (!has_dns)
		add_subtree(&constraints->excludedSubtrees, general_name(GEN_DNS, everything, 0));
	add_extension(certificate, NID_name_constraints, constraints, true);
	NAME_CONSTRAINTS_free(constraints);
}

static void add_key_ids(X509 *certificate, X509 *issuer)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	static const struct {
		int nid;
		const char *text;
	} ids[] = {{NID_subject_key_identifier, "hash"}, {NID_authority_key_identifier, "keyid:always"}};
	for (size_t i = 0; i < 2; i++) {
		X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, ids[i].nid, ids[i].text);
		ENSURE(extension && X509_add_ext(certificate, extension, -1) == 1);
		X509_EXTENSION_free(extension);
	}
}

/* ---- certificates ---- */

static void set_serial(X509 *certificate)
{
	uint8_t bytes[CA_SERIAL_SIZE];
	ENSURE(RAND_bytes(bytes, sizeof bytes) == 1);
	bytes[0] |= 1; /* never zero */
	BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
	ENSURE(number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)));
	BN_free(number);
}

static void set_subject(X509 *certificate, const char *common_name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	ENSURE(X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"Legation", -1, -1, 0) ==
	       1);
	ENSURE(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0) ==
	       1);
}

static X509 *certificate_new(EVP_PKEY *key, const char *common_name, long days)
{
	X509 *certificate = X509_new();
	ENSURE(certificate && X509_set_version(certificate, X509_VERSION_3) == 1);
	set_serial(certificate);
	set_subject(certificate, common_name);
	ENSURE(X509_gmtime_adj(X509_getm_notBefore(certificate), -CA_BACKDATE_S));
	ENSURE(X509_gmtime_adj(X509_getm_notAfter(certificate), days * CA_DAY_S));
	ENSURE(X509_set_pubkey(certificate, key) == 1);
	return certificate;
}

static void make_authority(struct names names, struct pair *ret_authority)
{
	struct pair authority = {.key = EVP_EC_gen("P-256")};
	uint8_t mark[4];
	char name[64];
	ENSURE(authority.key && RAND_bytes(mark, sizeof mark) == 1);
	(void)snprintf(name, sizeof name, "Legation authority %02x%02x%02x%02x", mark[0], mark[1], mark[2], mark[3]);
	authority.certificate = certificate_new(authority.key, name, WEB_CA_AUTHORITY_DAYS);
	ENSURE(X509_set_issuer_name(authority.certificate, X509_get_subject_name(authority.certificate)) == 1);
	add_usage(authority.certificate, "critical,CA:TRUE,pathlen:0", NID_basic_constraints);
	add_usage(authority.certificate, "critical,keyCertSign,cRLSign", NID_key_usage);
	add_usage(authority.certificate, "serverAuth", NID_ext_key_usage);
	add_constraints(authority.certificate, names);
	add_key_ids(authority.certificate, authority.certificate);
	ENSURE(X509_sign(authority.certificate, authority.key, EVP_sha256()) > 0);
	*ret_authority = authority;
}

static void make_server(const struct pair *authority, struct names names, struct pair *ret_server)
{
	struct pair server = {.key = EVP_EC_gen("P-256")};
	ENSURE(server.key);
	server.certificate = certificate_new(server.key, "Legation server", WEB_CA_CERTIFICATE_DAYS);
	ENSURE(X509_set_issuer_name(server.certificate, X509_get_subject_name(authority->certificate)) == 1);
	add_usage(server.certificate, "critical,CA:FALSE", NID_basic_constraints);
	add_usage(server.certificate, "critical,digitalSignature", NID_key_usage);
	add_usage(server.certificate, "serverAuth", NID_ext_key_usage);
	add_subject_names(server.certificate, names);
	add_key_ids(server.certificate, authority->certificate);
	ENSURE(X509_sign(server.certificate, authority->key, EVP_sha256()) > 0);
	*ret_server = server;
}

/* ---- what is there already ---- */

static bool lasts(const X509 *certificate, long days)
{
	time_t then;
	time_t now = time(NULL);
	then = now + days * CA_DAY_S;
	return X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(certificate), &then) > 0;
}

static bool authority_covers(const X509 *certificate, struct names names)
{
	NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(certificate, NID_name_constraints, NULL, NULL);
	size_t covered = 0;
	for (size_t i = 0; constraints && i < names.count; i++) {
		GENERAL_NAME *name = name_as(names.at[i], true);
		bool found = false;
		for (int k = 0; k < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); k++)
			found |= same_name(sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, k)->base, name);
		covered += found;
		GENERAL_NAME_free(name);
	}
	NAME_CONSTRAINTS_free(constraints);
	return covered == names.count;
}

/* Exactly these names, in whatever order. */
static bool server_has(const X509 *certificate, struct names names)
{
	GENERAL_NAMES *list = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	size_t found = 0;
	for (size_t i = 0; list && i < names.count; i++) {
		GENERAL_NAME *name = name_as(names.at[i], false);
		for (int k = 0; k < sk_GENERAL_NAME_num(list); k++)
			if (same_name(sk_GENERAL_NAME_value(list, k), name)) {
				found++;
				break;
			}
		GENERAL_NAME_free(name);
	}
	bool same = list && found == names.count && (size_t)sk_GENERAL_NAME_num(list) == names.count;
	GENERAL_NAMES_free(list);
	return same;
}

static bool server_is_good(const struct pair *server, const struct pair *authority, struct names names)
{
	return server->certificate && server->key && X509_check_private_key(server->certificate, server->key) == 1 &&
	       X509_verify(server->certificate, X509_get0_pubkey(authority->certificate)) == 1 &&
	       lasts(server->certificate, WEB_CA_RENEW_DAYS) && server_has(server->certificate, names);
}

/* ---- files ---- */

static struct err path_of(const char *directory, const char *name, char ret_path[WEB_CA_PATH_SIZE_MAX])
{
	int size = snprintf(ret_path, WEB_CA_PATH_SIZE_MAX, "%s/%s", directory, name);
	if (size < 0 || size >= WEB_CA_PATH_SIZE_MAX)
		return FAIL(ERR_TOO_LARGE, "%s/%s: the path is too long", directory, name);
	return OK;
}

/* gives   in ret_there whether the file is there; its bytes in `bio`. */
static struct err read_file(const char *path, BIO *bio, bool *ret_there)
{
	uint8_t bytes[4096];
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	*ret_there = descriptor >= 0;
	if (descriptor < 0 && errno == ENOENT)
		return OK;
	if (descriptor < 0)
		return FAIL_ERRNO("%s", path);
	ssize_t size = 0;
	for (size_t total = 0; total < CA_FILE_SIZE_MAX; total += (size_t)size) {
		size = read(descriptor, bytes, sizeof bytes);
		if (size <= 0)
			break;
		ENSURE(BIO_write(bio, bytes, (int)size) == size);
	}
	struct err e = size < 0 ? FAIL_ERRNO("%s", path) : OK;
	wipe(bytes, sizeof bytes);
	(void)close(descriptor);
	return e;
}

/* Read a key and its certificate, each if it is there and well-formed. */
static struct err read_pair(const char *key_path, const char *certificate_path, struct pair *ret_pair, bool *ret_any)
{
	BIO *key = BIO_new(BIO_s_secmem());
	BIO *certificate = BIO_new(BIO_s_mem());
	bool has_key = false;
	bool has_certificate = false;
	ENSURE(key && certificate);
	struct err e = read_file(key_path, key, &has_key);
	if (!failed(e))
		e = read_file(certificate_path, certificate, &has_certificate);
	if (!failed(e)) {
		*ret_pair = (struct pair){
			.key = has_key ? PEM_read_bio_PrivateKey(key, NULL, NULL, (void *)(uintptr_t) "") : NULL,
			.certificate = has_certificate ? PEM_read_bio_X509(certificate, NULL, NULL, NULL) : NULL,
		};
		*ret_any = has_key || has_certificate;
		ERR_clear_error();
	}
	BIO_free(key);
	BIO_free(certificate);
	return e;
}

static struct err write_all(int descriptor, struct span bytes)
{
	while (bytes.size > 0) {
		ssize_t size = write(descriptor, bytes.at, bytes.size);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return FAIL_ERRNO("write");
		bytes = (struct span){bytes.at + size, bytes.size - (size_t)size};
	}
	if (fsync(descriptor) != 0)
		return FAIL_ERRNO("fsync");
	return OK;
}

struct owner {
	uid_t user;
	gid_t group;
};

/* Whole or not at all: beside it first, then in its place. */
static struct err write_file(const char *path, BIO *bio, mode_t mode, struct owner owner)
{
	char aside[WEB_CA_PATH_SIZE_MAX + 8];
	char *bytes = NULL;
	long size = BIO_get_mem_data(bio, &bytes);
	(void)snprintf(aside, sizeof aside, "%s.new", path);
	(void)unlink(aside);
	int descriptor = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (descriptor < 0)
		return FAIL_ERRNO("%s", aside);
	struct err e =
		err_within(write_all(descriptor, (struct span){(const uint8_t *)bytes, (size_t)size}), "%s", aside);
	if (!failed(e) && fchmod(descriptor, mode) != 0)
		e = FAIL_ERRNO("%s", aside);
	if (!failed(e) && (owner.user != 0 || owner.group != 0) && geteuid() == 0 &&
	    fchown(descriptor, owner.user, owner.group) != 0)
		e = FAIL_ERRNO("%s", aside);
	(void)close(descriptor);
	if (!failed(e) && rename(aside, path) != 0)
		e = FAIL_ERRNO("%s", path);
	if (failed(e))
		(void)unlink(aside);
	return e;
}

static struct err write_key(const char *path, EVP_PKEY *key, struct owner owner)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	ENSURE(bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	struct err e = write_file(path, bio, 0400, owner);
	BIO_free(bio);
	return e;
}

static struct err write_certificates(const char *path, X509 *first, X509 *second, mode_t mode, struct owner owner)
{
	BIO *bio = BIO_new(BIO_s_mem());
	ENSURE(bio && PEM_write_bio_X509(bio, first) == 1 && (!second || PEM_write_bio_X509(bio, second) == 1));
	struct err e = write_file(path, bio, mode, owner);
	BIO_free(bio);
	return e;
}

static struct err sync_folder(const char *directory)
{
	int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return FAIL_ERRNO("%s", directory);
	struct err e = fsync(descriptor) == 0 ? OK : FAIL_ERRNO("%s", directory);
	(void)close(descriptor);
	return e;
}

/* ---- ensuring ---- */

static struct err replace_authority(const char *directory, const char *key_path, struct names names, struct web_ca *ca,
				    struct pair *authority)
{
	char old[WEB_CA_PATH_SIZE_MAX];
	TRY(path_of(directory, "authority.old.pem", old));
	if (authority->certificate && rename(ca->authority, old) != 0)
		return FAIL_ERRNO("%s", old);
	pair_free(authority);
	make_authority(names, authority);
	TRY(write_key(key_path, authority->key, (struct owner){0}));
	TRY(write_certificates(ca->authority, authority->certificate, NULL, 0444, (struct owner){0}));
	ca->authority_made = true;
	return sync_folder(directory);
}

static struct err ensure_authority(const char *directory, struct names names, struct web_ca *ca, struct pair *authority)
{
	char key_path[WEB_CA_PATH_SIZE_MAX];
	bool any = false;
	TRY(path_of(directory, "authority.key", key_path));
	TRY(read_pair(key_path, ca->authority, authority, &any));
	/* A key alone is what an interrupted first run leaves: nobody can have trusted it yet. */
	any = any && !(authority->key && !authority->certificate && access(ca->authority, F_OK) != 0);
	if (any && (!authority->key || !authority->certificate))
		return FAIL(ERR_CORRUPT, "%s: its authority's certificate or key is missing or broken", directory);
	if (any && X509_check_private_key(authority->certificate, authority->key) != 1)
		return fail_crypto("the authority's key and certificate do not belong together");
	if (any && lasts(authority->certificate, WEB_CA_CERTIFICATE_DAYS) &&
	    authority_covers(authority->certificate, names))
		return OK;
	return replace_authority(directory, key_path, names, ca, authority);
}

static struct err ensure_server(const char *directory, const struct pair *authority, struct names names,
				struct owner owner, struct web_ca *ca, struct pair *server)
{
	bool any = false;
	TRY(read_pair(ca->key, ca->certificate, server, &any));
	if (server_is_good(server, authority, names)) {
		if ((owner.user != 0 || owner.group != 0) && geteuid() == 0 &&
		    (chown(ca->key, owner.user, owner.group) != 0 ||
		     chown(ca->certificate, owner.user, owner.group) != 0))
			return FAIL_ERRNO("%s", ca->key);
		return OK;
	}
	ERR_clear_error();
	pair_free(server);
	make_server(authority, names, server);
	TRY(write_key(ca->key, server->key, owner));
	TRY(write_certificates(ca->certificate, server->certificate, authority->certificate, 0400, owner));
	ca->certificate_made = true;
	return sync_folder(directory);
}

static void write_fingerprint(const X509 *certificate, char ret_text[WEB_CA_FINGERPRINT_SIZE + 1])
{
	uint8_t digest[32];
	unsigned size = 0;
	ENSURE(X509_digest(certificate, EVP_sha256(), digest, &size) == 1 && size == sizeof digest);
	for (size_t i = 0; i < sizeof digest; i++)
		(void)snprintf(ret_text + 3 * i, 4, "%02X%s", digest[i], i + 1 < sizeof digest ? ":" : "");
}

struct err web_ca_ensure(const char *directory, const char *const *names, size_t count, uid_t owner, gid_t group,
			 struct web_ca *ret_ca)
{
	struct web_ca ca = {0};
	struct pair authority = {0};
	struct pair server = {0};
	struct names all = {names, count};
	TRY(check_names(all));
	TRY(path_of(directory, "authority.pem", ca.authority));
	TRY(path_of(directory, "server.pem", ca.certificate));
	TRY(path_of(directory, "server.key", ca.key));
	struct err e = ensure_authority(directory, all, &ca, &authority);
	if (!failed(e))
		e = ensure_server(directory, &authority, all, (struct owner){owner, group}, &ca, &server);
	if (!failed(e)) {
		write_fingerprint(authority.certificate, ca.fingerprint);
		*ret_ca = ca;
	}
	pair_free(&authority);
	pair_free(&server);
	return e;
}
