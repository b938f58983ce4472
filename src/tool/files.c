// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading files, links and directories of the system. VFIO_DMABUF_ROOT puts a
 * directory in front of all paths: for tests of what the tool makes of files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static const char *root(void)
{
	const char *dir = getenv("VFIO_DMABUF_ROOT");

	return dir ? dir : "";
}

/**
 * tool_rooted() - whether it is another tree that is looked at
 *
 * Return: true if VFIO_DMABUF_ROOT is set.
 */
bool tool_rooted(void)
{
	return *root();
}

/**
 * tool_path() - where a file is
 * @buf: where the path goes
 * @size: size of @buf
 * @path: an absolute path
 *
 * Return: @buf.
 */
const char *tool_path(char *buf, size_t size, const char *path)
{
	snprintf(buf, size, "%s%s", root(), path);
	return buf;
}

static void vpath(char *buf, size_t size, const char *format, va_list args)
{
	char path[PATH_MAX];

	vsnprintf(path, sizeof(path), format, args);
	tool_path(buf, size, path);
}

static ssize_t read_to_end(int fd, char *buf, size_t size)
{
	size_t done = 0;
	ssize_t got = 1;

	while (got > 0 && done < size) {
		got = read(fd, buf + done, size - done);
		if (got > 0)
			done += got;
	}
	return got < 0 ? -errno : (ssize_t)done;
}

/**
 * tool_read() - read a small file
 * @buf: where the text goes, without the newline at its end; "" on failure
 * @size: size of @buf
 * @format: the path, as for printf()
 *
 * Return: 0 or a negative errno.
 */
int tool_read(char *buf, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	ssize_t len;
	int fd;

	va_start(args, format);
	vpath(path, sizeof(path), format, args);
	va_end(args);
	buf[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read_to_end(fd, buf, size - 1);
	close(fd);
	if (len < 0) {
		buf[0] = '\0';
		return len;
	}
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return 0;
}

/**
 * tool_read_all() - read a file of any size
 * @format: the path, as for printf()
 *
 * Return: its text, to be freed, or NULL with errno set.
 */
char *tool_read_all(const char *format, ...)
{
	size_t size = 65536, len = 0;
	char path[PATH_MAX], *buf = NULL, *more;
	ssize_t got = -ENOMEM;
	va_list args;
	int fd;

	va_start(args, format);
	vpath(path, sizeof(path), format, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	for (;;) {
		more = realloc(buf, size + 1);
		if (!more)
			break;
		buf = more;
		got = read_to_end(fd, buf + len, size - len);
		if (got < 0)
			break;
		len += got;
		if (len < size)
			break;
		size *= 2;
	}
	close(fd);
	if (got < 0) {
		free(buf);
		errno = -got;
		return NULL;
	}
	buf[len] = '\0';
	return buf;
}

/**
 * tool_exists() - whether a file is there
 * @format: the path, as for printf()
 *
 * Return: true if it is, and can be seen.
 */
bool tool_exists(const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	vpath(path, sizeof(path), format, args);
	va_end(args);
	return !access(path, F_OK);
}

/**
 * tool_link_name() - the name of what a symbolic link points at
 * @buf: where it goes; "" on failure
 * @size: size of @buf
 * @format: the path, as for printf()
 *
 * Return: 0 or a negative errno.
 */
int tool_link_name(char *buf, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;

	va_start(args, format);
	vpath(path, sizeof(path), format, args);
	va_end(args);
	return dvl_sysfs_link(path, buf, size);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/**
 * tool_each_entry() - call a function for each entry of a directory, by name
 * @fn: the function
 * @arg: for @fn
 * @format: the path, as for printf()
 *
 * Return: the number of entries, or a negative errno.
 */
int tool_each_entry(tool_entry_fn fn, void *arg, const char *format, ...)
{
	struct dirent **entries;
	char path[PATH_MAX];
	va_list args;
	int nr, i;

	va_start(args, format);
	vpath(path, sizeof(path), format, args);
	va_end(args);
	nr = scandir(path, &entries, visible, versionsort);
	if (nr < 0)
		return -errno;
	for (i = 0; i < nr; i++) {
		fn(entries[i]->d_name, arg);
		free(entries[i]);
	}
	free(entries);
	return nr;
}
