/* tests/lib/clock_step.c - lets a test set the wall clock of one server forward and back, without touching the
 * machine's.
 *
 * Preloaded into the supervisor, which is told by CLOCK_STEP_FILE where the offset stands: eight bytes, microseconds,
 * signed. The file is mapped before any sandbox closes, and read on each call. Workers get a clean environment, so
 * execve puts the two variables back in. Only CLOCK_REALTIME is shifted: the boot clock goes on as it does when
 * somebody sets a machine's clock.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { VARIABLES_MAX = 256, MICROSECONDS = 1000000, NAME_SIZE_MAX = 600 };

static const volatile int64_t *offset_us;
static char preload[NAME_SIZE_MAX], file[NAME_SIZE_MAX];

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("CLOCK_STEP_FILE");
	const char *us = getenv("LD_PRELOAD");
	if (!path || !us)
		return;
	(void)snprintf(file, sizeof file, "CLOCK_STEP_FILE=%s", path);
	(void)snprintf(preload, sizeof preload, "LD_PRELOAD=%s", us);
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return;
	void *map = mmap(NULL, sizeof *offset_us, PROT_READ, MAP_SHARED, descriptor, 0);
	(void)close(descriptor);
	if (map != MAP_FAILED)
		offset_us = map;
}

static void shift(struct timespec *time)
{
	int64_t us = time->tv_sec * INT64_C(1000000) + time->tv_nsec / 1000 + (offset_us ? *offset_us : 0);
	time->tv_sec = us / MICROSECONDS;
	time->tv_nsec = us % MICROSECONDS * 1000 + time->tv_nsec % 1000;
}

static int real_clock(clockid_t clock, struct timespec *ret_time)
{
	static int (*next)(clockid_t, struct timespec *);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
	return next(clock, ret_time);
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int result = real_clock(clock, ret_time);
	if (result == 0 && clock == CLOCK_REALTIME)
		shift(ret_time);
	return result;
}

time_t time(time_t *ret_time)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return (time_t)-1;
	if (ret_time)
		*ret_time = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	*ret_time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return 0;
}

int execve(const char *path, char *const arguments[], char *const environment[])
{
	char *given[VARIABLES_MAX + 3];
	size_t count = 0;
	for (; environment && environment[count] && count < VARIABLES_MAX; count++)
		given[count] = environment[count];
	if (preload[0]) {
		given[count++] = preload;
		given[count++] = file;
	}
	given[count] = NULL;
	return (int)syscall(SYS_execve, path, arguments, given);
}
