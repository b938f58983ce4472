// SPDX-License-Identifier: GPL-2.0-only
/* Control: compiles nowhere, or a probe that should fail would pass too. */
#include <linux/vfio_pci_core.h>

int dvp_probe = sizeof(struct dvp_that_no_kernel_has);
