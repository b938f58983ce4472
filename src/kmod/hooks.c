// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the kernel says that the memory of a device goes, or is back: resets,
 * whoever starts them, a link in error, wake-up, open, close and removal.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "dvp.h"

static LIST_HEAD(dvp_hooks_devices);
static DEFINE_MUTEX(dvp_hooks_devices_lock);

/*
 * The core's PM callbacks, which it stores in the driver each time that a
 * device is registered, and a copy of them with some of ours.
 */
static const struct dev_pm_ops *dvp_hooks_core_pm_ops;
static struct dev_pm_ops *dvp_hooks_pm_copy;

static struct dvp_device *dvp_hooks_device(struct pci_dev *pdev)
{
	return container_of(dev_get_drvdata(&pdev->dev), struct dvp_device,
			    vdev);
}

static void dvp_hooks_reset_prepare(struct pci_dev *pdev)
{
	dvp_gate_block(dvp_hooks_device(pdev)->gate, DVP_CAUSE_RESET);
}

static void dvp_hooks_reset_done(struct pci_dev *pdev)
{
	struct dvp_device *dvdev = dvp_hooks_device(pdev);

	/* A reset also ends whatever error there was. */
	dvp_gate_unblock(dvdev->gate, DVP_CAUSE_RESET | DVP_CAUSE_ERROR,
			 &dvdev->vdev);
}

/*
 * The link reset that follows a fatal error goes past reset_prepare: see
 * pcie_do_recovery() in drivers/pci/pcie/err.c.
 */
static pci_ers_result_t dvp_hooks_error_detected(struct pci_dev *pdev,
						 pci_channel_state_t state)
{
	/* Importers may need their own callback first, which waits for ours. */
	if (state == pci_channel_io_frozen)
		dvp_gate_block_at_once(dvp_hooks_device(pdev)->gate,
				       DVP_CAUSE_ERROR);
	return vfio_pci_core_aer_err_detected(pdev, state);
}

static void dvp_hooks_resume(struct pci_dev *pdev)
{
	struct dvp_device *dvdev = dvp_hooks_device(pdev);

	if (dvp_drain_is_done(dvdev->gate))
		dvp_gate_unblock(dvdev->gate, DVP_CAUSE_ERROR, &dvdev->vdev);
	else
		pci_warn(pdev, "memory stays revoked after an error, as importers have not let go of it; a reset, and then memory decoding on, bring it back\n");
}

/* The core's handlers, vfio_pci_core_err_handlers, are error_detected alone. */
const struct pci_error_handlers dvp_hooks_err_handlers = {
	.error_detected	= dvp_hooks_error_detected,
	.reset_prepare	= dvp_hooks_reset_prepare,
	.reset_done	= dvp_hooks_reset_done,
	.resume		= dvp_hooks_resume,
};

/* The core may have left low power by itself, if the user asked for a wake-up. */
static int dvp_hooks_runtime_resume(struct device *dev)
{
	struct dvp_device *dvdev = dvp_hooks_device(to_pci_dev(dev));
	int ret = dvp_hooks_core_pm_ops->runtime_resume(dev);

	dvp_gate_refresh(dvdev->gate, &dvdev->vdev);
	return ret;
}

/*
 * After the system has slept, the kernel has woken each device, also one that
 * slept by its user's wish: see pci_pm_default_resume() in
 * drivers/pci/pci-driver.c.
 */
static void dvp_hooks_complete(struct device *dev)
{
	struct dvp_device *dvdev = dvp_hooks_device(to_pci_dev(dev));

	if (dvp_hooks_core_pm_ops->complete)
		dvp_hooks_core_pm_ops->complete(dev);
	dvp_gate_refresh(dvdev->gate, &dvdev->vdev);
}

static void dvp_hooks_wrap_pm_locked(struct device_driver *driver)
{
	/* Racy: the core may be storing it; who has it do so comes here, too. */
	const struct dev_pm_ops *core = data_race(READ_ONCE(driver->pm));

	lockdep_assert_held(&dvp_hooks_devices_lock);

	/* Without CONFIG_PM the core has none. */
	if (core == dvp_hooks_pm_copy || !core || !core->runtime_resume)
		return;
	if (!dvp_hooks_core_pm_ops) {
		*dvp_hooks_pm_copy = *core;
		dvp_hooks_pm_copy->runtime_resume = dvp_hooks_runtime_resume;
		dvp_hooks_pm_copy->complete = dvp_hooks_complete;
		dvp_hooks_core_pm_ops = core;
	}
	WRITE_ONCE(driver->pm, dvp_hooks_pm_copy);
}

/**
 * dvp_hooks_init() - the first that the driver needs of this file
 *
 * Context: module init; the driver is not registered yet.
 *
 * Return: 0; -ENOMEM.
 */
int dvp_hooks_init(void)
{
	static const struct dev_pm_ops none;

	dvp_hooks_pm_copy = kmemdup(&none, sizeof(none), GFP_KERNEL);
	return dvp_hooks_pm_copy ? 0 : -ENOMEM;
}

/**
 * dvp_hooks_exit() - the last that the driver needs of this file
 *
 * Context: module init or exit; the driver is not registered.
 */
void dvp_hooks_exit(void)
{
	kfree(dvp_hooks_pm_copy);
}

/*
 * Waits for a wake-up that is under way. That cancels a request to let the
 * device sleep, too; the last put makes a new one.
 */
static void dvp_hooks_look_again(struct dvp_device *dvdev)
{
	struct device *dev = &dvdev->vdev.pdev->dev;

	pm_runtime_get_noresume(dev);
	pm_runtime_barrier(dev);
	dvp_gate_refresh(dvdev->gate, &dvdev->vdev);
	pm_runtime_put(dev);
}

/*
 * Devices that can only be reset together have a set of VFIO's in common, each
 * until shortly before its release. The core has just had the lock of the set;
 * the list of this file is no substitute, as who waits under that lock must not
 * hold up the devices of others.
 */
static void dvp_hooks_look_at_set(struct vfio_device *core_vdev)
{
	struct vfio_device_set *set = core_vdev->dev_set;
	struct vfio_device *each;

	if (mutex_lock_killable(&set->lock))
		return;
	list_for_each_entry(each, &set->device_list, dev_set_list) {
		if (each->ops == core_vdev->ops)
			dvp_hooks_look_again(dvp_device_of(each));
	}
	mutex_unlock(&set->lock);
}

/**
 * dvp_hooks_register() - register a device with VFIO
 * @dvdev: the device, ready to be opened
 *
 * While the core registers a device its own PM callbacks are in place for all
 * of them, so a wake-up can slip by, and may still be under way with the core's
 * callback: look at each device again.
 *
 * Context: probe; device lock held.
 *
 * Return: what vfio_pci_core_register_device() says.
 */
int dvp_hooks_register(struct dvp_device *dvdev)
{
	struct dvp_device *each;
	int ret;

	/* Waits for whoever is closing a device of the same set. */
	ret = vfio_pci_core_register_device(&dvdev->vdev);

	mutex_lock(&dvp_hooks_devices_lock);
	if (!ret)
		list_add_tail(&dvdev->node, &dvp_hooks_devices);

	/* After a failure too: the core may have stored its callbacks. */
	dvp_hooks_wrap_pm_locked(dvdev->vdev.pdev->dev.driver);
	list_for_each_entry(each, &dvp_hooks_devices, node)
		dvp_hooks_look_again(each);
	mutex_unlock(&dvp_hooks_devices_lock);
	return ret;
}

/**
 * dvp_hooks_unregister() - take a device away from VFIO
 * @dvdev: the device
 *
 * Waits for the user to close the device. A device that was pulled out is gone
 * for its user at once.
 *
 * Context: remove; device lock held.
 */
void dvp_hooks_unregister(struct dvp_device *dvdev)
{
	if (!pci_device_is_present(dvdev->vdev.pdev))
		dvp_gate_shut(dvdev->gate);

	vfio_pci_core_unregister_device(&dvdev->vdev);

	mutex_lock(&dvp_hooks_devices_lock);
	list_del(&dvdev->node);
	mutex_unlock(&dvp_hooks_devices_lock);
}

/**
 * dvp_hooks_open() - &vfio_device_ops.open_device
 * @core_vdev: the device, opened for the first time or after the last close
 *
 * Context: process context; VFIO's dev_set lock held.
 *
 * Return: what vfio_pci_core_enable() says.
 */
int dvp_hooks_open(struct vfio_device *core_vdev)
{
	struct dvp_device *dvdev = dvp_device_of(core_vdev);
	int ret;

	ret = vfio_pci_core_enable(&dvdev->vdev);
	if (ret)
		return ret;

	vfio_pci_core_finish_enable(&dvdev->vdev);
	dvp_memory_claim_bars(&dvdev->vdev);
	dvp_gate_open(dvdev->gate, &dvdev->vdev);
	return 0;
}

/**
 * dvp_hooks_close() - &vfio_device_ops.close_device
 * @core_vdev: the device; nobody has it open or a BAR of it mapped
 *
 * Context: process context; VFIO's dev_set lock held.
 */
void dvp_hooks_close(struct vfio_device *core_vdev)
{
	dvp_gate_shut(dvp_device_of(core_vdev)->gate);
	vfio_pci_core_close_device(core_vdev);
}

/**
 * dvp_hooks_ioctl() - &vfio_device_ops.ioctl
 * @core_vdev: the device
 * @cmd: which
 * @arg: its argument
 *
 * The core wakes a device from D3hot before it resets it, with a hot reset each
 * that goes with it, and does not put it back where the reset fails before any
 * callback.
 *
 * Context: process context, may sleep; the device is awake.
 *
 * Return: what vfio_pci_core_ioctl() says.
 */
long dvp_hooks_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
		     unsigned long arg)
{
	struct dvp_device *dvdev = dvp_device_of(core_vdev);
	long ret = vfio_pci_core_ioctl(core_vdev, cmd, arg);

	if (cmd == VFIO_DEVICE_RESET)
		dvp_gate_refresh(dvdev->gate, &dvdev->vdev);
	else if (cmd == VFIO_DEVICE_PCI_HOT_RESET)
		dvp_hooks_look_at_set(core_vdev);
	return ret;
}

/**
 * dvp_hooks_sriov_configure() - &pci_driver.sriov_configure, if allowed
 * @pdev: the PF
 * @nr_virtfn: number of VFs, 0 for none
 *
 * The core wakes a PF that its user has put to sleep.
 *
 * Context: device lock held.
 *
 * Return: what vfio_pci_core_sriov_configure() says.
 */
int dvp_hooks_sriov_configure(struct pci_dev *pdev, int nr_virtfn)
{
	struct dvp_device *dvdev = dvp_hooks_device(pdev);
	int ret;

	ret = vfio_pci_core_sriov_configure(&dvdev->vdev, nr_virtfn);
	dvp_gate_refresh(dvdev->gate, &dvdev->vdev);
	return ret;
}
