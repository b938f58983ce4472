// SPDX-License-Identifier: GPL-2.0-only
/* VMA flags are changed through a function. */
#include <linux/mm.h>

void dvp_probe(struct vm_area_struct *vma);

void dvp_probe(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO);
}
