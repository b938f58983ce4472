// SPDX-License-Identifier: GPL-2.0-only
/* VFIO devices can be bound to iommufd. */
#include <linux/vfio.h>

const struct vfio_device_ops dvp_probe = {
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
};
