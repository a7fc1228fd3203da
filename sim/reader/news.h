/* sim/reader/news.h - one JSON line: a happening or an answer.
 *
 * Text that is not UTF-8 goes in as hex; a line that outgrows its bound is cut to a line that says so.
 */
#ifndef LEGATION_SIM_READER_NEWS_H
#define LEGATION_SIM_READER_NEWS_H

#include "base/span.h"

enum { SIM_NEWS_SIZE_MAX = 8192 };

struct sim_news {
	struct sink sink;
	uint8_t bytes[SIM_NEWS_SIZE_MAX];
};

/* Start with {"key":"word". */
void sim_news_begin(struct sim_news *news, const char *key, const char *word);
void sim_news_number(struct sim_news *news, const char *name, uint64_t value);
void sim_news_bool(struct sim_news *news, const char *name, bool value);
void sim_news_text(struct sim_news *news, const char *name, const char *text);
/* As a string when it is text, else as {"hex":"…"}. */
void sim_news_bytes(struct sim_news *news, const char *name, struct span bytes);
void sim_news_hex(struct sim_news *news, const char *name, struct span bytes);
/* A member whose value the caller writes into the sink. */
void sim_news_name(struct sim_news *news, const char *name);

/* Close the object.
 *
 * gives   the line without newline, valid as long as `news`.
 */
struct span sim_news_end(struct sim_news *news);

#endif
