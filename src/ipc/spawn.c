#include "ipc/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ipc/sandbox.h"

enum { SPAWN_ASIDE_FROM = 64 }; /* descriptors wait from here on while the low numbers are dealt */

static bool may_inherit(const char *variable)
{
	static const char *const names[] = {
		"TZ=", "LANG=", "LC_", "LEGATION_", "ASAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS=",
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &action, NULL); /* some cannot be set, and need not be */
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
	sigset_t none;
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool deal_descriptors(const struct spawn *what)
{
	int aside[SPAWN_DESCRIPTORS_MAX];
	int kept[SPAWN_DESCRIPTORS_MAX];
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (input < 0 || dup2(input, STDIN_FILENO) < 0)
		return false;
	for (size_t i = 0; i < what->descriptor_count; i++) {
		aside[i] = fcntl(what->descriptors[i].from, F_DUPFD_CLOEXEC, SPAWN_ASIDE_FROM);
		if (aside[i] < 0)
			return false;
	}
	for (size_t i = 0; i < what->descriptor_count; i++) {
		kept[i] = what->descriptors[i].to;
		if (dup2(aside[i], kept[i]) < 0)
			return false;
	}
	sandbox_close_others(kept, what->descriptor_count);
	return true;
}

NO_RETURN static void become_child(const struct spawn *what, pid_t parent)
{
	reset_signals();
	(void)setsid(); /* no terminal: Ctrl-C is the supervisor's to hear, and nobody can type into it */
	if (!deal_descriptors(what))
		_exit(SPAWN_EXIT_UNPREPARED);
	if (what->uid != 0 && sandbox_can_drop() && failed(sandbox_drop(what->uid, what->gid)))
		_exit(SPAWN_EXIT_UNPREPARED);
	/* After the change of user, which clears it; and the parent may have died just before. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
		_exit(SPAWN_EXIT_UNPREPARED);
	char *environment[SPAWN_ENVIRONMENT_MAX + 1];
	size_t count = 0;
	for (char **variable = environ; *variable && count < SPAWN_ENVIRONMENT_MAX; variable++)
		if (may_inherit(*variable))
			environment[count++] = *variable;
	environment[count] = NULL;
	(void)execve(what->executable, (char *const *)(uintptr_t)what->arguments, environment);
	_exit(SPAWN_EXIT_NOT_EXECUTED);
}

struct err spawn(const struct spawn *what, pid_t *ret_pid)
{
	REQUIRE(what->descriptor_count <= SPAWN_DESCRIPTORS_MAX);
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0)
		return FAIL_ERRNO("fork");
	if (pid == 0)
		become_child(what, parent);
	*ret_pid = pid;
	return OK;
}
