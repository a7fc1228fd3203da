#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char why[ERR_WHY_SIZE_MAX];

const char *err_why(void)
{
	return why;
}

const char *err_name(enum err_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_INVALID] = "invalid",
		[ERR_TOO_LARGE] = "too-large",
		[ERR_NOT_FOUND] = "not-found",
		[ERR_EXISTS] = "exists",
		[ERR_DENIED] = "denied",
		[ERR_IO] = "io",
		[ERR_FULL] = "full",
		[ERR_BUSY] = "busy",
		[ERR_CLOSED] = "closed",
		[ERR_CORRUPT] = "corrupt",
		[ERR_UNSUPPORTED] = "unsupported",
	};
	REQUIRE((size_t)code < sizeof names / sizeof *names);
	return names[code];
}

struct err err_make(enum err_code code, const char *file, uint32_t line, const char *format, ...)
{
	REQUIRE(code != ERR_NONE);
	/* The arguments may point into the old sentence, so the new one is made aside. */
	char fresh[ERR_WHY_SIZE_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(fresh, sizeof fresh, format, args);
	va_end(args);
	memcpy(why, fresh, sizeof why);
	return (struct err){.file = file, .line = line, .code = code};
}

static enum err_code code_of_errno(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	case EAGAIN:
	case EBUSY:
		return ERR_BUSY;
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
		return ERR_CLOSED;
	default:
		return ERR_IO;
	}
}

struct err err_make_errno(const char *file, uint32_t line, const char *format, ...)
{
	int number = errno;
	char fresh[ERR_WHY_SIZE_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(fresh, sizeof fresh, format, args);
	va_end(args);
	return err_make(code_of_errno(number), file, line, "%s: %s", fresh, strerror(number));
}

struct err err_within(struct err e, const char *format, ...)
{
	if (e.code == ERR_NONE)
		return e;
	char front[ERR_WHY_SIZE_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(front, sizeof front, format, args);
	va_end(args);
	return err_make(e.code, e.file, e.line, "%s: %s", front, why);
}

void err_die(const char *kind, const char *what, const char *file, uint32_t line)
{
	(void)fprintf(stderr, "level=fatal %s=\"%s\" at=%s:%u\n", kind, what, file, line);
	abort();
}
