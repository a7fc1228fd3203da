/* tests/lib/powerloss_vfs.h - files for SQLite that live in memory and remember what was not yet flushed.
 *
 * A power loss keeps or drops, at random, each sector written since the last flush of its file; so what is found
 * afterwards is anything that a disk might show. Operations (reads, writes, flushes, truncations) are counted, and the
 * n-th of them can fail in the ways that disks do. One process, one connection at a time: locks are granted to whoever
 * asks.
 */
#ifndef LEGATION_TESTS_POWERLOSS_VFS_H
#define LEGATION_TESTS_POWERLOSS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POWERLOSS_VFS "powerloss"

enum powerloss_fault {
	POWERLOSS_NONE = 0,
	POWERLOSS_CUT,        /* the power goes: that operation and all later ones do nothing and fail */
	POWERLOSS_ERROR_ONCE, /* an I/O error, that time */
	POWERLOSS_FULL_ONCE,  /* no space left, for that write; other operations pass */
	POWERLOSS_FULL,       /* no space left from then on, until powerloss_heal */
};

void powerloss_register(void);

/* Forget all files, and any fault. */
void powerloss_reset(void);

/* Let the operation-th operation from now (1 is the next) fail. */
void powerloss_arm(enum powerloss_fault fault, uint64_t operation);
void powerloss_heal(void);
bool powerloss_struck(void);         /* has it happened? */
uint64_t powerloss_operations(void); /* since the last reset or arm */

/* The power came back: every file is now one of the things that it may be. Needs all connections closed. */
void powerloss_recover(uint64_t (*random)(void));

/* A file's bytes, to alter them in place; NULL when there is none. */
uint8_t *powerloss_bytes(const char *path, size_t *ret_size);

/* Put a file there, as if it had been written and flushed. */
void powerloss_put(const char *path, const uint8_t *bytes, size_t size);
void powerloss_remove(const char *path);

#endif
