/* sim/reader/config.h - the JSON file that says what to simulate. README.md shows one. */
#ifndef LEGATION_SIM_READER_CONFIG_H
#define LEGATION_SIM_READER_CONFIG_H

#include "sim/reader/site.h"

/* Fill a new site.
 *
 * needs   `name` for error messages; an empty site.
 * fails   ERR_INVALID: file, line, column, the way to the value, and what is wrong with it.
 */
struct err sim_config_read(const char *name, struct span text, struct sim_site *site) MUST_USE;

/* Read a whole file.
 *
 * owns    the caller: free(ret_text->at).
 */
struct err sim_file_read(const char *path, size_t size_max, struct span *ret_text) MUST_USE;

#endif
