// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of a buffer: which kind of mapping it gets.
 *
 * A borrower is not trusted. Its VMA is VM_MIXEDMAP with small entries only:
 * vfio_iommu_type1 follows the page tables of VM_PFNMAP VMAs, so a borrower with a
 * VFIO device of its own could map the memory for DMA, and keep that after a
 * revocation; and it reaches none of the kernel's code for huge PFN entries. A huge
 * entry needs VM_PFNMAP: in a VM_MIXEDMAP VMA the kernel takes one for a folio, see
 * madvise_cold_or_pageout_pte_range() in mm/madvise.c.
 *
 * Write-combining is real only in entries that we write ourselves: on x86 the
 * kernel's helpers take the cache mode from the reservation that vfio-pci-core's
 * ioremap has made, which is uncached. So such a mapping has small entries.
 */
#include "core/trace.h"
#include "cpu/cpu.h"

/* On x86 with the PAT off, or without it, write-combining is the same as uncached. */
bool dvp_mmap_has_wc(void)
{
	return pgprot_val(pgprot_writecombine(PAGE_KERNEL)) !=
	       pgprot_val(pgprot_noncached(PAGE_KERNEL));
}

static bool dvp_mmap_is_huge(const struct dvp_buffer *buf, bool wc)
{
	return buf->huge && !wc && dvp_huge_enabled();
}

/*
 * Make a VMA a mapping of a buffer. It lies within the buffer, and its file is the
 * dma-buf's, or about to be. VM_ALLOW_ANY_UNCACHED lets KVM guests on arm64 choose
 * write-combining, so it is not for buffers that have to be uncached. The caller
 * counts the VMA, and must not fail afterwards.
 */
void dvp_mmap_init(struct vm_area_struct *vma, struct dvp_buffer *buf)
{
	bool wc = READ_ONCE(buf->memattr) == DMABUF_VFIO_PCI_MEMATTR_WC;
	bool huge = dvp_mmap_is_huge(buf, wc);
	pgprot_t prot = vma->vm_page_prot;

	prot = wc ? pgprot_writecombine(prot) : pgprot_noncached(prot);
	vma->vm_page_prot = pgprot_decrypted(prot);
	vma->vm_ops = huge ? &dvp_huge_ops : &dvp_fault_small_ops;
	vma->vm_private_data = buf;
	vm_flags_set(vma, VM_IO | VM_DONTEXPAND | VM_DONTDUMP |
			  (huge || buf->bar_mmap ? VM_PFNMAP : VM_MIXEDMAP) |
			  (buf->uncached ? 0 : VM_ALLOW_ANY_UNCACHED) |
			  (huge ? VM_WIPEONFORK : 0));
	trace_dvp_map(buf, vma->vm_start, vma->vm_end - vma->vm_start,
		      dvp_vma_offset(vma, vma->vm_start));
}

/*
 * dma_buf_ops.mmap; the dma-buf core has checked the VMA against the buffer's size.
 * VM_SHARED is clear on a descriptor without write mode, so look at VM_MAYSHARE. The
 * kernel never lets such a mapping become writable; a driver that maps the buffer
 * through a file of its own, by dma_buf_mmap(), is held to the same. A blocked buffer
 * can be mapped: the fault sorts it out.
 */
int dvp_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
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
	dvp_mmap_init(vma, buf);
	dvp_vma_open(vma);
	return 0;
}
