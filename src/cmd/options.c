/* cmd/options.c - reads a command's options from its table, and prints its help from the same. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

static void help(const struct cmd_usage *usage)
{
	(void)printf("usage: %s\n\n%s\n\n", usage->line, usage->text);
	for (size_t i = 0; i < usage->option_count; i++) {
		const struct cmd_option *option = &usage->options[i];
		char left[60];
		(void)snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "",
			       option->value ? option->value : "");
		(void)printf("  %-24s %s\n", left, option->help);
	}
	(void)printf("  %-24s %s\n", "--help", "this text");
	exit(CMD_GOOD);
}

static _Noreturn void wrong(const struct cmd_usage *usage, const char *what, const char *which)
{
	(void)fprintf(stderr, "legation: %s%s%s\nusage: %s\n", what, which ? " " : "", which ? which : "", usage->line);
	exit(CMD_USAGE);
}

static uint64_t number(const struct cmd_usage *usage, const char *text, char **ret_end)
{
	errno = 0;
	unsigned long long value = strtoull(text, ret_end, 10);
	if (errno != 0 || *ret_end == text || text[0] == '-' || text[0] == '+')
		wrong(usage, "not a number:", text);
	return value;
}

static uint64_t duration(const struct cmd_usage *usage, const char *text)
{
	char *end;
	uint64_t value = number(usage, text, &end);
	uint64_t unit = *end == 'm' ? 60 : *end == 'h' ? 3600 : 1;
	if ((*end != 0 && strchr("smh", *end) == NULL) || (*end != 0 && end[1] != 0) || value > 1000000)
		wrong(usage, "not a duration like 20s, 5m or 1h:", text);
	return value * unit;
}

static void set(const struct cmd_usage *usage, const struct cmd_option *option, const char *value)
{
	char *end;
	struct cmd_texts *texts;
	switch (option->kind) {
	case CMD_FLAG:
		*(bool *)option->into = true;
		return;
	case CMD_TEXT:
		*(const char **)option->into = value;
		return;
	case CMD_TEXTS:
		texts = option->into;
		if (texts->count == CMD_TEXTS_MAX)
			wrong(usage, "too many times:", option->name);
		texts->at[texts->count++] = value;
		return;
	case CMD_NUMBER:
		*(uint64_t *)option->into = number(usage, value, &end);
		if (*end != 0)
			wrong(usage, "not a number:", value);
		return;
	case CMD_DURATION:
		*(uint64_t *)option->into = duration(usage, value);
		return;
	}
}

/* "--name", "--name=value" or "--name value". */
static const struct cmd_option *option_find(const struct cmd_usage *usage, const char *argument, const char **ret_value)
{
	for (size_t i = 0; i < usage->option_count; i++) {
		const struct cmd_option *option = &usage->options[i];
		size_t length = strlen(option->name);
		if (strncmp(argument + 2, option->name, length) != 0)
			continue;
		*ret_value = argument[2 + length] == '=' ? argument + 3 + length : NULL;
		if (argument[2 + length] == 0 || *ret_value)
			return option;
	}
	return NULL;
}

size_t cmd_options(const struct cmd_usage *usage, int argc, char **argv, const char **ret_words)
{
	size_t words = 0;
	bool only_words = false;
	for (int i = 1; i < argc; i++) {
		const char *value = NULL;
		if (!only_words && strcmp(argv[i], "--help") == 0)
			help(usage);
		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
			continue;
		}
		if (only_words || strncmp(argv[i], "--", 2) != 0) {
			if (words == usage->words_max)
				wrong(usage, "one word too many:", argv[i]);
			ret_words[words++] = argv[i];
			continue;
		}
		const struct cmd_option *option = option_find(usage, argv[i], &value);
		if (!option || (option->kind == CMD_FLAG && value))
			wrong(usage, "there is no option", argv[i]);
		if (option->kind != CMD_FLAG && !value) {
			if (++i == argc)
				wrong(usage, "a value is missing behind", argv[i - 1]);
			value = argv[i];
		}
		set(usage, option, value);
	}
	if (words < usage->words_min)
		wrong(usage, "something is missing", NULL);
	return words;
}

int cmd_failed(const char *what)
{
	(void)fprintf(stderr, "legation: %s: %s\n", what, err_why());
	return CMD_BAD;
}
