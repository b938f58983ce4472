// SPDX-License-Identifier: GPL-2.0-only
/*
 * The newer way to a VFIO device: a character device of its own, and an
 * iommufd, whose address spaces translate the DMA of the devices attached.
 *
 * The caller owns the iommufd; an address space lives until that is closed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dvl.h"
#include "dvl_iommufd.h"

#define MAP_FLAGS (IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE | \
		   IOMMU_IOAS_MAP_WRITEABLE)

/**
 * dvl_iommufd_open() - open an iommufd
 *
 * Return: its descriptor, or a negative errno; -ENOENT from a kernel without.
 */
int dvl_iommufd_open(void)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * dvl_ioas_alloc() - make an address space
 * @iommufd: descriptor of the iommufd
 * @ioas: filled in: its number
 *
 * Return: 0 or a negative errno.
 */
int dvl_ioas_alloc(int iommufd, uint32_t *ioas)
{
	struct iommu_ioas_alloc req = { .size = sizeof(req) };

	if (ioctl(iommufd, IOMMU_IOAS_ALLOC, &req))
		return -errno;
	*ioas = req.out_ioas_id;
	return 0;
}

/**
 * dvl_ioas_map() - let devices read and write memory of this process
 * @iommufd: descriptor of the iommufd
 * @ioas: the address space
 * @addr: the memory
 * @len: length in bytes
 * @iova: where devices see it
 *
 * Return: 0 or a negative errno.
 */
int dvl_ioas_map(int iommufd, uint32_t ioas, void *addr, size_t len,
		 uint64_t iova)
{
	struct iommu_ioas_map req = {
		.size = sizeof(req),
		.flags = MAP_FLAGS,
		.ioas_id = ioas,
		.user_va = (uintptr_t)addr,
		.length = len,
		.iova = iova,
	};

	return ioctl(iommufd, IOMMU_IOAS_MAP, &req) ? -errno : 0;
}

/**
 * dvl_ioas_map_file() - let devices read and write a piece of a dma-buf
 * @iommufd: descriptor of the iommufd
 * @ioas: the address space
 * @fd: the dma-buf
 * @off: start in the dma-buf, in bytes
 * @len: length in bytes
 * @iova: where devices see it
 *
 * Return: 0 or a negative errno.
 */
int dvl_ioas_map_file(int iommufd, uint32_t ioas, int fd, uint64_t off,
		      uint64_t len, uint64_t iova)
{
	struct iommu_ioas_map_file req = {
		.size = sizeof(req),
		.flags = MAP_FLAGS,
		.ioas_id = ioas,
		.fd = fd,
		.start = off,
		.length = len,
		.iova = iova,
	};

	return ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &req) ? -errno : 0;
}

/**
 * dvl_ioas_unmap() - take a mapping away from devices
 * @iommufd: descriptor of the iommufd
 * @ioas: the address space
 * @iova: where it starts
 * @len: length in bytes
 *
 * Return: 0 or a negative errno; -ENOENT if nothing is mapped there.
 */
int dvl_ioas_unmap(int iommufd, uint32_t ioas, uint64_t iova, uint64_t len)
{
	struct iommu_ioas_unmap req = {
		.size = sizeof(req),
		.ioas_id = ioas,
		.iova = iova,
		.length = len,
	};

	return ioctl(iommufd, IOMMU_IOAS_UNMAP, &req) ? -errno : 0;
}

/* The only entry of the device's directory vfio-dev has the node's name. */
static int open_node(const char *bdf)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int fd = -ENODEV;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (fd == -ENODEV && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	closedir(dir);
	return fd;
}

static int bind_and_attach(int device_fd, int iommufd, uint32_t ioas)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind), .iommufd = iommufd,
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach), .pt_id = ioas,
	};

	if (ioctl(device_fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) ||
	    ioctl(device_fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		return -errno;
	return 0;
}

/**
 * dvl_cdev_open() - open a device by its own node, and attach it
 * @dev: filled in; all descriptors are -1 when the call fails
 * @bdf: address of the device
 * @iommufd: descriptor of the iommufd that it is bound to
 * @ioas: the address space that translates its DMA
 *
 * Return: 0 or a negative errno; -ENOENT from a kernel without such nodes.
 */
int dvl_cdev_open(struct dvl_device *dev, const char *bdf, int iommufd,
		  uint32_t ioas)
{
	int ret;

	*dev = (struct dvl_device)DVL_DEVICE_CLOSED;
	if (strlen(bdf) >= sizeof(dev->bdf))
		return -ENODEV;
	strcpy(dev->bdf, bdf);

	ret = open_node(bdf);
	if (ret < 0)
		return ret;
	dev->fd = ret;
	ret = bind_and_attach(dev->fd, iommufd, ioas);
	if (ret)
		dvl_device_close(dev);
	return ret;
}
