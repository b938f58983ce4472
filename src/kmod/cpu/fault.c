// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults, and mappings by small entries.
 *
 * A range of a BAR seldom has the address that a huge entry needs, and a borrower
 * gets none by default, so a fault fills a window of small entries. A window never
 * reaches into the next slot of a PMD, so its entries lie in one table.
 */
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "core/trace.h"
#include "cpu/cpu.h"

#define DVP_FAULT_WINDOW	min_t(unsigned long, PMD_SIZE, SZ_2M)

/* Returns false past the end of the buffer. Most buffers have one extent. */
bool dvp_fault_find(struct dvp_spot *spot, const struct vm_area_struct *vma,
		    unsigned long addr)
{
	const struct dvp_buffer *buf = vma->vm_private_data;
	const struct dvp_extent *extents = dvp_buffer_extents(buf);
	u64 offset = dvp_vma_offset(vma, addr);
	u32 i = 0;

	if (offset >= extents[0].end)
		i = dvp_extent_find(extents, buf->nr_extents, offset);
	if (i == buf->nr_extents)
		return false;

	spot->extent = &extents[i];
	spot->pfn = PHYS_PFN(spot->extent->addr + offset -
			     dvp_extent_start(extents, i));
	spot->nr_pages = PHYS_PFN(spot->extent->end - offset);
	return true;
}

static void dvp_fault_next_extent(struct dvp_spot *spot)
{
	u64 start = spot->extent->end;

	spot->extent++;
	spot->pfn = PHYS_PFN(spot->extent->addr);
	spot->nr_pages = PHYS_PFN(spot->extent->end - start);
}

/*
 * An ender waits for fault_lock. So the fault allocates the table before it takes the
 * lock: a task without memory delays nobody.
 */
int dvp_fault_alloc_table(struct vm_fault *vmf)
{
	return apply_to_page_range(vmf->vma->vm_mm, vmf->address & PAGE_MASK,
				   PAGE_SIZE, NULL, NULL);
}

struct dvp_window {
	struct vm_area_struct *vma;
	/* Of its first page. */
	struct dvp_spot spot;
	unsigned long nr_pages;
};

/*
 * Called for the first entry, under the lock of its table. Another CPU may have
 * filled the window meanwhile. An entry that is neither empty nor present is a
 * marker; it is replaced, or the fault would repeat for ever. The VMA lies within
 * the buffer, so there is an extent for each page.
 */
static int dvp_fault_fill_table(pte_t *pte, unsigned long addr, void *data)
{
	const struct dvp_window *window = data;
	struct vm_area_struct *vma = window->vma;
	struct dvp_spot spot = window->spot;
	pte_t *end = pte + window->nr_pages;

	for (; pte < end; pte++, addr += PAGE_SIZE) {
		if (!spot.nr_pages)
			dvp_fault_next_extent(&spot);
		if (!pte_present(ptep_get(pte)))
			set_pte_at(vma->vm_mm, addr, pte,
				   pte_mkspecial(pfn_pte(spot.pfn,
							 vma->vm_page_prot)));
		spot.pfn++;
		spot.nr_pages--;
	}
	return 0;
}

/* Fill the window around the fault, which lies in a slot without a huge entry. */
vm_fault_t dvp_fault_fill_window(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long base = ALIGN_DOWN(vmf->address, DVP_FAULT_WINDOW);
	unsigned long start = max(base, vma->vm_start);
	unsigned long last = min(base + DVP_FAULT_WINDOW - 1, vma->vm_end - 1);
	struct dvp_window window = {
		.vma = vma,
		.nr_pages = PHYS_PFN(last - start) + 1,
	};

	if (!dvp_fault_find(&window.spot, vma, start))
		return VM_FAULT_SIGBUS;
	if (apply_to_page_range(vma->vm_mm, start, PAGE_SIZE,
				dvp_fault_fill_table, &window))
		return VM_FAULT_OOM;
	return VM_FAULT_NOPAGE;
}

/*
 * Wait for the end of a transition without mmap_lock: a writer may be queued behind
 * it, and what the transition waits for may need that. Then the VMA may go, but its
 * file keeps the buffer, and the module, until the fault returns.
 */
static vm_fault_t dvp_fault_wait(struct vm_fault *vmf)
{
	struct dvp_buffer *buf = vmf->vma->vm_private_data;
	unsigned int user = FAULT_FLAG_USER | FAULT_FLAG_INTERRUPTIBLE;
	struct dvp_gate *gate = buf->gate;
	unsigned int state;
	struct file *file;

	/* Such a caller repeats the fault, maybe without looking at signals. */
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return fatal_signal_pending(current) ? VM_FAULT_SIGBUS :
						       VM_FAULT_NOPAGE;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	/* Only user space can handle a signal and come back to the fault. */
	state = (vmf->flags & user) == user ? TASK_INTERRUPTIBLE :
					      TASK_KILLABLE;
	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	/* The fault is repeated after a signal, too. */
	(void)wait_event_state(gate->wait,
			       dvp_gate_cpu_causes(gate) != DVP_TRANSITION ||
			       READ_ONCE(buf->revoked), state);
	fput(file);
	return VM_FAULT_RETRY;
}

/* A fault that waits, or falls back to small entries, is counted when it is repeated. */
static void dvp_fault_count(struct dvp_buffer *buf, struct vm_fault *vmf,
			    vm_fault_t ret)
{
	if (ret == VM_FAULT_NOPAGE) {
		atomic64_inc(&buf->faults);
		dvp_counters_inc(buf->gate->counters, DVP_FAULTS);
	} else if (ret == VM_FAULT_SIGBUS) {
		atomic64_inc(&buf->refused);
		dvp_counters_inc(buf->gate->counters, DVP_REFUSED);
	} else if (ret == VM_FAULT_FALLBACK) {
		return;
	}
	trace_dvp_fault(buf, vmf->address,
			dvp_vma_offset(vmf->vma, vmf->address), ret);
}

/* Returns VM_FAULT_RETRY to wait, VM_FAULT_SIGBUS, or 0 to insert entries. */
static vm_fault_t dvp_fault_judge(const struct dvp_buffer *buf)
{
	unsigned int causes = dvp_gate_cpu_causes(buf->gate);

	if (READ_ONCE(buf->revoked))
		return VM_FAULT_SIGBUS;
	if (!causes)
		return 0;
	return causes == DVP_TRANSITION ? VM_FAULT_RETRY : VM_FAULT_SIGBUS;
}

static vm_fault_t dvp_fault_try(struct vm_fault *vmf,
				vm_fault_t (*insert)(struct vm_fault *vmf))
{
	struct dvp_buffer *buf = vmf->vma->vm_private_data;
	vm_fault_t ret;

	down_read(&buf->fault_lock);
	/* Pairs with the barrier in dvp_vma_zap(). */
	smp_mb__after_atomic();
	ret = dvp_fault_judge(buf) ?: insert(vmf);
	up_read(&buf->fault_lock);
	return ret;
}

/*
 * Serve a fault by the state of the buffer. Memory can come back without a call of
 * ours, so a refusal looks at the device once more. Returns what insert returns,
 * VM_FAULT_SIGBUS, or VM_FAULT_RETRY.
 */
vm_fault_t dvp_fault_serve(struct vm_fault *vmf,
			   vm_fault_t (*insert)(struct vm_fault *vmf))
{
	struct dvp_buffer *buf = vmf->vma->vm_private_data;
	vm_fault_t ret = dvp_fault_try(vmf, insert);

	if (ret == VM_FAULT_SIGBUS && !READ_ONCE(buf->revoked) &&
	    dvp_gate_look_again(buf->gate))
		ret = dvp_fault_try(vmf, insert);
	dvp_fault_count(buf, vmf, ret);
	return ret == VM_FAULT_RETRY ? dvp_fault_wait(vmf) : ret;
}

static vm_fault_t dvp_fault_small(struct vm_fault *vmf)
{
	if (dvp_fault_alloc_table(vmf))
		return VM_FAULT_OOM;
	return dvp_fault_serve(vmf, dvp_fault_fill_window);
}

const struct vm_operations_struct dvp_fault_small_ops = {
	.open = dvp_vma_open,
	.close = dvp_vma_close,
	.fault = dvp_fault_small,
};
