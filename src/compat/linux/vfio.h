/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_COMPAT_LINUX_VFIO_H
#define DVP_COMPAT_LINUX_VFIO_H

#include_next <linux/vfio.h>

/* Is the device open through a cdev, and bound to iommufd? */
static inline bool dvp_compat_is_bound_to_iommufd(struct vfio_device *device)
{
#ifdef DVP_HAVE_CDEV_IOMMUFD
	return vfio_device_cdev_opened(device) && device->iommufd_device;
#else
	return false;
#endif
}

#endif /* DVP_COMPAT_LINUX_VFIO_H */
