/* tests/lib/tap.h - the Test Anything Protocol, small: CHECK what a user would notice, then `return tap_finish()`.
 *
 * A failed CHECK says where and goes on; a failed NEED ends the program, for nothing after it would mean anything.
 */
#ifndef LEGATION_TESTS_TAP_H
#define LEGATION_TESTS_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/span.h"

static int tap_count;
static int tap_failures;

__attribute__((unused, format(printf, 4, 5))) static int tap_check(int good, const char *file, int line,
								   const char *format, ...)
{
	va_list args;
	printf("%s %d - ", good ? "ok" : "not ok", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!good) {
		tap_failures++;
		printf("# at %s:%d; last error: %s\n", file, line, err_why());
	}
	fflush(stdout);
	return good;
}

/* CHECK(x, "the door stays shut") */
#define CHECK(x, ...) tap_check(!!(x), __FILE__, __LINE__, __VA_ARGS__)
#define CHECK_OK(call, ...) tap_check(!failed(call), __FILE__, __LINE__, __VA_ARGS__)
/* The call fails with this code, and its sentence holds these words. */
#define CHECK_FAILS(call, error_code, words, ...)                                                                      \
	tap_check((call).code == (error_code) && strstr(err_why(), (words)) != NULL, __FILE__, __LINE__, __VA_ARGS__)
#define CHECK_SPAN(got, expected, ...) tap_check(span_equal((got), (expected)), __FILE__, __LINE__, __VA_ARGS__)
#define NEED(x, ...)                                                                                                   \
	do {                                                                                                           \
		if (!(x)) {                                                                                            \
			tap_check(0, __FILE__, __LINE__, __VA_ARGS__);                                                 \
			printf("Bail out!\n");                                                                         \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)
#define NEED_OK(call, ...) NEED(!failed(call), __VA_ARGS__)

__attribute__((unused)) static int tap_finish(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures ? 1 : 0;
}

#endif
