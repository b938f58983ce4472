// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a VFIO device by its group and a type1 container: the one way that
 * every kernel from 6.1 on has. A group without an IOMMU is refused.
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

static int open_container(void)
{
	int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1) {
		close(fd);
		return -EOPNOTSUPP;
	}
	return fd;
}

static int open_group(int number)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
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

/* The first group that joins a container also chooses its IOMMU backend. */
static int join_container(int group, int container, bool first)
{
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container))
		return -errno;
	if (first && ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

static int get_container_and_group(struct dvl_device *dev,
				   const struct dvl_device *other)
{
	int number, ret;

	number = dvl_sysfs_group(dev->bdf);
	if (number < 0)
		return number;

	ret = other ? dup_cloexec(other->container) : open_container();
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

	ret = open_group(number);
	if (ret < 0)
		return ret;
	dev->group = ret;
	return join_container(dev->group, dev->container, !other);
}

/**
 * dvl_device_open_in() - open a device next to one that is open
 * @dev: filled in; all descriptors are -1 when the call fails
 * @bdf: address of the device
 * @other: a device whose container, and group if it is the same, to share, or
 *         NULL to make a new container
 * @vf_token: the VF token as a UUID, or NULL
 *
 * Return: 0 or a negative errno; -EBUSY if another process has the group open.
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
