// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the user that may end memory by changing decoding or power state.
 *
 * A config write cannot be foreseen: the core copies the value from user space
 * after any look that we could take at it, and another thread can change it in
 * between. So every write that touches one of the registers that no callback
 * covers is a transition, whatever its value: mappings end before the core is
 * called, faults wait until it has returned, and what counts is the device
 * afterwards. Entry to low power goes the same way.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/uaccess.h>

#include "dvp.h"

/*
 * With ends, what the caller is going to ask for ends memory as far as can be
 * seen, and importers are told before it does.
 */
static int dvp_transition_begin(struct dvp_device *dvdev, bool ends)
{
	if (mutex_lock_killable(&dvdev->transition_lock))
		return -EINTR;

	/* The core wakes the device, if it sleeps; so it stays until the end. */
	pm_runtime_get_noresume(&dvdev->vdev.pdev->dev);
	dvp_gate_begin(dvdev->gate, ends);
	return 0;
}

static void dvp_transition_end(struct dvp_device *dvdev)
{
	dvp_gate_end(dvdev->gate, &dvdev->vdev);
	pm_runtime_put(&dvdev->vdev.pdev->dev);
	mutex_unlock(&dvdev->transition_lock);
}

/*
 * Offset of the first byte at or behind pos that the user can end memory
 * with: the low byte of PCI_COMMAND, which has MEMORY in it, and the low byte
 * of the power management control register, which has the power state. Both
 * start a dword. The VFs of a device have no MEMORY bit.
 */
static loff_t dvp_transition_next_gated(struct pci_dev *pdev, loff_t pos)
{
	loff_t next = LLONG_MAX;

	if (!pdev->no_command_memory && pos <= PCI_COMMAND)
		next = PCI_COMMAND;
	if (pdev->pm_cap && pos <= pdev->pm_cap + PCI_PM_CTRL)
		next = min_t(loff_t, next, pdev->pm_cap + PCI_PM_CTRL);
	return next;
}

/*
 * Does a byte that goes to such a place end memory. A hint: the core reads the
 * byte for itself, and is the one to wait where its page is not there.
 * Importers may take what they are told as the end, so they are not told of
 * every transition.
 */
static bool dvp_transition_foresees_end(loff_t pos, const char __user *buf)
{
	u8 value;
	int ret;

	pagefault_disable();
	ret = get_user(value, (const u8 __user *)buf);
	pagefault_enable();
	if (ret)
		return false;
	if (pos == PCI_COMMAND)
		return !(value & PCI_COMMAND_MEMORY);
	return (value & PCI_PM_CTRL_STATE_MASK) == (__force u8)PCI_D3hot;
}

static ssize_t dvp_transition_write_gated(struct vfio_device *core_vdev,
					  const char __user *buf, size_t count,
					  loff_t *ppos)
{
	struct dvp_device *dvdev = dvp_device_of(core_vdev);
	loff_t pos = *ppos & VFIO_PCI_OFFSET_MASK;
	ssize_t ret;

	ret = dvp_transition_begin(dvdev,
				   dvp_transition_foresees_end(pos, buf));
	if (ret)
		return ret;

	ret = vfio_pci_core_write(core_vdev, buf, count, ppos);
	dvp_transition_end(dvdev);
	return ret;
}

/*
 * The core chops a write into aligned pieces of a dword at most, so cutting it
 * on the grid of dwords changes no access to the device.
 */
static ssize_t dvp_transition_write_config(struct vfio_device *core_vdev,
					   const char __user *buf, size_t count,
					   loff_t *ppos)
{
	struct pci_dev *pdev = dvp_device_of(core_vdev)->vdev.pdev;
	loff_t base = *ppos & ~VFIO_PCI_OFFSET_MASK;
	loff_t pos = *ppos - base;
	size_t done = 0;

	while (done < count) {
		loff_t gated = dvp_transition_next_gated(pdev, pos);
		loff_t here = base + pos;
		size_t len = count - done;
		ssize_t ret;

		if (pos == gated) {
			len = min_t(size_t, len, sizeof(u32));
			ret = dvp_transition_write_gated(core_vdev, buf + done,
							 len, &here);
		} else {
			len = min_t(u64, len, gated - pos);
			ret = vfio_pci_core_write(core_vdev, buf + done, len,
						  &here);
		}
		if (ret < 0)
			return ret;
		if (!ret)
			break;
		done += ret;
		pos += ret;
	}

	*ppos = base + pos;
	return done;
}

/**
 * dvp_transition_write() - &vfio_device_ops.write
 * @core_vdev: the device
 * @buf: what to write
 * @count: bytes
 * @ppos: where; the region index is on top
 *
 * A config write that does not fit is the core's to refuse, as a whole: see
 * vfio_config_do_rw() in drivers/vfio/pci/vfio_pci_config.c.
 *
 * Context: process context, may sleep.
 *
 * Return: bytes written; an error of the core, -EIO for a device that does not
 * wake up; -EINTR for a task that is being killed.
 */
ssize_t dvp_transition_write(struct vfio_device *core_vdev,
			     const char __user *buf, size_t count,
			     loff_t *ppos)
{
	struct pci_dev *pdev = dvp_device_of(core_vdev)->vdev.pdev;
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) != VFIO_PCI_CONFIG_REGION_INDEX ||
	    pos >= pdev->cfg_size || count > pdev->cfg_size - pos)
		return vfio_pci_core_write(core_vdev, buf, count, ppos);
	return dvp_transition_write_config(core_vdev, buf, count, ppos);
}

/**
 * dvp_transition_low_power() - the features that enter and leave low power
 * @dvdev: the device
 * @flags: VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, _ENTRY_WITH_WAKEUP or _EXIT,
 *	and the operation
 * @arg: their payload
 * @argsz: bytes of it
 *
 * The device goes to sleep at the earliest when this ioctl lets go of it,
 * which is after the gate has seen that low power is engaged, and importers
 * have stopped.
 *
 * Context: process context, may sleep; the device is awake.
 *
 * Return: what vfio_pci_core_ioctl_feature() says; -EINTR for a task that is
 * being killed.
 */
int dvp_transition_low_power(struct dvp_device *dvdev, u32 flags,
			     void __user *arg, size_t argsz)
{
	struct vfio_device *core_vdev = &dvdev->vdev.vdev;
	int ret;

	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return vfio_pci_core_ioctl_feature(core_vdev, flags, arg,
						   argsz);

	ret = dvp_transition_begin(dvdev, false);
	if (ret)
		return ret;

	ret = vfio_pci_core_ioctl_feature(core_vdev, flags, arg, argsz);
	dvp_transition_end(dvdev);
	return ret;
}
