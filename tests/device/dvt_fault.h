/* SPDX-License-Identifier: GPL-2.0-only */
/* DMA that an IOMMU stops: the kernel's log tells, and the test must say so. */
#ifndef DVT_FAULT_H
#define DVT_FAULT_H

#include "dvt.h"

/*
 * Who judges a run takes fault reports for mistakes of the kernel, but for those
 * of a device that a test expects, between the first and the last of these.
 */
int dvt_fault_expect(const char *bdf);
bool dvt_fault_reported(int log, const char *bdf);
void dvt_fault_over(int log);

#endif /* DVT_FAULT_H */
