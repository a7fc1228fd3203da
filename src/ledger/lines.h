/* ledger/lines.h - splitting text at a byte, for the formats made of lines. Private to this folder. */
#ifndef LEGATION_LEDGER_LINES_H
#define LEGATION_LEDGER_LINES_H

#include "base/span.h"

/* What stands before the next `mark`, which is passed over; fails the cursor when there is none. */
static inline struct span ledger_take_until(struct cursor *c, uint8_t mark)
{
	const uint8_t *found = cursor_left(c) > 0 ? memchr(c->at, mark, cursor_left(c)) : NULL;
	if (!found) {
		c->failed = true;
		return (struct span){0};
	}
	struct span taken = cursor_take(c, (size_t)(found - c->at));
	(void)cursor_u8(c);
	return taken;
}

static inline struct span ledger_take_line(struct cursor *c)
{
	return ledger_take_until(c, '\n');
}

#endif
