// SPDX-License-Identifier: GPL-2.0-only
/* A fault may run under the lock of its VMA. */
#include <linux/mm.h>

void dvp_probe(struct vm_fault *vmf);

void dvp_probe(struct vm_fault *vmf)
{
	release_fault_lock(vmf);
}
