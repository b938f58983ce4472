// SPDX-License-Identifier: GPL-2.0-only
/* The core requests and maps all BARs when a device is opened. */
#include <linux/vfio_pci_core.h>

void __iomem *dvp_probe(struct vfio_pci_core_device *vdev);

void __iomem *dvp_probe(struct vfio_pci_core_device *vdev)
{
	return vfio_pci_core_get_iomap(vdev, 0);
}
