/* SPDX-License-Identifier: GPL-2.0-only */
/* In the kernel this header also has the limits of C's own types. */
#ifndef DVP_SHIM_LIMITS_H
#define DVP_SHIM_LIMITS_H

#include_next <linux/limits.h>
#include <limits.h>

#endif /* DVP_SHIM_LIMITS_H */
