// SPDX-License-Identifier: GPL-2.0-only
/* Upstream has a number for the revocation of a buffer. */
#include <linux/vfio.h>

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF_REVOKE
#error "no number"
#endif
