// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small entries, a window at a time: a range of a BAR seldom has the address that
 * a huge entry needs, and a fault for each page is what makes that slow.
 */
#include <linux/pgtable.h>
#include <linux/sizes.h>

#include "vma.h"

/* A window never reaches into the next slot, so one table holds its entries. */
#define DVP_VMA_WINDOW	min_t(unsigned long, PMD_SIZE, SZ_2M)

static void dvp_spot_next_run(struct dvp_spot *spot)
{
	u64 start = spot->run->end;

	spot->run++;
	spot->pfn = PHYS_PFN(spot->run->addr);
	spot->nr_pages = PHYS_PFN(spot->run->end - start);
}

/**
 * struct dvp_fill - a window that is being filled
 * @vma: the mapping
 * @spot: where its first page leads
 * @nr_pages: pages of it
 */
struct dvp_fill {
	struct vm_area_struct *vma;
	struct dvp_spot spot;
	unsigned long nr_pages;
};

/*
 * Called for the first entry, with the lock of its table held. Another CPU may have
 * filled a part of the window since the fault. An entry that is neither empty nor
 * present is a marker, and goes, or the fault would come again for ever. The VMA
 * lies within the buffer, so for each page there is a run.
 */
static int dvp_vma_fill_table(pte_t *pte, unsigned long addr, void *data)
{
	const struct dvp_fill *fill = data;
	struct vm_area_struct *vma = fill->vma;
	struct dvp_spot spot = fill->spot;
	pte_t *end = pte + fill->nr_pages;

	for (; pte < end; pte++, addr += PAGE_SIZE) {
		if (!spot.nr_pages)
			dvp_spot_next_run(&spot);
		if (!pte_present(ptep_get(pte)))
			set_pte_at(vma->vm_mm, addr, pte,
				   pte_mkspecial(pfn_pte(spot.pfn,
							 vma->vm_page_prot)));
		spot.pfn++;
		spot.nr_pages--;
	}
	return 0;
}

/**
 * dvp_vma_fill_window() - fill the window around an address
 * @vma: a mapping of a buffer
 * @addr: an address in it, in a slot without a huge entry
 *
 * Context: fault, with &dvp_buffer.fault_lock held for read.
 *
 * Return: VM_FAULT_NOPAGE; VM_FAULT_SIGBUS past the buffer; VM_FAULT_OOM.
 */
vm_fault_t dvp_vma_fill_window(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long window = ALIGN_DOWN(addr, DVP_VMA_WINDOW);
	unsigned long start = max(window, vma->vm_start);
	unsigned long last = min(window + DVP_VMA_WINDOW - 1, vma->vm_end - 1);
	struct dvp_fill fill = {
		.vma = vma,
		.nr_pages = PHYS_PFN(last - start) + 1,
	};

	if (!dvp_vma_find_spot(&fill.spot, vma, start))
		return VM_FAULT_SIGBUS;
	if (apply_to_page_range(vma->vm_mm, start, PAGE_SIZE,
				dvp_vma_fill_table, &fill))
		return VM_FAULT_OOM;
	return VM_FAULT_NOPAGE;
}
