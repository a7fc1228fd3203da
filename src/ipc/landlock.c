#include "ipc/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same numbers on every architecture. */
enum {
	CALL_CREATE_RULESET = 444,
	CALL_ADD_RULE = 445,
	CALL_RESTRICT_SELF = 446,
	CREATE_RULESET_VERSION = 1,
	RULE_PATH_BENEATH = 1,
};

#define FILE_EXECUTE (UINT64_C(1) << 0)
#define FILE_WRITE (UINT64_C(1) << 1)
#define FILE_READ (UINT64_C(1) << 2)
#define FOLDER_READ (UINT64_C(1) << 3)
#define FOLDER_REMOVE_FOLDER (UINT64_C(1) << 4)
#define FOLDER_REMOVE_FILE (UINT64_C(1) << 5)
#define FOLDER_MAKE_FOLDER (UINT64_C(1) << 7)
#define FOLDER_MAKE_FILE (UINT64_C(1) << 8)
#define FILES_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FOLDER_REFER (UINT64_C(1) << 13)   /* ABI 2: rename between folders */
#define FILE_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define FILE_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NETWORK_ABI_4 UINT64_C(3)          /* TCP: bind, connect */
#define SCOPED_ABI_6 UINT64_C(3)           /* abstract unix sockets, signals */

#define READING (FILE_READ | FOLDER_READ)
#define WRITING                                                                                                        \
	(READING | FILE_WRITE | FILE_TRUNCATE | FOLDER_REMOVE_FOLDER | FOLDER_REMOVE_FILE | FOLDER_MAKE_FOLDER |       \
	 FOLDER_MAKE_FILE | FOLDER_REFER)
#define OF_A_FILE (FILE_EXECUTE | FILE_WRITE | FILE_READ | FILE_TRUNCATE | FILE_IOCTL_DEV)

struct path_rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

int landlock_abi(void)
{
	long abi = syscall(CALL_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
	if (abi < 1)
		return 0; /* ENOSYS: not built in; EOPNOTSUPP: turned off at boot; EPERM: an outer filter */
	return abi < LANDLOCK_ABI_MAX ? (int)abi : LANDLOCK_ABI_MAX;
}

struct landlock_rights landlock_rights_of(int abi)
{
	struct landlock_rights rights = {0};
	if (abi >= 1)
		rights.files = FILES_ABI_1;
	if (abi >= 2)
		rights.files |= FOLDER_REFER;
	if (abi >= 3)
		rights.files |= FILE_TRUNCATE;
	if (abi >= 4)
		rights.network = NETWORK_ABI_4;
	if (abi >= 5)
		rights.files |= FILE_IOCTL_DEV;
	if (abi >= 6)
		rights.scoped = SCOPED_ABI_6;
	return rights;
}

const char *landlock_missing(int abi)
{
	static const char *const missing[LANDLOCK_ABI_MAX + 1] = {
		"landlock: not supported",
		"landlock ABI 1: no rule for renaming, truncating, TCP, device ioctl, signals",
		"landlock ABI 2: no rule for truncating, TCP, device ioctl, signals",
		"landlock ABI 3: no rule for TCP, device ioctl, signals",
		"landlock ABI 4: no rule for device ioctl, signals",
		"landlock ABI 5: no rule for signals",
		"", /* 7 adds nothing but choices about the kernel's own log */
		"",
	};
	REQUIRE(abi >= 0 && abi <= LANDLOCK_ABI_MAX);
	return missing[abi];
}

/* The kernel knows a ruleset's fields by its size, so that an older one is given no more than it knows. */
static size_t ruleset_size(int abi)
{
	return abi >= 6 ? 3 * sizeof(uint64_t) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static struct err add_path(int ruleset, uint64_t handled, const struct sandbox_path *path)
{
	int descriptor = open(path->path, O_PATH | O_CLOEXEC);
	if (descriptor < 0)
		return FAIL_ERRNO("landlock: open %s", path->path);
	struct stat status;
	ENSURE(fstat(descriptor, &status) == 0);
	struct path_rule rule = {.allowed = (path->write ? WRITING : READING) & handled, .parent = descriptor};
	if (!S_ISDIR(status.st_mode))
		rule.allowed &= OF_A_FILE;
	long added = syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0);
	struct err e = added == 0 ? OK : FAIL_ERRNO("landlock: rule for %s", path->path);
	(void)close(descriptor);
	return e;
}

struct err landlock_enter(int abi, const struct sandbox_path *paths, size_t path_count)
{
	REQUIRE(abi >= 1 && abi <= LANDLOCK_ABI_MAX);
	struct landlock_rights rights = landlock_rights_of(abi);
	uint64_t attributes[3] = {rights.files, rights.network, rights.scoped};
	int ruleset = (int)syscall(CALL_CREATE_RULESET, attributes, ruleset_size(abi), 0);
	if (ruleset < 0)
		return FAIL_ERRNO("landlock: ruleset");
	struct err e = OK;
	for (size_t i = 0; i < path_count && !failed(e); i++)
		e = add_path(ruleset, rights.files, &paths[i]);
	if (!failed(e) && syscall(CALL_RESTRICT_SELF, ruleset, 0) != 0)
		e = FAIL_ERRNO("landlock: restrict");
	(void)close(ruleset);
	return e;
}
