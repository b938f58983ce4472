/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of vma.c share: where an address of a mapping leads, and how
 * entries get there.
 */
#ifndef DVP_VMA_H
#define DVP_VMA_H

#include "dvp.h"

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

/* vma.c */
void dvp_vma_open(struct vm_area_struct *vma);
void dvp_vma_close(struct vm_area_struct *vma);
vm_fault_t dvp_vma_serve(struct vm_fault *vmf,
			 vm_fault_t (*insert)(struct vm_fault *vmf));
vm_fault_t dvp_vma_fault(struct vm_fault *vmf);
bool dvp_vma_find_huge(struct vm_area_struct *vma, unsigned long addr,
		       unsigned long size, unsigned long *pfn);

/* vma_fill.c */
u64 dvp_vma_offset(struct vm_area_struct *vma, unsigned long addr);
bool dvp_vma_find_spot(struct dvp_spot *spot, struct vm_area_struct *vma,
		       unsigned long addr);
vm_fault_t dvp_vma_fill_window(struct vm_area_struct *vma, unsigned long addr);

/* vma_huge.c or vma_base.c */
vm_fault_t dvp_vma_insert_huge(struct vm_fault *vmf, unsigned long pfn);
extern const struct vm_operations_struct dvp_vma_nc_ops;

#endif /* DVP_VMA_H */
