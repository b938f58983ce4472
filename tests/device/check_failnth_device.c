// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices when memory runs out: each allocation of each call fails once. A call that
 * needs memory says so and leaves nothing behind; one that ends something works
 * without any.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvt_config.h"
#include "dvt_failnth.h"
#include "dvt_show.h"

#define LEN 4096UL

/**
 * struct scene - what the calls are about
 * @bdf: the device
 * @bar: a BAR of it
 * @dev: the same, open for most calls
 * @fd: a buffer of it
 * @map: a mapping of that
 * @path: a file of it
 */
struct scene {
	const char *bdf;
	unsigned int bar;
	struct dvl_device dev;
	int fd;
	void *map;
	char path[128];
};

/*
 * Opening, closing and binding is about a device without an interrupt pin. For a
 * pin, the kernel asks ACPI's interpreter each time, which was seen to die of a
 * failed allocation: acpi_ns_repair_PRT() takes what is left of a table for one.
 */
static const struct scene memory = {
	.bar = 2,
	.dev = DVL_DEVICE_CLOSED,
};

/* The other one can be reset by itself, and sleep. */
static const struct scene registers = {
	.bar = 4,
	.dev = DVL_DEVICE_CLOSED,
};

static void nothing_before(void *arg)
{
	(void)arg;
}

static void open_device(void *arg)
{
	struct scene *scene = arg;

	dvt_open(&scene->dev, scene->bdf);
	dvt_memory_on(&scene->dev);
	scene->fd = dvt_export(&scene->dev, scene->bar, 0, LEN,
			       O_RDWR | O_CLOEXEC);
	scene->map = dvt_map(scene->fd, LEN, PROT_READ | PROT_WRITE);
	ck_assert_int_ge(dvt_read32(scene->map), 0);
}

static void close_device(void *arg, int ret)
{
	struct scene *scene = arg;

	(void)ret;
	ck_assert_int_eq(munmap(scene->map, LEN), 0);
	ck_assert_int_eq(close(scene->fd), 0);
	dvl_device_close(&scene->dev);
}

static int call_open(void *arg)
{
	struct scene *scene = arg;

	return dvl_device_open(&scene->dev, scene->bdf);
}

/* Also of a BAR that the core could not claim: it opens the device all the same. */
static void opened_exports(void *arg, int ret)
{
	struct scene *scene = arg;
	int fd = dvt_export(&scene->dev, scene->bar, 0, LEN,
			    O_RDWR | O_CLOEXEC);

	(void)ret;
	ck_assert_int_eq(close(fd), 0);
}

static void close_opened(void *arg, int ret)
{
	struct scene *scene = arg;

	if (ret >= 0)
		dvl_device_close(&scene->dev);
}

static int call_close(void *arg)
{
	struct scene *scene = arg;

	dvl_device_close(&scene->dev);
	return 0;
}

static void mapping_is_gone(void *arg, int ret)
{
	struct scene *scene = arg;

	(void)ret;
	ck_assert_int_eq(dvt_read32(scene->map), DVT_SIGBUS);
}

static void mapping_works(void *arg, int ret)
{
	struct scene *scene = arg;

	(void)ret;
	ck_assert_int_ge(dvt_read32(scene->map), 0);
}

static int call_region_info(void *arg)
{
	struct vfio_region_info info;
	struct scene *scene = arg;

	return dvl_region_info(&scene->dev, scene->bar, &info);
}

static int write_command(struct scene *scene, uint16_t value)
{
	return dvl_config_write(&scene->dev, PCI_COMMAND, &value, 2);
}

static int call_memory_off(void *arg)
{
	return write_command(arg, 0);
}

static int call_memory_on(void *arg)
{
	return write_command(arg, PCI_COMMAND_MEMORY);
}

static void open_with_memory_off(void *arg)
{
	open_device(arg);
	ck_assert_int_eq(call_memory_off(arg), 0);
}

static int write_power_state(struct scene *scene, uint16_t state)
{
	return dvl_config_write(&scene->dev, dvt_pm_ctrl(&scene->dev), &state,
				2);
}

static int call_sleep(void *arg)
{
	return write_power_state(arg, 3);
}

static int low_power(struct scene *scene, uint32_t feature)
{
	return dvl_feature(scene->dev.fd, feature, VFIO_DEVICE_FEATURE_SET,
			   NULL, 0);
}

static int call_low_power(void *arg)
{
	return low_power(arg, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
}

static int call_low_power_exit(void *arg)
{
	return low_power(arg, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

static void open_in_low_power(void *arg)
{
	open_device(arg);
	ck_assert_int_eq(call_low_power(arg), 0);
}

static int call_reset(void *arg)
{
	struct scene *scene = arg;

	return dvl_device_reset(&scene->dev);
}

static int call_hot_reset(void *arg)
{
	struct scene *scene = arg;

	return dvl_device_hot_reset(&scene->dev, &scene->dev.group, 1);
}

static int write_driver_file(struct scene *scene, const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, scene->bdf, strlen(scene->bdf)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

#define DRIVER_DIR "/sys/bus/pci/drivers/" DVL_DRIVER "/"

static void unbind(void *arg)
{
	struct scene *scene = arg;

	ck_assert_int_eq(dvl_sysfs_unbind(scene->bdf), 0);
}

static int call_bind(void *arg)
{
	return write_driver_file(arg, DRIVER_DIR "bind");
}

static int call_unbind(void *arg)
{
	return write_driver_file(arg, DRIVER_DIR "unbind");
}

/* Who binds is not told that there was no memory for a file in /dev. */
static void bound_opens(void *arg, int ret)
{
	struct scene *scene = arg;
	int opened = call_open(scene);

	if (opened == -ENOENT && dvt_failnth_has_failed())
		return;
	ck_assert_int_eq(opened, 0);
	opened_exports(scene, ret);
	close_opened(scene, opened);
}

static void bind_again(void *arg, int ret)
{
	struct scene *scene = arg;

	(void)ret;
	dvt_bind(scene->bdf, DVL_DRIVER);
}

static int read_file(struct scene *scene)
{
	static char text[4096];
	int fd = open(scene->path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = read(fd, text, sizeof(text));
	if (ret < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int call_read_debugfs(void *arg)
{
	struct scene *scene = arg;

	dvt_show_path(scene->path, sizeof(scene->path), scene->bdf, "exports");
	return read_file(scene);
}

static int call_read_sysfs(void *arg)
{
	struct scene *scene = arg;

	snprintf(scene->path, sizeof(scene->path),
		 "/sys/bus/pci/devices/%s/dmabuf/exports_live", scene->bdf);
	return read_file(scene);
}

/* Where it cannot make a domain, the container of older kernels says EIO. */
static const struct dvt_failnth_call calls[] = {
	{ "open of a device, with its group", DVT_MAY_SAY, EIO, nothing_before,
	  call_open, opened_exports, close_opened },
	{ "last close of a device", DVT_MUST_WORK, 0, open_device, call_close,
	  mapping_is_gone, close_device },
	{ "region info", DVT_MAY_FAIL, 0, open_device, call_region_info, NULL,
	  close_device },
	{ "config write, memory off", DVT_MUST_WORK, 0, open_device,
	  call_memory_off, mapping_is_gone, close_device },
	{ "config write, memory on", DVT_MUST_WORK, 0, open_with_memory_off,
	  call_memory_on, mapping_works, close_device },
	{ "hot reset", DVT_MAY_FAIL, 0, open_device, call_hot_reset, NULL,
	  close_device },
	{ "bind by sysfs", DVT_MUST_FAIL, 0, unbind, call_bind, bound_opens,
	  bind_again },
	{ "unbind by sysfs", DVT_MAY_FAIL, 0, nothing_before, call_unbind, NULL,
	  bind_again },
	{ "read of exports in debugfs", DVT_MUST_FAIL, 0, open_device,
	  call_read_debugfs, NULL, close_device },
	{ "read of a counter in sysfs", DVT_MUST_FAIL, 0, open_device,
	  call_read_sysfs, NULL, close_device },
};

static const struct dvt_failnth_call power_calls[] = {
	{ "config write, D3hot", DVT_MUST_WORK, 0, open_device, call_sleep,
	  mapping_is_gone, close_device },
	{ "low power entry", DVT_MUST_WORK, 0, open_device, call_low_power,
	  mapping_is_gone, close_device },
	{ "low power exit", DVT_MUST_WORK, 0, open_in_low_power,
	  call_low_power_exit, mapping_works, close_device },
	{ "reset", DVT_MAY_FAIL, 0, open_device, call_reset, NULL,
	  close_device },
};

START_TEST(call_survives_each_failed_allocation)
{
	struct scene scene = memory;

	dvt_failnth_or_skip();
	scene.bdf = dvt_bdf("DVP_BDF");
	if (!scene.bdf)
		dvt_skip("no device for DVP_BDF");
	dvt_failnth_sweep(&calls[_i], &scene);
}
END_TEST

START_TEST(power_call_survives_each_failed_allocation)
{
	struct scene scene = registers;

	dvt_failnth_or_skip();
	scene.bdf = dvt_bdf("DVP_BDF_FLR");
	if (!scene.bdf)
		dvt_skip("no device for DVP_BDF_FLR");
	dvt_failnth_sweep(&power_calls[_i], &scene);
}
END_TEST

DVT_MAIN_FAILNTH("failnth_device",
		 { call_survives_each_failed_allocation,
		   DVT_ARRAY_SIZE(calls) },
		 { power_call_survives_each_failed_allocation,
		   DVT_ARRAY_SIZE(power_calls) })
