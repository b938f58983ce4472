// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dma-buf core pins a buffer for every importer that maps it: the kernel has the
 * option to move buffers, and it is off. Without a .config, the name of a function tells,
 * which kernels with that option lack; declaring it as a variable fails where it exists.
 */
#include <linux/dma-buf.h>

#if IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY)
#error "the option is on"
#elif !defined(DVP_DOT_CONFIG)
extern int dma_buf_invalidate_mappings;
#elif !defined(DVP_OFF_CONFIG_DMABUF_MOVE_NOTIFY)
#error "there is no such option"
#endif
