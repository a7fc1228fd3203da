/* Every role in its sandbox, in a process of its own: what it must not do ends it or is refused, what it needs works.
 * The same holds for the build with sanitizers and its wider filter.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ipc/sandbox.h"
#include "lib/tap.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum {
	OUTCOME_DONE = 0,     /* exit code of a child that could do the thing */
	OUTCOME_REFUSED = 42, /* an error came back */
	OUTCOME_NO_SANDBOX = 43,
	TEST_THREADS = 2,
};

static char folder[] = "/tmp/legation-sandbox-XXXXXX";
static char inside[64];
static char outside[] = "/tmp/legation-outside-XXXXXX";
static int abi;      /* asked before, for a sandboxed process cannot */
static int ready[2]; /* a socketpair made before, as every worker has one */

static const enum worker_role every_role[] = {WORKER_CORE, WORKER_QUERY,    WORKER_WEB,
					      WORKER_OSDP, WORKER_PASSWORD, WORKER_VERIFY};
enum { ROLES = sizeof every_role / sizeof *every_role };

static struct err enter(enum worker_role role, struct sandbox_report *ret_report)
{
	struct sandbox_path path = {folder, role == WORKER_CORE};
	struct sandbox_policy policy = {.role = role};
	if (role == WORKER_CORE || role == WORKER_QUERY) {
		policy.paths = &path;
		policy.path_count = 1;
	}
	return sandbox_enter(&policy, ret_report);
}

/* gives   OUTCOME_* or minus the signal that ended the child. */
static int outcome_of(enum worker_role role, int (*act)(enum worker_role role))
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct sandbox_report report;
		if (failed(enter(role, &report))) {
			fprintf(stderr, "# %s: %s\n", worker_role_words.words[role], err_why());
			_exit(OUTCOME_NO_SANDBOX);
		}
		_exit(act(role));
	}
	int status = 0;
	NEED(waitpid(child, &status, 0) == child, "a child ends");
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int refused_if(bool error)
{
	return error ? OUTCOME_REFUSED : OUTCOME_DONE;
}

/* ---- what nobody may do ---- */

static int do_execute(enum worker_role role)
{
	(void)role;
	char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
	return refused_if(execve("/bin/true", arguments, NULL) != 0);
}

static int do_fork(enum worker_role role)
{
	(void)role;
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	return refused_if(child < 0);
}

static int do_vfork_raw(enum worker_role role)
{
	(void)role;
	return refused_if(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) < 0);
}

static int do_new_user_namespace(enum worker_role role)
{
	(void)role;
	return refused_if(unshare(CLONE_NEWUSER) != 0);
}

static int do_socket_inet(enum worker_role role)
{
	(void)role;
	return refused_if(socket(AF_INET, SOCK_STREAM, 0) < 0);
}

static int do_socket_unix(enum worker_role role)
{
	(void)role;
	return refused_if(socket(AF_UNIX, SOCK_STREAM, 0) < 0);
}

static int do_trace(enum worker_role role)
{
	(void)role;
	return refused_if(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) != 0);
}

static int do_read_other_memory(enum worker_role role)
{
	(void)role;
	return refused_if(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) < 0);
}

static int do_kill(enum worker_role role)
{
	(void)role;
	return refused_if(kill(getppid(), 0) != 0);
}

static int do_kill_by_thread(enum worker_role role)
{
	(void)role;
	return refused_if(syscall(SYS_tgkill, getppid(), getppid(), 0) != 0);
}

static int do_mount(enum worker_role role)
{
	(void)role;
	return refused_if(mount("none", "/mnt", "tmpfs", 0, NULL) != 0);
}

static int do_become_root(enum worker_role role)
{
	(void)role;
	return refused_if(setuid(0) != 0);
}

static int do_map_code(enum worker_role role)
{
	(void)role;
	void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return refused_if(page == MAP_FAILED);
}

static int do_make_code(enum worker_role role)
{
	(void)role;
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return refused_if(page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0);
}

static int do_bpf(enum worker_role role)
{
	(void)role;
	union bpf_attr attributes = {0};
	return refused_if(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) < 0);
}

static int do_io_uring(enum worker_role role)
{
	(void)role;
	return refused_if(syscall(SYS_io_uring_setup, 1, NULL) < 0);
}

static int do_be_dumpable(enum worker_role role)
{
	(void)role;
	return refused_if(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0);
}

static int do_raise_limit(enum worker_role role)
{
	(void)role;
	struct rlimit limits = {1, 1};
	return refused_if(setrlimit(RLIMIT_CORE, &limits) != 0);
}

static int do_type_into_terminal(enum worker_role role)
{
	(void)role;
	return refused_if(ioctl(0, TIOCSTI, "x") != 0);
}

static int do_old_numbers(enum worker_role role)
{
	(void)role;
#if defined(__x86_64__)
	long result;
	/* getpid by the 32-bit entry: allowed by its 64-bit number, but the filter must not be passed around. */
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
	return refused_if(result < 0);
#else
	return OUTCOME_REFUSED;
#endif
}

static void test_forbidden(void)
{
	static const struct {
		const char *what;
		int (*act)(enum worker_role role);
	} acts[] = {
		{"execute a program", do_execute},
		{"fork", do_fork},
		{"make a process by the raw call", do_vfork_raw},
		{"make a user namespace", do_new_user_namespace},
		{"open a network socket", do_socket_inet},
		{"open a unix socket", do_socket_unix},
		{"trace its parent", do_trace},
		{"read its parent's memory", do_read_other_memory},
		{"signal its parent", do_kill},
		{"signal its parent by thread", do_kill_by_thread},
		{"mount", do_mount},
		{"become root", do_become_root},
		{"map code", do_map_code},
		{"make memory code", do_make_code},
		{"load kernel code", do_bpf},
		{"open a ring of system calls", do_io_uring},
		{"make itself readable again", do_be_dumpable},
		{"raise a limit", do_raise_limit},
		{"type into a terminal", do_type_into_terminal},
		{"call by the numbers of 32 bits", do_old_numbers},
	};
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		bool killed = true;
		bool refused = true;
		int last = 0;
		for (size_t r = 0; r < ROLES; r++) {
			last = outcome_of(every_role[r], acts[i].act);
			killed &= last == -SIGSYS;
			refused &= last == -SIGSYS || last == OUTCOME_REFUSED;
		}
		CHECK(SANITIZED ? refused : killed, "no role may %s (last: %d)", acts[i].what, last);
	}
}

/* ---- files ---- */

static int do_read_file_outside(enum worker_role role)
{
	(void)role;
	return refused_if(open(outside, O_RDONLY) < 0);
}

static int do_write_file_outside(enum worker_role role)
{
	(void)role;
	return refused_if(open(outside, O_WRONLY) < 0);
}

static int do_read_file_inside(enum worker_role role)
{
	(void)role;
	char byte;
	int file = open(inside, O_RDONLY | O_CLOEXEC);
	return refused_if(file < 0 || pread(file, &byte, 1, 0) != 1);
}

static int do_read_folder_inside(enum worker_role role)
{
	(void)role;
	return refused_if(open(folder, O_RDONLY | O_DIRECTORY) < 0);
}

static int do_write_file_inside(enum worker_role role)
{
	(void)role;
	return refused_if(open(inside, O_RDWR) < 0);
}

static int do_create_file_inside(enum worker_role role)
{
	(void)role;
	char path[96];
	snprintf(path, sizeof path, "%s/new", folder);
	return refused_if(open(path, O_RDONLY | O_CREAT, 0600) < 0);
}

static int do_unlink_inside(enum worker_role role)
{
	(void)role;
	char path[96];
	snprintf(path, sizeof path, "%s/nothing-there", folder);
	return refused_if(unlink(path) != 0);
}

static int do_work_as_core(enum worker_role role)
{
	(void)role;
	char from[96], to[96], sub[96];
	snprintf(from, sizeof from, "%s/core.new", folder);
	snprintf(sub, sizeof sub, "%s/sub", folder);
	snprintf(to, sizeof to, "%s/sub/core", folder);
	int file = open(from, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	bool good = file >= 0 && pwrite(file, "x", 1, 0) == 1 && fsync(file) == 0 && fdatasync(file) == 0 &&
		    ftruncate(file, 4096) == 0 && fcntl(file, F_SETLK, &range) == 0 && mkdir(sub, 0700) == 0 &&
		    (abi == 1 || rename(from, to) == 0);
	void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	good = good && shared != MAP_FAILED && access(folder, R_OK) == 0;
	(void)unlink(to);
	(void)unlink(from);
	return refused_if(!good || rmdir(sub) != 0);
}

static bool kept_out(int outcome)
{
	return outcome == -SIGSYS || outcome == OUTCOME_REFUSED;
}

static void test_files(void)
{
	bool walls = abi > 0;
	for (size_t r = 2; r < ROLES; r++) {
		const char *name = worker_role_words.words[every_role[r]];
		CHECK(kept_out(outcome_of(every_role[r], do_read_file_outside)), "%s reads no file", name);
		CHECK(kept_out(outcome_of(every_role[r], do_read_file_inside)), "%s reads no file of ours", name);
		CHECK(kept_out(outcome_of(every_role[r], do_create_file_inside)), "%s makes no file", name);
		CHECK(outcome_of(every_role[r], do_unlink_inside) == -SIGSYS, "%s removes no file", name);
	}
	CHECK(outcome_of(WORKER_QUERY, do_read_file_inside) == OUTCOME_DONE, "query reads the database");
	CHECK(outcome_of(WORKER_QUERY, do_read_folder_inside) == OUTCOME_DONE, "and its folder");
	CHECK(outcome_of(WORKER_QUERY, do_write_file_inside) == OUTCOME_REFUSED, "opening it to write is an error");
	CHECK(outcome_of(WORKER_QUERY, do_create_file_inside) == OUTCOME_REFUSED, "so is making a file");
	CHECK(outcome_of(WORKER_QUERY, do_unlink_inside) == -SIGSYS, "removing one is the end");
	CHECK(!walls || outcome_of(WORKER_QUERY, do_read_file_outside) == OUTCOME_REFUSED, "query reads nothing else");
	CHECK(outcome_of(WORKER_CORE, do_work_as_core) == OUTCOME_DONE,
	      "core makes, locks, maps, renames, syncs, removes");
	CHECK(!walls || outcome_of(WORKER_CORE, do_read_file_outside) == OUTCOME_REFUSED, "core reads nothing outside");
	CHECK(!walls || outcome_of(WORKER_CORE, do_write_file_outside) == OUTCOME_REFUSED, "nor writes there");
}

/* ---- what must go on working ---- */

static int compare_bytes(const void *a, const void *b)
{
	return *(const uint8_t *)a - *(const uint8_t *)b;
}

static int do_live(enum worker_role role)
{
	(void)role;
	struct supervisor_alive alive = {1};
	struct link *link = link_open(ready[0], "supervisor");
	bool good = !failed(link_send(link, MESSAGE_SUPERVISOR_ALIVE, &alive));
	struct pollfd wait = {ready[0], POLLOUT, 0};
	good = good && poll(&wait, 1, 1000) == 1;
	size_t size = 8 * 1024 * 1024;
	uint8_t *memory = calloc(1, size);
	good = good && memory;
	qsort(memory, 65536, 1, compare_bytes);
	memory = realloc(memory, size * 2);
	good = good && memory;
	free(memory);
	time_t now = (time_t)(clock_wall_us() / 1000000);
	struct tm parts;
	good = good && localtime_r(&now, &parts) && localtime(&now);
	struct timespec moment = {0, 1000};
	good = good && nanosleep(&moment, NULL) == 0;
	uint8_t random[16];
	good = good && getentropy(random, sizeof random) == 0;
	fprintf(stderr, "# lives\n");
	link_close(link);
	return refused_if(!good);
}

static int do_open_nowhere(enum worker_role role)
{
	(void)role;
	return refused_if(open("/dev/null", O_WRONLY) < 0);
}

static int do_die_loudly(enum worker_role role)
{
	(void)role;
	abort();
}

static void *add_one(void *number)
{
	char *memory = malloc(100000);
	bool good = memory && clock_boot_us() > 0;
	free(memory);
	*(int *)number += good;
	return NULL;
}

static int do_threads(enum worker_role role)
{
	pthread_t threads[TEST_THREADS];
	int numbers[TEST_THREADS] = {0};
	int wanted = role == WORKER_CORE ? 1 : TEST_THREADS;
	for (int i = 0; i < wanted; i++)
		if (pthread_create(&threads[i], NULL, add_one, &numbers[i]) != 0)
			return OUTCOME_REFUSED;
	int sum = 0;
	for (int i = 0; i < wanted; i++) {
		(void)pthread_join(threads[i], NULL);
		sum += numbers[i];
	}
	return refused_if(sum != wanted);
}

static int do_serve_socket(enum worker_role role)
{
	(void)role;
	int size = 65536;
	socklen_t length = sizeof size;
	bool good = getsockopt(ready[0], SOL_SOCKET, SO_SNDBUF, &size, &length) == 0;
	if (role == WORKER_WEB)
		good = good && setsockopt(ready[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0;
	(void)accept4(ready[0], NULL, NULL, SOCK_CLOEXEC); /* not listening: an error, and no death */
	return refused_if(!good || shutdown(ready[0], SHUT_WR) != 0);
}

static int do_flush_line(enum worker_role role)
{
	(void)role;
	(void)tcflush(ready[0], TCIOFLUSH); /* not a line: an error, and no death */
	(void)tcdrain(ready[0]);
	return OUTCOME_DONE;
}

static void test_allowed(void)
{
	for (size_t r = 0; r < ROLES; r++) {
		const char *name = worker_role_words.words[every_role[r]];
		int outcome = outcome_of(every_role[r], do_live);
		CHECK(outcome == OUTCOME_DONE, "%s talks, waits, allocates, sorts, tells the time (%d)", name, outcome);
		outcome = outcome_of(every_role[r], do_die_loudly);
		CHECK(outcome == -SIGABRT, "%s aborts as itself (%d)", name, outcome);
	}
	CHECK(outcome_of(WORKER_CORE, do_threads) == OUTCOME_DONE, "core has its checkpointing thread");
	CHECK(outcome_of(WORKER_PASSWORD, do_threads) == OUTCOME_DONE, "password hashes two at once");
	CHECK(kept_out(outcome_of(WORKER_QUERY, do_threads)), "query has no thread");
	CHECK(kept_out(outcome_of(WORKER_WEB, do_threads)), "web has none");
	CHECK(kept_out(outcome_of(WORKER_OSDP, do_threads)), "osdp has none");
	CHECK(outcome_of(WORKER_WEB, do_serve_socket) == OUTCOME_DONE, "web accepts and tunes connections");
	CHECK(outcome_of(WORKER_CORE, do_serve_socket) == OUTCOME_DONE, "core accepts the tool's");
	CHECK(outcome_of(WORKER_QUERY, do_serve_socket) == -SIGSYS, "query accepts nobody");
	CHECK(outcome_of(WORKER_OSDP, do_flush_line) == OUTCOME_DONE, "osdp empties its line");
	CHECK(outcome_of(WORKER_WEB, do_flush_line) == -SIGSYS, "web has no line");
	CHECK(outcome_of(WORKER_WEB, do_open_nowhere) == -SIGSYS, "web opens not even /dev/null");
}

/* ---- the state that the kernel shows of a sandboxed process ---- */

static bool file_has(const char *path, const char *words)
{
	static char text[16384];
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	size_t size = fread(text, 1, sizeof text - 1, file);
	text[size] = '\0';
	fclose(file);
	return strstr(text, words) != NULL;
}

static void test_state(void)
{
	int go[2];
	NEED(pipe(go) == 0, "a pipe");
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct sandbox_report report;
		char byte = failed(enter(WORKER_WEB, &report)) ? 'n' : 'y';
		(void)!write(ready[0], &byte, 1);
		(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	char byte = 0;
	NEED(read(ready[1], &byte, 1) == 1 && byte == 'y', "web is in its sandbox");
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/status", (int)child);
	CHECK(file_has(path, "NoNewPrivs:\t1"), "no new privileges");
	CHECK(file_has(path, "Seccomp:\t2"), "a filter is in place");
	CHECK(file_has(path, "CapPrm:\t0000000000000000") && file_has(path, "CapEff:\t0000000000000000"), "no powers");
	snprintf(path, sizeof path, "/proc/%d/limits", (int)child);
	CHECK(file_has(path, "Max core file size        0                    0 "), "no core dump");
	CHECK(file_has(path, "Max open files            1024                 1024 "), "descriptors are bounded");
	struct stat status;
	snprintf(path, sizeof path, "/proc/%d/mem", (int)child);
	CHECK(stat(path, &status) == 0 && (geteuid() != 0 ? status.st_uid == 0 : true),
	      "others of its user cannot look in");
	NEED(write(go[1], "x", 1) == 1 && waitpid(child, NULL, 0) == child, "it ends");
	close(go[0]);
	close(go[1]);
}

/* ---- reports, misuse, users, descriptors ---- */

static int do_nothing(enum worker_role role)
{
	(void)role;
	return OUTCOME_DONE;
}

static void test_report(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct sandbox_report report;
		bool good = !failed(enter(WORKER_OSDP, &report));
		good = good && (strstr(report.missing, "landlock") != NULL) == (landlock_missing(abi)[0] != '\0');
		good = good && (strstr(report.missing, "sanitizer build") != NULL) == SANITIZED;
		_exit(good ? 0 : 1);
	}
	int status = 0;
	NEED(waitpid(child, &status, 0) == child, "it ends");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the report names what lacks, and nothing else");
}

static void test_missing_path(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct sandbox_report report;
		struct sandbox_path path = {"/no/such/folder", false};
		struct sandbox_policy policy = {WORKER_QUERY, &path, 1};
		_exit(sandbox_enter(&policy, &report).code == (abi > 0 ? ERR_NOT_FOUND : ERR_NONE) ? 0 : 1);
	}
	int status = 0;
	NEED(waitpid(child, &status, 0) == child, "it ends");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a policy with a path that is not there is refused");
}

static void *sleep_long(void *unused)
{
	(void)unused;
	sleep(10);
	return NULL;
}

static void test_two_threads(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		pthread_t thread;
		struct sandbox_report report;
		close(STDERR_FILENO);
		if (pthread_create(&thread, NULL, sleep_long, NULL) != 0)
			_exit(1);
		(void)!failed(enter(WORKER_CORE, &report));
		_exit(0);
	}
	int status = 0;
	NEED(waitpid(child, &status, 0) == child, "it ends");
	CHECK(SANITIZED || (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT),
	      "entering with a second thread is a broken program");
}

static void test_drop(void)
{
	if (!sandbox_can_drop()) {
		CHECK(geteuid() != 0, "# SKIP only root has a user to drop");
		return;
	}
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		gid_t groups[] = {4, 20};
		int death_signal = 0;
		bool good = setgroups(2, groups) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
			    !failed(sandbox_drop(65534, 65533)) &&
			    prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0) == 0 && death_signal == SIGKILL;
		uid_t uids[3];
		good = good && getresuid(&uids[0], &uids[1], &uids[2]) == 0 && uids[0] == 65534 && uids[1] == 65534 &&
		       uids[2] == 65534 && getgid() == 65533 && getgroups(0, NULL) == 0 && setuid(0) != 0 &&
		       setgid(0) != 0 && open("/etc/shadow", O_RDONLY) < 0;
		_exit(good && !sandbox_can_drop() ? 0 : 1);
	}
	int status = 0;
	NEED(waitpid(child, &status, 0) == child, "it ends");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "a dropped user is dropped for good, its groups too, and still ends with its parent");
}

static void test_supervise(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		bool root = sandbox_can_drop();
		bool good = !failed(sandbox_supervise()) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
			    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
		good = good &&
		       file_has("/proc/self/status", root ? "CapEff:\t00000000000000e0" : "CapEff:\t0000000000000000");
		good = good && (!root || !failed(sandbox_drop(65534, 65534)));
		_exit(good ? 0 : 1);
	}
	int status = 0;
	NEED(waitpid(child, &status, 0) == child, "it ends");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "a supervisor keeps of root's powers to change users and to signal them, no more");
}

static void test_close_others(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		int kept[] = {20, 30};
		for (int descriptor = 10; descriptor < 40; descriptor++)
			if (dup2(0, descriptor) < 0)
				_exit(2);
		sandbox_close_others(kept, 2);
		bool good = true;
		for (int descriptor = 0; descriptor < 100; descriptor++)
			good &= (fcntl(descriptor, F_GETFD) >= 0) ==
				(descriptor < 3 || descriptor == 20 || descriptor == 30);
		_exit(good ? 0 : 1);
	}
	int status = 0;
	NEED(waitpid(child, &status, 0) == child, "it ends");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "every descriptor but the known is closed");
}

int main(void)
{
	abi = landlock_abi();
	printf("# landlock ABI %d\n", abi);
	NEED(mkdtemp(folder), "a folder");
	int file = mkstemp(outside);
	NEED(file >= 0, "a file outside");
	close(file);
	snprintf(inside, sizeof inside, "%s/database", folder);
	file = open(inside, O_RDWR | O_CREAT, 0600);
	NEED(file >= 0 && write(file, "x", 1) == 1, "a file inside");
	close(file);
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ready) == 0, "a socketpair");
	NEED(outcome_of(WORKER_WEB, do_nothing) == OUTCOME_DONE, "the sandbox can be entered");
	test_forbidden();
	test_files();
	test_allowed();
	while (recv(ready[1], (char[64]){0}, 64, MSG_DONTWAIT) > 0)
		; /* what the children of test_allowed said */
	close(ready[0]);
	close(ready[1]);
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ready) == 0, "a socketpair");
	test_state();
	test_report();
	test_missing_path();
	test_two_threads();
	test_drop();
	test_supervise();
	test_close_others();
	unlink(inside);
	rmdir(folder);
	unlink(outside);
	return tap_finish();
}
