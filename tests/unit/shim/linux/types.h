/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's short names for fixed-width types, for code built on a host. */
#ifndef DVP_SHIM_TYPES_H
#define DVP_SHIM_TYPES_H

#include_next <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u32 u32;
typedef __u64 u64;

#endif /* DVP_SHIM_TYPES_H */
