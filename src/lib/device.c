// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a VFIO device by its group and a container: the one way that every
 * kernel from 6.1 on has. A device without an IOMMU has a group of VFIO's own
 * making where the administrator allowed that, and another kind of container.
 *
 * VFIO lets a group be opened once at a time. Devices that share a group, or
 * a container, share the open files: each struct dvl_device has descriptors of
 * its own for them, so they can be closed in any order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvl.h"

static int dup_cloexec(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -errno : copy;
}

static int container_type(bool noiommu)
{
	return noiommu ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU;
}

static int open_container(bool noiommu)
{
	int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(fd, VFIO_CHECK_EXTENSION, container_type(noiommu)) != 1) {
		close(fd);
		return -EOPNOTSUPP;
	}
	return fd;
}

static int open_group(int number, bool noiommu)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/dev/vfio/%s%d",
		 noiommu ? "noiommu-" : "", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, VFIO_GROUP_GET_STATUS, &status))
		ret = -errno;
	else if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		ret = -EPERM;
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

static int join_container(int group, int container)
{
	return ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ? -errno : 0;
}

/* For a container that has a group: the first one is what it is chosen for. */
static int choose_backend(int container, bool noiommu)
{
	return ioctl(container, VFIO_SET_IOMMU, container_type(noiommu)) ?
	       -errno : 0;
}

static int get_container_and_group(struct dvl_device *dev,
				   const struct dvl_device *other)
{
	bool noiommu = dvl_sysfs_noiommu(dev->bdf);
	int number, ret;

	number = dvl_sysfs_group(dev->bdf);
	if (number < 0)
		return number;

	ret = other ? dup_cloexec(other->container) : open_container(noiommu);
	if (ret < 0)
		return ret;
	dev->container = ret;

	if (other && dvl_sysfs_group(other->bdf) == number) {
		ret = dup_cloexec(other->group);
		if (ret < 0)
			return ret;
		dev->group = ret;
		return 0;
	}

	ret = open_group(number, noiommu);
	if (ret < 0)
		return ret;
	dev->group = ret;
	ret = join_container(dev->group, dev->container);
	if (ret || other)
		return ret;
	return choose_backend(dev->container, noiommu);
}

/**
 * dvl_device_open_in() - open a device next to one that is open
 * @dev: filled in; all descriptors are -1 when the call fails
 * @bdf: address of the device
 * @other: a device whose container, and group if it is the same, to share, or
 *         NULL to make a new container
 * @vf_token: the VF token as a UUID, or NULL
 *
 * Return: 0 or a negative errno; -EBUSY if another process has the group open,
 * -EPERM if a driver that is not VFIO's has a device of it.
 */
int dvl_device_open_in(struct dvl_device *dev, const char *bdf,
		       const struct dvl_device *other, const char *vf_token)
{
	char name[80];
	int ret;

	*dev = (struct dvl_device)DVL_DEVICE_CLOSED;
	if (strlen(bdf) >= sizeof(dev->bdf))
		return -ENODEV;
	strcpy(dev->bdf, bdf);

	ret = get_container_and_group(dev, other);
	if (ret)
		goto err_close;

	snprintf(name, sizeof(name), "%s%s%s", bdf,
		 vf_token ? " vf_token=" : "", vf_token ? vf_token : "");
	dev->fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, name);
	if (dev->fd < 0) {
		ret = -errno;
		goto err_close;
	}
	return 0;

err_close:
	dvl_device_close(dev);
	return ret;
}

/**
 * dvl_device_open() - open a device in a container of its own
 * @dev: filled in; all descriptors are -1 when the call fails
 * @bdf: address of the device
 *
 * Return: 0 or a negative errno.
 */
int dvl_device_open(struct dvl_device *dev, const char *bdf)
{
	return dvl_device_open_in(dev, bdf, NULL, NULL);
}

static void close_and_forget(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/**
 * dvl_device_close() - close what an open call opened
 * @dev: the device; closing it twice is harmless
 */
void dvl_device_close(struct dvl_device *dev)
{
	close_and_forget(&dev->fd);
	close_and_forget(&dev->group);
	close_and_forget(&dev->container);
}

/**
 * dvl_device_reset() - reset the function by the best way that it has
 * @dev: the device
 *
 * Return: 0 or a negative errno; -EINVAL if it cannot be reset alone.
 */
int dvl_device_reset(const struct dvl_device *dev)
{
	return ioctl(dev->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

/**
 * dvl_device_hot_reset() - reset the bus or slot that a device is on
 * @dev: a device in the set
 * @groups: descriptors of the groups of all devices in the set
 * @nr_groups: how many
 *
 * Return: 0 or a negative errno; -EINVAL if a group of the set is missing.
 */
int dvl_device_hot_reset(const struct dvl_device *dev, const int *groups,
			 unsigned int nr_groups)
{
	struct vfio_pci_hot_reset *reset;
	size_t len = sizeof(*reset) + nr_groups * sizeof(reset->group_fds[0]);
	int ret;

	reset = calloc(1, len);
	if (!reset)
		return -ENOMEM;
	reset->argsz = len;
	reset->count = nr_groups;
	memcpy(reset->group_fds, groups,
	       nr_groups * sizeof(reset->group_fds[0]));
	ret = ioctl(dev->fd, VFIO_DEVICE_PCI_HOT_RESET, reset) ? -errno : 0;
	free(reset);
	return ret;
}
