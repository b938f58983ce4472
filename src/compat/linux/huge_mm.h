/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_COMPAT_LINUX_HUGE_MM_H
#define DVP_COMPAT_LINUX_HUGE_MM_H

#include <linux/mm.h>
#include_next <linux/huge_mm.h>

#ifndef DVP_HAVE_INSERT_PFN_PLAIN
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

#endif /* DVP_COMPAT_LINUX_HUGE_MM_H */
