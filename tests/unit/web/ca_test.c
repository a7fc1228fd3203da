/* The local authority: made once, covers its names and no other, renews what runs out, and overwrites nothing
 * broken.
 */
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/tap.h"
#include "worker/web/ca.h"
#include "worker/web/tls.h"

static char folder[64];

static X509 *certificate_at(const char *path, int place)
{
	FILE *file = fopen(path, "r");
	X509 *certificate = NULL;
	for (int i = 0; file && i <= place; i++) {
		X509_free(certificate);
		certificate = PEM_read_X509(file, NULL, NULL, NULL);
	}
	if (file)
		(void)fclose(file);
	return certificate;
}

static unsigned mode_of(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

/* Does the chain hold, for this name? As a browser would ask. */
static bool trusts(const struct web_ca *ca, const char *certificate_path, const char *name, bool address)
{
	X509_STORE *store = X509_STORE_new();
	X509 *authority = certificate_at(ca->authority, 0);
	X509 *server = certificate_at(certificate_path, 0);
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	NEED(store && authority && server && context, "the certificates are there");
	NEED(X509_STORE_add_cert(store, authority) == 1 && X509_STORE_CTX_init(context, store, server, NULL) == 1,
	     "a store");
	X509_VERIFY_PARAM *wanted = X509_STORE_CTX_get0_param(context);
	(void)X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER);
	if (address)
		(void)X509_VERIFY_PARAM_set1_ip_asc(wanted, name);
	else
		(void)X509_VERIFY_PARAM_set1_host(wanted, name, 0);
	bool good = X509_verify_cert(context) == 1;
	X509_STORE_CTX_free(context);
	X509_free(server);
	X509_free(authority);
	X509_STORE_free(store);
	return good;
}

static long days_left(const char *path)
{
	X509 *certificate = certificate_at(path, 0);
	int days = 0;
	int seconds = 0;
	NEED(certificate && ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate),
					   X509_get0_notAfter(certificate)) == 1,
	     "a certificate with dates");
	X509_free(certificate);
	return days;
}

static void test_first_run(struct web_ca *ca)
{
	static const char *const names[] = {"post.example", "127.0.0.1", "::1"};
	NEED_OK(web_ca_ensure(folder, names, 3, 0, 0, ca), "the first run");
	CHECK(ca->authority_made && ca->certificate_made, "makes both");
	CHECK(strlen(ca->fingerprint) == WEB_CA_FINGERPRINT_SIZE && ca->fingerprint[2] == ':',
	      "with a fingerprint to compare");
	char path[128];
	(void)snprintf(path, sizeof path, "%s/authority.key", folder);
	CHECK(mode_of(path) == 0400 && mode_of(ca->key) == 0400 && mode_of(ca->certificate) == 0400,
	      "keys are for nobody else");
	CHECK(mode_of(ca->authority) == 0444, "the authority's certificate is for all");
	CHECK(trusts(ca, ca->certificate, "post.example", false), "its name is trusted");
	CHECK(trusts(ca, ca->certificate, "127.0.0.1", true) && trusts(ca, ca->certificate, "::1", true),
	      "so are its addresses");
	CHECK(!trusts(ca, ca->certificate, "other.example", false), "no other name is");
	CHECK(days_left(ca->certificate) <= 397, "browsers take its length of life");
	CHECK(days_left(ca->authority) > 3650, "the authority lasts ten years");
	struct web_ca again;
	NEED_OK(web_ca_ensure(folder, names, 3, 0, 0, &again), "the second run");
	CHECK(!again.authority_made && !again.certificate_made && strcmp(again.fingerprint, ca->fingerprint) == 0,
	      "changes nothing");
}

/* Read the two files as the worker does. */
static void test_tls(const struct web_ca *ca)
{
	static uint8_t certificate[65536], key[65536];
	int descriptor = open(ca->certificate, O_RDONLY);
	ssize_t certificate_size = read(descriptor, certificate, sizeof certificate);
	(void)close(descriptor);
	descriptor = open(ca->key, O_RDONLY);
	ssize_t key_size = read(descriptor, key, sizeof key);
	(void)close(descriptor);
	NEED(certificate_size > 0 && key_size > 0, "the files can be read");
	SSL_CTX *tls = NULL;
	struct span good_certificate = {certificate, (size_t)certificate_size};
	struct span good_key = {key, (size_t)key_size};
	NEED_OK(web_tls_new(good_certificate, good_key, &tls), "they make a server");
	tls = web_tls_free(tls);
	CHECK_FAILS(web_tls_new(good_key, good_key, &tls), ERR_INVALID, "certificate", "a key for a certificate");
	CHECK_FAILS(web_tls_new(good_certificate, good_certificate, &tls), ERR_INVALID, "key",
		    "a certificate for a key");
	EVP_PKEY *other = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	char *other_text = NULL;
	NEED(other && bio && PEM_write_bio_PrivateKey(bio, other, NULL, NULL, 0, NULL, NULL) == 1, "another key");
	long other_size = BIO_get_mem_data(bio, &other_text);
	struct span other_key = {(const uint8_t *)other_text, (size_t)other_size};
	CHECK_FAILS(web_tls_new(good_certificate, other_key, &tls), ERR_INVALID, "key", "another server's key");
	BIO_free(bio);
	EVP_PKEY_free(other);
}

/* A certificate for another name, signed with the stolen authority's key: the constraint is what stops it. */
static void test_constraint(const struct web_ca *ca)
{
	char key_path[128], forged_path[128];
	(void)snprintf(key_path, sizeof key_path, "%s/authority.key", folder);
	(void)snprintf(forged_path, sizeof forged_path, "%s/forged.pem", folder);
	static const struct {
		const char *name;
		bool address;
		bool good;
	} cases[] = {
		{"DNS:post.example", false, true}, {"DNS:bank.example", false, false}, {"IP:127.0.0.1", true, true},
		{"IP:192.0.2.1", true, false},     {"IP:2001:db8::1", true, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		FILE *file = fopen(key_path, "r");
		EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
		(void)fclose(file);
		X509 *authority = certificate_at(ca->authority, 0);
		X509 *forged = X509_new();
		NEED(key && authority && forged, "the authority's key is stolen");
		(void)X509_set_version(forged, X509_VERSION_3);
		(void)ASN1_INTEGER_set(X509_get_serialNumber(forged), 7);
		(void)X509_gmtime_adj(X509_getm_notBefore(forged), -60);
		(void)X509_gmtime_adj(X509_getm_notAfter(forged), 3600);
		(void)X509_set_issuer_name(forged, X509_get_subject_name(authority));
		(void)X509_set_pubkey(forged, key);
		X509_EXTENSION *names = X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, cases[i].name);
		NEED(names && X509_add_ext(forged, names, -1) == 1 && X509_sign(forged, key, EVP_sha256()) > 0,
		     "and used");
		file = fopen(forged_path, "w");
		NEED(file && PEM_write_X509(file, forged) == 1, "to write a certificate");
		(void)fclose(file);
		CHECK(trusts(ca, forged_path, strchr(cases[i].name, ':') + 1, cases[i].address) == cases[i].good,
		      "%s is %s", cases[i].name, cases[i].good ? "within its names" : "refused");
		X509_EXTENSION_free(names);
		X509_free(forged);
		X509_free(authority);
		EVP_PKEY_free(key);
	}
	(void)unlink(forged_path);
}

/* Put a server's certificate there that ends in `days`. */
static void shorten(const struct web_ca *ca, long days)
{
	char key_path[128];
	(void)snprintf(key_path, sizeof key_path, "%s/authority.key", folder);
	FILE *file = fopen(key_path, "r");
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	(void)fclose(file);
	X509 *server = certificate_at(ca->certificate, 0);
	NEED(key && server, "the files are there");
	(void)X509_gmtime_adj(X509_getm_notAfter(server), days * 24 * 3600);
	NEED(X509_sign(server, key, EVP_sha256()) > 0, "signed again");
	(void)unlink(ca->certificate);
	file = fopen(ca->certificate, "w");
	NEED(file && PEM_write_X509(file, server) == 1, "written");
	(void)fclose(file);
	X509_free(server);
	EVP_PKEY_free(key);
}

static void test_renewal(const struct web_ca *ca)
{
	static const char *const names[] = {"post.example", "127.0.0.1", "::1"};
	static const char *const fewer[] = {"127.0.0.1", "post.example"};
	static const char *const more[] = {"post.example", "second.example"};
	struct web_ca again;
	shorten(ca, 31);
	NEED_OK(web_ca_ensure(folder, names, 3, 0, 0, &again), "31 days left");
	CHECK(!again.certificate_made, "are enough");
	shorten(ca, 29);
	NEED_OK(web_ca_ensure(folder, names, 3, 0, 0, &again), "29 days left");
	CHECK(again.certificate_made && !again.authority_made,
	      "are not: the certificate is renewed, the authority stays");
	CHECK(trusts(&again, again.certificate, "post.example", false), "and trusted still");
	NEED_OK(web_ca_ensure(folder, fewer, 2, 0, 0, &again), "a name less");
	CHECK(again.certificate_made && !again.authority_made, "is a new certificate");
	CHECK(!trusts(&again, again.certificate, "::1", true), "without that name");
	(void)unlink(again.key);
	NEED_OK(web_ca_ensure(folder, fewer, 2, 0, 0, &again), "the server's key is lost");
	CHECK(again.certificate_made && !again.authority_made, "it is made again");
	NEED_OK(web_ca_ensure(folder, more, 2, 0, 0, &again), "a name that the authority does not cover");
	CHECK(again.authority_made && again.certificate_made && strcmp(again.fingerprint, ca->fingerprint) != 0,
	      "is a new authority");
	CHECK(trusts(&again, again.certificate, "second.example", false), "that covers it");
	char old[128];
	(void)snprintf(old, sizeof old, "%s/authority.old.pem", folder);
	CHECK(access(old, F_OK) == 0, "the old certificate is kept");
}

static void test_broken(const struct web_ca *ca)
{
	static const char *const names[] = {"post.example", "second.example"};
	static const char *const bad[] = {"Post.example"};
	static const char *const worse[] = {"a..b"};
	char key_path[128];
	struct web_ca again;
	(void)snprintf(key_path, sizeof key_path, "%s/authority.key", folder);
	CHECK_FAILS(web_ca_ensure(folder, bad, 1, 0, 0, &again), ERR_INVALID, "Post.example", "a name in capitals");
	CHECK_FAILS(web_ca_ensure(folder, worse, 1, 0, 0, &again), ERR_INVALID, "a..b", "a name that is none");
	CHECK_FAILS(web_ca_ensure("/nonexistent/folder", names, 2, 0, 0, &again), ERR_NOT_FOUND, "/nonexistent/folder",
		    "no folder");
	(void)chmod(ca->authority, 0600);
	NEED(truncate(ca->authority, 100) == 0, "half of the authority's certificate is gone");
	CHECK_FAILS(web_ca_ensure(folder, names, 2, 0, 0, &again), ERR_CORRUPT, "authority", "nothing is overwritten");
	(void)unlink(ca->authority);
	NEED_OK(web_ca_ensure(folder, names, 2, 0, 0, &again), "a key alone, as an interrupted first run leaves it");
	CHECK(again.authority_made, "is begun again");
	(void)unlink(key_path);
	CHECK_FAILS(web_ca_ensure(folder, names, 2, 0, 0, &again), ERR_CORRUPT, "authority",
		    "a lost key is said, not replaced");
}

int main(void)
{
	struct web_ca ca;
	(void)snprintf(folder, sizeof folder, "/tmp/legation-ca-XXXXXX");
	NEED(mkdtemp(folder), "a folder");
	test_first_run(&ca);
	test_tls(&ca);
	test_constraint(&ca);
	test_renewal(&ca);
	test_broken(&ca);
	char command[128];
	(void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
	NEED(system(command) == 0, "tidied up");
	return tap_finish();
}
