// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings on kernels without huge PFN maps: small entries everywhere.
 */
#include "vma.h"

vm_fault_t dvp_vma_insert_huge(struct vm_fault *vmf, unsigned long pfn)
{
	return VM_FAULT_FALLBACK;
}

const struct vm_operations_struct dvp_vma_nc_ops = {
	.open = dvp_vma_open,
	.close = dvp_vma_close,
	.fault = dvp_vma_fault,
};
