// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU mappings of a buffer: mmap, fault, zap, page protection.
 *
 * The address space of a mapping falls into slots of one PMD. A slot that lies
 * in the VMA and in one run of the buffer, with physical and virtual address
 * congruent, gets a huge entry. Every other slot is filled with small entries,
 * a window at a time, by whoever faults first in it. Which of the two a slot is
 * follows from the VMA and the buffer alone, so the two never meet, with one
 * exception: mremap() may leave an empty table in a slot that could be huge.
 * Such a table stays for as long as the slot does, and the slot is filled.
 *
 * Write-combining is real only in entries that we write ourselves: on x86 the
 * kernel's helpers take the cache mode from the PAT's book of ranges, where
 * vfio-pci-core's ioremap has put uncached. So a write-combining mapping has
 * small entries everywhere, as has one that is made while the parameter huge is
 * off.
 */
#include <linux/pgtable.h>
#include <linux/sched/signal.h>

#include "access.h"
#include "options.h"
#include "trace.h"
#include "vma.h"

static bool dvp_vma_has_table(struct vm_fault *vmf)
{
	pmd_t pmd = READ_ONCE(*vmf->pmd);

	return pmd_present(pmd) && !pmd_leaf(pmd);
}

static vm_fault_t dvp_vma_insert(struct vm_fault *vmf)
{
	unsigned long pfn;

	if (!dvp_vma_has_table(vmf) &&
	    dvp_vma_find_huge(vmf->vma, vmf->address, PMD_SIZE, &pfn))
		return dvp_vma_insert_huge(vmf, pfn);
	return dvp_vma_fill_window(vmf->vma, vmf->address);
}

/*
 * Whoever revokes waits for fault_lock, so the table of a window is allocated
 * before it is taken: a task without memory keeps nobody waiting.
 */
static int dvp_vma_prepare(struct vm_fault *vmf)
{
	unsigned long pfn;

	if (dvp_vma_has_table(vmf) ||
	    dvp_vma_find_huge(vmf->vma, vmf->address, PMD_SIZE, &pfn))
		return 0;
	return apply_to_page_range(vmf->vma->vm_mm, vmf->address & PAGE_MASK,
				   PAGE_SIZE, NULL, NULL);
}

/*
 * The task in transition copies from user space and takes the core's locks, so
 * waiting for it with mmap_lock held could close a cycle. Dropping that lock
 * lets the VMA go; its file keeps the buffer, and the module, until the return
 * to user space.
 */
static vm_fault_t dvp_vma_retry_later(struct vm_fault *vmf)
{
	struct dvp_buffer *buf = vmf->vma->vm_private_data;
	unsigned int user = FAULT_FLAG_USER | FAULT_FLAG_INTERRUPTIBLE;
	unsigned int state;
	struct file *file;

	/* Such a caller may come again without a look at signals. */
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
	dvp_access_wait(buf->gate, state);
	fput(file);
	return VM_FAULT_RETRY;
}

/* One that waits, or is too small for a huge entry, comes again, and counts then. */
static void dvp_vma_count_fault(struct dvp_buffer *buf, struct vm_fault *vmf,
				vm_fault_t ret)
{
	if (ret == VM_FAULT_NOPAGE)
		atomic64_inc(&buf->faults);
	else if (ret == VM_FAULT_SIGBUS)
		atomic64_inc(&buf->refused);
	else if (ret == VM_FAULT_FALLBACK)
		return;
	trace_dvp_fault(buf, vmf->address,
			dvp_vma_offset(vmf->vma, vmf->address), ret);
}

/**
 * dvp_vma_serve() - answer a fault by the state of the buffer
 * @vmf: the fault
 * @insert: puts entries in place
 *
 * Context: page fault; mmap_lock or the VMA's lock held for read, and dropped
 * where VM_FAULT_RETRY is returned without FAULT_FLAG_RETRY_NOWAIT.
 *
 * Return: what @insert says; VM_FAULT_SIGBUS for a revoked buffer;
 * VM_FAULT_RETRY after a transition.
 */
vm_fault_t dvp_vma_serve(struct vm_fault *vmf,
			 vm_fault_t (*insert)(struct vm_fault *vmf))
{
	struct dvp_buffer *buf = vmf->vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	enum dvp_access access;

	down_read(&buf->fault_lock);
	access = dvp_access_fault(buf);
	if (access == DVP_ACCESS_YES)
		ret = insert(vmf);
	else if (access == DVP_ACCESS_LATER)
		ret = VM_FAULT_RETRY;
	dvp_vma_count_fault(buf, vmf, ret);
	up_read(&buf->fault_lock);

	return access == DVP_ACCESS_LATER ? dvp_vma_retry_later(vmf) : ret;
}

/**
 * dvp_vma_fault() - a page of a buffer is touched that has no entry
 * @vmf: the fault, on a small page or on a slot of a PMD
 *
 * Context: as dvp_vma_serve().
 *
 * Return: VM_FAULT_NOPAGE with entries in place; VM_FAULT_OOM; what
 * dvp_vma_serve() says else.
 */
vm_fault_t dvp_vma_fault(struct vm_fault *vmf)
{
	if (dvp_vma_prepare(vmf))
		return VM_FAULT_OOM;
	return dvp_vma_serve(vmf, dvp_vma_insert);
}

/**
 * dvp_vma_open() - &vm_operations_struct.open: there is one more VMA
 * @vma: a new mapping, or what a fork, a split or a move has made of one
 *
 * Context: mmap_lock held for write.
 */
void dvp_vma_open(struct vm_area_struct *vma)
{
	struct dvp_buffer *buf = vma->vm_private_data;

	atomic_inc(&buf->mappings);
	dvp_counters_begin(&buf->gate->counters, DVP_MAPPINGS_LIVE);
}

/**
 * dvp_vma_close() - &vm_operations_struct.close
 * @vma: a VMA that counts; its file is still there, and so is the buffer
 *
 * Context: mmap_lock held for write, or the last task of the mm at its exit.
 */
void dvp_vma_close(struct vm_area_struct *vma)
{
	struct dvp_buffer *buf = vma->vm_private_data;

	atomic_dec(&buf->mappings);
	dvp_counters_end(&buf->gate->counters, DVP_MAPPINGS_LIVE);
}

static const struct vm_operations_struct dvp_vma_small_ops = {
	.open = dvp_vma_open,
	.close = dvp_vma_close,
	.fault = dvp_vma_fault,
};

/**
 * dvp_vma_has_wc() - does write-combining differ from uncached here
 *
 * It does not on x86 with the PAT off, or on an architecture without it.
 *
 * Return: true if it does.
 */
bool dvp_vma_has_wc(void)
{
	return pgprot_val(pgprot_writecombine(PAGE_KERNEL)) !=
	       pgprot_val(pgprot_noncached(PAGE_KERNEL));
}

/**
 * dvp_vma_has_huge() - can a mapping that is made now have huge entries
 *
 * Return: true if it can.
 */
bool dvp_vma_has_huge(void)
{
	return dvp_vma_can_huge() && dvp_options_huge();
}

/**
 * dvp_vma_init() - make a VMA a mapping of a buffer
 * @vma: the VMA, checked to lie within the buffer, backed by its dma-buf's file
 * @buf: the buffer
 *
 * Flags and protection are what vfio_pci_core_mmap() in
 * drivers/vfio/pci/vfio_pci_core.c sets. VM_ALLOW_ANY_UNCACHED lets KVM guests
 * on arm64 choose a write-combining attribute.
 *
 * The mapping counts from here on: who makes it must not fail any more, as only
 * dvp_vma_close() ends that.
 *
 * Context: mmap_lock held for write.
 */
void dvp_vma_init(struct vm_area_struct *vma, struct dvp_buffer *buf)
{
	bool wc = READ_ONCE(buf->memattr) == DMABUF_VFIO_PCI_MEMATTR_WC;
	pgprot_t prot = vma->vm_page_prot;

	prot = wc ? pgprot_writecombine(prot) : pgprot_noncached(prot);
	vma->vm_page_prot = pgprot_decrypted(prot);
	vma->vm_ops = wc || !dvp_options_huge() ? &dvp_vma_small_ops :
						  &dvp_vma_nc_ops;
	vma->vm_private_data = buf;
	vm_flags_set(vma, VM_ALLOW_ANY_UNCACHED | VM_IO | VM_PFNMAP |
			  VM_DONTEXPAND | VM_DONTDUMP);

	dvp_vma_open(vma);
	trace_dvp_map(buf, vma->vm_start, vma->vm_end - vma->vm_start,
		      dvp_vma_offset(vma, vma->vm_start));
}

/**
 * dvp_vma_mmap() - &dma_buf_ops.mmap
 * @dmabuf: one of our dma-bufs
 * @vma: the VMA; the dma-buf core has checked it against the buffer's size
 *
 * VM_SHARED is clear on a descriptor without write mode, so the test is for
 * VM_MAYSHARE. The kernel sees to it that a mapping of a descriptor for reading
 * never becomes writable; a driver that maps the buffer through its own file, by
 * dma_buf_mmap(), is held to the same here. A temporarily revoked buffer can be
 * mapped: the fault sorts it out.
 *
 * Context: mmap_lock held for write.
 *
 * Return: 0; -EINVAL for a private mapping; -EACCES for one that is to write a
 * buffer for reading; -ENODEV for a buffer that is revoked for good.
 */
int dvp_vma_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct dvp_buffer *buf = dmabuf->priv;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (buf->read_only && vma->vm_flags & VM_WRITE)
		return -EACCES;
	if (READ_ONCE(buf->revoked))
		return -ENODEV;

	if (buf->read_only)
		vm_flags_clear(vma, VM_MAYWRITE);
	dvp_vma_init(vma, buf);
	return 0;
}

/**
 * dvp_vma_zap() - end every CPU mapping of a buffer
 * @buf: the buffer, revoked or with its gate blocked already
 *
 * A fault that saw the old state finishes before fault_lock is ours; what it
 * inserted goes with the rest. Length 0 means to the end of the file.
 *
 * Context: process context, may sleep; &dvp_gate.lock held.
 */
void dvp_vma_zap(struct dvp_buffer *buf)
{
	lockdep_assert_held(&buf->gate->lock);

	down_write(&buf->fault_lock);
	up_write(&buf->fault_lock);
	unmap_mapping_range(buf->mapping, 0, 0, 1);
}
