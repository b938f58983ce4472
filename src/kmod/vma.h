/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of vma.c share: where an address of a mapping leads, and how
 * entries get there. What each fault asks is inline.
 */
#ifndef DVP_VMA_H
#define DVP_VMA_H

#include <linux/align.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>

#include "dvp.h"

/* vma_huge.c or vma_base.c */
vm_fault_t dvp_vma_insert_huge(struct vm_fault *vmf, unsigned long pfn);
extern const struct vm_operations_struct dvp_vma_nc_ops;

/**
 * struct dvp_spot - where in the buffer an address of a VMA leads
 * @run: the run that holds it
 * @pfn: page frame of the address
 * @nr_pages: pages from there to the end of the run
 */
struct dvp_spot {
	const struct dvp_range *run;
	unsigned long pfn;
	unsigned long nr_pages;
};

/**
 * dvp_vma_can_huge() - does this machine have huge PFN maps
 *
 * Return: true if it does.
 */
static inline bool dvp_vma_can_huge(void)
{
	return IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) &&
	       has_transparent_hugepage();
}

/**
 * dvp_vma_offset() - where in the buffer an address of a VMA leads
 * @vma: a mapping of a buffer
 * @addr: an address in it
 *
 * Context: mmap_lock or the VMA's lock held.
 *
 * Return: offset in bytes.
 */
static inline u64 dvp_vma_offset(const struct vm_area_struct *vma,
				 unsigned long addr)
{
	return ((u64)vma->vm_pgoff << PAGE_SHIFT) + addr - vma->vm_start;
}

/**
 * dvp_vma_find_spot() - what is behind an address of a VMA
 * @spot: filled in
 * @vma: a mapping of a buffer
 * @addr: an address in it
 *
 * Most buffers have one run, so the first is looked at before a search.
 *
 * Context: mmap_lock or the VMA's lock held.
 *
 * Return: false where it lies past the buffer.
 */
static inline bool dvp_vma_find_spot(struct dvp_spot *spot,
				     const struct vm_area_struct *vma,
				     unsigned long addr)
{
	const struct dvp_buffer *buf = vma->vm_private_data;
	u64 offset = dvp_vma_offset(vma, addr);
	u32 i = 0;

	if (offset >= buf->ranges[0].end)
		i = dvp_range_find(buf->ranges, buf->nr_ranges, offset);
	if (i == buf->nr_ranges)
		return false;

	spot->run = &buf->ranges[i];
	spot->pfn = PHYS_PFN(spot->run->addr + offset -
			     dvp_range_start(buf->ranges, i));
	spot->nr_pages = PHYS_PFN(spot->run->end - offset);
	return true;
}

/**
 * dvp_vma_find_huge() - is an address in a slot for a huge entry
 * @vma: a mapping of a buffer
 * @addr: an address in it
 * @size: of the slot: PMD_SIZE or PUD_SIZE
 * @pfn: filled with the first page frame of the entry
 *
 * Context: mmap_lock or the VMA's lock held.
 *
 * Return: true if it is.
 */
static inline bool dvp_vma_find_huge(const struct vm_area_struct *vma,
				     unsigned long addr, unsigned long size,
				     unsigned long *pfn)
{
	struct dvp_spot spot;

	addr = ALIGN_DOWN(addr, size);
	if (vma->vm_ops != &dvp_vma_nc_ops || !dvp_vma_can_huge())
		return false;
	if (addr < vma->vm_start || vma->vm_end - addr < size)
		return false;
	if (!dvp_vma_find_spot(&spot, vma, addr))
		return false;

	*pfn = spot.pfn;
	return IS_ALIGNED(spot.pfn, PHYS_PFN(size)) &&
	       spot.nr_pages >= PHYS_PFN(size);
}

/* vma.c */
void dvp_vma_open(struct vm_area_struct *vma);
void dvp_vma_close(struct vm_area_struct *vma);
vm_fault_t dvp_vma_serve(struct vm_fault *vmf,
			 vm_fault_t (*insert)(struct vm_fault *vmf));
vm_fault_t dvp_vma_fault(struct vm_fault *vmf);

/* vma_fill.c */
vm_fault_t dvp_vma_fill_window(struct vm_area_struct *vma, unsigned long addr);

#endif /* DVP_VMA_H */
