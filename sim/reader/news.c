#include "sim/reader/news.h"

#include "base/shape.h"

void sim_news_begin(struct sim_news *news, const char *key, const char *word)
{
	news->sink = SINK_OF(news->bytes);
	sink_text(&news->sink, "{");
	shape_write_string(&news->sink, span_of_string(key));
	sink_text(&news->sink, ":");
	shape_write_string(&news->sink, span_of_string(word));
}

void sim_news_name(struct sim_news *news, const char *name)
{
	sink_text(&news->sink, ",");
	shape_write_string(&news->sink, span_of_string(name));
	sink_text(&news->sink, ":");
}

void sim_news_number(struct sim_news *news, const char *name, uint64_t value)
{
	sim_news_name(news, name);
	sink_decimal(&news->sink, value);
}

void sim_news_bool(struct sim_news *news, const char *name, bool value)
{
	sim_news_name(news, name);
	sink_text(&news->sink, value ? "true" : "false");
}

void sim_news_text(struct sim_news *news, const char *name, const char *text)
{
	sim_news_bytes(news, name, span_of_string(text));
}

void sim_news_bytes(struct sim_news *news, const char *name, struct span bytes)
{
	sim_news_name(news, name);
	if (span_is_text(bytes, true)) {
		shape_write_string(&news->sink, bytes);
		return;
	}
	sink_text(&news->sink, "{\"hex\":\"");
	sink_hex(&news->sink, bytes);
	sink_text(&news->sink, "\"}");
}

void sim_news_hex(struct sim_news *news, const char *name, struct span bytes)
{
	sim_news_name(news, name);
	sink_text(&news->sink, "\"");
	sink_hex(&news->sink, bytes);
	sink_text(&news->sink, "\"");
}

struct span sim_news_end(struct sim_news *news)
{
	sink_text(&news->sink, "}");
	if (news->sink.failed)
		return SPAN_TEXT("{\"happening\":\"too_long\"}");
	return sink_span(&news->sink);
}
