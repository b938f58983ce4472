/* SPDX-License-Identifier: GPL-2.0-only */
/* Like the kernel, leave the work to the compiler. */
#ifndef DVP_SHIM_OVERFLOW_H
#define DVP_SHIM_OVERFLOW_H

#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)

#endif /* DVP_SHIM_OVERFLOW_H */
