// SPDX-License-Identifier: GPL-2.0-only
/* VFIO devices can be detached from an IOAS. */
#include <linux/vfio.h>

const struct vfio_device_ops dvp_probe = {
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
};
