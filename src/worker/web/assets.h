/* worker/web/assets.h - the console's files, compressed at build and linked into the binary.
 *
 * embed.py writes the table. A browser that does not take brotli gets them unpacked, once for all.
 */
#ifndef LEGATION_WORKER_WEB_ASSETS_H
#define LEGATION_WORKER_WEB_ASSETS_H

#include "worker/web/bytes.h"
#include "worker/web/head.h"

enum { WEB_ASSET_SIZE_MAX = 8 * 1024 * 1024 }; /* unpacked */

struct web_asset {
	const char *path; /* "/index.html" */
	const char *media_type;
	const char *etag; /* with its quotes */
	const uint8_t *at;
	size_t size;
	size_t plain_size; /* unpacked */
	bool brotli;       /* else as it is */
	bool immutable;    /* its name changes with its content */
};

/* What this build carries. Without a built console: one page that says so. */
extern const struct web_asset web_console_assets[];
extern const size_t web_console_asset_count;

struct web_assets;

struct web_assets *web_assets_new(const struct web_asset *table, size_t count) MUST_USE;
struct web_assets *web_assets_free(struct web_assets *assets); /* gives NULL */

/* The file for a path: itself; or the console's page, which finds its own way, for a path that is no file's name.
 *
 * gives   NULL: 404.
 */
const struct web_asset *web_assets_find(const struct web_assets *assets, struct span path);

/* Its bytes as this browser takes them.
 *
 * gives   held by `assets`; in ret_packed whether they are brotli. NULL when it cannot be unpacked.
 */
struct web_bytes *web_assets_bytes(struct web_assets *assets, const struct web_asset *asset, bool takes_brotli,
				   bool *ret_packed);

/* Does the browser take brotli, by its Accept-Encoding? */
bool web_assets_takes_brotli(const struct web_head *head);

#endif
