/* access/file.h - a file of cards and rights, read from the disk into the request that core takes.
 *
 *	credentials:
 *	  - person: ada                     # keys of the post's file
 *	    key: ada-blue                   # what the card is called here
 *	    card: {format: h10301, facility: 118, number: 1603}     # or {bits: bb032180, bit_count: 26}
 *	    not_before: 2026-01-01          # days and times in UTC; without them there is no bound
 *	    expires: 2027-01-01T12:00:00Z
 *	    revoked: false
 *	rights:
 *	  - person: ada
 *	    doors: [gate, lobby]            # all of them: rights are replaced as a whole
 *
 * Runs in the process of the command that a person gave (`legation access import`), never in core. Every refusal says
 * FILE:LINE:COLUMN and the reason. Which people and doors there are, core knows.
 */
#ifndef LEGATION_ACCESS_FILE_H
#define LEGATION_ACCESS_FILE_H

#include "access/access.h"

enum {
	ACCESS_FILE_ARENA_MAX = 96 * 1024 * 1024,         /* what reading the largest file may take */
	ACCESS_FILE_REQUEST_MAX = 4 * 1024 * 1024 - 4096, /* bytes of the whole request, as core takes it */
	ACCESS_H10301_BITS = 26,
	ACCESS_H10301_SIZE = 4, /* bytes, the first bit highest */
};

/* Read a file.
 *
 * gives   the request, dry_run false; it lives in the arena.
 * fails   ERR_INVALID and ERR_TOO_LARGE with the place; ERR_NOT_FOUND, ERR_DENIED, ERR_IO.
 */
struct err access_file_read(const char *path, struct arena *arena, struct access_import_request *ret_request) MUST_USE;

/* The same of a text that is in memory; `name` is what refusals call it. */
struct err access_file_parse(const char *name, struct span text, struct arena *arena,
			     struct access_import_request *ret_request) MUST_USE;

/* The 26 bits of format H10301 as a reader sends them: even parity over the first twelve bits of data, a facility
 * of 8 bits, a number of 16, odd parity over the last twelve.
 */
void access_h10301(uint8_t facility, uint16_t number, uint8_t ret_bits[ACCESS_H10301_SIZE]);

#endif
