/* sim/reader/selfcheck.h - the published vectors, run by the binary itself: `sim-reader --self-check`. */
#ifndef LEGATION_SIM_READER_SELFCHECK_H
#define LEGATION_SIM_READER_SELFCHECK_H

#include <stdbool.h>

/* Print one line for each vector. gives true when all passed. */
bool sim_self_check(bool json);

#endif
