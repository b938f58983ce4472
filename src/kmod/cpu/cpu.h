/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU mappings. The files use each other in this order: mmap.c picks the kind of
 * a mapping, huge.c and fault.c serve its faults, vma.c counts and zaps.
 */
#ifndef DVP_CPU_H
#define DVP_CPU_H

#include <linux/pgtable.h>

#include "core/dvp.h"
#include "core/params.h"

/* vma.c */
void dvp_vma_open(struct vm_area_struct *vma);
void dvp_vma_close(struct vm_area_struct *vma);
void dvp_vma_zap(struct dvp_buffer *buf);

/* Where in its buffer an address of a VMA leads, in bytes. */
static inline u64 dvp_vma_offset(const struct vm_area_struct *vma,
				 unsigned long addr)
{
	return ((u64)vma->vm_pgoff << PAGE_SHIFT) + addr - vma->vm_start;
}

/* The memory behind an address of a VMA. */
struct dvp_spot {
	const struct dvp_extent *extent;
	unsigned long pfn;
	/* From there to the end of the extent. */
	unsigned long nr_pages;
};

/* fault.c */
extern const struct vm_operations_struct dvp_fault_small_ops;
bool dvp_fault_find(struct dvp_spot *spot, const struct vm_area_struct *vma,
		    unsigned long addr);
int dvp_fault_alloc_table(struct vm_fault *vmf);
vm_fault_t dvp_fault_fill_window(struct vm_fault *vmf);
vm_fault_t dvp_fault_serve(struct vm_fault *vmf,
			   vm_fault_t (*insert)(struct vm_fault *vmf));

/* huge.c */
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
extern const struct vm_operations_struct dvp_huge_ops;
#else
#define dvp_huge_ops	dvp_fault_small_ops
#endif

/* Has this machine page table entries for huge PFN maps? */
static inline bool dvp_huge_works(void)
{
	return IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) &&
	       has_transparent_hugepage();
}

/* Can a mapping that is made now have huge entries? */
static inline bool dvp_huge_enabled(void)
{
	return dvp_huge_works() && dvp_params_huge();
}

/* mmap.c */
bool dvp_mmap_has_wc(void);
void dvp_mmap_init(struct vm_area_struct *vma, struct dvp_buffer *buf);
int dvp_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma);

#endif /* DVP_CPU_H */
