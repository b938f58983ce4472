/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings at addresses that a test chooses, and where a BAR physically is. */
#ifndef DVT_PLACE_H
#define DVT_PLACE_H

#include "dvt.h"

#define DVT_HUGE (2 * DVT_MIB)

uint64_t dvt_bar_addr(const char *bdf, unsigned int bar);
void *dvt_map_at(int fd, uint64_t off, size_t len, int prot, size_t align,
		 size_t shift);

#endif /* DVT_PLACE_H */
