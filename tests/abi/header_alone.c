// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nothing but the header, twice: it must need no other include before it, and
 * compile as C of two standards and as C++ without a warning. One use of each
 * name sees to it that all are there.
 */
#include "uapi/dmabuf_vfio_pci.h"
#include "uapi/dmabuf_vfio_pci.h"

unsigned int dvp_header_alone(void);

unsigned int dvp_header_alone(void)
{
	return sizeof(struct vfio_region_dma_range) +
	       sizeof(struct vfio_device_feature_dma_buf) +
	       sizeof(struct dmabuf_vfio_pci_revoke) +
	       sizeof(struct dmabuf_vfio_pci_memattr) +
	       sizeof(struct dmabuf_vfio_pci_info) +
	       sizeof(struct dmabuf_vfio_pci_event) +
	       sizeof(struct dmabuf_vfio_pci_state) +
	       VFIO_DEVICE_FEATURE_DMA_BUF +
	       DMABUF_VFIO_PCI_FEATURE_EXPORT +
	       DMABUF_VFIO_PCI_FEATURE_REVOKE +
	       DMABUF_VFIO_PCI_FEATURE_MEMATTR +
	       DMABUF_VFIO_PCI_FEATURE_STATE +
	       DMABUF_VFIO_PCI_EXPORT_HUGE +
	       DMABUF_VFIO_PCI_STATE_REVOKED +
	       DMABUF_VFIO_PCI_CAUSE_LOW_POWER;
}
