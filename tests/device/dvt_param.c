// SPDX-License-Identifier: GPL-2.0-only
/* The driver's parameters of dvt_param.h, in sysfs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvt_param.h"

/* What is saved and restored; a driver that has not all of them is older. */
static struct {
	const char *name;
	char value[32];
} params[] = {
	{ .name = "feature_dma_buf" },
	{ .name = "huge" },
	{ .name = "p2p" },
};

static int param_open(const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path),
		 "/sys/module/dmabuf_vfio_pci/parameters/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/**
 * dvt_param_read() - read a parameter
 * @name: its name
 * @value: where it goes, without the newline at its end
 * @size: size of @value
 *
 * Return: 0 or a negative errno.
 */
int dvt_param_read(const char *name, char *value, size_t size)
{
	int fd = param_open(name, O_RDONLY), ret = 0;
	ssize_t len;

	if (fd < 0)
		return fd;
	len = read(fd, value, size - 1);
	if (len < 0)
		ret = -errno;
	close(fd);
	value[len < 0 ? 0 : len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return ret;
}

/**
 * dvt_param_write() - write a parameter
 * @name: its name
 * @value: what to write, to the byte
 *
 * Return: 0 or a negative errno.
 */
int dvt_param_write(const char *name, const char *value)
{
	int fd = param_open(name, O_WRONLY), ret = 0;
	ssize_t len;

	if (fd < 0)
		return fd;
	len = write(fd, value, strlen(value));
	if (len < 0)
		ret = -errno;
	else if ((size_t)len != strlen(value))
		ret = -EIO;
	close(fd);
	return ret;
}

/**
 * dvt_param_set() - give a parameter a value
 * @name: its name
 * @value: the value
 */
void dvt_param_set(const char *name, const char *value)
{
	int ret = dvt_param_write(name, value);

	ck_assert_msg(!ret, "setting %s to %s: %s", name, value,
		      strerror(-ret));
}

/**
 * dvt_param_assert() - a parameter has a value
 * @name: its name
 * @value: the value
 */
void dvt_param_assert(const char *name, const char *value)
{
	char now[32];

	ck_assert_int_eq(dvt_param_read(name, now, sizeof(now)), 0);
	ck_assert_str_eq(now, value);
}

/**
 * dvt_param_save() - remember the parameters, before a test
 */
void dvt_param_save(void)
{
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(params); i++)
		if (dvt_param_read(params[i].name, params[i].value,
				   sizeof(params[i].value)))
			params[i].value[0] = '\0';
}

/**
 * dvt_param_restore() - put back what dvt_param_save() has seen
 */
void dvt_param_restore(void)
{
	size_t i;
	int ret;

	for (i = 0; i < DVT_ARRAY_SIZE(params); i++) {
		if (!params[i].value[0])
			continue;
		ret = dvt_param_write(params[i].name, params[i].value);
		if (!ret)
			continue;
		/* No test after this one could be believed. */
		fprintf(stderr, "putting %s back: %s\n", params[i].name,
			strerror(-ret));
		exit(EXIT_FAILURE);
	}
}
