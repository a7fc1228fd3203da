/* unit/cmd/tool.h - the tool's commands as a person calls them, and a real core process to call them beside.
 *
 * A command runs in a process of its own; what it printed and how it ended is kept. Core runs as it does under the
 * supervisor, sandbox and all; only the reader, web and the lines are not there.
 */
#ifndef LEGATION_TESTS_TOOL_H
#define LEGATION_TESTS_TOOL_H

#include <jansson.h>

#include "cmd/cmd.h"
#include "lib/tap.h"

enum { TOOL_TEXT_SIZE = 512 * 1024 };

struct tool {
	int code;
	char out[TOOL_TEXT_SIZE];
	char err[16 * 1024];
};

/* The last command that ran. */
extern struct tool tool;

/* TOOL(cmd_ledger_show, "12", "--dir", folder): gives the exit code. */
#define TOOL(command, ...) tool_run((command), NULL, (const char *const[]){#command, __VA_ARGS__, NULL})
/* The same with a standard input. */
#define TOOL_GIVEN(command, input, ...) tool_run((command), (input), (const char *const[]){#command, __VA_ARGS__, NULL})
int tool_run(int (*command)(int, char **), const char *input, const char *const *arguments);

/* Did the last command print these words? */
bool tool_said(const char *words);
/* The last command's output as JSON, until the next call; NULL when it is none. */
json_t *tool_json(void);

/* ---- a post in a folder below the test's own ---- */

/* The test's folder, gone when the program ends; first of all. */
void home_make(void);
/* A path in it, good until the sixteenth call from now. */
const char *home_file(const char *name);

/* "<test's folder>/<name>", made when it is not there; it is removed at the end with all that is in it. */
const char *home_folder(const char *name);

/* Start core there and wait until it answers. `code` founds a new post; NULL: it is there. */
void home_start(const char *folder, const char *code);
void home_stop(void);

/* Ask the core that runs for `count` remarks: an entry each. */
void home_remark(const char *folder, unsigned count);

/* A copy of a post that does not run. */
void home_copy(const char *from, const char *to);

/* Run SQL over a post's database, behind the ledger's back. */
void home_alter(const char *folder, const char *sql);

/* A file in the test's folder. gives its path. */
const char *text_file(const char *name, const char *text, unsigned mode);
/* A whole file as a string; "" when there is none. */
const char *text_of(const char *path);

#endif
