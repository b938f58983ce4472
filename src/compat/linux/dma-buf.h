/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_COMPAT_LINUX_DMA_BUF_H
#define DVP_COMPAT_LINUX_DMA_BUF_H

#include_next <linux/dma-buf.h>

#ifdef DVP_HAVE_IMPORT_NS_BARE
#define DVP_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#else
#define DVP_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#endif

#endif /* DVP_COMPAT_LINUX_DMA_BUF_H */
