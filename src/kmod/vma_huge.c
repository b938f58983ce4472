// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings on kernels with huge PFN maps.
 *
 * Entries of a PMD only. mremap() of the kernels up to 7.3 takes a PUD entry
 * for a broken table and clears it without a flush of the TLB, so whoever moves
 * a mapping could go on through it after a revocation.
 */
#include "vma.h"

/**
 * dvp_vma_can_huge() - does this machine have huge PFN maps
 *
 * Return: true if it does.
 */
bool dvp_vma_can_huge(void)
{
	return IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) &&
	       has_transparent_hugepage();
}

/**
 * dvp_vma_insert_huge() - put a huge entry where a fault is
 * @vmf: the fault; its slot has no table
 * @pfn: first page frame of the entry
 *
 * An entry that another CPU has just put there stays.
 *
 * Context: fault, with &dvp_buffer.fault_lock held for read.
 *
 * Return: what vmf_insert_pfn_pmd() says.
 */
vm_fault_t dvp_vma_insert_huge(struct vm_fault *vmf, unsigned long pfn)
{
	return vmf_insert_pfn_pmd(vmf, pfn, false);
}

static vm_fault_t dvp_vma_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	unsigned long pfn;

	if (order != PMD_SHIFT - PAGE_SHIFT ||
	    !dvp_vma_find_huge(vmf->vma, vmf->address, PMD_SIZE, &pfn))
		return VM_FAULT_FALLBACK;
	return dvp_vma_fault(vmf);
}

/*
 * fork() reads a huge entry, then takes the locks and copies what it has read:
 * copy_huge_pmd() in mm/huge_memory.c. A revocation in between would leave the
 * child with an entry that nobody zaps. So the child gets none, and faults. It
 * is told here, on its own VMA, as the parent can clear the flag by madvise().
 */
static void dvp_vma_huge_open(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_WIPEONFORK);
	dvp_vma_open(vma);
}

const struct vm_operations_struct dvp_vma_nc_ops = {
	.open = dvp_vma_huge_open,
	.close = dvp_vma_close,
	.fault = dvp_vma_fault,
	.huge_fault = dvp_vma_huge_fault,
};
