// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an open device says of its memory.
 */
#include <linux/pci.h>

#include "core/dvp.h"

/* The register can differ from vconfig after D3hot and after a reset. */
static bool dvp_memory_register_is_on(struct pci_dev *pdev)
{
	u16 command;

	return !pci_read_config_word(pdev, PCI_COMMAND, &command) &&
	       !PCI_POSSIBLE_ERROR(command) && command & PCI_COMMAND_MEMORY;
}

/*
 * Under its memory_lock the core switches MEMORY on for a moment, in
 * vfio_pci_memory_lock_and_enable(). A reset that the user asked for has that lock.
 */
static bool dvp_memory_verify(struct vfio_pci_core_device *vdev, bool in_reset)
{
	bool on;

	if (in_reset)
		return dvp_memory_register_is_on(vdev->pdev);
	if (!down_read_trylock(&vdev->memory_lock))
		return false;
	on = dvp_memory_register_is_on(vdev->pdev);
	up_read(&vdev->memory_lock);
	return on;
}

static bool dvp_memory_decodes(struct vfio_pci_core_device *vdev, bool *verify,
			       bool in_reset)
{
	if (vdev->pdev->no_command_memory)
		return true;
	/* Racy: see dvp_memory_causes(). */
	if (!(data_race(READ_ONCE(vdev->vconfig[PCI_COMMAND])) &
	      PCI_COMMAND_MEMORY))
		return false;
	if (*verify)
		*verify = !dvp_memory_verify(vdev, in_reset);
	return !*verify;
}

/*
 * Why memory cannot be used, as far as the device tells. The rules are those of
 * __vfio_pci_memory_enabled() in drivers/vfio/pci/vfio_pci_config.c. The core changes
 * these values under its memory_lock, which is not taken. The driver looks again after
 * each such change, so the last look is right.
 *
 * Under dvp_gate.lock. A device that sleeps may not answer, so its registers are
 * left alone; with verify they are read, and it stays set until they agree.
 */
unsigned int dvp_memory_causes(struct vfio_pci_core_device *vdev, bool *verify,
			       bool in_reset)
{
	unsigned int causes = 0;
	pci_power_t state;

	/* Racy, as said above. */
	if (data_race(vdev->pm_runtime_engaged)) {
		*verify = true;
		causes |= DVP_CAUSE_LOW_POWER;
	}
	/* Racy, as said above. */
	state = data_race(READ_ONCE(vdev->pdev->current_state));
	/* States are ordered numbers behind a type that sparse keeps apart. */
	if ((__force int)state >= (__force int)PCI_D3hot) {
		*verify = true;
		causes |= DVP_CAUSE_SLEEP;
	} else if (!dvp_memory_decodes(vdev, verify, in_reset)) {
		causes |= DVP_CAUSE_DECODE_OFF;
	}
	return causes;
}

/*
 * request_region() logs each failure, and a user can repeat the call. Try silently
 * first.
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

/*
 * Request the region of a BAR that VFIO lets user space mmap, unless that is done
 * already. A failure is tried again each time. Returns -EBUSY if another driver has
 * claimed the BAR, which __request_region() does not tell from a lack of memory.
 */
int dvp_memory_claim_bar(struct vfio_pci_core_device *vdev, int bar)
{
	static DEFINE_MUTEX(claim_lock);
	void __iomem *map;
	int ret;

	/* A claim lasts until the device is closed. */
	map = data_race(READ_ONCE(vdev->barmap[bar]));
	if (!IS_ERR_OR_NULL((void __force *)map))
		return 0;

	mutex_lock(&claim_lock);
	ret = dvp_memory_try_bar(vdev->pdev, bar) ?:
	      vfio_pci_core_setup_barmap(vdev, bar);
	mutex_unlock(&claim_lock);
	return ret;
}

/*
 * When the device is opened: older cores have no lock for this, and find it done
 * before a user can ask for a BAR.
 */
void dvp_memory_claim_bars(struct vfio_pci_core_device *vdev)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (vdev->bar_mmap_supported[bar] &&
		    dvp_memory_claim_bar(vdev, bar) == -EBUSY)
			dev_warn_ratelimited(&vdev->pdev->dev,
					     "BAR %d is claimed by another driver, see /proc/iomem: it cannot be mapped or exported\n",
					     bar);
	}
}
