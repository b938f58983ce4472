// SPDX-License-Identifier: GPL-2.0-only
/* The core requests and maps a BAR when it is asked to. */
#include <linux/vfio_pci_core.h>

int (*dvp_probe)(struct vfio_pci_core_device *vdev, int bar) =
	vfio_pci_core_setup_barmap;
