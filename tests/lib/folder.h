/* tests/lib/folder.h - a folder for one test program, gone when it ends. */
#ifndef LEGATION_TESTS_FOLDER_H
#define LEGATION_TESTS_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

static char folder_path[256];
static pid_t folder_owner;

/* Remove what is in the folder: plain files only. */
__attribute__((unused)) static void folder_empty(void)
{
	DIR *directory = opendir(folder_path);
	REQUIRE(directory);
	for (struct dirent *entry; (entry = readdir(directory));) {
		char path[1024];
		(void)snprintf(path, sizeof path, "%s/%s", folder_path, entry->d_name);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlink(path);
	}
	(void)closedir(directory);
}

__attribute__((unused)) static void folder_remove(void)
{
	if (getpid() != folder_owner) /* a child that left by exit() */
		return;
	folder_empty();
	(void)rmdir(folder_path);
}

__attribute__((unused)) static void folder_make(void)
{
	const char *above = getenv("TMPDIR");
	(void)snprintf(folder_path, sizeof folder_path, "%s/legation-test-XXXXXX", above ? above : "/tmp");
	REQUIRE(mkdtemp(folder_path));
	folder_owner = getpid();
	REQUIRE(atexit(folder_remove) == 0);
}

/* A path in the folder. The same name gives the same pointer, for as long as the program runs. */
__attribute__((unused)) static const char *folder_file(const char *name)
{
	enum { NAMES_MAX = 64 };
	static char paths[NAMES_MAX][512];
	static size_t count;
	char path[sizeof paths[0]];
	(void)snprintf(path, sizeof path, "%s/%s", folder_path, name);
	for (size_t i = 0; i < count; i++)
		if (strcmp(paths[i], path) == 0)
			return paths[i];
	REQUIRE(count < NAMES_MAX);
	memcpy(paths[count], path, sizeof path);
	return paths[count++];
}

#endif
