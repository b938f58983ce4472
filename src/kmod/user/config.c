// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the user that may end memory by changing decoding or the power state.
 *
 * Two bytes of config space can: the low byte of PCI_COMMAND, with MEMORY, and the low
 * byte of the power management control register, with the power state. A write that
 * changes neither is left to the core without these bytes, so that a guest that masks
 * INTx, which writes PCI_COMMAND, costs nobody a mapping.
 *
 * Every other write is a transition. The core copies the bytes from user memory after any
 * look that we could take at them, and another thread can change them in between, so
 * access ends before the core is called, whatever the bytes look like. The core is
 * called without page faults: its copy fails if the page is gone, and is repeated after
 * the page was faulted in outside of the transition. So a caller that is stuck in its
 * own page fault delays nobody.
 */
#include <linux/pagemap.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "revoke.h"
#include "user/user.h"

/*
 * How often a transition is repeated because the page of its bytes was gone. It can
 * lie in a mapping that the transition itself ends.
 */
#define DVP_CONFIG_TRIES	16

/* What user memory says now. A hint only. Returns -EFAULT if the page is not there. */
static int dvp_config_peek(const char __user *buf, u8 *value)
{
	int ret;

	pagefault_disable();
	ret = get_user(*value, (const u8 __user *)buf);
	pagefault_enable();
	return ret;
}

/* Which causes a byte at a gated offset would set, by the look of it. */
static unsigned int dvp_config_foresee(loff_t pos, u8 value)
{
	if (pos == PCI_COMMAND)
		return value & PCI_COMMAND_MEMORY ? 0 : DVP_CAUSE_DECODE_OFF;
	return (value & PCI_PM_CTRL_STATE_MASK) == (__force u8)PCI_D3hot ?
	       DVP_CAUSE_SLEEP : 0;
}

/*
 * Would the byte change nothing? Both the user's view and the register have to agree
 * with it: after a reset that the core has not seen, such a write restores the BARs.
 */
static bool dvp_config_is_noop(struct vfio_pci_core_device *vdev, loff_t pos,
			       u8 value)
{
	u8 bits, user, real;

	/* Racy: another thread that writes at the same time goes before or after. */
	if (data_race(vdev->pm_runtime_engaged))
		return false;	/* the core wakes the device for each write */
	if (pos == PCI_COMMAND) {
		bits = PCI_COMMAND_MEMORY | PCI_COMMAND_IO;
		/* Racy, as above. */
		user = data_race(READ_ONCE(vdev->vconfig[PCI_COMMAND]));
	} else {
		bits = PCI_PM_CTRL_STATE_MASK;
		/* Racy, as above. */
		user = (__force u8)data_race(READ_ONCE(vdev->pdev->current_state));
		value &= bits;
	}
	if ((value ^ user) & bits ||
	    pci_user_read_config_byte(vdev->pdev, pos, &real))
		return false;
	return pos == PCI_COMMAND ? real == value : (real & bits) == value;
}

/* As much as the core writes at once: it copies that in one go. */
static size_t dvp_config_chunk(size_t count)
{
	return count >= 4 ? 4 : count >= 2 ? 2 : 1;
}

static ssize_t dvp_config_transition(struct vfio_device *core_vdev,
				     const char __user *buf, size_t count,
				     loff_t *ppos, unsigned int foreseen)
{
	struct dvp_gate *gate = dvp_device_of(core_vdev)->gate;
	ssize_t ret;

	ret = dvp_revoke_begin(gate, foreseen);
	if (ret)
		return ret;

	pagefault_disable();
	ret = vfio_pci_core_write(core_vdev, buf, count, ppos);
	pagefault_enable();
	dvp_revoke_end(gate);
	return ret;
}

/* A write that starts at a gated byte. Returns how much of it was written. */
static ssize_t dvp_config_write_gated(struct vfio_device *core_vdev,
				      const char __user *buf, size_t count,
				      loff_t *ppos)
{
	struct vfio_pci_core_device *vdev = &dvp_device_of(core_vdev)->vdev;
	loff_t pos = *ppos & VFIO_PCI_OFFSET_MASK;
	ssize_t ret;
	int tries;
	u8 value;

	count = dvp_config_chunk(count);
	for (tries = 0; tries < DVP_CONFIG_TRIES; tries++) {
		if (!dvp_config_peek(buf, &value)) {
			if (dvp_config_is_noop(vdev, pos, value)) {
				*ppos += 1;
				return 1;
			}
			ret = dvp_config_transition(core_vdev, buf, count, ppos,
						    dvp_config_foresee(pos,
								       value));
			if (ret != -EFAULT)
				return ret;
		}
		if (fault_in_readable(buf, count))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return -EFAULT;
}

/* The first gated byte at or behind pos. VFs have no MEMORY bit. */
static loff_t dvp_config_next_gated(struct pci_dev *pdev, loff_t pos)
{
	loff_t next = LLONG_MAX;

	if (!pdev->no_command_memory && pos <= PCI_COMMAND)
		next = PCI_COMMAND;
	if (pdev->pm_cap && pos <= pdev->pm_cap + PCI_PM_CTRL)
		next = min_t(loff_t, next, pdev->pm_cap + PCI_PM_CTRL);
	return next;
}

/*
 * The core chops a write into aligned pieces of a dword at most, so cutting it at
 * gated bytes, which start a dword, changes no access to the device but those that are
 * left out.
 */
static ssize_t dvp_config_write_split(struct vfio_device *core_vdev,
				      const char __user *buf, size_t count,
				      loff_t *ppos, loff_t gated)
{
	struct pci_dev *pdev = dvp_device_of(core_vdev)->vdev.pdev;
	loff_t pos = *ppos & VFIO_PCI_OFFSET_MASK;
	size_t done = 0;
	ssize_t ret;

	for (;;) {
		if (pos == gated)
			ret = dvp_config_write_gated(core_vdev, buf + done,
						     count - done, ppos);
		else
			ret = vfio_pci_core_write(core_vdev, buf + done,
						  min_t(u64, count - done,
							gated - pos), ppos);
		if (ret < 0)
			return ret;
		done += ret;
		pos += ret;
		if (!ret || done == count)
			return done;
		gated = dvp_config_next_gated(pdev, pos);
	}
}

/*
 * vfio_device_ops.write. A config write that does not fit is the core's to refuse, as a
 * whole: see vfio_config_do_rw() in drivers/vfio/pci/vfio_pci_config.c.
 */
ssize_t dvp_config_write(struct vfio_device *core_vdev, const char __user *buf,
			 size_t count, loff_t *ppos)
{
	struct pci_dev *pdev = dvp_device_of(core_vdev)->vdev.pdev;
	loff_t pos = *ppos & VFIO_PCI_OFFSET_MASK;
	loff_t start = *ppos, gated;
	ssize_t ret;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) != VFIO_PCI_CONFIG_REGION_INDEX ||
	    pos >= pdev->cfg_size || count > pdev->cfg_size - pos)
		return vfio_pci_core_write(core_vdev, buf, count, ppos);
	gated = dvp_config_next_gated(pdev, pos);
	if (gated >= pos + count)
		return vfio_pci_core_write(core_vdev, buf, count, ppos);

	ret = dvp_config_write_split(core_vdev, buf, count, ppos, gated);
	if (ret < 0)
		*ppos = start;
	return ret;
}

/*
 * The features that enter low power. The device goes to sleep at the earliest when this
 * ioctl lets go of it, so access ends before. The payload is copied without page faults,
 * as above.
 */
int dvp_config_enter_low_power(struct dvp_device *dvdev, u32 flags,
			       void __user *arg, size_t argsz)
{
	struct vfio_device *core_vdev = &dvdev->vdev.vdev;
	size_t len = min(argsz,
			 sizeof(struct vfio_device_low_power_entry_with_wakeup));
	int tries, ret;

	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return vfio_pci_core_ioctl_feature(core_vdev, flags, arg,
						   argsz);

	for (tries = 0; tries < DVP_CONFIG_TRIES; tries++) {
		ret = dvp_revoke_begin(dvdev->gate, DVP_CAUSE_LOW_POWER);
		if (ret)
			return ret;
		pagefault_disable();
		ret = vfio_pci_core_ioctl_feature(core_vdev, flags, arg, argsz);
		pagefault_enable();
		dvp_revoke_end(dvdev->gate);

		if (ret != -EFAULT || fault_in_readable(arg, len) ||
		    fatal_signal_pending(current))
			break;
	}
	return ret;
}

/* Memory is back afterwards, if nothing else keeps it away. */
int dvp_config_exit_low_power(struct dvp_device *dvdev, u32 flags,
			      void __user *arg, size_t argsz)
{
	int ret = vfio_pci_core_ioctl_feature(&dvdev->vdev.vdev, flags, arg,
					      argsz);

	dvp_gate_look(dvdev->gate);
	return ret;
}
