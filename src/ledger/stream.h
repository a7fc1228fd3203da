/* ledger/stream.h - the form of a backup file, shared by the side that writes and the side that reads. Private to this
 * folder.
 *
 * The file: BACKUP_MAGIC, the recovery public key, the stream's key sealed to it (crypto_box_seal), the secretstream
 * header, then chunks: u32 le size and that many bytes of ciphertext, the last one tagged final. Their plaintexts, put
 * together, are records: kind (u8), size (u32 le), and fields; numbers are u64 le, bytes are u32 le size and the bytes.
 */
#ifndef LEGATION_LEDGER_STREAM_H
#define LEGATION_LEDGER_STREAM_H

#include <sodium.h>

#include "ledger/backup.h"

#define BACKUP_MAGIC "legation-backup-1\n"

enum {
	BACKUP_CHUNK_SIZE_MAX = 64 * 1024, /* of plaintext */
	BACKUP_BOX_SIZE_MAX = BACKUP_CHUNK_SIZE_MAX + crypto_secretstream_xchacha20poly1305_ABYTES,
	BACKUP_SEALED_KEY_SIZE = crypto_secretstream_xchacha20poly1305_KEYBYTES + crypto_box_SEALBYTES,
	BACKUP_RECORD_SIZE_MAX = LEDGER_ENTRY_SIZE_MAX + 1024,
};

enum backup_record {
	BACKUP_HEAD = 1,    /* time_us, size, post, root key, checkpoint */
	BACKUP_ENTRY = 2,   /* seq, line */
	BACKUP_SEALED = 3,  /* seq, subject, box */
	BACKUP_SUBJECT = 4, /* subject, created_seq, erased (0 or 1), erased_seq, wrapped */
	BACKUP_KEY = 5,     /* name, wrapped, public */
	BACKUP_END = 6,     /* how many entries, sealed parts, subjects, keys */
};

static inline void backup_put(struct sink *s, struct span bytes)
{
	sink_u32le(s, (uint32_t)bytes.size);
	sink_put(s, bytes);
}

static inline struct span backup_take(struct cursor *c)
{
	return cursor_take(c, cursor_u32le(c));
}

#endif
