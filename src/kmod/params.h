/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_PARAMS_H
#define DVP_PARAMS_H

#include <linux/vfio_pci_core.h>

#ifdef DVP_HAVE_CORE_PARAMS
void dvp_params_latch(struct vfio_pci_core_device *vdev);
#else
static inline void dvp_params_latch(struct vfio_pci_core_device *vdev)
{
}
#endif

#endif /* DVP_PARAMS_H */
