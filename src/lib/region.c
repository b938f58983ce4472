// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of a device: BARs, config space. Reading and writing goes through
 * the device's descriptor; the kernel does the access, with its own mapping.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dvl.h"

/**
 * dvl_region_info() - ask VFIO about a region
 * @dev: the device
 * @index: VFIO_PCI_BAR0_REGION_INDEX and so on
 * @info: filled in; the capabilities are not asked for
 *
 * Return: 0 or a negative errno.
 */
int dvl_region_info(const struct dvl_device *dev, unsigned int index,
		    struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

/**
 * dvl_region_mmap() - map a piece of a BAR through the device's descriptor
 * @dev: the device
 * @index: the region
 * @off: start in the region, in bytes
 * @len: length in bytes
 * @prot: PROT_READ, PROT_WRITE
 *
 * Return: the address, or MAP_FAILED with errno set.
 */
void *dvl_region_mmap(const struct dvl_device *dev, unsigned int index,
		      uint64_t off, size_t len, int prot)
{
	struct vfio_region_info info;
	int ret;

	ret = dvl_region_info(dev, index, &info);
	if (ret) {
		errno = -ret;
		return MAP_FAILED;
	}
	return mmap(NULL, len, prot, MAP_SHARED, dev->fd, info.offset + off);
}

/**
 * dvl_region_read() - read from a region
 * @dev: the device
 * @index: the region
 * @off: start in the region
 * @buf: where the bytes go
 * @len: how many
 *
 * Return: 0 when all were read, or a negative errno.
 */
int dvl_region_read(const struct dvl_device *dev, unsigned int index,
		    uint64_t off, void *buf, size_t len)
{
	struct vfio_region_info info;
	size_t done = 0;
	ssize_t got;
	int ret;

	ret = dvl_region_info(dev, index, &info);
	while (!ret && done < len) {
		got = pread(dev->fd, (char *)buf + done, len - done,
			    info.offset + off + done);
		if (got > 0)
			done += got;
		else
			ret = got ? -errno : -EIO;
	}
	return ret;
}

/**
 * dvl_region_write() - write to a region
 * @dev: the device
 * @index: the region
 * @off: start in the region
 * @buf: the bytes
 * @len: how many
 *
 * Return: 0 when all were written, or a negative errno.
 */
int dvl_region_write(const struct dvl_device *dev, unsigned int index,
		     uint64_t off, const void *buf, size_t len)
{
	struct vfio_region_info info;
	size_t done = 0;
	ssize_t put;
	int ret;

	ret = dvl_region_info(dev, index, &info);
	while (!ret && done < len) {
		put = pwrite(dev->fd, (const char *)buf + done, len - done,
			     info.offset + off + done);
		if (put > 0)
			done += put;
		else
			ret = put ? -errno : -EIO;
	}
	return ret;
}

/**
 * dvl_config_read() - read from config space
 * @dev: the device
 * @off: start in config space
 * @buf: where the bytes go
 * @len: how many
 *
 * Return: 0 or a negative errno.
 */
int dvl_config_read(const struct dvl_device *dev, unsigned int off, void *buf,
		    size_t len)
{
	return dvl_region_read(dev, VFIO_PCI_CONFIG_REGION_INDEX, off, buf,
			       len);
}

/**
 * dvl_config_write() - write to config space, in one system call
 * @dev: the device
 * @off: start in config space
 * @buf: the bytes
 * @len: how many
 *
 * Return: 0 or a negative errno.
 */
int dvl_config_write(const struct dvl_device *dev, unsigned int off,
		     const void *buf, size_t len)
{
	return dvl_region_write(dev, VFIO_PCI_CONFIG_REGION_INDEX, off, buf,
				len);
}

/**
 * dvl_config_find_cap() - look for a capability in config space
 * @dev: the device
 * @id: PCI_CAP_ID_*
 *
 * Return: its offset, 0 if the device has none, or a negative errno.
 */
int dvl_config_find_cap(const struct dvl_device *dev, uint8_t id)
{
	uint8_t pos, head[2];
	int ret, left;

	ret = dvl_config_read(dev, PCI_CAPABILITY_LIST, &pos, 1);
	/* No more capabilities than fit: a broken list must not loop. */
	for (left = 48; !ret && pos && left; left--) {
		ret = dvl_config_read(dev, pos & ~3, head, sizeof(head));
		if (!ret && head[0] == id)
			return pos & ~3;
		pos = head[1];
	}
	return ret;
}
