/* worker/web/ca.h - the certificate under which consoles reach this post, from an authority of its own.
 *
 * At the first run an authority is made (P-256, ten years) that can vouch for the given names and nothing else:
 * whoever trusts it trusts this post's names, even if its key is stolen. It signs the server's certificate, which is
 * made anew when it has less than WEB_CA_RENEW_DAYS left or the names have changed. Runs before the workers start,
 * as whoever may write the folder; the web worker only reads the server's two files.
 */
#ifndef LEGATION_WORKER_WEB_CA_H
#define LEGATION_WORKER_WEB_CA_H

#include <sys/types.h>

#include "base/span.h"

enum {
	WEB_CA_NAMES_MAX = 32,
	WEB_CA_AUTHORITY_DAYS = 3652,
	WEB_CA_CERTIFICATE_DAYS = 396, /* browsers take 398 at most */
	WEB_CA_RENEW_DAYS = 30,
	WEB_CA_PATH_SIZE_MAX = 512,
	WEB_CA_FINGERPRINT_SIZE = 95, /* "AB:CD:..." of SHA-256 */
};

struct web_ca {
	bool authority_made;                           /* now: people must be told to trust it */
	bool certificate_made;                         /* now */
	char authority[WEB_CA_PATH_SIZE_MAX];          /* the authority's certificate, for people to import; 0444 */
	char certificate[WEB_CA_PATH_SIZE_MAX];        /* the server's, with the authority's behind it; 0400 */
	char key[WEB_CA_PATH_SIZE_MAX];                /* the server's; 0400 */
	char fingerprint[WEB_CA_FINGERPRINT_SIZE + 1]; /* of the authority, as browsers show it */
};

/* Make what is missing, renew what runs out.
 *
 * needs   a folder that exists; names: DNS names and addresses without port, 1 to WEB_CA_NAMES_MAX. owner and group:
 *         who reads the server's two files; 0 leaves them to whoever runs this.
 * gives   where things are.
 * fails   ERR_INVALID for a name that is none; ERR_CORRUPT when the authority's files are there but broken, or its
 *         key is missing: nothing is overwritten then; or as the
 *         file system does.
 * rules   when the authority does not cover the names any more, or ends before a new certificate would, a new one
 *         takes its place and the old certificate is kept as authority.old.pem.
 */
struct err web_ca_ensure(const char *directory, const char *const *names, size_t count, uid_t owner, gid_t group,
			 struct web_ca *ret_ca) MUST_USE;

#endif
