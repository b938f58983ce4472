// SPDX-License-Identifier: GPL-2.0-only
/* Control: compiles on every kernel, or the compiler is the wrong one. */
#include <linux/module.h>
#include <linux/vfio_pci_core.h>

struct vfio_pci_core_device *dvp_probe(struct vfio_device *core_vdev);

struct vfio_pci_core_device *dvp_probe(struct vfio_device *core_vdev)
{
	return container_of(core_vdev, struct vfio_pci_core_device, vdev);
}
