/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_COMPAT_LINUX_MM_H
#define DVP_COMPAT_LINUX_MM_H

#include_next <linux/mm.h>

#ifndef VM_ALLOW_ANY_UNCACHED
#define VM_ALLOW_ANY_UNCACHED	VM_NONE
#endif

#ifndef DVP_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma,
				  unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#ifndef DVP_HAVE_RELEASE_FAULT_LOCK
static inline void release_fault_lock(struct vm_fault *vmf)
{
	mmap_read_unlock(vmf->vma->vm_mm);
}
#endif

/* From pfn_t to plain page frame numbers, where there are huge PFN maps. */
#if !defined(DVP_HAVE_INSERT_PFN_PLAIN) && \
	defined(CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP)
#include <linux/huge_mm.h>
#include <linux/pfn_t.h>

static inline vm_fault_t dvp_compat_insert_pfn_pmd(struct vm_fault *vmf,
						   unsigned long pfn,
						   bool write)
{
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
}

static inline vm_fault_t dvp_compat_insert_pfn_pud(struct vm_fault *vmf,
						   unsigned long pfn,
						   bool write)
{
	return vmf_insert_pfn_pud(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
}

#define vmf_insert_pfn_pmd	dvp_compat_insert_pfn_pmd
#define vmf_insert_pfn_pud	dvp_compat_insert_pfn_pud
#endif

/* has_transparent_pud_hugepage() asks for the option only. */
static inline bool dvp_compat_cpu_has_pud_leaf(void)
{
#ifdef CONFIG_X86
	return boot_cpu_has(X86_FEATURE_GBPAGES);
#else
	return true;
#endif
}

#endif /* DVP_COMPAT_LINUX_MM_H */
