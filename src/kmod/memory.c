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
	u16 real;
	u8 user;

	if (vdev->pdev->no_command_memory)
		return true;
	if (pci_read_config_word(vdev->pdev, PCI_COMMAND, &real) ||
	    PCI_POSSIBLE_ERROR(real))
		return false;
	/* Racy: see dvp_memory_causes(). */
	user = data_race(READ_ONCE(vdev->vconfig[PCI_COMMAND]));
	return user & real & PCI_COMMAND_MEMORY;
}

/* Power states are ordered numbers behind a type that sparse keeps apart. */
static bool dvp_memory_sleeps(struct pci_dev *pdev)
{
	/* Racy: see dvp_memory_causes(). */
	pci_power_t state = data_race(READ_ONCE(pdev->current_state));

	return (__force int)state >= (__force int)PCI_D3hot;
}

/**
 * dvp_memory_causes() - what in the device blocks access to its memory now
 * @vdev: the device, enabled
 *
 * The rules are those of __vfio_pci_memory_enabled() in
 * drivers/vfio/pci/vfio_pci_config.c, which older kernels do not export. The
 * core changes vconfig and the power state under its memory_lock, which is not
 * taken here; whoever ran such a change looks after it, so the last look is true.
 *
 * Context: &dvp_gate.lock held, which orders the looks.
 *
 * Return: set of &enum dvp_cause.
 */
unsigned int dvp_memory_causes(struct vfio_pci_core_device *vdev)
{
	unsigned int causes = 0;

	/* One that sleeps may not answer; it is looked at again on wake-up. */
	if (dvp_memory_sleeps(vdev->pdev))
		causes |= DVP_CAUSE_SLEEP;
	else if (!dvp_memory_decodes(vdev))
		causes |= DVP_CAUSE_DECODE_OFF;
	/* Racy, as said above. */
	if (data_race(vdev->pm_runtime_engaged))
		causes |= DVP_CAUSE_LOW_POWER;
	return causes;
}

/*
 * That a region is taken the kernel says in the log, each time that it is asked for.
 * Users can ask for ever, so it is tried without a word first.
 */
static int dvp_memory_try_bar(struct pci_dev *pdev, int bar)
{
	resource_size_t start = pci_resource_start(pdev, bar);
	resource_size_t len = pci_resource_len(pdev, bar);

	if (!request_mem_region(start, len, KBUILD_MODNAME))
		return -EBUSY;
	release_mem_region(start, len);
	return 0;
}

/**
 * dvp_memory_claim_bar() - request the region of a BAR
 * @vdev: the device, enabled
 * @bar: a BAR that VFIO lets user space mmap
 *
 * Nothing to do after the first time, or where vfio_pci_core_enable() has done
 * it. What failed is tried again each time.
 *
 * Context: process context, may sleep; mmap_lock may be held.
 *
 * Return: 0; -EBUSY where somebody else holds it, or, rarely, where there was no
 * memory to note the claim, which __request_region() does not tell apart; -ENOMEM.
 */
int dvp_memory_claim_bar(struct vfio_pci_core_device *vdev, int bar)
{
	static DEFINE_MUTEX(claim_lock);
	void __iomem *map;
	int ret;

	/* Racy: what is claimed stays so until the device is closed. */
	map = data_race(READ_ONCE(vdev->barmap[bar]));
	if (!IS_ERR_OR_NULL((void __force *)map))
		return 0;

	mutex_lock(&claim_lock);
	ret = dvp_memory_try_bar(vdev->pdev, bar) ?:
	      vfio_pci_core_setup_barmap(vdev, bar);
	mutex_unlock(&claim_lock);
	return ret;
}

/**
 * dvp_memory_claim_bars() - request the regions of all BARs that can be mapped
 * @vdev: the device, after vfio_pci_core_finish_enable()
 *
 * Before a user can ask for one, so that the core, which has no lock for this
 * on older kernels, finds it done.
 *
 * Context: process context, may sleep; VFIO's dev_set lock held.
 */
void dvp_memory_claim_bars(struct vfio_pci_core_device *vdev)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (vdev->bar_mmap_supported[bar] &&
		    dvp_memory_claim_bar(vdev, bar) == -EBUSY)
			dev_warn_ratelimited(&vdev->pdev->dev,
					     "BAR %d is claimed by somebody else, see /proc/iomem: it cannot be mapped or exported\n",
					     bar);
	}
}
