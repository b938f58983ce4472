// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings on kernels with huge PFN maps.
 *
 * The kernel has no safe way to move huge entries. For that of a PMD, mremap()
 * clears the old place and then sets the new one; who zaps takes a look at each
 * without a lock, and can find both empty: move_huge_pmd() in mm/huge_memory.c and
 * zap_pmd_range() in mm/memory.c. That of a PUD mremap() takes for a broken table,
 * and clears it without a flush of the TLB; and a split at an address inside of one
 * reads the device's memory as if it were a table. One that mprotect() has taken all
 * access from is not there for x86's pud_present(), and the next mprotect() warns:
 * change_huge_pud() in mm/huge_memory.c.
 *
 * All of these call &vm_operations_struct.open or .mprotect first, with mmap_lock
 * held for write, and the VMA's own lock where it is moved: there such entries are
 * ended. Those of a PUD are put in place under mmap_lock only, so none of either
 * comes back before the call is over.
 */
#include <linux/pgtable.h>

#include "vma.h"

static bool dvp_vma_can_giant(void)
{
	return IS_ENABLED(CONFIG_ARCH_SUPPORTS_PUD_PFNMAP) &&
	       has_transparent_pud_hugepage() && dvp_compat_cpu_has_pud_leaf();
}

/**
 * dvp_vma_insert_huge() - put a huge entry where a fault is
 * @vmf: the fault; its slot has no table
 * @pfn: first page frame of the entry
 *
 * An entry that is there already stays, and allows writes from now on if the fault
 * is one: the kernel lets pages be mapped for reading first where it is to know
 * which are written to (soft-dirty, see vma_wants_writenotify() in mm/vma.c).
 *
 * Context: fault, with &dvp_buffer.fault_lock held for read.
 *
 * Return: what vmf_insert_pfn_pmd() says.
 */
vm_fault_t dvp_vma_insert_huge(struct vm_fault *vmf, unsigned long pfn)
{
	return vmf_insert_pfn_pmd(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
}

/* What a table that another CPU has just put there needs, its next fault does. */
static vm_fault_t dvp_vma_insert_slot(struct vm_fault *vmf)
{
	unsigned long pfn;

	if (!dvp_vma_find_huge(vmf->vma, vmf->address, PMD_SIZE, &pfn))
		return VM_FAULT_FALLBACK;
	return dvp_vma_insert_huge(vmf, pfn);
}

/* The same for an entry of a PUD. */
static vm_fault_t dvp_vma_insert_giant(struct vm_fault *vmf)
{
	struct dvp_buffer *buf = vmf->vma->vm_private_data;
	unsigned long pfn;

	if (!dvp_vma_find_huge(vmf->vma, vmf->address, PUD_SIZE, &pfn))
		return VM_FAULT_FALLBACK;
	/* A fork of this process sees it through mmap_lock. */
	WRITE_ONCE(buf->giant, true);
	return vmf_insert_pfn_pud(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
}

static vm_fault_t dvp_vma_giant_fault(struct vm_fault *vmf)
{
	unsigned long pfn;

	if (!dvp_vma_can_giant() ||
	    !dvp_vma_find_huge(vmf->vma, vmf->address, PUD_SIZE, &pfn))
		return VM_FAULT_FALLBACK;

	/*
	 * The VMA's lock alone keeps out nobody who is about to split or move
	 * the VMA and has called open already: come again with mmap_lock.
	 */
	if (vmf->flags & FAULT_FLAG_VMA_LOCK) {
		release_fault_lock(vmf);
		return VM_FAULT_RETRY;
	}
	return dvp_vma_serve(vmf, dvp_vma_insert_giant);
}

static vm_fault_t dvp_vma_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	if (order == PUD_SHIFT - PAGE_SHIFT)
		return dvp_vma_giant_fault(vmf);
	if (order != PMD_SHIFT - PAGE_SHIFT)
		return VM_FAULT_FALLBACK;
	return dvp_vma_serve(vmf, dvp_vma_insert_slot);
}

/*
 * Of entries of a PUD, all of the buffer are ended, whoever has them: part of one
 * cannot be, without the mmap_lock of its process. They come back by a fault each,
 * but not meanwhile: zap_pud_range() in mm/memory.c takes one that appears while it
 * looks for a broken table, too. A fork moves no entry of a PMD.
 */
static void dvp_vma_end_huge(struct vm_area_struct *vma)
{
	struct dvp_buffer *buf = vma->vm_private_data;
	loff_t start = 0, len = 0;

	if (vma->vm_mm != current->mm && !READ_ONCE(buf->giant))
		return;

	down_write(&buf->fault_lock);
	/* Set under fault_lock, so from here on there is none, or all go. */
	if (!buf->giant) {
		start = dvp_vma_offset(vma, vma->vm_start);
		len = vma->vm_end - vma->vm_start;
	}
	unmap_mapping_range(buf->mapping, start, len, 1);
	up_write(&buf->fault_lock);
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
	dvp_vma_end_huge(vma);
	dvp_vma_open(vma);
}

/* Those of a PMD can be protected, and stay. */
static int dvp_vma_huge_mprotect(struct vm_area_struct *vma,
				 unsigned long start, unsigned long end,
				 unsigned long flags)
{
	struct dvp_buffer *buf = vma->vm_private_data;

	if (READ_ONCE(buf->giant))
		dvp_vma_end_huge(vma);
	return 0;
}

const struct vm_operations_struct dvp_vma_nc_ops = {
	.open = dvp_vma_huge_open,
	.mprotect = dvp_vma_huge_mprotect,
	.close = dvp_vma_close,
	.fault = dvp_vma_fault,
	.huge_fault = dvp_vma_huge_fault,
};
