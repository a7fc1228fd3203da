/* sim/reader/main.c - `sim-reader`: OSDP v2.2 peripheral devices over ptys and TCP. */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "sim/reader/config.h"
#include "sim/reader/peers.h"
#include "sim/reader/selfcheck.h"

enum { EXIT_FINE = 0, EXIT_WENT_WRONG = 1, EXIT_USAGE = 2 };
enum { POLL_MAX = SIM_LINES_MAX + 2 * SIM_PEERS_MAX + 1, WAIT_S_MAX = 3600 };

struct options {
	const char *config, *control, *script;
	bool summary, json, quiet, check, self_check, until_eof, realtime;
};

static const char help[] = "usage: sim-reader --config FILE [options]\n"
			   "       sim-reader --self-check [--json]\n"
			   "\n"
			   "Simulates OSDP v2.2 readers and I/O devices on RS-485 lines (ptys) and TCP ports.\n"
			   "Orders are JSON objects, one a line, on standard input or the control socket;\n"
			   "answers and happenings are JSON lines too. sim/reader/README.md lists them.\n"
			   "\n"
			   "  --config FILE    what to simulate\n"
			   "  --check          read the configuration, say what is wrong with it, and end\n"
			   "  --control PATH   take orders on this Unix socket as well\n"
			   "  --script FILE    carry out the orders in this file\n"
			   "  --until-eof      end when standard input ends\n"
			   "  --realtime       run before all ordinary processes (SCHED_FIFO), as a reader with its\n"
			   "                   own processor would; needs the right to\n"
			   "  --quiet          on standard output, of all happenings only \"ready\" and the summary\n"
			   "  --summary        at the end, say the latencies from card to unlock\n"
			   "  --self-check     run the published test vectors and end\n"
			   "  --json           print for programs what is otherwise for people\n"
			   "  --help           this text\n"
			   "\n"
			   "Exit status: 0 fine, 1 something failed, 2 wrong options or configuration.\n";

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void take_signals(sigset_t *ret_while_waiting)
{
	struct sigaction act = {.sa_handler = on_signal};
	sigset_t blocked;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	ENSURE(sigprocmask(SIG_BLOCK, &blocked, ret_while_waiting) == 0);
	sigdelset(ret_while_waiting, SIGINT);
	sigdelset(ret_while_waiting, SIGTERM);
	ENSURE(sigaction(SIGINT, &act, NULL) == 0 && sigaction(SIGTERM, &act, NULL) == 0);
	signal(SIGPIPE, SIG_IGN);
	/* Wake at the nanosecond asked for, not up to 50 us later to save a wake-up: that is half a byte's time. */
	(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}

static void complain(const struct options *options, const char *what)
{
	struct sim_news news;
	if (!options->json) {
		fprintf(stderr, "sim-reader: %s\n", what);
		return;
	}
	sim_news_begin(&news, "error", what);
	struct span line = sim_news_end(&news);
	fprintf(stderr, "%.*s\n", SPAN_ARGS(line));
}

static int read_options(int count, char **words, struct options *ret_options)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'}, {"control", required_argument, NULL, 'o'},
		{"script", required_argument, NULL, 's'}, {"check", no_argument, NULL, 'k'},
		{"until-eof", no_argument, NULL, 'u'},    {"realtime", no_argument, NULL, 'r'},
		{"quiet", no_argument, NULL, 'q'},        {"summary", no_argument, NULL, 'm'},
		{"self-check", no_argument, NULL, 'f'},   {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	int letter;
	while ((letter = getopt_long(count, words, "", known, NULL)) != -1) {
		switch (letter) {
		case 'c':
			ret_options->config = optarg;
			break;
		case 'o':
			ret_options->control = optarg;
			break;
		case 's':
			ret_options->script = optarg;
			break;
		case 'k':
			ret_options->check = true;
			break;
		case 'u':
			ret_options->until_eof = true;
			break;
		case 'r':
			ret_options->realtime = true;
			break;
		case 'q':
			ret_options->quiet = true;
			break;
		case 'm':
			ret_options->summary = true;
			break;
		case 'f':
			ret_options->self_check = true;
			break;
		case 'j':
			ret_options->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(EXIT_FINE);
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < count || (!ret_options->config && !ret_options->self_check)) {
		fputs("sim-reader: --config FILE is needed; --help says more\n", stderr);
		return EXIT_USAGE;
	}
	return EXIT_FINE;
}

static struct err load(const struct options *options, struct sim_site *site)
{
	struct span text;
	TRY(sim_file_read(options->config, SIM_FILE_SIZE_MAX, &text));
	struct err e = sim_config_read(options->config, text, site);
	free((void *)(uintptr_t)text.at);
	TRY(e);
	return sim_state_load(site);
}

static struct err open_lines(struct sim_site *site)
{
	struct sim_news news;
	for (size_t i = 0; i < site->line_count; i++)
		TRY(sim_line_open(site->lines[i]));
	sim_news_begin(&news, "happening", "ready");
	sim_news_name(&news, "lines");
	sink_text(&news.sink, "[");
	for (size_t i = 0; i < site->line_count; i++) {
		const struct sim_line *line = site->lines[i];
		sink_printf(&news.sink, "%s{\"line\":%zu,\"transport\":\"%s\"", i ? "," : "", i,
			    line->transport == SIM_TRANSPORT_PTY ? "pty" : "tcp");
		if (line->transport == SIM_TRANSPORT_TCP)
			sim_news_number(&news, "port", line->port);
		else
			sim_news_text(&news, "pty", line->slave_name);
		if (line->path[0])
			sim_news_text(&news, "path", line->path);
		sink_text(&news.sink, "}");
	}
	sink_text(&news.sink, "]");
	sim_news_number(&news, "boot_us", clock_boot_us());
	site->publish(site->publish_context, sim_news_end(&news));
	return OK;
}

static struct timespec until(uint64_t next_ns, uint64_t now_ns)
{
	uint64_t ns = next_ns > now_ns ? next_ns - now_ns : 0;
	if (ns > WAIT_S_MAX * UINT64_C(1000000000))
		ns = WAIT_S_MAX * UINT64_C(1000000000);
	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
}

static struct err loop(struct sim_site *site, struct sim_peers *peers, const sigset_t *while_waiting)
{
	while (!stop && !peers->quit) {
		struct pollfd fds[POLL_MAX];
		uint64_t now_ns = clock_boot_ns();
		uint64_t next_ns = sim_site_run(site, now_ns);
		size_t peer_fds = sim_peers_poll(peers, fds, now_ns);
		size_t count = peer_fds;
		for (size_t i = 0; i < site->line_count; i++)
			fds[count++] = (struct pollfd){.fd = sim_line_fd(site->lines[i]), .events = POLLIN};
		uint64_t peers_ns = sim_peers_next(peers);
		now_ns = clock_boot_ns();
		struct timespec wait = until(peers_ns < next_ns ? peers_ns : next_ns, now_ns);
		int found = ppoll(fds, count, &wait, while_waiting);
		if (found < 0 && errno != EINTR)
			return FAIL_ERRNO("ppoll");
		now_ns = clock_boot_ns();
		for (size_t i = 0; found > 0 && i < site->line_count; i++)
			if (fds[peer_fds + i].revents)
				sim_line_readable(site->lines[i], now_ns);
		sim_peers_ready(peers, fds, found > 0 ? peer_fds : 0, now_ns);
	}
	return OK;
}

static void say_summary(const struct options *options, struct sim_site *site)
{
	struct sim_news news;
	sim_news_begin(&news, "happening", "summary");
	sim_site_summary(site, &news);
	site->publish(site->publish_context, sim_news_end(&news));
	if (options->json)
		return;
	struct sim_latency *latency = &site->latency;
	fprintf(stderr,
		"cards sent     %llu\nunlocks        %zu (unanswered %llu)\n"
		"card to unlock p50 %.3f ms, p99 %.3f ms, worst %.3f ms\n",
		(unsigned long long)latency->sent, latency->count, (unsigned long long)latency->unanswered,
		sim_latency_percentile(latency, 50) / 1e3, sim_latency_percentile(latency, 99) / 1e3,
		sim_latency_percentile(latency, 100) / 1e3);
}

static struct err run_first(void)
{
	struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
	if (sched_setscheduler(0, SCHED_FIFO, &lowest) != 0)
		return FAIL_ERRNO("--realtime");
	return OK;
}

static struct err simulate(const struct options *options, struct sim_site *site)
{
	sigset_t while_waiting;
	struct sim_peers peers;
	sim_peers_start(&peers, site, true, true);
	peers.until_eof = options->until_eof;
	take_signals(&while_waiting);
	sim_site_start(site, clock_boot_ns());
	struct err e = options->realtime ? run_first() : OK;
	if (!failed(e) && options->control)
		e = sim_peers_listen(&peers, options->control);
	if (!failed(e))
		e = open_lines(site);
	peers.peers[0].news = !options->quiet;
	if (!failed(e) && options->script)
		e = sim_peers_script(&peers, options->script);
	if (!failed(e))
		e = loop(site, &peers, &while_waiting);
	peers.peers[0].news = true;
	if (!failed(e) && options->summary)
		say_summary(options, site);
	for (size_t i = 0; i < site->line_count; i++)
		sim_line_close(site->lines[i]);
	sim_peers_end(&peers);
	return e;
}

int main(int count, char **words)
{
	struct options options = {0};
	int usage = read_options(count, words, &options);
	if (usage != EXIT_FINE)
		return usage;
	if (options.self_check)
		return sim_self_check(options.json) ? EXIT_FINE : EXIT_WENT_WRONG;
	struct sim_site *site = sim_site_new();
	int status = EXIT_FINE;
	if (failed(load(&options, site))) {
		complain(&options, err_why());
		status = EXIT_USAGE;
	} else if (!options.check && failed(simulate(&options, site))) {
		complain(&options, err_why());
		status = EXIT_WENT_WRONG;
	}
	sim_site_free(site);
	return status;
}
