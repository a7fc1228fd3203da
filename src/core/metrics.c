/* core/metrics.c - core's figures as Prometheus reads them. Web asks for them when somebody with the token asks web,
 * and puts its own behind them. Counts only: no name, no door, no person.
 */
#include "core/internal.h"

static void figure(struct sink *s, const char *name, const char *kind, const char *help, uint64_t value)
{
	sink_printf(s, "# HELP legation_%s %s\n# TYPE legation_%s %s\nlegation_%s %llu\n", name, help, name, kind, name,
		    (unsigned long long)value);
}

struct err metrics_write(struct core *core, const struct core_request *request)
{
	uint8_t room[4096];
	struct sink s = SINK_OF(room);
	figure(&s, "ledger_size", "gauge", "Entries in the ledger.", ledger_size(core->ledger));
	figure(&s, "entries_recorded_total", "counter", "Entries recorded since core started.", core->recorded);
	figure(&s, "commits_total", "counter", "Durable transactions since core started.", core->commits);
	figure(&s, "wal_bytes", "gauge", "Bytes in the write-ahead log.", store_wal_bytes_used(core->store));
	figure(&s, "disk_free_bytes", "gauge", "Free bytes on the ledger's disk when last looked at.",
	       core->disk_free_bytes);
	figure(&s, "disk_low", "gauge", "1 while entry is denied for want of room.", core->disk_low);
	figure(&s, "clock_behind_microseconds", "gauge", "How far the wall clock is behind entry time.",
	       core->behind_us);
	sink_text(&s, "# HELP legation_workers Workers connected to core.\n# TYPE legation_workers gauge\n");
	for (uint32_t role = WORKER_QUERY; role < worker_role_words.count; role++) {
		uint64_t count = 0;
		for (size_t i = 0; i < CORE_PEERS_MAX; i++)
			count += core->peers[i].link && core->peers[i].role == role;
		sink_printf(&s, "legation_workers{role=\"%s\"} %llu\n", worker_role_words.words[role],
			    (unsigned long long)count);
	}
	TRY(sink_finish(&s, "metrics"));
	core_answer_raw(core, request->caller,
			&(struct answer){.status = 200, .media_type = SPAN_TEXT("text/plain"), .body = sink_span(&s)});
	return OK;
}
