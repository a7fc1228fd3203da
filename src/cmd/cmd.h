/* cmd/cmd.h - the `legation` command: its subcommands and what they share.
 *
 * A subcommand prints what it found in a line or, with --json, as one JSON object; it exits 0 when all is well, 1
 * when it found something wrong or was refused, 2 when it was called wrongly.
 */
#ifndef LEGATION_CMD_CMD_H
#define LEGATION_CMD_CMD_H

#include "core/run.h"

enum { CMD_GOOD = 0, CMD_BAD = 1, CMD_USAGE = 2 };

struct cmd {
	const char *words;                 /* "ledger verify" */
	const char *summary;               /* one line */
	int (*run)(int argc, char **argv); /* argv[0] is the last word */
};

/* ---- options, one table a command ---- */

enum cmd_option_kind { CMD_FLAG, CMD_TEXT, CMD_TEXTS, CMD_NUMBER, CMD_DURATION };

enum { CMD_TEXTS_MAX = 16 };

struct cmd_texts {
	const char *at[CMD_TEXTS_MAX];
	size_t count;
};

struct cmd_option {
	const char *name; /* "dir", for --dir */
	enum cmd_option_kind kind;
	void *into;        /* bool, const char *, struct cmd_texts, uint64_t; a duration is in seconds: 20s, 5m, 1h */
	const char *value; /* what to call it in the help: "FOLDER" */
	const char *help;
};

struct cmd_usage {
	const char *line; /* "legation ledger prove SEQ [options]" */
	const char *text; /* a paragraph */
	const struct cmd_option *options;
	size_t option_count;
	size_t words_min, words_max; /* of what is no option */
};

/* Read the options of a command; --help prints and ends the program.
 *
 * gives   the words that are no options, in argv's order, in ret_words.
 * fails   ends the program with CMD_USAGE, after saying what was wrong.
 */
size_t cmd_options(const struct cmd_usage *usage, int argc, char **argv, const char **ret_words);

/* Say what failed on standard error. gives CMD_BAD. */
int cmd_failed(const char *what);

/* ---- where a post is ---- */

#define CMD_DIRECTORY_DEFAULT "/var/lib/legation"

/* What all processes of this build agree on: cmd/modules.c. */
extern const struct core_module *const cmd_modules[];
extern const size_t cmd_module_count;
struct core_options cmd_core_options(const char *directory);
extern const char cmd_version[];

/* The subcommands, each in its file. */
int cmd_serve(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_worker(int argc, char **argv);
int cmd_ledger_show(int argc, char **argv);
int cmd_ledger_verify(int argc, char **argv);
int cmd_ledger_prove(int argc, char **argv);
int cmd_ledger_checkpoint(int argc, char **argv);
int cmd_verify_proof(int argc, char **argv);
int cmd_fsck(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_erase(int argc, char **argv);
int cmd_post_import(int argc, char **argv);
int cmd_access_import(int argc, char **argv);
int cmd_access_key(int argc, char **argv);
int cmd_access_accept(int argc, char **argv);
int cmd_user_link(int argc, char **argv);

#endif
