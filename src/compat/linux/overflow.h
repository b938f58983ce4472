/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_COMPAT_LINUX_OVERFLOW_H
#define DVP_COMPAT_LINUX_OVERFLOW_H

#include_next <linux/overflow.h>

#ifndef wrapping_add
#define wrapping_add(type, a, b)				\
	({							\
		type wrapped_sum;				\
								\
		__builtin_add_overflow(a, b, &wrapped_sum);	\
		wrapped_sum;					\
	})
#endif

#endif /* DVP_COMPAT_LINUX_OVERFLOW_H */
