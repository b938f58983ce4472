/* SPDX-License-Identifier: GPL-2.0-only */
/* Like the kernel, leave the work to the compiler. */
#ifndef DVP_SHIM_OVERFLOW_H
#define DVP_SHIM_OVERFLOW_H

/* What wraps on purpose, which checkers of overflows are told so. */
#define wrapping_add(type, a, b)			\
	({						\
		type sum_;				\
							\
		__builtin_add_overflow(a, b, &sum_);	\
		sum_;					\
	})

#endif /* DVP_SHIM_OVERFLOW_H */
