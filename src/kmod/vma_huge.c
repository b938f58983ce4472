// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings on kernels with huge PFN maps.
 *
 * The memory management asks for the largest entry first and comes down where
 * the answer is VM_FAULT_FALLBACK, to small entries in the end.
 */
#include "dvp.h"

static vm_fault_t dvp_vma_insert_huge(struct vm_fault *vmf, unsigned int order,
				      unsigned long pfn)
{
	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) &&
	    order == PMD_SHIFT - PAGE_SHIFT)
		return vmf_insert_pfn_pmd(vmf, pfn, false);
	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PUD_PFNMAP) &&
	    order == PUD_SHIFT - PAGE_SHIFT)
		return vmf_insert_pfn_pud(vmf, pfn, false);
	return VM_FAULT_FALLBACK;
}

/*
 * This may run under the VMA's lock, where a fault on a small page never does.
 * So a transition is left to that one: it falls back, and waits there.
 */
static vm_fault_t dvp_vma_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct dvp_buffer *buf = vmf->vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_FALLBACK;
	unsigned long pfn;

	if (!dvp_vma_find_huge(vmf->vma, vmf->address, order, &pfn))
		return VM_FAULT_FALLBACK;

	down_read(&buf->fault_lock);
	switch (dvp_gate_access(buf)) {
	case DVP_ACCESS_YES:
		ret = dvp_vma_insert_huge(vmf, order, pfn);
		break;
	case DVP_ACCESS_NO:
		ret = VM_FAULT_SIGBUS;
		break;
	case DVP_ACCESS_LATER:
		break;
	}
	up_read(&buf->fault_lock);
	return ret;
}

const struct vm_operations_struct dvp_vma_nc_ops = {
	.fault = dvp_vma_fault,
	.huge_fault = dvp_vma_huge_fault,
};
