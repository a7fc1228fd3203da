/* post/file.h - a post's file and its plans, read from the disk into the request that core takes.
 *
 * Runs in the process of the command that a person gave (`legation post import`), never in core: YAML and SVG end
 * here. Every refusal says FILE:LINE:COLUMN and the reason; of a plan, FILE:LINE. What core checks again
 * (post/check.h) is checked here first, so that the place named is the very word that is wrong.
 */
#ifndef LEGATION_POST_FILE_H
#define LEGATION_POST_FILE_H

#include "post/check.h"

enum {
	POST_FILE_ARENA_MAX = 96 * 1024 * 1024,         /* what reading the largest files may take */
	POST_FILE_NAME_MAX = 120,                       /* of a plan, in bytes */
	POST_FILE_REQUEST_MAX = 4 * 1024 * 1024 - 4096, /* bytes of the whole request, plans included */
};

/* Another address for a line: of the machine that the import runs on, say. */
struct post_file_override {
	struct span line;
	struct span address;
};

struct post_file_options {
	const struct post_file_override *overrides;
	size_t override_count;
	/* Where plans come from; NULL: files beside the post's file. For tests and the fuzzer. */
	struct err (*plan)(void *context, const char *name, struct arena *arena, struct span *ret_text);
	void *context;
};

/* Read a post's file and the plans that it names, which lie beside it or below.
 *
 * gives   the request, dry_run false; it lives in the arena.
 * fails   ERR_INVALID and ERR_TOO_LARGE with the place; ERR_NOT_FOUND, ERR_DENIED, ERR_IO for the post's file itself.
 */
struct err post_file_read(const char *path, const struct post_file_options *options, struct arena *arena,
			  struct post_import *ret_import) MUST_USE;

/* The same of a text that is in memory; `name` is what refusals call it. Needs options->plan when it names plans. */
struct err post_file_parse(const char *name, struct span text, const struct post_file_options *options,
			   struct arena *arena, struct post_import *ret_import) MUST_USE;

/* "lobby=tcp:127.0.0.1:4001" as it stands on a command line. */
struct err post_file_override_read(const char *argument, struct post_file_override *ret_override) MUST_USE;

#endif
