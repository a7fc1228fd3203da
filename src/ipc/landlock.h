/* ipc/landlock.h - the sandbox's second wall: which paths this process may still open, told to the kernel by raw system
 * calls.
 *
 * The constants are our own, for the C library's headers know an older kernel than the one we may run on. What a kernel
 * offers is asked at run time: ABI 1 to 7. Below it, sandbox.c decides what that means.
 */
#ifndef LEGATION_IPC_LANDLOCK_H
#define LEGATION_IPC_LANDLOCK_H

#include "base/err.h"

#include <stddef.h>

enum { LANDLOCK_ABI_MAX = 7 };

/* What a path still allows, itself and everything beneath it. */
struct sandbox_path {
	const char *path;
	bool write; /* make, change and remove files and folders too; else only read */
};

/* The rights that a ruleset takes away unless a rule gives them back. */
struct landlock_rights {
	uint64_t files;
	uint64_t network;
	uint64_t scoped;
};

/* gives   0 when this kernel has no Landlock or has it turned off; at most LANDLOCK_ABI_MAX. */
int landlock_abi(void);

/* What each ABI can take away; 0 for ABI 0. */
struct landlock_rights landlock_rights_of(int abi) MUST_USE;

/* Take everything away from this thread that the ABI can, but what `paths` give.
 *
 * needs   no_new_privs; abi 1 to landlock_abi(); one thread only, for the others would stay outside.
 * fails   ERR_NOT_FOUND when a path is not there; ERR_IO, ERR_DENIED.
 */
struct err landlock_enter(int abi, const struct sandbox_path *paths, size_t path_count) MUST_USE;

/* What an ABI lacks against LANDLOCK_ABI_MAX, as one sentence; "" when nothing is missing. */
const char *landlock_missing(int abi);

#endif
