/* base/log.h - one line on standard error: time=... level=... who=... what the caller says, as key=value.
 *
 * Only `cmd`, the workers' loops and coordinators log; libraries return. The ledger is not a log, and no secret or
 * personal data goes here.
 */
#ifndef LEGATION_BASE_LOG_H
#define LEGATION_BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* needs   who lives as long as the process: "core", "osdp/2". */
void log_start(const char *who, enum log_level least);
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
