#include "ledger/files.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

struct err ledger_flush_directory(const char *path)
{
	char copy[PATH_MAX];
	if (strlen(path) >= sizeof copy)
		return FAIL(ERR_INVALID, "%s: too long a path", path);
	memcpy(copy, path, strlen(path) + 1);
	const char *name = dirname(copy); /* which may write into the copy */
	int directory = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return FAIL_ERRNO("%s", name);
	struct err e = fsync(directory) == 0 ? OK : FAIL_ERRNO("%s", name);
	(void)close(directory);
	return e;
}
