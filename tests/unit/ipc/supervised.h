/* What supervisor_test.c supervises: a worker that writes what happens to it into the file `said` of its folder, and
 * does what the file named after it says.
 */
#ifndef LEGATION_TESTS_SUPERVISED_H
#define LEGATION_TESTS_SUPERVISED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* arguments: program, "worker", role, line or NULL; the folder is in LEGATION_TEST. */
int supervised_main(char **arguments);

/* The beginning of a file as a string; false when there is none. */
bool supervised_read(const char *name, char *ret_text, size_t size_max);

#endif
