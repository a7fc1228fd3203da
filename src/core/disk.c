/* core/disk.c - room for the record.
 *
 * A post keeps a reserve: a file that exists only to be given back when the disk is full of other things. Free space is
 * looked at once a second and after every failure to write. Below the mark, the disk is low: that is an entry, and
 * entry is denied from then on (egress never waits for us); below half of it the reserve is given back, so that what
 * still happens can still be recorded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "core/internal.h"

enum { DISK_LOOK_US = 1000 * 1000 };

static const char *reserve_path(const struct core *core, char path[512])
{
	(void)snprintf(path, 512, "%s/reserve", core->options->directory);
	return path;
}

/* Make the reserve, or what is missing of it; a disk too full for that is low, and says so. */
static void reserve_make(struct core *core)
{
	char path[512];
	int fd = open(reserve_path(core, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	core->reserve_there = posix_fallocate(fd, 0, (off_t)core->options->reserve_bytes) == 0;
	if (!core->reserve_there)
		(void)unlink(path);
	(void)close(fd);
}

static struct err record_change(struct core *core, bool spent)
{
	struct core_disk body = {
		.low = core->disk_low,
		.free_bytes = core->disk_free_bytes,
		.reserve_spent = spent,
	};
	return core_record(core, &core_disk_entry, &body, (struct core_why){.actor = "core"}, NULL);
}

struct err core_disk_look(struct core *core)
{
	uint64_t reserve = core->options->reserve_bytes;
	if (reserve == 0 || (core->disk_looked_us != 0 && core->boot_us - core->disk_looked_us < DISK_LOOK_US))
		return OK;
	core->disk_looked_us = core->boot_us;
	struct statvfs disk;
	if (statvfs(core->options->directory, &disk) != 0)
		return FAIL_ERRNO("look at the disk of %s", core->options->directory);
	core->disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	bool low = core->disk_free_bytes < reserve;
	if (low && core->reserve_there && core->disk_free_bytes < reserve / 2) {
		char path[512];
		core->reserve_there = unlink(reserve_path(core, path)) != 0;
		core->disk_low = true;
		log_error("disk=full free_bytes=%llu reserve=spent", (unsigned long long)core->disk_free_bytes);
		return record_change(core, true);
	}
	if (!low && !core->reserve_there && core->disk_free_bytes > 3 * reserve)
		reserve_make(core);
	/* Low is over only when the reserve stands again: else the next small file would bring it back. */
	bool was = core->disk_low;
	core->disk_low = low || !core->reserve_there;
	return core->disk_low != was ? record_change(core, false) : OK;
}
