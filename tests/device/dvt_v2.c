// SPDX-License-Identifier: GPL-2.0-only
/* Version 2 of the contract; see dvt_v2.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dvt_v2.h"

int dvt_export_try(const struct dvl_device *dev, const struct dvt_request *req)
{
	size_t size = req->nr_ranges * sizeof(*req->ranges);
	struct vfio_device_feature_dma_buf *payload;
	int ret;

	payload = calloc(1, sizeof(*payload) + size);
	ck_assert_ptr_nonnull(payload);
	payload->region_index = req->bar;
	payload->open_flags = req->open_flags;
	payload->flags = req->flags;
	payload->nr_ranges = req->nr_ranges;
	memcpy(payload->dma_ranges, req->ranges, size);
	ret = dvl_feature(dev->fd, req->feature, VFIO_DEVICE_FEATURE_GET,
			  payload, sizeof(*payload) + size);
	free(payload);
	return ret;
}

int dvt_export_flags(const struct dvl_device *dev, unsigned int bar,
		     uint64_t off, uint64_t len, uint32_t open_flags,
		     uint32_t flags)
{
	struct vfio_region_dma_range range = { .offset = off, .length = len };
	int fd = dvl_export_flags(dev->fd, bar, &range, 1, open_flags, flags);

	ck_assert_msg(fd >= 0, "export of BAR %u with flags %#x: %s", bar,
		      flags, strerror(-fd));
	return fd;
}

int dvt_event(const struct dvl_device *dev, int dmabuf_fd, int event_fd)
{
	return dvl_event(dev->fd, dmabuf_fd, event_fd);
}

int dvt_state(const struct dvl_device *dev, int dmabuf_fd,
	      struct dmabuf_vfio_pci_state *state)
{
	/* What the driver does not write must show. */
	memset(state, 0xff, sizeof(*state));
	state->dmabuf_fd = dmabuf_fd;
	return dvl_feature(dev->fd, DMABUF_VFIO_PCI_FEATURE_STATE,
			   VFIO_DEVICE_FEATURE_GET, state, sizeof(*state));
}
