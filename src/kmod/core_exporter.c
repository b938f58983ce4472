// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dma-buf exporter of vfio-pci-core, on kernels that have it. Its buffers
 * live beside ours. The core revokes them itself; iommufd takes no others.
 */
#include "core_exporter.h"

static const struct vfio_pci_device_ops dvp_core_exporter_ops = {
	.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
};

/**
 * dvp_core_exporter_enable() - let the core export BARs of a device
 * @vdev: the device, before it is registered
 *
 * As vfio_pci_probe() does in drivers/vfio/pci/vfio_pci.c.
 *
 * Context: probe.
 */
void dvp_core_exporter_enable(struct vfio_pci_core_device *vdev)
{
	vdev->pci_ops = &dvp_core_exporter_ops;
}
