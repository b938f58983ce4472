/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_COMPAT_LINUX_DMA_BUF_H
#define DVP_COMPAT_LINUX_DMA_BUF_H

#include_next <linux/dma-buf.h>

#ifdef DVP_HAVE_IMPORT_NS_BARE
#define DVP_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#else
#define DVP_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#endif

#ifndef DVP_HAVE_INVALIDATE_MAPPINGS
#define dma_buf_invalidate_mappings	dma_buf_move_notify
#endif

/* Where operations of an importer always have the callback. */
#ifndef DVP_HAVE_ATTACH_REVOCABLE
static inline bool dma_buf_attach_revocable(struct dma_buf_attachment *attach)
{
	return attach->importer_ops;
}
#endif

/* Whether the dma-buf core pins a buffer for every importer that maps it. */
#define DVP_DMA_BUF_PINS_ALL	IS_ENABLED(DVP_HAVE_DMA_BUF_PINS_ALL)

/* Whether an importer that pins a buffer unmaps when it is told to. */
#define DVP_DMA_BUF_PINS_ARE_REVOCABLE	IS_ENABLED(DVP_HAVE_ATTACH_REVOCABLE)

#endif /* DVP_COMPAT_LINUX_DMA_BUF_H */
