/* cmd/imports.c - files that a person wrote, on their way to core: `legation post import`, `access import`,
 * `access key`, `access accept`.
 *
 * The files are read and refused here, with line and column; core gets the decoded request and says what differs.
 */
#include <inttypes.h>
#include <string.h>

#include "access/file.h"
#include "cmd/client.h"
#include "cmd/print.h"
#include "post/file.h"

enum { KEY_FILE_SIZE_MAX = 256, KEY_SIZE = 16 };

#define OPTION_DIRECTORY(into)                                                                                         \
	{                                                                                                              \
		"dir", CMD_TEXT, &(into), "FOLDER", "the post's data (" CMD_DIRECTORY_DEFAULT ")"                      \
	}
#define OPTION_JSON(into)                                                                                              \
	{                                                                                                              \
		"json", CMD_FLAG, &(into), NULL, "one JSON object"                                                     \
	}
#define OPTION_DRY_RUN(into)                                                                                           \
	{                                                                                                              \
		"dry-run", CMD_FLAG, &(into), NULL, "say what would change, and change nothing"                        \
	}

/* Ask the post that runs; every one of these routes answers with JSON. */
static struct err ask(const char *directory, const char *route, const void *request, json_t **ret_reply)
{
	struct client *client = NULL;
	TRY(client_open(directory, &client));
	struct err e = client_ask_json(client, route, request, ret_reply);
	client_close(client);
	return e;
}

static uint64_t number_in(const json_t *reply, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(reply, key));
}

static const char *word_in(const json_t *object, const char *key)
{
	const char *word = json_string_value(json_object_get(object, key));
	return word ? word : "";
}

/* What core answered, and with it what it was asked. owns: takes it. */
static void reply_print_json(json_t *reply, const char *file, bool dry_run)
{
	(void)json_object_set_new(reply, "file", cmd_json_text(span_of_string(file)));
	(void)json_object_set_new(reply, "dry_run", json_boolean(dry_run));
	cmd_print_json(reply);
}

/* ---- post import ---- */

struct post_file_import {
	const char *directory, *file;
	struct cmd_texts line_texts;
	bool dry_run, as_json;
	struct post_file_override overrides[CMD_TEXTS_MAX];
	json_t *reply;
};

static struct err post_import_run(struct post_file_import *import)
{
	AUTO_FREE(arena) struct arena *arena = arena_new(POST_FILE_ARENA_MAX);
	struct post_import request;
	struct post_file_options options = {.overrides = import->overrides, .override_count = import->line_texts.count};
	for (size_t i = 0; i < import->line_texts.count; i++)
		TRY(err_within(post_file_override_read(import->line_texts.at[i], &import->overrides[i]), "--line"));
	TRY(post_file_read(import->file, &options, arena, &request));
	request.dry_run = import->dry_run;
	return ask(import->directory, "post_import", &request, &import->reply);
}

/* "+ door gate", "~ zone lobby: name, level", "- person ada". */
static void changes_print(const json_t *changes)
{
	size_t i;
	const json_t *change;
	json_array_foreach(changes, i, change)
	{
		const char *how = word_in(change, "change"), *members = word_in(change, "members");
		(void)printf("%c %s %s%s%s\n",
			     strcmp(how, "added") == 0     ? '+'
			     : strcmp(how, "removed") == 0 ? '-'
							   : '~',
			     word_in(change, "what"), word_in(change, "key"), *members ? ": " : "", members);
	}
}

static void findings_print(const json_t *findings)
{
	size_t i;
	const json_t *finding;
	json_array_foreach(findings, i, finding)
	{
		const char *articles = word_in(finding, "articles");
		(void)printf("%s %s %s: %s%s%s%s\n",
			     json_is_true(json_object_get(finding, "cleared")) ? "cleared:" : "finding:",
			     word_in(finding, "what"), word_in(finding, "key"), word_in(finding, "text"),
			     *articles ? " (" : "", articles, *articles ? ")" : "");
	}
}

static void post_import_print(const struct post_file_import *import)
{
	const json_t *reply = import->reply;
	uint64_t seq = number_in(reply, "seq"), unlisted = number_in(reply, "unlisted");
	changes_print(json_object_get(reply, "changes"));
	findings_print(json_object_get(reply, "findings"));
	if (unlisted > 0)
		(void)printf("... and %" PRIu64 " more\n", unlisted);
	(void)printf("%s %s: %" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " removed, %zu findings changed; ",
		     import->dry_run ? "compared" : "imported", import->file, number_in(reply, "added"),
		     number_in(reply, "changed"), number_in(reply, "removed"),
		     json_array_size(json_object_get(reply, "findings")));
	if (seq > 0)
		(void)printf("recorded as entry %" PRIu64 "\n", seq);
	else
		(void)printf("nothing recorded\n");
}

int cmd_post_import(int argc, char **argv)
{
	struct post_file_import import = {.directory = CMD_DIRECTORY_DEFAULT};
	const struct cmd_option options[] = {
		OPTION_DRY_RUN(import.dry_run),
		{"line", CMD_TEXTS, &import.line_texts, "KEY=ADDRESS", "another address for a reader line of the file"},
		OPTION_DIRECTORY(import.directory),
		OPTION_JSON(import.as_json),
	};
	const struct cmd_usage usage = {
		"legation post import FILE.yaml [options]",
		"Take over a post's file: the post, buildings, floors and their plans, zones, reader lines,\n"
		"devices, doors, people. It is checked whole; a file with anything wrong in it changes nothing.\n"
		"Taken over again, it shows what differs and records only that. The post must run.",
		options,
		sizeof options / sizeof *options,
		1,
		1,
	};
	(void)cmd_options(&usage, argc, argv, &import.file);
	struct err e = post_import_run(&import);
	if (failed(e))
		return cmd_failed_as(import.as_json, "post import", e);
	if (import.as_json) {
		reply_print_json(import.reply, import.file, import.dry_run);
		return CMD_GOOD;
	}
	post_import_print(&import);
	json_decref(import.reply);
	return CMD_GOOD;
}

/* ---- access import ---- */

static struct err access_import_run(const char *directory, const char *file, bool dry_run, json_t **ret_reply)
{
	AUTO_FREE(arena) struct arena *arena = arena_new(ACCESS_FILE_ARENA_MAX);
	struct access_import_request request;
	TRY(access_file_read(file, arena, &request));
	request.dry_run = dry_run;
	return ask(directory, "access_import", &request, ret_reply);
}

int cmd_access_import(int argc, char **argv)
{
	const char *directory = CMD_DIRECTORY_DEFAULT, *file = NULL;
	bool as_json = false, dry_run = false;
	const struct cmd_option options[] = {
		OPTION_DRY_RUN(dry_run),
		OPTION_DIRECTORY(directory),
		OPTION_JSON(as_json),
	};
	const struct cmd_usage usage = {
		"legation access import FILE.yaml [options]",
		"Take over a file of cards and rights. It is checked whole; a file with anything wrong in it\n"
		"changes nothing, and only what differs is recorded. A person's rights are replaced as a whole.\n"
		"The post must run.",
		options,
		sizeof options / sizeof *options,
		1,
		1,
	};
	json_t *reply = NULL;
	(void)cmd_options(&usage, argc, argv, &file);
	struct err e = access_import_run(directory, file, dry_run, &reply);
	if (failed(e))
		return cmd_failed_as(as_json, "access import", e);
	if (as_json) {
		reply_print_json(reply, file, dry_run);
		return CMD_GOOD;
	}
	(void)printf("%s %s: %" PRIu64 " cards added, %" PRIu64 " changed, the rights of %" PRIu64 " people changed\n",
		     dry_run ? "compared" : "imported", file, number_in(reply, "credentials_added"),
		     number_in(reply, "credentials_changed"), number_in(reply, "rights_changed"));
	json_decref(reply);
	return CMD_GOOD;
}

/* ---- access key ---- */

static struct span trimmed(struct span text)
{
	while (text.size > 0 && strchr(" \t\r\n", text.at[text.size - 1]))
		text.size--;
	return text;
}

static struct err access_key_run(const char *directory, const char *device, const char *file, json_t **ret_reply)
{
	AUTO_FREE(arena) struct arena *arena = arena_new(4 * KEY_FILE_SIZE_MAX);
	uint8_t key[KEY_SIZE];
	struct span text;
	TRY(cmd_secret_read(file, KEY_FILE_SIZE_MAX, arena, &text));
	if (failed(hex_read(trimmed(text), key, sizeof key)))
		return FAIL(ERR_INVALID, "%s: a device's key is %d hex digits, in lower case", file, 2 * KEY_SIZE);
	struct access_key_request request = {.device = span_of_string(device), .scbk = SPAN_OF(key)};
	struct err e = ask(directory, "access_key", &request, ret_reply);
	wipe(key, sizeof key);
	return e;
}

/* Both commands about a device answer with the entry that says it. owns: takes the reply. */
static int device_done(json_t *reply, bool as_json, const char *device, const char *what)
{
	if (as_json) {
		(void)json_object_set_new(reply, "device", cmd_json_text(span_of_string(device)));
		cmd_print_json(reply);
		return CMD_GOOD;
	}
	(void)printf("%s: %s; recorded as entry %" PRIu64 "\n", device, what, number_in(reply, "seq"));
	json_decref(reply);
	return CMD_GOOD;
}

int cmd_access_key(int argc, char **argv)
{
	const char *directory = CMD_DIRECTORY_DEFAULT, *device = NULL, *file = NULL;
	bool as_json = false, renew = false;
	const struct cmd_option options[] = {
		{"renew", CMD_FLAG, &renew, NULL, "instead: make a new key here and send it in the secure session"},
		{"key-file", CMD_TEXT, &file, "FILE",
		 "32 hex digits, in a file that only its owner may read; - is standard input"},
		OPTION_DIRECTORY(directory),
		OPTION_JSON(as_json),
	};
	const struct cmd_usage usage = {
		"legation access key DEVICE --key-file FILE | --renew [options]",
		"Give a reader or I/O device the secure channel key that was put into it at the bench; or, once it\n"
		"has one, let the post make another and send it. A key never stands on a command line: others\n"
		"could read it there. The post must run.",
		options,
		sizeof options / sizeof *options,
		1,
		1,
	};
	json_t *reply = NULL;
	(void)cmd_options(&usage, argc, argv, &device);
	if ((file != NULL) == renew)
		return cmd_called_wrongly(&usage, "either --key-file or --renew");
	struct access_key_request empty = {.device = span_of_string(device)};
	struct err e = renew ? ask(directory, "access_key", &empty, &reply)
			     : access_key_run(directory, device, file, &reply);
	if (failed(e))
		return cmd_failed_as(as_json, "access key", e);
	return device_done(reply, as_json, device,
			   renew ? "it has taken a new key" : "its key is kept, and the next session uses it");
}

int cmd_access_accept(int argc, char **argv)
{
	const char *directory = CMD_DIRECTORY_DEFAULT, *device = NULL;
	bool as_json = false;
	const struct cmd_option options[] = {OPTION_DIRECTORY(directory), OPTION_JSON(as_json)};
	const struct cmd_usage usage = {
		"legation access accept DEVICE [options]",
		"Accept the device that stands where another one was pinned: somebody has looked at it and\n"
		"vouches for it. The next session pins the new one. The post must run.",
		options,
		sizeof options / sizeof *options,
		1,
		1,
	};
	json_t *reply = NULL;
	(void)cmd_options(&usage, argc, argv, &device);
	struct access_accept_request request = {.device = span_of_string(device)};
	struct err e = ask(directory, "access_accept", &request, &reply);
	if (failed(e))
		return cmd_failed_as(as_json, "access accept", e);
	return device_done(reply, as_json, device, "the next session pins whoever answers there");
}
