/* cmd/main.c - finds the subcommand. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static const struct cmd commands[] = {
	{"serve", "run a post: core, query, web and the reader lines", cmd_serve},
	{"demo", "a fictional embassy with simulated readers, and one link to click", cmd_demo},
	{"post import", "take over a post's file: buildings, doors, devices, people", cmd_post_import},
	{"access import", "take over a file of cards and rights", cmd_access_import},
	{"access key", "give a device its own secure channel key", cmd_access_key},
	{"access accept", "accept a device that replaced the one whose identity is pinned", cmd_access_accept},
	{"user link", "a one-time link for the first administrator, or for one who lost the password", cmd_user_link},
	{"ledger show", "print entries", cmd_ledger_show},
	{"ledger verify", "check every entry, hash and signature; or against a checkpoint kept elsewhere",
	 cmd_ledger_verify},
	{"ledger prove", "write the proof of one entry", cmd_ledger_prove},
	{"ledger checkpoint", "print the signed checkpoint, or the ledger's public key", cmd_ledger_checkpoint},
	{"verify-proof", "check a proof, offline, with no ledger", cmd_verify_proof},
	{"fsck", "rebuild every projection from the entries and compare", cmd_fsck},
	{"backup", "write an encrypted backup, while the post runs", cmd_backup},
	{"restore", "make a post of a backup, on a bare machine", cmd_restore},
	{"erase", "destroy the key of a person's sealed parts", cmd_erase},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static int help(FILE *to)
{
	(void)fprintf(to, "legation %s - security operations for a diplomatic mission\n\n", cmd_version);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)fprintf(to, "  legation %-18s %s\n", commands[i].words, commands[i].summary);
	(void)fprintf(to, "\n'legation COMMAND --help' says more. Every command takes --json.\n");
	return to == stdout ? CMD_GOOD : CMD_USAGE;
}

/* How many of argv's words this command's name takes; 0 when it is another one. */
static int words_matched(const struct cmd *cmd, int argc, char **argv)
{
	char words[64];
	(void)snprintf(words, sizeof words, "%s", cmd->words);
	int count = 0;
	char *rest = NULL;
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest), count++)
		if (count + 1 >= argc || strcmp(argv[count + 1], word) != 0)
			return 0;
	return count;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "worker") == 0)
		return cmd_worker(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		(void)printf("legation %s\n", cmd_version);
		return CMD_GOOD;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		int words = words_matched(&commands[i], argc, argv);
		if (words > 0)
			return commands[i].run(argc - words, argv + words);
	}
	bool asked = argc > 1 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0);
	if (!asked && argc > 1)
		(void)fprintf(stderr, "legation: there is no command '%s'\n\n", argv[1]);
	return help(asked ? stdout : stderr);
}
