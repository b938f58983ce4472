/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_COMPAT_LINUX_VFIO_PCI_CORE_H
#define DVP_COMPAT_LINUX_VFIO_PCI_CORE_H

#include_next <linux/vfio_pci_core.h>

/*
 * Ask for the region of a BAR, and fill barmap, which tells the core that it
 * is taken. Done here the way each core does it itself. One that does it when
 * it enables the device leaves an error where it could not, and never tries
 * again.
 */
#ifndef DVP_HAVE_SETUP_BARMAP
static inline int vfio_pci_core_setup_barmap(struct vfio_pci_core_device *vdev,
					     int bar)
{
	void __iomem *map;
	int ret;

	if (!IS_ERR_OR_NULL((void __force *)vdev->barmap[bar]))
		return 0;

	ret = pci_request_selected_regions(vdev->pdev, BIT(bar), "vfio-pci");
	if (ret)
		return ret;

	map = pci_iomap(vdev->pdev, bar, 0);
	if (!map) {
		pci_release_selected_regions(vdev->pdev, BIT(bar));
		return -ENOMEM;
	}
	vdev->barmap[bar] = map;
	return 0;
}
#endif

/* Members of struct vfio_device_ops that came one by one. */
#ifdef DVP_HAVE_REGION_INFO_CAPS
#define DVP_VFIO_OPS_REGION_INFO \
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
#else
#define DVP_VFIO_OPS_REGION_INFO
#endif

#ifdef DVP_HAVE_MATCH_TOKEN_UUID
#define DVP_VFIO_OPS_TOKEN \
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#else
#define DVP_VFIO_OPS_TOKEN
#endif

#ifdef DVP_HAVE_IOMMUFD_OPS
#define DVP_VFIO_OPS_IOMMUFD \
	.bind_iommufd	= vfio_iommufd_physical_bind, \
	.unbind_iommufd	= vfio_iommufd_physical_unbind, \
	.attach_ioas	= vfio_iommufd_physical_attach_ioas,
#else
#define DVP_VFIO_OPS_IOMMUFD
#endif

#ifdef DVP_HAVE_IOMMUFD_DETACH
#define DVP_VFIO_OPS_IOMMUFD_DETACH \
	.detach_ioas	= vfio_iommufd_physical_detach_ioas,
#else
#define DVP_VFIO_OPS_IOMMUFD_DETACH
#endif

#ifdef DVP_HAVE_IOMMUFD_PASID
#define DVP_VFIO_OPS_IOMMUFD_PASID \
	.pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas, \
	.pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,
#else
#define DVP_VFIO_OPS_IOMMUFD_PASID
#endif

#endif /* DVP_COMPAT_LINUX_VFIO_PCI_CORE_H */
