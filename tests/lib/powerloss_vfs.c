#include "lib/powerloss_vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum {
	FILES_MAX = 8,
	PATH_SIZE_MAX = 512,
	SECTOR_SIZE = 512, /* what a disk writes whole or not at all */
	SHM_REGIONS_MAX = 64,
};

/* Something done to a file since its last flush: a write of one sector's part, or a truncation. */
struct pending {
	struct pending *next;
	bool truncation;
	size_t at; /* the new size, for a truncation */
	size_t size;
	uint8_t bytes[SECTOR_SIZE];
};

struct image {
	uint8_t *bytes;
	size_t size;
	size_t room;
};

struct memory_file {
	char path[PATH_SIZE_MAX]; /* empty: a free place */
	struct image now;
	struct image flushed;
	bool ever_flushed;
	struct pending *first, **last;
	void *shm[SHM_REGIONS_MAX];
};

struct open_file {
	sqlite3_file base;
	struct memory_file *file;
};

static struct memory_file files[FILES_MAX];
static enum powerloss_fault fault;
static uint64_t fault_at;
static uint64_t operations;
static bool struck;

/* ---- images ---- */

static void image_grow(struct image *image, size_t size)
{
	if (size > image->room) {
		size_t room = image->room ? image->room : 64 * 1024;
		while (room < size)
			room *= 2;
		image->bytes = realloc(image->bytes, room);
		REQUIRE(image->bytes);
		image->room = room;
	}
	if (size > image->size) {
		memset(image->bytes + image->size, 0, size - image->size);
		image->size = size;
	}
}

static void image_write(struct image *image, size_t at, const uint8_t *bytes, size_t size)
{
	image_grow(image, at + size);
	memcpy(image->bytes + at, bytes, size);
}

static void image_copy(struct image *to, const struct image *from)
{
	to->size = 0;
	image_grow(to, from->size);
	if (from->size > 0)
		memcpy(to->bytes, from->bytes, from->size);
}

static void image_truncate(struct image *image, size_t size)
{
	if (size < image->size)
		image->size = size;
	else
		image_grow(image, size);
}

/* ---- files ---- */

static void forget_pending(struct memory_file *file)
{
	for (struct pending *p = file->first; p;) {
		struct pending *next = p->next;
		free(p);
		p = next;
	}
	file->first = NULL;
	file->last = &file->first;
}

static void forget_shm(struct memory_file *file)
{
	for (size_t i = 0; i < SHM_REGIONS_MAX; i++) {
		free(file->shm[i]);
		file->shm[i] = NULL;
	}
}

static void file_remove(struct memory_file *file)
{
	forget_pending(file);
	forget_shm(file);
	free(file->now.bytes);
	free(file->flushed.bytes);
	memset(file, 0, sizeof *file);
}

static struct memory_file *file_find(const char *path)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (files[i].path[0] && strcmp(files[i].path, path) == 0)
			return &files[i];
	return NULL;
}

static struct memory_file *file_make(const char *path)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		if (files[i].path[0])
			continue;
		REQUIRE(strlen(path) < PATH_SIZE_MAX);
		memcpy(files[i].path, path, strlen(path) + 1);
		files[i].last = &files[i].first;
		return &files[i];
	}
	REQUIRE(!"a free place for a file");
	return NULL;
}

static void note(struct memory_file *file, bool truncation, size_t at, const uint8_t *bytes, size_t size)
{
	struct pending *p = calloc(1, sizeof *p);
	REQUIRE(p && size <= SECTOR_SIZE);
	p->truncation = truncation;
	p->at = at;
	p->size = size;
	if (size > 0)
		memcpy(p->bytes, bytes, size);
	*file->last = p;
	file->last = &p->next;
}

/* ---- faults ---- */

/* What the next operation meets: SQLITE_OK, or how it fails. */
static int meet(bool takes_space, int error)
{
	operations++;
	bool now = fault != POWERLOSS_NONE && operations >= fault_at;
	if (!now)
		return SQLITE_OK;
	switch (fault) {
	case POWERLOSS_CUT:
		struck = true;
		return error;
	case POWERLOSS_ERROR_ONCE:
		fault = POWERLOSS_NONE;
		struck = true;
		return error;
	case POWERLOSS_FULL_ONCE:
		if (!takes_space)
			return SQLITE_OK;
		fault = POWERLOSS_NONE;
		struck = true;
		return SQLITE_FULL;
	default:
		if (!takes_space)
			return SQLITE_OK;
		struck = true;
		return SQLITE_FULL;
	}
}

/* ---- sqlite3_io_methods ---- */

static struct memory_file *of(sqlite3_file *file)
{
	return ((struct open_file *)file)->file;
}

static int vfs_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int vfs_read(sqlite3_file *base, void *to, int amount, sqlite3_int64 from)
{
	struct memory_file *file = of(base);
	int result = meet(false, SQLITE_IOERR_READ);
	if (result != SQLITE_OK)
		return result;
	size_t at = (size_t)from, wanted = (size_t)amount;
	size_t there = at < file->now.size ? file->now.size - at : 0;
	size_t got = there < wanted ? there : wanted;
	if (got > 0)
		memcpy(to, file->now.bytes + at, got);
	if (got == wanted)
		return SQLITE_OK;
	memset((uint8_t *)to + got, 0, wanted - got);
	return SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *base, const void *from, int amount, sqlite3_int64 to)
{
	struct memory_file *file = of(base);
	int result = meet(true, SQLITE_IOERR_WRITE);
	if (result != SQLITE_OK)
		return result;
	image_write(&file->now, (size_t)to, from, (size_t)amount);
	const uint8_t *bytes = from;
	for (size_t at = (size_t)to, end = at + (size_t)amount; at < end;) {
		size_t sector_end = at - at % SECTOR_SIZE + SECTOR_SIZE;
		size_t size = (sector_end < end ? sector_end : end) - at;
		note(file, false, at, bytes, size);
		at += size;
		bytes += size;
	}
	return SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct memory_file *file = of(base);
	int result = meet(false, SQLITE_IOERR_TRUNCATE);
	if (result != SQLITE_OK)
		return result;
	image_truncate(&file->now, (size_t)size);
	note(file, true, (size_t)size, NULL, 0);
	return SQLITE_OK;
}

static int vfs_sync(sqlite3_file *base, int flags)
{
	struct memory_file *file = of(base);
	(void)flags;
	int result = meet(false, SQLITE_IOERR_FSYNC);
	if (result != SQLITE_OK)
		return result;
	image_copy(&file->flushed, &file->now);
	file->ever_flushed = true;
	forget_pending(file);
	return SQLITE_OK;
}

static int vfs_file_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
	*ret_size = (sqlite3_int64)of(base)->now.size;
	return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int vfs_check_reserved_lock(sqlite3_file *base, int *ret_reserved)
{
	(void)base;
	*ret_reserved = 0;
	return SQLITE_OK;
}

static int vfs_file_control(sqlite3_file *base, int what, void *argument)
{
	(void)base;
	(void)what;
	(void)argument;
	return SQLITE_NOTFOUND;
}

static int vfs_sector_size(sqlite3_file *base)
{
	(void)base;
	return SECTOR_SIZE;
}

static int vfs_device_characteristics(sqlite3_file *base)
{
	(void)base;
	/* As SQLite assumes of every disk: a write does not harm its neighbours. */
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int vfs_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **ret_region)
{
	struct memory_file *file = of(base);
	REQUIRE(region >= 0 && region < SHM_REGIONS_MAX);
	if (!file->shm[region] && extend) {
		file->shm[region] = calloc(1, (size_t)size);
		REQUIRE(file->shm[region]);
	}
	*ret_region = file->shm[region];
	return SQLITE_OK;
}

static int vfs_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
	(void)base;
	(void)offset;
	(void)count;
	(void)flags;
	return SQLITE_OK;
}

static void vfs_shm_barrier(sqlite3_file *base)
{
	(void)base;
	__sync_synchronize();
}

static int vfs_shm_unmap(sqlite3_file *base, int remove)
{
	(void)remove;
	forget_shm(of(base)); /* the only connection closes: the next one recovers the log */
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = vfs_close,
	.xRead = vfs_read,
	.xWrite = vfs_write,
	.xTruncate = vfs_truncate,
	.xSync = vfs_sync,
	.xFileSize = vfs_file_size,
	.xLock = vfs_lock,
	.xUnlock = vfs_lock,
	.xCheckReservedLock = vfs_check_reserved_lock,
	.xFileControl = vfs_file_control,
	.xSectorSize = vfs_sector_size,
	.xDeviceCharacteristics = vfs_device_characteristics,
	.xShmMap = vfs_shm_map,
	.xShmLock = vfs_shm_lock,
	.xShmBarrier = vfs_shm_barrier,
	.xShmUnmap = vfs_shm_unmap,
};

/* ---- sqlite3_vfs ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *ret_flags)
{
	(void)vfs;
	struct open_file *opened = (struct open_file *)base;
	memset(opened, 0, sizeof *opened);
	REQUIRE(path); /* no temporary files */
	opened->file = file_find(path);
	if (!opened->file && !(flags & SQLITE_OPEN_CREATE))
		return SQLITE_CANTOPEN;
	if (!opened->file)
		opened->file = file_make(path);
	opened->base.pMethods = &methods;
	if (ret_flags)
		*ret_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
	(void)vfs;
	(void)sync_directory;
	int result = meet(false, SQLITE_IOERR_DELETE);
	struct memory_file *file = file_find(path);
	if (result == SQLITE_OK && file)
		file_remove(file);
	return result;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int what, int *ret_yes)
{
	(void)vfs;
	const struct memory_file *file = file_find(path);
	*ret_yes = file && (what != SQLITE_ACCESS_EXISTS || file->now.size > 0);
	return SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int size, char *ret_path)
{
	(void)vfs;
	if (strlen(path) >= (size_t)size)
		return SQLITE_CANTOPEN;
	memcpy(ret_path, path, strlen(path) + 1);
	return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *ret_text)
{
	(void)vfs;
	(void)size;
	(void)ret_text;
	return 0;
}

void powerloss_register(void)
{
	static sqlite3_vfs vfs;
	sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
	REQUIRE(usual);
	vfs = (sqlite3_vfs){
		.iVersion = 2,
		.szOsFile = sizeof(struct open_file),
		.mxPathname = PATH_SIZE_MAX,
		.zName = POWERLOSS_VFS,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_pathname,
		.xGetLastError = vfs_last_error,
		.xRandomness = usual->xRandomness,
		.xSleep = usual->xSleep,
		.xCurrentTime = usual->xCurrentTime,
		.xCurrentTimeInt64 = usual->xCurrentTimeInt64,
	};
	REQUIRE(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

/* ---- for the tests ---- */

void powerloss_heal(void)
{
	fault = POWERLOSS_NONE;
}

void powerloss_reset(void)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (files[i].path[0])
			file_remove(&files[i]);
	powerloss_heal();
	operations = 0;
	struck = false;
}

void powerloss_arm(enum powerloss_fault new_fault, uint64_t operation)
{
	fault = new_fault;
	fault_at = operation;
	operations = 0;
	struck = false;
}

bool powerloss_struck(void)
{
	return struck;
}

uint64_t powerloss_operations(void)
{
	return operations;
}

static void file_recover(struct memory_file *file, uint64_t (*random)(void))
{
	/* Mostly a coin for each sector; sometimes all or nothing, which coins almost never give. */
	uint64_t mood = random() % 8;
	for (const struct pending *p = file->first; p; p = p->next) {
		bool kept = mood == 0 ? true : mood == 1 ? false : random() % 2 == 0;
		if (kept && p->truncation)
			image_truncate(&file->flushed, p->at);
		else if (kept)
			image_write(&file->flushed, p->at, p->bytes, p->size);
	}
	forget_pending(file);
	forget_shm(file);
	image_copy(&file->now, &file->flushed);
}

void powerloss_recover(uint64_t (*random)(void))
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		if (!files[i].path[0])
			continue;
		if (!files[i].ever_flushed && random() % 2 == 0)
			file_remove(&files[i]); /* not even its name was flushed */
		else
			file_recover(&files[i], random);
	}
	powerloss_heal();
}

uint8_t *powerloss_bytes(const char *path, size_t *ret_size)
{
	struct memory_file *file = file_find(path);
	if (!file)
		return NULL;
	*ret_size = file->now.size;
	return file->now.bytes;
}

void powerloss_put(const char *path, const uint8_t *bytes, size_t size)
{
	powerloss_remove(path);
	struct memory_file *file = file_make(path);
	if (size > 0)
		image_write(&file->now, 0, bytes, size);
	image_copy(&file->flushed, &file->now);
	file->ever_flushed = true;
}

void powerloss_remove(const char *path)
{
	struct memory_file *file = file_find(path);
	if (file)
		file_remove(file);
}
