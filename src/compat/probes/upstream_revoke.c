// SPDX-License-Identifier: GPL-2.0-only
/* Upstream's number takes what ours takes: one descriptor, signed, and no more. */
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/vfio.h>

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE
#error "no number"
#endif

struct vfio_device_feature_dma_buf_revoke dvp_probe;

static_assert(sizeof(dvp_probe) == sizeof(__s32));
static_assert(!offsetof(struct vfio_device_feature_dma_buf_revoke, dmabuf_fd));
static_assert(__builtin_types_compatible_p(typeof(dvp_probe.dmabuf_fd), __s32));
