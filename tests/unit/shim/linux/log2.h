/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_SHIM_LOG2_H
#define DVP_SHIM_LOG2_H

#include <stdbool.h>

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

#endif /* DVP_SHIM_LOG2_H */
