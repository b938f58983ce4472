// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-pci's parameters, on kernels whose core keeps them per device.
 *
 * Elsewhere they are set by vfio_pci_core_set_params(), which is global and
 * belongs to vfio-pci: a second caller would change devices that are not its
 * own.
 */
#include <linux/module.h>

#include "params.h"

static bool nointxmask;
module_param(nointxmask, bool, 0644);
MODULE_PARM_DESC(nointxmask,
		 "Do not use INTx masking as of PCI 2.3, for devices that get it wrong.");

static bool disable_idle_d3;
module_param(disable_idle_d3, bool, 0644);
MODULE_PARM_DESC(disable_idle_d3, "Leave devices that nobody uses out of D3.");

#ifdef CONFIG_VFIO_PCI_VGA
static bool disable_vga;
module_param(disable_vga, bool, 0444);
MODULE_PARM_DESC(disable_vga, "Give no access to VGA resources.");
#else
static const bool disable_vga;
#endif

/**
 * dvp_params_latch() - give a new device the parameters as they are now
 * @vdev: the device, before vfio_pci_core_init_dev()
 *
 * A later change of a parameter does not touch it.
 *
 * Context: probe.
 */
void dvp_params_latch(struct vfio_pci_core_device *vdev)
{
	vdev->nointxmask = nointxmask;
	vdev->disable_idle_d3 = disable_idle_d3;
	vdev->disable_vga = disable_vga;
}
