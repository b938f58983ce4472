// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device itself says of its memory, while a user has it open.
 */
#include <linux/pci.h>

#include "dvp.h"

/*
 * The user's view of PCI_COMMAND is vconfig. The register itself can differ:
 * the way back from D3hot can restore what it was on the way there.
 */
static bool dvp_memory_decodes(struct vfio_pci_core_device *vdev)
{
	u16 user = le16_to_cpup((__le16 *)&vdev->vconfig[PCI_COMMAND]);
	u16 real = 0;

	if (vdev->pdev->no_command_memory)
		return true;

	pci_read_config_word(vdev->pdev, PCI_COMMAND, &real);
	return user & real & PCI_COMMAND_MEMORY;
}

/* Power states are ordered numbers behind a type that sparse keeps apart. */
static bool dvp_memory_sleeps(struct pci_dev *pdev)
{
	return (__force int)pdev->current_state >= (__force int)PCI_D3hot;
}

/**
 * dvp_memory_causes() - what in the device blocks access to its memory now
 * @vdev: the device, enabled
 *
 * The rules are those of __vfio_pci_memory_enabled() in
 * drivers/vfio/pci/vfio_pci_config.c, which older kernels do not export. The
 * core changes vconfig and the power state under its memory_lock; whoever ran
 * such a change looks here after it, so the last look is true.
 *
 * Context: &dvp_gate.lock held, which orders the looks.
 *
 * Return: set of &enum dvp_cause.
 */
unsigned int dvp_memory_causes(struct vfio_pci_core_device *vdev)
{
	unsigned int causes = 0;

	if (!dvp_memory_decodes(vdev))
		causes |= DVP_CAUSE_DECODE_OFF;
	if (dvp_memory_sleeps(vdev->pdev))
		causes |= DVP_CAUSE_SLEEP;
	if (vdev->pm_runtime_engaged)
		causes |= DVP_CAUSE_LOW_POWER;
	return causes;
}

/**
 * dvp_memory_claim_bars() - request the regions of the BARs
 * @vdev: the device, after vfio_pci_core_finish_enable()
 *
 * An export needs the BAR's region requested, and finds it so from here on.
 * Newer cores do this in vfio_pci_core_enable(). A BAR that somebody else
 * holds is left alone: exports of it fail.
 *
 * Context: process context, may sleep; VFIO's dev_set lock held.
 */
void dvp_memory_claim_bars(struct vfio_pci_core_device *vdev)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (vdev->bar_mmap_supported[bar] &&
		    vfio_pci_core_setup_barmap(vdev, bar))
			pci_dbg(vdev->pdev, "BAR %d is not free\n", bar);
	}
}
