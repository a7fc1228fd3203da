/* ledger/backup.h - all that cannot be computed again, encrypted to the recovery key; and back.
 *
 * A backup is a stream of rows: the checkpoint, entries, sealed parts, keys and the root key. Tiles and projections
 * are made again from the entries. Because entries never change, it is read in short transactions beside a running
 * core and is still one moment: the checkpoint's. Each backup has a fresh key, sealed to the recovery public key; the
 * machine that makes it cannot open it again.
 */
#ifndef LEGATION_LEDGER_BACKUP_H
#define LEGATION_LEDGER_BACKUP_H

#include "ledger/verify.h"

struct ledger_backup_report {
	uint64_t entries;
	uint64_t sealed;
	uint64_t subjects;
	uint64_t bytes;                      /* of the file */
	struct ledger_checkpoint checkpoint; /* its origin points into `origin` */
	uint8_t origin[LEDGER_KEY_NAME_SIZE_MAX];
};

/* Write a backup to a file that does not exist yet (mode 0600), flushed with its directory.
 *
 * needs   a store that reads; time_us: now.
 * fails   ERR_EXISTS; ERR_FULL, ERR_IO, and the file is removed.
 */
struct err ledger_backup(struct store *store, const struct keys_root *root, struct span post, uint64_t time_us,
			 const char *path, struct ledger_backup_report *ret_report) MUST_USE;

struct ledger_restored {
	struct ledger_backup_report backup;
	struct ledger_report report; /* of the full verification */
	uint64_t time_us;            /* when the backup was made */
	uint8_t post[LEDGER_POST_SIZE_MAX];
	size_t post_size;
	uint8_t note[LEDGER_CHECKPOINT_SIZE_MAX]; /* the old checkpoint, which the new origin's first entry cites */
	size_t note_size;
};

/* Open a backup and make a database and a root key file of it, then verify the whole.
 *
 * needs   neither of the two files exists.
 * fails   ERR_DENIED when the secret does not open it; ERR_CORRUPT when it is damaged, incomplete, or what it holds
 *         does not verify (the report says what); what was written is then removed. ERR_EXISTS, ERR_FULL, ERR_IO.
 */
struct err ledger_restore(const char *backup_path, const uint8_t recovery_secret[KEYS_RECOVERY_SIZE],
			  const char *database_path, const char *root_path,
			  struct ledger_restored *ret_restored) MUST_USE;

#endif
