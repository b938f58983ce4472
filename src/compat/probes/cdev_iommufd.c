// SPDX-License-Identifier: GPL-2.0-only
/* A device that is opened through a cdev is bound to iommufd. */
#include <linux/vfio.h>

bool dvp_probe(struct vfio_device *device);

bool dvp_probe(struct vfio_device *device)
{
	return vfio_device_cdev_opened(device) && device->iommufd_device;
}
