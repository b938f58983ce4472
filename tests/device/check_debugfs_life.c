// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a device, in debugfs and sysfs, while the device comes and goes:
 * they can be read at any time, and end with it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dvt_show.h"

#define PAGE 4096UL

static const char *const files[] = { "device", "exports", "regions" };

/*
 * Readers of all files of a device, debugfs and sysfs, until told to stop.
 */

static const char *busy_bdf;
static volatile bool busy_stop;

/* Whatever is there is read; what goes away must do so with an error. */
static void *read_all(void *arg)
{
	char *text, value[128];
	size_t i;

	(void)arg;
	while (!busy_stop) {
		for (i = 0; i < DVT_ARRAY_SIZE(files); i++) {
			text = dvt_show_read(busy_bdf, files[i]);
			free(text);
		}
		dvl_sysfs_read(busy_bdf, "dmabuf/state", value, sizeof(value));
		dvl_sysfs_read(busy_bdf, "dmabuf/faults_total", value,
			       sizeof(value));
	}
	return NULL;
}

START_TEST(files_are_read_while_the_device_comes_and_goes)
{
	enum { ROUNDS = 8 };
	const char *bdf = dvt_bdf("DVP_BDF_FLR");
	struct dvl_device dev;
	pthread_t threads[2];
	int ret = 0, i;

	dvt_debugfs_or_skip();
	if (!bdf)
		dvt_skip("no device for DVP_BDF_FLR");
	busy_bdf = bdf;
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_all,
						NULL), 0);
	for (i = 0; i < ROUNDS && !ret; i++) {
		dvt_open(&dev, bdf);
		dvl_export_one(dev.fd, 4, 0, PAGE, O_RDWR | O_CLOEXEC);
		dvl_device_close(&dev);
		ret = dvl_sysfs_unbind(bdf);
		if (!ret)
			ret = dvl_sysfs_bind(bdf, DVL_DRIVER);
	}
	busy_stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(ret, 0);
	ck_assert_uint_eq(dvt_show_lines(bdf, "device", "device ", NULL), 1);
}
END_TEST

START_TEST(open_files_fail_after_the_device_has_gone)
{
	const char *bdf = dvt_bdf("DVP_BDF_FLR");
	char path[128], byte;
	ssize_t got[2];
	int fds[2], i;

	dvt_debugfs_or_skip();
	if (!bdf)
		dvt_skip("no device for DVP_BDF_FLR");
	dvt_show_path(path, sizeof(path), bdf, "exports");
	fds[0] = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/dmabuf/state",
		 bdf);
	fds[1] = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fds[0], 0);
	ck_assert_int_ge(fds[1], 0);
	ck_assert_int_eq(dvl_sysfs_unbind(bdf), 0);
	for (i = 0; i < 2; i++)
		got[i] = read(fds[i], &byte, 1) < 0 ? -errno : 0;
	dvt_bind(bdf, DVL_DRIVER);
	ck_assert_int_eq(got[0], -EIO);
	ck_assert_int_eq(got[1], -ENODEV);
}
END_TEST

DVT_MAIN("debugfs_life",
	 { files_are_read_while_the_device_comes_and_goes },
	 { open_files_fail_after_the_device_has_gone })
