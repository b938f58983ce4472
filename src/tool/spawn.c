// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking other programs: dkms, mokutil, systemctl, compilers. None is needed; no
 * shell is in between.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"

/**
 * tool_find_program() - look for a program
 * @name: its name
 * @path: where its path goes
 * @size: size of @path
 *
 * Administrators' directories are looked at for everybody; in another tree, one
 * of its own.
 *
 * Return: whether it is there.
 */
bool tool_find_program(const char *name, char *path, size_t size)
{
	const char *own = getenv("PATH");
	char dirs[PATH_MAX], *rest = dirs, *dir;

	if (tool_rooted()) {
		snprintf(dirs, sizeof(dirs), "/usr/sbin/%s", name);
		return !access(tool_path(path, size, dirs), X_OK);
	}
	snprintf(dirs, sizeof(dirs), "%s:/usr/sbin:/usr/bin:/sbin:/bin",
		 own ? own : "");
	while ((dir = strsep(&rest, ":"))) {
		if (*dir != '/' ||
		    snprintf(path, size, "%s/%s", dir, name) >= (int)size)
			continue;
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

static size_t read_output(int fd, char *buf, size_t size)
{
	char rest[512];
	size_t len = 0;
	ssize_t got;

	/* All is read, so that the program is not stopped by a full pipe. */
	do {
		if (len < size - 1)
			got = read(fd, buf + len, size - 1 - len);
		else
			got = read(fd, rest, sizeof(rest));
		if (got > 0 && len < size - 1)
			len += got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	return len;
}

static int spawn(pid_t *pid, const char *path, const char *const *argv,
		 int out)
{
	static char *const env[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL,
	};
	posix_spawn_file_actions_t actions;
	int ret;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, out, 2);
	ret = posix_spawn(pid, path, &actions, NULL, (char *const *)argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

/**
 * tool_capture() - run a program and take what it prints
 * @buf: where that goes, without the newline at its end
 * @size: size of @buf
 * @argv: its name and arguments, with NULL at the end
 *
 * Return: its exit status, or a negative errno, -ENOENT if it is not there.
 */
int tool_capture(char *buf, size_t size, const char *const *argv)
{
	int ends[2], status, ret;
	char path[PATH_MAX];
	size_t len;
	pid_t pid;

	buf[0] = '\0';
	if (!tool_find_program(argv[0], path, sizeof(path)))
		return -ENOENT;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	ret = spawn(&pid, path, argv, ends[1]);
	close(ends[1]);
	len = ret ? 0 : read_output(ends[0], buf, size);
	close(ends[0]);
	if (ret)
		return ret;
	while (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}
