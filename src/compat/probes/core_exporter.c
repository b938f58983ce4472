// SPDX-License-Identifier: GPL-2.0-only
/* vfio-pci-core has a dma-buf exporter of its own, and it is built in. */
#include <linux/vfio_pci_core.h>

#if !IS_ENABLED(CONFIG_VFIO_PCI_DMABUF)
#error "not configured"
#endif

const struct vfio_pci_device_ops dvp_probe = {
	.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
};
