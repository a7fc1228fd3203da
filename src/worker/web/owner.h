/* worker/web/owner.h - what a connection's user pointer points to: a call under way, or an open console. */
#ifndef LEGATION_WORKER_WEB_OWNER_H
#define LEGATION_WORKER_WEB_OWNER_H

#include "worker/web/front.h"

enum web_owner_kind { WEB_OWNER_CALL = 1, WEB_OWNER_CONSOLE };

/* The first member of both. */
struct web_owner {
	enum web_owner_kind kind;
};

struct web_console {
	struct web_owner owner;
	struct web_console *next;
	struct web_connection *c;
	uint8_t token_hash[32];
	bool admitted; /* core said yes */
	bool greeted;
	bool has_after;
	uint64_t after; /* the last line it has */
	bool in_gap;    /* it fell behind: lines from gap_from on were not queued for it */
	uint64_t gap_from;
};

#endif
