/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for the <linux/vfio.h> of a kernel that has taken revocation and
 * memory attributes too, with layouts and numbers of its own. Ours stay as they are.
 */
#ifndef DVP_ABI_DRAFT_VFIO_H
#define DVP_ABI_DRAFT_VFIO_H

#include_next <linux/vfio.h>

#define VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE 1013

struct vfio_device_feature_dma_buf_revoke {
	__u32 flags;
	__s32 dmabuf_fd;
	__u64 reserved;
};

#define VFIO_DEVICE_FEATURE_DMA_BUF_MEMATTR 1014

struct vfio_device_feature_dma_buf_memattr {
	__u32 flags;
	__s32 dmabuf_fd;
	__u64 memattr;
};

#endif /* DVP_ABI_DRAFT_VFIO_H */
