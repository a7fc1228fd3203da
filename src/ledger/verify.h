/* ledger/verify.h - is the ledger what was written? Every line, every hash, every sealed part; and against a
 * checkpoint that somebody kept.
 *
 * A ledger that was altered is not a failed operation: it is what the report says. Reads only.
 */
#ifndef LEGATION_LEDGER_VERIFY_H
#define LEGATION_LEDGER_VERIFY_H

#include "ledger/checkpoint.h"
#include "ledger/sealed.h"
#include "store/store.h"

enum {
	LEDGER_FINDINGS_MAX = 64, /* kept in a report; all are counted */
	LEDGER_FINDING_WHY_SIZE_MAX = 200,
	LEDGER_VERIFY_TELL_EVERY = 4096, /* entries between two calls of `tell` */
};

enum ledger_fault {
	LEDGER_FAULT_NONE = 0,
	LEDGER_FAULT_LINE,       /* a line is not the one that was hashed */
	LEDGER_FAULT_GAP,        /* an entry is missing, or one too many */
	LEDGER_FAULT_TILE,       /* a stored hash is not that of its lines */
	LEDGER_FAULT_ROOT,       /* the root is not the signed one */
	LEDGER_FAULT_CHECKPOINT, /* no checkpoint, or not a sound one, or not signed by the ledger's key */
	LEDGER_FAULT_JSON,       /* a line is not in the form that we write */
	LEDGER_FAULT_HEADER,     /* another post or seq than it should have */
	LEDGER_FAULT_TIME,       /* earlier than the entry before */
	LEDGER_FAULT_CAUSE,      /* led to by an entry that does not come before */
	LEDGER_FAULT_SEALED, /* a sealed part is missing, too many, does not open, or is not the one that was hashed */
	LEDGER_FAULT_KEY,    /* a key does not open or is not what it was */
	LEDGER_FAULT_DATABASE, /* the file's own structure is damaged */
};

const char *ledger_fault_name(enum ledger_fault fault); /* "line", "sealed", ... */

struct ledger_finding {
	enum ledger_fault fault;
	bool has_seq;
	uint64_t seq; /* the entry; the first one it may be, when seq_last is another */
	uint64_t seq_last;
	char why[LEDGER_FINDING_WHY_SIZE_MAX]; /* a sentence without personal data */
};

struct ledger_report {
	uint64_t entries;        /* lines read */
	uint64_t sealed_opened;  /* sealed parts that opened and matched */
	uint64_t sealed_erased;  /* whose subject's key is destroyed */
	uint64_t sealed_unread;  /* not looked into for want of the root key */
	uint64_t size;           /* of the checkpoint */
	struct ledger_hash root; /* as computed from the lines */
	uint64_t finding_total;
	uint32_t finding_count;
	struct ledger_finding findings[LEDGER_FINDINGS_MAX];
};

struct ledger_verify_options {
	bool tree_only; /* lines, tree, tiles and checkpoint; else also JSON, order, causes and sealed parts */
	bool beside;    /* a second thread may be made, which hashes while the first one reads */
	bool structure; /* walk the database file's own structure as well (store_check) */
	/* The root key opens sealed parts and wrapped keys; NULL leaves them unread. */
	const struct keys_root *root;
	const struct ledger_vkey *keys; /* whom to believe; none: the key stored in the database */
	size_t key_count;
	void (*tell)(void *context, uint64_t done, uint64_t total); /* may be NULL */
	void *context;
	const volatile bool *stop; /* ends it early with ERR_CLOSED; may be NULL */
};

/* Verify the ledger as it stands at the call. What is appended meanwhile is left for the next time: entries never
 * change, so it reads in short transactions and holds up nobody.
 *
 * needs   no transaction on the store, and no time limit.
 * gives   the report: sound exactly when finding_total is 0.
 * fails   ERR_IO, ERR_BUSY, ERR_NOT_FOUND (no ledger), ERR_CLOSED (stopped).
 */
struct err ledger_verify(struct store *store, const struct ledger_verify_options *options,
			 struct ledger_report *ret_report) MUST_USE;

/* ---- against a checkpoint that somebody kept ---- */

enum ledger_verdict {
	LEDGER_VERDICT_NONE = 0,
	LEDGER_VERDICT_CONSISTENT,
	LEDGER_VERDICT_ROLLBACK,  /* sound in itself, and shorter than it was: an older state was put back */
	LEDGER_VERDICT_TRUNCATED, /* entries are gone that its own checkpoint still counts */
	LEDGER_VERDICT_FORK,      /* another history: the entries that were there are not these */
	LEDGER_VERDICT_STRANGER,  /* the checkpoint is another ledger's, or signed by another key */
};

const char *ledger_verdict_name(enum ledger_verdict verdict); /* "consistent", "rollback", ... */

struct ledger_comparison {
	enum ledger_verdict verdict;
	uint64_t old_size;
	uint64_t size; /* of the ledger now */
	char why[LEDGER_FINDING_WHY_SIZE_MAX];
};

/* Compare the ledger with an older checkpoint of it.
 *
 * needs   keys: whom to believe (none: the key stored in the database). What is stored is taken as it is; verify it
 *         too.
 * gives   the verdict, with a sentence. A checkpoint alone cannot tell which entry differs, only that one does.
 * fails   ERR_INVALID when `note` is no checkpoint; as the store does.
 */
struct err ledger_against(struct store *store, struct span note, const struct ledger_vkey *keys, size_t key_count,
			  struct ledger_comparison *ret_comparison) MUST_USE;

#endif
