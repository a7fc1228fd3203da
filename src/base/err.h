/* base/err.h - how an operation says that it failed.
 *
 * Three kinds of wrong, never mixed. A broken program stops: REQUIRE (what the caller owed) and ENSURE (what we owe).
 * An operation that failed returns `struct err`, which must be used and is carried upward by TRY. A refusal is data
 * with a reason and no business of this file.
 *
 * The struct fits two registers; the sentence that says where and why lives in one buffer a thread, so that success
 * costs nothing. The sentence belongs to the last error made and is gone when the next one is.
 */
#ifndef LEGATION_BASE_ERR_H
#define LEGATION_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define NO_RETURN __attribute__((noreturn))

enum { ERR_WHY_SIZE_MAX = 512 };

enum err_code {
	ERR_NONE = 0,
	ERR_INVALID,   /* the input breaks a rule of its format */
	ERR_TOO_LARGE, /* a bound with a name was reached */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_DENIED,  /* the system or a policy refuses */
	ERR_IO,      /* the system failed us; errno is in the sentence */
	ERR_FULL,    /* no space on the disk */
	ERR_BUSY,    /* somebody else holds it */
	ERR_CLOSED,  /* the peer has gone */
	ERR_CORRUPT, /* what was stored is not what was written */
	ERR_UNSUPPORTED,
};

struct err {
	const char *file;
	uint32_t line;
	enum err_code code;
};

#define OK ((struct err){0})

struct err err_make(enum err_code code, const char *file, uint32_t line, const char *format, ...)
	PRINTF_LIKE(4, 5) MUST_USE;
struct err err_make_errno(const char *file, uint32_t line, const char *format, ...) PRINTF_LIKE(3, 4) MUST_USE;

/* What FAIL gives is an error, always: err_make sees to it. Compilers read one file at a time and must be told. */
static inline struct err err_is_failure(struct err e)
{
	if (e.code == ERR_NONE)
		__builtin_unreachable();
	return e;
}

/* Make an error with its sentence: FAIL(ERR_INVALID, "door %s: no reader", name). */
#define FAIL(code, ...) err_is_failure(err_make((code), __FILE__, __LINE__, __VA_ARGS__))

/* Make an error from errno: FAIL_ERRNO("open %s", path) adds ": No such file or directory". */
#define FAIL_ERRNO(...) err_is_failure(err_make_errno(__FILE__, __LINE__, __VA_ARGS__))

/* Carry an error upward. One of the two macros that may hide control flow; AUTO_FREE is the other. */
#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		struct err try_err = (call);                                                                           \
		if (try_err.code != ERR_NONE)                                                                          \
			return try_err;                                                                                \
	} while (0)

#define REQUIRE(x) ((x) ? (void)0 : err_die("REQUIRE", #x, __FILE__, __LINE__))
#define ENSURE(x) ((x) ? (void)0 : err_die("ENSURE", #x, __FILE__, __LINE__))

/* Free at the end of the scope: AUTO_FREE(arena) struct arena *a = ...; calls arena_free_at(&a). */
#define AUTO_FREE(type) __attribute__((cleanup(type##_free_at)))

static inline bool failed(struct err e)
{
	return e.code != ERR_NONE;
}

/* The sentence of this thread's last error.
 *
 * gives   a string that is valid until the next error of this thread; "" before the first.
 */
const char *err_why(void);

/* The code as a word: "invalid", "not-found". */
const char *err_name(enum err_code code);

/* Put words in front of the last sentence: err_within(e, "post.yaml") gives "post.yaml: <why>".
 *
 * gives   e, unchanged.
 */
struct err err_within(struct err e, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;

NO_RETURN void err_die(const char *kind, const char *what, const char *file, uint32_t line);

#endif
