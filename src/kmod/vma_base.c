// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings on kernels without huge PFN maps: small entries everywhere.
 */
#include "dvp.h"

const struct vm_operations_struct dvp_vma_nc_ops = {
	.fault = dvp_vma_fault,
};
