/* cmd/erase.c - `legation erase`: destroy the key of a person's sealed parts, on record. */
#include <inttypes.h>

#include "cmd/client.h"
#include "cmd/print.h"
#include "core/pages.h"

static struct err erase_ask(const char *directory, const struct core_erase_request *request, json_t **ret_reply)
{
	struct client *client = NULL;
	TRY(client_open(directory, &client));
	struct err e = client_ask_json(client, "core_erase", request, ret_reply);
	client_close(client);
	return e;
}

int cmd_erase(int argc, char **argv)
{
	const char *directory = CMD_DIRECTORY_DEFAULT, *reason = NULL, *word = NULL;
	bool as_json = false;
	const struct cmd_option options[] = {
		{"reason", CMD_TEXT, &reason, "TEXT", "why; it stands in the ledger for good, so name nobody in it"},
		{"dir", CMD_TEXT, &directory, "FOLDER", "the post's data (" CMD_DIRECTORY_DEFAULT ")"},
		{"json", CMD_FLAG, &as_json, NULL, "one JSON object"},
	};
	const struct cmd_usage usage = {
		"legation erase PERSON-ID --reason TEXT [options]",
		"Destroy the key that a person's name, card numbers and other sealed parts are encrypted under.\n"
		"It cannot be undone. Entries, hashes and proofs stay as they are. Backups that were made before\n"
		"still hold the key until they are destroyed themselves. The post must run.",
		options,
		sizeof options / sizeof *options,
		1,
		1,
	};
	struct core_erase_request request = {0};
	json_t *reply = NULL;
	(void)cmd_options(&usage, argc, argv, &word);
	if (failed(decimal_read(span_of_string(word), SHAPE_NUMBER_MAX, &request.subject)))
		return cmd_called_wrongly(&usage, "PERSON-ID is the number of the entry that made the person");
	if (!reason || !*reason)
		return cmd_called_wrongly(&usage, "--reason is missing");
	request.reason = span_of_string(reason);
	struct err e = erase_ask(directory, &request, &reply);
	if (failed(e))
		return cmd_failed_as(as_json, "erase", e);
	if (as_json) {
		(void)json_object_set_new(reply, "subject", json_integer((json_int_t)request.subject));
		cmd_print_json(reply);
		return CMD_GOOD;
	}
	(void)printf("erased %" PRIu64 ": the key of %" JSON_INTEGER_FORMAT
		     " sealed parts is destroyed, recorded as entry %" JSON_INTEGER_FORMAT
		     "; backups made before still hold it\n",
		     request.subject, json_integer_value(json_object_get(reply, "sealed_parts")),
		     json_integer_value(json_object_get(reply, "seq")));
	json_decref(reply);
	return CMD_GOOD;
}
