/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_CORE_EXPORTER_H
#define DVP_CORE_EXPORTER_H

#include <linux/vfio_pci_core.h>

/* dvp_core_exporter_exists(): has vfio-pci-core a dma-buf exporter of its own */
#ifdef DVP_HAVE_CORE_EXPORTER
void dvp_core_exporter_enable(struct vfio_pci_core_device *vdev);

static inline bool dvp_core_exporter_exists(void)
{
	return true;
}
#else
static inline void dvp_core_exporter_enable(struct vfio_pci_core_device *vdev)
{
}

static inline bool dvp_core_exporter_exists(void)
{
	return false;
}
#endif

#endif /* DVP_CORE_EXPORTER_H */
