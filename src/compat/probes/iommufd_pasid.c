// SPDX-License-Identifier: GPL-2.0-only
/* A PASID of a VFIO device can be attached to an IOAS. */
#include <linux/vfio.h>

const struct vfio_device_ops dvp_probe = {
	.pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas,
	.pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,
};
