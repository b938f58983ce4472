/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DVP_SHIM_SIZES_H
#define DVP_SHIM_SIZES_H

#define SZ_4K	0x1000
#define SZ_64K	0x10000
#define SZ_1M	0x100000

#endif /* DVP_SHIM_SIZES_H */
