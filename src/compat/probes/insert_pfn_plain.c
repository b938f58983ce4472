// SPDX-License-Identifier: GPL-2.0-only
/* Huge entries are inserted by plain page frame number, not by pfn_t. */
#include <linux/mm.h>
#include <linux/huge_mm.h>

vm_fault_t (*dvp_probe)(struct vm_fault *vmf, unsigned long pfn, bool write) =
	vmf_insert_pfn_pmd;
