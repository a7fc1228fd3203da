/* The second wall alone, with no filter in front of it: what each ABI that this kernel speaks takes away and gives
 * back. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/landlock.h"
#include "lib/tap.h"

enum { PATH_SIZE = 96 };

static char folder[] = "/tmp/legation-landlock-XXXXXX";
static char readable[PATH_SIZE];
static char writable[PATH_SIZE];
static char hidden[PATH_SIZE];
static struct sockaddr_in listening;

static void path_of(char *path, const char *in, const char *name)
{
	NEED(snprintf(path, PATH_SIZE, "%s/%s", in, name) < PATH_SIZE, "a short path");
}

static bool opens(const char *in, const char *name, int flags)
{
	char path[PATH_SIZE];
	path_of(path, in, name);
	int file = open(path, flags | O_CLOEXEC, 0600);
	if (file >= 0)
		close(file);
	return file >= 0;
}

/* gives   the number of the first thing that is not as it should be, or 0. */
static int walls_hold(int abi)
{
	char from[PATH_SIZE], to[PATH_SIZE], path[PATH_SIZE];
	struct sandbox_path paths[] = {{readable, false}, {writable, true}};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || failed(landlock_enter(abi, paths, 2)))
		return 1;
	if (!opens(readable, "file", O_RDONLY) || !opens(readable, ".", O_RDONLY | O_DIRECTORY))
		return 2;
	if (opens(readable, "file", O_WRONLY) || opens(readable, "new", O_WRONLY | O_CREAT))
		return 3;
	path_of(path, readable, "file");
	if (unlink(path) == 0 || (abi >= 3 && truncate(path, 0) == 0))
		return 4;
	if (!opens(writable, "file", O_RDWR | O_TRUNC) || !opens(writable, "new", O_WRONLY | O_CREAT))
		return 5;
	path_of(path, writable, "sub");
	path_of(from, writable, "new");
	path_of(to, path, "new");
	if (mkdir(path, 0700) != 0 || (abi >= 2 && rename(from, to) != 0))
		return 6;
	if (unlink(abi >= 2 ? to : from) != 0 || rmdir(path) != 0)
		return 7;
	if (opens(hidden, "file", O_RDONLY) || opens("/etc", "passwd", O_RDONLY))
		return 8;
	if (mkfifo(to, 0600) == 0 || symlink("/etc", from) == 0)
		return 9;
	int stream = socket(AF_INET, SOCK_STREAM, 0);
	bool connected = connect(stream, (struct sockaddr *)&listening, sizeof listening) == 0;
	if (connected != (abi < 4))
		return 10;
	if (abi >= 6 && kill(getppid(), 0) == 0)
		return 11;
	return 0;
}

static int in_child(int abi)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		_exit(walls_hold(abi));
	int status = 0;
	NEED(waitpid(child, &status, 0) == child && WIFEXITED(status), "a child ends");
	return WEXITSTATUS(status);
}

static void test_table(void)
{
	static const struct landlock_rights expected[LANDLOCK_ABI_MAX + 1] = {
		{0, 0, 0},      {0x1FFF, 0, 0}, {0x3FFF, 0, 0}, {0x7FFF, 0, 0},
		{0x7FFF, 3, 0}, {0xFFFF, 3, 0}, {0xFFFF, 3, 3}, {0xFFFF, 3, 3},
	};
	for (int abi = 0; abi <= LANDLOCK_ABI_MAX; abi++) {
		struct landlock_rights rights = landlock_rights_of(abi);
		CHECK(rights.files == expected[abi].files && rights.network == expected[abi].network &&
			      rights.scoped == expected[abi].scoped,
		      "ABI %d handles what the kernel's own table says", abi);
		CHECK((landlock_missing(abi)[0] == '\0') == (abi >= 6), "and says what it lacks: \"%s\"",
		      landlock_missing(abi));
	}
}

static void make_folder(char *path, const char *name)
{
	char file[PATH_SIZE];
	path_of(path, folder, name);
	NEED(mkdir(path, 0700) == 0, "a folder");
	path_of(file, path, "file");
	int descriptor = open(file, O_RDWR | O_CREAT, 0600);
	NEED(descriptor >= 0 && write(descriptor, "x", 1) == 1, "a file in it");
	close(descriptor);
}

static void remove_folder(const char *path)
{
	char file[PATH_SIZE];
	path_of(file, path, "file");
	unlink(file);
	path_of(file, path, "new");
	unlink(file);
	rmdir(path);
}

int main(void)
{
	int abi = landlock_abi();
	printf("# landlock ABI %d\n", abi);
	test_table();
	NEED(mkdtemp(folder), "a folder");
	make_folder(readable, "read");
	make_folder(writable, "write");
	make_folder(hidden, "hide");
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof listening;
	listening = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	NEED(bind(listener, (struct sockaddr *)&listening, size) == 0 && listen(listener, 8) == 0 &&
		     getsockname(listener, (struct sockaddr *)&listening, &size) == 0,
	     "a listening socket");
	for (int asked = 1; asked <= abi; asked++) {
		int wrong = in_child(asked);
		CHECK(wrong == 0, "ABI %d: reads, writes, and stays inside (%d)", asked, wrong);
	}
	remove_folder(readable);
	remove_folder(writable);
	remove_folder(hidden);
	rmdir(folder);
	close(listener);
	return tap_finish();
}
