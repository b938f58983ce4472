// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI devices in sysfs: attributes, drivers, IOMMU groups. Binding goes
 * through driver_override, so that it needs no id in any driver's table.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dvl.h"

#define PCI_BUS "/sys/bus/pci"

static int write_string(const char *path, const char *value)
{
	size_t len = strlen(value);
	ssize_t done;
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = write(fd, value, len);
	if (done < 0)
		ret = -errno;
	else if ((size_t)done != len)
		ret = -EIO;
	close(fd);
	return ret;
}

/**
 * dvl_sysfs_link() - name of what a symbolic link points at
 * @path: the link
 * @buf: where the name goes; "" on failure
 * @size: size of @buf
 *
 * Return: 0 or a negative errno.
 */
int dvl_sysfs_link(const char *path, char *buf, size_t size)
{
	char target[PATH_MAX];
	const char *name;
	ssize_t len;

	buf[0] = '\0';
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= size)
		return -ENAMETOOLONG;
	strcpy(buf, name);
	return 0;
}

/* The same in a device's directory. */
static int link_name(const char *bdf, const char *link, char *buf, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI_BUS "/devices/%s/%s", bdf, link);
	return dvl_sysfs_link(path, buf, size);
}

/**
 * dvl_sysfs_read() - read an attribute of a PCI device
 * @bdf: address of the device
 * @attr: name of the file in its directory
 * @buf: where the text goes, without the newline at its end
 * @size: size of @buf
 *
 * Return: 0 or a negative errno.
 */
int dvl_sysfs_read(const char *bdf, const char *attr, char *buf, size_t size)
{
	char path[PATH_MAX];
	ssize_t len;
	int fd, ret = 0;

	snprintf(path, sizeof(path), PCI_BUS "/devices/%s/%s", bdf, attr);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	if (len < 0) {
		ret = -errno;
		len = 0;
	}
	close(fd);
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return ret;
}

/**
 * dvl_sysfs_write() - write an attribute of a PCI device
 * @bdf: address of the device
 * @attr: name of the file in its directory
 * @value: the text
 *
 * Return: 0 or a negative errno.
 */
int dvl_sysfs_write(const char *bdf, const char *attr, const char *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI_BUS "/devices/%s/%s", bdf, attr);
	return write_string(path, value);
}

/**
 * dvl_sysfs_driver() - which driver a device is bound to
 * @bdf: address of the device
 * @buf: where the name goes, "" if there is none
 * @size: size of @buf
 *
 * Return: 0 or a negative errno; -ENODEV where there is no such device.
 */
int dvl_sysfs_driver(const char *bdf, char *buf, size_t size)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), PCI_BUS "/devices/%s", bdf);
	if (access(path, F_OK))
		return -ENODEV;
	ret = link_name(bdf, "driver", buf, size);
	if (ret == -ENOENT) {
		buf[0] = '\0';
		return 0;
	}
	return ret;
}

/**
 * dvl_sysfs_group() - the IOMMU group of a device
 * @bdf: address of the device
 *
 * Return: the group's number, or a negative errno; -ENOENT without an IOMMU,
 * unless VFIO made a group up.
 */
int dvl_sysfs_group(const char *bdf)
{
	char name[32];
	int ret;

	ret = link_name(bdf, "iommu_group", name, sizeof(name));
	return ret ? ret : atoi(name);
}

/**
 * dvl_sysfs_noiommu() - whether a device's group is one that VFIO made up
 * @bdf: address of the device
 *
 * Return: true if nothing translates or confines the device's DMA.
 */
bool dvl_sysfs_noiommu(const char *bdf)
{
	char name[32];

	return !dvl_sysfs_read(bdf, "iommu_group/name", name, sizeof(name)) &&
	       !strcmp(name, "vfio-noiommu");
}

/**
 * dvl_sysfs_unbind() - take a device from its driver
 * @bdf: address of the device
 *
 * Waits until the device is closed, as every VFIO driver's removal does.
 *
 * Return: 0, also if no driver had it, or a negative errno.
 */
int dvl_sysfs_unbind(const char *bdf)
{
	char name[64];
	int ret;

	ret = dvl_sysfs_driver(bdf, name, sizeof(name));
	if (ret || !name[0])
		return ret;
	return dvl_sysfs_write(bdf, "driver/unbind", bdf);
}

/**
 * dvl_sysfs_bind() - bind a device to a driver, whatever has it now
 * @bdf: address of the device
 * @driver: name of the driver, to the byte
 *
 * The override stays, so that a later probe finds the same driver.
 *
 * Return: 0 or a negative errno; -ENODEV if the driver did not take it.
 */
int dvl_sysfs_bind(const char *bdf, const char *driver)
{
	char name[64];
	int ret;

	ret = dvl_sysfs_write(bdf, "driver_override", driver);
	if (ret)
		return ret;
	ret = dvl_sysfs_driver(bdf, name, sizeof(name));
	if (ret || !strcmp(name, driver))
		return ret;
	ret = dvl_sysfs_unbind(bdf);
	if (ret)
		return ret;
	ret = write_string(PCI_BUS "/drivers_probe", bdf);
	if (ret)
		return ret;
	ret = dvl_sysfs_driver(bdf, name, sizeof(name));
	if (ret)
		return ret;
	return strcmp(name, driver) ? -ENODEV : 0;
}
