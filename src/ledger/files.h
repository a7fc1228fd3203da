/* ledger/files.h - what files need beyond being written. Private to this folder. */
#ifndef LEGATION_LEDGER_FILES_H
#define LEGATION_LEDGER_FILES_H

#include "base/err.h"

/* Flush the directory that a path is in, so that a new file's name survives a power loss as well. */
struct err ledger_flush_directory(const char *path) MUST_USE;

#endif
