/* SPDX-License-Identifier: GPL-2.0-only */
/* The page grid, and the one macro that the kernel's header brings along. */
#ifndef DVP_SHIM_MM_H
#define DVP_SHIM_MM_H

#include <linux/types.h>

#define PAGE_SIZE 4096UL

#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)

#endif /* DVP_SHIM_MM_H */
