/* worker/web/tls.h - what TLS we speak: 1.3 and nothing older, HTTP/1.1 and nothing else over it. */
#ifndef LEGATION_WORKER_WEB_TLS_H
#define LEGATION_WORKER_WEB_TLS_H

#include <openssl/ssl.h>

#include "base/span.h"

/* needs   certificate: PEM, ours first, then those that lead to its authority; key: PEM, without a pass phrase.
 * owns    the caller, until web_tls_free. The key's bytes are not kept: wipe them.
 * fails   ERR_INVALID when they are malformed or do not belong together.
 */
struct err web_tls_new(struct span certificate, struct span key, SSL_CTX **ret_tls) MUST_USE;
SSL_CTX *web_tls_free(SSL_CTX *tls); /* gives NULL */

#endif
