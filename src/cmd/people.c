/* cmd/people.c - `legation user link`: the way in for the first administrator, and back in for the last. */
#include <stdio.h>

#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/serve.h"
#include "user/user.h"

int cmd_user_link(int argc, char **argv)
{
	const char *directory = CMD_DIRECTORY_DEFAULT, *name = NULL;
	bool as_json = false;
	const struct cmd_option options[] = {
		{"dir", CMD_TEXT, &directory, "FOLDER", "the post's data (" CMD_DIRECTORY_DEFAULT ")"},
		{"name", CMD_TEXT, &name, "NAME", "which administrator, where there are several"},
		{"json", CMD_FLAG, &as_json, NULL, "one JSON object"},
	};
	const struct cmd_usage usage = {
		"legation user link [options]",
		"Print a link that sets a password, once, within a day: for the first administrator of a new post, or "
		"for one who\n"
		"lost the password. Only root, or the user that core runs as, may ask.",
		options,
		sizeof options / sizeof *options,
		0,
		0,
	};
	(void)cmd_options(&usage, argc, argv, NULL);
	struct client *client = NULL;
	json_t *reply = NULL;
	char address[200];
	struct user_recover_request request = {.name = span_of_string(name)};
	struct err e = client_open(directory, &client);
	if (!failed(e))
		e = client_ask_json(client, "user_recover", &request, &reply);
	client_close(client);
	if (failed(e))
		return cmd_failed("user link");
	serve_address(directory, address);
	const char *link = json_string_value(json_object_get(reply, "link"));
	if (as_json)
		(void)printf("{\"link\":\"%s%s\",\"expires\":\"%s\"}\n", address, link,
			     json_string_value(json_object_get(reply, "expires")));
	else
		(void)printf("%s%s\n", address, link);
	json_decref(reply);
	return CMD_GOOD;
}
