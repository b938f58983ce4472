// SPDX-License-Identifier: GPL-2.0-only
/*
 * How programs find out what a device is bound to, and by which file to open it:
 * libvirt and rust-vmm look at links and directories in sysfs. Each claim is made
 * of a device bound here, and of the same device bound to vfio-pci.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dvt.h"

#define ROLE "DVP_BDF_EDU"
#define PLAIN "vfio-pci"

static const char *const drivers[] = { DVL_DRIVER, PLAIN };

static void give_back(void)
{
	if (dvt_bdf(ROLE))
		dvl_sysfs_bind(dvt_bdf(ROLE), DVL_DRIVER);
}

#define bind_or_skip(bdf, driver)					\
	do {								\
		(bdf) = dvt_bdf(ROLE);					\
		if (!(bdf))						\
			dvt_skip("no device for " ROLE);		\
		dvt_bind(bdf, driver);					\
	} while (0)

/* Names in a directory of the device, sorted; -1 if there is no such directory. */
static int list(const char *bdf, const char *dir, struct dirent ***entries)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, dir);
	return scandir(path, entries, NULL, alphasort);
}

/* The last part of what a link in the device's directory leads to. */
static void link_target(const char *bdf, const char *link, char *name,
			size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, link);
	len = readlink(path, target, sizeof(target) - 1);
	ck_assert_msg(len > 0, "%s: %m", path);
	target[len] = '\0';
	snprintf(name, size, "%s", strrchr(target, '/') + 1);
}

/* The one directory in "vfio-dev", which is called after the VFIO device. */
static void vfio_dev(const char *bdf, char *name, size_t size)
{
	struct dirent **entries;
	int nr = list(bdf, "vfio-dev", &entries);

	/* Two more are "." and "..". */
	ck_assert_msg(nr == 3, "%d names in vfio-dev", nr);
	snprintf(name, size, "%.31s", entries[2]->d_name);
	ck_assert_msg(!strncmp(name, "vfio", 4), "%s", name);
}

/* The node is of the number that sysfs has in the file. */
static void assert_node(const char *node, const char *file)
{
	unsigned int major_nr, minor_nr;
	struct stat st;
	FILE *in;

	ck_assert_msg(!stat(node, &st), "%s: %m", node);
	ck_assert(S_ISCHR(st.st_mode));
	in = fopen(file, "r");
	ck_assert_msg(in, "%s: %m", file);
	ck_assert_int_eq(fscanf(in, "%u:%u", &major_nr, &minor_nr), 2);
	fclose(in);
	ck_assert_uint_eq(major(st.st_rdev), major_nr);
	ck_assert_uint_eq(minor(st.st_rdev), minor_nr);
}

START_TEST(driver_link_has_the_name_to_the_byte)
{
	char name[64], override[64], uevent[1024], line[80];
	const char *bdf;

	bind_or_skip(bdf, drivers[_i]);
	link_target(bdf, "driver", name, sizeof(name));
	ck_assert_str_eq(name, drivers[_i]);
	ck_assert_int_eq(dvl_sysfs_read(bdf, "driver_override", override,
					sizeof(override)), 0);
	ck_assert_str_eq(override, drivers[_i]);
	ck_assert_int_eq(dvl_sysfs_read(bdf, "uevent", uevent, sizeof(uevent)),
			 0);
	snprintf(line, sizeof(line), "DRIVER=%s\n", drivers[_i]);
	ck_assert_msg(strstr(uevent, line), "no %s in: %s", line, uevent);
}
END_TEST

START_TEST(vfio_dev_is_there_while_the_device_is_bound)
{
	struct dirent **entries;
	const char *bdf;
	char name[64];

	bind_or_skip(bdf, drivers[_i]);
	vfio_dev(bdf, name, sizeof(name));
	ck_assert_int_eq(dvl_sysfs_unbind(bdf), 0);
	ck_assert_int_eq(list(bdf, "vfio-dev", &entries), -1);
}
END_TEST

START_TEST(iommu_group_leads_to_the_node_to_open)
{
	char group[32], node[64], file[64];
	const char *bdf;

	bind_or_skip(bdf, drivers[_i]);
	link_target(bdf, "iommu_group", group, sizeof(group));
	snprintf(node, sizeof(node), "/dev/vfio/%s", group);
	snprintf(file, sizeof(file), "/sys/class/vfio/%s/dev", group);
	assert_node(node, file);
}
END_TEST

START_TEST(vfio_dev_leads_to_the_devices_own_node)
{
	char name[32], node[96], file[PATH_MAX];
	const char *bdf;

	if (access("/dev/vfio/devices", F_OK))
		dvt_skip("VFIO devices have no nodes of their own here");
	bind_or_skip(bdf, drivers[_i]);
	vfio_dev(bdf, name, sizeof(name));
	snprintf(node, sizeof(node), "/dev/vfio/devices/%s", name);
	snprintf(file, sizeof(file),
		 "/sys/bus/pci/devices/%s/vfio-dev/%s/dev", bdf, name);
	assert_node(node, file);
}
END_TEST

START_TEST(driver_has_the_files_that_tools_write_to)
{
	static const char *const files[] = {
		"bind", "unbind", "new_id", "remove_id", "module",
	};
	char path[128];
	size_t i;

	for (i = 0; i < DVT_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s",
			 drivers[_i], files[i]);
		ck_assert_msg(!access(path, F_OK), "%s: %m", path);
	}
}
END_TEST

/* Joins the names of a device's directory, without the one group that is ours. */
static void join_names(const char *bdf, char *text, size_t size)
{
	struct dirent **entries;
	int nr = list(bdf, "", &entries), i;
	size_t len = 0;

	ck_assert_int_gt(nr, 2);
	for (i = 0; i < nr; i++)
		if (strcmp(entries[i]->d_name, "dmabuf"))
			len += snprintf(text + len, size - len, "%s ",
					entries[i]->d_name);
	ck_assert_uint_lt(len, size);
}

START_TEST(device_has_the_same_files_with_both_drivers)
{
	char ours[4096], plain[4096];
	const char *bdf;

	bind_or_skip(bdf, PLAIN);
	join_names(bdf, plain, sizeof(plain));
	dvt_bind(bdf, DVL_DRIVER);
	join_names(bdf, ours, sizeof(ours));
	ck_assert_str_eq(ours, plain);
}
END_TEST

int main(void)
{
	return dvt_main_around("sysfs", (const struct dvt_test[]){
		{ driver_link_has_the_name_to_the_byte, 2 },
		{ vfio_dev_is_there_while_the_device_is_bound, 2 },
		{ iommu_group_leads_to_the_node_to_open, 2 },
		{ vfio_dev_leads_to_the_devices_own_node, 2 },
		{ driver_has_the_files_that_tools_write_to, 2 },
		{ device_has_the_same_files_with_both_drivers },
		{ NULL, 0 } }, NULL, give_back);
}
