/* ledger/rows.h - roots of complete tiles, hashed by a second thread while the first one reads on. Private to this
 * folder.
 *
 * The second thread knows nothing but hashes: it reads tiles that are handed over and writes their roots. Tiles come
 * back in the order in which they went.
 */
#ifndef LEGATION_LEDGER_ROWS_H
#define LEGATION_LEDGER_ROWS_H

#include "ledger/tiles.h"

struct ledger_rows;

/* needs   beside: a second thread may be made. Without one, or when there is none to be had, ledger_rows_take does
 *         the work.
 * owns    the caller, until ledger_rows_free, which ends the thread.
 */
struct ledger_rows *ledger_rows_new(bool beside) MUST_USE;
struct ledger_rows *ledger_rows_free(struct ledger_rows *rows);

/* The tile to fill next; it is nobody else's until ledger_rows_hand_over. */
struct ledger_tile *ledger_rows_fill(struct ledger_rows *rows);
void ledger_rows_hand_over(struct ledger_rows *rows);

/* Must one be taken before the next can be filled? Are there any at all? */
bool ledger_rows_full(const struct ledger_rows *rows);
bool ledger_rows_empty(const struct ledger_rows *rows);

/* The oldest tile handed over, and its root. It is the caller's until ledger_rows_give_back. */
struct ledger_tile *ledger_rows_take(struct ledger_rows *rows, struct ledger_hash *ret_root);
void ledger_rows_give_back(struct ledger_rows *rows);

#endif
