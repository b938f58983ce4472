/* SPDX-License-Identifier: GPL-2.0-only */
/* DMA that an IOMMU stops: the kernel's log tells, and the test must say so. */
#ifndef DVT_FAULT_H
#define DVT_FAULT_H

#include "dvt.h"

/*
 * What makes a run fail counts fault reports as mistakes of the kernel, but
 * for those of a device that a test expects, between these two.
 */
int dvt_fault_expect(const char *bdf);
void dvt_fault_wait(int log, const char *bdf);

#endif /* DVT_FAULT_H */
