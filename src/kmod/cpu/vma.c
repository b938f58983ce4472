// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMAs over a buffer: how many there are, and the end of their entries.
 */
#include "cpu/cpu.h"

/* A new mapping, or what a fork, a split or a move makes of one. */
void dvp_vma_open(struct vm_area_struct *vma)
{
	struct dvp_buffer *buf = vma->vm_private_data;

	dvp_gate_use(buf, NULL);
	atomic_inc(&buf->mappings);
	dvp_counters_begin(buf->gate->counters, DVP_MAPPINGS_LIVE);
}

/* Its entries are gone. Its file, and so the buffer, is still there. */
void dvp_vma_close(struct vm_area_struct *vma)
{
	struct dvp_buffer *buf = vma->vm_private_data;

	dvp_counters_end(buf->gate->counters, DVP_MAPPINGS_LIVE);
	atomic_dec(&buf->mappings);
	dvp_gate_unuse(buf);
}

/*
 * End all CPU entries of a buffer. The caller has stored the new state. A fault
 * that saw the old state holds fault_lock, and what it inserts is zapped here; a
 * later one sees the new state. MMU notifiers of the processes run inside, and may
 * wait for as long as they like, so no lock is held that others need.
 */
void dvp_vma_zap(struct dvp_buffer *buf)
{
	/* Pairs with the barrier in dvp_fault_try(). */
	smp_mb();
	if (!atomic_read(&buf->mappings))
		return;
	if (rwsem_is_locked(&buf->fault_lock)) {
		down_write(&buf->fault_lock);
		up_write(&buf->fault_lock);
	}
	unmap_mapping_pages(buf->mapping, 0, 0, true);
}
