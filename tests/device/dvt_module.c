// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading modules. Unloading the driver unbinds its devices;
 * loading it binds them again, for their overrides are still there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dvt_module.h"

#define MODULE "dmabuf_vfio_pci"

/**
 * dvt_module_load() - load a module from the directory DVP_MODULES
 * @name: its name, without .ko
 * @params: as on insmod's command line
 *
 * Return: 0, also if it was loaded already, or a negative errno.
 */
int dvt_module_load(const char *name, const char *params)
{
	const char *dir = getenv("DVP_MODULES");
	char path[4096];
	int fd, ret = 0;

	if (!dir)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s.ko", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params, 0) && errno != EEXIST)
		ret = -errno;
	close(fd);
	return ret;
}

/**
 * dvt_module_unload() - unload the driver
 *
 * Return: 0 or a negative errno; -EAGAIN where it is in use.
 */
int dvt_module_unload(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK) ? -errno : 0;
}

/**
 * dvt_module_params() - the parameters that the driver was loaded with
 * @params: what dvt_module_load() wants, to load it the same way again
 * @size: size of @params
 */
void dvt_module_params(char *params, size_t size)
{
	static const char * const names[] = {
		"enable_sriov", "disable_denylist", "nointxmask",
		"disable_idle_d3", "disable_vga",
	};
	char path[128], value[16];
	size_t i, len = 0;
	FILE *file;

	params[0] = '\0';
	for (i = 0; i < DVT_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/sys/module/" MODULE
			 "/parameters/%s", names[i]);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fscanf(file, "%15s", value) == 1)
			len += snprintf(params + len, size - len, "%s=%s ",
					names[i], value);
		fclose(file);
	}
}

/**
 * dvt_module_reload() - unload the driver, which nothing keeps, and load it again
 * @bdf: a device that is bound to it
 *
 * The parameters stay. The override of the device is there still, so it is bound
 * again.
 */
void dvt_module_reload(const char *bdf)
{
	char params[256], driver[64] = "";
	int unloaded, loaded;

	if (!getenv("DVP_MODULES"))
		ck_abort_msg("DVP_MODULES is not set");
	dvt_module_params(params, sizeof(params));
	unloaded = dvt_module_unload();
	loaded = dvt_module_load(DVL_DRIVER, params);
	ck_assert_int_eq(unloaded, 0);
	ck_assert_int_eq(loaded, 0);
	ck_assert_int_eq(dvl_sysfs_driver(bdf, driver, sizeof(driver)), 0);
	ck_assert_str_eq(driver, DVL_DRIVER);
}
