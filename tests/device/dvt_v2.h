/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that version 2 of the contract has added: flags, events, state. */
#ifndef DVT_V2_H
#define DVT_V2_H

#include "dvt.h"

/**
 * struct dvt_request - an export with every field of the payload
 * @feature: VFIO_DEVICE_FEATURE_DMA_BUF or DMABUF_VFIO_PCI_FEATURE_EXPORT
 * @bar: the BAR
 * @ranges: the ranges
 * @nr_ranges: how many
 * @open_flags: O_RDWR and so on
 * @flags: DMABUF_VFIO_PCI_EXPORT_*
 */
struct dvt_request {
	uint32_t feature;
	unsigned int bar;
	const struct vfio_region_dma_range *ranges;
	uint32_t nr_ranges;
	uint32_t open_flags;
	uint32_t flags;
};

/* The dma-buf's descriptor, or a negative errno. */
int dvt_export_try(const struct dvl_device *dev, const struct dvt_request *req);
/* One range by DMABUF_VFIO_PCI_FEATURE_EXPORT; asserts that it works. */
int dvt_export_flags(const struct dvl_device *dev, unsigned int bar,
		     uint64_t off, uint64_t len, uint32_t open_flags,
		     uint32_t flags);

/* 0 or a negative errno. */
int dvt_event(const struct dvl_device *dev, int dmabuf_fd, int event_fd);
int dvt_state(const struct dvl_device *dev, int dmabuf_fd,
	      struct dmabuf_vfio_pci_state *state);

/* STATE works, and the state and the causes are these. */
#define dvt_assert_buffer(dev, fd, expected_state, expected_causes)	\
	do {								\
		struct dmabuf_vfio_pci_state state_;			\
									\
		ck_assert_int_eq(dvt_state(dev, fd, &state_), 0);	\
		ck_assert_uint_eq(state_.state, expected_state);	\
		ck_assert_uint_eq(state_.causes, expected_causes);	\
	} while (0)

#define dvt_assert_buffer_usable(dev, fd)				\
	dvt_assert_buffer(dev, fd, DMABUF_VFIO_PCI_STATE_USABLE, 0)

#endif /* DVT_V2_H */
