#include "unit/cmd/tool.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "cmd/client.h"
#include "cmd/identity.h"
#include "core/pages.h"
#include "ipc/supervisor.h"
#include "lib/folder.h"

enum { FOLDERS_MAX = 24, TEXT_MAX = 1024 * 1024 };

struct tool tool;
static json_t *parsed;
static pid_t core_process;
static char folders[FOLDERS_MAX][400];
static size_t folder_count;

/* ---- commands ---- */

static void read_back(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	REQUIRE(file);
	text[fread(text, 1, size - 1, file)] = 0;
	(void)fclose(file);
}

static void become(const char *path, int flags, int descriptor)
{
	int file = open(path, flags, 0600);
	REQUIRE(file >= 0 && dup2(file, descriptor) == descriptor);
}

int tool_run(int (*command)(int, char **), const char *input, const char *const *arguments)
{
	const char *out = folder_file("tool.out"), *err = folder_file("tool.err"), *in = folder_file("tool.in");
	int count = 0, status;
	while (arguments[count])
		count++;
	FILE *file = fopen(in, "w");
	REQUIRE(file && (!input || fputs(input, file) >= 0) && fclose(file) == 0);
	(void)fflush(stdout);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		become(in, O_RDONLY, STDIN_FILENO);
		become(out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
		become(err, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
		exit(command(count, (char **)(uintptr_t)arguments));
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	read_back(out, tool.out, sizeof tool.out);
	read_back(err, tool.err, sizeof tool.err);
	tool.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
	if (tool.code >= 1000)
		printf("# %s died: %s\n", arguments[0], tool.err);
	return tool.code;
}

bool tool_said(const char *words)
{
	bool said = strstr(tool.out, words) || strstr(tool.err, words);
	if (!said)
		printf("# it said: %.1500s%.500s\n", tool.out, tool.err);
	return said;
}

json_t *tool_json(void)
{
	json_error_t error;
	json_decref(parsed);
	parsed = json_loads(tool.out, 0, &error);
	if (!parsed)
		printf("# no JSON (%s): %.1000s%.500s\n", error.text, tool.out, tool.err);
	return parsed;
}

/* ---- a post ---- */

static void give_to_core(const char *path)
{
	struct identity core = identity_of(WORKER_CORE);
	if (core.uid != 0)
		REQUIRE(chown(path, core.uid, core.gid) == 0);
}

static void folder_of_files_remove(const char *path)
{
	DIR *directory = opendir(path);
	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));) {
		char inner[1024];
		(void)snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlink(inner);
	}
	(void)closedir(directory);
	(void)rmdir(path);
}

static void folders_remove(void)
{
	if (getpid() != folder_owner)
		return;
	if (core_process > 0)
		home_stop();
	for (size_t i = 0; i < folder_count; i++) {
		char run[500];
		(void)snprintf(run, sizeof run, "%s/run", folders[i]);
		folder_of_files_remove(run);
		folder_of_files_remove(folders[i]);
	}
	json_decref(parsed);
}

void home_make(void)
{
	folder_make();
	REQUIRE(atexit(folders_remove) == 0 && chmod(folder_path, 0755) == 0);
}

const char *home_file(const char *name)
{
	return folder_file(name);
}

const char *home_folder(const char *name)
{
	char run[500];
	REQUIRE(folder_count < FOLDERS_MAX);
	char *path = folders[folder_count++];
	(void)snprintf(path, sizeof folders[0], "%s/%s", folder_path, name);
	(void)snprintf(run, sizeof run, "%s/run", path);
	REQUIRE(mkdir(path, 0750) == 0 && mkdir(run, 0750) == 0);
	give_to_core(path);
	give_to_core(run);
	return path;
}

static int listen_for_tools(const char *folder)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	REQUIRE(snprintf(at.sun_path, sizeof at.sun_path, "%s/run/tool.sock", folder) < (int)sizeof at.sun_path);
	(void)unlink(at.sun_path);
	int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	REQUIRE(listening >= 0 && bind(listening, (struct sockaddr *)&at, sizeof at) == 0 &&
		listen(listening, 16) == 0);
	give_to_core(at.sun_path);
	return listening;
}

static _Noreturn void core_live(const char *folder, const char *code, int listening, int link)
{
	char log[600];
	struct core_options options = cmd_core_options(folder);
	struct identity core = identity_of(WORKER_CORE);
	(void)snprintf(log, sizeof log, "%s/core.log", folder);
	become(log, O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO);
	int kept = fcntl(listening, F_DUPFD_CLOEXEC, 20);
	REQUIRE(kept >= 0 && dup2(link, SUPERVISOR_DESCRIPTOR) == SUPERVISOR_DESCRIPTOR);
	options.code = code;
	options.tool_socket = kept;
	if (core.uid != 0)
		REQUIRE(setgroups(0, NULL) == 0 && setresgid(core.gid, core.gid, core.gid) == 0 &&
			setresuid(core.uid, core.uid, core.uid) == 0);
	exit(core_run(&options));
}

void home_start(const char *folder, const char *code)
{
	int link[2];
	REQUIRE(core_process == 0);
	int listening = listen_for_tools(folder);
	REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, link) == 0);
	(void)fflush(stdout);
	core_process = fork();
	REQUIRE(core_process >= 0);
	if (core_process == 0)
		core_live(folder, code, listening, link[0]);
	(void)close(listening);
	(void)close(link[0]);
	REQUIRE(fcntl(link[1], F_SETFD, FD_CLOEXEC) == 0); /* stays open as long as this program: core's supervisor */
	home_remark(folder, 1);
}

void home_stop(void)
{
	int status = 0;
	REQUIRE(core_process > 0 && kill(core_process, SIGTERM) == 0);
	REQUIRE(waitpid(core_process, &status, 0) == core_process);
	core_process = 0;
	if (status != 0)
		printf("# core ended with %d\n", status);
}

void home_remark(const char *folder, unsigned count)
{
	struct client *client = NULL;
	struct err e = client_open(folder, &client);
	for (unsigned i = 0; i < count && !failed(e); i++) {
		char text[60];
		struct span answer;
		(void)snprintf(text, sizeof text, "remark %u of process %d", i, (int)getpid());
		struct core_remark_request request = {.text = span_of_string(text)};
		e = client_ask(client, "core_remark", &request, &answer);
	}
	client_close(client);
	NEED_OK(e, "core in %s takes %u remarks", folder, count);
}

void home_copy(const char *from, const char *to)
{
	static const char *const names[] = {CORE_DATABASE, CORE_DATABASE "-wal", CORE_ROOT_KEY};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char command[1200], path[500];
		(void)snprintf(command, sizeof command, "mkdir -p '%s/" CORE_DATA "' && cp -p '%s/%s' '%s/%s'", to,
			       from, names[i], to, names[i]);
		REQUIRE(system(command) == 0);
		(void)snprintf(path, sizeof path, "%s/%s", to, names[i]);
		give_to_core(path);
		(void)snprintf(path, sizeof path, "%s/" CORE_DATA, to);
		give_to_core(path);
	}
}

void home_alter(const char *folder, const char *sql)
{
	char path[500];
	struct store *store;
	struct store_options options = {.mode = STORE_WRITE};
	(void)snprintf(path, sizeof path, "%s/" CORE_DATABASE, folder);
	NEED_OK(store_open(path, &options, &store), "the database opens");
	NEED_OK(store_script(store, sql), "altered: %s", sql);
	store_close(store);
}

const char *text_file(const char *name, const char *text, unsigned mode)
{
	const char *path = folder_file(name);
	FILE *file = fopen(path, "w");
	REQUIRE(file && fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, mode) == 0);
	return path;
}

const char *text_of(const char *path)
{
	static char text[TEXT_MAX];
	FILE *file = fopen(path, "r");
	text[0] = 0;
	if (!file)
		return text;
	text[fread(text, 1, sizeof text - 1, file)] = 0;
	(void)fclose(file);
	return text;
}
