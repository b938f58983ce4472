// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the kernel says that memory goes, or is back: open, close, resets of any
 * origin, errors of the link, and removal.
 */
#include <linux/pci.h>

#include "revoke.h"
#include "user/user.h"

static void dvp_events_reset_prepare(struct pci_dev *pdev)
{
	dvp_revoke_block(dvp_device_of_pdev(pdev)->gate, DVP_CAUSE_RESET);
}

/* A reset also ends an error. */
static void dvp_events_reset_done(struct pci_dev *pdev)
{
	dvp_revoke_unblock(dvp_device_of_pdev(pdev)->gate,
			   DVP_CAUSE_RESET | DVP_CAUSE_LINK_ERROR);
}

/*
 * The link reset after a fatal error does not call reset_prepare: see
 * pcie_do_recovery() in drivers/pci/pcie/err.c. An importer may be waiting for its own
 * callback, which comes after this one, so importers are not waited for.
 */
static pci_ers_result_t dvp_events_error_detected(struct pci_dev *pdev,
						  pci_channel_state_t state)
{
	if (state == pci_channel_io_frozen)
		dvp_revoke_block_nowait(dvp_device_of_pdev(pdev)->gate,
					DVP_CAUSE_LINK_ERROR);
	return vfio_pci_core_aer_err_detected(pdev, state);
}

static void dvp_events_resume(struct pci_dev *pdev)
{
	dvp_revoke_recovered(dvp_device_of_pdev(pdev)->gate);
}

/* The core has error_detected only: vfio_pci_core_err_handlers. */
const struct pci_error_handlers dvp_events_err_handlers = {
	.error_detected	= dvp_events_error_detected,
	.reset_prepare	= dvp_events_reset_prepare,
	.reset_done	= dvp_events_reset_done,
	.resume		= dvp_events_resume,
};

int dvp_events_open(struct vfio_device *core_vdev)
{
	struct dvp_device *dvdev = dvp_device_of(core_vdev);
	int ret;

	ret = vfio_pci_core_enable(&dvdev->vdev);
	if (ret)
		return ret;

	vfio_pci_core_finish_enable(&dvdev->vdev);
	dvp_memory_claim_bars(&dvdev->vdev);
	dvp_revoke_open(dvdev->gate, &dvdev->vdev);
	return 0;
}

/* The last close: nobody has a BAR mapped through the device descriptor. */
void dvp_events_close(struct vfio_device *core_vdev)
{
	dvp_revoke_shut(dvp_device_of(core_vdev)->gate);
	vfio_pci_core_close_device(core_vdev);
}

/*
 * Waits for the user to close the device. A device that was pulled out is gone for its
 * user at once.
 */
void dvp_events_unregister(struct dvp_device *dvdev)
{
	if (!pci_device_is_present(dvdev->vdev.pdev))
		dvp_revoke_shut(dvdev->gate);
	vfio_pci_core_unregister_device(&dvdev->vdev);
}
