// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a device and exporting from it, with messages that name what is in
 * the way. Opening resets a device that can be reset, and so does closing it:
 * that is VFIO's rule, and the reason why no command opens one that need not.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* By the device's own node, for kernels without groups. */
static int open_node(struct dvl_device *vfio, const char *bdf)
{
	int iommufd, ret;
	uint32_t ioas;

	iommufd = dvl_iommufd_open();
	if (iommufd < 0)
		return iommufd;
	ret = dvl_ioas_alloc(iommufd, &ioas);
	if (!ret)
		ret = dvl_cdev_open(vfio, bdf, iommufd, ioas);
	if (ret)
		close(iommufd);
	else
		vfio->container = iommufd;
	return ret;
}

static void say_holder(const struct tool_holder *holder, void *arg)
{
	int *last_pid = arg;

	if (holder->pid != *last_pid)
		tool_error("it is open in process %d (%s)", holder->pid,
			   holder->comm);
	*last_pid = holder->pid;
}

static int say_busy(const struct tool_device *dev)
{
	int last_pid = 0;
	char node[64];

	tool_error("%s, or another device of group %d, is open in another process",
		   dev->bdf, dev->group);
	snprintf(node, sizeof(node), "/dev/vfio/%d", dev->group);
	tool_each_holder(node, say_holder, &last_pid);
	return TOOL_PROBLEM;
}

static int say_open_failed(const struct tool_device *dev, int error)
{
	switch (error) {
	case -ENOENT:
		tool_error("%s has no IOMMU group that can be opened: is the IOMMU on?",
			   dev->bdf);
		break;
	case -EBUSY:
		return say_busy(dev);
	case -EACCES:
		tool_error("%s: you may not open /dev/vfio/%d: only root, and those whom it gives the node",
			   dev->bdf, dev->group);
		return TOOL_PERMISSION;
	case -EPERM:
		tool_error("group %d of %s has a device with another kind of driver",
			   dev->group, dev->bdf);
		break;
	default:
		tool_error("%s cannot be opened: %s", dev->bdf,
			   strerror(-error));
	}
	tool_error("%s doctor %s says more", tool_name, dev->bdf);
	return TOOL_PROBLEM;
}

/**
 * tool_open() - open a bound device
 * @vfio: filled in; closed when the call fails
 * @dev: the device
 *
 * Return: 0, or an exit status after saying what is wrong.
 */
int tool_open(struct dvl_device *vfio, const struct tool_device *dev)
{
	int ret = dvl_device_open(vfio, dev->bdf);

	if (ret == -ENOENT && !open_node(vfio, dev->bdf))
		ret = 0;
	return ret ? say_open_failed(dev, ret) : 0;
}

/**
 * tool_bar_size() - the size of a BAR that is to be exported
 * @vfio: the open device
 * @bar: the BAR
 * @size: filled in
 *
 * Return: 0, or an exit status after saying what is wrong.
 */
int tool_bar_size(const struct dvl_device *vfio, int bar, uint64_t *size)
{
	struct vfio_region_info info;
	int ret = dvl_region_info(vfio, bar, &info);

	if (ret) {
		tool_error("%s, BAR %d: %s", vfio->bdf, bar, strerror(-ret));
		return TOOL_PROBLEM;
	}
	if (!info.size || !(info.flags & VFIO_REGION_INFO_FLAG_MMAP)) {
		tool_error("%s: BAR %d %s; %s regions %s says why", vfio->bdf,
			   bar, info.size ? "cannot be exported" : "is absent",
			   tool_name, vfio->bdf);
		return TOOL_NOT_APPLICABLE;
	}
	*size = info.size;
	return 0;
}

/**
 * tool_export() - export ranges of a BAR
 * @vfio: the open device
 * @bar: the BAR
 * @ranges: the ranges
 * @nr: number of ranges
 * @open_flags: O_RDWR and so on
 * @flags: DMABUF_VFIO_PCI_EXPORT_*
 *
 * Return: the dma-buf, or -1 after an error message.
 */
int tool_export(const struct dvl_device *vfio, int bar,
		const struct vfio_region_dma_range *ranges, unsigned int nr,
		uint32_t open_flags, uint32_t flags)
{
	int fd = dvl_export_flags(vfio->fd, bar, ranges, nr, open_flags,
				  flags);

	if (fd >= 0)
		return fd;
	if (fd == -EINVAL)
		tool_error("%s: BAR %d: the ranges do not fit: offset and length go by pages of %ld bytes and end in the BAR",
			   vfio->bdf, bar, sysconf(_SC_PAGESIZE));
	else if (fd == -ENODEV)
		tool_error("%s: BAR %d cannot be exported; %s regions %s says why",
			   vfio->bdf, bar, tool_name, vfio->bdf);
	else
		tool_error("%s: BAR %d: export: %s", vfio->bdf, bar,
			   strerror(-fd));
	return -1;
}
