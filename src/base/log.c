#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static const char *log_who = "legation";
static enum log_level log_least = LOG_INFO;

void log_start(const char *who, enum log_level least)
{
	log_who = who;
	log_least = least;
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};
	if (level < log_least)
		return;
	char said[1024];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(said, sizeof said, format, args);
	va_end(args);
	for (char *c = said; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	char line[1200];
	struct sink s = SINK_OF(line);
	sink_text(&s, "time=");
	clock_write(&s, clock_wall_us());
	sink_text(&s, " level=");
	sink_text(&s, names[level]);
	sink_text(&s, " who=");
	sink_text(&s, log_who);
	sink_text(&s, " ");
	sink_text(&s, said);
	sink_text(&s, "\n");
	/* One write, so that lines of several processes never mix. A log that cannot be written stops nothing. */
	ssize_t written = write(STDERR_FILENO, line, s.size);
	(void)written;
}
