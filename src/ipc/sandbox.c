#include "ipc/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_LEAKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_LEAKS 1
#endif
#endif
#ifndef SANDBOX_LEAKS
#define SANDBOX_LEAKS 0
#endif
#if SANDBOX_LEAKS
#include <sanitizer/lsan_interface.h>
#endif

/* ---- the table ---- */

enum {
	CORE = 1 << WORKER_CORE,
	QUERY = 1 << WORKER_QUERY,
	WEB = 1 << WORKER_WEB,
	OSDP = 1 << WORKER_OSDP,
	PASSWORD = 1 << WORKER_PASSWORD,
	VERIFY = 1 << WORKER_VERIFY,
	READERS = QUERY | VERIFY, /* of the database */
	EVERY = CORE | READERS | WEB | OSDP | PASSWORD,
	SANITIZER = 1 << 30,
};

/* What the C library's pthread_create asks of clone, all of it and nothing else. */
#define THREAD_FLAGS                                                                                                   \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |             \
	 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
/* O_TMPFILE without the O_DIRECTORY that it contains: reading a folder is fine. */
#define OPEN_WRITING (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

struct sandbox_condition {
	bool there;
	bool self; /* the value is our process id */
	uint32_t argument;
	uint64_t mask;
	uint64_t value;
};

struct sandbox_row {
	int call;
	const char *name;
	uint32_t roles;
	uint32_t action;
	struct sandbox_condition conditions[2];
};

static const struct sandbox_row sandbox_rows[] = {
#define ROW(call_, roles_, action_, ...)                                                                               \
	{.call = SCMP_SYS(call_), .name = #call_, .roles = roles_, .action = action_, .conditions = {__VA_ARGS__}},
#define ALLOW(call, roles) ROW(call, roles, SCMP_ACT_ALLOW, {0})
#define ALLOW_WHEN(call, roles, at, mask, value) ROW(call, roles, SCMP_ACT_ALLOW, {true, false, at, mask, value})
#define ALLOW_PAIR(call, roles, at, value, at_2, value_2)                                                              \
	ROW(call, roles, SCMP_ACT_ALLOW, {true, false, at, ~UINT64_C(0), value},                                       \
	    {true, false, at_2, ~UINT64_C(0), value_2})
#define ALLOW_SELF(call, roles) ROW(call, roles, SCMP_ACT_ALLOW, {true, true, 0, ~UINT64_C(0), 0})
#define REFUSE(call, roles, error) ROW(call, roles, SCMP_ACT_ERRNO(error), {0})
#define REFUSE_WHEN(call, roles, at, mask, value, error)                                                               \
	ROW(call, roles, SCMP_ACT_ERRNO(error), {true, false, at, mask, value})
#include "ipc/sandbox.def"
#undef ROW
#undef ALLOW
#undef ALLOW_WHEN
#undef ALLOW_PAIR
#undef ALLOW_SELF
#undef REFUSE
#undef REFUSE_WHEN
};

static struct err add_row(scmp_filter_ctx filter, const struct sandbox_row *row)
{
	struct scmp_arg_cmp compare[2];
	unsigned count = 0;
	for (size_t i = 0; i < 2 && row->conditions[i].there; i++) {
		const struct sandbox_condition *condition = &row->conditions[i];
		uint64_t value = condition->self ? (uint64_t)getpid() : condition->value;
		compare[count++] = SCMP_CMP64(condition->argument, SCMP_CMP_MASKED_EQ, condition->mask, value);
	}
	int added = seccomp_rule_add_array(filter, row->action, row->call, count, compare);
	if (added != 0 && added != -EEXIST) {
		errno = -added;
		return FAIL_ERRNO("seccomp: rule for %s", row->name);
	}
	return OK;
}

static struct err load_filter(uint32_t roles)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return FAIL(ERR_UNSUPPORTED, "seccomp: no filter");
	struct err e = OK;
	/* A call by the numbers of another architecture ends the process too. */
	if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0)
		e = FAIL(ERR_UNSUPPORTED, "seccomp: attributes");
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree of numbers, not a list; older has none */
	for (size_t i = 0; i < sizeof sandbox_rows / sizeof *sandbox_rows && !failed(e); i++)
		if (sandbox_rows[i].roles & roles)
			e = add_row(filter, &sandbox_rows[i]);
	if (!failed(e)) {
		int loaded = seccomp_load(filter);
		errno = -loaded;
		if (loaded != 0)
			e = FAIL_ERRNO("seccomp: load");
	}
	seccomp_release(filter);
	return e;
}

/* ---- limits ---- */

struct sandbox_limits {
	rlim_t descriptors;
	rlim_t memory; /* of addresses, bytes */
};

#define MIB (UINT64_C(1) << 20)

static const struct sandbox_limits sandbox_limits_of[] = {
	[WORKER_CORE] = {256, 4096 * MIB}, [WORKER_QUERY] = {64, 4096 * MIB},    [WORKER_WEB] = {1024, 2048 * MIB},
	[WORKER_OSDP] = {32, 256 * MIB},   [WORKER_PASSWORD] = {32, 1024 * MIB}, [WORKER_VERIFY] = {64, 4096 * MIB},
};

static struct err limit(int which, rlim_t value)
{
	struct rlimit now;
	ENSURE(getrlimit(which, &now) == 0);
	if (now.rlim_max < value)
		value = now.rlim_max;
	struct rlimit limits = {value, value};
	if (setrlimit(which, &limits) != 0)
		return FAIL_ERRNO("limit %d", which);
	return OK;
}

static struct err set_limits(enum worker_role role)
{
	const struct sandbox_limits *limits = &sandbox_limits_of[role];
	TRY(limit(RLIMIT_CORE, 0));
	TRY(limit(RLIMIT_NOFILE, limits->descriptors));
	if (!SANDBOX_SANITIZED) /* which takes terabytes of addresses, and hardly a page of them */
		TRY(limit(RLIMIT_AS, limits->memory));
	return OK;
}

static struct err keep_capabilities(uint64_t kept)
{
	for (unsigned power = 0; power < 64; power++) {
		if (kept >> power & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, power, 0, 0, 0) != 0 && errno == EINVAL)
			break; /* past the last one that this kernel knows */
	}
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) != 0)
		return FAIL_ERRNO("read capabilities");
	for (size_t i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(kept >> (32 * i));
		data[i].permitted &= half;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data) != 0)
		return FAIL_ERRNO("drop capabilities");
	return OK;
}

/* A worker keeps no capability: one that could not become another user is root in name only. */
static struct err close_the_ways_up(uint64_t kept)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return FAIL_ERRNO("no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return FAIL_ERRNO("dumpable");
	return keep_capabilities(kept);
}

/* ---- entering ---- */

static void report_add(struct sandbox_report *report, const char *words)
{
	size_t size = strlen(report->missing);
	struct sink s = sink_of(report->missing + size, SANDBOX_MISSING_SIZE_MAX - size);
	if (words[0] == '\0')
		return;
	sink_printf(&s, "%s%s", size > 0 ? "; " : "", words);
	ENSURE(!s.failed);
	report->missing[size + s.size] = '\0';
}

static bool has_one_thread(void)
{
	struct stat tasks;
	return SANDBOX_SANITIZED || stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink == 3;
}

/* What the C library would only look for later, when it no longer can. */
static void prepare_library(void)
{
	/* With TZ unset, localtime looks at the file's date every time; with TZ set, it has read it once. */
	(void)setenv("TZ", ":/etc/localtime", 0);
	tzset();
	/* A second arena of malloc reads a file of /proc when it shrinks. */
	(void)mallopt(M_ARENA_MAX, 1);
#if SANDBOX_LEAKS
	/* Look for leaks now: at the end the filter would not let it, and once done it is not done again. */
	__lsan_do_leak_check();
#endif
}

static struct err enter_landlock(const struct sandbox_policy *policy, struct sandbox_report *report)
{
	struct sandbox_path paths[SANDBOX_PATHS_MAX + 4];
	size_t count = 0;
	for (size_t i = 0; i < policy->path_count; i++)
		paths[count++] = policy->paths[i];
	if (SANDBOX_SANITIZED) {
		static const char *const wider[] = {"/proc", "/usr", "/proc/self/exe"};
		for (size_t i = 0; i < sizeof wider / sizeof *wider; i++)
			if (access(wider[i], F_OK) == 0)
				paths[count++] = (struct sandbox_path){wider[i], false};
	}
	int abi = landlock_abi();
	report_add(report, landlock_missing(abi));
	if (abi > 0)
		TRY(landlock_enter(abi, paths, count));
	return OK;
}

struct err sandbox_enter(const struct sandbox_policy *policy, struct sandbox_report *ret_report)
{
	REQUIRE(policy->role > WORKER_NONE && policy->role <= WORKER_VERIFY);
	REQUIRE(policy->path_count <= SANDBOX_PATHS_MAX);
	REQUIRE(has_one_thread());
	struct sandbox_report report = {0};
	uint32_t roles = UINT32_C(1) << policy->role;
	prepare_library();
	TRY(close_the_ways_up(0));
	TRY(set_limits(policy->role));
	TRY(enter_landlock(policy, &report));
	if (SANDBOX_SANITIZED) {
		roles |= SANITIZER;
		report_add(&report, "sanitizer build: wider filter");
	}
	TRY(load_filter(roles));
	*ret_report = report;
	return OK;
}

/* ---- users and powers ---- */

bool sandbox_can_drop(void)
{
	return geteuid() == 0;
}

struct err sandbox_drop(uid_t uid, gid_t gid)
{
	REQUIRE(uid != 0 && gid != 0);
	int death_signal = 0;
	pid_t parent = getppid();
	ENSURE(prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0) == 0);
	if (setgroups(0, NULL) != 0)
		return FAIL_ERRNO("drop groups");
	if (setresgid(gid, gid, gid) != 0)
		return FAIL_ERRNO("become group %u", gid);
	if (setresuid(uid, uid, uid) != 0)
		return FAIL_ERRNO("become user %u", uid);
	uid_t uids[3];
	gid_t gids[3];
	ENSURE(getresuid(&uids[0], &uids[1], &uids[2]) == 0 && getresgid(&gids[0], &gids[1], &gids[2]) == 0);
	for (size_t i = 0; i < 3; i++)
		ENSURE(uids[i] == uid && gids[i] == gid);
	ENSURE(getgroups(0, NULL) == 0);
	ENSURE(setuid(0) != 0 && setgid(0) != 0); /* no way back */
	/* A change of user clears the promise to end with the parent, who may have gone in between. */
	if (prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0 || (death_signal != 0 && getppid() != parent))
		return FAIL(ERR_CLOSED, "the parent has gone");
	return OK;
}

struct err sandbox_supervise(void)
{
	TRY(limit(RLIMIT_CORE, 0));
	return close_the_ways_up(UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_KILL);
}

void sandbox_close_others(const int *kept, size_t kept_count)
{
	REQUIRE(kept_count <= SANDBOX_DESCRIPTORS_MAX);
	unsigned from = STDERR_FILENO + 1;
	for (size_t i = 0; i < kept_count; i++) {
		REQUIRE(kept[i] >= (int)from);
		if (kept[i] > (int)from)
			ENSURE(close_range(from, (unsigned)kept[i] - 1, 0) == 0);
		from = (unsigned)kept[i] + 1;
	}
	ENSURE(close_range(from, ~0u, 0) == 0);
}
