/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Defects of vfio-pci, or of drafts for it, provoked. The same test runs against
 * vfio-pci where the machine's devices are bound to that; there the defect must
 * show if the kernel has it, and against this driver it must not.
 */
#ifndef DVT_DEFECT_H
#define DVT_DEFECT_H

#include "dvt.h"

/* Who has the devices. */
bool dvt_in_tree(void);

/* Where only this driver can do what the test is about. */
#define dvt_ours_or_skip(what)						\
	do {								\
		if (dvt_in_tree())					\
			dvt_skip("vfio-pci has no %s", what);		\
	} while (0)

/**
 * dvt_judge_defect() - whether a defect shows just where it should
 * @shown: what was seen
 * @in_tree_has: whether vfio-pci of this kernel has it
 */
#define dvt_judge_defect(shown, in_tree_has)				\
	ck_assert_msg((shown) == (dvt_in_tree() && (in_tree_has)),	\
		      "the defect %s", (shown) ? "shows" : "does not show")

/* Whether the kernel has a function. */
bool dvt_kernel_has(const char *symbol);

/* Lockdep: is it there, has it nothing to complain about, what has it seen. */
bool dvt_has_lockdep(void);
bool dvt_lockdep_is_content(void);
bool dvt_lock_leads_to(const char *outer, const char *inner);

#endif /* DVT_DEFECT_H */
