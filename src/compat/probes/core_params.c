// SPDX-License-Identifier: GPL-2.0-only
/* The core keeps vfio-pci's parameters per device. */
#include <linux/vfio_pci_core.h>

void dvp_probe(struct vfio_pci_core_device *vdev);

void dvp_probe(struct vfio_pci_core_device *vdev)
{
	vdev->nointxmask = true;
	vdev->disable_idle_d3 = true;
	vdev->disable_vga = true;
}
