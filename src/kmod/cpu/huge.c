// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings with huge entries, on kernels with huge PFN maps: BAR mappings of the
 * owner, and buffers that were exported for it. Entries of a PUD are for BAR
 * mappings only.
 *
 * A slot of a PMD that lies in the VMA and in one extent, with physical and virtual
 * address congruent, gets a huge entry; the others are filled with small ones. As
 * that follows from the VMA and the buffer alone, the two never meet in a slot, with
 * one exception: mremap() can leave an empty table in a slot that could be huge. Such
 * a slot is filled.
 *
 * The kernel cannot move, split or copy huge PFN entries safely:
 *
 * - For a PMD entry, mremap() clears the old place and then sets the new one. A zap
 *   looks at each place without a lock, and can find both empty: move_huge_pmd()
 *   in mm/huge_memory.c, zap_pmd_range() in mm/memory.c.
 * - fork() reads a PMD entry, then takes the locks and copies what it has read:
 *   copy_huge_pmd() in mm/huge_memory.c.
 * - mremap() takes a PUD entry for a bad table and clears it without a TLB flush. A
 *   split inside of one reads the device's memory as a table. After
 *   mprotect(PROT_NONE) x86's pud_present() does not see one, and the next
 *   mprotect() warns: change_huge_pud() in mm/huge_memory.c.
 *
 * All of these call .open or .mprotect first, with mmap_lock held for write, and the
 * VMA's own lock where the VMA moves. There such entries are ended, and the child of
 * a fork gets none. PUD entries are inserted under mmap_lock only, so none comes back
 * before the call is over.
 */
#include "cpu/cpu.h"

static bool dvp_huge_has_table(struct vm_fault *vmf)
{
	pmd_t pmd = READ_ONCE(*vmf->pmd);

	return pmd_present(pmd) && !pmd_leaf(pmd);
}

/* Is the address in a slot for a huge entry of that size? */
static bool dvp_huge_find(const struct vm_area_struct *vma, unsigned long addr,
			  unsigned long size, unsigned long *pfn)
{
	struct dvp_spot spot;

	addr = ALIGN_DOWN(addr, size);
	if (addr < vma->vm_start || vma->vm_end - addr < size)
		return false;
	if (!dvp_fault_find(&spot, vma, addr))
		return false;

	*pfn = spot.pfn;
	return IS_ALIGNED(spot.pfn, PHYS_PFN(size)) &&
	       spot.nr_pages >= PHYS_PFN(size);
}

/*
 * An entry that is there already becomes writable on a write: with soft-dirty the
 * kernel has pages mapped for reading first, see vma_wants_writenotify() in mm/vma.c.
 * On anything else than a leaf the kernel warns of a write, so it is not told of one.
 */
static vm_fault_t dvp_huge_insert_pmd(struct vm_fault *vmf)
{
	unsigned long pfn;
	bool write;

	if (!dvp_huge_find(vmf->vma, vmf->address, PMD_SIZE, &pfn))
		return VM_FAULT_FALLBACK;
	write = vmf->flags & FAULT_FLAG_WRITE &&
		pmd_leaf(READ_ONCE(*vmf->pmd));
	return vmf_insert_pfn_pmd(vmf, pfn, write);
}

static vm_fault_t dvp_huge_insert_pud(struct vm_fault *vmf)
{
	struct dvp_buffer *buf = vmf->vma->vm_private_data;
	unsigned long pfn;
	bool write;

	if (!dvp_huge_find(vmf->vma, vmf->address, PUD_SIZE, &pfn))
		return VM_FAULT_FALLBACK;
	/* A fork of this process sees it through mmap_lock. */
	WRITE_ONCE(buf->giant, true);
	write = vmf->flags & FAULT_FLAG_WRITE &&
		pud_leaf(READ_ONCE(*vmf->pud));
	return vmf_insert_pfn_pud(vmf, pfn, write);
}

static bool dvp_huge_has_puds(void)
{
	return IS_ENABLED(CONFIG_ARCH_SUPPORTS_PUD_PFNMAP) &&
	       has_transparent_pud_hugepage() && dvp_compat_cpu_has_pud_leaf();
}

static vm_fault_t dvp_huge_fault_pud(struct vm_fault *vmf)
{
	const struct dvp_buffer *buf = vmf->vma->vm_private_data;
	unsigned long pfn;

	if (!buf->bar_mmap || !dvp_huge_has_puds() ||
	    !dvp_huge_find(vmf->vma, vmf->address, PUD_SIZE, &pfn))
		return VM_FAULT_FALLBACK;

	/*
	 * The VMA's lock does not exclude a split or move that has called .open
	 * already: repeat the fault with mmap_lock.
	 */
	if (vmf->flags & FAULT_FLAG_VMA_LOCK) {
		release_fault_lock(vmf);
		return VM_FAULT_RETRY;
	}
	return dvp_fault_serve(vmf, dvp_huge_insert_pud);
}

static vm_fault_t dvp_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	if (order == PUD_SHIFT - PAGE_SHIFT)
		return dvp_huge_fault_pud(vmf);
	if (order != PMD_SHIFT - PAGE_SHIFT || dvp_huge_has_table(vmf))
		return VM_FAULT_FALLBACK;
	return dvp_fault_serve(vmf, dvp_huge_insert_pmd);
}

/* Without a fault for the slot before, if the kernel asks for none in this VMA. */
static vm_fault_t dvp_huge_fault_page(struct vm_fault *vmf)
{
	unsigned long pfn;

	if (!dvp_huge_has_table(vmf)) {
		if (dvp_huge_find(vmf->vma, vmf->address, PMD_SIZE, &pfn))
			return dvp_fault_serve(vmf, dvp_huge_insert_pmd);
		if (dvp_fault_alloc_table(vmf))
			return VM_FAULT_OOM;
	}
	return dvp_fault_serve(vmf, dvp_fault_fill_window);
}

/*
 * A part of a PUD entry cannot be zapped without the mmap_lock of its process, so all
 * of the buffer are ended, and come back by faults. They must not come back meanwhile:
 * zap_pud_range() in mm/memory.c takes one that appears for a bad table.
 */
static void dvp_huge_end_puds(struct dvp_buffer *buf)
{
	down_write(&buf->fault_lock);
	if (buf->giant)
		unmap_mapping_range(buf->mapping, 0, 0, 1);
	up_write(&buf->fault_lock);
}

/*
 * The new VMA of a move is not in its mm yet; those of a fork and of a split have
 * no PMD entry to lose.
 */
static bool dvp_huge_moves(struct vm_area_struct *vma)
{
	struct vm_area_struct *found;

	if (vma->vm_mm != current->mm)
		return false;
	found = find_vma(vma->vm_mm, vma->vm_start);
	return !found || found->vm_start > vma->vm_start;
}

static void dvp_huge_open(struct vm_area_struct *vma)
{
	struct dvp_buffer *buf = vma->vm_private_data;

	/* On the child's own VMA, as the parent can clear its flag by madvise(). */
	vm_flags_set(vma, VM_WIPEONFORK);
	if (READ_ONCE(buf->giant))
		dvp_huge_end_puds(buf);
	else if (dvp_huge_moves(vma))
		unmap_mapping_range(buf->mapping,
				    dvp_vma_offset(vma, vma->vm_start),
				    vma->vm_end - vma->vm_start, 1);
	dvp_vma_open(vma);
}

static int dvp_huge_mprotect(struct vm_area_struct *vma, unsigned long start,
			     unsigned long end, unsigned long flags)
{
	struct dvp_buffer *buf = vma->vm_private_data;

	if (READ_ONCE(buf->giant))
		dvp_huge_end_puds(buf);
	return 0;
}

const struct vm_operations_struct dvp_huge_ops = {
	.open = dvp_huge_open,
	.mprotect = dvp_huge_mprotect,
	.close = dvp_vma_close,
	.fault = dvp_huge_fault_page,
	.huge_fault = dvp_huge_fault,
};
