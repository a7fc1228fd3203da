#include "worker/web/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static struct err fail_tls(const char *what)
{
	unsigned long code = ERR_get_error();
	const char *why = code ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return FAIL(ERR_INVALID, "tls: %s%s%s", what, why ? ": " : "", why ? why : "");
}

/* ALPN: http/1.1 when the client asks for anything at all; one that does not speak it is refused. */
static int choose_protocol(SSL *ssl, const unsigned char **ret_chosen, unsigned char *ret_size,
			   const unsigned char *offered, unsigned offered_size, void *unused)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen = NULL;
	(void)ssl;
	(void)unused;
	if (SSL_select_next_proto(&chosen, ret_size, ours, sizeof ours - 1, offered, offered_size) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret_chosen = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static struct err use_certificate(SSL_CTX *tls, BIO *pem)
{
	X509 *certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	int used = certificate ? SSL_CTX_use_certificate(tls, certificate) : 0;
	X509_free(certificate);
	if (used != 1)
		return fail_tls("certificate");
	for (;;) {
		X509 *issuer = PEM_read_bio_X509(pem, NULL, NULL, NULL);
		if (!issuer)
			break;
		if (SSL_CTX_add0_chain_cert(tls, issuer) != 1) {
			X509_free(issuer);
			return fail_tls("certificate chain");
		}
	}
	/* The end of the file is how the list ends; anything else is a broken file. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return fail_tls("certificate chain");
	ERR_clear_error();
	return OK;
}

static struct err use_key(SSL_CTX *tls, BIO *pem)
{
	/* An empty pass phrase, so that nothing ever asks a terminal for one. */
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, (void *)(uintptr_t) "");
	int used = key ? SSL_CTX_use_PrivateKey(tls, key) : 0;
	EVP_PKEY_free(key);
	if (used != 1)
		return fail_tls("key");
	if (SSL_CTX_check_private_key(tls) != 1)
		return fail_tls("key and certificate do not belong together");
	return OK;
}

static struct err with_pem(SSL_CTX *tls, struct span pem, struct err (*use)(SSL_CTX *tls, BIO *pem))
{
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.size);
	ENSURE(bio);
	struct err e = use(tls, bio);
	BIO_free(bio);
	return e;
}

struct err web_tls_new(struct span certificate, struct span key, SSL_CTX **ret_tls)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	ENSURE(tls);
	ENSURE(SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) == 1);
	ENSURE(SSL_CTX_set1_groups_list(tls, "X25519:P-256:P-384") == 1);
	/* A console connects rarely and stays long: no tickets, no sessions, no early data that could be said
	 * twice.
	 */
	ENSURE(SSL_CTX_set_num_tickets(tls, 0) == 1);
	(void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
					       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	(void)SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					    SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
	struct err e = with_pem(tls, certificate, use_certificate);
	if (!failed(e))
		e = with_pem(tls, key, use_key);
	if (failed(e)) {
		SSL_CTX_free(tls);
		return e;
	}
	*ret_tls = tls;
	return OK;
}

SSL_CTX *web_tls_free(SSL_CTX *tls)
{
	SSL_CTX_free(tls);
	return NULL;
}
