// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE calls: the ones that the driver adds, and any other.
 * Errors are those of the uapi header's tables.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "dvl.h"

/**
 * dvl_feature() - call a VFIO feature
 * @device_fd: descriptor of the VFIO device
 * @feature: its number
 * @op: VFIO_DEVICE_FEATURE_GET, _SET, _PROBE or several
 * @payload: what goes in and comes out, or NULL
 * @len: size of @payload
 *
 * Return: what the ioctl returned, or a negative errno.
 */
int dvl_feature(int device_fd, uint32_t feature, uint32_t op, void *payload,
		size_t len)
{
	struct vfio_device_feature *arg;
	int ret;

	arg = calloc(1, sizeof(*arg) + len);
	if (!arg)
		return -ENOMEM;
	arg->argsz = sizeof(*arg) + len;
	arg->flags = op | feature;
	if (len)
		memcpy(arg->data, payload, len);
	ret = ioctl(device_fd, VFIO_DEVICE_FEATURE, arg);
	if (ret < 0)
		ret = -errno;
	else if (len && (op & VFIO_DEVICE_FEATURE_GET))
		memcpy(payload, arg->data, len);
	free(arg);
	return ret;
}

static int export(int device_fd, uint32_t feature, unsigned int bar,
		  const struct vfio_region_dma_range *ranges,
		  uint32_t nr_ranges, uint32_t open_flags, uint32_t flags)
{
	size_t size = (size_t)nr_ranges * sizeof(*ranges);
	struct vfio_device_feature_dma_buf *req;
	int ret;

	req = calloc(1, sizeof(*req) + size);
	if (!req)
		return -ENOMEM;
	req->region_index = bar;
	req->open_flags = open_flags;
	req->flags = flags;
	req->nr_ranges = nr_ranges;
	memcpy(req->dma_ranges, ranges, size);
	ret = dvl_feature(device_fd, feature, VFIO_DEVICE_FEATURE_GET, req,
			  sizeof(*req) + size);
	free(req);
	return ret;
}

/**
 * dvl_export_by() - export pieces of a BAR as one dma-buf, by either feature
 * @device_fd: descriptor of the VFIO device
 * @feature: VFIO_DEVICE_FEATURE_DMA_BUF or DMABUF_VFIO_PCI_FEATURE_EXPORT
 * @bar: the BAR, 0 to 5
 * @ranges: the pieces, in the order in which the buffer has them
 * @nr_ranges: how many
 * @open_flags: O_RDONLY, O_WRONLY or O_RDWR, O_CLOEXEC, O_NONBLOCK
 *
 * Return: the dma-buf's descriptor, or a negative errno.
 */
int dvl_export_by(int device_fd, uint32_t feature, unsigned int bar,
		  const struct vfio_region_dma_range *ranges,
		  uint32_t nr_ranges, uint32_t open_flags)
{
	return export(device_fd, feature, bar, ranges, nr_ranges, open_flags,
		      0);
}

/**
 * dvl_export_flags() - export pieces of a BAR as one dma-buf, with flags
 * @device_fd: descriptor of the VFIO device
 * @bar: the BAR, 0 to 5
 * @ranges: the pieces, in the order in which the buffer has them
 * @nr_ranges: how many
 * @open_flags: O_RDONLY, O_WRONLY or O_RDWR, O_CLOEXEC, O_NONBLOCK
 * @flags: DMABUF_VFIO_PCI_EXPORT_*
 *
 * By DMABUF_VFIO_PCI_FEATURE_EXPORT, always this driver's exporter.
 *
 * Return: the dma-buf's descriptor, or a negative errno.
 */
int dvl_export_flags(int device_fd, unsigned int bar,
		     const struct vfio_region_dma_range *ranges,
		     uint32_t nr_ranges, uint32_t open_flags, uint32_t flags)
{
	return export(device_fd, DMABUF_VFIO_PCI_FEATURE_EXPORT, bar, ranges,
		      nr_ranges, open_flags, flags);
}

/**
 * dvl_export() - export pieces of a BAR as one dma-buf
 * @device_fd: descriptor of the VFIO device
 * @bar: the BAR, 0 to 5
 * @ranges: the pieces, in the order in which the buffer has them
 * @nr_ranges: how many
 * @open_flags: O_RDONLY, O_WRONLY or O_RDWR, O_CLOEXEC, O_NONBLOCK
 *
 * By VFIO_DEVICE_FEATURE_DMA_BUF, which vfio-pci has too on newer kernels.
 *
 * Return: the dma-buf's descriptor, or a negative errno.
 */
int dvl_export(int device_fd, unsigned int bar,
	       const struct vfio_region_dma_range *ranges, uint32_t nr_ranges,
	       uint32_t open_flags)
{
	return dvl_export_by(device_fd, VFIO_DEVICE_FEATURE_DMA_BUF, bar,
			     ranges, nr_ranges, open_flags);
}

/**
 * dvl_export_one() - export one piece of a BAR as a dma-buf
 * @device_fd: descriptor of the VFIO device
 * @bar: the BAR, 0 to 5
 * @off: start in the BAR, in bytes
 * @len: length in bytes
 * @open_flags: as for dvl_export()
 *
 * Return: the dma-buf's descriptor, or a negative errno.
 */
int dvl_export_one(int device_fd, unsigned int bar, uint64_t off, uint64_t len,
		   uint32_t open_flags)
{
	struct vfio_region_dma_range range = { .offset = off, .length = len };

	return dvl_export(device_fd, bar, &range, 1, open_flags);
}

/**
 * dvl_revoke() - revoke a dma-buf
 * @device_fd: descriptor of the VFIO device that exported it
 * @dmabuf_fd: the dma-buf
 *
 * Return: 0 or a negative errno.
 */
int dvl_revoke(int device_fd, int dmabuf_fd)
{
	struct dmabuf_vfio_pci_revoke req = {
		.dmabuf_fd = dmabuf_fd,
	};

	return dvl_feature(device_fd, DMABUF_VFIO_PCI_FEATURE_REVOKE,
			   VFIO_DEVICE_FEATURE_SET, &req, sizeof(req));
}

/**
 * dvl_memattr() - choose the attribute of later mappings of a dma-buf
 * @device_fd: descriptor of the VFIO device that exported it
 * @dmabuf_fd: the dma-buf
 * @memattr: DMABUF_VFIO_PCI_MEMATTR_NC or DMABUF_VFIO_PCI_MEMATTR_WC
 *
 * Return: 0 or a negative errno.
 */
int dvl_memattr(int device_fd, int dmabuf_fd, uint32_t memattr)
{
	struct dmabuf_vfio_pci_memattr req = {
		.dmabuf_fd = dmabuf_fd,
		.memattr = memattr,
	};

	return dvl_feature(device_fd, DMABUF_VFIO_PCI_FEATURE_MEMATTR,
			   VFIO_DEVICE_FEATURE_SET, &req, sizeof(req));
}

/**
 * dvl_info() - ask what the driver can do on this kernel
 * @device_fd: descriptor of the VFIO device
 * @info: filled in
 *
 * Return: 0 or a negative errno; -ENOTTY from another driver.
 */
int dvl_info(int device_fd, struct dmabuf_vfio_pci_info *info)
{
	memset(info, 0, sizeof(*info));
	return dvl_feature(device_fd, DMABUF_VFIO_PCI_FEATURE_INFO,
			   VFIO_DEVICE_FEATURE_GET, info, sizeof(*info));
}

/**
 * dvl_event() - be told of changes of a dma-buf's state
 * @device_fd: descriptor of the VFIO device that exported it
 * @dmabuf_fd: the dma-buf
 * @event_fd: an eventfd, or -1 to take the current one away
 *
 * Return: 0 or a negative errno.
 */
int dvl_event(int device_fd, int dmabuf_fd, int event_fd)
{
	struct dmabuf_vfio_pci_event req = {
		.dmabuf_fd = dmabuf_fd,
		.event_fd = event_fd,
	};

	return dvl_feature(device_fd, DMABUF_VFIO_PCI_FEATURE_EVENT,
			   VFIO_DEVICE_FEATURE_SET, &req, sizeof(req));
}

/**
 * dvl_state() - ask for the state of a dma-buf
 * @device_fd: descriptor of the VFIO device that exported it
 * @dmabuf_fd: the dma-buf
 * @state: filled in
 *
 * Return: 0 or a negative errno.
 */
int dvl_state(int device_fd, int dmabuf_fd, struct dmabuf_vfio_pci_state *state)
{
	memset(state, 0, sizeof(*state));
	state->dmabuf_fd = dmabuf_fd;
	return dvl_feature(device_fd, DMABUF_VFIO_PCI_FEATURE_STATE,
			   VFIO_DEVICE_FEATURE_GET, state, sizeof(*state));
}
