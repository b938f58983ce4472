// SPDX-License-Identifier: GPL-2.0-only
/* The VF token can be given as a UUID. */
#include <linux/vfio_pci_core.h>

const struct vfio_device_ops dvp_probe = {
	.match_token_uuid = vfio_pci_core_match_token_uuid,
};
