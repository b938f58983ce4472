/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for the <linux/vfio.h> of Linux 6.19 and later, where the system's
 * is older: the export feature is defined before our header comes.
 */
#ifndef DVP_ABI_NEWER_VFIO_H
#define DVP_ABI_NEWER_VFIO_H

#include_next <linux/vfio.h>

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF
#define VFIO_DEVICE_FEATURE_DMA_BUF 11

struct vfio_region_dma_range {
	__u64 offset;
	__u64 length;
};

struct vfio_device_feature_dma_buf {
	__u32 region_index;
	__u32 open_flags;
	__u32 flags;
	__u32 nr_ranges;
	struct vfio_region_dma_range dma_ranges[];
};
#endif

#endif /* DVP_ABI_NEWER_VFIO_H */
