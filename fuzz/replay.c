/* fuzz/replay.c - a main() that gives every file of some folders to a fuzz target, once, and says so in TAP.
 *
 * Where libFuzzer is the main(), targets search; where this is, they replay what was ever found, so that the plain
 * suite needs no clang and a bug that was fixed stays fixed. A crash ends the program: the name of the file that was
 * being read is then the last line of the output.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { REPLAY_FILE_SIZE_MAX = 4 * 1024 * 1024, REPLAY_PATH_SIZE_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;
static size_t unreadable;

static void say_unreadable(const char *path, const char *why)
{
	unreadable++;
	printf("not ok %zu - %s: %s\n", replayed + unreadable, path, why);
}

static void replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		say_unreadable(path, strerror(errno));
		return;
	}
	/* Its own allocation of just this size, so that a sanitizer sees a read of one byte too many. */
	uint8_t *bytes = malloc(size > 0 ? size : 1);
	if (!bytes || fread(bytes, 1, size, file) != size) {
		say_unreadable(path, "could not be read whole");
	} else {
		printf("# %s\n", path);
		fflush(stdout);
		(void)LLVMFuzzerTestOneInput(bytes, size);
		replayed++;
		printf("ok %zu - %s\n", replayed + unreadable, path);
	}
	free(bytes);
	(void)fclose(file);
}

static void replay_folder(const char *folder)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, NULL, alphasort);
	if (count < 0) {
		say_unreadable(folder, strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		char path[REPLAY_PATH_SIZE_MAX];
		struct stat status;
		int length = snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
		if (length < 0 || (size_t)length >= sizeof path || stat(path, &status) != 0)
			say_unreadable(names[i]->d_name, "no such file");
		else if (S_ISREG(status.st_mode) && status.st_size > REPLAY_FILE_SIZE_MAX)
			say_unreadable(path, "larger than anything a target would read");
		else if (S_ISREG(status.st_mode))
			replay_file(path, (size_t)status.st_size);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay_folder(argv[i]);
	if (replayed == 0)
		say_unreadable(argc > 1 ? argv[1] : "usage: fuzz-NAME FOLDER...", "nothing to replay");
	printf("1..%zu\n", replayed + unreadable);
	return unreadable > 0 ? 1 : 0;
}
